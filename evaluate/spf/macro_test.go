package spf

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate/dns/dnstest"
)

// expandFor expands a macro-string for the sender of RFC 7208 section 7.4.
func expandFor(t *testing.T, text string, use macroUse, change func(*evaluation)) string {
	t.Helper()
	m, err := parseMacro(text, use)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	zone := dnstest.Source{
		"3.2.0.192.in-addr.arpa PTR": {"mx.example.org"},
		"mx.example.org A":           {"192.0.2.3"},
	}
	e := &evaluation{
		checker: NewChecker(zone, Options{}), ctx: t.Context(),
		query:  &Query{Local: "strong-bad", HELO: "mx.example.org", At: time.Unix(1234567890, 0)},
		client: netip.MustParseAddr("192.0.2.3"), domain: "email.example.com", receiver: "unknown",
	}
	if change != nil {
		change(e)
	}
	var b []byte
	for i := range m.segments {
		value, err := e.value(&m.segments[i], "email.example.com")
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		b = m.segments[i].expand(b, value)
	}
	return string(b)
}

// TestExpansionExamples has the tables of RFC 7208 section 7.4.
func TestExpansionExamples(t *testing.T) {
	t.Parallel()
	v6 := func(e *evaluation) { e.client = netip.MustParseAddr("2001:db8::cb01") }
	cases := []struct {
		macro, want string
		change      func(*evaluation)
	}{
		{"%{s}", "strong-bad@email.example.com", nil},
		{"%{o}", "email.example.com", nil},
		{"%{d}", "email.example.com", nil},
		{"%{d4}", "email.example.com", nil},
		{"%{d3}", "email.example.com", nil},
		{"%{d2}", "example.com", nil},
		{"%{d1}", "com", nil},
		{"%{dr}", "com.example.email", nil},
		{"%{d2r}", "example.email", nil},
		{"%{l}", "strong-bad", nil},
		{"%{l-}", "strong.bad", nil},
		{"%{lr}", "strong-bad", nil},
		{"%{lr-}", "bad.strong", nil},
		{"%{l1r-}", "strong", nil},
		{"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com", nil},
		{"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com", nil},
		{"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com", nil},
		{"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com", nil},
		{"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net", nil},
		{
			"%{ir}.%{v}._spf.%{d2}",
			"1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com", v6,
		},
	}
	for _, c := range cases {
		if got := expandFor(t, c.macro, inDomainSpec, c.change); got != c.want {
			t.Errorf("%s: got %q, want %q", c.macro, got, c.want)
		}
	}
	t.Logf("conformance: cases=%d", len(cases))
}

func TestExpansionDetails(t *testing.T) {
	t.Parallel()
	local := func(s string) func(*evaluation) { return func(e *evaluation) { e.query.Local = s } }
	for _, c := range []struct {
		clause, macro, want string
		change              func(*evaluation)
	}{
		{"7.1: %%, %_ and %-", "%%%_%-", "% %20", nil},
		{"7.2: p is the validated name", "%{p}", "mx.example.org", nil},
		{"7.2: h", "%{h}", "mx.example.org", nil},
		{"7.2: c of IPv6 is for people", "%{c}", "2001:db8::cb01", func(e *evaluation) { e.client = netip.MustParseAddr("2001:db8::cb01") }},
		{"7.3: r without a name", "%{r}", "unknown", nil},
		{"7.3: t in seconds", "%{t}", "1234567890", nil},
		{"4.3: no local part", "%{l}", "postmaster", local("")},
		{"7.3: no part is dropped", "%{l}", "a..b", local("a..b")},
		{"7.3: no part is dropped, reversed", "%{lr}", "b..a.", local(".a..b")},
		{"7.3: empty parts count", "%{l2}", ".b", local("a..b")},
		{"7.3: leading delimiter", "%{l-}", ".a", local("-a")},
		{"7.3: several delimiters", "%{l-+}", "a.b.c", local("a-b+c")},
		{"7.3: only the given delimiters split", "%{lr-}", "c.a.b", local("a.b-c")},
		{"7.3: more digits than parts", "%{d127}", "email.example.com", nil},
		{"7.3: a great many digits", "%{d99999999999999999999}", "email.example.com", nil},
		{"7.1: transformers in any case", "%{dR}", "com.example.email", nil},
		{"7.3: upper case escapes", "%{L}", "a%20%26%3D%25-._~%C3%A9", local("a &=%-._~é")},
		{"7.3: escaping comes last", "%{LR+}", "b%2F.a", local("a+b/")},
	} {
		if got := expandFor(t, c.macro, inExplanation, c.change); got != c.want {
			t.Errorf("%s: %s with: got %q, want %q", c.clause, c.macro, got, c.want)
		}
	}
}

func TestMacroSyntax(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		use  macroUse
		want error
	}{
		{"example.com", inDomainSpec, nil},
		{"example.com.", inDomainSpec, nil},
		{".com", inDomainSpec, nil},
		{"a/b:c=d.com", inDomainSpec, nil},
		{"foo.xn--zckzah", inDomainSpec, nil},
		{"foo.1-2", inDomainSpec, nil},
		{"%{d}", inDomainSpec, nil},
		{"foo%-", inDomainSpec, nil},
		{"%{d/}", inDomainSpec, nil},
		{"", inDomainSpec, errNoDomain},
		{"com", inDomainSpec, errTopLabel},
		{"com.", inDomainSpec, errTopLabel},
		{"example.com..", inDomainSpec, errTopLabel},
		{"%{d}.", inDomainSpec, errTopLabel},
		{"%{d}com", inDomainSpec, errTopLabel},
		{"192.0.2.1", inDomainSpec, errAddress},
		{"192.0.2.1.", inDomainSpec, errTopLabel},
		{"example.-com", inDomainSpec, errTopLabel},
		{"example.com-", inDomainSpec, errTopLabel},
		{"example.c_m", inDomainSpec, errTopLabel},
		{"example.com:25", inDomainSpec, errTopLabel},
		{"a b.com", inDomainSpec, errCharacter},
		{"a\tb.com", inDomainSpec, errCharacter},
		{"é.com", inDomainSpec, errCharacter},
		{"%", inDomainSpec, errPercent},
		{"%(d)", inDomainSpec, errPercent},
		{"%{", inDomainSpec, errUnterminated},
		{"%{d", inDomainSpec, errUnterminated},
		{"%{}", inDomainSpec, errLetter},
		{"%{a}", inDomainSpec, errLetter},
		{"%{c}", inDomainSpec, errTextLetter},
		{"%{T}", inDomainSpec, errTextLetter},
		{"%{d0}", inDomainSpec, errDigits},
		{"%{d00r}", inDomainSpec, errDigits},
		{"%{dr2}", inDomainSpec, errDelimiter},
		{"%{d*}", inDomainSpec, errDelimiter},
		{"%{d r}", inDomainSpec, errDelimiter},
		{"", inModifier, nil},
		{"any", inModifier, nil},
		{"%{c}", inModifier, nil},
		{"%abc", inModifier, errPercent},
		{"two words %{c} %{r} %{t}", inExplanation, nil},
		{"", inExplanation, nil},
		{"\xEF\xBB\xBFx", inExplanation, errCharacter},
	} {
		if _, err := parseMacro(c.text, c.use); err != c.want {
			t.Errorf("%q: got %v, want %v", c.text, err, c.want)
		}
	}
}

// TestShorten holds RFC 7208 section 7.3: labels go from the left until 253
// characters are left.
func TestShorten(t *testing.T) {
	t.Parallel()
	tail := strings.Repeat("a.", 125) + "com" // 253
	for _, c := range []struct{ name, want string }{
		{tail, tail},
		{"." + tail, tail},
		{"x." + tail, tail},
		{strings.Repeat("y", 300) + "." + tail, tail},
		{"b" + tail, tail[2:]},
		{strings.Repeat("z", 300), ""},
	} {
		if got := string(shorten([]byte(c.name))); got != c.want {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
}

// TestExpansionIsBounded expands a spec whose macros would fill gigabytes, and
// still finds the name that the RFC's rule leaves.
func TestExpansionIsBounded(t *testing.T) {
	t.Parallel()
	spec := strings.Repeat("%{s}.", 10000) + "example.org"
	m, err := parseMacro(spec, inDomainSpec)
	if err != nil {
		t.Fatal(err)
	}
	e := &evaluation{query: &Query{Local: strings.Repeat("x.", 40000)}, domain: "example.com"}
	got, err := e.target(&term{spec: m}, "example.com")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) > 253 || !strings.HasSuffix(got, "@example.com.example.org") || cap(e.scratch) > fewSegments*maxMacroValue {
		t.Errorf("%d bytes, buffer of %d: %q", len(got), cap(e.scratch), got)
	}
}

func FuzzMacro(f *testing.F) {
	for _, s := range []string{
		"%{ir}.%{v}._spf.%{d2}", "%{l1r+-}.%%%_%-x.com", "%{", "%{D127R.-+,/_=}", "a.com.", "See http://%{d}/?s=%{S}&t=%{t}",
	} {
		f.Add(s, "strong-bad", "mx.example.org")
	}
	f.Fuzz(func(t *testing.T, text, local, helo string) {
		for _, use := range []macroUse{inDomainSpec, inModifier, inExplanation} {
			m, err := parseMacro(text, use)
			if err != nil {
				continue
			}
			e := &evaluation{
				checker: NewChecker(dnstest.Source{}, Options{}), ctx: t.Context(), explaining: true,
				query:  &Query{Local: local, HELO: helo},
				client: netip.MustParseAddr("2001:db8::1"), domain: "example.com",
			}
			name, err := e.target(&term{spec: m}, "example.com")
			if err != nil {
				t.Fatalf("%q: %v", text, err)
			}
			if len(name) > 253 {
				t.Fatalf("%q: a name of %d bytes", text, len(name))
			}
			if !strings.Contains(text, "%") && use == inDomainSpec && len(text) <= 253 && name != canonical(text) {
				t.Fatalf("%q expanded to %q", text, name)
			}
		}
	})
}

// TestManySegments: a domain-spec of many segments gives the name that expanding
// all of them would.
func TestManySegments(t *testing.T) {
	t.Parallel()
	for _, end := range []string{".test", ".test.", "%{d}", "x.%{d}", "%{L}.%{d2r}"} {
		for n := range 80 {
			spec := strings.Repeat("%{l1r-}%%.%{lr}", n) + end
			m, err := parseMacro(spec, inDomainSpec)
			if err != nil {
				t.Fatal(err)
			}
			e := &evaluation{query: &Query{Local: "ab-c"}, domain: "example.com"}
			whole := strings.Repeat("ab%.ab-c", n) + map[string]string{
				".test": ".test", ".test.": ".test", "%{d}": "example.com", "x.%{d}": "x.example.com", "%{L}.%{d2r}": "ab-c.com.example",
			}[end]
			got, err := e.target(&term{spec: m}, "example.com")
			if want := string(shorten([]byte(whole))); err != nil || got != want {
				t.Fatalf("%d and %s: %q, %v, want %q", n, end, got, err, want)
			}
		}
	}
}
