package dns_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	mdns "github.com/miekg/dns"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

type intercept = func(w mdns.ResponseWriter, m *mdns.Msg) bool

func isUDP(w mdns.ResponseWriter) bool { return w.LocalAddr().Network() == "udp" }

// reply makes a response from records in master-file form; those behind "--" are
// the authority section.
func reply(m *mdns.Msg, rcode int, records ...string) *mdns.Msg {
	r := new(mdns.Msg).SetRcode(m, rcode)
	r.RecursionAvailable = true
	section := &r.Answer
	for _, text := range records {
		if text == "--" {
			section = &r.Ns
			continue
		}
		rr, err := mdns.NewRR(text)
		if err != nil {
			panic(err)
		}
		*section = append(*section, rr)
	}
	return r
}

// says answers every query alike.
func says(rcode int, records ...string) intercept {
	return func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		w.WriteMsg(reply(m, rcode, records...))
		return true
	}
}

// raw answers over UDP with a changed message, and not at all over TCP.
func raw(change func(b []byte) []byte, records ...string) intercept {
	return func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		b, err := reply(m, 0, records...).Pack()
		if err != nil {
			panic(err)
		}
		w.Write(change(b))
		return true
	}
}

// byQuestion answers each "name TYPE" with records of its own, the rest with no
// data and no SOA.
func byQuestion(answers map[string][]string) intercept {
	return func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		q := m.Question[0]
		w.WriteMsg(reply(m, 0, answers[strings.ToLower(q.Name)+" "+mdns.TypeToString[q.Qtype]]...))
		return true
	}
}

// once does something on the first query only.
func once(f intercept) intercept {
	var n atomic.Int32
	return func(w mdns.ResponseWriter, m *mdns.Msg) bool { return n.Add(1) == 1 && f(w, m) }
}

func drop(mdns.ResponseWriter, *mdns.Msg) bool { return true }

const (
	question = "asked.example"
	answerA  = "asked.example. 60 A 192.0.2.1"
	soaText  = "example. 60 SOA ns.example. h.example. 1 2 3 4 5"
)

// TestLiveFaults holds that whatever a server does leads to the right answer or
// to a failure of the right kind, never to absence.
func TestLiveFaults(t *testing.T) {
	t.Parallel()
	var (
		good     = dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, TTL: 60}
		huge     = make([]string, 200)
		failed   = func(k dns.FailureKind) dns.Answer { return dns.Answer{Status: dns.Failure, Kind: k} }
		truncate = func(records ...string) intercept {
			return func(w mdns.ResponseWriter, m *mdns.Msg) bool {
				r := reply(m, 0, records...)
				r.Truncated = isUDP(w)
				w.WriteMsg(r)
				return true
			}
		}
	)
	for i := range huge {
		huge[i] = strings.Repeat(strconv.Itoa(i%10), 250) + strconv.Itoa(i)
	}
	slices.Sort(huge)
	for _, test := range []struct {
		name   string
		server intercept // nil: answers with the zone
		want   dns.Answer
		check  func(c dns.Counts) bool
	}{
		{name: "answers", server: says(0, answerA), want: good},
		{name: "drops the first", server: once(drop), want: good,
			check: func(c dns.Counts) bool { return c.Retries == 1 && c.Servers[0].Timeouts == 1 }},
		{name: "drops all", server: drop, want: failed(dns.Timeout),
			check: func(c dns.Counts) bool { return c.Sent == 2 }},
		{name: "servfail", server: says(2), want: failed(dns.ServFail), check: func(c dns.Counts) bool { return c.Sent == 2 }},
		{name: "servfail, then answers", server: once(says(2)), want: good},
		{name: "servfail, then silent", server: func() intercept {
			first := once(says(2))
			return func(w mdns.ResponseWriter, m *mdns.Msg) bool { return first(w, m) || true }
		}(), want: failed(dns.ServFail)},
		{name: "refused", server: says(5), want: failed(dns.Refused)},
		{name: "formerr", server: says(1), want: failed(dns.FormErr)},
		{name: "other rcode", server: says(9), want: failed(dns.OtherRcode)},
		{name: "no EDNS", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if m.IsEdns0() == nil {
				return false
			}
			return says(4)(w, m)
		}, want: good, check: func(c dns.Counts) bool { return c.Sent == 2 && c.Retries == 0 }},
		{name: "formerr without question", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if m.IsEdns0() == nil {
				return false
			}
			b := make([]byte, 12)
			binary.BigEndian.PutUint16(b, m.Id)
			b[2], b[3] = 0x80, 1
			w.Write(b)
			return true
		}, want: good},
		{name: "BADVERS", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if m.IsEdns0() == nil {
				return false
			}
			r := reply(m, 0)
			r.SetEdns0(1232, false)
			r.Rcode = mdns.RcodeBadVers
			w.WriteMsg(r)
			return true
		}, want: good},

		// Absence, and what is none.
		{name: "no data", server: says(0, "--", soaText), want: dns.Answer{Status: dns.NoData}},
		{name: "no data without SOA (RFC 2308 section 2.2 type 3)", server: says(0), want: dns.Answer{Status: dns.NoData}},
		{name: "NXDOMAIN", server: says(3, "--", soaText), want: dns.Answer{Status: dns.NXDomain}},
		{name: "NXDOMAIN for an alias's target", server: says(3, "asked.example. 60 CNAME b.example.", "--", soaText),
			want: dns.Answer{Status: dns.NXDomain, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "no data at an alias's target", server: says(0, "asked.example. 60 CNAME b.example.", "--", soaText),
			want: dns.Answer{Status: dns.NoData, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "referral", server: says(0, "--", "example. 60 NS ns.example."), want: failed(dns.Refused)},
		{name: "NXDOMAIN with records", server: says(3, answerA), want: failed(dns.FormErr)},
		{name: "records of another name", server: says(0, "other.example. 60 A 192.0.2.9"), want: failed(dns.FormErr)},
		{name: "NXDOMAIN with records of another name", server: says(3, "other.example. 60 A 192.0.2.9", "--", soaText), want: failed(dns.FormErr)},
		{name: "extra records of another name", server: says(0, "other.example. 60 A 192.0.2.9", answerA), want: good},
		{name: "records of another type", server: says(0, "asked.example. 60 TXT x", "--", soaText), want: dns.Answer{Status: dns.NoData}},
		{name: "records of another class", server: says(0, "asked.example. 60 CH A 192.0.2.1", "--", soaText), want: dns.Answer{Status: dns.NoData}},

		// Aliases.
		{name: "chain out of order", server: says(0, "c.example. 30 A 192.0.2.1", "b.example. 90 CNAME C.example.", "asked.example. 60 CNAME b.example."),
			want: dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, CNAMEs: []string{"b.example", "c.example"}, TTL: 30}},
		{name: "chain followed by ourselves", server: byQuestion(map[string][]string{
			"asked.example. A": {"asked.example. 60 CNAME b.example."},
			"b.example. A":     {"b.example. 50 CNAME c.example."},
			"c.example. A":     {"c.example. 70 A 192.0.2.1"},
		}), want: dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, CNAMEs: []string{"b.example", "c.example"}, TTL: 50}},
		{name: "chain that leads to nothing", server: byQuestion(map[string][]string{
			"asked.example. A": {"asked.example. 60 CNAME b.example."},
		}), want: dns.Answer{Status: dns.NoData, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "loop in an answer", server: says(0, "asked.example. 60 CNAME b.example.", "b.example. 60 CNAME asked.example."),
			want: dns.Answer{Status: dns.Failure, Kind: dns.Loop, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "loop over answers", server: byQuestion(map[string][]string{
			"asked.example. A": {"asked.example. 60 CNAME b.example."},
			"b.example. A":     {"b.example. 60 CNAME b.example."},
		}), want: dns.Answer{Status: dns.Failure, Kind: dns.Loop, CNAMEs: []string{"b.example"}, TTL: 60}},
		{name: "endless chain", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			name := strings.ToLower(m.Question[0].Name)
			w.WriteMsg(reply(m, 0, name+" 60 CNAME x"+name))
			return true
		}, want: func() dns.Answer {
			a := dns.Answer{Status: dns.Failure, Kind: dns.Loop, TTL: 60}
			for i := range dns.MaxChain {
				a.CNAMEs = append(a.CNAMEs, strings.Repeat("x", i+1)+question)
			}
			return a
		}(), check: func(c dns.Counts) bool { return c.Sent == dns.MaxChain+1 }},
		{name: "alias beside records of another name", server: says(0, "asked.example. 60 CNAME b.example.", "other.example. 60 A 192.0.2.9"),
			want: failed(dns.FormErr)},

		// Forgeries.
		{name: "wrong id only", server: raw(func(b []byte) []byte { b[0] ^= 1; return b }, answerA), want: failed(dns.Timeout),
			check: func(c dns.Counts) bool { return c.Ignored == 2 }},
		{name: "wrong id first", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			raw(func(b []byte) []byte { b[0] ^= 1; return b }, "asked.example. 60 A 203.0.113.6")(w, m)
			return false
		}, want: good, check: func(c dns.Counts) bool { return c.Ignored == 1 && c.Retries == 0 }},
		{name: "wrong question first", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			forged := m.Copy()
			forged.Question[0].Name = "forge.example."
			w.WriteMsg(reply(forged, 3))
			return false
		}, want: good, check: func(c dns.Counts) bool { return c.Ignored == 1 }},
		{name: "wrong type in question", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			forged := m.Copy()
			forged.Question[0].Qtype = mdns.TypeTXT
			w.WriteMsg(reply(forged, 3))
			return false
		}, want: good},
		{name: "no question, NXDOMAIN", server: raw(func(b []byte) []byte { b[3] = 3; b[5] = 0; return b[:12] }), want: failed(dns.Timeout)},
		{name: "a query come back", server: raw(func(b []byte) []byte { b[2] &^= 0x80; return b }, answerA), want: failed(dns.Timeout)},
		{name: "answered twice", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			w.WriteMsg(reply(m, 0, answerA))
			return false
		}, want: good},

		// Lengths that lie.
		{name: "counts records that are not there", server: raw(func(b []byte) []byte { b[7] = 3; return b }), want: failed(dns.FormErr)},
		{name: "counts more records than there are", server: raw(func(b []byte) []byte { b[7] = 2; return b }, answerA), want: failed(dns.FormErr)},
		{name: "counts authority that is not there", server: raw(func(b []byte) []byte { b[3], b[9] = 3, 1; return b }), want: failed(dns.FormErr)},
		{name: "RDLENGTH beyond the end", server: raw(func(b []byte) []byte { b[len(b)-5] = 200; return b }, answerA), want: failed(dns.FormErr)},
		{name: "RDLENGTH too short", server: raw(func(b []byte) []byte { b[len(b)-5] = 3; return b[:len(b)-1] }, answerA), want: failed(dns.FormErr)},
		{name: "cut without TC", server: raw(func(b []byte) []byte { return b[:len(b)-2] }, answerA), want: failed(dns.FormErr)},
		{name: "name that points at itself", server: raw(func(b []byte) []byte { b[31], b[32] = 0xc0, 31; return b }, answerA), want: failed(dns.FormErr)},
		{name: "trailing bytes", server: raw(func(b []byte) []byte { return append(b, 1, 2, 3) }, answerA), want: good},

		// Size.
		{name: "truncated, whole over TCP", server: truncate(answerA), want: good,
			check: func(c dns.Counts) bool { return c.TCP == 1 && c.Truncated == 1 }},
		{name: "truncated NXDOMAIN, whole over TCP", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if !isUDP(w) {
				return false
			}
			r := reply(m, 3)
			r.Truncated = true
			w.WriteMsg(r)
			return true
		}, want: good},
		{name: "truncated over TCP too", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			r := reply(m, 0, answerA)
			r.Truncated = true
			w.WriteMsg(r)
			return true
		}, want: failed(dns.TooLarge)},
		{name: "truncated, TCP closes", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if !isUDP(w) {
				w.Close()
				return true
			}
			return truncate(answerA)(w, m)
		}, want: failed(dns.Network)},
		{name: "truncated, TCP silent", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			return !isUDP(w) || truncate(answerA)(w, m)
		}, want: failed(dns.Timeout)},
		{name: "truncated, TCP answers another", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if !isUDP(w) {
				m.Question[0].Name = "other.example."
			}
			return truncate(answerA)(w, m)
		}, want: failed(dns.FormErr)},
		{name: "truncated, TCP with another id", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			if !isUDP(w) {
				m.Id++
			}
			return truncate(answerA)(w, m)
		}, want: failed(dns.FormErr)},
		{name: "packet larger than asked for", server: func(w mdns.ResponseWriter, m *mdns.Msg) bool {
			r := reply(m, 0)
			for range 200 {
				r.Answer = append(r.Answer, reply(m, 0, answerA).Answer...)
			}
			w.WriteMsg(r)
			return true
		}, want: good, check: func(c dns.Counts) bool { return c.TCP == 1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := dnstest.Serve(t, dnstest.Zone(t, "asked.example. 60 A 192.0.2.1"), test.server)
			l := live(t, liveOptions(), srv.Addr)
			got, err := l.Lookup(t.Context(), dns.Question{Name: question, Type: dns.TypeA})
			if err != nil {
				t.Fatal(err)
			}
			test.want.Name, test.want.Type, test.want.Source = question, dns.TypeA, "live "+srv.Addr
			if d := cmp.Diff(&test.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if c := dns.CountsOf(l); test.check != nil && !test.check(c) {
				t.Errorf("counts %+v", c)
			}
		})
	}
	t.Run("gigantic TXT", func(t *testing.T) {
		t.Parallel()
		srv := dnstest.Serve(t, dnstest.Source{question + " TXT": huge}, nil)
		l := live(t, dns.LiveOptions{Timeout: 2 * time.Second}, srv.Addr)
		got, err := l.Lookup(t.Context(), dns.Question{Name: question, Type: dns.TypeTXT})
		if err != nil || !slices.Equal(got.Records, huge) {
			t.Errorf("%v %v, %d records, %v", got.Status, got.Kind, len(got.Records), err)
		}
	})
}

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
