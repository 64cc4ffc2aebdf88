package spf

import (
	"math/bits"
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/zeebo/xxh3"

	"mailaudit/evaluate/dns"
)

// shards is how many parts a cache has, each with its lock: enough that the
// workers of a large machine seldom meet. A power of two.
const shards = 64

// cache is a bounded map for many goroutines. Each shard holds two generations:
// a full young one becomes the old one, and what was old is dropped unless it
// was used since. What is kept changes only the work, never a result.
type cache[K comparable, V any] struct {
	limit  int // entries in one generation of one shard
	shards [shards]shard[K, V]
}

type shard[K comparable, V any] struct {
	mu         sync.RWMutex
	young, old map[K]V
	_          [24]byte // two shards never share a cache line's write
}

// newCache returns a cache of at most size entries, at least two for each shard.
func newCache[K comparable, V any](size int) *cache[K, V] {
	return &cache[K, V]{limit: max(1, size/(2*shards))}
}

// get returns the value of a key whose hash is h.
func (c *cache[K, V]) get(h uint64, key K) (V, bool) {
	s := &c.shards[h%shards]
	s.mu.RLock()
	v, ok := s.young[key]
	if ok {
		s.mu.RUnlock()
		return v, true
	}
	v, ok = s.old[key]
	s.mu.RUnlock()
	if ok {
		c.put(h, key, v)
	}
	return v, ok
}

// put keeps a value.
func (c *cache[K, V]) put(h uint64, key K, value V) {
	c.update(h, key, func(V) V { return value })
}

// update replaces the value of a key, the zero value where there is none, by
// what f makes of it.
func (c *cache[K, V]) update(h uint64, key K, f func(V) V) {
	s := &c.shards[h%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	v, ok := s.young[key]
	if !ok {
		v = s.old[key]
		if len(s.young) >= c.limit {
			s.old, s.young = s.young, nil
		}
	}
	if s.young == nil {
		s.young = make(map[K]V)
	}
	s.young[key] = f(v)
}

func hash(s string) uint64 { return xxh3.HashString(s) }

// resultKey is what a result hangs on: local and helo are set only where macros
// used them, as uses says.
type resultKey struct {
	client       netip.Addr
	domain       string
	scope        Scope
	localUnknown bool
	uses         uint8
	local, helo  string
}

// resultCache keeps outcomes.
type resultCache struct{ cache[resultKey, *kept] }

// kept are the outcomes of one key. It is immutable: changes replace it.
type kept struct {
	// periods are outcomes that nothing but time can change.
	periods []period
	// uses has bit u set where outcomes are kept under a key of uses u.
	uses uint8
}

// period is an outcome and the moments it holds for.
type period struct {
	at           time.Time // the moment it was judged for
	since, until time.Time // zero: unbounded
	momentary    bool      // holds for that moment alone
	outcome      *Outcome
}

func newResultCache(size int) *resultCache {
	return &resultCache{*newCache[resultKey, *kept](size)}
}

// covers tells whether the outcome holds for a moment. The bounds themselves are
// left to a new evaluation, whichever side they belong to.
func (p *period) covers(at time.Time) bool {
	if at.Equal(p.at) || p.isUnbounded() {
		return true
	}
	// The zero time asks for another view than any moment does.
	return !p.momentary && !at.IsZero() && !p.at.IsZero() &&
		(p.since.IsZero() || at.After(p.since)) && (p.until.IsZero() || at.Before(p.until))
}

func (p *period) isUnbounded() bool {
	return p.since.IsZero() && p.until.IsZero() && !p.momentary
}

// keyOf returns the key of a query for what a result uses, and its hash.
func keyOf(q *Query, uses uint8) (uint64, resultKey) {
	k := resultKey{client: q.Client, domain: q.Domain, scope: q.Scope, localUnknown: q.LocalUnknown, uses: uses}
	h := hash(q.Domain)
	a := q.Client.As16()
	h = bits.RotateLeft64(h, 23) ^ xxh3.Hash(a[:])
	if uses&usesLocal != 0 {
		k.local = clip(q.Local)
		h = bits.RotateLeft64(h, 23) ^ hash(k.local)
	}
	if uses&usesHELO != 0 {
		k.helo = clip(q.HELO)
		h = bits.RotateLeft64(h, 23) ^ hash(k.helo)
	}
	return h, k
}

// get returns the outcome that holds for a query, nil where none is kept. An
// outcome under any set of uses is right for every query with the same values:
// whichever is found first will do.
func (c *resultCache) get(q *Query) *Outcome {
	k, ok := c.cache.get(keyOf(q, 0))
	if !ok {
		return nil
	}
	if o := k.at(q.At); o != nil {
		return o
	}
	for uses := uint8(1); uses <= usesLocal|usesHELO; uses++ {
		if k.uses&(1<<uses) == 0 {
			continue
		}
		if u, ok := c.cache.get(keyOf(q, uses)); ok {
			if o := u.at(q.At); o != nil {
				return o
			}
		}
	}
	return nil
}

func (k *kept) at(at time.Time) *Outcome {
	for i := range k.periods {
		if k.periods[i].covers(at) {
			return k.periods[i].outcome
		}
	}
	return nil
}

// put keeps the outcome of an evaluation. What is no domain by its length alone
// is not worth its memory.
func (c *resultCache) put(q *Query, e *evaluation, o *Outcome) {
	if len(o.Domain) > dns.MaxName {
		return
	}
	p := period{at: q.At, since: e.since, until: e.until, momentary: e.uses&usesTime != 0, outcome: o}
	uses := e.uses & (usesLocal | usesHELO)
	h, key := keyOf(q, uses)
	key.domain = o.Domain
	key.local, key.helo = strings.Clone(key.local), strings.Clone(key.helo)
	c.update(h, key, func(old *kept) *kept { return old.with(p) })
	if uses != 0 {
		h, key := keyOf(q, 0)
		key.domain = o.Domain
		c.update(h, key, func(old *kept) *kept { return old.marked(uses) })
	}
}

// with returns k and one more period, the newest first.
func (k *kept) with(p period) *kept {
	n := &kept{periods: []period{p}}
	if k != nil {
		n.uses = k.uses
	}
	if k != nil && !p.isUnbounded() {
		n.periods = append(n.periods, k.periods[:min(len(k.periods), maxPeriods-1)]...)
	}
	return n
}

// marked returns k with a mark that outcomes are kept under a key of uses.
func (k *kept) marked(uses uint8) *kept {
	n := &kept{}
	if k != nil {
		*n = *k
	}
	n.uses |= 1 << uses
	return n
}
