package sha256pair

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"iter"
	"math/rand/v2"
	"testing"
)

func need(t testing.TB) {
	if !Available() {
		t.Skip("the processor has no SHA instructions")
	}
}

// together runs what each of the two lanes is to do, as a crew would.
func together(a, b func(*Lane)) {
	p := New()
	var resume [2]func() (struct{}, bool)
	for i, f := range []func(*Lane){a, b} {
		next, stop := iter.Pull(func(yield func(struct{}) bool) {
			l := p.Lane(i)
			l.Pauses(func() { yield(struct{}{}) })
			f(l)
		})
		defer stop()
		resume[i] = next
	}
	for busy := [2]bool{true, true}; busy[0] || busy[1]; p.Meet() {
		for i := range resume {
			if busy[i] {
				_, busy[i] = resume[i]()
			}
		}
	}
}

// hashed writes data to h in pieces that rnd chooses.
func hashed(h hash.Hash, data []byte, rnd *rand.Rand) []byte {
	for len(data) > 0 {
		n := min(len(data), rnd.IntN(2*len(data)+1))
		_, _ = h.Write(data[:n])
		data = data[n:]
	}
	return h.Sum(nil)
}

func sample(n int, rnd *rand.Rand) []byte {
	out := make([]byte, n)
	_, _ = io.ReadFull(rand.NewChaCha8([32]byte{byte(rnd.Uint32())}), out)
	return out
}

func TestAgainstTheLibrary(t *testing.T) {
	t.Parallel()
	need(t)
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var problems [2]string
		lane := func(i int) func(*Lane) {
			return func(l *Lane) {
				h := l.New()
				for range rnd.IntN(6) {
					data := sample(rnd.IntN(1<<rnd.IntN(16)), rnd)
					h.Reset()
					if got, want := hashed(h, data, rnd), sha256.Sum256(data); !bytes.Equal(got, want[:]) {
						problems[i] = fmt.Sprintf("%d bytes: got %x, want %x", len(data), got, want)
					}
				}
			}
		}
		together(lane(0), lane(1))
		for _, p := range problems {
			if p != "" {
				t.Errorf("seed %d: %s", seed, p)
			}
		}
	}
}

// Sum must not end the stream, nor a lane without pauses wait for anybody.
func TestEveryLength(t *testing.T) {
	t.Parallel()
	need(t)
	h := New().Lane(0).New()
	data := sample(1200, rand.New(rand.NewPCG(1, 2)))
	for n := range data {
		if want := sha256.Sum256(data[:n]); !bytes.Equal(h.Sum(nil), want[:]) {
			t.Fatalf("%d bytes: got %x, want %x", n, h.Sum(nil), want)
		}
		_, _ = h.Write(data[n : n+1])
	}
	if h.Size() != sha256.Size || h.BlockSize() != sha256.BlockSize {
		t.Error("sizes")
	}
}

func FuzzPair(f *testing.F) {
	need(f)
	f.Add([]byte("abc"), []byte(""), uint64(1)) // FIPS 180-4's example, and nothing
	f.Add(bytes.Repeat([]byte("x"), 4096), bytes.Repeat([]byte("y"), 513), uint64(2))
	f.Fuzz(func(t *testing.T, a, b []byte, seed uint64) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		var sums [2][]byte
		together(func(l *Lane) { sums[0] = hashed(l.New(), a, rnd) }, func(l *Lane) { sums[1] = hashed(l.New(), b, rnd) })
		for i, data := range [][]byte{a, b} {
			if want := sha256.Sum256(data); !bytes.Equal(sums[i], want[:]) {
				t.Errorf("stream %d: got %x, want %x", i, sums[i], want)
			}
		}
	})
}

func BenchmarkLibrary(b *testing.B) {
	p := make([]byte, 8<<10)
	h := sha256.New()
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		_, _ = h.Write(p)
	}
}

func BenchmarkPair(b *testing.B) {
	need(b)
	p := make([]byte, 8<<10)
	q := make([]byte, 8<<10)
	s, t := initial, initial
	b.SetBytes(int64(len(p) + len(q)))
	for b.Loop() {
		blocksSHA(&s, &t, &p[0], &q[0], len(p)/blockSize)
	}
}
