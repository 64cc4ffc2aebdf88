package dmarc_test

import (
	"bufio"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/idna"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns/dnstest"
)

func TestExistence(t *testing.T) {
	t.Parallel()
	ip := []string{"192.0.2.1"}
	for _, c := range []struct {
		name            string
		zone            dnstest.Source
		domain          string
		exists, decided bool
		asked           []string
	}{
		{"name servers of the organization", dnstest.Source{"example.com NS": {"ns.example.net"}}, "no.such.example.com", true, true,
			[]string{"example.com NS"}},
		{"an address is enough", dnstest.Source{"example.com A": ip}, "example.com", true, true,
			[]string{"example.com NS", "example.com MX", "example.com A"}},
		{"only IPv6", dnstest.Source{"example.com AAAA": {"2001:db8::1"}}, "example.com", true, true,
			[]string{"example.com NS", "example.com MX", "example.com A", "example.com AAAA"}},
		{"the domain, where its organization has nothing", dnstest.Source{"mail.example.com MX": {"10 mx.example.net"}}, "mail.example.com", true, true,
			[]string{"example.com NS", "example.com MX", "example.com A", "example.com AAAA", "mail.example.com A", "mail.example.com MX"}},
		{"nothing at all", dnstest.Source{}, "mail.example.com", false, true,
			[]string{"example.com NS", "mail.example.com A"}},
		{"only a text", dnstest.Source{"example.com TXT": {"x"}}, "example.com", false, true,
			[]string{"example.com NS", "example.com MX", "example.com A", "example.com AAAA"}},
		{"a failure is no absence", dnstest.Source{"example.com MX": {dnstest.Timeout}}, "example.com", true, false,
			[]string{"example.com NS", "example.com MX", "example.com A", "example.com AAAA"}},
		{"not recorded is no absence", dnstest.Source{"example.com NS": {dnstest.NotRecorded}, "example.com": {}}, "example.com", true, false,
			[]string{"example.com NS", "example.com MX", "example.com A", "example.com AAAA"}},
		{"a failure, then a proof", dnstest.Source{"example.com NS": {dnstest.Timeout}, "example.com A": ip}, "example.com", true, true,
			[]string{"example.com NS", "example.com MX", "example.com A"}},
		{"a failure at the organization, a proof at the domain", dnstest.Source{"example.com": {dnstest.ServFail}, "m.example.com A": ip}, "m.example.com", true, true,
			[]string{"example.com NS", "example.com MX", "example.com A", "example.com AAAA", "m.example.com A"}},
		{"a failure at the organization, nothing at the domain", dnstest.Source{"example.com": {dnstest.ServFail}}, "m.example.com", true, false,
			[]string{"example.com NS", "example.com MX", "example.com A", "example.com AAAA", "m.example.com A"}},
		{"null MX is an MX", dnstest.Source{"example.com MX": {"0 ."}}, "example.com", true, true,
			[]string{"example.com NS", "example.com MX"}},
		{"a public suffix is its own organization", dnstest.Source{"co.uk NS": {"ns.example.net"}}, "co.uk", true, true,
			[]string{"co.uk NS"}},
		{"a name that cannot be asked", dnstest.Source{}, strings.Repeat("a", 64) + ".example.com", false, true,
			[]string{"example.com NS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			src := &counting{Source: c.zone}
			e := dmarc.New(src, dmarc.Options{})
			for range 2 {
				exists, decided, answers, err := e.Existence(t.Context(), c.domain, time.Time{})
				if err != nil || exists != c.exists || decided != c.decided || len(answers) != len(c.asked) {
					t.Errorf("exists %v, decided %v, %d answers, error %v", exists, decided, len(answers), err)
				}
			}
			if diff := cmp.Diff(c.asked, src.names); diff != "" {
				t.Error(diff)
			}
		})
	}
	e := dmarc.New(dnstest.Source{"example.com NS": {dnstest.Abort}}, dmarc.Options{})
	if _, _, _, err := e.Existence(t.Context(), "example.com", time.Time{}); !errors.Is(err, dnstest.ErrAborted) {
		t.Errorf("error %v", err)
	}
}

// The list's own checks, read from the conformance material.
func TestPublicSuffixList(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../../shared/vectors/psl/test_psl.txt")
	if err != nil {
		t.Skip("the checks of the Public Suffix List are not here: ", err)
	}
	defer f.Close()
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		args, ok := strings.CutPrefix(lines.Text(), "checkPublicSuffix(")
		if !ok || strings.HasPrefix(args, "null") {
			continue
		}
		domain, want, _ := strings.Cut(strings.TrimSuffix(args, ");"), ", ")
		n++
		if got := dmarc.OrganizationalDomainPSL(canonical(t, domain)); got != canonical(t, want) {
			t.Errorf("%s: %q, want %s", domain, got, want)
		}
	}
	if n < 70 {
		t.Errorf("%d checks", n)
	}
	t.Logf("conformance: cases=%d", n)
}

// canonical turns a quoted name, or null, into lower-case A-labels.
func canonical(t *testing.T, s string) string {
	t.Helper()
	if s == "null" {
		return ""
	}
	name, err := idna.ToASCII(strings.ToLower(strings.Trim(s, "'")))
	if err != nil {
		t.Fatal(err)
	}
	return name
}
