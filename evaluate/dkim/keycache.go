package dkim

import (
	"sync"
	"sync/atomic"

	"mailaudit/evaluate/dns"
)

// MaxKeyRecords is the most key records of one name that are tried; a selector
// needs one, and each may cost an RSA operation.
const MaxKeyRecords = 10

// maxCachedKeys bounds the parsed keys that are kept: about 1 KiB each. A run's
// answers are pointers that stay, so the bound only meets sources without a
// cache, which give a new pointer each time.
const maxCachedKeys = 1 << 16

// keySet is one answer with its records parsed.
type keySet struct {
	answers []*dns.Answer // the answer alone; what outcomes share
	records []*keyRecord
	dropped int // records over MaxKeyRecords
	source  string
}

func newKeySet(a *dns.Answer) *keySet {
	k := &keySet{answers: []*dns.Answer{a}, source: a.Source}
	if a.Nearest {
		k.source += " nearest"
	}
	if a.Status != dns.Success {
		return k
	}
	n := min(len(a.Records), MaxKeyRecords)
	k.dropped = len(a.Records) - n
	for _, txt := range a.Records[:n] {
		k.records = append(k.records, parseKey(txt))
	}
	return k
}

func (k *keySet) answer() *dns.Answer { return k.answers[0] }

// keyCache parses each answer once a run. Answers are compared by pointer: see
// dns.Source.
type keyCache struct {
	sets sync.Map // *dns.Answer → *keySet
	n    atomic.Int64
}

func (c *keyCache) of(a *dns.Answer) *keySet {
	if k, ok := c.sets.Load(a); ok {
		return k.(*keySet)
	}
	k, loaded := c.sets.LoadOrStore(a, newKeySet(a))
	if !loaded && c.n.Add(1) > maxCachedKeys {
		c.sets.Clear()
		c.n.Store(0)
	}
	return k.(*keySet)
}
