package pipeline

import (
	"context"
	"iter"
	"sync/atomic"
)

// ahead is an input that a goroutine of its own runs, and what it has read ahead.
type ahead[In any] struct {
	items  chan arrival[In]
	cost   func(In) int64
	most   int64 // cost up to which it reads ahead
	unread atomic.Int64
	ended  atomic.Bool
	reader sleeper
}

type arrival[In any] struct {
	item In
	err  error
	cost int64
}

func newAhead[In any](o CrewOptions[In]) *ahead[In] {
	workers := max(o.Workers, 1)
	a := &ahead[In]{
		items: make(chan arrival[In], max(o.Window, workers)), cost: o.Cost,
		most: max(1, o.Enough) * int64(workers+1),
	}
	a.reader.wake = make(chan struct{}, 1)
	return a
}

// feed runs the input; arrived is called when there is something new.
func (a *ahead[In]) feed(ctx context.Context, in iter.Seq2[In, error], arrived func()) {
	defer func() {
		a.ended.Store(true)
		close(a.items)
		arrived()
	}()
	for item, err := range in {
		if err == ErrTurn {
			continue
		}
		v := arrival[In]{item: item, err: err}
		if err == nil && a.cost != nil {
			v.cost = a.cost(item)
		}
		a.unread.Add(v.cost)
		select {
		case a.items <- v:
		case <-ctx.Done():
			return
		}
		arrived()
		for a.unread.Load() >= a.most && ctx.Err() == nil {
			a.reader.sleep(ctx, func() bool { return a.unread.Load() < a.most })
		}
	}
}

// next is the next item of the input; ErrTurn tells that there is none yet.
func (a *ahead[In]) next() (item In, err error, ok bool) {
	select {
	case v, ok := <-a.items:
		a.unread.Add(-v.cost)
		a.reader.rouse()
		return v.item, v.err, ok
	default:
		return item, ErrTurn, true
	}
}

// any tells whether next has something to tell.
func (a *ahead[In]) any() bool { return len(a.items) > 0 || a.ended.Load() }
