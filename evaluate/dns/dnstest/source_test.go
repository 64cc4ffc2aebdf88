package dnstest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

func TestSource(t *testing.T) {
	t.Parallel()
	src := dnstest.Source{
		"example.com TXT":            {"b", "a", "b"},
		"www.example.com CNAME":      {"example.com"},
		"dangling.example.com CNAME": {"nowhere.example"},
		"a.loop.example CNAME":       {"b.loop.example"},
		"b.loop.example CNAME":       {"a.loop.example"},
		"*.wild.example A":           {"192.0.2.1"},
		"x.y.wild.example A":         {"192.0.2.2"},
		"broken.example TXT":         {dnstest.ServFail},
		"slow.example":               {dnstest.Timeout},
		"alias.example CNAME":        {"slow.example"},
		"unknown.example":            {dnstest.NotRecorded},
		"gone.example":               {dnstest.NXDomain},
		"bare.example":               {},
		"odd name.example TXT":       {"odd"},
		"abort.example A":            {dnstest.Abort},
	}
	for _, test := range []struct {
		name string
		t    dns.Type
		want dns.Answer
	}{
		{"example.com", dns.TypeTXT, dns.Answer{Status: dns.Success, Records: []string{"a", "b"}}},
		{"example.com", dns.TypeMX, dns.Answer{Status: dns.NoData}},
		{"com", dns.TypeMX, dns.Answer{Status: dns.NoData}},
		{"nowhere.com", dns.TypeMX, dns.Answer{Status: dns.NXDomain}},
		{"www.example.com", dns.TypeTXT, dns.Answer{Status: dns.Success, Records: []string{"a", "b"}, CNAMEs: []string{"example.com"}}},
		{"www.example.com", dns.TypeMX, dns.Answer{Status: dns.NoData, CNAMEs: []string{"example.com"}}},
		{"www.example.com", dns.TypeCNAME, dns.Answer{Status: dns.Success, Records: []string{"example.com"}}},
		{"dangling.example.com", dns.TypeA, dns.Answer{Status: dns.NXDomain, CNAMEs: []string{"nowhere.example"}}},
		{"a.b.wild.example", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}}},
		{"z.y.wild.example", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"broken.example", dns.TypeTXT, dns.Answer{Status: dns.Failure, Kind: dns.ServFail}},
		{"broken.example", dns.TypeA, dns.Answer{Status: dns.NoData}},
		{"slow.example", dns.TypeMX, dns.Answer{Status: dns.Failure, Kind: dns.Timeout}},
		{"alias.example", dns.TypeMX, dns.Answer{Status: dns.Failure, Kind: dns.Timeout, CNAMEs: []string{"slow.example"}}},
		{"gone.example", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"bare.example", dns.TypeA, dns.Answer{Status: dns.NoData}},
		{"odd name.example", dns.TypeTXT, dns.Answer{Status: dns.Success, Records: []string{"odd"}}},
		{"a..example", dns.TypeTXT, dns.Answer{Status: dns.Failure, Kind: dns.BadName}},
	} {
		test.want.Name, test.want.Type, test.want.Source = test.name, test.t, "test"
		got, err := src.Lookup(t.Context(), dns.Question{Name: test.name, Type: test.t})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&test.want, got); d != "" {
			t.Errorf("%s %v (-want +got):\n%s", test.name, test.t, d)
		}
	}
	loop, err := src.Lookup(t.Context(), dns.Question{Name: "a.loop.example", Type: dns.TypeA})
	if err != nil || loop.Kind != dns.Loop {
		t.Errorf("loop: %+v, %v", loop, err)
	}
	unknown, err := src.Lookup(t.Context(), dns.Question{Name: "unknown.example", Type: dns.TypeA})
	if err != nil || unknown.Status != dns.NotRecorded || unknown.Source != "" {
		t.Errorf("unknown: %+v, %v", unknown, err)
	}
	if _, err := src.Lookup(t.Context(), dns.Question{Name: "abort.example", Type: dns.TypeA}); !errors.Is(err, dnstest.ErrAborted) {
		t.Errorf("abort: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := src.Lookup(ctx, dns.Question{Name: "example.com", Type: dns.TypeA}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRecorder(t *testing.T) {
	t.Parallel()
	r := &dnstest.Recorder{Base: dnstest.Source{"example.com TXT": {"a"}}}
	for _, name := range []string{"example.com", "example.org"} {
		if _, err := r.Lookup(t.Context(), dns.Question{Name: name, Type: dns.TypeTXT}); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"example.com TXT", "example.org TXT"}, r.Asked()); d != "" {
		t.Error(d)
	}
}
