package parquetfile

import "io"

// blocks is bytes in pieces that stay where they are while more come, and whose
// memory is used again.
type blocks struct {
	pieces [][]byte
	at     int // the piece that is written to
	size   int // bytes of all
}

// Sizes of pieces, bytes: a half of what is there, within these.
const (
	leastPiece = 1 << 10
	mostPiece  = 1 << 20
)

// add appends b, whole or in two pieces.
func (k *blocks) add(b []byte) {
	for len(b) > 0 {
		if k.at == len(k.pieces) {
			k.pieces = append(k.pieces, make([]byte, 0, max(leastPiece, min(k.size/2, mostPiece), len(b))))
		}
		p := k.pieces[k.at]
		n := min(cap(p)-len(p), len(b))
		k.pieces[k.at] = append(p, b[:n]...)
		k.size += n
		if b = b[n:]; len(b) > 0 {
			k.at++
		}
	}
}

func (k *blocks) writeTo(w io.Writer) error {
	for _, p := range k.pieces[:min(k.at+1, len(k.pieces))] {
		if _, err := w.Write(p); err != nil {
			return err
		}
	}
	return nil
}

func (k *blocks) reset() {
	for i := range k.pieces {
		k.pieces[i] = k.pieces[i][:0]
	}
	k.at, k.size = 0, 0
}
