package modexp

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"testing"

	"filippo.io/bigmod"
)

func needKernel(t testing.TB) {
	t.Helper()
	if !available {
		t.Skip("this processor has no AVX-512 IFMA")
	}
}

// oddOf is a random odd number of exactly that many bits; some have long runs of
// ones or zeroes, where carries go far.
func oddOf(rnd *rand.Rand, n int) *big.Int {
	x := numberOf(rnd, n)
	return x.SetBit(x.SetBit(x, n-1, 1), 0, 1)
}

func numberOf(rnd *rand.Rand, n int) *big.Int {
	x := new(big.Int)
	for x.BitLen() < n+64 {
		w := rnd.Uint64()
		switch rnd.IntN(4) {
		case 0:
			w = 0
		case 1:
			w = ^uint64(0)
		}
		x.Or(x.Lsh(x, 64), new(big.Int).SetUint64(w))
		if w == 0 && x.Sign() == 0 {
			x.SetInt64(1)
		}
	}
	return x.And(x, new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(n)), big.NewInt(1)))
}

// The judge is math/big: every size of modulus, exponents of every shape, numbers
// with carries that go far and those at the edges.
func TestEqual(t *testing.T) {
	t.Parallel()
	needKernel(t)
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := 2; n <= MaxBits; n += 1 + n/60 {
		for range rounds {
			checkModulus(t, rnd, oddOf(rnd, n))
		}
	}
	for _, n := range []int{52, 53, 104, 1023, 1024, 1025, 1040, 1536, 2028, 2029, 2047, 2048, 2049, 3072, 4095, 4096} {
		top := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), uint(n)), big.NewInt(1))
		checkModulus(t, rnd, top)
		checkModulus(t, rnd, top.SetBit(new(big.Int).SetInt64(1), n-1, 1))
		for range 20 {
			checkModulus(t, rnd, oddOf(rnd, n))
		}
	}
}

func checkModulus(t *testing.T, rnd *rand.Rand, n *big.Int) {
	t.Helper()
	m := New(n)
	if m == nil {
		t.Fatalf("no modulus of %d bits", n.BitLen())
	}
	less := new(big.Int).Sub(n, big.NewInt(1))
	bases := []*big.Int{big.NewInt(0), big.NewInt(1), less,
		new(big.Int).Mod(numberOf(rnd, n.BitLen()), n), new(big.Int).Mod(numberOf(rnd, n.BitLen()), n)}
	for _, b := range bases {
		e := []uint{3, 5, 17, 257, 65537, 1<<31 - 1, uint(rnd.Uint32()) | 3}[rnd.IntN(7)]
		want := new(big.Int).Exp(b, new(big.Int).SetUint64(uint64(e)), n)
		if !m.Equal(m.bytes(b), e, m.bytes(want)) {
			t.Fatalf("%d bits: %x^%d mod %x is %x, says math/big", n.BitLen(), b, e, n, want)
		}
		other := want.Mod(want.Add(want, big.NewInt(1)), n)
		if m.Equal(m.bytes(b), e, m.bytes(other)) && n.BitLen() > 2 {
			t.Fatalf("%d bits: %x^%d mod %x is not %x", n.BitLen(), b, e, n, other)
		}
	}
}

func (m *Modulus) bytes(x *big.Int) []byte { return x.FillBytes(make([]byte, m.size)) }

// The kernels by themselves: with what they may be given at most, with limbs that
// are all ones, and with squares whose carries go through many limbs.
func TestKernels(t *testing.T) {
	t.Parallel()
	needKernel(t)
	rnd := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{3, 52, 53, 1023, 1024, 1025, 1536, 2028, 2029, 2047, 2048, 2049, 4095, 4096} {
		top := new(big.Int).Lsh(big.NewInt(1), uint(n-1))
		moduli := []*big.Int{
			new(big.Int).Sub(new(big.Int).Lsh(top, 1), big.NewInt(1)),
			new(big.Int).SetBit(top, 0, 1),
		}
		for range 10 {
			moduli = append(moduli, oddOf(rnd, n))
		}
		for _, modulus := range moduli {
			checkKernels(t, rnd, modulus)
		}
	}
}

func checkKernels(t *testing.T, rnd *rand.Rand, n *big.Int) {
	t.Helper()
	m := New(n)
	r := new(big.Int).Lsh(big.NewInt(1), uint(limbBits*m.count))
	inverse := new(big.Int).ModInverse(r, n)
	twice := new(big.Int).Lsh(n, 1)
	most := twice // of squares
	if spare := map[int]uint{20: 13, 40: 29}[m.count]; spare != 0 {
		most = new(big.Int).Add(twice, new(big.Int).Rsh(n, spare))
	}
	one := big.NewInt(1)
	values := []*big.Int{
		new(big.Int), one, new(big.Int).Sub(n, one), n, new(big.Int).Add(n, one), new(big.Int).Sub(twice, one),
		new(big.Int).Mod(r, n), new(big.Int).Sub(twice, new(big.Int).Mod(r, n)),
	}
	for i := 0; i <= n.BitLen(); i += 1 + rnd.IntN(2*limbBits) {
		x := new(big.Int).Lsh(one, uint(i))
		values = append(values, x, new(big.Int).Sub(x, one), new(big.Int).Mod(new(big.Int).Mul(x, r), n),
			new(big.Int).Sub(n, new(big.Int).Mod(x, n)), new(big.Int).Mod(numberOf(rnd, n.BitLen()+1), twice))
	}
	check := func(got *limbs, a, b, bound *big.Int) {
		t.Helper()
		for i, l := range got {
			if l > limbMask || l != 0 && i >= m.count {
				t.Fatalf("%d bits: %x·%x mod %x: limb %d is %x", n.BitLen(), a, b, n, i, l)
			}
		}
		x, want := got.number(), new(big.Int).Mul(a, b)
		want.Mod(want.Mul(want, inverse), n)
		if x.Cmp(bound) >= 0 || new(big.Int).Mod(x, n).Cmp(want) != 0 {
			t.Fatalf("%d bits: %x·%x mod %x: got %x, want %x", n.BitLen(), a, b, n, x, want)
		}
	}
	bound := twice
	if most != twice {
		bound = new(big.Int).Add(most, one)
		values = append(values, most)
	}
	for i, a := range values {
		b := values[rnd.IntN(len(values))]
		var x, y, out limbs
		x.setBytes(a.Bytes())
		y.setBytes(b.Bytes())
		if x.number().Cmp(a) != 0 {
			t.Fatalf("value %d: %x is read as %x", i, a, x.number())
		}
		m.times(&out, &x, &y)
		check(&out, a, b, twice)
		m.square(&x)
		check(&x, a, a, bound)
	}
}

// number is l in the hands of the judge.
func (l *limbs) number() *big.Int {
	x := new(big.Int)
	for i := range l {
		x.Add(x.Lsh(x, limbBits), new(big.Int).SetUint64(l[maxLimbs-1-i]))
	}
	return x
}

func TestSetBytes(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(5, 6))
	for n := 0; n <= MaxBits/8; n++ {
		for _, fill := range []byte{0, 0xff} {
			b := make([]byte, n)
			for i := range b {
				b[i] = byte(rnd.Uint32()) | fill
			}
			var l limbs
			l.setBytes(b)
			if want := new(big.Int).SetBytes(b); l.number().Cmp(want) != 0 {
				t.Fatalf("%d bytes: %x is read as %x", n, want, l.number())
			}
			for i, limb := range l {
				if limb > limbMask {
					t.Fatalf("%d bytes: limb %d is %x", n, i, limb)
				}
			}
		}
	}
}

func TestSubtract(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 2000 {
		a, b := numberOf(rnd, 1+rnd.IntN(2048)), numberOf(rnd, 1+rnd.IntN(2048))
		var x, y limbs
		x.setBytes(a.Bytes())
		y.setBytes(b.Bytes())
		if x.less(&y, 40) != (a.Cmp(b) < 0) || x.less(&x, 40) {
			t.Fatalf("%x less than %x: %v", a, b, x.less(&y, 40))
		}
		if a.Cmp(b) >= 0 {
			x.subtract(&y, 40)
			if got, want := x.number(), new(big.Int).Sub(a, b); got.Cmp(want) != 0 {
				t.Fatalf("%x less %x is %x, not %x", a, b, got, want)
			}
		}
	}
}

func TestNew(t *testing.T) {
	t.Parallel()
	needKernel(t)
	one := big.NewInt(1)
	for name, n := range map[string]*big.Int{
		"zero": big.NewInt(0), "one": one, "negative": big.NewInt(-7), "even": big.NewInt(12),
		"too long": new(big.Int).Add(new(big.Int).Lsh(one, MaxBits), one),
	} {
		if New(n) != nil {
			t.Errorf("%s: made ready", name)
		}
	}
	m := New(big.NewInt(15))
	for name, got := range map[string]bool{
		"even exponent":  m.Equal([]byte{2}, 4, []byte{1}),
		"exponent one":   m.Equal([]byte{2}, 1, []byte{2}),
		"longer base":    m.Equal([]byte{0, 2}, 3, []byte{8}),
		"out of range":   m.Equal([]byte{17}, 3, []byte{8}),
		"the modulus":    m.Equal([]byte{15}, 3, []byte{0}),
		"shorter result": m.Equal([]byte{0}, 3, nil),
	} {
		if got {
			t.Errorf("%s: equal", name)
		}
	}
}

// Whatever the numbers, an answer that differs from math/big's is a mistake.
func FuzzEqual(f *testing.F) {
	needKernel(f)
	f.Add([]byte{15}, []byte{2}, uint16(3))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, []byte{0xfe}, uint16(65535))
	f.Fuzz(func(t *testing.T, modulus, base []byte, exponent uint16) {
		n := new(big.Int).SetBytes(modulus)
		m := New(n)
		if m == nil {
			return
		}
		e := uint(exponent) | 3
		b := new(big.Int).SetBytes(base)
		b.Mod(b, n)
		want := new(big.Int).Exp(b, new(big.Int).SetUint64(uint64(e)), n)
		if !m.Equal(m.bytes(b), e, m.bytes(want)) {
			t.Fatalf("%x^%d mod %x is %x", b, e, n, want)
		}
	})
}

func BenchmarkEqual(b *testing.B) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1024, 2048, 4096} {
		modulus := oddOf(rnd, n)
		base := new(big.Int).Mod(numberOf(rnd, n), modulus)
		want := new(big.Int).Exp(base, big.NewInt(65537), modulus)
		size := n / 8
		raw, out := base.FillBytes(make([]byte, size)), want.FillBytes(make([]byte, size))
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			needKernel(b)
			m := New(modulus)
			b.ReportAllocs()
			for b.Loop() {
				if !m.Equal(raw, 65537, out) {
					b.Fatal("not equal")
				}
			}
		})
		b.Run(fmt.Sprintf("%d/bigmod", n), func(b *testing.B) {
			m, err := bigmod.NewModulus(modulus.Bytes())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				x, err := bigmod.NewNat().SetBytes(raw, m)
				if err != nil {
					b.Fatal(err)
				}
				bigmod.NewNat().ExpShortVarTime(x, 65537, m)
			}
		})
	}
}
