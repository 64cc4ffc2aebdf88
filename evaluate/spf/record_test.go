package spf

import (
	"errors"
	"strings"
	"testing"
)

func TestParseRecord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"v=spf1", "v=spf1"},
		{"V=SPF1  +ALL ", "v=spf1 all"},
		{"v=spf1 a:Example.COM/24//64 -mX//0 ?pTr", "v=spf1 a:Example.COM/24//64 -mx//0 ?ptr"},
		{"v=spf1 a/32//128 a/0", "v=spf1 a a/0"},
		{"v=spf1 a:foo:bar/baz.example.com/8", "v=spf1 a:foo:bar/baz.example.com/8"},
		{"v=spf1 a:%{d/}/24", "v=spf1 a:%{d/}/24"},
		{"v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.1/32", "v=spf1 ip4:192.0.2.0/24 ip4:192.0.2.1"},
		{"v=spf1 ip6:2001:DB8::/32 ip6:::1.2.3.4/128", "v=spf1 ip6:2001:db8::/32 ip6:::102:304"},
		{"v=spf1 ip6:::ffff:1.2.3.4", "v=spf1 ip6:::ffff:1.2.3.4"},
		{"v=spf1 REDIRECT=_spf.example.com EXP=%{d}", "v=spf1 redirect=_spf.example.com exp=%{d}"},
		{"v=spf1 moo.cow-far_out=man:dog/cat Moo= moo=", "v=spf1 moo.cow-far_out=man:dog/cat Moo= moo="},
		{"v=spf1 all=x mx=%{c}", "v=spf1 all=x mx=%{c}"},
		{"v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d}", "v=spf1 exists:%{ir}.%{l1r+-}._spf.%{d}"},
		{"v=spf1 include:a.example. ~all", "v=spf1 include:a.example. ~all"},
	} {
		r, err := ParseRecord(c.text)
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := r.String(); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestParseRecordErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		term string // after a good one: errors are found anywhere
		want error
	}{
		{"moo", errMechanism},
		{"-", errMechanism},
		{"--all", errMechanism},
		{"=x", errMechanism},
		{"1up=x", errMechanism},
		{"+redirect=example.com", errMechanism},
		{"redirect:example.com", errMechanism},
		{"exp", errMechanism},
		{"all:", errArgument},
		{"all/8", errArgument},
		{"all.", errMechanism},
		{"include", errNeedsSpec},
		{"include/8", errNeedsSpec},
		{"include:", errNoDomain},
		{"include:example.com/24", errTopLabel},
		{"exists", errNeedsSpec},
		{"ptr/0", errNeedsSpec},
		{"ptr:", errNoDomain},
		{"a:", errNoDomain},
		{"a:/24", errNoDomain},
		{"a/", errCIDR},
		{"a//", errCIDR},
		{"a/33", errCIDR},
		{"a//129", errCIDR},
		{"a/024", errCIDR},
		{"a/24/24", errNeedsSpec},
		{"a/24/64", errCIDR},
		{"a/24//064", errCIDR},
		{"a/33//64", errCIDR},
		{"mx/99999999999999999999", errCIDR},
		{"mx:192.0.2.1", errAddress},
		{"a:192.0.2.1/24", errAddress},
		{"ip4", errIP4},
		{"ip4:", errIP4},
		{"ip4:192.0.2", errIP4},
		{"ip4:192.0.2.256", errIP4},
		{"ip4:192.0.02.1", errIP4},
		{"ip4:192.0.2.1:25", errIP4},
		{"ip4:2001:db8::1", errIP4},
		{"ip4:192.0.2.1/33", errCIDR},
		{"ip4:192.0.2.1/", errCIDR},
		{"ip4:192.0.2.1//32", errCIDR},
		{"ip4:192.0.2.1/+8", errCIDR},
		{"ip6:192.0.2.1", errIP6},
		{"ip6:fe80::1%eth0", errIP6},
		{"ip6:2001:db8::/129", errCIDR},
		{"ip6::1", errIP6},
		{"exp=", errNoDomain},
		{"redirect=-all", errTopLabel},
		{"exp=%{r}.example.com", errTextLetter},
		{"foo=%abc", errPercent},
		{"a:ctrl.example.com\rptr", errCharacter},
		{"a:\xef\xbb\xbfx.com", errCharacter},
		{"\ta", errMechanism},
		{"exp=b.com exp=b.com", errTwice},
		{"redirect=b.com ReDirEct=b.com", errTwice},
	} {
		_, err := ParseRecord("v=spf1 -all " + c.term)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || !errors.Is(err, c.want) {
			t.Errorf("%q: got %v, want %v", c.term, err, c.want)
			continue
		}
		if !strings.HasSuffix(c.term, syntax.Term) || syntax.Offset != len("v=spf1 -all ")+len(c.term)-len(syntax.Term) {
			t.Errorf("%q: term %q at %d", c.term, syntax.Term, syntax.Offset)
		}
	}
}

// TestSelectRecord holds RFC 7208 section 4.5.
func TestSelectRecord(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		texts []string
		want  string
		count int
	}{
		{nil, "", 0},
		{[]string{"v=spf10 all", "v=spf1mx", "v=spf1\tall", " v=spf1", "v=spf2.0/pra all", "v=spf"}, "", 0},
		{[]string{"other", "v=SpF1 ~all", "\x96"}, "v=SpF1 ~all", 1},
		{[]string{"v=spf1"}, "v=spf1", 1},
		{[]string{"v=spf1 -all", "V=SPF1"}, "V=SPF1", 2},
	} {
		if text, count := selectRecord(c.texts); text != c.want || count != c.count {
			t.Errorf("%q: got %q, %d", c.texts, text, count)
		}
	}
}

func FuzzRecord(f *testing.F) {
	for _, s := range []string{
		"v=spf1 a:foo:bar/baz.example.com/24//64 mx -all exp=%{d} redirect=a.b moo=%{c}",
		"V=spf1 +a//0 ?ptr ~ip6:::ffff:1.2.3.4/96 exists:%{l1r+-}.%%.x%-",
		"v=spf1 ip4:192.0.2.0/24  include:_spf.%{d}",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRecord(text)
		if err != nil {
			return
		}
		once := r.String()
		again, err := ParseRecord(once)
		if err != nil {
			t.Fatalf("%q formats to %q: %v", text, once, err)
		}
		if twice := again.String(); twice != once {
			t.Fatalf("%q formats to %q, then to %q", text, once, twice)
		}
		if r.all != again.all || (r.redirect == nil) != (again.redirect == nil) || len(r.terms) != len(again.terms) {
			t.Fatalf("%q formats to %q, another record", text, once)
		}
	})
}
