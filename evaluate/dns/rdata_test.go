package dns_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
)

func TestCanonicalData(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		t          dns.Type
		text, want string // want is empty for an error
	}{
		{dns.TypeTXT, `v=spf1 -all`, `v=spf1 -all`},
		{dns.TypeTXT, `"v=spf1 " "-all"`, `v=spf1 -all`},
		{dns.TypeTXT, `"a\"b\\c\001\255"`, "a\"b\\c\x01\xff"},
		{dns.TypeTXT, `"open`, ""},
		{dns.TypeTXT, `"a"b`, ""},
		{dns.TypeTXT, `"\256"`, ""},
		{dns.TypeTXT, `"a\`, ""},
		{dns.TypeA, "192.0.2.1", "192.0.2.1"},
		{dns.TypeA, "2001:db8::1", ""},
		{dns.TypeAAAA, "2001:DB8:0::1", "2001:db8::1"},
		{dns.TypeAAAA, "fe80::1%eth0", ""},
		{dns.TypeMX, "10 Mail.Example.COM.", "10 mail.example.com"},
		{dns.TypeMX, "0 .", "0 ."},
		{dns.TypeMX, "65536 a.", ""},
		{dns.TypeMX, "mail.example.com.", ""},
		{dns.TypeNS, "NS1.example.com.", "ns1.example.com"},
		{dns.TypePTR, "a b", ""},
		{dns.TypeCNAME, "", ""},
		{dns.Type(6), "ns. h. 1 1 1 1 1", ""},
	} {
		got, err := dns.CanonicalData(test.t, test.text)
		if got != test.want || (err != nil) != (test.want == "") {
			t.Errorf("%v %s: %q, %v; want %q", test.t, test.text, got, err, test.want)
		}
	}
}

// FuzzPresentation: whatever bytes a text or a name has, what is written for it
// is printable ASCII and read back as it was.
func FuzzPresentation(f *testing.F) {
	f.Add("v=spf1 -all")
	f.Add("a\x00\xff\"\\; ü" + strings.Repeat("x", 600))
	f.Add("odd name\xff.example.com")
	f.Fuzz(func(t *testing.T, s string) {
		text := dns.PresentationData(dns.TypeTXT, s)
		for _, c := range []byte(text) {
			if c < ' ' || c > '~' {
				t.Fatalf("%q is written as %q", s, text)
			}
		}
		if got, err := dns.CanonicalData(dns.TypeTXT, text); err != nil || got != s {
			t.Fatalf("%q is written as %s, read as %q, %v", s, text, got, err)
		}
		name, err := dns.CanonicalName(s)
		if err != nil || name != s || strings.Contains(s, `\`) || s == "" {
			return
		}
		if got, err := dns.PresentedName(dns.PresentationName(s)); err != nil || got != s {
			t.Errorf("%q is written as %s, read as %q, %v", s, dns.PresentationName(s), got, err)
		}
	})
}

func TestZoneAnswers(t *testing.T) {
	t.Parallel()
	z, err := dns.ParseZone(`
$ORIGIN example.com.
@ 300 TXT "b"
@ 60 TXT "a"
@ 60 TXT "a"
@ MX 10 mail
* TXT "any"
www CNAME @
; @servfail broken
old DNAME example.org.
`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for a := range z.Answers() {
		if a.Status != dns.Success || a.Source != "zone" {
			t.Errorf("%+v", a)
		}
		got = append(got, a.Name+" "+a.Type.String()+" "+strings.Join(a.Records, ","))
	}
	want := []string{"example.com MX 10 mail.example.com", "example.com TXT a,b", "www.example.com CNAME example.com"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestReplayKeepsHistoriesApart: what came out of a history has an empty
// interval and answers for no moment, but is tried as another key.
func TestReplayKeepsHistoriesApart(t *testing.T) {
	t.Parallel()
	const name = "s._domainkey.example.com"
	at := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	now := &dns.Answer{Name: name, Type: dns.TypeTXT, Status: dns.Success, Records: []string{"now"}, Since: at(2020), Until: at(2021)}
	past := &dns.Answer{Name: name, Type: dns.TypeTXT, Status: dns.Success, Records: []string{"past"}, Since: at(2025), Until: at(2025), ObservedAt: at(2026)}
	r, err := dns.Replay(func(yield func(*dns.Answer, error) bool) { _ = yield(past, nil) && yield(now, nil) })
	if err != nil {
		t.Fatal(err)
	}
	for _, moment := range []time.Time{at(2020), {}} {
		if a, err := r.Lookup(t.Context(), dns.Question{Name: name, Type: dns.TypeTXT, At: moment}); err != nil || a != now {
			t.Errorf("at %v: %+v, %v", moment, a, err)
		}
	}
	if a, err := r.Lookup(t.Context(), dns.Question{Name: name, Type: dns.TypeTXT, At: at(2025)}); err != nil || a.Status != dns.NotRecorded {
		t.Errorf("%+v, %v", a, err)
	}
	list, err := r.History(t.Context(), name, dns.TypeTXT)
	if err != nil || len(list) != 2 || list[0] != now || list[1] != past {
		t.Errorf("%v, %v", list, err)
	}
}
