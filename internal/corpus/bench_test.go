package corpus

import (
	"math"
	"testing"
)

// benchMean is the mean of the distribution with its cap, in bytes.
const benchMean = 45307

// TestBenchSizes: archives of all lengths, and stretches from anywhere in them,
// have the mean of the distribution.
func TestBenchSizes(t *testing.T) {
	t.Parallel()
	const most = 200000
	sums := make([]int, most+1)
	for n := range most {
		sums[n+1] = sums[n] + benchSize(n)
	}
	off := func(from, n int) float64 { return float64(sums[from+n]-sums[from])/float64(n)/benchMean - 1 }
	for _, n := range []int{10000, 20000, 100000} {
		if d := off(0, n); math.Abs(d) > 0.0025 {
			t.Errorf("%d messages: %+.4f off the mean", n, d)
		}
	}
	for stretch, bound := range map[int]float64{10000: 0.0075, 5000: 0.04, 2000: 0.105} {
		for from := range most - stretch + 1 {
			if d := off(from, stretch); math.Abs(d) > bound {
				t.Fatalf("%d messages from %d: %+.4f off the mean", stretch, from, d)
			}
		}
	}
}

// TestBenchSizesApart: a message's size tells nothing of the next one's, nor of
// its author. As many bytes lie beside bytes of a neighbour as in random order:
// 19 percent.
func TestBenchSizesApart(t *testing.T) {
	t.Parallel()
	const most = 20000
	b := newBench(DefaultBench)
	var size, next, busy []float64
	beside, all := 0, 0
	for n := range most {
		s, after := benchSize(n), benchSize(n+1)
		beside, all = beside+min(s, after), all+s
		g := b.gen(n)
		busiest := 0.0
		if b.authors.draw(g) == b.authors.orgs[0] {
			busiest = 1
		}
		size, next, busy = append(size, math.Log(float64(s))), append(next, math.Log(float64(after))), append(busy, busiest)
	}
	if share := float64(beside) / float64(all); share < 0.18 || share > 0.20 {
		t.Errorf("%.3f of the bytes beside a neighbour's", share)
	}
	for name, other := range map[string][]float64{"next size": next, "busiest author": busy} {
		if c := correlation(size, other); math.Abs(c) > 0.03 {
			t.Errorf("correlation with the %s %.3f", name, c)
		}
	}
}

func correlation(a, b []float64) float64 {
	n := float64(len(a))
	var sa, sb, saa, sbb, sab float64
	for i := range a {
		sa, sb = sa+a[i], sb+b[i]
		saa, sbb, sab = saa+a[i]*a[i], sbb+b[i]*b[i], sab+a[i]*b[i]
	}
	return (sab - sa*sb/n) / math.Sqrt((saa-sa*sa/n)*(sbb-sb*sb/n))
}
