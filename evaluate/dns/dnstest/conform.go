package dnstest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
)

// ConformZone is what a source under test must answer from.
const ConformZone = `
$ORIGIN example.com.
$TTL 300
@           TXT   "v=spf1 -all"
@           TXT   "another"
@           TXT   "v=spf1 -all" ; twice
@           MX    20 Backup
@           MX    10 mail
@           NS    ns1
mail        A     192.0.2.10
mail        A     192.0.2.2
mail        AAAA  2001:DB8::1
backup      A     192.0.2.20
ns1         A     192.0.2.53
www         60 CNAME host
host        120 A 192.0.2.80
one.chain   CNAME two.chain
two.chain   CNAME three.chain
three.chain TXT   "end"
dangling    CNAME nowhere
bare        CNAME mail
one.loop    CNAME two.loop
two.loop    CNAME one.loop
*.wild      TXT   "wild"
deep.below.wild A 192.0.2.5
key._domainkey TXT "v=DKIM1; p=" "MIIB" "\"\\\000\255\; end"
long        TXT   "` + longText + `"
odd\032label\255 TXT "odd"
10.2.0.192.in-addr.arpa. PTR Mail
alias       CNAME broken
; @servfail broken
; @refused  refused TXT
; @timeout  slow TXT
`

// longText needs several character-strings and more than one UDP packet.
const longText = "0123456789abcdef" + long16 + long16 + long16 + long16 + long16 + long16

const long16 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" +
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" +
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" +
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// Traits are where sources may differ.
type Traits struct {
	// Elsewhere is the state of names that the zone does not have: NXDomain for
	// sources that speak for every name, else NotRecorded.
	Elsewhere dns.Status
	// OwnNamesOnly tells that names which are there only because of names below
	// them have the state Elsewhere too.
	OwnNamesOnly bool
	// NoFailures tells that failures are not kept: such a question has the state
	// Elsewhere, but for those that follow from the question or the records.
	NoFailures bool
}

// expectation is a question of the suite and its answer.
type expectation struct {
	name    string
	t       dns.Type
	status  dns.Status
	records []string
	cnames  []string
	kinds   []dns.FailureKind // any of them
	ttl     uint32
	between bool // the name has no records itself
}

func fqdn(s string) string { return strings.TrimPrefix(s+".example.com", "@.") }

func expectations() []expectation {
	ok := func(name string, t dns.Type, records ...string) expectation {
		return expectation{name: fqdn(name), t: t, status: dns.Success, records: records, ttl: 300}
	}
	via := func(e expectation, ttl uint32, cnames ...string) expectation {
		for _, c := range cnames {
			e.cnames = append(e.cnames, fqdn(c))
		}
		e.ttl = ttl
		return e
	}
	none := func(name string, t dns.Type, s dns.Status) expectation {
		return expectation{name: fqdn(name), t: t, status: s}
	}
	fail := func(name string, t dns.Type, kinds ...dns.FailureKind) expectation {
		return expectation{name: fqdn(name), t: t, status: dns.Failure, kinds: kinds}
	}
	between := none("_domainkey", dns.TypeTXT, dns.NoData)
	between.between = true
	ptr := ok("@", dns.TypePTR, "mail.example.com")
	ptr.name = "10.2.0.192.in-addr.arpa"
	long := strings.Repeat("a", 63)
	bad := func(name string) expectation {
		return expectation{name: name, t: dns.TypeTXT, status: dns.Failure, kinds: []dns.FailureKind{dns.BadName}}
	}
	return []expectation{
		ok("@", dns.TypeTXT, "another", "v=spf1 -all"),
		ok("@", dns.TypeMX, "10 mail.example.com", "20 backup.example.com"),
		ok("@", dns.TypeNS, "ns1.example.com"),
		none("@", dns.TypeA, dns.NoData),
		ok("mail", dns.TypeA, "192.0.2.10", "192.0.2.2"),
		ok("mail", dns.TypeAAAA, "2001:db8::1"),
		via(ok("www", dns.TypeA, "192.0.2.80"), 60, "host"),
		ok("one.chain", dns.TypeCNAME, "two.chain.example.com"),
		via(ok("one.chain", dns.TypeTXT, "end"), 300, "two.chain", "three.chain"),
		via(none("dangling", dns.TypeA, dns.NXDomain), 300, "nowhere"),
		via(none("bare", dns.TypeTXT, dns.NoData), 300, "mail"),
		fail("one.loop", dns.TypeA, dns.Loop, dns.ServFail), // a resolver finds the loop first
		fail("broken", dns.TypeA, dns.ServFail),
		fail("alias", dns.TypeA, dns.ServFail),
		fail("refused", dns.TypeTXT, dns.Refused),
		fail("slow", dns.TypeTXT, dns.Timeout),
		none("slow", dns.TypeA, dns.NoData),
		ok("any.wild", dns.TypeTXT, "wild"),
		ok("two.labels.wild", dns.TypeTXT, "wild"),
		none("any.wild", dns.TypeMX, dns.NoData),
		ok("key._domainkey", dns.TypeTXT, "v=DKIM1; p=MIIB\"\\\x00\xff; end"),
		between,
		ok("long", dns.TypeTXT, longText),
		ok("odd label\xff", dns.TypeTXT, "odd"),
		ptr,
		bad(""), bad("."), bad("a..example.com"), bad(".example.com"), bad("example.com."),
		bad(long + "a.example.com"), bad(strings.Repeat(long+".", 4) + "com"),
	}
}

// elsewhere are questions that the zone cannot answer.
func elsewhere() []dns.Question {
	return []dns.Question{
		{Name: "nowhere.example.com", Type: dns.TypeTXT},
		{Name: "other.below.wild.example.com", Type: dns.TypeTXT}, // its closest encloser has no wildcard
		{Name: "below.mail.example.com", Type: dns.TypeA},
		{Name: "example.org", Type: dns.TypeMX},
	}
}

// ConformQuestions are the questions of the suite that have an answer, for
// sources that must be fed with it.
func ConformQuestions() []dns.Question {
	var out []dns.Question
	for _, e := range expectations() {
		if !slices.Contains(e.kinds, dns.BadName) {
			out = append(out, dns.Question{Name: e.name, Type: e.t})
		}
	}
	return out
}

// Conform is the conformance suite of [dns.Source]. open returns a source that
// answers as [ConformZone] says; it is called for every part of the suite.
// Every implementation must pass, wrappers included.
func Conform(t *testing.T, traits Traits, open func(t testing.TB) dns.Source) {
	t.Run("answers", func(t *testing.T) { conformAnswers(t, traits, open(t)) })
	t.Run("elsewhere", func(t *testing.T) { conformElsewhere(t, traits, open(t)) })
	t.Run("moments", func(t *testing.T) { conformMoments(t, open(t)) })
	t.Run("cancelled", func(t *testing.T) { conformCancelled(t, open(t)) })
	t.Run("together", func(t *testing.T) { conformTogether(t, open(t)) })
	t.Run("history", func(t *testing.T) { conformHistory(t, open(t)) })
}

func lookup(t testing.TB, src dns.Source, q dns.Question) *dns.Answer {
	t.Helper()
	a, err := src.Lookup(t.Context(), q)
	if err != nil {
		t.Fatalf("%q %v: %v", q.Name, q.Type, err)
	}
	wellFormed(t, q, a)
	return a
}

// wellFormed checks what holds for every answer.
func wellFormed(t testing.TB, q dns.Question, a *dns.Answer) {
	t.Helper()
	if a == nil {
		t.Fatalf("%q %v: no answer, no error", q.Name, q.Type)
	}
	if a.Name != q.Name || a.Type != q.Type {
		t.Errorf("%q %v: answer is for %q %v", q.Name, q.Type, a.Name, a.Type)
	}
	if (a.Status == dns.Success) != (len(a.Records) > 0) {
		t.Errorf("%q %v: status %v with %d records", q.Name, q.Type, a.Status, len(a.Records))
	}
	if (a.Status == dns.Failure) != (a.Kind != "") {
		t.Errorf("%q %v: status %v with kind %q", q.Name, q.Type, a.Status, a.Kind)
	}
	if !slices.IsSorted(a.Records) || len(slices.Compact(slices.Clone(a.Records))) != len(a.Records) {
		t.Errorf("%q %v: records not sorted, or twice: %q", q.Name, q.Type, a.Records)
	}
	if !q.At.IsZero() && !a.InForce(q.At) {
		t.Errorf("%q %v: %v is not in [%v, %v)", q.Name, q.Type, q.At, a.Since, a.Until)
	}
}

func conformAnswers(t *testing.T, traits Traits, src dns.Source) {
	for _, e := range expectations() {
		q := dns.Question{Name: e.name, Type: e.t}
		if e.between && traits.OwnNamesOnly {
			e.status = traits.Elsewhere
		}
		if e.name == "dangling.example.com" && traits.Elsewhere == dns.NotRecorded && traits.OwnNamesOnly {
			continue // its target is elsewhere
		}
		a := lookup(t, src, q)
		if traits.NoFailures && e.status == dns.Failure && a.Status == traits.Elsewhere && !slices.Contains(e.kinds, dns.BadName) {
			continue
		}
		if a.Status != e.status || e.kinds != nil && !slices.Contains(e.kinds, a.Kind) {
			t.Errorf("%q %v: %v %v, want %v %v", e.name, e.t, a.Status, a.Kind, e.status, e.kinds)
			continue
		}
		if d := cmp.Diff(e.records, a.Records); d != "" {
			t.Errorf("%q %v: records (-want +got):\n%s", e.name, e.t, d)
		}
		if d := cmp.Diff(e.cnames, a.CNAMEs); d != "" && e.status != dns.Failure {
			t.Errorf("%q %v: CNAMEs (-want +got):\n%s", e.name, e.t, d)
		}
		if e.status == dns.Success && a.TTL != e.ttl && a.TTL != 0 {
			t.Errorf("%q %v: TTL %d, want %d", e.name, e.t, a.TTL, e.ttl)
		}
	}
}

func conformElsewhere(t *testing.T, traits Traits, src dns.Source) {
	for _, q := range elsewhere() {
		if a := lookup(t, src, q); a.Status != traits.Elsewhere {
			t.Errorf("%q %v: %v, want %v", q.Name, q.Type, a.Status, traits.Elsewhere)
		}
	}
}

// conformMoments: within the interval of an answer every moment has the same.
func conformMoments(t *testing.T, src dns.Source) {
	base := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, name := range []string{"example.com", "www.example.com", "nowhere.example.com"} {
		var all []*dns.Answer
		for i := range 20 {
			q := dns.Question{Name: name, Type: dns.TypeTXT, At: base.AddDate(0, 0, 37*i)}
			a := lookup(t, src, q)
			for _, b := range all {
				if b.InForce(q.At) && (b.Status != a.Status || !slices.Equal(a.Records, b.Records)) {
					t.Errorf("%q at %v: %v, but %v holds from %v to %v", name, q.At, a, b, b.Since, b.Until)
				}
			}
			all = append(all, a)
		}
	}
}

// conformCancelled: the end of a context is an error, and nothing comes of it.
func conformCancelled(t *testing.T, src dns.Source) {
	q := dns.Question{Name: "mail.example.com", Type: dns.TypeA}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 2 {
		if a, err := src.Lookup(ctx, q); !errors.Is(err, context.Canceled) || a != nil {
			t.Errorf("cancelled: %v, %v", a, err)
		}
	}
	if a := lookup(t, src, q); a.Status != dns.Success {
		t.Errorf("afterwards: %v %v", a.Status, a.Kind)
	}
}

// conformTogether: many may ask at once, and no answer changes afterwards.
func conformTogether(t *testing.T, src dns.Source) {
	questions := ConformQuestions()
	answers := make([][]*dns.Answer, 16)
	copies := make([][]dns.Answer, len(answers))
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			for j := range questions {
				q := questions[(i+j)%len(questions)]
				if strings.HasPrefix(q.Name, "slow.") {
					continue
				}
				a, err := src.Lookup(t.Context(), q)
				if err != nil {
					t.Errorf("%q: %v", q.Name, err)
					return
				}
				c := *a
				c.Records, c.CNAMEs = slices.Clone(a.Records), slices.Clone(a.CNAMEs)
				answers[i], copies[i] = append(answers[i], a), append(copies[i], c)
			}
		})
	}
	wg.Wait()
	for i := range answers {
		for j, a := range answers[i] {
			if d := cmp.Diff(&copies[i][j], a); d != "" {
				t.Errorf("answer changed:\n%s", d)
			}
		}
	}
}

func conformHistory(t *testing.T, src dns.Source) {
	h, ok := src.(dns.Historian)
	if !ok {
		t.Skip("not a Historian")
	}
	for _, q := range append(ConformQuestions(), elsewhere()...) {
		list, err := h.History(t.Context(), q.Name, q.Type)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range list {
			wellFormed(t, q, a)
			if a.Status != dns.Success {
				t.Errorf("%q %v: %v in history", q.Name, q.Type, a.Status)
			}
			if i > 0 && a.Since.Before(list[i-1].Since) {
				t.Errorf("%q %v: history is not oldest first", q.Name, q.Type)
			}
		}
	}
}
