package dns_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// sourceFunc is a Source for one test.
type sourceFunc func(ctx context.Context, q dns.Question) (*dns.Answer, error)

func (f sourceFunc) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	return f(ctx, q)
}

func day(n int) time.Time { return time.Date(2020, 1, n, 0, 0, 0, 0, time.UTC) }

func TestCacheAsksOnce(t *testing.T) {
	t.Parallel()
	r := &dnstest.Recorder{Base: dnstest.Source{"a.example A": {"192.0.2.1"}, "f.example": {dnstest.ServFail}, "n.example": {dnstest.NotRecorded}}}
	c := dns.Cache(r)
	names := []string{"a.example", "f.example", "n.example", "x.example"}
	first := map[string]*dns.Answer{}
	for range 3 {
		for _, name := range names {
			a, err := c.Lookup(t.Context(), dns.Question{Name: name, Type: dns.TypeA})
			if err != nil {
				t.Fatal(err)
			}
			if first[name] == nil {
				first[name] = a
			}
			if a != first[name] {
				t.Errorf("%s: another answer", name)
			}
			// The answer has no bounds: it holds at every moment.
			if b, _ := c.Lookup(t.Context(), dns.Question{Name: name, Type: dns.TypeA, At: day(3)}); b != a {
				t.Errorf("%s: another answer at another moment", name)
			}
		}
	}
	if n := len(r.Asked()); n != len(names) {
		t.Errorf("asked %d times: %v", n, r.Asked())
	}
	counts := dns.CountsOf(c)
	if counts.Asked != 24 || counts.Distinct != 4 || counts.Success != 1 || counts.Failure != 1 || counts.NXDomain != 1 ||
		counts.NotRecorded != 1 || counts.NoData != 0 || counts.Failures[dns.ServFail] != 1 {
		t.Errorf("counts %+v", counts)
	}
}

// TestCacheIntervals: an answer with bounds serves the moments within them only.
func TestCacheIntervals(t *testing.T) {
	t.Parallel()
	asked := 0
	c := dns.Cache(sourceFunc(func(_ context.Context, q dns.Question) (*dns.Answer, error) {
		asked++
		a := &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.Success, Source: "test"}
		switch {
		case q.At.IsZero():
			a.Records, a.Since = []string{"latest"}, day(20)
		case q.At.Before(day(10)):
			a.Records, a.Until = []string{"old"}, day(10)
		case q.At.Before(day(20)):
			a.Records, a.Since, a.Until = []string{"middle"}, day(10), day(20)
		default:
			a.Records, a.Since = []string{"new"}, day(20)
		}
		return a, nil
	}))
	known := map[string]*dns.Answer{}
	for _, test := range []struct {
		at   time.Time
		want string
	}{
		{day(15), "middle"}, {day(10), "middle"}, {day(20), "new"}, {day(9), "old"}, {time.Time{}, "latest"},
		{day(1), "old"}, {day(19), "middle"}, {day(25), "new"}, {time.Time{}, "latest"}, {day(10).Add(-1), "old"},
	} {
		a, err := c.Lookup(t.Context(), dns.Question{Name: "x.example", Type: dns.TypeTXT, At: test.at})
		if err != nil || a.Records[0] != test.want {
			t.Fatalf("at %v: %+v, %v, want %s", test.at, a, err, test.want)
		}
		if known[test.want] != nil && known[test.want] != a {
			t.Errorf("at %v: another answer", test.at)
		}
		known[test.want] = a
	}
	if asked != 4 {
		t.Errorf("asked %d times, want 4", asked)
	}
}

// TestCacheFlights: many ask, one goes; if that one is called off another goes,
// and nothing of it stays.
func TestCacheFlights(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		c := dns.Cache(sourceFunc(func(ctx context.Context, q dns.Question) (*dns.Answer, error) {
			asked.Add(1)
			select {
			case <-time.After(time.Second):
				return &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.NXDomain}, nil
			case <-ctx.Done():
				// A careless source: the end of the context looks like a timeout.
				return &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.Failure, Kind: dns.Timeout}, nil
			}
		}))
		q := dns.Question{Name: "x.example", Type: dns.TypeA}
		leader, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if a, err := c.Lookup(leader, q); a != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("leader: %+v, %v", a, err)
			}
		})
		synctest.Wait()
		var answers [10]*dns.Answer
		for i := range answers {
			wg.Go(func() {
				var err error
				if answers[i], err = c.Lookup(t.Context(), q); err != nil {
					t.Error(err)
				}
			})
		}
		waiter, cancelWaiter := context.WithCancel(t.Context())
		wg.Go(func() {
			if a, err := c.Lookup(waiter, q); a != nil || !errors.Is(err, context.Canceled) {
				t.Errorf("waiter: %+v, %v", a, err)
			}
		})
		synctest.Wait()
		if n := asked.Load(); n != 1 {
			t.Errorf("asked %d times", n)
		}
		cancelWaiter()
		cancel()
		wg.Wait()
		for _, a := range answers {
			if a == nil || a != answers[0] || a.Status != dns.NXDomain {
				t.Errorf("answers %+v, %+v", a, answers[0])
			}
		}
		if n := asked.Load(); n != 2 {
			t.Errorf("asked %d times, want 2", n)
		}
	})
}

// TestCacheErrors: an error is told to all who wait and not kept.
func TestCacheErrors(t *testing.T) {
	t.Parallel()
	src := dnstest.Source{"x.example": {dnstest.Abort}}
	c := dns.Cache(src)
	q := dns.Question{Name: "x.example", Type: dns.TypeA}
	if _, err := c.Lookup(t.Context(), q); !errors.Is(err, dnstest.ErrAborted) {
		t.Errorf("error %v", err)
	}
	delete(src, "x.example")
	if a, err := c.Lookup(t.Context(), q); err != nil || a.Status != dns.NXDomain {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestCachePrefetch(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var asked, running, most atomic.Int32
		c := dns.Cache(sourceFunc(func(ctx context.Context, q dns.Question) (*dns.Answer, error) {
			asked.Add(1)
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			time.Sleep(time.Second)
			return &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.NXDomain}, nil
		}))
		q := dns.Question{Name: "x.example", Type: dns.TypeA}
		if !c.Prefetch(t.Context(), q) {
			t.Error("not asked")
		}
		synctest.Wait()
		if c.Prefetch(t.Context(), q) {
			t.Error("asked again while on its way")
		}
		if _, err := c.Lookup(t.Context(), q); err != nil || asked.Load() != 1 {
			t.Errorf("asked %d times, %v", asked.Load(), err)
		}
		if c.Prefetch(t.Context(), q) {
			t.Error("asked again though known")
		}
		started := 0
		for i := range 3000 {
			if c.Prefetch(t.Context(), dns.Question{Name: strconv.Itoa(i), Type: dns.TypeA}) {
				started++
			}
		}
		c.Wait()
		if started >= 3000 || int(most.Load()) != started {
			t.Errorf("%d started, %d at once", started, most.Load())
		}
	})
}

// pastSource knows several answers, and makes them anew each time.
type pastSource struct{ dns.Source }

func pastAnswer(i int) *dns.Answer {
	return &dns.Answer{Name: "x.example", Type: dns.TypeTXT, Status: dns.Success, Records: []string{strconv.Itoa(i)},
		Since: day(i), Until: day(i + 1), Source: "history"}
}

func (pastSource) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	return pastAnswer(q.At.Day()), nil
}

func (pastSource) History(context.Context, string, dns.Type) ([]*dns.Answer, error) {
	return []*dns.Answer{pastAnswer(1), pastAnswer(2), pastAnswer(3)}, nil
}

// TestCacheHistory: histories and lookups give the same pointers, whichever was
// first.
func TestCacheHistory(t *testing.T) {
	t.Parallel()
	c := dns.Cache(pastSource{})
	at := func(n int) *dns.Answer {
		a, err := c.Lookup(t.Context(), dns.Question{Name: "x.example", Type: dns.TypeTXT, At: day(n)})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	before := at(2)
	list, err := c.History(t.Context(), "x.example", dns.TypeTXT)
	if err != nil || len(list) != 3 || list[1] != before || list[0] != at(1) || list[2] != at(3) {
		t.Errorf("%v, %v", list, err)
	}
	again, _ := c.History(t.Context(), "x.example", dns.TypeTXT)
	if &again[0] != &list[0] {
		t.Error("asked again")
	}
}

// TestCacheMemory holds what a name costs besides its answer.
func TestCacheMemory(t *testing.T) {
	const names, limit = 100_000, 120 // bytes, name included (here 15)
	shared := &dns.Answer{Status: dns.NXDomain}
	c := dns.Cache(sourceFunc(func(context.Context, dns.Question) (*dns.Answer, error) { return shared, nil }))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range names {
		c.Lookup(t.Context(), dns.Question{Name: fmt.Sprintf("h%06d.example", i), Type: dns.TypeA})
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / names
	t.Logf("%d bytes a name", each)
	if each > limit {
		t.Errorf("%d bytes a name, limit %d", each, limit)
	}
	runtime.KeepAlive(c)
}

func TestCacheHitAllocatesNothing(t *testing.T) {
	c := dns.Cache(dnstest.Source{"a.example A": {"192.0.2.1"}})
	q := dns.Question{Name: "a.example", Type: dns.TypeA, At: day(1)}
	ctx := t.Context()
	if n := testing.AllocsPerRun(100, func() { c.Lookup(ctx, q) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func benchmarkCache() (*dns.CacheSource, []dns.Question) {
	src := sourceFunc(func(_ context.Context, q dns.Question) (*dns.Answer, error) {
		return &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.NXDomain}, nil
	})
	c := dns.Cache(src)
	questions := make([]dns.Question, 1024)
	for i := range questions {
		questions[i] = dns.Question{Name: "_dmarc.host" + strconv.Itoa(i) + ".example.com", Type: dns.TypeTXT, At: day(1)}
		c.Lookup(context.Background(), questions[i])
	}
	return c, questions
}

func BenchmarkCacheHit(b *testing.B) {
	c, questions := benchmarkCache()
	ctx := b.Context()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c.Lookup(ctx, questions[i%len(questions)])
		i++
	}
}

func BenchmarkCacheHitParallel(b *testing.B) {
	c, questions := benchmarkCache()
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			c.Lookup(ctx, questions[i%len(questions)])
		}
	})
}
