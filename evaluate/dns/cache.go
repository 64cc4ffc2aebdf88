package dns

import (
	"context"
	"hash/maphash"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	// cacheShards keeps workers out of each other's way; a power of two.
	cacheShards = 256
	// maxPrefetch is the number of questions asked ahead at once: enough to
	// cover the latency of a resolver, and few goroutines beside the thousands
	// of a run.
	maxPrefetch = 1024
)

// CacheSource gives every question of a run one answer.
type CacheSource struct {
	base   Source
	seed   maphash.Seed // spreads keys over shards, nothing else depends on it
	shards [cacheShards]cacheShard
	states [len(statusWords)]atomic.Int64
	kinds  [len(failureKinds)]atomic.Int64

	ahead   chan struct{}
	running sync.WaitGroup
}

// cacheShard is a part of a cache. It fills cache lines of its own.
type cacheShard struct {
	mu      sync.RWMutex
	entries map[key]entry
	flights map[key]*flight
	past    map[key][]*Answer // histories asked for
	asked   atomic.Int64
	_       [64]byte
}

// entry holds the answers to one name and type. Most have one for all moments.
type entry struct {
	only *Answer
	more *moments // never changed, only replaced
}

// moments are answers with bounds. They go before entry.only.
type moments struct {
	list []*Answer // by rising Since
	zero *Answer   // to the zero moment
}

// flight is a question on its way; done is closed when it is over.
type flight struct {
	done chan struct{}
	err  error // why the run cannot go on; nil where the asker was called off
}

// Cache returns a source that asks base each question once, whoever asks and
// however many at once, and never forgets: within a run a question has one
// answer, failures included, and it is the same pointer. An answer with bounds
// (Since, Until) serves all moments within them.
//
// Errors are not kept. Where the asker's context ends, others that wait for the
// same answer ask for themselves.
func Cache(base Source) *CacheSource {
	c := &CacheSource{base: base, seed: maphash.MakeSeed(), ahead: make(chan struct{}, maxPrefetch)}
	for i := range c.shards {
		c.shards[i].entries = map[key]entry{}
		c.shards[i].flights = map[key]*flight{}
	}
	return c
}

func (c *CacheSource) shard(name string) *cacheShard {
	return &c.shards[maphash.String(c.seed, name)%cacheShards]
}

// Lookup implements [Source]. A known answer is given even where the context
// has ended.
func (c *CacheSource) Lookup(ctx context.Context, q Question) (*Answer, error) {
	s := c.shard(q.Name)
	s.asked.Add(1)
	if a := s.known(&q); a != nil {
		return a, nil
	}
	return c.miss(ctx, s, q)
}

// known returns the answer that the shard has, nil where it has none.
func (s *cacheShard) known(q *Question) *Answer {
	s.mu.RLock()
	e := s.entries[key{q.Name, q.Type}]
	s.mu.RUnlock()
	return e.answer(q)
}

// answer returns the answer for the question's moment, nil where there is none.
func (e entry) answer(q *Question) *Answer {
	var a *Answer
	switch {
	case e.more == nil:
	case q.At.IsZero():
		a = e.more.zero
	default:
		a = inForce(e.more.list, q.At)
	}
	if a == nil {
		a = e.only
	}
	return a
}

// with returns the entry with one more answer.
func (e entry) with(q *Question, a *Answer) entry {
	if a.Since.IsZero() && a.Until.IsZero() {
		return entry{only: a, more: e.more}
	}
	var m moments
	if e.more != nil {
		m = *e.more
	}
	switch {
	case q.At.IsZero():
		m.zero = a
	case a.InForce(q.At):
		m.list = append(slices.Clone(m.list), a)
		sortByTime(m.list)
	}
	return entry{only: e.only, more: &m}
}

// miss asks base, or waits for somebody who does.
func (c *CacheSource) miss(ctx context.Context, s *cacheShard, q Question) (*Answer, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.mu.Lock()
		k := key{q.Name, q.Type}
		if a := s.entries[k].answer(&q); a != nil {
			s.mu.Unlock()
			return a, nil
		}
		f, flying := s.flights[k]
		if !flying {
			f = &flight{done: make(chan struct{})}
			s.flights[k] = f
		}
		s.mu.Unlock()
		if !flying {
			return c.ask(ctx, s, q, f)
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if f.err != nil {
			return nil, f.err
		}
	}
}

// ask asks base on behalf of everybody who waits for the flight.
func (c *CacheSource) ask(ctx context.Context, s *cacheShard, q Question, f *flight) (a *Answer, err error) {
	// The name may be a part of a message; the cache must not hold that.
	q.Name = strings.Clone(q.Name)
	defer func() {
		s.mu.Lock()
		if a != nil {
			a = c.keep(s, &q, a)
		}
		delete(s.flights, key{q.Name, q.Type})
		s.mu.Unlock()
		close(f.done)
	}()
	got, err := c.base.Lookup(ctx, q)
	if end := ctx.Err(); end != nil && (err != nil || got.Status == Failure) {
		return nil, end // a failure may come of the end, it proves nothing
	}
	if err != nil {
		f.err = err
		return nil, err
	}
	return got, nil
}

// keep stores an answer, and returns it or one that is known and the same. The
// shard is locked.
func (c *CacheSource) keep(s *cacheShard, q *Question, a *Answer) *Answer {
	k := key{q.Name, q.Type}
	for _, known := range s.past[k] {
		if sameAnswer(known, a) {
			a = known
		}
	}
	s.entries[k] = s.entries[k].with(q, a)
	c.states[a.Status].Add(1)
	if i := slices.Index(failureKinds[:], a.Kind); i >= 0 && a.Status == Failure {
		c.kinds[i].Add(1)
	}
	return a
}

// History implements [Historian]. A history is asked for once; its answers are
// the ones that Lookup gives.
func (c *CacheSource) History(ctx context.Context, name string, t Type) ([]*Answer, error) {
	k, s := key{name, t}, c.shard(name)
	s.mu.RLock()
	list, ok := s.past[k]
	s.mu.RUnlock()
	if ok {
		return list, nil
	}
	k.name = strings.Clone(name)
	list, err := history(ctx, c.base, k.name, t)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.past[k]; ok {
		return known, nil
	}
	list = slices.Clone(list)
	for i, a := range list {
		list[i] = s.entries[k].same(a)
	}
	if s.past == nil {
		s.past = map[key][]*Answer{}
	}
	s.past[k] = list
	return list, nil
}

// same returns the answer that the entry has in place of a, a itself where it
// has none.
func (e entry) same(a *Answer) *Answer {
	if e.only != nil && sameAnswer(e.only, a) {
		return e.only
	}
	if e.more != nil {
		for _, known := range e.more.list {
			if sameAnswer(known, a) {
				return known
			}
		}
	}
	return a
}

// sameAnswer tells whether two answers to one question are the same observation.
func sameAnswer(a, b *Answer) bool {
	return a.Status == b.Status && a.Kind == b.Kind && a.TTL == b.TTL && a.Source == b.Source &&
		a.ObservedAt.Equal(b.ObservedAt) && a.Since.Equal(b.Since) && a.Until.Equal(b.Until) && a.Nearest == b.Nearest &&
		slices.Equal(a.Records, b.Records) && slices.Equal(a.CNAMEs, b.CNAMEs)
}

// Prefetch asks a question ahead of its use, without waiting: a later Lookup
// finds the answer, or waits for the rest of its way. It does nothing where the
// answer is known or enough is being asked ahead, and tells whether it asked.
// Errors are left to whoever looks up.
func (c *CacheSource) Prefetch(ctx context.Context, q Question) bool {
	s := c.shard(q.Name)
	if s.known(&q) != nil || s.flies(&q) {
		return false
	}
	select {
	case c.ahead <- struct{}{}:
	default:
		return false
	}
	q.Name = strings.Clone(q.Name)
	c.running.Go(func() {
		defer func() { <-c.ahead }()
		c.miss(ctx, s, q)
	})
	return true
}

func (s *cacheShard) flies(q *Question) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, ok := s.flights[key{q.Name, q.Type}]
	return ok
}

// Wait waits for what was asked ahead. Nothing may be prefetched meanwhile.
func (c *CacheSource) Wait() { c.running.Wait() }
