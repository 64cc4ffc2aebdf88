package conformance

import (
	"slices"
	"sync"
	"testing"
)

// reason is an entry of a table of accepted differences.
type reason[C any] struct {
	what, clause string
	// applies tells whether it can be the cause in a case.
	applies func(*C) bool
}

// tally counts the cases of a comparison. The first reason that applies takes
// the case; a difference without one fails the test, and so does a reason that
// no case needed.
type tally[C any] struct {
	t       *testing.T
	score   Score
	reasons []reason[C]

	mu     sync.Mutex
	counts []int
	failed int
	// shared tells that the reasons serve several comparisons: whether one is
	// stale is not for this one to say.
	shared bool
}

// maxFailures is how many unexplained cases are shown.
const maxFailures = 40

func newTally[C any](t *testing.T, s Score, reasons []reason[C]) *tally[C] {
	return &tally[C]{t: t, score: s, reasons: reasons, counts: make([]int, len(reasons))}
}

// see counts one case; describe is called only where it fails.
func (y *tally[C]) see(c *C, agree bool, describe func() string) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.score.Cases++
	if agree {
		y.score.Agree++
		return
	}
	i := slices.IndexFunc(y.reasons, func(r reason[C]) bool { return r.applies(c) })
	if i < 0 {
		y.score.Skipped++ // so that the sum holds; the test fails anyway
		if y.failed++; y.failed <= maxFailures {
			y.t.Errorf("unexplained: %s", describe())
		}
		return
	}
	y.counts[i]++
}

// skip counts a case that cannot be compared.
func (y *tally[C]) skip() {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.score.Cases++
	y.score.Skipped++
}

// done publishes the score.
func (y *tally[C]) done() {
	y.t.Helper()
	for i, r := range y.reasons {
		if y.counts[i] == 0 {
			if !y.shared {
				y.t.Errorf("stale: %s: %s", y.score.Name, r.what)
			}
			continue
		}
		y.score.Differ = append(y.score.Differ, Difference{What: r.what, Clause: r.clause, Cases: y.counts[i]})
	}
	publish(y.t, y.score)
}

// stale fails the test where a reason shared by several comparisons was needed
// by none of them.
func stale[C any](t *testing.T, tallies []*tally[C]) {
	t.Helper()
	for i, r := range tallies[0].reasons {
		if !slices.ContainsFunc(tallies, func(y *tally[C]) bool { return y.counts[i] > 0 }) {
			t.Errorf("stale: %s", r.what)
		}
	}
}
