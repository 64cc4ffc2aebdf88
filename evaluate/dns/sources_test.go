package dns_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

func TestOverlay(t *testing.T) {
	t.Parallel()
	base := dnstest.Source{
		"example.com A":          {"192.0.2.1"},
		"example.com TXT":        {"base"},
		"_dmarc.example.com TXT": {"v=DMARC1; p=none"},
		"host.example.com A":     {"192.0.2.2"},
		"to-overlay.base CNAME":  {"mid.base"},
		"mid.base CNAME":         {"in.overlay"},
		"loop.base CNAME":        {"loop.overlay"},
		"broken.base":            {dnstest.ServFail},
		"unknown.base":           {dnstest.NotRecorded},
		"w.wild A":               {"192.0.2.3"},
		"gone.example":           {},
	}
	o := overlay(t, `
$TTL 0
_dmarc.example.com  60 TXT "v=DMARC1; p=reject"
in.overlay          30 A 198.51.100.1
to-base.overlay     CNAME host.example.com
to-broken.overlay   CNAME broken.base
to-unknown.overlay  CNAME unknown.base
through.overlay     CNAME to-overlay.base
loop.overlay        CNAME loop.base
*.wild              A 198.51.100.9
; @servfail example.org TXT
; @nxdomain gone.example
`, base)
	ok := func(source string, records ...string) dns.Answer {
		return dns.Answer{Status: dns.Success, Records: records, Source: source}
	}
	with := func(a dns.Answer, ttl uint32, cnames ...string) dns.Answer {
		a.TTL, a.CNAMEs = ttl, cnames
		return a
	}
	checkAnswers(t, o, "overlay", []answerCase{
		{"_dmarc.example.com", dns.TypeTXT, with(ok("overlay", "v=DMARC1; p=reject"), 60)},
		{"_dmarc.example.com", dns.TypeA, dns.Answer{Status: dns.NoData}},
		// A name that is there only because of names below it falls through.
		{"example.com", dns.TypeTXT, ok("test", "base")},
		{"example.com", dns.TypeMX, dns.Answer{Status: dns.NoData, Source: "test"}},
		{"nowhere.example.com", dns.TypeA, dns.Answer{Status: dns.NXDomain, Source: "test"}},
		{"unknown.base", dns.TypeA, dns.Answer{Status: dns.NotRecorded}},
		{"a..b", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.BadName}},
		// Aliases lead both ways.
		{"to-base.overlay", dns.TypeA, with(ok("overlay", "192.0.2.2"), 0, "host.example.com")},
		{"to-overlay.base", dns.TypeA, with(ok("overlay", "198.51.100.1"), 0, "mid.base", "in.overlay")},
		{"through.overlay", dns.TypeA, with(ok("overlay", "198.51.100.1"), 0, "to-overlay.base", "mid.base", "in.overlay")},
		{"to-broken.overlay", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.ServFail, CNAMEs: []string{"broken.base"}}},
		{"loop.overlay", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.Loop, CNAMEs: []string{"loop.base"}}},
		{"w.wild", dns.TypeA, ok("overlay", "198.51.100.9")},
		{"example.org", dns.TypeTXT, dns.Answer{Status: dns.Failure, Kind: dns.ServFail}},
		{"gone.example", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"x.gone.example", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
	})
	if a, err := o.Lookup(t.Context(), dns.Question{Name: "to-unknown.overlay", Type: dns.TypeA}); err != nil || a.Status != dns.NotRecorded {
		t.Errorf("to-unknown: %+v, %v", a, err)
	}
	q := dns.Question{Name: "host.example.com", Type: dns.TypeA}
	c := dns.Cache(base)
	below, _ := c.Lookup(t.Context(), q)
	if a, _ := overlay(t, "x.example A 192.0.2.1\n", c).Lookup(t.Context(), q); a != below {
		t.Error("an answer that falls through is not base's own")
	}
	if _, err := overlay(t, "a.example CNAME b.example\n", dnstest.Source{"b.example": {dnstest.Abort}}).
		Lookup(t.Context(), dns.Question{Name: "a.example", Type: dns.TypeA}); !errors.Is(err, dnstest.ErrAborted) {
		t.Errorf("error %v", err)
	}
}

func TestOverlayIntervals(t *testing.T) {
	t.Parallel()
	o := overlay(t, "a.example CNAME x.example\n", pastSource{})
	a, err := o.Lookup(t.Context(), dns.Question{Name: "a.example", Type: dns.TypeTXT, At: day(2)})
	if err != nil || a.Records[0] != "2" || !a.Since.Equal(day(2)) || !a.Until.Equal(day(3)) {
		t.Errorf("%+v, %v", a, err)
	}
	if h, err := o.History(t.Context(), "x.example", dns.TypeTXT); err != nil || len(h) != 3 {
		t.Errorf("%v, %v", h, err)
	}
	if h, err := o.History(t.Context(), "a.example", dns.TypeTXT); err != nil || len(h) != 0 {
		t.Errorf("%v, %v", h, err)
	}
}

func replayOf(t testing.TB, answers ...*dns.Answer) *dns.ReplaySource {
	t.Helper()
	r, err := dns.Replay(func(yield func(*dns.Answer, error) bool) {
		for _, a := range answers {
			if !yield(a, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestReplay(t *testing.T) {
	t.Parallel()
	old := &dns.Answer{Name: "x.example", Type: dns.TypeTXT, Status: dns.Success, Records: []string{"old"}, Source: "history", Since: day(5), Until: day(10), ObservedAt: day(6)}
	late := &dns.Answer{Name: "x.example", Type: dns.TypeTXT, Status: dns.NXDomain, Source: "history", Since: day(20), Until: day(25)}
	failed := &dns.Answer{Name: "y.example", Type: dns.TypeTXT, Status: dns.Failure, Kind: dns.Timeout, Source: "live 192.0.2.1:53", TTL: 7}
	again := &dns.Answer{Name: "y.example", Type: dns.TypeTXT, Status: dns.NXDomain}
	r := replayOf(t, late, old, failed, again)
	if r.Len() != 3 {
		t.Errorf("%d answers", r.Len())
	}
	for _, test := range []struct {
		name         string
		at           time.Time
		want         *dns.Answer // nil: not recorded
		since, until time.Time
	}{
		{"x.example", day(5), old, day(5), day(10)},
		{"x.example", day(9), old, day(5), day(10)},
		{"x.example", day(10), nil, day(10), day(20)},
		{"x.example", day(4), nil, time.Time{}, day(5)},
		{"x.example", day(22), late, day(20), day(25)},
		{"x.example", day(28), nil, day(25), time.Time{}},
		{"x.example", time.Time{}, late, day(20), day(25)},
		{"y.example", day(1), failed, time.Time{}, time.Time{}},
		{"y.example", time.Time{}, failed, time.Time{}, time.Time{}},
		{"z.example", day(1), nil, time.Time{}, time.Time{}},
	} {
		a, err := r.Lookup(t.Context(), dns.Question{Name: test.name, Type: dns.TypeTXT, At: test.at})
		if err != nil {
			t.Fatal(err)
		}
		if test.want != nil && a != test.want || test.want == nil && a.Status != dns.NotRecorded ||
			!a.Since.Equal(test.since) || !a.Until.Equal(test.until) {
			t.Errorf("%s at %v: %+v", test.name, test.at, a)
		}
	}
	if h, _ := r.History(t.Context(), "x.example", dns.TypeTXT); len(h) != 1 || h[0] != old {
		t.Errorf("history %v", h)
	}
	broken := errors.New("broken file")
	if _, err := dns.Replay(func(yield func(*dns.Answer, error) bool) { yield(nil, broken) }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// TestChainBounds: where a source that knows some moments stands before one that
// knows none, a cache gives each moment its own, in whatever order they are asked.
func TestChainBounds(t *testing.T) {
	t.Parallel()
	old := &dns.Answer{Name: "x.example", Type: dns.TypeTXT, Status: dns.Success, Records: []string{"old"}, Source: "history", Since: day(5), Until: day(10)}
	for _, days := range [][]int{{4, 7, 12}, {7, 4, 12}, {12, 4, 7}, {12, 7, 4}} {
		c := dns.Cache(dns.Chain(replayOf(t, old), dnstest.Source{"x.example TXT": {"now"}}))
		for _, n := range append(days, days...) {
			want := "now"
			if n == 7 {
				want = "old"
			}
			a, err := c.Lookup(t.Context(), dns.Question{Name: "x.example", Type: dns.TypeTXT, At: day(n)})
			if err != nil || a.Records[0] != want {
				t.Errorf("%v, day %d: %+v, %v", days, n, a, err)
			}
		}
	}
}

func TestChain(t *testing.T) {
	t.Parallel()
	c := dns.Chain(
		dnstest.Source{"a.example": {dnstest.NotRecorded}, "b.example": {dnstest.NotRecorded}, "f.example": {dnstest.ServFail}, "none.example": {dnstest.NotRecorded}},
		dnstest.Source{"a.example A": {"192.0.2.1"}, "f.example A": {"192.0.2.2"}, "none.example": {dnstest.NotRecorded}},
	)
	checkAnswers(t, c, "test", []answerCase{
		{"a.example", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}}},
		{"b.example", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"f.example", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.ServFail}}, // a failure is an answer
		{"x.example", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"none.example", dns.TypeA, dns.Answer{Status: dns.NotRecorded}},
	})
	h, err := dns.Chain(dnstest.Source{}, pastSource{}, replayOf(t, pastAnswer(0))).History(t.Context(), "x.example", dns.TypeTXT)
	if err != nil || len(h) != 4 || h[0].Records[0] != "0" {
		t.Errorf("%v, %v", h, err)
	}
}

func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var running, most atomic.Int32
		l := dns.Limit(sourceFunc(func(_ context.Context, q dns.Question) (*dns.Answer, error) {
			most.Store(max(most.Load(), running.Add(1)))
			defer running.Add(-1)
			time.Sleep(time.Second)
			return &dns.Answer{}, nil
		}), 3)
		start := time.Now()
		var wg sync.WaitGroup
		for range 9 {
			wg.Go(func() { l.Lookup(t.Context(), dns.Question{}) })
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := l.Lookup(ctx, dns.Question{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v", err)
		}
		wg.Wait()
		if d := time.Since(start); most.Load() != 3 || d != 3*time.Second {
			t.Errorf("%d at once, %v", most.Load(), d)
		}
	})
}

func TestRetry(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		kinds []dns.FailureKind // "" is an answer
		want  dns.FailureKind
		asked int
		took  time.Duration
	}{
		{[]dns.FailureKind{""}, "", 1, 0},
		{[]dns.FailureKind{dns.Timeout, ""}, "", 2, time.Second},
		{[]dns.FailureKind{dns.ServFail, dns.Network, ""}, "", 3, 4 * time.Second},
		{[]dns.FailureKind{dns.Refused, dns.Refused, dns.Refused, ""}, dns.Refused, 3, 4 * time.Second},
		{[]dns.FailureKind{dns.Loop, ""}, dns.Loop, 1, 0},
		{[]dns.FailureKind{dns.FormErr, ""}, dns.FormErr, 1, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			r := dns.Retry(sourceFunc(func(_ context.Context, q dns.Question) (*dns.Answer, error) {
				a := &dns.Answer{Status: dns.NXDomain, Kind: test.kinds[asked]}
				if a.Kind != "" {
					a.Status = dns.Failure
				}
				asked++
				return a, nil
			}), time.Second, 3*time.Second)
			start := time.Now()
			a, err := r.Lookup(t.Context(), dns.Question{})
			if err != nil || a.Kind != test.want || asked != test.asked || time.Since(start) != test.took {
				t.Errorf("%v: %+v, %v, asked %d, took %v", test.kinds, a, err, asked, time.Since(start))
			}
			if c := dns.CountsOf(r); int(c.Retries) != asked-1 {
				t.Errorf("%v: %d retries", test.kinds, c.Retries)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r := dns.Retry(dnstest.Source{"x.example": {dnstest.Timeout}}, time.Hour)
		if a, err := r.Lookup(ctx, dns.Question{Name: "x.example", Type: dns.TypeA}); a != nil || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%+v, %v", a, err)
		}
	})
}

func TestParseSpec(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]dns.Spec{
		"live":                    {{Kind: "live"}},
		"zone:a/b.zone":           {{Kind: "zone", Path: "a/b.zone"}},
		`overlay:a\,b,live`:       {{Kind: "overlay", Path: "a,b"}, {Kind: "live"}},
		`replay:C:\data,zone:x:y`: {{Kind: "replay", Path: `C:\data`}, {Kind: "zone", Path: "x:y"}},
		"replay:r,history:h,live": {{Kind: "replay", Path: "r"}, {Kind: "history", Path: "h"}, {Kind: "live"}},
	} {
		got, err := dns.ParseSpec(s)
		if err != nil {
			t.Errorf("%q: %v", s, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", s, d)
		}
		if got.String() != s {
			t.Errorf("%q prints as %q", s, got)
		}
	}
	for s, want := range map[string]string{
		"":               "not one of",
		"live,":          "not one of",
		"dead":           "not one of",
		"live:x":         "takes no path",
		"zone":           "no path",
		"history:":       "no path",
		"live,history:x": "never asked",
		"zone:x,live":    "never asked",
	} {
		if _, err := dns.ParseSpec(s); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", s, err, want)
		}
	}
}

// closer counts what is closed.
type closer struct {
	dns.Source
	closed *int
}

func (c closer) Close() error { *c.closed++; return nil }

func TestSpecOpen(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	over := filepath.Join(dir, "over.zone")
	if err := os.WriteFile(over, []byte("o.example A 192.0.2.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	closed := 0
	open := func(src dns.Source) func(string) (dns.Source, error) {
		return func(path string) (dns.Source, error) {
			if path == "absent" {
				return nil, os.ErrNotExist
			}
			return closer{src, &closed}, nil
		}
	}
	openers := dns.Openers{
		Replay:  open(replayOf(t, &dns.Answer{Name: "r.example", Type: dns.TypeA, Status: dns.NXDomain, Source: "recorded"})),
		History: open(dnstest.Source{}),
	}
	spec, err := dns.ParseSpec("replay:r,overlay:" + over + ",history:h")
	if err != nil {
		t.Fatal(err)
	}
	src, closeAll, err := spec.Open(openers)
	if err != nil {
		t.Fatal(err)
	}
	checkAnswers(t, src, "", []answerCase{
		{"r.example", dns.TypeA, dns.Answer{Status: dns.NXDomain, Source: "recorded"}},
		{"o.example", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, Source: "overlay"}},
		{"x.example", dns.TypeA, dns.Answer{Status: dns.NXDomain, Source: "test"}},
	})
	if err := closeAll(); err != nil || closed != 2 {
		t.Errorf("closed %d, %v", closed, err)
	}
	for _, s := range []string{"history:absent", "replay:absent,history:h", "overlay:" + dir + "/absent", "zone:" + dir + "/absent"} {
		spec, err := dns.ParseSpec(s)
		if err != nil {
			t.Fatal(err)
		}
		closed = 0
		if _, _, err := spec.Open(openers); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), spec[0].String()) {
			t.Errorf("%s: %v", s, err)
		}
		if strings.HasSuffix(s, "history:h") != (closed == 1) {
			t.Errorf("%s: closed %d", s, closed)
		}
	}
	if _, _, err := (dns.Spec{{Kind: "live"}}).Open(openers); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("live: %v", err)
	}
}

func TestSystemServers(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "resolv.conf")
	for text, want := range map[string][]string{
		"nameserver 192.0.2.1\nnameserver 2001:db8::1\n": {"192.0.2.1:53", "[2001:db8::1]:53"},
		"search example\n": {"127.0.0.1:53"},
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := dns.SystemServers(path)
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v\n%s", err, d)
		}
	}
	if _, err := dns.SystemServers(path + ".absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error %v", err)
	}
}
