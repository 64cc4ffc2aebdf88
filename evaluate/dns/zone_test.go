package dns_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// answerCase is one question and what must come of it.
type answerCase struct {
	name string
	t    dns.Type
	want dns.Answer // Name, Type and Source are filled in
}

func checkAnswers(t *testing.T, src dns.Source, source string, cases []answerCase) {
	t.Helper()
	for _, c := range cases {
		c.want.Name, c.want.Type = c.name, c.t
		if c.want.Source == "" && c.want.Status != dns.NotRecorded && c.want.Kind != dns.BadName {
			c.want.Source = source
		}
		got, err := src.Lookup(t.Context(), dns.Question{Name: c.name, Type: c.t})
		if err != nil {
			t.Fatalf("%q %v: %v", c.name, c.t, err)
		}
		if d := cmp.Diff(&c.want, got); d != "" {
			t.Errorf("%q %v (-want +got):\n%s", c.name, c.t, d)
		}
	}
}

// rfc4592 is the example zone of RFC 4592 section 2.2.1, and the answers of
// that section.
func TestZoneWildcardsRFC4592(t *testing.T) {
	t.Parallel()
	z := dnstest.Zone(t, `
$ORIGIN example.
example.                 3600 IN  SOA   ns.example.com. host.example. 1 2 3 4 5
example.                 3600     NS    ns.example.com.
example.                 3600     NS    ns.example.net.
*.example.               3600     TXT   "this is a wildcard"
*.example.               3600     MX    10 host1.example.
sub.*.example.           3600     TXT   "this is not a wildcard"
host1.example.           3600     A     192.0.2.1
_ssh._tcp.host1.example. 3600     SRV   0 0 22 host1.example.
_ssh._tcp.host2.example. 3600     SRV   0 0 22 host2.example.
subdel.example.          3600     NS    ns.example.com.
subdel.example.          3600     NS    ns.example.net.
`)
	mx := dns.Answer{Status: dns.Success, Records: []string{"10 host1.example"}, TTL: 3600}
	txt := dns.Answer{Status: dns.Success, Records: []string{"this is a wildcard"}, TTL: 3600}
	checkAnswers(t, z, "zone", []answerCase{
		// Synthesized.
		{"host3.example", dns.TypeMX, mx},
		{"host3.example", dns.TypeA, dns.Answer{Status: dns.NoData}},
		{"foo.bar.example", dns.TypeTXT, txt},
		// Not synthesized.
		{"host1.example", dns.TypeMX, dns.Answer{Status: dns.NoData}},                 // exists
		{"sub.*.example", dns.TypeMX, dns.Answer{Status: dns.NoData}},                 // exists
		{"_telnet._tcp.host1.example", dns.TypeTXT, dns.Answer{Status: dns.NXDomain}}, // "_tcp.host1" exists
		{"ghost.*.example", dns.TypeMX, dns.Answer{Status: dns.NXDomain}},             // "*.example" exists
		// The names between are there without data.
		{"_tcp.host2.example", dns.TypeA, dns.Answer{Status: dns.NoData}},
		{"host2.example", dns.TypeTXT, dns.Answer{Status: dns.NoData}},
		// A delegation is only data here.
		{"subdel.example", dns.TypeNS, dns.Answer{Status: dns.Success, Records: []string{"ns.example.com", "ns.example.net"}, TTL: 3600}},
		{"host.subdel.example", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
	})
}

func TestZoneRecords(t *testing.T) {
	t.Parallel()
	z := dnstest.Zone(t, `
$ORIGIN Example.COM.
$TTL 1h
@       IN  SOA ns hostmaster 1 2 3 4 5
        IN  NS  NS1
        60  MX  10 Mail
        30  MX  5 mail
        MX  5 mail ; twice
        MX  0 .
txt     TXT "one " "two"   three
        TXT ( "in
brackets ; no comment"
          "more" ) ; comment
esc     TXT "quote \" backslash \\ semicolon \; high \255\000 \068igit"
long    TXT "`+strings.Repeat("k", 700)+`"
empty   TXT ""
a       A 192.0.2.1
        A 192.0.2.1
        AAAA 2001:DB8:0:0:0::1
        AAAA ::ffff:192.0.2.1
        CH A 198.51.100.1
1.2.0.192.in-addr.arpa. PTR Host.Example.Com.
odd\032\@\255\\name TXT "raw"
dot\.in.label A 192.0.2.7
gen.example.org. A 192.0.2.9
$GENERATE 1-3 host$ A 10.0.0.$
nsec3.sub NSEC3 1 0 0 - 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A
txt     TYPE99 \# 4 03 61 62 63
`)
	ok := func(ttl uint32, records ...string) dns.Answer {
		return dns.Answer{Status: dns.Success, Records: records, TTL: ttl}
	}
	checkAnswers(t, z, "zone", []answerCase{
		{"example.com", dns.TypeNS, ok(3600, "ns1.example.com")},
		{"example.com", dns.TypeMX, ok(30, "0 .", "10 mail.example.com", "5 mail.example.com")},
		{"txt.example.com", dns.TypeTXT, ok(3600, "in\nbrackets ; no commentmore", "one twothree")},
		{"esc.example.com", dns.TypeTXT, ok(3600, "quote \" backslash \\ semicolon ; high \xff\x00 Digit")},
		{"long.example.com", dns.TypeTXT, ok(3600, strings.Repeat("k", 700))},
		{"empty.example.com", dns.TypeTXT, ok(3600, "")},
		{"a.example.com", dns.TypeA, ok(3600, "192.0.2.1")},
		{"a.example.com", dns.TypeAAAA, ok(3600, "2001:db8::1", "::ffff:192.0.2.1")},
		{"1.2.0.192.in-addr.arpa", dns.TypePTR, ok(3600, "host.example.com")},
		{"odd @\xff\\name.example.com", dns.TypeTXT, ok(3600, "raw")},
		{"in.label.example.com", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"label.example.com", dns.TypeA, dns.Answer{Status: dns.NoData}},
		{"host3.example.com", dns.TypeA, ok(3600, "10.0.0.3")},
		{"nsec3.sub.example.com", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"sub.example.com", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"a..example.com", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.BadName}},
		{strings.Repeat("a", 64) + ".example.com", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.BadName}},
		{"", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.BadName}},
	})
}

func TestZoneAliases(t *testing.T) {
	t.Parallel()
	var chain strings.Builder
	for i := range dns.MaxChain {
		chain.WriteString("c" + strconv.Itoa(i) + ".chain CNAME c" + strconv.Itoa(i+1) + ".chain\n")
	}
	z := dnstest.Zone(t, "$TTL 0\n"+chain.String()+`
c16.chain           TXT "end"
over.chain          CNAME c0.chain
www.example.com     300 CNAME host.example.com
host.example.com    60  A 192.0.2.1
dangling.example    CNAME nowhere.example
bare.example        CNAME host.example.com
self.example        CNAME self.example
one.loop.example    CNAME two.loop.example
two.loop.example    CNAME one.loop.example
into.loop.example   CNAME one.loop.example
root.example        CNAME .
both.example        CNAME host.example.com
both.example        A 192.0.2.9
old.example         DNAME new.example
x.new.example       A 192.0.2.5
deep.example        CNAME y.old.example
*.wild.example      CNAME host.example.com
`)
	names := make([]string, dns.MaxChain)
	for i := range names {
		names[i] = "c" + strconv.Itoa(i+1) + ".chain"
	}
	host := []string{"host.example.com"}
	loop := func(chain ...string) dns.Answer {
		return dns.Answer{Status: dns.Failure, Kind: dns.Loop, CNAMEs: chain}
	}
	checkAnswers(t, z, "zone", []answerCase{
		{"www.example.com", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, CNAMEs: host, TTL: 60}},
		{"www.example.com", dns.TypeMX, dns.Answer{Status: dns.NoData, CNAMEs: host, TTL: 300}},
		{"www.example.com", dns.TypeCNAME, dns.Answer{Status: dns.Success, Records: host, TTL: 300}},
		{"any.wild.example", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}, CNAMEs: host}},
		{"dangling.example", dns.TypeA, dns.Answer{Status: dns.NXDomain, CNAMEs: []string{"nowhere.example"}}},
		{"self.example", dns.TypeA, loop()},
		{"one.loop.example", dns.TypeA, loop("two.loop.example")},
		{"into.loop.example", dns.TypeA, loop("one.loop.example", "two.loop.example")},
		{"c0.chain", dns.TypeTXT, dns.Answer{Status: dns.Success, Records: []string{"end"}, CNAMEs: names}},
		{"over.chain", dns.TypeTXT, loop(append([]string{"c0.chain"}, names[:dns.MaxChain-1]...)...)},
		{"root.example", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.BadName, Source: "zone"}},
		{"both.example", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.9"}}},
		{"both.example", dns.TypeTXT, dns.Answer{Status: dns.NoData, CNAMEs: host}},
		{"x.old.example", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.5"}, CNAMEs: []string{"x.new.example"}}},
		{"deep.example", dns.TypeA, dns.Answer{Status: dns.NXDomain, CNAMEs: []string{"y.old.example", "y.new.example"}}},
		{"old.example", dns.TypeA, dns.Answer{Status: dns.NoData}},
	})
}

func TestZoneDirectives(t *testing.T) {
	t.Parallel()
	z := dnstest.Zone(t, `
; a comment, then every kind of failure; "quotes" in comments mean nothing
; @servfail    every.example
;@timeout      some.example A TXT
$ORIGIN example.org.
some.example.      MX 10 mx
  ; @refused   relative TYPE28
; @formerr     @
; @other_rcode abs.example.
; @network     net
; @loop        loop
; @too_large   large
; @bad_name    bad
; @nxdomain    gone
; @not_recorded new
; @nodata      bare
; @nodata      half TXT
half               A 192.0.2.1
alias              CNAME every.example.
*.w                A 192.0.2.1
; @nxdomain    hole.w
quoted             TXT "first line
; @servfail quoted
last line"
; @ IN SOA this is no directive
; @ servfail alias
; @servfail *.f`)
	fail := func(k dns.FailureKind) dns.Answer {
		return dns.Answer{Status: dns.Failure, Kind: k, Source: "zone"}
	}
	checkAnswers(t, z, "zone", []answerCase{
		{"every.example", dns.TypeA, fail(dns.ServFail)},
		{"every.example", dns.TypeTXT, fail(dns.ServFail)},
		{"some.example", dns.TypeA, fail(dns.Timeout)},
		{"some.example", dns.TypeTXT, fail(dns.Timeout)},
		{"some.example", dns.TypeMX, dns.Answer{Status: dns.Success, Records: []string{"10 mx.example.org"}}},
		{"relative.example.org", dns.TypeAAAA, fail(dns.Refused)},
		{"relative.example.org", dns.TypeA, dns.Answer{Status: dns.NoData}},
		{"example.org", dns.TypeA, fail(dns.FormErr)},
		{"abs.example", dns.TypeA, fail(dns.OtherRcode)},
		{"net.example.org", dns.TypeA, fail(dns.Network)},
		{"loop.example.org", dns.TypeA, fail(dns.Loop)},
		{"large.example.org", dns.TypeA, fail(dns.TooLarge)},
		{"bad.example.org", dns.TypeA, fail(dns.BadName)},
		{"gone.example.org", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"below.gone.example.org", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"new.example.org", dns.TypeA, dns.Answer{Status: dns.NotRecorded}},
		{"bare.example.org", dns.TypeA, dns.Answer{Status: dns.NoData}},
		{"half.example.org", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}}},
		{"half.example.org", dns.TypeTXT, dns.Answer{Status: dns.NoData}},
		{"alias.example.org", dns.TypeA, dns.Answer{Status: dns.Failure, Kind: dns.ServFail, CNAMEs: []string{"every.example"}}},
		{"x.w.example.org", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1"}}},
		{"hole.w.example.org", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"x.hole.w.example.org", dns.TypeA, dns.Answer{Status: dns.NXDomain}},
		{"quoted.example.org", dns.TypeTXT, dns.Answer{Status: dns.Success, Records: []string{"first line\n; @servfail quoted\nlast line"}}},
		{"x.f.example.org", dns.TypeA, fail(dns.ServFail)},
	})
}

func TestZoneErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ text, want string }{
		{"a A 192.0.2.1\nb A 192.0.2.256\n", `zone:2:`},
		{"a A 192.0.2.1\n\nb TXT \"unclosed\n", `zone:`},
		{"a IN BOGUS x\n", `zone:1:`},
		{"$INCLUDE /etc/passwd\n", `$INCLUDE`},
		{"a A\n", `zone:1`},
		{"a A\nb A 192.0.2.1\n", `zone:1`},
		{"a TXT\nb A 192.0.2.1\n", `zone:1`},
		{"a TXT \"\\999\"\n", `zone:1: bad escape`},
		{"a A 192.0.2.1\n; @servfial a\n", `zone:2: unknown directive "@servfial"`},
		{"; @servfail\n", `zone:1: @servfail: no name`},
		{"; @servfail a..b\n", `zone:1: @servfail: bad name a..b`},
		{"; @servfail a BOGUS\n", `zone:1: @servfail: unknown type BOGUS`},
		{"\n; @nxdomain a A\n", `zone:2: @nxdomain speaks for a name`},
		{"a A 192.0.2.1\n; @nxdomain a\n", `zone:2: a is said not to exist, and has records`},
		{"; @nxdomain a\nb.a A 192.0.2.1\n", `zone:1: a is said not to exist, and has names below it`},
	} {
		_, err := dns.ParseZone(test.text)
		var ze *dns.ZoneError
		if !errors.As(err, &ze) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: error %v, want one with %q", test.text, err, test.want)
		}
	}
}

func TestZoneFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("a.zone", "$ORIGIN example.com.\nhost A 192.0.2.1\n")
	write("b/c.zone", "host.example.com A 192.0.2.2\nother.example A 192.0.2.3\n")
	write("b/old.zone~", "not a zone")
	write(".hidden/x", "not a zone")
	write(".x", "not a zone")
	z, err := dns.Zone(dir)
	if err != nil {
		t.Fatal(err)
	}
	checkAnswers(t, z, "zone", []answerCase{
		{"host.example.com", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.1", "192.0.2.2"}}},
		{"other.example", dns.TypeA, dns.Answer{Status: dns.Success, Records: []string{"192.0.2.3"}}},
	})
	bad := write("z.zone", "x A 1\n")
	var ze *dns.ZoneError
	if _, err := dns.Zone(dir); !errors.As(err, &ze) || ze.File != bad || ze.Line != 1 {
		t.Errorf("error %v", err)
	}
	if _, err := dns.Zone(filepath.Join(dir, "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
}
