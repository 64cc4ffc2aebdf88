package impact

import (
	"net/netip"
	"strings"
	"testing"

	"mailaudit/evaluate/dmarc"
	"mailaudit/sources"
)

func TestForwarders(t *testing.T) {
	t.Parallel()
	f, err := ReadForwarders(strings.NewReader("192.0.2.0/24, 2001:db8::7\n# a comment, not.this.test\nforward.test # nor this\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		facts sources.Facts
		want  string
	}{
		{"network", sources.Facts{Client: netip.MustParseAddr("192.0.2.9")}, "192.0.2.0/24"},
		{"address", sources.Facts{Client: netip.MustParseAddr("2001:db8::7")}, "2001:db8::7/128"},
		{"another address", sources.Facts{Client: netip.MustParseAddr("2001:db8::8")}, ""},
		{"reverse name", sources.Facts{ClientName: "MX.forward.test"}, "forward.test"},
		{"a name that only ends alike", sources.Facts{ClientName: "notforward.test"}, ""},
		{"a HELO that anybody can say", sources.Facts{HELO: "mx.forward.test"}, ""},
		{"a HELO that SPF confirms", sources.Facts{HELO: "mx.forward.test", HELOPassed: true}, "forward.test"},
		{"a return path that anybody can say", sources.Facts{ReturnPath: "forward.test"}, ""},
		{"a return path that SPF confirms", sources.Facts{ReturnPath: "srs.forward.test", SPFPassed: true}, "forward.test"},
		{"in a comment", sources.Facts{ClientName: "not.this.test"}, ""},
	} {
		if got := f.trusts(&c.facts); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	for _, bad := range []string{"192.0.2.0/33", "a..b", "user@forward.test", "http://x.test"} {
		if _, err := ReadForwarders(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestARCVouches(t *testing.T) {
	t.Parallel()
	all, one := &ARCTrust{All: true}, &ARCTrust{Sealers: []string{"list.test"}}
	for _, c := range []struct {
		name  string
		trust *ARCTrust
		chain chain
		want  string
	}{
		{"dmarc=pass", all, chain{true, []string{"list.test"}, "list.test; spf=fail; dmarc=pass header.from=acme.example"}, "arc=pass as[1].d=list.test"},
		{"two sets", all, chain{true, []string{"list.test", "fwd.test"}, "x; dmarc=pass"}, "arc=pass as[2].d=fwd.test as[1].d=list.test"},
		{"a sealer below one that is trusted", one, chain{true, []string{"arc.list.test"}, "x; dmarc=pass"}, "arc=pass as[1].d=arc.list.test"},
		{"one sealer who is not trusted", one, chain{true, []string{"list.test", "fwd.test"}, "x; dmarc=pass"}, ""},
		{"a chain that does not verify", all, chain{false, []string{"list.test"}, "x; dmarc=pass"}, ""},
		{"it failed before", all, chain{true, []string{"list.test"}, "x; dkim=pass header.d=acme.example; dmarc=fail"}, ""},
		{"dkim of the author, no word of dmarc", all, chain{true, []string{"list.test"}, "x; dkim=pass (2048-bit) header.d=mail.acme.example"}, "arc=pass as[1].d=list.test"},
		{"dkim by identity", all, chain{true, []string{"list.test"}, "x; dkim=pass header.i=@acme.example"}, "arc=pass as[1].d=list.test"},
		{"dkim of somebody else", all, chain{true, []string{"list.test"}, "x; dkim=pass header.d=notacme.example"}, ""},
		{"spf of the author", all, chain{true, []string{"list.test"}, "x; spf=pass smtp.mailfrom=a@acme.example"}, "arc=pass as[1].d=list.test"},
		{"a pass in a comment", all, chain{true, []string{"list.test"}, `x; spf=fail (helo=a; dmarc=pass b) smtp.helo="c; dmarc=pass d"; dmarc=fail`}, ""},
		{"a pass in a comment that hides the end", all, chain{true, []string{"list.test"}, `x; spf=fail (a\); dmarc=pass b`}, ""},
		{"comments aside", all, chain{true, []string{"list.test"}, `x; spf=fail (a (b) \) c); dmarc=pass (p=reject)`}, "arc=pass as[1].d=list.test"},
		{"no results", all, chain{true, []string{"list.test"}, ""}, ""},
	} {
		got, ok := c.trust.vouches(&c.chain, "news.acme.example")
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestParsePolicy(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Policy{
		"example.com=v=DMARC1; p=reject; adkim=s": {"example.com", "v=DMARC1; p=reject; adkim=s"},
		"_dmarc.Example.COM. = v=DMARC1;p=none":   {"example.com", "v=DMARC1;p=none"},
		"bücher.example=v=DMARC1; p=none":         {"xn--bcher-kva.example", "v=DMARC1; p=none"},
		"*=v=DMARC1; p=quarantine":                {Everyone, "v=DMARC1; p=quarantine"},
		"example.com=":                            {"example.com", ""},
	} {
		if got, _, err := ParsePolicy(in, dmarc.RFC9989); err != nil || got != want {
			t.Errorf("%s: %+v, %v", in, got, err)
		}
	}
	for _, bad := range []string{"", "example.com", "=v=DMARC1; p=none", "a..b=v=DMARC1; p=none", "*=", "*.example.com=v=DMARC1; p=none",
		"example.com=p=reject", "example.com=v=DMARC1", "example.com=v=DMARC1; p=maybe"} {
		if got, _, err := ParsePolicy(bad, dmarc.RFC9989); err == nil {
			t.Errorf("%q is taken for %+v", bad, got)
		}
	}
	all, warnings, err := ReadPolicies(strings.NewReader("# two\n\na.test=v=DMARC1; p=none; x=1\nb.test=\n"), dmarc.RFC9989)
	if err != nil || len(all) != 2 || len(warnings) != 1 || warnings[0] != "line 3: unknown_tag" {
		t.Errorf("%v, %v, %v", all, warnings, err)
	}
	if _, _, err := ReadPolicies(strings.NewReader("a.test=v=DMARC1; p=none\nb\n"), dmarc.RFC9989); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error %v", err)
	}
}

func FuzzParsePolicy(f *testing.F) {
	f.Add("example.com=v=DMARC1; p=reject")
	f.Add("*=v=DMARC1; p=none")
	f.Add("a b=\x00")
	f.Fuzz(func(t *testing.T, s string) {
		p, _, err := ParsePolicy(s, dmarc.RFC9989)
		if err != nil {
			return
		}
		q, _, err := ParsePolicy(p.Name+"="+p.Text, dmarc.RFC9989)
		if err != nil || p != q {
			t.Fatalf("%q: %+v, again %+v, %v", s, p, q, err)
		}
	})
}
