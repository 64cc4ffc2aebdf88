package dmarc

import (
	"sync"
	"time"

	"github.com/zeebo/xxh3"

	"mailaudit/evaluate/dns"
)

// Limits of the caches of one Evaluator.
const (
	cacheShards = 64 // a power of two; more than the goroutines of any run that could meet in one
	// cacheNames bounds one generation of one shard: 64 shards of 2
	// generations hold 65,536 names, about 40 MB of walks.
	cacheNames = 512
	// cacheSpans bounds the values of one name over time. Policies change a
	// few times a decade.
	cacheSpans = 8
)

// span is the time in which a result that rests on several answers holds: the
// intersection of theirs. The zero times are unbounded.
type span struct {
	since, until time.Time
	timeless     bool // asked with the zero time: the source's only view
}

// newSpan starts the span of a result for a moment.
func newSpan(at time.Time) span { return span{timeless: at.IsZero()} }

// narrow takes an answer into account.
func (s *span) narrow(a *dns.Answer) { s.narrowTo(a.Since, a.Until) }

func (s *span) narrowTo(since, until time.Time) {
	if since.After(s.since) {
		s.since = since
	}
	if !until.IsZero() && (s.until.IsZero() || until.Before(s.until)) {
		s.until = until
	}
}

// covers tells whether the result holds at a moment. The end is left out: at
// worst the question is asked again.
func (s *span) covers(at time.Time) bool {
	if s.since.IsZero() && s.until.IsZero() {
		return true
	}
	if at.IsZero() || s.timeless {
		return at.IsZero() && s.timeless
	}
	return !at.Before(s.since) && (s.until.IsZero() || at.Before(s.until))
}

// cache holds results by name and time. It is bounded by two generations: when
// the young one is full it becomes the old one, and what was in the old one and
// not used since is forgotten. Forgetting changes no result.
type cache[V any] struct {
	shards [cacheShards]shard[V]
}

type shard[V any] struct {
	mu         sync.RWMutex
	young, old map[string][]timed[V]
}

type timed[V any] struct {
	span  span
	value *V
}

func (c *cache[V]) shard(name string) *shard[V] {
	return &c.shards[xxh3.HashString(name)%cacheShards]
}

// get returns the value of a name at a moment, nil where none is kept.
func (c *cache[V]) get(name string, at time.Time) *V {
	s := c.shard(name)
	s.mu.RLock()
	v := find(s.young[name], at)
	aged := v == nil && s.old[name] != nil
	s.mu.RUnlock()
	if aged {
		return s.revive(name, at)
	}
	return v
}

// revive brings a name from the old generation into the young one.
func (s *shard[V]) revive(name string, at time.Time) *V {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.old[name] {
		s.add(name, t)
	}
	delete(s.old, name)
	return find(s.young[name], at)
}

func find[V any](list []timed[V], at time.Time) *V {
	for i := range list {
		if list[i].span.covers(at) {
			return list[i].value
		}
	}
	return nil
}

func (c *cache[V]) put(name string, sp span, v *V) {
	s := c.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(name, timed[V]{sp, v})
}

// add appends to the young generation; s.mu is held. Lists are copied: readers
// hold none beyond the lock, but the generations may share one.
func (s *shard[V]) add(name string, t timed[V]) {
	if len(s.young) >= cacheNames && s.young[name] == nil {
		s.old, s.young = s.young, nil
	}
	if s.young == nil {
		s.young = make(map[string][]timed[V])
	}
	list := s.young[name]
	if len(list) == cacheSpans {
		list = list[1:]
	}
	s.young[name] = append(list[:len(list):len(list)], t)
}
