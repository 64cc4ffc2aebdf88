package evidence

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// checkDomain holds what is true of every normalised domain.
func checkDomain(t *testing.T, d string) {
	t.Helper()
	if len(d) == 0 || len(d) > maxDomain || d != strings.ToLower(d) {
		t.Fatalf("domain %q", d)
	}
	for _, label := range strings.Split(d, ".") {
		if label == "" || len(label) > maxLabel {
			t.Fatalf("domain %q", d)
		}
	}
	for i := range len(d) {
		if !ldh[d[i]] && d[i] != '.' {
			t.Fatalf("domain %q", d)
		}
	}
	if again, ok := domainOf([]byte(d)); !ok || again != d {
		t.Fatalf("%q normalises to %q", d, again)
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 63)
	for in, want := range map[string]string{
		"example.com":                   "example.com",
		" Example.COM. ":                "example.com",
		"localhost":                     "localhost",
		"_dmarc.example.com":            "_dmarc.example.com",
		"a--b.example":                  "a--b.example",
		"xn--bcher-kva.example":         "xn--bcher-kva.example",
		"XN--BCHER-KVA.example":         "xn--bcher-kva.example",
		"bücher.example":                "xn--bcher-kva.example",
		"faß.example":                   "xn--fa-hia.example", // IDNA2008 keeps the sharp s
		"例え。テスト":                        "xn--r8jz45g.xn--zckzah",
		long + ".com":                   long + ".com",
		long + "a.com":                  "",
		strings.Repeat("a.", 126) + "a": strings.Repeat("a.", 126) + "a", // 253 octets
		strings.Repeat("a.", 127) + "a": "",
		"":                              "",
		".":                             "",
		".example.com":                  "",
		"example..com":                  "",
		"example.com..":                 "",
		"exa mple.com":                  "",
		"example.com\x00":               "",
		"[192.0.2.1]":                   "",
		"a@example.com":                 "",
		"b\xfccher.example":             "",
		"a/c.example":                   "",
		"\u2100.example":                "", // maps to "a/c"
	} {
		got, ok := domainOf([]byte(in))
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", in, got, ok, want)
		}
	}
}

func TestPath(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, local, domain string
		ok                bool
	}{
		{"<>", "", "", true},
		{" <> ", "", "", true},
		{"<local@Example.COM>", "local", "example.com", true},
		{"local@example.com", "local", "example.com", true},
		{"<@a.example,@b.example:local@example.com>", "local", "example.com", true},
		{`<"quoted @ local"@example.com>`, `"quoted @ local"`, "example.com", true},
		{"<bounces+4-lists+api=lfdr.example@list.example>", "bounces+4-lists+api=lfdr.example", "list.example", true},
		{"<prvs=0123456789=user@example.com>", "prvs=0123456789=user", "example.com", true},
		{"<SRS0=HHH=TT=example.org=alice@fwd.example>", "SRS0=HHH=TT=example.org=alice", "fwd.example", true},
		{"<user@[192.0.2.1]>", "user", "", true},
		{"<user@bücher.example>", "user", "xn--bcher-kva.example", true},
		{"<root>", "root", "", true},
		{"<MAILER-DAEMON>", "MAILER-DAEMON", "", true},
		{"", "", "", false},
		{"<user@exa_mple..com>", "", "", false},
		{"<a@b@c>", "", "", false},
		{"two words", "", "", false},
	} {
		local, domain, ok := parsePath([]byte(c.in))
		if local != c.local || domain != c.domain || ok != c.ok {
			t.Errorf("%q: %q %q %v, want %q %q %v", c.in, local, domain, ok, c.local, c.domain, c.ok)
		}
	}
}

func TestMessageID(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		" <20190429142156.GA31567@linux-8ccs>": "20190429142156.GA31567@linux-8ccs",
		"\r\n <a@b>\r\n":                       "a@b",
		"bare@id":                              "bare@id",
		"<a b\x00c@d> (comment)":               "a bc@d",
		"<no end@x":                            "no end@x",
		"":                                     "",
		"<" + strings.Repeat("é", 300) + ">":   strings.Repeat("é", 256),
		"<\xff@x>":                             "\ufffd@x",
	} {
		if got := messageID([]byte(in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"<a@example.com>", "<@a:b@c>", `<"x\"y"@z>`, "bücher.example", "例え。テスト", "<>", "a@[1]", "xn--a.example", "a\u00ad.example"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, ok := domainOf(b); ok {
			checkDomain(t, d)
		} else if d != "" {
			t.Fatalf("%q beside false", d)
		}
		local, domain, ok := parsePath(b)
		if domain != "" {
			checkDomain(t, domain)
		}
		if len(local) > maxLocal || !utf8.ValidString(local) || !ok && local+domain != "" {
			t.Fatalf("%q %q %v", local, domain, ok)
		}
		if id := messageID(b); len(id) > maxText || !utf8.ValidString(id) {
			t.Fatalf("%q", id)
		}
		if id := listID(b); len(id) > 3*maxListID || !utf8.ValidString(id) || strings.ContainsAny(id, " \t\r\n") {
			t.Fatalf("%q", id)
		}
	})
}

func BenchmarkDomain(b *testing.B) {
	v := []byte("mail.Example.COM")
	b.ReportAllocs()
	for b.Loop() {
		domainOf(v)
	}
}

func BenchmarkPath(b *testing.B) {
	v := []byte(" <bounces+4-lists+api=lfdr.example@list.example>")
	b.ReportAllocs()
	for b.Loop() {
		parsePath(v)
	}
}
