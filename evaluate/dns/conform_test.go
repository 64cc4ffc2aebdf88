package dns_test

import (
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// everywhere is how sources behave that speak for every name.
var everywhere = dnstest.Traits{Elsewhere: dns.NXDomain}

func conformZone(t testing.TB) dns.Source { return dnstest.Zone(t, dnstest.ConformZone) }

func overlay(t testing.TB, text string, base dns.Source) *dns.OverlaySource {
	t.Helper()
	o, err := dns.ReadOverlay(strings.NewReader(text), "overlay", base)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// recorded replays the answers that src gives to the suite's questions.
func recorded(t testing.TB, src dns.Source) *dns.ReplaySource {
	t.Helper()
	r, err := dns.Replay(func(yield func(*dns.Answer, error) bool) {
		for _, q := range dnstest.ConformQuestions() {
			if !yield(src.Lookup(t.Context(), q)) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// liveOptions keep the tests short.
func liveOptions() dns.LiveOptions {
	return dns.LiveOptions{Timeout: 150 * time.Millisecond, Attempts: 2, Backoff: time.Millisecond}
}

func live(t testing.TB, o dns.LiveOptions, servers ...string) *dns.LiveSource {
	t.Helper()
	l, err := dns.Live(servers, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		traits dnstest.Traits
		open   func(t testing.TB) dns.Source
	}{
		{"zone", everywhere, conformZone},
		{"overlay over zone", everywhere, func(t testing.TB) dns.Source {
			return overlay(t, "unrelated.example A 192.0.2.1\n", conformZone(t))
		}},
		{"zone as overlay", dnstest.Traits{Elsewhere: dns.NotRecorded, OwnNamesOnly: true}, func(t testing.TB) dns.Source {
			return overlay(t, dnstest.ConformZone, nil)
		}},
		{"overlay over overlay", everywhere, func(t testing.TB) dns.Source {
			return overlay(t, "www.example.com 60 CNAME host.example.com\none.loop.example.com CNAME two.loop.example.com\n", conformZone(t))
		}},
		{"replay", dnstest.Traits{Elsewhere: dns.NotRecorded}, func(t testing.TB) dns.Source { return recorded(t, conformZone(t)) }},
		{"chain", everywhere, func(t testing.TB) dns.Source {
			return dns.Chain(dns.Chain(), recorded(t, conformZone(t)), conformZone(t))
		}},
		{"cache", everywhere, func(t testing.TB) dns.Source { return dns.Cache(conformZone(t)) }},
		{"limit", everywhere, func(t testing.TB) dns.Source { return dns.Limit(conformZone(t), 2) }},
		{"retry", everywhere, func(t testing.TB) dns.Source { return dns.Retry(conformZone(t), time.Millisecond) }},
		{"recorder", everywhere, func(t testing.TB) dns.Source { return &dnstest.Recorder{Base: conformZone(t)} }},
		{"map", everywhere, func(testing.TB) dns.Source { return conformMap(t) }},
		{"live", everywhere, func(t testing.TB) dns.Source {
			return live(t, liveOptions(), dnstest.Serve(t, conformZone(t), nil).Addr)
		}},
		{"live, mixed case", everywhere, func(t testing.TB) dns.Source {
			o := liveOptions()
			o.MixCase, o.TotalRate, o.ServerRate = true, 20000, 20000
			return live(t, o, dnstest.Serve(t, conformZone(t), nil).Addr, dnstest.Serve(t, conformZone(t), nil).Addr)
		}},
		{"cached live", everywhere, func(t testing.TB) dns.Source {
			return dns.Cache(live(t, liveOptions(), dnstest.Serve(t, conformZone(t), nil).Addr))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dnstest.Conform(t, test.traits, test.open)
		})
	}
}

// conformMap is the suite's zone as a dnstest.Source.
func conformMap(t testing.TB) dnstest.Source {
	zone := conformZone(t)
	answer := func(name string, typ dns.Type) []string {
		a, err := zone.Lookup(t.Context(), dns.Question{Name: name, Type: typ})
		if err != nil {
			t.Fatal(err)
		}
		return a.Records
	}
	src := dnstest.Source{
		"broken.example.com":            {dnstest.ServFail},
		"refused.example.com TXT":       {dnstest.Refused},
		"slow.example.com TXT":          {dnstest.Timeout},
		"*.wild.example.com TXT":        {"wild"},
		"deep.below.wild.example.com A": {"192.0.2.5"},
		"dangling.example.com CNAME":    {"nowhere.example.com"},
		"bare.example.com CNAME":        {"mail.example.com"},
		"one.loop.example.com CNAME":    {"two.loop.example.com"},
		"two.loop.example.com CNAME":    {"one.loop.example.com"},
		"alias.example.com CNAME":       {"broken.example.com"},
		"www.example.com CNAME":         {"host.example.com"},
		"host.example.com A":            {"192.0.2.80"},
		"two.chain.example.com CNAME":   {"three.chain.example.com"},
		"three.chain.example.com TXT":   {"end"},
		"10.2.0.192.in-addr.arpa PTR":   {"mail.example.com"},
	}
	for _, q := range []dns.Question{
		{Name: "example.com", Type: dns.TypeTXT}, {Name: "example.com", Type: dns.TypeMX},
		{Name: "example.com", Type: dns.TypeNS}, {Name: "mail.example.com", Type: dns.TypeA},
		{Name: "mail.example.com", Type: dns.TypeAAAA}, {Name: "one.chain.example.com", Type: dns.TypeCNAME},
		{Name: "key._domainkey.example.com", Type: dns.TypeTXT}, {Name: "long.example.com", Type: dns.TypeTXT},
		{Name: "odd label\xff.example.com", Type: dns.TypeTXT},
	} {
		src[q.Name+" "+q.Type.String()] = answer(q.Name, q.Type)
	}
	return src
}
