package sources_test

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"mailaudit/evaluate/dmarc"
	"mailaudit/sources"
)

const (
	strict  = dmarc.Strict
	relaxed = dmarc.Relaxed
	other   = dmarc.NotAligned
)

func sig(domain string, passed bool, a dmarc.Alignment) sources.Signature {
	return sources.Signature{Domain: domain, Passed: passed, Alignment: a}
}

func damaged(domain, damage string) sources.Signature {
	return sources.Signature{Domain: domain, Alignment: strict, Damage: damage}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	host := netip.MustParseAddr("192.0.2.77")
	type sigs = []sources.Signature
	for _, c := range []struct {
		name   string
		facts  sources.Facts
		source string
		basis  sources.Basis
		class  sources.Class
		sure   sources.Confidence
		words  string
	}{
		{"its own, signed", sources.Facts{Client: host, Signatures: sigs{sig("mail.acme.example", true, relaxed)}},
			"acme.example", sources.BySignature, sources.Own, sources.High, "aligned_dkim"},
		{"its own, by SPF", sources.Facts{Client: host, ReturnPath: "bounce.acme.example", SPFPassed: true, SPFAlignment: relaxed},
			"acme.example", sources.ByReturnPath, sources.Own, sources.High, "aligned_spf"},
		{"a provider that signs for the domain and for itself", sources.Facts{Client: host, ReturnPath: "esp.test", SPFPassed: true, SPFAlignment: other,
			Signatures: sigs{sig("esp.test", true, other), sig("acme.example", true, strict)}},
			"acme.example", sources.BySignature, sources.Own, sources.High, "aligned_dkim other_dkim other_spf"},
		{"third party with signature and return path", sources.Facts{Client: host, ReturnPath: "b.esp.test", SPFPassed: true, SPFAlignment: other,
			Signatures: sigs{sig("esp.test", true, other)}},
			"esp.test", sources.BySignature, sources.ThirdParty, sources.Medium, "other_dkim other_spf"},
		{"third party by signature alone", sources.Facts{Client: host, Signatures: sigs{sig("x.esp.test", true, other)}},
			"esp.test", sources.BySignature, sources.ThirdParty, sources.Low, "other_dkim"},
		{"third party by return path alone", sources.Facts{Client: host, ReturnPath: "x.esp.test", SPFPassed: true, SPFAlignment: other},
			"esp.test", sources.ByReturnPath, sources.ThirdParty, sources.Low, "other_spf"},
		{"list with footer", sources.Facts{Client: host, ReturnPath: "lists.test", SPFPassed: true, SPFAlignment: other, ListID: "dev.lists.test",
			Signatures: sigs{damaged("acme.example", "list_footer")}},
			"lists.test", sources.ByReturnPath, sources.MailingList, sources.High, "broken_dkim other_spf list_header list_footer"},
		{"list without footer, signature broken", sources.Facts{Client: host, ReturnPath: "lists.test", SPFPassed: true, SPFAlignment: other, ListID: "dev.lists.test",
			Signatures: sigs{sig("acme.example", false, strict)}},
			"lists.test", sources.ByReturnPath, sources.MailingList, sources.Medium, "broken_dkim other_spf list_header"},
		{"a newsletter that writes List-Id", sources.Facts{Client: host, ReturnPath: "esp.test", SPFPassed: true, SPFAlignment: other, ListID: "n.esp.test"},
			"esp.test", sources.ByReturnPath, sources.MailingList, sources.Low, "other_spf list_header"},
		{"list that leaves the signature whole", sources.Facts{Client: host, ReturnPath: "lists.test", SPFPassed: true, SPFAlignment: other, ListID: "dev.lists.test",
			Signatures: sigs{sig("acme.example", true, strict)}},
			"lists.test", sources.ByReturnPath, sources.MailingList, sources.Medium, "aligned_dkim other_spf list_header"},
		{"list that signs, and leaves another signature whole", sources.Facts{Client: host, ClientName: "out.cloud.test", ListID: "dev.lists.test",
			Signatures: sigs{damaged("acme.example", ""), sig("tenant.test", true, other), sig("lists.test", true, other)}},
			"lists.test", sources.BySignature, sources.MailingList, sources.Medium, "broken_dkim other_dkim list_header"},
		{"list that does not sign, nor breaks another signature", sources.Facts{Client: host, ClientName: "mx.lists.test", ListID: "dev.lists.test",
			Signatures: sigs{damaged("acme.example", ""), sig("tenant.test", true, other)}},
			"lists.test", sources.ByName, sources.MailingList, sources.Medium, "broken_dkim other_dkim list_header"},
		{"forwarder: SPF broken, DKIM intact", sources.Facts{Client: host, ClientName: "mx.forward.test", ReturnPath: "acme.example", SPFFailed: true, SPFAlignment: strict,
			Signatures: sigs{sig("acme.example", true, strict)}},
			"forward.test", sources.ByName, sources.Forwarder, sources.Medium, "aligned_dkim refused_by_spf"},
		{"forwarder that seals", sources.Facts{Client: host, ReturnPath: "srs.forward.test", SPFPassed: true, SPFAlignment: other, ARCPassed: true, ARCSealer: "forward.test",
			Signatures: sigs{sig("acme.example", true, strict)}},
			"forward.test", sources.ByReturnPath, sources.Forwarder, sources.High, "aligned_dkim other_spf valid_arc"},
		{"forwarder that seals what it broke", sources.Facts{Client: host, ARCPassed: true, ARCSealer: "arc.forward.test", Signatures: sigs{sig("acme.example", false, strict)}},
			"forward.test", sources.BySeal, sources.Forwarder, sources.Medium, "broken_dkim valid_arc"},
		{"an own host that SPF lacks", sources.Facts{Client: host, ClientName: "www.acme.example", ReturnPath: "acme.example", SPFAlignment: strict},
			"acme.example", sources.ByName, sources.OwnUnaligned, sources.Medium, "unproven_spf own_host nothing_at_all"},
		{"an own host, by HELO that SPF confirms", sources.Facts{Client: host, HELO: "out.acme.example", HELOPassed: true},
			"acme.example", sources.ByHELO, sources.OwnUnaligned, sources.Medium, "own_host nothing_at_all"},
		{"a HELO that nothing confirms", sources.Facts{Client: host, HELO: "out.acme.example"},
			"192.0.2.0/24", sources.ByNetwork, sources.LikelyForgery, sources.Low, "nothing_at_all"},
		{"refused by SPF, unsigned", sources.Facts{Client: host, ReturnPath: "acme.example", SPFFailed: true, SPFAlignment: strict},
			"192.0.2.0/24", sources.ByNetwork, sources.LikelyForgery, sources.Medium, "refused_by_spf nothing_at_all"},
		{"a record in error", sources.Facts{Client: host, ClientName: "a.acme.example", ReturnPath: "acme.example", SPFBroken: true, SPFAlignment: strict},
			"acme.example", sources.ByName, sources.OwnUnaligned, sources.Medium, "unproven_spf own_host nothing_at_all broken_spf"},
		{"broken signature, nothing else", sources.Facts{Client: netip.MustParseAddr("2001:db8:1:2::3"), Signatures: sigs{sig("acme.example", false, strict)}},
			"2001:db8:1::/48", sources.ByNetwork, sources.Unknown, sources.Low, "broken_dkim"},
		{"nothing known", sources.Facts{}, "unknown", sources.ByNothing, sources.Unknown, sources.Low, "nothing_at_all client_unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.facts.Author = "news.acme.example"
			got := sources.Identify(&c.facts)
			words := strings.Join(got.Evidence.Words(), " ")
			if got.Name != c.source || got.Basis != c.basis || got.Class != c.class || got.Confidence != c.sure || words != c.words {
				t.Errorf("%s by %s: %s, %s (%s)\nwant %s by %s: %s, %s (%s)", got.Name, got.Basis, got.Class, got.Confidence, words,
					c.source, c.basis, c.class, c.sure, c.words)
			}
		})
	}
}

func TestOrganizational(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"mail.example.com": "example.com", "a.b.example.co.uk": "example.co.uk", "co.uk": "co.uk", "MX.Example.COM.": "example.com",
		"": "", "localhost": "", "[192.0.2.1]": "", "192.0.2.1": "", "a..b": "", ".a.b": "", "a b.example": "", "x\x1b[2J.example": "",
		strings.Repeat("a.", 130) + "test": "",
	} {
		if got := sources.Organizational(name); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

// Whatever mail holds, a source's name holds no byte that a terminal would act on.
func FuzzIdentify(f *testing.F) {
	f.Add("acme.example", "mx.forward.test", "helo.test", "d.test", "seal.test", uint16(0))
	f.Add("acme.example", "\x1b]0;x\a.test", "a\r\nb.test", "\u202e.test", "\x00.test", uint16(0xffff))
	f.Fuzz(func(t *testing.T, path, client, helo, domain, sealer string, bits uint16) {
		on := func(i int) bool { return bits&(1<<i) != 0 }
		words := []dmarc.Alignment{strict, relaxed, other, dmarc.UnknownAlignment}
		facts := sources.Facts{
			Author: "acme.example", ReturnPath: path, SPFPassed: on(0), SPFFailed: on(1), SPFBroken: on(2), SPFAlignment: words[bits>>3&3],
			ClientName: client, HELO: helo, HELOPassed: on(5), ARCPassed: on(6), ARCSealer: sealer,
			Signatures: []sources.Signature{{Domain: domain, Passed: on(7), Alignment: words[bits>>8&3]}},
		}
		if on(10) {
			facts.ListID = path
		}
		got := sources.Identify(&facts)
		if got.Name == "" || strings.ContainsFunc(got.Name, func(r rune) bool { return r <= ' ' || r > '~' }) {
			t.Fatalf("name %q", got.Name)
		}
		if got.Class == sources.Own && !slices.Contains(got.Evidence.Words(), "aligned_dkim") && !slices.Contains(got.Evidence.Words(), "aligned_spf") {
			t.Fatalf("own without an aligned pass: %v", got.Evidence.Words())
		}
		_ = got.Class.String() + got.Basis.String() + got.Confidence.String()
	})
}

func BenchmarkIdentify(b *testing.B) {
	facts := sources.Facts{
		Author: "acme.example", ReturnPath: "b.esp.test", SPFPassed: true, SPFAlignment: other, ClientName: "mx.esp.test",
		Client: netip.MustParseAddr("192.0.2.77"), Signatures: []sources.Signature{sig("esp.test", true, other)},
	}
	b.ReportAllocs()
	for b.Loop() {
		sources.Identify(&facts)
	}
}
