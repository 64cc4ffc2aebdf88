// Package modexp raises numbers to the public exponents of RSA, with the vector
// multipliers that x86-64 processors have since 2019 (AVX-512 IFMA): in about a
// third of the time that filippo.io/bigmod takes. It is for public values only:
// time depends on the exponent.
//
// It serves as a shortcut that cannot err towards yes. Whoever compares the
// result with a whole encoded message takes equality for an answer: a mistake in
// arithmetic does not arrive at the one number of 2^1024 that was expected. What
// does not compare equal is computed again by the ordinary way.
package modexp

import (
	"encoding/binary"
	"math/big"
	"math/bits"
)

const (
	limbBits = 52
	limbMask = 1<<limbBits - 1
	maxLimbs = 80
	// MaxBits is the largest modulus, in bits. R is 2^4160 then, and R ≥ 4n is what
	// keeps results under 2n without a last subtraction.
	MaxBits = 4096
)

// limbs is a number in radix 2^52, lowest limb first.
type limbs [maxLimbs]uint64

// Modulus is an odd modulus made ready for many exponentiations. It is
// read-only, so goroutines share it.
type Modulus struct {
	n, rr limbs // n, and R² mod n
	k0    uint64
	count int // limbs in use: 20, 40 or 80
	size  int // bytes
}

// New returns nil where the processor lacks the instructions, and for a modulus
// that is even, under 3, or longer than MaxBits.
func New(n *big.Int) *Modulus {
	if !available || n.Sign() <= 0 || n.Bit(0) == 0 || n.BitLen() < 2 || n.BitLen() > MaxBits {
		return nil
	}
	m := &Modulus{count: maxLimbs, size: (n.BitLen() + 7) / 8}
	for m.count > 20 && n.BitLen() <= MaxBits*m.count/2/maxLimbs {
		m.count /= 2
	}
	m.n.setBytes(n.Bytes(), m.count)
	rr := new(big.Int).Lsh(big.NewInt(1), uint(2*limbBits*m.count))
	m.rr.setBytes(rr.Mod(rr, n).Bytes(), m.count)
	m.k0 = -inverse(m.n[0]) & limbMask
	return m
}

// inverse is that of an odd number modulo 2^64: each step of Newton's doubles
// the bits that are right, and the number itself has three.
func inverse(n uint64) uint64 {
	x := n
	for range 5 {
		x *= 2 - n*x
	}
	return x
}

// Equal tells whether base^e mod n is want, all big-endian, base and want of the
// modulus's length in bytes. A base that is not less than the modulus equals
// nothing, nor does anything where e is even or under 3.
func (m *Modulus) Equal(base []byte, e uint, want []byte) bool {
	if e&1 == 0 || e < 3 || len(base) != m.size || len(want) != m.size {
		return false
	}
	var b, x, w limbs
	b.setBytes(base, m.count)
	if _, less := b.reduced(&m.n); !less {
		return false
	}
	m.times(&x, &b, &m.rr) // to Montgomery form
	y := x
	// From the second highest bit to the lowest but one; multiplying by what is
	// not in Montgomery form then leaves it again.
	for i := bits.Len(e) - 2; i > 0; i-- {
		m.times(&y, &y, &y)
		if e>>i&1 == 1 {
			m.times(&y, &y, &x)
		}
	}
	m.times(&y, &y, &y)
	m.times(&y, &y, &b)
	w.setBytes(want, m.count)
	y, _ = y.reduced(&m.n)
	return y == w
}

// times is out = a·b/R mod n, less than 2n, in whole limbs.
func (m *Modulus) times(out, a, b *limbs) {
	switch m.count {
	case 20:
		amm20(out, a, b, &m.n, m.k0)
	case 40:
		amm40(out, a, b, &m.n, m.k0)
	default:
		amm80(out, a, b, &m.n, m.k0)
	}
	out.normalize(m.count)
}

// normalize makes limbs of 52 bits of what the kernels leave.
func (l *limbs) normalize(count int) {
	carry := uint64(0)
	for i := range l[:count] {
		t := l[i] + carry
		l[i], carry = t&limbMask, t>>limbBits
	}
}

// reduced is l less n once where that is not negative, and tells whether l was
// less than n.
func (l *limbs) reduced(n *limbs) (out limbs, less bool) {
	borrow := uint64(0)
	for i := range l {
		t := l[i] - n[i] - borrow
		out[i], borrow = t&limbMask, t>>63
	}
	if borrow != 0 {
		return *l, true
	}
	return out, false
}

// setBytes reads a big-endian number that fits count limbs.
func (l *limbs) setBytes(b []byte, count int) {
	var words [maxLimbs*limbBits/64 + 2]uint64 // lowest first; the last stays zero
	i := 0
	for ; len(b) >= 8; i++ {
		words[i] = binary.BigEndian.Uint64(b[len(b)-8:])
		b = b[:len(b)-8]
	}
	for _, c := range b {
		words[i] = words[i]<<8 | uint64(c)
	}
	for i := range l[:count] {
		k, shift := i*limbBits/64, i*limbBits%64
		l[i] = (words[k]>>shift | words[k+1]<<(64-shift)) & limbMask
	}
}
