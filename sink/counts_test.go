package sink

import (
	"maps"
	"testing"
)

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
