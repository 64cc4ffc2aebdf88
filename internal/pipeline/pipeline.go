// Package pipeline runs a function over a sequence in parallel and gives the
// results in the order of the input. It knows nothing of mail.
package pipeline

import (
	"context"
	"iter"
	"sync"

	"golang.org/x/sync/semaphore"
)

// Options bound a Map.
type Options[In any] struct {
	// Workers is how many items are worked on at once, at least 1.
	Workers int
	// Window is how many items may be between input and output, those waiting
	// for their turn included. It is raised to Workers where it is less.
	Window int
	// Cost and Budget, where both are set, bound the sum of the costs of the
	// items that no worker has finished yet, in any unit (bytes). An item that
	// costs more than the budget goes alone.
	Cost   func(In) int64
	Budget int64
}

// slot carries one item through a Map; slots are used again and again.
type slot[In, Out any] struct {
	in    In
	out   Out
	err   error
	cost  int64
	ready chan struct{}
}

// Map yields f(item) for every item of in, in the order of in, where each f
// comes from newWorker and is called by one goroutine only, so that it may own
// scratch memory. An error that in yields, or that f returns, is yielded in its
// place and ends nothing: whoever ranges decides.
//
// Work starts when the result is ranged over. When the loop is left, or when
// ctx ends, all goroutines have ended before the range statement does; what in
// blocks on must end with ctx. After the end of ctx, at most the results that
// are ready are yielded, and then the cause as the last error.
func Map[In, Out any](ctx context.Context, in iter.Seq2[In, error], o Options[In],
	newWorker func() func(context.Context, In) (Out, error)) iter.Seq2[Out, error] {
	return mapped(ctx, in, o, func(ctx context.Context, m *mapping[In, Out]) { m.work(ctx, newWorker()) })
}

// mapped is a Map whose workers are given.
func mapped[In, Out any](ctx context.Context, in iter.Seq2[In, error], o Options[In],
	work func(context.Context, *mapping[In, Out])) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		m := newMapping[In, Out](o)
		var wg sync.WaitGroup
		for range m.workers {
			wg.Go(func() { work(ctx, m) })
		}
		wg.Go(func() { m.feed(ctx, in) })
		defer wg.Wait()
		defer cancel(nil)
		m.drain(ctx, yield)
	}
}

// mapping is one running Map.
type mapping[In, Out any] struct {
	workers int
	cost    func(In) int64
	budget  int64
	bytes   *semaphore.Weighted

	free  chan *slot[In, Out] // empty slots: the window
	todo  chan *slot[In, Out] // for workers
	order chan *slot[In, Out] // for the consumer, in input order
}

func newMapping[In, Out any](o Options[In]) *mapping[In, Out] {
	m := &mapping[In, Out]{workers: max(o.Workers, 1)}
	if o.Cost != nil && o.Budget > 0 {
		m.cost, m.budget, m.bytes = o.Cost, o.Budget, semaphore.NewWeighted(o.Budget)
	}
	window := max(o.Window, m.workers)
	m.free = make(chan *slot[In, Out], window)
	m.todo = make(chan *slot[In, Out], window)
	m.order = make(chan *slot[In, Out], window)
	for range window {
		m.free <- &slot[In, Out]{ready: make(chan struct{}, 1)}
	}
	return m
}

// feed hands the items out in order and closes both channels at the end.
func (m *mapping[In, Out]) feed(ctx context.Context, in iter.Seq2[In, error]) {
	defer close(m.order)
	defer close(m.todo)
	for item, err := range in {
		var s *slot[In, Out]
		select {
		case s = <-m.free:
		case <-ctx.Done():
			return
		}
		s.in, s.err, s.cost = item, err, 0
		if err != nil {
			s.ready <- struct{}{}
			m.order <- s
			continue
		}
		if m.bytes != nil {
			s.cost = min(max(m.cost(item), 0), m.budget)
			if m.bytes.Acquire(ctx, s.cost) != nil {
				return
			}
		}
		// Neither send blocks: there are as many places as slots.
		m.todo <- s
		m.order <- s
	}
}

func (m *mapping[In, Out]) work(ctx context.Context, f func(context.Context, In) (Out, error)) {
	for s := range m.todo {
		m.do(ctx, s, f)
	}
}

// do works on one item.
func (m *mapping[In, Out]) do(ctx context.Context, s *slot[In, Out], f func(context.Context, In) (Out, error)) {
	if ctx.Err() == nil {
		s.out, s.err = f(ctx, s.in)
	} else {
		s.err = context.Cause(ctx)
	}
	var none In
	s.in = none
	if m.bytes != nil {
		m.bytes.Release(s.cost)
	}
	s.ready <- struct{}{}
}

// drain yields in order until the input ends, the consumer leaves, or ctx ends.
func (m *mapping[In, Out]) drain(ctx context.Context, yield func(Out, error) bool) {
	var none Out
	for s := range m.order {
		<-s.ready
		if ctx.Err() != nil {
			break
		}
		out, err := s.out, s.err
		s.out, s.err = none, nil
		m.free <- s
		if !yield(out, err) {
			return
		}
	}
	if ctx.Err() != nil {
		yield(none, context.Cause(ctx))
	}
}
