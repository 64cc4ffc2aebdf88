package main

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestTurns: a peer sits out once its time is used up, and is left out where it
// fails; what fails among the rest ends the run.
func TestTurns(t *testing.T) {
	failing := func(*program) (cost, error) { return cost{}, errors.New("broken") }
	slow := turn{p: new(program), run: func(*program) (cost, error) { return cost{}, nil }, limit: time.Nanosecond}
	if slow.over() || slow.take() != nil || !slow.over() || len(slow.p.costs) != 1 {
		t.Errorf("a slow peer: %+v", slow)
	}
	broken := turn{p: &program{verdicts: "x"}, run: failing, limit: time.Hour}
	if broken.take() != nil || !broken.over() || broken.p.skipped != "broken" || broken.p.verdicts != "" {
		t.Errorf("a broken peer: %+v", broken.p)
	}
	own := turn{p: new(program), run: failing}
	if own.take() == nil {
		t.Error("a broken floor is passed over")
	}
}

// TestSpread: ratios are of costs in the same round.
func TestSpread(t *testing.T) {
	took := func(name string, messages int, seconds ...int) *program {
		p := &program{name: name, messages: messages}
		for _, s := range seconds {
			p.costs = append(p.costs, cost{cpu: time.Duration(s) * time.Second})
		}
		return p
	}
	audit, peer := took(nameAudit, 100, 1, 2, 4), took("peer", 10, 3, 5)
	v := pairs(peer, audit, (*program).perMessage)
	if !slices.Equal(v, []float64{30, 25}) {
		t.Errorf("ratios %v", v)
	}
	var b strings.Builder
	(&table{programs: []*program{audit, peer, {name: "absent", skipped: "not installed"}}}).printSpread(&b)
	_, lines, _ := strings.Cut(b.String(), "\n")
	if want := []string{"peer", "30.00", "25.00", "30.00", "2"}; !slices.Equal(strings.Fields(lines), want) {
		t.Errorf("%q, not %v", lines, want)
	}
}

// TestProcessors: both halves of the work are done, and what is told has the middle
// of the rounds.
func TestProcessors(t *testing.T) {
	var mu sync.Mutex
	done := map[int]int{}
	times(100, func(from, n int) {
		mu.Lock()
		defer mu.Unlock()
		done[from] += n
	})
	if done[0] != 150 || done[50] != 50 {
		t.Errorf("done: %v", done)
	}
	p := processors{hashes: []float64{2, 1.9, 1.8}, copies: []float64{1, 1.5, 1.7}, words: []float64{30, 165, 31}}
	var out strings.Builder
	p.print(&out, []float64{1.94, 1.75, 1.9}, []float64{1.96, 1.8, 1.95})
	want := `two workers: 1.90 times one in wall time; two processes with one worker each: 1.95 times
two processors of this machine, times one: SHA-256 from the cache 1.90 (1.80 to 2.00), copying from memory 1.50 (1.00 to 1.70)
a word goes from one to the other in 31 (30 to 165) ns; two workers, two processes by rounds: 1.94, 1.96 at 30 ns; 1.75, 1.80 at 165 ns; 1.90, 1.95 at 31 ns
`
	if out.String() != want {
		t.Errorf("%s", out.String())
	}
	for _, w := range words() {
		if w < 1 || w > 1e6 {
			t.Errorf("a word goes in %v ns", w)
		}
	}
}
