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
type Lane[In, Mid any] func(pause func()) func(context.Context, In) (Mid, error)

// Crew is a worker with several items under way on one goroutine's time: while
// one lane runs the others stand still, so they may share memory.
type Crew[In, Mid, Out any] struct {
	Lanes []Lane[In, Mid]
	// Meet does what the paused lanes wait for, of one of them at least.
	Meet func()
	// Then makes the result of what a lane made, of some items in a row.
	Then func(context.Context, Mid) (Out, error)
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
	// Batch is how many items have been through a crew's lanes, at least 1, when
	// it goes on to Then with them, or fewer where it has no others: each step has
	// its code and its tables in the processor's caches while it is at it.
	Batch int
	// After, where set, is closed when Then may be called for the first time.
	// Lanes need not wait for it.
	After <-chan struct{}
	// Turns, where set, is told whose turn it is.
	Turns *Turns
	// Beside has the input run by a goroutine of its own, which reads ahead of the
	// crews: for one that may wait for long, which no work and no result must wait
	// for. There are no turns then.
	Beside bool
}

// complete gives what is not set its least value.
func (o *CrewOptions[In]) complete() {
	o.Workers = max(o.Workers, 1)
	o.Window = max(o.Window, o.Workers)
	o.Batch = max(o.Batch, 1)
	if o.Cost == nil {
		o.Cost = func(In) int64 { return 0 }
	}
	if o.Turns == nil {
		o.Turns = new(Turns)
	}
}

// Turns tells the input of crews whose turn it is. Its zero value is ready.
type Turns struct{ crew int }

// Crew is the number, from 0, of the crew that runs the input, and that the items
// it yields now are for. Only the input may ask.
func (t *Turns) Crew() int { return t.crew }

// MapCrews is Map with crews for workers: each lane takes the next item when it
// has finished one, so that a long item has many short ones beside it.
//
// An item stays with one crew, and so in the caches of one processor, as far as
// can be. Nobody reads ahead of the crews: they take turns in running in, one at
// a time, each for items that it works on itself. And the first of them works on
// the goroutine that ranges over the result, in between: what is done there comes
// out of its time, and what that remembers stays in its processor's caches too.
//
// Work begins when a turn ends, and results are yielded when the first crew has
// done a batch or has nothing else to do: an input that may wait for long is one
// for Beside.
func MapCrews[In, Mid, Out any](ctx context.Context, in iter.Seq2[In, error], o CrewOptions[In],
	newCrew func() Crew[In, Mid, Out]) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		o.complete()
		s := newSource[In, Mid, Out](&o)
		var wg sync.WaitGroup
		if o.Beside {
			s.ahead = newAhead(&o)
			s.next = s.ahead.next
			wg.Go(func() { s.ahead.feed(ctx, in, s.rouseAll) })
		} else {
			next, stop := iter.Pull2(in)
			defer stop()
			s.next = next
		}
		defer wg.Wait()
		defer cancel(nil)
		for i := range s.crews[1:] {
			k := &crew[In, Mid, Out]{source: s, number: i + 1, sleeper: &s.crews[i+1]}
			wg.Go(func() { k.work(ctx, newCrew()) })
		}
		k := &crew[In, Mid, Out]{source: s, sleeper: &s.crews[0], yield: yield}
		k.work(ctx, newCrew())
		if ctx.Err() != nil && !k.left {
			var none Out
			yield(none, context.Cause(ctx))
		}
	}
}

// crew is a Crew at work.
type crew[In, Mid, Out any] struct {
	*source[In, Mid, Out]
	*sleeper
	number int
	then   func(context.Context, Mid) (Out, error)
	queue  []*place[In, Mid, Out] // what it has, in order; the first begun of them are begun
	begun  int
	held   int64                  // cost of the others
	passed []*place[In, Mid, Out] // what is through its lanes

	yield  func(Out, error) bool // of the first crew, which yields the results
	left   bool                  // whoever ranges over them has left
	ending bool                  // nothing more is begun
}

// work works on items until there are no more, ctx ends or the consumer leaves.
// What is under way in the lanes then is brought to its end, as what a lane waits
// for may only come of Meet.
func (k *crew[In, Mid, Out]) work(ctx context.Context, c Crew[In, Mid, Out]) {
	k.then = c.Then
	lanes := make([]lane[In, Mid, Out], len(c.Lanes))
	for i := range lanes {
		defer lanes[i].start(ctx, c.Lanes[i])()
	}
	for {
		busy := 0
		for i := range lanes {
			if lanes[i].advance(ctx, k) {
				busy++
			}
		}
		if len(k.passed) >= k.batch && k.mayFinish() {
			k.finish(ctx)
		}
		k.ending = k.ending || !k.drain(ctx)
		switch {
		case busy > 0:
			// A lane that has nothing to do finds something before long, or the
			// others must not wait for it.
			c.Meet()
		case k.ending || !k.wait(ctx):
			return
		}
	}
}

// take begins the crew's next item, if it has one. It reads on in time where
// nobody else does.
func (k *crew[In, Mid, Out]) take(ctx context.Context) *place[In, Mid, Out] {
	if k.ending || len(k.passed) >= 2*k.batch && k.mayFinish() {
		return nil
	}
	if (k.held < k.enough || k.idle()) && !k.ended.Load() && k.room() && k.turn.TryLock() {
		k.read(ctx)
		k.turn.Unlock()
	}
	if k.idle() {
		return nil
	}
	p := k.queue[k.begun]
	k.queue[k.begun] = nil
	k.begun++
	k.held -= p.cost
	return p
}

// idle tells whether all that the crew has is begun.
func (k *crew[In, Mid, Out]) idle() bool { return k.begun == len(k.queue) }

// wait returns when there is something to do, and tells whether there is. Its
// caller has nothing under way.
func (k *crew[In, Mid, Out]) wait(ctx context.Context) bool {
	for k.idle() {
		if !k.finishAll(ctx) || !k.drain(ctx) {
			return false
		}
		switch {
		case k.yield == nil && k.ended.Load() || k.over():
			return false
		case !k.ended.Load() && k.room():
			k.turn.Lock()
			k.read(ctx)
			k.turn.Unlock()
			if k.ahead != nil && k.idle() {
				k.sleep(ctx, func() bool { return k.ahead.any() || k.ended.Load() || k.yield != nil && k.first() != nil })
			}
		case k.yield == nil:
			k.sleep(ctx, func() bool { return k.ended.Load() || k.room() })
		default:
			k.sleep(ctx, func() bool { return k.first() != nil || k.over() })
		}
	}
	return true
}

// read runs the input until the crew has enough or there is no room. Its caller
// has the turn.
func (k *crew[In, Mid, Out]) read(ctx context.Context) {
	k.turns.crew = k.number
	k.queue = append(k.queue[:0], k.queue[k.begun:]...)
	k.begun = 0
	enough := func() bool { return !k.idle() && k.held >= k.enough }
	for !k.ended.Load() && len(k.queue) < k.most && k.room() && ctx.Err() == nil {
		if k.ahead != nil && enough() {
			return
		}
		item, err, ok := k.next()
		switch {
		case !ok:
			k.ended.Store(true)
			k.rouseAll()
		case err == ErrTurn && (k.ahead != nil || enough()):
			return
		case err == ErrTurn:
		case err != nil:
			k.give(item, err)
			k.crews[0].rouse()
		default:
			p := k.give(item, nil)
			p.cost = k.cost(item)
			k.held += p.cost
			k.queue = append(k.queue, p)
		}
	}
}

// mayFinish tells whether Then may be called.
func (k *crew[In, Mid, Out]) mayFinish() bool {
	if k.after == nil {
		return true
	}
	select {
	case <-k.after:
		return true
	default:
		return false
	}
}

// finishAll is finish, once Then may be called. False means that ctx has ended.
func (k *crew[In, Mid, Out]) finishAll(ctx context.Context) bool {
	if len(k.passed) > 0 && k.after != nil {
		select {
		case <-k.after:
		case <-ctx.Done():
		}
	}
	k.finish(ctx)
	return ctx.Err() == nil
}

// finish makes the results of what is through the lanes.
func (k *crew[In, Mid, Out]) finish(ctx context.Context) {
	for i, p := range k.passed {
		if p.err == nil {
			if p.err = ctx.Err(); p.err == nil {
				p.out, p.err = k.then(ctx, p.mid)
			}
		}
		var none Mid
		p.mid = none
		p.done.Store(true)
		k.passed[i] = nil
	}
	if len(k.passed) > 0 {
		k.passed = k.passed[:0]
		k.crews[0].rouse()
	}
}

// drain has the first crew yield what is ready, in order. False means that there
// is no need to go on.
func (k *crew[In, Mid, Out]) drain(ctx context.Context) bool {
	if k.yield == nil || k.ending {
		return ctx.Err() == nil
	}
	var none Out
	n := 0
	for p := k.first(); p != nil && ctx.Err() == nil; p = k.first() {
		out, err := p.out, p.err
		p.out, p.err = none, nil
		k.taken.Add(1)
		if n++; n%rouseEvery == 0 {
			k.rouseAll()
		}
		if !k.yield(out, err) {
			k.left = true
			return false
		}
	}
	if n > 0 {
		k.rouseAll()
	}
	return ctx.Err() == nil
}

// rouseEvery is after how many places that are free again those who may wait for
// one are told.
const rouseEvery = 64

// lane is a Lane at work.
type lane[In, Mid, Out any] struct {
	place  *place[In, Mid, Out] // the item under way
	resume func() (struct{}, bool)
}

// start makes the lane's coroutine, and returns what ends it.
func (l *lane[In, Mid, Out]) start(ctx context.Context, f Lane[In, Mid]) (stop func()) {
	l.resume, stop = iter.Pull(func(yield func(struct{}) bool) {
		work := f(func() { yield(struct{}{}) })
		for {
			p := l.place
			p.mid, p.err = work(ctx, p.in)
			var none In
			p.in = none
			l.place = nil
			if !yield(struct{}{}) {
				return
			}
		}
	})
	return stop
}

// advance runs the lane until it pauses, or the crew has nothing more for it; it
// tells whether it paused.
func (l *lane[In, Mid, Out]) advance(ctx context.Context, k *crew[In, Mid, Out]) bool {
	for {
		p := l.place
		if p == nil {
			if p = k.take(ctx); p == nil {
				return false
			}
			l.place = p
		}
		l.resume()
		if l.place != nil {
			return true
		}
		k.passed = append(k.passed, p)
	}
}
