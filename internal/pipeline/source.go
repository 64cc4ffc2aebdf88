package pipeline

import (
	"context"
	"sync"
	"sync/atomic"
)

// place is where an item is on its way; places are used again and again.
type place[In, Mid, Out any] struct {
	in   In
	mid  Mid
	out  Out
	err  error
	cost int64
	done atomic.Bool // out or err is there
}

// source is the input that crews take turns in running, and all that it has
// yielded and that is not yielded in turn.
type source[In, Mid, Out any] struct {
	cost   func(In) int64
	enough int64
	batch  int
	after  <-chan struct{}
	most   int // items that a crew may have and not have begun: its part of the window

	places []place[In, Mid, Out] // item n, counted from 0, has place n modulo their number
	given  atomic.Int64          // items that the input has yielded; whose turn it is counts them
	taken  atomic.Int64          // items that were yielded in turn; the first crew counts them
	ended  atomic.Bool           // the input yields no more

	turn  sync.Mutex // held for a turn
	next  func() (In, error, bool)
	ahead *ahead[In] // what next takes from; nil where it runs the input
	turns *Turns

	crews []sleeper
}

func newSource[In, Mid, Out any](o *CrewOptions[In]) *source[In, Mid, Out] {
	s := &source[In, Mid, Out]{
		cost: o.Cost, enough: o.Enough, batch: o.Batch, after: o.After, turns: o.Turns,
		most:   max(1, o.Window/(2*o.Workers)),
		places: make([]place[In, Mid, Out], o.Window),
		crews:  make([]sleeper, o.Workers),
	}
	for i := range s.crews {
		s.crews[i].wake = make(chan struct{}, 1)
	}
	return s
}

func (s *source[In, Mid, Out]) place(n int64) *place[In, Mid, Out] {
	return &s.places[n%int64(len(s.places))]
}

// room tells whether there is a place for another item.
func (s *source[In, Mid, Out]) room() bool {
	return s.given.Load()-s.taken.Load() < int64(len(s.places))
}

// first is the item that is to be yielded next, nil where there is none that is
// ready.
func (s *source[In, Mid, Out]) first() *place[In, Mid, Out] {
	n := s.taken.Load()
	if n == s.given.Load() {
		return nil
	}
	if p := s.place(n); p.done.Load() {
		return p
	}
	return nil
}

// over tells whether all that the input had to yield was yielded in turn.
func (s *source[In, Mid, Out]) over() bool {
	return s.ended.Load() && s.taken.Load() == s.given.Load()
}

// give puts an item where the consumer finds it.
func (s *source[In, Mid, Out]) give(item In, err error) *place[In, Mid, Out] {
	p := s.place(s.given.Load())
	p.in, p.err = item, err
	p.done.Store(err != nil)
	s.given.Add(1)
	return p
}

// sleeper is what a crew waits with until another one rouses it.
type sleeper struct {
	asleep atomic.Bool
	wake   chan struct{}
}

// sleep returns when enough holds, which whoever makes it so follows by rouse,
// when ctx ends, or now and then for no reason.
func (s *sleeper) sleep(ctx context.Context, enough func() bool) {
	s.asleep.Store(true)
	if !enough() {
		select {
		case <-s.wake:
		case <-ctx.Done():
		}
	}
	s.asleep.Store(false)
}

func (s *sleeper) rouse() {
	if s.asleep.Load() {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

func (s *source[In, Mid, Out]) rouseAll() {
	for i := range s.crews {
		s.crews[i].rouse()
	}
}
