package dns

import (
	"context"
	"net"
	"sync"
	"time"
)

// paceStep is how often a pacer hands out what is due: short enough to spread
// queries, long enough to cost nothing.
const paceStep = 5 * time.Millisecond

// pacer lets a number of queries pass in a second. It takes the time from its
// ticker, so that no clock is read; a nil pacer lets everything pass.
type pacer struct {
	tokens chan struct{}
	closed <-chan struct{}
}

// newPacer starts a pacer that runs until closed is closed.
func newPacer(rate int, closed <-chan struct{}, running *sync.WaitGroup) *pacer {
	step := max(paceStep, time.Second/time.Duration(rate))
	burst := max(1, int(2*step.Seconds()*float64(rate)))
	p := &pacer{tokens: make(chan struct{}, burst), closed: closed}
	p.tokens <- struct{}{}
	running.Go(func() { p.run(rate, step) })
	return p
}

func (p *pacer) run(rate int, step time.Duration) {
	ticker := time.NewTicker(step)
	defer ticker.Stop()
	var last time.Time
	due := 0.0
	for {
		select {
		case <-p.closed:
			return
		case now := <-ticker.C:
			if !last.IsZero() {
				due += now.Sub(last).Seconds() * float64(rate)
			}
			last = now
			due = min(due, float64(cap(p.tokens)))
		}
		for ; due >= 1; due-- {
			select {
			case p.tokens <- struct{}{}:
				continue
			default:
			}
			due = 0
		}
	}
}

// wait waits for a turn.
func (p *pacer) wait(ctx context.Context) error {
	if p == nil {
		return nil
	}
	select {
	case <-p.tokens:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-p.closed:
		return net.ErrClosed
	}
}
