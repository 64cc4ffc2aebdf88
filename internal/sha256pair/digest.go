package sha256pair

import (
	"encoding/binary"
	"hash"
)

const (
	size      = 32
	blockSize = 64
)

type state [8]uint32

// initial is the first state (FIPS 180-4 §5.3.3).
var initial = state{
	0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
}

// digest is SHA-256 whose blocks are taken by its lane.
type digest struct {
	lane   *Lane
	state  state
	held   [blockSize]byte // the beginning of a block
	n      int             // bytes held
	length uint64          // bytes so far
}

// New returns a SHA-256 for what runs in this lane.
func (l *Lane) New() hash.Hash {
	d := &digest{lane: l}
	d.Reset()
	return d
}

func (d *digest) Size() int      { return size }
func (d *digest) BlockSize() int { return blockSize }

func (d *digest) Reset() { d.state, d.n, d.length = initial, 0, 0 }

// Write implements hash.Hash. It may pause the lane; p must not change meanwhile.
func (d *digest) Write(p []byte) (int, error) {
	all := len(p)
	d.length += uint64(all)
	if d.n > 0 {
		k := copy(d.held[d.n:], p)
		d.n += k
		p = p[k:]
		if d.n < blockSize {
			return all, nil
		}
		d.lane.blocks(&d.state, d.held[:])
		d.n = 0
	}
	whole := len(p) &^ (blockSize - 1)
	d.lane.blocks(&d.state, p[:whole])
	d.n = copy(d.held[:], p[whole:])
	return all, nil
}

// Sum implements hash.Hash.
func (d *digest) Sum(out []byte) []byte {
	var last [2 * blockSize]byte // FIPS 180-4 §5.1.1
	n := copy(last[:], d.held[:d.n])
	last[n] = 0x80
	end := blockSize
	if n+9 > blockSize {
		end = 2 * blockSize
	}
	binary.BigEndian.PutUint64(last[end-8:], d.length<<3)
	s := d.state
	alone(&s, last[:end])
	for _, w := range s {
		out = binary.BigEndian.AppendUint32(out, w)
	}
	return out
}
