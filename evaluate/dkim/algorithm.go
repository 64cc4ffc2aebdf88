package dkim

import (
	"crypto/ed25519"
	"crypto/sha1"
	"crypto/sha256"
)

// hashSet is a set of hash algorithms, as h= of a key record lists them.
type hashSet uint8

const (
	hashSHA1 hashSet = 1 << iota
	hashSHA256
	hashAny hashSet = 0xff
)

// algorithm is a signing algorithm of RFC 6376 §3.3 or RFC 8463 §3.
type algorithm struct {
	keyType string // the k= that goes with it
	hash    hashSet
	size    int    // of the digest, bytes
	prefix  string // of the DigestInfo; RSA only
}

// algorithmOf returns what a= names, false where it is unknown. The evidence has
// it in lower case.
func algorithmOf(name string) (algorithm, bool) {
	switch name {
	case "rsa-sha256":
		return algorithm{"rsa", hashSHA256, sha256.Size, prefixSHA256}, true
	case "ed25519-sha256":
		return algorithm{"ed25519", hashSHA256, sha256.Size, ""}, true
	case "rsa-sha1":
		return algorithm{"rsa", hashSHA1, sha1.Size, prefixSHA1}, true
	}
	return algorithm{}, false
}

// verify meets a key with a digest. For Ed25519 the message of PureEdDSA is the
// SHA-256 digest (RFC 8463 §3).
func (k *keyRecord) verify(a algorithm, digest, signature []byte) bool {
	if a.keyType == "ed25519" {
		return len(signature) == ed25519.SignatureSize && ed25519.Verify(k.ed25519, digest, signature)
	}
	return k.rsa.verify(a.prefix, digest, signature)
}
