package dmarc

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// The cache is bounded, keeps what is used, and forgetting changes no verdict.
func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c cache[int]
	at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)
	value := 7
	c.put("kept", span{}, &value)
	const names = 3 * cacheShards * cacheNames
	for i := range names {
		c.put(fmt.Sprint("name", i), span{}, &value)
		if i%cacheNames == 0 && c.get("kept", at) == nil {
			t.Fatalf("forgotten after %d names though in use", i)
		}
	}
	total := 0
	for i := range c.shards {
		total += len(c.shards[i].young) + len(c.shards[i].old)
	}
	if total > 2*cacheShards*cacheNames {
		t.Errorf("%d names are kept", total)
	}
	for i := range 3 * cacheSpans {
		since := at.Add(time.Duration(i) * time.Hour)
		c.put("many", span{since: since, until: since.Add(time.Hour)}, &value)
	}
	if n := len(c.shard("many").young["many"]); n > cacheSpans {
		t.Errorf("%d values of one name are kept", n)
	}
}

func TestSpanIntersects(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Date(2024, 1, n, 0, 0, 0, 0, time.UTC) }
	s := newSpan(day(5))
	s.narrow(&dns.Answer{})
	if !s.covers(day(1)) || !s.covers(time.Time{}) {
		t.Error("answers without a time axis hold always")
	}
	s.narrow(&dns.Answer{Since: day(2)})
	s.narrow(&dns.Answer{Since: day(1), Until: day(9)})
	s.narrow(&dns.Answer{Until: day(7)})
	for n, want := range map[int]bool{1: false, 2: true, 6: true, 7: false, 8: false} {
		if s.covers(day(n)) != want {
			t.Errorf("day %d: %v", n, !want)
		}
	}
	if s.covers(time.Time{}) {
		t.Error("a moment's view is not the only view")
	}
}

// Many goroutines over more domains than one generation holds agree with a
// single one.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	z := dnstest.Source{}
	for i := range 64 {
		z[fmt.Sprintf("_dmarc.d%d.example TXT", i)] = []string{"v=DMARC1; p=reject"}
	}
	e := New(z, Options{})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				n := (i*7 + g) % 128
				d := fmt.Sprintf("d%d.example", n)
				o, err := e.Evaluate(context.Background(), Facts{Author: d, SPF: AuthID{Domain: "m." + d, Passed: i%2 == 0}})
				want := None
				if n < 64 {
					want = map[bool]Result{true: Pass, false: Fail}[i%2 == 0]
				}
				if err != nil || o.Result != want {
					t.Errorf("%s: %s, want %s (%v)", d, o.Result, want, err)
				}
				if _, _, _, err := e.Existence(context.Background(), d, time.Time{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}
