// Package modexp raises numbers to the public exponents of RSA, with the vector
// multipliers that x86-64 processors have since 2019 (AVX-512 IFMA): with 2048
// bits in about a quarter of the time that filippo.io/bigmod takes. It is for
// public values only: time depends on the exponent, and on carries.
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
	down  limbs // 2^-52 mod n
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
	m.n.setBytes(n.Bytes())
	rr := new(big.Int).Lsh(big.NewInt(1), uint(2*limbBits*m.count))
	m.rr.setBytes(rr.Mod(rr, n).Bytes())
	m.k0 = -inverse(m.n[0]) & limbMask
	down := new(big.Int).SetUint64(m.k0) // k0·n is one less than a multiple of 2^52
	down.Add(down.Mul(down, n), big.NewInt(1))
	m.down.setBytes(down.Rsh(down, limbBits).Bytes())
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
	b.setBytes(base)
	if !b.less(&m.n, m.count) {
		return false
	}
	m.times(&x, &b, &m.rr) // to Montgomery form
	y := x
	// From the second highest bit to the lowest but one; multiplying by what is
	// not in Montgomery form then leaves it again.
	for i := bits.Len(e) - 2; i > 0; i-- {
		m.square(&y)
		if e>>i&1 == 1 {
			m.times(&y, &y, &x)
		}
	}
	m.square(&y)
	m.times(&y, &y, &b)
	w.setBytes(want)
	if !y.less(&m.n, m.count) {
		y.subtract(&m.n, m.count)
	}
	return y == w
}

// times is out = a·b/R mod n, less than 2n.
func (m *Modulus) times(out, a, b *limbs) {
	switch m.count {
	case 20:
		amm20(out, a, b, &m.n, m.k0)
	case 40:
		amm40(out, a, b, &m.n, m.k0)
	default:
		amm80(out, a, b, &m.n, m.k0)
	}
}

// square is y = y²/R mod n, hardly over 2n: little enough for what follows.
func (m *Modulus) square(y *limbs) {
	switch m.count {
	case 20:
		sqr20(y, y, &m.n, &m.down, m.k0)
	case 40:
		sqr40(y, y, &m.n, &m.down, m.k0)
	default:
		m.times(y, y, y)
	}
}

// less tells whether l is less than n.
func (l *limbs) less(n *limbs, count int) bool {
	for i := count - 1; i >= 0; i-- {
		if l[i] != n[i] {
			return l[i] < n[i]
		}
	}
	return false
}

// subtract takes n, which is not greater, from l.
func (l *limbs) subtract(n *limbs, count int) {
	borrow := uint64(0)
	for i := range l[:count] {
		t := l[i] - n[i] - borrow
		l[i], borrow = t&limbMask, t>>63
	}
}

// setBytes reads a big-endian number of up to MaxBits into what is zero: two limbs at a
// time, which are 13 bytes, the last of them from what is left.
func (l *limbs) setBytes(b []byte) {
	i := 0
	for ; len(b) >= 14; i += 2 {
		l.setTwo(i, b[len(b)-14:])
		b = b[:len(b)-13]
	}
	var top [14]byte
	copy(top[len(top)-len(b):], b)
	l.setTwo(i, top[:])
}

// setTwo reads limbs i and i+1 from the last 13 of 14 bytes.
func (l *limbs) setTwo(i int, b []byte) {
	l[i] = binary.BigEndian.Uint64(b[6:]) & limbMask
	l[i+1] = binary.BigEndian.Uint64(b) >> 4 & limbMask
}
