package pipeline

import (
	"context"
	"iter"
	"runtime"
)

// Lane makes what works on one item after the other. That may call pause, which
// comes back once the other lanes of the crew have paused too, or have nothing to
// do, and Meet was called.
type Lane[In, Out any] func(pause func()) func(context.Context, In) (Out, error)

// Crew is a worker with several items under way on one goroutine's time: while
// one lane runs the others stand still, so they may share memory.
type Crew[In, Out any] struct {
	Lanes []Lane[In, Out]
	// Meet does what the paused lanes wait for, of one of them at least.
	Meet func()
}

// MapCrews is Map with crews for workers: each lane takes the next item when it
// has finished one, so that a long item has many short ones beside it.
func MapCrews[In, Out any](ctx context.Context, in iter.Seq2[In, error], o Options[In],
	newCrew func() Crew[In, Out]) iter.Seq2[Out, error] {
	return mapped(ctx, in, o, func(ctx context.Context, m *mapping[In, Out]) { m.crew(ctx, newCrew()) })
}

// crew works on items until there are no more.
func (m *mapping[In, Out]) crew(ctx context.Context, c Crew[In, Out]) {
	lanes := make([]lane[In, Out], len(c.Lanes))
	for i := range lanes {
		defer lanes[i].start(ctx, m, c.Lanes[i])()
	}
	for more := true; ; {
		busy := 0
		for i := range lanes {
			more = lanes[i].advance(m, more) && more
			if lanes[i].slot != nil {
				busy++
			}
		}
		switch {
		case busy == 0 && !more:
			return
		case busy == 0: // there is time to wait
			lanes[0].slot, more = <-m.todo
		case busy < len(lanes) && more && m.arrives():
		default:
			c.Meet()
		}
	}
}

// arrives lets the feeder run, and tells whether it brought an item.
func (m *mapping[In, Out]) arrives() bool {
	runtime.Gosched()
	return len(m.todo) > 0
}

// lane is a Lane at work.
type lane[In, Out any] struct {
	slot   *slot[In, Out] // the item under way
	resume func() (struct{}, bool)
}

// start makes the lane's coroutine, and returns what ends it.
func (l *lane[In, Out]) start(ctx context.Context, m *mapping[In, Out], f Lane[In, Out]) (stop func()) {
	l.resume, stop = iter.Pull(func(yield func(struct{}) bool) {
		work := f(func() { yield(struct{}{}) })
		for {
			m.do(ctx, l.slot, work)
			l.slot = nil
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return stop
}

// advance runs the lane until it pauses, or there is no item at hand for it; it
// tells whether there may be more.
func (l *lane[In, Out]) advance(m *mapping[In, Out], more bool) bool {
	for {
		if l.slot == nil {
			if !more {
				return false
			}
			select {
			case l.slot, more = <-m.todo:
				if !more {
					return false
				}
			default:
				return true
			}
		}
		l.resume()
		if l.slot != nil {
			return true
		}
	}
}
