package sink

import (
	"strings"
	"testing"
	"unicode/utf8"

	"mailaudit/sink/sinktest"
)

func TestEscapeText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, kept string }{
		{"", ""},
		{"example.org", "example.org"},
		{"日本語 ü €", "日本語 ü €"},
		{`back\slash`, `back\slash`},
		{"\x00", "\uef00"},
		{"01234567\x00", "01234567\uef00"},
		{"0123456\x00", "0123456\uef00"},
		{"caf\xe9", "caf\uefe9"},
		{"0123456789abcdef\x80", "0123456789abcdef\uef80"},
		{"\uFFFD", "\uFFFD"},                   // a replacement character that was there
		{"\uefe9", "\uefee\uefbf\uefa9"},       // an escape that was there: its three bytes
		{"\uef00", "\uefee\uefbc\uef80"},       // as is that of NUL
		{"\uef01", "\uef01"},                   // no escape: 0x01 needs none
		{"\xed\xa0\x80", "\uefed\uefa0\uef80"}, // a surrogate is no UTF-8
	} {
		if got := EscapeText(c.raw); got != c.kept {
			t.Errorf("EscapeText(%q) = %q, want %q", c.raw, got, c.kept)
		}
		if got := UnescapeText(c.kept); got != c.raw {
			t.Errorf("UnescapeText(%q) = %q, want %q", c.kept, got, c.raw)
		}
	}
}

func FuzzEscapeText(f *testing.F) {
	for _, s := range sinktest.Hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kept := EscapeText(s)
		if !utf8.ValidString(kept) || strings.IndexByte(kept, 0) >= 0 {
			t.Errorf("%q is kept as %q", s, kept)
		}
		if got := UnescapeText(kept); got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
	})
}

func TestEscapeDNS(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ raw, kept string }{
		{"v=spf1 -all", "v=spf1 -all"},
		{`a\b`, `a\\b`},
		{`\065`, `\\065`},
		{"\x00\t\x7f", `\000\009\127`},
		{"\xff", `\255`},
		{"grün", "grün"},
		{"\xc3", `\195`},
	} {
		if got := escapeDNS(c.raw); got != c.kept {
			t.Errorf("escapeDNS(%q) = %q, want %q", c.raw, got, c.kept)
		}
		if got := unescapeDNS(c.kept); got != c.raw {
			t.Errorf("unescapeDNS(%q) = %q, want %q", c.kept, got, c.raw)
		}
	}
}

func FuzzEscapeDNS(f *testing.F) {
	for _, s := range sinktest.Hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kept := escapeDNS(s)
		if !utf8.ValidString(kept) {
			t.Errorf("%q is kept as %q", s, kept)
		}
		if got := unescapeDNS(kept); got != s {
			t.Errorf("%q comes back as %q", s, got)
		}
		_ = unescapeDNS(s) // of anything at all
	})
}
