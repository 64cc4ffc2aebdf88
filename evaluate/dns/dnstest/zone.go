package dnstest

import (
	"testing"

	"mailaudit/evaluate/dns"
)

// Zone reads the text of a master file, with the directives of [dns.Zone]:
//
//	src := dnstest.Zone(t, `
//	$ORIGIN example.com.
//	@              TXT  "v=spf1 include:_spf.example.com -all"
//	_spf           TXT  "v=spf1 ip4:192.0.2.0/24"
//	; @servfail broken TXT
//	`)
//
// A text that is wrong ends the test.
func Zone(t testing.TB, text string) *dns.ZoneSource {
	t.Helper()
	z, err := dns.ParseZone(text)
	if err != nil {
		t.Fatalf("dnstest.Zone: %v", err)
	}
	return z
}
