package evidence

import "crypto/sha256"

// BodyHasher computes body hashes on their own, for whoever needs nothing else
// of a message. It keeps its scratch memory: use one for each goroutine.
type BodyHasher struct {
	canon bodyCanon
	hash  bodyHash
}

// NewBodyHasher returns a BodyHasher.
func NewBodyHasher() *BodyHasher {
	return &BodyHasher{hash: bodyHash{h: sha256.New(), limit: -1}}
}

// Sum appends to dst the SHA-256 of the whole body in the canonical form c (RFC
// 6376 §3.4.3, §3.4.4). The body may have LF or CRLF line ends.
func (b *BodyHasher) Sum(dst, body []byte, c Canon) []byte {
	b.hash.h.Reset()
	b.hash.fed = 0
	b.canon.reset(c == Relaxed)
	b.canon.hashes = append(b.canon.hashes, &b.hash)
	b.canon.Write(body)
	b.canon.finish()
	return append(dst, b.hash.sum...)
}
