package dmarc_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// zone makes a source of DMARC records by domain; "!timeout" and the like are
// failures, "@name" keys are taken as they are.
func zone(records map[string]string) dnstest.Source {
	z := dnstest.Source{}
	for domain, text := range records {
		if key, ok := strings.CutPrefix(domain, "@"); ok {
			z[key] = []string{text}
			continue
		}
		z["_dmarc."+domain+" TXT"] = strings.Split(text, "\n")
	}
	return z
}

func pass(domain string) dmarc.AuthID      { return dmarc.AuthID{Domain: domain, Passed: true} }
func undecided(domain string) dmarc.AuthID { return dmarc.AuthID{Domain: domain, Undecided: true} }

// want is the part of an outcome that a case asserts.
type want struct {
	result      dmarc.Result
	reason      dmarc.Reason
	org, policy string // domains
	tag         string
	disposition dmarc.Disposition
	override    string
	spf         dmarc.Alignment
	dkim        []dmarc.Alignment
}

func wanted(o dmarc.Outcome) want {
	w := want{
		result: o.Result, reason: o.Reason, org: o.OrganizationalDomain, policy: o.PolicyDomain, tag: o.PolicyTag,
		disposition: o.Disposition, override: o.Override, spf: o.SPFAlignment, dkim: o.DKIMAlignments,
	}
	return w
}

type evaluateCase struct {
	name  string
	zone  map[string]string
	facts dmarc.Facts
	want  want
}

func runCases(t *testing.T, rules dmarc.Rules, cases []evaluateCase) {
	t.Helper()
	t.Logf("conformance: cases=%d", len(cases))
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e := dmarc.New(zone(c.zone), dmarc.Options{Rules: rules, Trace: true})
			for _, pass := range []string{"asked", "cached"} {
				out, err := e.Evaluate(t.Context(), c.facts)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(c.want, wanted(out), cmp.AllowUnexported(want{})); diff != "" {
					t.Errorf("%s (-want +got):\n%s\n%+v", pass, diff, out.Walk)
				}
			}
		})
	}
}

const (
	none, quarantine, reject = dmarc.DispositionNone, dmarc.DispositionQuarantine, dmarc.DispositionReject
	notAligned, relaxed      = dmarc.NotAligned, dmarc.Relaxed
	strict, unknown          = dmarc.Strict, dmarc.UnknownAlignment
)

func aligned(a ...dmarc.Alignment) []dmarc.Alignment { return a }

// The examples of RFC 9989, section and appendix by name.
func TestExamplesOfRFC9989(t *testing.T) {
	t.Parallel()
	example := map[string]string{"example.com": "v=DMARC1; p=reject"}
	simple := map[string]string{"example.com": "v=DMARC1; p=reject", "signing.example.com": "v=DMARC1; p=none"}
	bank := map[string]string{
		"bank.example":       "v=DMARC1; p=reject; psd=y",
		"giant.bank.example": "v=DMARC1; p=quarantine",
	}
	const deep = "a.b.c.d.e.f.g.h.i.j.k.example.com"
	runCases(t, dmarc.RFC9989, []evaluateCase{
		{"B.1.1 example 1", example, dmarc.Facts{Author: "example.com", SPF: pass("example.com")},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: strict}},
		{"B.1.1 example 2", example, dmarc.Facts{Author: "example.com", SPF: pass("child.example.com")},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: relaxed}},
		{"B.1.1 example 3", example, dmarc.Facts{Author: "child.example.com", SPF: pass("example.net")},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned}},
		{"B.1.2 example 1", example, dmarc.Facts{Author: "example.com", DKIM: []dmarc.AuthID{pass("example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonDKIMAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: notAligned, dkim: aligned(strict)}},
		{"B.1.2 example 2", example, dmarc.Facts{Author: "child.example.com", DKIM: []dmarc.AuthID{pass("example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonDKIMAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: notAligned, dkim: aligned(relaxed)}},
		{"B.1.2 example 3", example, dmarc.Facts{Author: "child.example.com", DKIM: []dmarc.AuthID{pass("example.net")}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned, dkim: aligned(notAligned)}},
		{"table 1 relaxed", example, dmarc.Facts{Author: "news.example.com", DKIM: []dmarc.AuthID{pass("foo.example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonDKIMAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: notAligned, dkim: aligned(relaxed)}},
		{"table 1 strict", example, dmarc.Facts{Author: "news.example.com", DKIM: []dmarc.AuthID{pass("news.example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonDKIMAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: notAligned, dkim: aligned(strict)}},
		{"table 1 none", example, dmarc.Facts{Author: "news.example.com", DKIM: []dmarc.AuthID{pass("foo.example.net")}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned, dkim: aligned(notAligned)}},
		{"B.4.1", simple, dmarc.Facts{Author: "example.com", SPF: pass("example.com"), DKIM: []dmarc.AuthID{pass("signing.example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonBothAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: strict, dkim: aligned(relaxed)}},
		{"B.4.2", simple, dmarc.Facts{Author: deep, SPF: pass("example.com"), DKIM: []dmarc.AuthID{pass("signing.example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonBothAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: relaxed, dkim: aligned(relaxed)}},
		{"B.4.2 failing", simple, dmarc.Facts{Author: deep, SPF: dmarc.AuthID{Domain: "example.com"}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: relaxed}},
		{"B.4.3", bank, dmarc.Facts{Author: "giant.bank.example", SPF: pass("mail.giant.bank.example"), DKIM: []dmarc.AuthID{pass("mail.mega.bank.example")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, org: "giant.bank.example", policy: "giant.bank.example", tag: "p", disposition: none, spf: relaxed, dkim: aligned(notAligned)}},
		{"B.4.3 failing", bank, dmarc.Facts{Author: "giant.bank.example", DKIM: []dmarc.AuthID{pass("mail.mega.bank.example")}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "giant.bank.example", policy: "giant.bank.example", tag: "p", disposition: quarantine, spf: notAligned, dkim: aligned(notAligned)}},
		{"4.10.2 fewest labels", map[string]string{"mail.example.com": "v=DMARC1; p=none", "example.com": "v=DMARC1; p=reject"},
			dmarc.Facts{Author: "a.mail.example.com"},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned}},
		{"4.10.2 psd=n", map[string]string{"mail.example.com": "v=DMARC1; p=none; psd=n", "example.com": "v=DMARC1; p=reject"},
			dmarc.Facts{Author: "a.mail.example.com"},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "mail.example.com", policy: "mail.example.com", tag: "p", disposition: none, spf: notAligned}},
		{"4.10.2 psd=y at com", map[string]string{"com": "v=DMARC1; p=reject; sp=quarantine; psd=y", "@a.mail.example.com A": "192.0.2.1"},
			dmarc.Facts{Author: "a.mail.example.com", SPF: pass("example.com")},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, org: "example.com", policy: "com", tag: "sp", disposition: none, spf: relaxed}},
		{"5.1.8 zone cut beyond the shortcut", map[string]string{"b.c.d.e.f.g.example.com": "v=DMARC1; p=none; psd=n", "example.com": "v=DMARC1; p=reject"},
			dmarc.Facts{Author: "mail.a.b.c.d.e.f.g.example.com"},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned}},
		{"B.2.5 t=y", map[string]string{"test.example.com": "v=DMARC1; p=quarantine; rua=mailto:dmarc-feedback@example.com,mailto:tld-test@thirdparty.example.net; t=y"},
			dmarc.Facts{Author: "test.example.com"},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "test.example.com", policy: "test.example.com", tag: "p", disposition: none, override: "policy_test_mode", spf: notAligned}},
	})
}

// Every rule of policy discovery and of the policy's choice that the examples
// leave out.
func TestRulesOfRFC9989(t *testing.T) {
	t.Parallel()
	fail := func(org, policy, tag string, d dmarc.Disposition) want {
		return want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: org, policy: policy, tag: tag, disposition: d, spf: notAligned}
	}
	no := func(reason dmarc.Reason, org, policy string) want {
		return want{result: dmarc.None, reason: reason, org: org, policy: policy, disposition: none, spf: notAligned}
	}
	from := func(author string) dmarc.Facts { return dmarc.Facts{Author: author} }
	const sub = "news.example.com"
	runCases(t, dmarc.RFC9989, []evaluateCase{
		{"no author", nil, from(""), no(dmarc.ReasonNoAuthor, "", "")},
		{"no record", nil, from("example.com"), no(dmarc.ReasonNoRecord, "example.com", "")},
		{"other texts do not count", map[string]string{"example.com": "v=spf1 -all\nv=DMARC2; p=none\nv=DMARC1; p=reject\nhello"}, from("example.com"),
			fail("example.com", "example.com", "p", reject)},
		{"several at the author domain: the walk goes on", map[string]string{sub: "v=DMARC1; p=none\nv=DMARC1; p=reject", "example.com": "v=DMARC1; p=quarantine"}, from(sub),
			fail("example.com", "example.com", "p", quarantine)},
		{"several everywhere", map[string]string{"example.com": "v=DMARC1; p=none\nv=DMARC1; p=reject"}, from("example.com"),
			no(dmarc.ReasonSeveralRecords, "example.com", "")},
		{"never an intermediate name", map[string]string{"b.example.com": "v=DMARC1; p=none", "example.com": "v=DMARC1; p=reject"}, from("a.b.example.com"),
			fail("example.com", "example.com", "p", reject)},
		{"the author's own record, the organization above", map[string]string{sub: "v=DMARC1; p=quarantine; sp=reject; np=reject", "example.com": "v=DMARC1; p=reject"}, from(sub),
			fail("example.com", sub, "p", quarantine)},
		{"sp for an existing subdomain", map[string]string{"example.com": "v=DMARC1; p=none; sp=quarantine; np=reject", "@" + sub + " MX": "10 mx.example.com"}, from(sub),
			fail("example.com", "example.com", "sp", quarantine)},
		{"np for NXDOMAIN", map[string]string{"example.com": "v=DMARC1; p=none; sp=quarantine; np=reject"}, from(sub),
			fail("example.com", "example.com", "np", reject)},
		{"np falls back to sp", map[string]string{"example.com": "v=DMARC1; p=none; sp=quarantine"}, from(sub),
			fail("example.com", "example.com", "sp", quarantine)},
		{"np falls back to p", map[string]string{"example.com": "v=DMARC1; p=reject"}, from(sub),
			fail("example.com", "example.com", "p", reject)},
		{"sp absent beside np", map[string]string{"example.com": "v=DMARC1; p=none; np=reject", "@" + sub + " A": "192.0.2.1"}, from(sub),
			fail("example.com", "example.com", "p", none)},
		{"an empty non-terminal exists", map[string]string{"example.com": "v=DMARC1; p=none; np=reject", "@host." + sub + " A": "192.0.2.1"}, from(sub),
			fail("example.com", "example.com", "p", none)},
		{"a CNAME to nowhere exists", map[string]string{"example.com": "v=DMARC1; p=none; np=reject", "@" + sub + " CNAME": "gone.example.net"}, from(sub),
			fail("example.com", "example.com", "p", none)},
		{"np does not apply to the domain itself", map[string]string{"example.com": "v=DMARC1; p=none; np=reject", "@example.com A": dnstest.NXDomain}, from("example.com"),
			fail("example.com", "example.com", "p", none)},
		{"psd=y at the author domain: its own record and p", map[string]string{"co.example": "v=DMARC1; p=quarantine; sp=reject; psd=y"}, from("co.example"),
			fail("co.example", "co.example", "p", quarantine)},
		{"psd=y above an organization with a record", map[string]string{"example": "v=DMARC1; p=reject; psd=y", "a.example": "v=DMARC1; p=none; sp=quarantine"}, from("b.a.example"),
			fail("a.example", "a.example", "sp", quarantine)},
		{"psd=y two labels above", map[string]string{"example": "v=DMARC1; p=none; sp=reject; psd=y", "c.b.a.example": "v=DMARC1; p=none"}, from("d.c.b.a.example"),
			fail("a.example", "example", "sp", reject)},
		{"psd=u is the default", map[string]string{"example.com": "v=DMARC1; p=reject; psd=u", "com": "v=DMARC1; p=none"}, from("example.com"),
			fail("com", "example.com", "p", reject)},
		{"an invalid psd is the default", map[string]string{"example.com": "v=DMARC1; p=reject; psd=yes"}, from(sub),
			fail("example.com", "example.com", "p", reject)},
		{"psd=y one below an unasked name", map[string]string{"b.c.d.e.f.g.h": "v=DMARC1; p=none; sp=reject; psd=y", "a.b.c.d.e.f.g.h": "v=DMARC1; p=none"}, from("y.x.a.b.c.d.e.f.g.h"),
			fail("a.b.c.d.e.f.g.h", "b.c.d.e.f.g.h", "sp", reject)},
		{"missing p with rua", map[string]string{"example.com": "v=DMARC1; rua=mailto:d@example.com; sp=reject"}, from(sub),
			fail("example.com", "example.com", "p", none)},
		{"missing p without rua", map[string]string{"example.com": "v=DMARC1; sp=reject"}, from("example.com"),
			no(dmarc.ReasonRecordUnusable, "example.com", "example.com")},
		{"an unusable record ends it for the message", map[string]string{sub: "v=DMARC1; p=monitor", "example.com": "v=DMARC1; p=reject"}, from(sub),
			no(dmarc.ReasonRecordUnusable, "example.com", sub)},
		{"invalid np with rua", map[string]string{"example.com": "v=DMARC1; p=reject; np=all; rua=mailto:d@example.com"}, from("example.com"),
			fail("example.com", "example.com", "p", none)},
		{"invalid sp without rua", map[string]string{"example.com": "v=DMARC1; p=reject; sp=all"}, from("example.com"),
			no(dmarc.ReasonRecordUnusable, "example.com", "example.com")},
		{"pct is gone", map[string]string{"example.com": "v=DMARC1; p=reject; pct=0"}, from("example.com"),
			fail("example.com", "example.com", "p", reject)},
		{"t=y with reject", map[string]string{"example.com": "v=DMARC1; p=reject; t=y"}, from("example.com"),
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "p", disposition: quarantine, override: "policy_test_mode", spf: notAligned}},
		{"t=y with none is no override", map[string]string{"example.com": "v=DMARC1; p=none; t=y"}, from("example.com"),
			fail("example.com", "example.com", "p", none)},
		{"t=y with np", map[string]string{"example.com": "v=DMARC1; p=none; np=reject; t=y"}, from(sub),
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "np", disposition: quarantine, override: "policy_test_mode", spf: notAligned}},
		{"adkim=s", map[string]string{"example.com": "v=DMARC1; p=reject; adkim=s"},
			dmarc.Facts{Author: "example.com", DKIM: []dmarc.AuthID{pass("mail.example.com")}},
			want{result: dmarc.Fail, reason: dmarc.ReasonStrictMode, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned, dkim: aligned(relaxed)}},
		{"aspf=s does not bind DKIM", map[string]string{"example.com": "v=DMARC1; p=reject; aspf=s"},
			dmarc.Facts{Author: "example.com", SPF: pass("m.example.com"), DKIM: []dmarc.AuthID{pass("mail.example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonDKIMAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: relaxed, dkim: aligned(relaxed)}},
		{"an identifier with psd=n is its own organization", map[string]string{"example.com": "v=DMARC1; p=reject", "mail.example.com": "v=DMARC1; p=none; psd=n"},
			dmarc.Facts{Author: "example.com", SPF: pass("a.mail.example.com"), DKIM: []dmarc.AuthID{pass("mail.example.com")}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned, dkim: aligned(notAligned)}},
		{"no record anywhere: only the same domain aligns", nil,
			dmarc.Facts{Author: "example.com", SPF: pass("mail.example.com"), DKIM: []dmarc.AuthID{pass("example.com")}},
			want{result: dmarc.None, reason: dmarc.ReasonNoRecord, org: "example.com", disposition: none, spf: notAligned, dkim: aligned(strict)}},
		{"identifiers that failed have an alignment", map[string]string{"example.com": "v=DMARC1; p=reject"},
			dmarc.Facts{Author: "example.com", SPF: dmarc.AuthID{Domain: "a.example.com"}, DKIM: []dmarc.AuthID{{Domain: "example.com"}, {Domain: "example.net"}}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: relaxed, dkim: aligned(strict, notAligned)}},
	})
}

// DNS failures: temperror where the answer could change the verdict, ignored
// where it could not.
func TestFailuresOfRFC9989(t *testing.T) {
	t.Parallel()
	const sub = "news.example.com"
	temp := func(reason dmarc.Reason, org, policy, tag string, spf dmarc.Alignment, dkim ...dmarc.Alignment) want {
		return want{result: dmarc.TempError, reason: reason, org: org, policy: policy, tag: tag, disposition: none, spf: spf, dkim: dkim}
	}
	base := map[string]string{"example.com": "v=DMARC1; p=reject"}
	with := func(more map[string]string) map[string]string {
		all := map[string]string{}
		for _, m := range []map[string]string{base, more} {
			for k, v := range m {
				all[k] = v
			}
		}
		return all
	}
	runCases(t, dmarc.RFC9989, []evaluateCase{
		{"at the author domain", map[string]string{"example.com": dnstest.Timeout}, dmarc.Facts{Author: "example.com", SPF: pass("example.com")},
			temp(dmarc.ReasonPolicyDNS, "", "", "", strict)},
		{"not recorded is a failure", map[string]string{"example.com": dnstest.NotRecorded}, dmarc.Facts{Author: "example.com"},
			temp(dmarc.ReasonPolicyDNS, "", "", "", notAligned)},
		{"at the author domain, with a record above", with(map[string]string{sub: dnstest.ServFail}), dmarc.Facts{Author: sub, SPF: pass(sub)},
			temp(dmarc.ReasonPolicyDNS, "", "", "", strict)},
		{"above the author domain without a record", with(map[string]string{"com": dnstest.ServFail}), dmarc.Facts{Author: sub, SPF: pass(sub)},
			temp(dmarc.ReasonPolicyDNS, "", "", "", strict)},
		{"above the author domain's record: strict alignment stands", with(map[string]string{"com": dnstest.ServFail}), dmarc.Facts{Author: "example.com", SPF: pass("example.com")},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, policy: "example.com", tag: "p", disposition: none, spf: strict}},
		{"above both: whatever com says, they meet", with(map[string]string{"com": dnstest.ServFail}), dmarc.Facts{Author: "example.com", SPF: pass(sub)},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, policy: "example.com", tag: "p", disposition: none, spf: relaxed}},
		{"com could join them", with(map[string]string{"com": dnstest.ServFail}), dmarc.Facts{Author: "example.com", SPF: pass("other.com")},
			temp(dmarc.ReasonAlignmentDNS, "", "example.com", "p", unknown)},
		{"com could join them, but nothing passed", with(map[string]string{"com": dnstest.ServFail}), dmarc.Facts{Author: "example.com", SPF: dmarc.AuthID{Domain: "other.com"}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, policy: "example.com", tag: "p", disposition: reject, spf: unknown}},
		{"com cannot join another top-level domain", with(map[string]string{"com": dnstest.ServFail}), dmarc.Facts{Author: "example.com", SPF: pass("example.net")},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, policy: "example.com", tag: "p", disposition: reject, spf: notAligned}},
		{"strict mode needs no walk", map[string]string{"example.com": "v=DMARC1; p=reject; aspf=s", sub: dnstest.Timeout}, dmarc.Facts{Author: "example.com", SPF: pass(sub)},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: unknown}},
		{"at an identifier that passed", with(map[string]string{sub: dnstest.Timeout}), dmarc.Facts{Author: "example.com", SPF: pass(sub)},
			temp(dmarc.ReasonAlignmentDNS, "example.com", "example.com", "p", unknown)},
		{"at an identifier that passed, beside an aligned pass", with(map[string]string{sub: dnstest.Timeout}), dmarc.Facts{Author: "example.com", SPF: pass(sub), DKIM: []dmarc.AuthID{pass("example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonDKIMAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: unknown, dkim: aligned(strict)}},
		{"below a psd=n the identifier is out already", with(map[string]string{sub: dnstest.Timeout, "x." + sub: "v=DMARC1; p=none; psd=n"}), dmarc.Facts{Author: "example.com", SPF: pass("x." + sub)},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned}},
		{"existence decides between sp and np", map[string]string{"example.com": "v=DMARC1; p=none; np=reject", "@" + sub: dnstest.Timeout, sub: dnstest.NXDomain}, dmarc.Facts{Author: sub},
			temp(dmarc.ReasonExistenceDNS, "example.com", "example.com", "p", notAligned)},
		{"existence does not matter to a pass", map[string]string{"example.com": "v=DMARC1; p=none; np=reject", "@" + sub: dnstest.Timeout, sub: dnstest.NXDomain}, dmarc.Facts{Author: sub, SPF: pass(sub)},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: strict}},
		{"existence does not matter where sp is np", map[string]string{"example.com": "v=DMARC1; p=none; sp=reject", "@" + sub: dnstest.Timeout, sub: dnstest.NXDomain}, dmarc.Facts{Author: sub},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "sp", disposition: reject, spf: notAligned}},
		{"SPF temperror, aligned", base, dmarc.Facts{Author: "example.com", SPF: undecided("example.com")},
			temp(dmarc.ReasonSPFUndecided, "example.com", "example.com", "p", strict)},
		{"SPF temperror, not aligned", base, dmarc.Facts{Author: "example.com", SPF: undecided("example.net")},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned}},
		{"DKIM temperror, relaxed", base, dmarc.Facts{Author: "example.com", DKIM: []dmarc.AuthID{undecided("m.example.com")}},
			temp(dmarc.ReasonDKIMUndecided, "example.com", "example.com", "p", notAligned, relaxed)},
		{"DKIM temperror, relaxed where strict is asked", map[string]string{"example.com": "v=DMARC1; p=reject; adkim=s"}, dmarc.Facts{Author: "example.com", DKIM: []dmarc.AuthID{undecided("m.example.com")}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned, dkim: aligned(relaxed)}},
		{"DKIM temperror beside an SPF pass", base, dmarc.Facts{Author: "example.com", SPF: pass("example.com"), DKIM: []dmarc.AuthID{undecided("example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: strict, dkim: aligned(strict)}},
		{"temperror without a policy", nil, dmarc.Facts{Author: "example.com", SPF: undecided("example.com")},
			want{result: dmarc.None, reason: dmarc.ReasonNoRecord, org: "example.com", disposition: none, spf: strict}},
	})
}

func TestRulesOfRFC7489(t *testing.T) {
	t.Parallel()
	fail := func(org, policy, tag string, d dmarc.Disposition, override string) want {
		return want{result: dmarc.Fail, reason: dmarc.ReasonNotAuthenticated, org: org, policy: policy, tag: tag, disposition: d, override: override, spf: notAligned}
	}
	no := func(reason dmarc.Reason, org, policy string) want {
		return want{result: dmarc.None, reason: reason, org: org, policy: policy, disposition: none, spf: notAligned}
	}
	sampled := func(author string, n int) dmarc.Facts { return dmarc.Facts{Author: author, Sample: n} }
	const sub = "a.news.example.co.uk"
	runCases(t, dmarc.RFC7489, []evaluateCase{
		{"organizational domain by the list", map[string]string{"example.co.uk": "v=DMARC1; p=none; sp=reject", "news.example.co.uk": "v=DMARC1; p=none"}, sampled(sub, 0),
			fail("example.co.uk", "example.co.uk", "sp", reject, "")},
		{"private section", map[string]string{"blogspot.com": "v=DMARC1; p=reject"}, sampled("a.b.blogspot.com", 0),
			no(dmarc.ReasonNoRecord, "b.blogspot.com", "")},
		{"a public suffix is its own organization", map[string]string{"co.uk": "v=DMARC1; p=reject"}, dmarc.Facts{Author: "co.uk", SPF: pass("example.co.uk")},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "co.uk", policy: "co.uk", tag: "p", disposition: reject, spf: notAligned}},
		{"several at the author domain end it", map[string]string{sub: "v=DMARC1; p=none\nv=DMARC1; p=reject", "example.co.uk": "v=DMARC1; p=reject"}, sampled(sub, 0),
			no(dmarc.ReasonSeveralRecords, "example.co.uk", "")},
		{"psd, np and t are unknown tags", map[string]string{"example.co.uk": "v=DMARC1; p=reject; sp=quarantine; np=all; psd=n; t=y"}, sampled(sub, 0),
			fail("example.co.uk", "example.co.uk", "sp", quarantine, "")},
		{"invalid sp with rua", map[string]string{"example.com": "v=DMARC1; p=reject; sp=all; rua=mailto:d@example.com"}, sampled("example.com", 0),
			fail("example.com", "example.com", "p", none, "")},
		{"invalid p without rua", map[string]string{"example.com": "v=DMARC1; p=all"}, sampled("example.com", 0),
			no(dmarc.ReasonRecordUnusable, "example.com", "example.com")},
		{"in the sample", map[string]string{"example.com": "v=DMARC1; p=reject; pct=30"}, sampled("example.com", 29),
			fail("example.com", "example.com", "p", reject, "")},
		{"left out of reject", map[string]string{"example.com": "v=DMARC1; p=reject; pct=30"}, sampled("example.com", 30),
			fail("example.com", "example.com", "p", quarantine, "sampled_out")},
		{"left out of quarantine", map[string]string{"example.com": "v=DMARC1; p=quarantine; pct=0"}, sampled("example.com", 0),
			fail("example.com", "example.com", "p", none, "sampled_out")},
		{"none is never sampled", map[string]string{"example.com": "v=DMARC1; p=none; pct=0"}, sampled("example.com", 50),
			fail("example.com", "example.com", "p", none, "")},
		{"pct out of range is 100", map[string]string{"example.com": "v=DMARC1; p=reject; pct=101"}, sampled("example.com", 99),
			fail("example.com", "example.com", "p", reject, "")},
		{"alignment by the list", map[string]string{"example.co.uk": "v=DMARC1; p=reject; adkim=s", sub: dnstest.NXDomain},
			dmarc.Facts{Author: sub, SPF: pass("x.example.co.uk"), DKIM: []dmarc.AuthID{pass("example.co.uk"), pass("other.co.uk"), pass(sub)}},
			want{result: dmarc.Pass, reason: dmarc.ReasonBothAligned, org: "example.co.uk", policy: "example.co.uk", tag: "p", disposition: none, spf: relaxed, dkim: aligned(relaxed, notAligned, strict)}},
		{"a private suffix below the organization", map[string]string{"blogspot.com": "v=DMARC1; p=reject"},
			dmarc.Facts{Author: "blogspot.com", SPF: pass("x.blogspot.com")},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "blogspot.com", policy: "blogspot.com", tag: "p", disposition: reject, spf: notAligned}},
		{"failure at the author domain", map[string]string{"example.com": dnstest.Timeout}, dmarc.Facts{Author: "example.com", SPF: pass("example.com")},
			want{result: dmarc.TempError, reason: dmarc.ReasonPolicyDNS, org: "example.com", disposition: none, spf: strict}},
		{"failure at the organizational domain", map[string]string{"example.com": dnstest.Timeout}, dmarc.Facts{Author: "a.example.com", SPF: pass("example.com")},
			want{result: dmarc.TempError, reason: dmarc.ReasonPolicyDNS, org: "example.com", disposition: none, spf: relaxed}},
		{"a record at the author domain needs no other", map[string]string{"a.example.com": "v=DMARC1; p=reject; sp=none", "example.com": dnstest.Timeout}, dmarc.Facts{Author: "a.example.com"},
			fail("example.com", "a.example.com", "p", reject, "")},
		{"undecided", map[string]string{"example.com": "v=DMARC1; p=reject"}, dmarc.Facts{Author: "example.com", SPF: undecided("x.example.com")},
			want{result: dmarc.TempError, reason: dmarc.ReasonSPFUndecided, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: relaxed}},
		// RFC 7489 appendix B.1.
		{"B.1.1 example 1", map[string]string{"example.com": "v=DMARC1; p=reject"}, dmarc.Facts{Author: "example.com", SPF: pass("example.com")},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: strict}},
		{"B.1.1 example 2", map[string]string{"example.com": "v=DMARC1; p=reject"}, dmarc.Facts{Author: "example.com", SPF: pass("child.example.com")},
			want{result: dmarc.Pass, reason: dmarc.ReasonSPFAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: relaxed}},
		{"B.1.1 example 3", map[string]string{"example.com": "v=DMARC1; p=reject"}, dmarc.Facts{Author: "child.example.com", SPF: pass("example.net")},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned}},
		{"B.1.2 example 2", map[string]string{"example.com": "v=DMARC1; p=reject"}, dmarc.Facts{Author: "child.example.com", DKIM: []dmarc.AuthID{pass("example.com")}},
			want{result: dmarc.Pass, reason: dmarc.ReasonDKIMAligned, org: "example.com", policy: "example.com", tag: "p", disposition: none, spf: notAligned, dkim: aligned(relaxed)}},
		{"B.1.2 example 3", map[string]string{"example.com": "v=DMARC1; p=reject"}, dmarc.Facts{Author: "child.example.com", DKIM: []dmarc.AuthID{pass("sample.net")}},
			want{result: dmarc.Fail, reason: dmarc.ReasonNotAligned, org: "example.com", policy: "example.com", tag: "p", disposition: reject, spf: notAligned, dkim: aligned(notAligned)}},
	})
}

// counting counts and records questions.
type counting struct {
	dns.Source
	n     atomic.Int64
	names []string
}

func (c *counting) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	c.n.Add(1)
	c.names = append(c.names, q.Name+" "+q.Type.String())
	return c.Source.Lookup(ctx, q)
}

// The questions of RFC 9989 section 4.10's illustration, in order.
func TestQuestionsOfTheWalk(t *testing.T) {
	t.Parallel()
	src := &counting{Source: dnstest.Source{}}
	e := dmarc.New(src, dmarc.Options{})
	out, err := e.Evaluate(t.Context(), dmarc.Facts{Author: "a.b.c.d.e.f.g.h.i.j.mail.example.com", SPF: pass("other.example.net")})
	if err != nil {
		t.Fatal(err)
	}
	asked := []string{
		"_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com TXT", "_dmarc.g.h.i.j.mail.example.com TXT", "_dmarc.h.i.j.mail.example.com TXT",
		"_dmarc.i.j.mail.example.com TXT", "_dmarc.j.mail.example.com TXT", "_dmarc.mail.example.com TXT", "_dmarc.example.com TXT", "_dmarc.com TXT",
		"a.b.c.d.e.f.g.h.i.j.mail.example.com A",
	}
	if diff := cmp.Diff(asked, src.names); diff != "" {
		t.Error(diff)
	}
	if len(out.Answers) != len(asked) {
		t.Errorf("%d answers for %d questions", len(out.Answers), len(asked))
	}
}

func TestErrorsEndTheRun(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"_dmarc.example.com TXT", "_dmarc.com TXT", "_dmarc.m.example.com TXT", "example.com A"} {
		src := zone(map[string]string{"com": "v=DMARC1; p=none"})
		src[key] = []string{dnstest.Abort}
		for _, rules := range []dmarc.Rules{dmarc.RFC9989, dmarc.RFC7489} {
			e := dmarc.New(src, dmarc.Options{Rules: rules})
			_, err := e.Evaluate(t.Context(), dmarc.Facts{Author: "example.com", SPF: pass("m.example.com")})
			if wantErr := rules == dmarc.RFC9989 || key == "_dmarc.example.com TXT"; errors.Is(err, dnstest.ErrAborted) != wantErr {
				t.Errorf("%s %s: error %v", rules, key, err)
			}
		}
	}
}

// A history of two policies: each message is judged by the one in force.
func TestSpans(t *testing.T) {
	t.Parallel()
	change := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	src := &counting{Source: history{"_dmarc.example.com", change, "v=DMARC1; p=none", "v=DMARC1; p=reject"}}
	e := dmarc.New(src, dmarc.Options{})
	for _, c := range []struct {
		at   time.Time
		want dmarc.Disposition
		asks int64
	}{
		{change.Add(-time.Hour), none, 2},
		{change.Add(-time.Minute), none, 0},
		{change, reject, 2},
		{change.Add(time.Hour), reject, 0},
		{change.Add(-time.Second), none, 0},
		{time.Time{}, reject, 2}, // the source's only view is a question of its own
		{time.Time{}, reject, 0},
	} {
		before := src.n.Load()
		out, err := e.Evaluate(t.Context(), dmarc.Facts{Author: "example.com", At: c.at})
		if err != nil {
			t.Fatal(err)
		}
		if out.Disposition != c.want || src.n.Load()-before != c.asks {
			t.Errorf("%v: %s after %d questions, want %s after %d", c.at, out.Disposition, src.n.Load()-before, c.want, c.asks)
		}
	}
}

// history answers for one name with one text before a moment and another from
// it on; everything else does not exist.
type history struct {
	name          string
	change        time.Time
	before, after string
}

func (h history) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	a := &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.NXDomain}
	if q.Name != h.name {
		return a, nil
	}
	a.Status = dns.Success
	if !q.At.IsZero() && q.At.Before(h.change) {
		a.Records, a.Until = []string{h.before}, h.change
	} else {
		a.Records, a.Since = []string{h.after}, h.change
	}
	return a, nil
}
