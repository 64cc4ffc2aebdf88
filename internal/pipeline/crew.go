package pipeline

import (
	"context"
	"errors"
	"iter"
	"sync"
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

// ErrTurn is what the input of crews yields, beside no item, where another crew
// may well run it: a crew that has enough to do leaves off there.
var ErrTurn = errors.New("another may go on here")

// CrewOptions bound a MapCrews.
type CrewOptions[In any] struct {
	Options
	// Cost is what an item counts for, in any unit (bytes), while it is not
	// begun. A turn of running the input ends at ErrTurn, once what the crew
	// has not begun costs Enough.
	Cost   func(In) int64
	Enough int64
	// Turns, where set, is told whose turn it is.
	Turns *Turns
}

// Turns tells the input of crews whose turn it is. Its zero value is ready.
type Turns struct{ crew int }

// Crew is the number, from 0, of the crew that runs the input, and that the items
// it yields now are for. Only the input may ask.
func (t *Turns) Crew() int { return t.crew }

// MapCrews is Map with crews for workers: each lane takes the next item when it
// has finished one, so that a long item has many short ones beside it.
//
// Nobody reads ahead of the crews: they take turns in running in, one at a time,
// each for items that it works on itself. So what the input did for an item, and
// the memory that it lies in, are in the cache of the processor that goes on with
// it. Work begins when a turn ends: an input that may wait for long should yield
// [ErrTurn] before.
func MapCrews[In, Out any](ctx context.Context, in iter.Seq2[In, error], o CrewOptions[In],
	newCrew func() Crew[In, Out]) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		m := newMapping[In, Out](o.Options)
		next, stop := iter.Pull2(in)
		defer stop()
		s := &source[In, Out]{mapping: m, next: next, cost: o.Cost, enough: o.Enough, turns: o.Turns}
		s.most = max(1, m.window/(2*m.workers))
		if s.turns == nil {
			s.turns = new(Turns)
		}
		var wg sync.WaitGroup
		for i := range m.workers {
			k := &crew[In, Out]{source: s, number: i}
			wg.Go(func() { k.work(ctx, newCrew()) })
		}
		defer wg.Wait()
		defer cancel(nil)
		m.drain(ctx, yield)
	}
}

// source is the input that crews take turns in running.
type source[In, Out any] struct {
	*mapping[In, Out]
	cost   func(In) int64
	enough int64
	most   int // items that a crew may have and not have begun: its part of the window

	mu    sync.Mutex // held for a turn
	next  func() (In, error, bool)
	turns *Turns
	ended bool
}

// crew is a Crew at work.
type crew[In, Out any] struct {
	*source[In, Out]
	number int
	queue  []*slot[In, Out] // what it has, in order; the first begun of them are begun
	begun  int
	held   int64 // cost of the others
	over   bool  // it knows that the source has ended
}

// work works on items until there are no more.
func (k *crew[In, Out]) work(ctx context.Context, c Crew[In, Out]) {
	lanes := make([]lane[In, Out], len(c.Lanes))
	for i := range lanes {
		defer lanes[i].start(ctx, k.mapping, c.Lanes[i])()
	}
	for {
		busy := 0
		for i := range lanes {
			if lanes[i].advance(ctx, k) {
				busy++
			}
		}
		switch {
		case busy > 0:
			// A lane that has nothing to do finds something before long, or the
			// others must not wait for it.
			c.Meet()
		case !k.wait(ctx):
			return
		}
	}
}

// take begins the crew's next item, if it has one. It reads on in time where
// nobody else does.
func (k *crew[In, Out]) take(ctx context.Context) *slot[In, Out] {
	if k.held < k.enough || k.idle() {
		k.try(ctx)
	}
	if k.idle() {
		return nil
	}
	s := k.queue[k.begun]
	k.queue[k.begun] = nil
	k.begun++
	k.held -= s.cost
	return s
}

// idle tells whether all that the crew has is begun.
func (k *crew[In, Out]) idle() bool { return k.begun == len(k.queue) }

// try takes a turn if nobody has one and there is a place in the window.
func (k *crew[In, Out]) try(ctx context.Context) {
	if k.over || !k.mu.TryLock() {
		return
	}
	defer k.mu.Unlock()
	select {
	case s := <-k.free:
		k.turn(ctx, s)
	default:
	}
}

// wait takes turns until there is something to do, and tells whether there is.
// Its caller has nothing under way. It waits for a place in the window before it
// takes its turn: as somebody's turn never waits for one, those who free the
// places can always read on.
func (k *crew[In, Out]) wait(ctx context.Context) bool {
	for k.idle() && !k.over {
		var s *slot[In, Out]
		select {
		case s = <-k.free:
		case <-ctx.Done():
		}
		k.mu.Lock()
		k.turn(ctx, s)
		k.mu.Unlock()
	}
	return !k.idle()
}

// turn runs the input until the crew has enough or no slot is free. s is a free
// one; nil is only for an ended ctx. Its caller has the lock.
func (k *crew[In, Out]) turn(ctx context.Context, s *slot[In, Out]) {
	k.turns.crew = k.number
	k.queue = append(k.queue[:0], k.queue[k.begun:]...)
	k.begun = 0
	for s != nil && !k.ended && len(k.queue) < k.most && ctx.Err() == nil {
		item, err, ok := k.next()
		switch {
		case !ok:
			k.end()
		case err == ErrTurn && !k.idle() && k.held >= k.enough:
			k.free <- s
			return
		case err == ErrTurn:
		default:
			k.give(s, item, err)
			select {
			case s = <-k.free:
			default:
				return
			}
		}
	}
	if s != nil {
		k.free <- s
	}
	if ctx.Err() != nil {
		k.end()
	}
	k.over = k.ended
}

// give puts an item where the crew and the consumer find it.
func (k *crew[In, Out]) give(s *slot[In, Out], item In, err error) {
	if k.fill(s, item, err); err == nil {
		s.cost = 0
		if k.cost != nil {
			s.cost = k.cost(item)
		}
		k.held += s.cost
		k.queue = append(k.queue, s)
	}
	k.order <- s // does not block: there are as many places as slots
}

// end notes that there are no more items.
func (k *crew[In, Out]) end() {
	if !k.ended {
		k.ended = true
		close(k.order)
	}
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

// advance runs the lane until it pauses, or the crew has nothing more for it; it
// tells whether it paused.
func (l *lane[In, Out]) advance(ctx context.Context, k *crew[In, Out]) bool {
	for {
		if l.slot == nil {
			if l.slot = k.take(ctx); l.slot == nil {
				return false
			}
		}
		l.resume()
		if l.slot != nil {
			return true
		}
	}
}
