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
}

func newAhead[In any](o *CrewOptions[In]) *ahead[In] {
	a := &ahead[In]{
		items: make(chan arrival[In], o.Window), cost: o.Cost, most: max(o.Enough, 1) * int64(o.Workers+1),
	}
	a.reader.wake = make(chan struct{}, 1)
	return a
}

// count adds what an item costs to what is unread, or takes it off.
func (a *ahead[In]) count(v arrival[In], sign int64) {
	if v.err == nil {
		a.unread.Add(sign * a.cost(v.item))
	}
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
		v := arrival[In]{item, err}
		a.count(v, 1)
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
		if ok {
			a.count(v, -1)
			a.reader.rouse()
		}
		return v.item, v.err, ok
	default:
		return item, ErrTurn, true
	}
}

// any tells whether next has something to tell.
func (a *ahead[In]) any() bool { return len(a.items) > 0 || a.ended.Load() }
