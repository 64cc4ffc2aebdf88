package evidence

import (
	"net/netip"
	"strings"
	"testing"
)

func TestTrusted(t *testing.T) {
	t.Parallel()
	trusted := trustedFunc(&Options{TrustedNetworks: []netip.Prefix{netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("2001:db8:1::/48")}})
	for ip, want := range map[string]bool{
		"10.1.2.3": true, "172.16.0.1": true, "172.32.0.1": false, "192.168.0.1": true, // RFC 1918
		"127.0.0.1": true, "::1": true,
		"169.254.1.1": true, "fe80::1": true,
		"fd00::1":    true,                                                                     // RFC 4193
		"100.64.0.1": true, "100.127.255.255": true, "100.128.0.1": false, "100.63.0.1": false, // RFC 6598
		"198.51.100.9": true, "198.51.101.9": false,
		"2001:db8:1::9": true, "2001:db8:2::9": false,
		"8.8.8.8": false, "192.0.2.1": false,
	} {
		if got := trusted(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v, want %v", ip, got, want)
		}
	}
}

var boundaryCases = []struct {
	name  string
	hops  []string // topmost first
	index int
	auth  bool
	why   string // what the last line of the explanation holds
}{
	{"one hop", []string{
		"from a (a [192.0.2.1]) by mx with ESMTP",
		"from forged ([198.51.100.1]) by a with ESMTP",
	}, 0, false, "192.0.2.1 is outside"},
	{"scanner on the same host", []string{
		"from localhost (localhost [127.0.0.1]) by mx with ESMTP",
		"from a (a [192.0.2.1]) by mx with ESMTP",
	}, 1, false, "192.0.2.1 is outside"},
	{"trusted relay, LMTP, list expansion", []string{
		"from mx by store with LMTP",
		"from relay (relay [203.0.113.7]) by mx with ESMTPS",
		"(majordomo@relay) by relay via listexpand",
		"from a ([192.0.2.1]:38406 \"EHLO a\" rhost-flags-OK) by relay with ESMTP",
	}, 3, false, "192.0.2.1 is outside"},
	{"shared address space", []string{
		"from hub (hub [100.90.174.1]) by store with ESMTP",
		"from a (a [192.0.2.1]) by hub with ESMTP",
	}, 1, false, "192.0.2.1 is outside"},
	{"gmail", []string{
		"by 2002:a05:6402:1d4b:b0:55a with SMTP id 4fb4d",
		"from a (a. [192.0.2.1]) by mx.google.com with ESMTPS id u9",
	}, 1, false, "192.0.2.1 is outside"},
	{"fetchmail", []string{
		"from pop.example.org [198.51.100.1] by localhost with POP3 (fetchmail-6.3.26)",
		"from a (a [192.0.2.1]) by mx.example.org with ESMTP",
	}, 1, false, "192.0.2.1 is outside"},
	{"submission from outside", []string{
		"from pc (dsl [192.0.2.1]) by mx with ESMTPSA",
	}, 0, true, "authenticated (ESMTPSA)"},
	{"relays that log in to each other", []string{
		"from mx (mx [10.0.0.2]) by store with ESMTPA",
		"from a (a [192.0.2.1]) by mx with ESMTP",
	}, 1, false, "192.0.2.1 is outside"},
	{"submission from inside", []string{
		"from mx (mx [10.0.0.2]) by store with ESMTP",
		"from pc (pc [10.0.7.7]) by mx with ESMTPSA",
	}, 1, true, "began on our side, at 1, authenticated (ESMTPSA)"},
	{"inside without login", []string{
		"from mx (mx [10.0.0.2]) by store with ESMTP",
		"from cron (cron [10.0.7.7]) by mx with ESMTP",
		"by cron (Postfix, from userid 0) id 1",
	}, 1, false, "began on our side, at 1"},
	{"submission that hides its address", []string{
		"from smtp (smtp [10.30.226.201]) by mx with ESMTPS",
		"by smtp (Postfix) with ESMTPSA id 1",
		"from forged ([192.0.2.1]) by smtp with ESMTP",
	}, 0, true, "began on our side, at 0, authenticated (ESMTPSA)"},
	{"only a submission that hides its address", []string{
		"by hermes (Yahoo Inc. Hermes SMTP Server) with ESMTPA ID 42",
	}, 0, true, "began on our side, at 0, authenticated (ESMTPA)"},
	{"web mail", []string{
		"from web (localhost [127.0.0.1]) by mx with ESMTP",
		"from 192.0.2.1 (SquirrelMail authenticated user bob) by web with HTTP",
	}, 1, true, "192.0.2.1 is outside the trusted networks: the boundary; authenticated"},
	{"local delivery with LMTPA is no submission", []string{
		"from mx ([unix socket]) by mx (Cyrus v2.3.14) with LMTPA",
		"from a (a [192.0.2.1]) by mx with ESMTP",
	}, 1, false, "192.0.2.1 is outside"},
	{"no addresses", []string{"by mx with SMTP", "hello"}, -1, false, "no boundary"},
	{"none", nil, -1, false, "no boundary"},
}

func TestBoundary(t *testing.T) {
	t.Parallel()
	o := &Options{TrustedNetworks: []netip.Prefix{netip.MustParsePrefix("203.0.113.0/24")}}
	for _, c := range boundaryCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h := header(t, c.hops...)
			hops := Hops(h)
			b, why := chooseBoundary(hops, trustedFunc(o), true)
			if b.index != c.index || (b.authBasis != "") != c.auth {
				t.Errorf("%+v, want %d %v", b, c.index, c.auth)
			}
			if len(why) == 0 || !strings.Contains(why[len(why)-1], c.why) {
				t.Errorf("why %q, want %q", why, c.why)
			}
			// What explains and what extracts must agree.
			e, _ := readEnvelope(h, noStore, o)
			if int(e.Hop) != b.index || e.Authenticated != c.auth || int(e.Hops) != len(hops) {
				t.Errorf("the envelope has %+v", e)
			}
			if index, _ := ExplainBoundary(hops, o); index != b.index {
				t.Errorf("explained %d, chosen %d", index, b.index)
			}
			if b.index >= 0 && e.ClientIP != hops[b.index].IP {
				t.Errorf("client %v, hop %v", e.ClientIP, hops[b.index].IP)
			}
		})
	}
}
