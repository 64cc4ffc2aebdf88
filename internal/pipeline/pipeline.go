// Package pipeline runs a function over a sequence in parallel and gives the
// results in the order of the input. It knows nothing of mail.
package pipeline

import (
	"context"
	"iter"
	"sync"
)

// Options bound a Map.
type Options struct {
	// Workers is how many items are worked on at once, at least 1.
	Workers int
	// Window is how many items may be between input and output, those waiting
	// for their turn included. It is raised to Workers where it is less.
	Window int
}

// slot carries one item through a Map; slots are used again and again.
type slot[In, Out any] struct {
	in    In
	out   Out
	err   error
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
func Map[In, Out any](ctx context.Context, in iter.Seq2[In, error], o Options,
	newWorker func() func(context.Context, In) (Out, error)) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		ctx, cancel := context.WithCancelCause(ctx)
		m := newMapping[In, Out](o)
		todo := make(chan *slot[In, Out], m.window)
		var wg sync.WaitGroup
		for range m.workers {
			wg.Go(func() { m.work(ctx, todo, newWorker()) })
		}
		wg.Go(func() { m.feed(ctx, in, todo) })
		defer wg.Wait()
		defer cancel(nil)
		m.drain(ctx, yield)
	}
}

// mapping is one running Map.
type mapping[In, Out any] struct {
	workers, window int

	free  chan *slot[In, Out] // empty slots: the window
	order chan *slot[In, Out] // for the consumer, in input order
}

func newMapping[In, Out any](o Options) *mapping[In, Out] {
	m := &mapping[In, Out]{workers: max(o.Workers, 1)}
	m.window = max(o.Window, m.workers)
	m.free = make(chan *slot[In, Out], m.window)
	m.order = make(chan *slot[In, Out], m.window)
	for range m.window {
		m.free <- &slot[In, Out]{ready: make(chan struct{}, 1)}
	}
	return m
}

// feed hands the items out in order and closes both channels at the end.
func (m *mapping[In, Out]) feed(ctx context.Context, in iter.Seq2[In, error], todo chan<- *slot[In, Out]) {
	defer close(m.order)
	defer close(todo)
	for item, err := range in {
		var s *slot[In, Out]
		select {
		case s = <-m.free:
		case <-ctx.Done():
			return
		}
		// Neither send blocks: there are as many places as slots.
		if m.fill(s, item, err); err == nil {
			todo <- s
		}
		m.order <- s
	}
}

// fill puts an item into a slot; an error needs no worker.
func (m *mapping[In, Out]) fill(s *slot[In, Out], item In, err error) {
	if s.in, s.err = item, err; err != nil {
		s.ready <- struct{}{}
	}
}

func (m *mapping[In, Out]) work(ctx context.Context, todo <-chan *slot[In, Out], f func(context.Context, In) (Out, error)) {
	for s := range todo {
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
