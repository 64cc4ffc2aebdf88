package spf

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// asked counts the questions that one query costs on a Checker in use.
func asked(t *testing.T, r *dnstest.Recorder, c *Checker, q Query) (*Outcome, int) {
	t.Helper()
	before := len(r.Asked())
	o, err := c.Check(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return o, len(r.Asked()) - before
}

// TestKeptBy: a result is kept by what it depends on, and by nothing else.
func TestKeptBy(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{
		"plain.test TXT":  {"v=spf1 a:x.test -all"},
		"local.test TXT":  {"v=spf1 exists:%{l}.x.test -all"},
		"helo.test TXT":   {"v=spf1 a:%{h} -all"},
		"both.test TXT":   {"v=spf1 exists:%{h}.x.test include:local.test -all"},
		"nested.test TXT": {"v=spf1 include:local.test -all"},
		"early.test TXT":  {"v=spf1 ip4:192.0.2.1 exists:%{l}.x.test -all"},
		"x.test A":        {"198.51.100.1"},
		"*.x.test A":      {"198.51.100.1"},
		"h.test.x.test":   {},
		"h2.test.x.test":  {},
		"exp.test TXT":    {"v=spf1 -all exp=why.test"},
		"why.test TXT":    {"%{l}"},
		"when.test TXT":   {"v=spf1 -all exp=time.test"},
		"time.test TXT":   {"%{t}"},
	}
	base := Query{Client: netip.MustParseAddr("192.0.2.1"), Scope: MailFrom, Local: "foo", HELO: "h.test"}
	changes := map[string]func(*Query){
		"client": func(q *Query) { q.Client = netip.MustParseAddr("192.0.2.2") },
		"scope":  func(q *Query) { q.Scope = HELO },
		"local":  func(q *Query) { q.Local = "bar" },
		"helo":   func(q *Query) { q.HELO = "h2.test" },
		"time":   func(q *Query) { q.At = time.Unix(1, 0) },
		"lost":   func(q *Query) { q.LocalUnknown = true },
	}
	for domain, depends := range map[string][]string{
		"plain.test":  {"client", "scope", "lost"},
		"local.test":  {"client", "scope", "lost", "local"},
		"helo.test":   {"client", "scope", "lost", "helo"},
		"both.test":   {"client", "scope", "lost", "local", "helo"},
		"nested.test": {"client", "scope", "lost", "local"},
		"early.test":  {"client", "scope", "lost"},
		"exp.test":    {"client", "scope", "lost", "local"},
		"when.test":   {"client", "scope", "lost", "time"},
	} {
		for what, change := range changes {
			r := &dnstest.Recorder{Base: zone}
			c := NewChecker(r, Options{Explain: true})
			q := base
			q.Domain = domain
			first, _ := asked(t, r, c, q)
			if again, n := asked(t, r, c, q); n != 0 || again != first {
				t.Errorf("%s: asked %d questions again", domain, n)
			}
			change(&q)
			_, n := asked(t, r, c, q)
			depend := false
			for _, d := range depends {
				depend = depend || d == what
			}
			if (n != 0) != depend {
				t.Errorf("%s, other %s: asked %d questions", domain, what, n)
			}
		}
	}
}

// timeSource changes its mind at given moments.
type timeSource struct {
	mu    sync.Mutex
	asked int
	turns []time.Time // rising
}

func (s *timeSource) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	s.mu.Lock()
	s.asked++
	s.mu.Unlock()
	a := &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.NoData}
	n := 0
	for n < len(s.turns) && !q.At.Before(s.turns[n]) {
		n++
	}
	if n > 0 {
		a.Since = s.turns[n-1]
	}
	if n < len(s.turns) {
		a.Until = s.turns[n]
	}
	if q.Type == dns.TypeTXT {
		a.Status, a.Records = dns.Success, []string{fmt.Sprintf("v=spf1 ip4:192.0.2.%d -all", n)}
	}
	return a, nil
}

// TestTimeAxis: a kept result is used only while every answer it used holds.
func TestTimeAxis(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return time.Unix(int64(n)*86400, 0) }
	s := &timeSource{turns: []time.Time{day(10), day(20), day(30)}}
	c := NewChecker(s, Options{})
	at := func(when time.Time) (Result, int) {
		before := s.asked
		o, err := c.Check(t.Context(), Query{Client: netip.MustParseAddr("192.0.2.1"), Scope: MailFrom, Domain: "a.test", At: when})
		if err != nil {
			t.Fatal(err)
		}
		return o.Result, s.asked - before
	}
	for _, step := range []struct {
		when  time.Time
		want  Result
		asked int
	}{
		{day(12), Pass, 1},
		{day(15), Pass, 0},
		{day(19).Add(24*time.Hour - 1), Pass, 0},
		{day(20), Fail, 1}, // the bound belongs to the next answer
		{day(25), Fail, 0},
		{day(10), Pass, 1}, // a bound is judged anew, whatever side it is of
		{day(10), Pass, 0},
		{day(5), Fail, 1},
		{day(1), Fail, 0},
		{day(40), Fail, 1},
		{day(50), Fail, 0},
		{day(15), Pass, 0},
		{time.Time{}, Fail, 1}, // the only view, whichever that is
		{time.Time{}, Fail, 0},
	} {
		if got, n := at(step.when); got != step.want || n != step.asked {
			t.Errorf("%s: %s after %d questions, want %s after %d", step.when, got, n, step.want, step.asked)
		}
	}
}

// TestCacheBound: a cache of any size stays within it and gives the same results.
func TestCacheBound(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{"*.test TXT": {"v=spf1 exists:%{l}.x.test ?all"}}
	small := NewChecker(zone, Options{CachedResults: 1})
	for round := range 2 {
		for i := range 3000 {
			q := from("192.0.2.1", fmt.Sprintf("d%d.test", i%1500))
			q.Local = fmt.Sprint(i % 7)
			got, err := small.Check(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if round == 0 && i%100 == 0 {
				want, err := NewChecker(zone, Options{}).Check(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Fatal(diff)
				}
			}
		}
	}
	entries := 0
	for i := range small.results.shards {
		entries += len(small.results.shards[i].young) + len(small.results.shards[i].old)
	}
	if limit := 2 * shards; entries > limit {
		t.Errorf("%d entries kept, the limit is %d", entries, limit)
	}
}

// TestPeriodsBound: one client and domain over a long time keep few results.
func TestPeriodsBound(t *testing.T) {
	t.Parallel()
	s := &timeSource{}
	for i := range 100 {
		s.turns = append(s.turns, time.Unix(int64(i)*1000, 0))
	}
	c := NewChecker(s, Options{})
	q := from("192.0.2.1", "a.test")
	for i := range 100 {
		q.At = time.Unix(int64(i)*1000+500, 0)
		if _, err := c.Check(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	k, ok := c.results.cache.get(keyOf(&q, 0))
	if !ok || len(k.periods) != maxPeriods {
		t.Errorf("%d periods kept, want %d", len(k.periods), maxPeriods)
	}
}

// TestConcurrent: many goroutines get equal outcomes.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{"*.test TXT": {"v=spf1 exists:%{l}.%{h}.x.test ip4:192.0.2.0/24 -all"}}
	c := NewChecker(zone, Options{CachedResults: 200})
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 500 {
				q := from(fmt.Sprintf("192.0.%d.1", 2+i%2), fmt.Sprintf("d%d.test", (i+g*7)%50))
				o, err := c.Check(t.Context(), q)
				want := Pass
				if i%2 == 1 {
					want = Fail
				}
				if err != nil || o.Result != want || o.Domain != q.Domain {
					t.Errorf("%v: %v, %v", q, o, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestHitAllocates nothing.
func TestHitAllocates(t *testing.T) {
	zone := dnstest.Source{
		"plain.test TXT": {"v=spf1 -all"},
		"local.test TXT": {"v=spf1 exists:%{l}.%{h}.x.test -all"},
	}
	c := NewChecker(zone, Options{})
	for _, domain := range []string{"plain.test", "local.test"} {
		q := from("::ffff:192.0.2.1", domain)
		n := testing.AllocsPerRun(100, func() {
			if _, err := c.Check(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations", domain, n)
		}
	}
}

func BenchmarkCheckHit(b *testing.B) {
	c := NewChecker(dnstest.Source{"a.test TXT": {"v=spf1 -all"}}, Options{})
	q := from("192.0.2.1", "a.test")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Check(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckHitParallel(b *testing.B) {
	c := NewChecker(dnstest.Source{"*.test TXT": {"v=spf1 -all"}}, Options{})
	ctx := b.Context()
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		q := from("192.0.2.1", "a.test")
		for p.Next() {
			if _, err := c.Check(ctx, q); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// fixed answers every question from a plain map, as a cache in front would.
type fixed map[dns.Question]*dns.Answer

func (f fixed) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) { return f[q], nil }

// BenchmarkCheckMiss judges a record of a common shape, its DNS cached.
func BenchmarkCheckMiss(b *testing.B) {
	record := func(name, text string) (dns.Question, *dns.Answer) {
		q := dns.Question{Name: name, Type: dns.TypeTXT}
		return q, &dns.Answer{Name: name, Type: q.Type, Status: dns.Success, Records: []string{text}}
	}
	zone := fixed{}
	for name, text := range map[string]string{
		"a.test": "v=spf1 include:b.test include:c.test ip4:192.0.2.1 ~all",
		"b.test": "v=spf1" + repeat(20, "ip4:198.51.%d.0/24") + " ~all",
		"c.test": "v=spf1 include:d.test include:e.test ~all",
		"d.test": "v=spf1" + repeat(20, "ip4:203.0.%d.0/24") + " ~all",
		"e.test": "v=spf1" + repeat(20, "ip6:2001:db8:%d::/48") + " ~all",
	} {
		q, a := record(name, text)
		zone[q] = a
	}
	c := NewChecker(zone, Options{})
	q := from("192.0.2.1", "a.test")
	b.ReportAllocs()
	for b.Loop() {
		o, err := c.evaluate(b.Context(), q)
		if err != nil || o.Result != Pass {
			b.Fatal(o, err)
		}
	}
}
