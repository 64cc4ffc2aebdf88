package dns_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

func TestLiveStampsAnswers(t *testing.T) {
	t.Parallel()
	now := time.Date(2024, 2, 3, 4, 5, 6, 0, time.UTC)
	o := liveOptions()
	o.Now = func() time.Time { return now }
	l := live(t, o, dnstest.Serve(t, dnstest.Source{}, nil).Addr)
	a, err := l.Lookup(t.Context(), dns.Question{Name: question, Type: dns.TypeA, At: now.AddDate(-5, 0, 0)})
	if err != nil || a.Status != dns.NXDomain || !a.ObservedAt.Equal(now) || !a.Since.IsZero() || !a.Until.IsZero() {
		t.Errorf("%+v, %v", a, err)
	}
}

// TestLiveSecondServer: what one server does wrong another mends, and one that
// dies in mid-run is asked only now and then.
func TestLiveServerDies(t *testing.T) {
	t.Parallel()
	names := make([]string, 300)
	zone := dnstest.Source{}
	for i := range names {
		names[i] = "h" + strconv.Itoa(i) + ".example"
		zone[names[i]+" A"] = []string{"192.0.2.1"}
	}
	var dead atomic.Bool
	dying := dnstest.Serve(t, zone, func(mdns.ResponseWriter, *mdns.Msg) bool { return dead.Load() })
	other := dnstest.Serve(t, zone, nil)
	o := liveOptions()
	o.Timeout, o.Attempts, o.InFlight = 50*time.Millisecond, 3, 20
	l := live(t, o, dying.Addr, other.Addr)
	for i, name := range names {
		dead.Store(i >= 100)
		a, err := l.Lookup(t.Context(), dns.Question{Name: name, Type: dns.TypeA})
		if err != nil || a.Status != dns.Success {
			t.Fatalf("%s: %+v, %v", name, a, err)
		}
	}
	c := dns.CountsOf(l)
	if s := c.Servers[0]; !s.Resting || s.Timeouts > 30 || s.Answered < 30 {
		t.Errorf("dead server: %+v", s)
	}
	if c.Servers[1].Resting {
		t.Errorf("other server: %+v", c.Servers[1])
	}
	dead.Store(false)
	for i := range 200 {
		if _, err := l.Lookup(t.Context(), dns.Question{Name: names[i], Type: dns.TypeA}); err != nil {
			t.Fatal(err)
		}
	}
	if s := dns.CountsOf(l).Servers[0]; s.Resting {
		t.Errorf("server is back but rests: %+v", s)
	}
}

// TestLiveAllDie: a dead network costs bounded time and is told.
func TestLiveAllDie(t *testing.T) {
	t.Parallel()
	srv := dnstest.Serve(t, dnstest.Source{}, nil)
	l := live(t, liveOptions(), srv.Addr)
	srv.Stop() // the port is closed: the kernel says so
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			a, err := l.Lookup(t.Context(), dns.Question{Name: strconv.Itoa(i) + ".example", Type: dns.TypeA})
			if err != nil || a.Status != dns.Failure || a.Kind != dns.Network && a.Kind != dns.Timeout {
				t.Errorf("%+v, %v", a, err)
			}
		})
	}
	wg.Wait()
	if c := dns.CountsOf(l); !c.Servers[0].Resting {
		t.Errorf("%+v", c)
	}
}

// TestLiveNoTCP: where TCP is blocked, cut answers cost little, and whole ones
// nothing.
func TestLiveNoTCP(t *testing.T) {
	t.Parallel()
	srv := dnstest.Serve(t, dnstest.Source{"small.example A": {"192.0.2.1"}}, func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		if strings.HasPrefix(m.Question[0].Name, "small") {
			return false
		}
		r := reply(m, 0)
		r.Truncated = true
		if isUDP(w) {
			w.WriteMsg(r)
		}
		return true
	})
	o := liveOptions()
	o.Timeout, o.Attempts = 20*time.Millisecond, 1
	l := live(t, o, srv.Addr)
	start := time.Now()
	for i := range 300 {
		a, err := l.Lookup(t.Context(), dns.Question{Name: "large" + strconv.Itoa(i) + ".example", Type: dns.TypeA})
		if err != nil || a.Status != dns.Failure {
			t.Fatalf("%+v, %v", a, err)
		}
	}
	// Each would wait 20 ms: 6 s.
	if d := time.Since(start); d > 20*time.Second {
		t.Errorf("took %v", d)
	}
	if a, err := l.Lookup(t.Context(), dns.Question{Name: "small.example", Type: dns.TypeA}); err != nil || a.Status != dns.Success {
		t.Errorf("%+v, %v", a, err)
	}
}

func TestLiveBrokenServerBesideGoodOne(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{question + " A": {"192.0.2.1"}}
	bad := dnstest.Serve(t, zone, raw(func(b []byte) []byte { b[7] = 9; return b }))
	good := dnstest.Serve(t, zone, nil)
	l := live(t, liveOptions(), bad.Addr, good.Addr)
	for range 10 {
		a, err := l.Lookup(t.Context(), dns.Question{Name: question, Type: dns.TypeA})
		if err != nil || a.Status != dns.Success || a.Source != "live "+good.Addr {
			t.Fatalf("%+v, %v", a, err)
		}
	}
}

// TestLiveMixCase: an answer that does not repeat the case is not believed.
func TestLiveMixCase(t *testing.T) {
	t.Parallel()
	var mixed atomic.Bool
	srv := dnstest.Serve(t, dnstest.Source{}, func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		q := &m.Question[0]
		if q.Name != strings.ToLower(q.Name) {
			mixed.Store(true)
		}
		q.Name = strings.ToLower(q.Name)
		return false
	})
	o := liveOptions()
	o.MixCase = true
	l := live(t, o, srv.Addr)
	// 40 letters: by chance the case stays once in 10^12.
	name := strings.Repeat("abcdefgh.", 5) + "example"
	a, err := l.Lookup(t.Context(), dns.Question{Name: name, Type: dns.TypeA})
	if err != nil || a.Kind != dns.Timeout || !mixed.Load() {
		t.Errorf("%+v, %v, mixed %v", a, err, mixed.Load())
	}
}

func TestLiveEnds(t *testing.T) {
	t.Parallel()
	srv := dnstest.Serve(t, dnstest.Source{}, drop)
	for _, network := range []string{"udp", "tcp"} {
		if network == "tcp" {
			srv = dnstest.Serve(t, dnstest.Source{}, func(w mdns.ResponseWriter, m *mdns.Msg) bool {
				r := reply(m, 0)
				r.Truncated = true
				if isUDP(w) {
					w.WriteMsg(r)
				}
				return true
			})
		}
		l := live(t, dns.LiveOptions{Timeout: time.Hour}, srv.Addr)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(30*time.Millisecond, cancel)
		if a, err := l.Lookup(ctx, dns.Question{Name: question, Type: dns.TypeA}); a != nil || !errors.Is(err, context.Canceled) {
			t.Errorf("%s cancelled: %+v, %v", network, a, err)
		}
		time.AfterFunc(30*time.Millisecond, func() { l.Close() })
		if a, err := l.Lookup(t.Context(), dns.Question{Name: question, Type: dns.TypeA}); a != nil || !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s closed: %+v, %v", network, a, err)
		}
		if a, err := l.Lookup(t.Context(), dns.Question{Name: question, Type: dns.TypeA}); a != nil || !errors.Is(err, net.ErrClosed) {
			t.Errorf("%s after Close: %+v, %v", network, a, err)
		}
	}
}

// TestLiveLeavesNothing runs alone, as it counts goroutines.
func TestLiveLeavesNothing(t *testing.T) {
	srv := dnstest.Serve(t, conformZone(t), nil)
	before := runtime.NumGoroutine()
	for range 5 {
		l, err := dns.Live([]string{srv.Addr, srv.Addr}, dns.LiveOptions{ServerRate: 1000, TotalRate: 1000, Timeout: 20 * time.Millisecond, Attempts: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range dnstest.ConformQuestions() {
			if _, err := l.Lookup(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		l.Close()
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond) // the server still ends its TCP connections
	}
	t.Errorf("%d goroutines before, %d after", before, runtime.NumGoroutine())
}

func TestLiveRates(t *testing.T) {
	t.Parallel()
	srv := dnstest.Serve(t, dnstest.Source{}, nil)
	for _, o := range []dns.LiveOptions{{ServerRate: 200}, {TotalRate: 200}} {
		o.Timeout = time.Second
		l := live(t, o, srv.Addr)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 41 {
			wg.Go(func() {
				l.Lookup(t.Context(), dns.Question{Name: strconv.Itoa(i) + ".example", Type: dns.TypeA})
			})
		}
		wg.Wait()
		// 41 at 200 a second take 0.2 s, less the burst that a pacer may save up.
		if d := time.Since(start); d < 150*time.Millisecond {
			t.Errorf("%+v: 41 queries took %v", o, d)
		}
	}
}

func TestLiveServers(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"", ":53", "host name:53", "[::1", "127.0.0.1:port"} {
		if l, err := dns.Live([]string{s}, dns.LiveOptions{}); err == nil {
			l.Close()
			t.Errorf("%q is a server", s)
		}
	}
	if _, err := dns.Live(nil, dns.LiveOptions{}); err == nil {
		t.Error("no servers")
	}
	for s, want := range map[string]string{
		"192.0.2.1": "192.0.2.1:53", "192.0.2.1:5353": "192.0.2.1:5353", "localhost:54": ":54",
		"127.0.0.1": "127.0.0.1:53",
	} {
		l, err := dns.Live([]string{s}, dns.LiveOptions{})
		if err != nil {
			t.Errorf("%q: %v", s, err)
			continue
		}
		if got := dns.CountsOf(l).Servers[0].Server; !strings.HasSuffix(got, want) {
			t.Errorf("%q: %s", s, got)
		}
		l.Close()
	}
}
