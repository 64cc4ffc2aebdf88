package sink

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTally counts codes, whatever the size of the dictionary, and finds those
// without a place.
func TestTally(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 4))
	for range 3000 {
		size, off := 1+r.IntN(70), int32(r.IntN(2))
		if r.IntN(2) == 0 {
			size = 1 + r.IntN(6)
		}
		codes, want := make([]int32, r.IntN(50)), make([]int64, size)
		for i := range codes {
			at := r.IntN(size)
			codes[i] = int32(at) - off
			want[at]++
		}
		got := make([]int64, size)
		if !tally(got, codes, off) || !slices.Equal(got, want) {
			t.Fatalf("%v from %d in a dictionary of %d: %v, want %v", codes, off, size, got, want)
		}
		if len(codes) == 0 {
			continue
		}
		codes[r.IntN(len(codes))] = []int32{int32(size) - off, -1 - off, 255, -1 << 31}[r.IntN(4)]
		if tally(got, codes, off) {
			t.Fatalf("%v from %d: all in a dictionary of %d", codes, off, size)
		}
	}
}

// TestCountsAreThoseOfVectors: what is counted without a vector is what the
// vectors hold, whatever is asked first.
func TestCountsAreThoseOfVectors(t *testing.T) {
	t.Parallel()
	d := scanDataset(t, 2000, 1500)
	table := messagesTable()
	for part := range d.Parts() {
		a, err := d.Scan(part)
		if err != nil {
			t.Fatal(err)
		}
		b, err := d.Scan(part)
		if err != nil {
			t.Fatal(err)
		}
		for a.Next() && b.Next() {
			for _, in := range table.infos() {
				for i := range in.leaves {
					compareCounts(t, a, b, &in, i)
				}
			}
		}
		if a.Err() != nil || b.Err() != nil {
			t.Fatal(a.Err(), b.Err())
		}
		_, _ = a.Close(), b.Close()
	}
}

func compareCounts(t *testing.T, a, b *Scan, in *columnInfo, leaf int) {
	t.Helper()
	name, kind := in.dotted(leaf), in.leaves[leaf].kind
	v := b.Column(name)
	switch {
	case kind == raw:
	case kind.number():
		trues, nulls, least, greatest := int64(0), int64(0), int64(NoNumber), int64(NoNumber)
		for _, n := range v.Numbers {
			switch n {
			case NoNumber:
				nulls++
				continue
			case 1:
				trues++
			}
			if greatest = max(greatest, n); least == NoNumber || n < least {
				least = n
			}
		}
		if lo, hi := a.Range(name); lo != least || hi != greatest {
			t.Errorf("%s: %d to %d, want %d to %d", name, lo, hi, least, greatest)
		}
		if kind == boolean && a.Trues(name) != trues || !in.list && a.Nulls(name) != nulls {
			t.Errorf("%s: %d true, %d null, want %d and %d", name, a.Trues(name), a.Nulls(name), trues, nulls)
		}
	default:
		want, got := map[string]int64{}, map[string]int64{}
		nulls := int64(0)
		for i, code := range v.Codes {
			switch {
			case code >= 0:
				want[v.Text(i)]++
			case !in.list:
				nulls++
			}
		}
		c := a.Counts(name)
		for i, n := range c.Of {
			if n > 0 {
				got[c.Dict[i]] += n
			}
		}
		if !maps.Equal(got, want) || c.Null != nulls || !in.list && a.Nulls(name) != nulls {
			t.Errorf("%s: %v and %d null, want %v and %d", name, got, c.Null, want, nulls)
		}
	}
}
