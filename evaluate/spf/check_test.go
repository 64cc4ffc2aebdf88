package spf

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// check asks a new Checker with every option on.
func check(t *testing.T, zone dns.Source, q Query) *Outcome {
	t.Helper()
	o, err := NewChecker(zone, Options{Trace: true, Explain: true}).Check(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// from is a query for foo@domain.
func from(client, domain string) Query {
	addr, _ := netip.ParseAddr(client)
	return Query{Client: addr, Scope: MailFrom, Local: "foo", Domain: domain, HELO: "mail.example.org"}
}

// exampleZone is the setup of RFC 7208 appendix A.
func exampleZone() dnstest.Source {
	return dnstest.Source{
		"example.com MX":                    {"10 mail-a.example.com", "20 mail-b.example.com"},
		"example.com A":                     {"192.0.2.10", "192.0.2.11"},
		"amy.example.com A":                 {"192.0.2.65"},
		"bob.example.com A":                 {"192.0.2.66"},
		"mail-a.example.com A":              {"192.0.2.129"},
		"mail-b.example.com A":              {"192.0.2.130"},
		"www.example.com CNAME":             {"example.com"},
		"example.org MX":                    {"10 mail-c.example.org"},
		"mail-c.example.org A":              {"192.0.2.140"},
		"10.2.0.192.in-addr.arpa PTR":       {"example.com"},
		"11.2.0.192.in-addr.arpa PTR":       {"example.com"},
		"65.2.0.192.in-addr.arpa PTR":       {"amy.example.com"},
		"66.2.0.192.in-addr.arpa PTR":       {"bob.example.com"},
		"129.2.0.192.in-addr.arpa PTR":      {"mail-a.example.com"},
		"130.2.0.192.in-addr.arpa PTR":      {"mail-b.example.com"},
		"140.2.0.192.in-addr.arpa PTR":      {"mail-c.example.org"},
		"4.0.0.10.in-addr.arpa PTR":         {"bob.example.com"},
		"example.net TXT":                   {"v=spf1 ip4:198.51.100.0/24 -all"},
		"la.example.org TXT":                {"v=spf1 redirect=example.org"},
		"ip4._spf.example.com TXT":          {"v=spf1 -ip4:192.0.2.0/24 +all"},
		"ptr._spf.example.com TXT":          {"v=spf1 -ptr:example.com +all"},
		"mobile-users._spf.example.com TXT": {"v=spf1 exists:%{l1r+}.%{d}"},
		"remote-users._spf.example.com TXT": {"v=spf1 exists:%{ir}.%{l1r+}.%{d}"},

		"mary.mobile-users._spf.example.com A":               {"127.0.0.2"},
		"fred.mobile-users._spf.example.com A":               {"127.0.0.2"},
		"15.15.168.192.joel.remote-users._spf.example.com A": {"127.0.0.2"},
		"16.15.168.192.joel.remote-users._spf.example.com A": {"127.0.0.2"},
	}
}

// TestAppendixA has the examples of RFC 7208 appendix A.
func TestAppendixA(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range []struct {
		record         string
		passes, others []string
	}{
		{"v=spf1 +all", []string{"192.0.2.1", "10.0.0.4", "2001:db8::1"}, nil},
		{"v=spf1 a -all", []string{"192.0.2.10", "192.0.2.11"}, []string{"192.0.2.65"}},
		{"v=spf1 a:example.org -all", nil, []string{"192.0.2.10", "192.0.2.140"}},
		{"v=spf1 mx -all", []string{"192.0.2.129", "192.0.2.130"}, []string{"192.0.2.10", "192.0.2.140"}},
		{"v=spf1 mx:example.org -all", []string{"192.0.2.140"}, []string{"192.0.2.129"}},
		{"v=spf1 mx mx:example.org -all", []string{"192.0.2.129", "192.0.2.130", "192.0.2.140"}, []string{"192.0.2.10"}},
		{
			"v=spf1 mx/30 mx:example.org/30 -all",
			[]string{"192.0.2.128", "192.0.2.131", "192.0.2.140", "192.0.2.143"},
			[]string{"192.0.2.127", "192.0.2.132", "192.0.2.144"},
		},
		{"v=spf1 ptr -all", []string{"192.0.2.65", "192.0.2.10"}, []string{"192.0.2.140", "10.0.0.4"}},
		{"v=spf1 ip4:192.0.2.128/28 -all", []string{"192.0.2.129"}, []string{"192.0.2.65"}},
		// A.4
		{
			"v=spf1 -include:ip4._spf.%{d} -include:ptr._spf.%{d} +all",
			[]string{"192.0.2.65"}, []string{"192.0.2.140", "10.0.0.4", "198.51.100.1"},
		},
	} {
		zone := exampleZone()
		zone["example.com TXT"] = []string{c.record}
		n += len(c.passes) + len(c.others)
		for _, client := range c.passes {
			if o := check(t, zone, from(client, "example.com")); o.Result != Pass {
				t.Errorf("%s: %s: %s (%s)", c.record, client, o.Result, o.Detail)
			}
		}
		for _, client := range c.others {
			if o := check(t, zone, from(client, "example.com")); o.Result != Fail {
				t.Errorf("%s: %s: %s (%s)", c.record, client, o.Result, o.Detail)
			}
		}
	}
	t.Logf("conformance: cases=%d", n)
}

// TestAppendixADomains has RFC 7208 appendix A.2 and A.3.
func TestAppendixADomains(t *testing.T) {
	t.Parallel()
	zone := exampleZone()
	zone["example.com TXT"] = []string{"v=spf1 mx include:mobile-users._spf.%{d} include:remote-users._spf.%{d} -all"}
	zone["example.org TXT"] = []string{"v=spf1 include:example.com include:example.net -all"}
	cases := []struct {
		local, domain, client string
		want                  Result
		chain                 []string
	}{
		{"mary", "example.com", "203.0.113.1", Pass, []string{"example.com", "mobile-users._spf.example.com"}},
		{"mary+list", "example.com", "203.0.113.1", Pass, []string{"example.com", "mobile-users._spf.example.com"}},
		{"joel", "example.com", "192.168.15.15", Pass, []string{"example.com", "remote-users._spf.example.com"}},
		{"joel", "example.com", "192.168.15.17", Fail, []string{"example.com"}},
		{"anne", "la.example.org", "198.51.100.9", Pass, []string{"la.example.org", "example.org", "example.net"}},
		{"anne", "la.example.org", "192.0.2.129", Pass, []string{"la.example.org", "example.org", "example.com"}},
		{"anne", "la.example.org", "203.0.113.9", Fail, []string{"la.example.org", "example.org"}},
	}
	for _, c := range cases {
		q := from(c.client, c.domain)
		q.Local = c.local
		o := check(t, zone, q)
		if o.Result != c.want || !slices.Equal(o.Chain, c.chain) {
			t.Errorf("%s@%s from %s: %s by %q, want %s by %q", c.local, c.domain, c.client, o.Result, o.Chain, c.want, c.chain)
		}
	}
	t.Logf("conformance: cases=%d", len(cases))
}

// repeat is n terms made from a format of one number.
func repeat(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteByte(' ')
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// reasonCase is one situation and all that is said of it.
type reasonCase struct {
	name      string
	domain    string
	record    string // of domain; empty for none
	want      Result
	reason    Reason
	mechanism string
	chain     []string
	lookups   int32
	voids     int32
}

func reasonCases() []reasonCase {
	const d = "example.com"
	own := []string{d}
	return []reasonCase{
		{"match", d, "v=spf1 ~IP4:192.0.2.0/24", SoftFail, Matched, "~IP4:192.0.2.0/24", own, 0, 0},
		{"default", d, "v=spf1 a:other.test", Neutral, Default, "", own, 1, 0},
		{"neutral match", d, "v=spf1 ?all", Neutral, Matched, "?all", own, 0, 0},
		{"include match", d, "v=spf1 a:other.test -include:good.test", Fail, Matched, "all", []string{d, "good.test"}, 2, 0},
		{"redirect", d, "v=spf1 redirect=bad.test", Fail, Matched, "-all", []string{d, "bad.test"}, 1, 0},
		{"redirect default", d, "v=spf1 redirect=empty.test", Neutral, Default, "", []string{d, "empty.test"}, 1, 0},
		{"redirect unused beside all", d, "v=spf1 redirect=empty.test -all", Fail, Matched, "-all", own, 0, 0},

		{"no domain", "", "", None, NoDomain, "", nil, 0, 0},
		{"single label", "localhost", "", None, InvalidDomain, "", []string{"localhost"}, 0, 0},
		{"literal", "[192.0.2.1]", "", None, InvalidDomain, "", []string{"[192.0.2.1]"}, 0, 0},
		{"IPv6 literal", "[IPv6:2001:db8::1]", "", None, InvalidDomain, "", []string{"[ipv6:2001:db8::1]"}, 0, 0},
		{"bare address", "192.0.2.1", "", None, InvalidDomain, "", []string{"192.0.2.1"}, 0, 0},
		{"empty label", "a..example.com", "", None, InvalidDomain, "", []string{"a..example.com"}, 0, 0},
		{"space", "a b.example.com", "", None, InvalidDomain, "", []string{"a b.example.com"}, 0, 0},
		{"no such domain", "nowhere.test", "", None, NoRecord, "", []string{"nowhere.test"}, 0, 0},
		{"no TXT", "other.test", "", None, NoRecord, "", []string{"other.test"}, 0, 0},

		{"several records", "several.test", "", PermError, MultipleRecords, "", []string{"several.test"}, 0, 0},
		{"syntax", d, "v=spf1 +all moo", PermError, Syntax, "", own, 0, 0},
		{"syntax in an include", d, "v=spf1 include:wrong.test", PermError, Syntax, "", []string{d, "wrong.test"}, 1, 0},
		{"include none", d, "v=spf1 include:other.test", PermError, IncludeNone, "", []string{d, "other.test"}, 1, 0},
		{"include of no domain", d, "v=spf1 include:%{h}..%{d}", PermError, IncludeNone, "", []string{d, "mail.example.org..example.com"}, 1, 0},
		{"redirect none", d, "v=spf1 redirect=nowhere.test", PermError, RedirectNone, "", []string{d, "nowhere.test"}, 1, 0},

		{"ten lookups", d, "v=spf1" + repeat(10, "a:other%d.test") + " ip4:192.0.2.1", Pass, Matched, "ip4:192.0.2.1", own, 10, 0},
		{"eleven lookups", d, "v=spf1" + repeat(11, "a:other%d.test") + " ip4:192.0.2.1", PermError, TooManyLookups, "", own, 11, 0},
		{"loop", d, "v=spf1 include:example.com", PermError, TooManyLookups, "", slices.Repeat(own, 11), 11, 0},
		{"redirect loop", d, "v=spf1 redirect=example.com", PermError, TooManyLookups, "", slices.Repeat(own, 11), 11, 0},
		{"%{p} counts", d, "v=spf1" + repeat(9, "a:other%d.test") + " exists:%{p}.other.test all", PermError, TooManyLookups, "", own, 11, 0},
		{"two voids", d, "v=spf1 a:v1.test mx:other.test all", Pass, Matched, "all", own, 2, 2},
		{"three voids", d, "v=spf1 a:v1.test exists:v2.test mx:other.test all", PermError, TooManyVoidLookups, "", own, 3, 3},
		{"void by ptr", d, "v=spf1 ptr ptr ptr all", PermError, TooManyVoidLookups, "", own, 3, 3},
		{"hosts without addresses are no voids", d, "v=spf1 mx:dangling.test all", Pass, Matched, "all", own, 1, 0},
		{"an include's empty answer is not counted", d, "v=spf1 a:v1.test a:v2.test include:v3.test", PermError, IncludeNone, "", []string{d, "v3.test"}, 3, 2},
		{"ten MX", d, "v=spf1 mx:ten.test", Pass, Matched, "mx:ten.test", own, 1, 0},
		{"eleven MX", d, "v=spf1 mx:eleven.test", PermError, TooManyMX, "", own, 1, 0},
		{"match before the eleventh MX", d, "v=spf1 mx:early.test", Pass, Matched, "mx:early.test", own, 1, 0},

		{"record timeout", "slow.test", "", TempError, "dns_timeout", "", []string{"slow.test"}, 0, 0},
		{"record servfail", "broken.test", "", TempError, "dns_servfail", "", []string{"broken.test"}, 0, 0},
		{"record not recorded", "unknown.test", "", TempError, NotRecorded, "", []string{"unknown.test"}, 0, 0},
		{"include not recorded", d, "v=spf1 include:unknown.test", TempError, NotRecorded, "", []string{d, "unknown.test"}, 1, 0},
		{"a refused", d, "v=spf1 a:refused.test all", TempError, "dns_refused", "", own, 1, 0},
		{"mx network", d, "v=spf1 mx:network.test all", TempError, "dns_network", "", own, 1, 0},
		{"mx host loop", d, "v=spf1 mx:tomx.test all", TempError, "dns_loop", "", own, 1, 0},
		{"exists formerr", d, "v=spf1 exists:formerr.test all", TempError, "dns_formerr", "", own, 1, 0},
		{"a match before the failure", d, "v=spf1 ip4:192.0.2.1 a:slow.test", Pass, Matched, "ip4:192.0.2.1", own, 0, 0},
		{"target that is no name", d, "v=spf1 a:%{h}..x.test exists:..test mx:" + strings.Repeat("x", 64) + ".test ptr:a..test -all", Fail, Matched, "-all", own, 4, 0},
	}
}

func reasonZone() dnstest.Source {
	zone := dnstest.Source{
		"good.test TXT":    {"v=spf1 all"},
		"bad.test TXT":     {"v=spf1 -all"},
		"empty.test TXT":   {"v=spf1"},
		"wrong.test TXT":   {"v=spf1 ip4:192.0.2"},
		"several.test TXT": {"v=spf1 all", "v=spf1 -all"},
		"other.test A":     {"198.51.100.1"},
		"dangling.test MX": {"10 v1.test", "20 v2.test", "30 v3.test", "40 ."},
		"slow.test":        {dnstest.Timeout},
		"broken.test":      {dnstest.ServFail},
		"unknown.test":     {dnstest.NotRecorded},
		"refused.test":     {dnstest.Refused},
		"network.test":     {dnstest.Network},
		"formerr.test":     {dnstest.FormErr},
		"tomx.test MX":     {"10 loop.test"},
		"loop.test CNAME":  {"loop.test"},
		"early.test MX":    {"1 match.test"},
		"match.test A":     {"192.0.2.1"},
		"ten.test MX":      {"99 match.test"},
		"eleven.test MX":   {"99 match.test"},
	}
	for i := range 11 {
		host := fmt.Sprintf("other%d.test", i)
		zone[host+" A"] = []string{"198.51.100.1"}
		mx := fmt.Sprintf("%d %s", 10+i, host)
		zone["early.test MX"] = append(zone["early.test MX"], mx)
		if i < 9 {
			zone["ten.test MX"] = append(zone["ten.test MX"], mx)
		}
		if i < 10 {
			zone["eleven.test MX"] = append(zone["eleven.test MX"], mx)
		}
	}
	return zone
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for _, c := range reasonCases() {
		zone := reasonZone()
		if c.record != "" {
			zone[c.domain+" TXT"] = []string{c.record}
		}
		o := check(t, zone, from("192.0.2.1", c.domain))
		got := reasonCase{
			c.name, c.domain, c.record, o.Result, o.Reason, o.Mechanism, o.Chain, o.Lookups, o.VoidLookups,
		}
		if diff := cmp.Diff(c, got, cmp.AllowUnexported(reasonCase{})); diff != "" {
			t.Errorf("%s (%s):\n%s", c.name, o.Detail, diff)
		}
		if c.record != "" && o.Record != c.record {
			t.Errorf("%s: record %q", c.name, o.Record)
		}
	}
}

func TestNoClient(t *testing.T) {
	t.Parallel()
	if o := check(t, dnstest.Source{}, from("", "example.com")); o.Result != None || o.Reason != NoClient {
		t.Errorf("got %s, %s", o.Result, o.Reason)
	}
}

// TestMappedClient holds RFC 7208 section 5: IPv4-mapped clients are IPv4, and
// ip4 and ip6 never cross.
func TestMappedClient(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{
		"four.test TXT": {"v=spf1 ip4:192.0.2.1 -all"},
		"six.test TXT":  {"v=spf1 ip6:::ffff:192.0.2.1 ip6:::/0 -all"},
		"zero.test TXT": {"v=spf1 ip4:0.0.0.0/0 -all"},
		"host.test TXT": {"v=spf1 a -all"},
		"host.test A":   {"192.0.2.1"},
	}
	for _, c := range []struct {
		client, domain string
		want           Result
	}{
		{"::ffff:192.0.2.1", "four.test", Pass},
		{"::ffff:192.0.2.1", "six.test", Fail},
		{"::ffff:192.0.2.1", "host.test", Pass},
		{"2001:db8::1", "six.test", Pass},
		{"fe80::1%eth0", "six.test", Pass},
		{"2001:db8::1", "zero.test", Fail},
		{"::c000:201", "four.test", Fail},
	} {
		if o := check(t, zone, from(c.client, c.domain)); o.Result != c.want {
			t.Errorf("%s at %s: %s, want %s", c.client, c.domain, o.Result, c.want)
		}
	}
}

// TestReverseStates holds RFC 7208 section 5.5 for errors, and that a question
// nobody recorded is none.
func TestReverseStates(t *testing.T) {
	t.Parallel()
	const reverse = "1.2.0.192.in-addr.arpa"
	for _, c := range []struct {
		name, record string
		zone         dnstest.Source
		want         Result
		reason       Reason
	}{
		{"PTR fails", "v=spf1 ptr -all", dnstest.Source{reverse: {dnstest.ServFail}}, Fail, Matched},
		{"PTR not recorded", "v=spf1 ptr -all", dnstest.Source{reverse: {dnstest.NotRecorded}}, TempError, NotRecorded},
		{"name fails, the next is valid", "v=spf1 ptr -all", dnstest.Source{
			reverse + " PTR": {"a.example.com", "b.example.com"}, "a.example.com": {dnstest.Timeout}, "b.example.com A": {"192.0.2.1"},
		}, Pass, Matched},
		{"name not recorded, the next is valid", "v=spf1 ptr -all", dnstest.Source{
			reverse + " PTR": {"a.example.com", "b.example.com"}, "a.example.com": {dnstest.NotRecorded}, "b.example.com A": {"192.0.2.1"},
		}, Pass, Matched},
		{"name not recorded", "v=spf1 ptr -all", dnstest.Source{
			reverse + " PTR": {"a.example.com"}, "a.example.com": {dnstest.NotRecorded},
		}, TempError, NotRecorded},
		{"name elsewhere not recorded", "v=spf1 ptr -all", dnstest.Source{
			reverse + " PTR": {"a.example.org"}, "a.example.org": {dnstest.NotRecorded},
		}, Fail, Matched},
		{"%{p} not recorded", "v=spf1 exists:%{p}.example.org -all", dnstest.Source{reverse: {dnstest.NotRecorded}}, TempError, NotRecorded},
		{"%{p} fails", "v=spf1 exists:%{p}.example.org -all", dnstest.Source{
			reverse: {dnstest.ServFail}, "unknown.example.org A": {"127.0.0.2"},
		}, Pass, Matched},
		{"%{p} prefers the domain", "v=spf1 exists:%{p}.example.org -all", dnstest.Source{
			reverse + " PTR": {"a.test", "b.example.com", "example.com"}, "a.test A": {"192.0.2.1"},
			"b.example.com A": {"192.0.2.1"}, "example.com A": {"192.0.2.1"}, "example.com.example.org A": {"127.0.0.2"},
		}, Pass, Matched},
		{"%{p} then a subdomain", "v=spf1 exists:%{p}.example.org -all", dnstest.Source{
			reverse + " PTR": {"a.test", "b.example.com", "example.com"}, "a.test A": {"192.0.2.1"},
			"b.example.com A": {"192.0.2.1"}, "b.example.com.example.org A": {"127.0.0.2"},
		}, Pass, Matched},
	} {
		c.zone["example.com TXT"] = []string{c.record}
		if o := check(t, c.zone, from("192.0.2.1", "example.com")); o.Result != c.want || o.Reason != c.reason {
			t.Errorf("%s: %s, %s (%s)", c.name, o.Result, o.Reason, o.Detail)
		}
	}
}

// TestLocalUnknown: what needs a lost local part is left open, the rest is not.
func TestLocalUnknown(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{
		"l.test TXT":     {"v=spf1 ip4:192.0.2.1 exists:%{l}.x.test -all"},
		"s.test TXT":     {"v=spf1 include:%{s}.x.test -all"},
		"e.test TXT":     {"v=spf1 -all exp=x.test"},
		"x.test TXT":     {"%{l} may not"},
		"plain.test TXT": {"v=spf1 a:x.test -all"},
		"x.test A":       {"198.51.100.1"},
	}
	for _, c := range []struct {
		client, domain string
		want           Result
		reason         Reason
	}{
		{"192.0.2.1", "l.test", Pass, Matched},
		{"192.0.2.2", "l.test", TempError, LocalPartNotStored},
		{"192.0.2.2", "s.test", TempError, LocalPartNotStored},
		{"192.0.2.2", "e.test", Fail, Matched},
		{"192.0.2.2", "plain.test", Fail, Matched},
	} {
		q := from(c.client, c.domain)
		q.Local, q.LocalUnknown = "", true
		o := check(t, zone, q)
		if o.Result != c.want || o.Reason != c.reason || o.Explanation != "" {
			t.Errorf("%s: %s, %s, %q", c.domain, o.Result, o.Reason, o.Explanation)
		}
	}
}

// TestAnswers: every answer used, once, in the order in which they were needed.
func TestAnswers(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{
		"a.test TXT":                 {"v=spf1 a:h.test mx ptr include:b.test -all exp=e.test"},
		"b.test TXT":                 {"v=spf1 exists:%{h}.test ?all"},
		"h.test A":                   {"198.51.100.1"},
		"a.test MX":                  {"9 z.test", "10 y.test"},
		"1.2.0.192.in-addr.arpa PTR": {"y.test", "h.a.test"},
		"e.test TXT":                 {"no"},
	}
	o := check(t, zone, from("192.0.2.1", "a.test"))
	var got []string
	for _, a := range o.Answers {
		got = append(got, a.Name+" "+a.Type.String())
	}
	want := []string{
		"a.test TXT", "h.test A", "a.test MX", "z.test A", "y.test A", "1.2.0.192.in-addr.arpa PTR", "h.a.test A",
		"b.test TXT", "mail.example.org.test A", "e.test TXT",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if o.Explanation != "no" || o.Result != Fail {
		t.Errorf("%s, %q", o.Result, o.Explanation)
	}
}

// TestTrace shows the steps of an evaluation.
func TestTrace(t *testing.T) {
	t.Parallel()
	zone := dnstest.Source{
		"a.test TXT": {"v=spf1 a:%{d2}.net include:b.test redirect=c.test"},
		"b.test TXT": {"v=spf1 ip4:198.51.100.1 mx -all"},
		"b.test MX":  {"10 m.test"},
		"c.test TXT": {"v=spf1 mx:b.test moo=1 -all"},
		"m.test A":   {"203.0.113.1"},
	}
	got := check(t, zone, from("192.0.2.1", "a.test")).Terms
	want := []Term{
		{0, "a.test", "a:%{d2}.net", "a.test.net", false, "", "lookup 1 of 10; void lookup 1 of 2"},
		{0, "a.test", "include:b.test", "b.test", false, "", "lookup 2 of 10"},
		{1, "b.test", "ip4:198.51.100.1", "", false, "", ""},
		{1, "b.test", "mx", "b.test", false, "", "lookup 3 of 10"},
		{1, "b.test", "-all", "", true, Fail, ""},
		{0, "a.test", "redirect=c.test", "c.test", true, Fail, "lookup 4 of 10"},
		{1, "c.test", "mx:b.test", "b.test", false, "", "lookup 5 of 10"},
		{1, "c.test", "-all", "", true, Fail, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestAborted: an error of the source ends the run, wherever it comes.
func TestAborted(t *testing.T) {
	t.Parallel()
	for _, record := range []string{
		"v=spf1 a:end.test", "v=spf1 mx:end.test", "v=spf1 mx:mx.test", "v=spf1 include:end.test", "v=spf1 redirect=end.test",
		"v=spf1 exists:end.test", "v=spf1 ptr", "v=spf1 exists:%{p}.x.test", "v=spf1 -all exp=end.test",
	} {
		zone := dnstest.Source{
			"a.test TXT": {record}, "end.test TXT": {dnstest.Abort}, "end.test A": {dnstest.Abort}, "end.test MX": {dnstest.Abort},
			"mx.test MX": {"1 end.test"}, "1.2.0.192.in-addr.arpa PTR": {dnstest.Abort},
		}
		o, err := NewChecker(zone, Options{Explain: true}).Check(t.Context(), from("192.0.2.1", "a.test"))
		if o != nil || !errors.Is(err, dnstest.ErrAborted) {
			t.Errorf("%s: %v, %v", record, o, err)
		}
	}
}

// TestExplanationOnlyWhenAsked: exp= costs nothing where nobody reads it.
func TestExplanationOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	zone := &dnstest.Recorder{Base: dnstest.Source{"a.test TXT": {"v=spf1 -all exp=e.test"}, "e.test TXT": {"no"}}}
	o, err := NewChecker(zone, Options{}).Check(t.Context(), from("192.0.2.1", "a.test"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a.test TXT"}; o.Explanation != "" || !slices.Equal(zone.Asked(), want) || o.Terms != nil {
		t.Errorf("%q after %q", o.Explanation, zone.Asked())
	}
}
