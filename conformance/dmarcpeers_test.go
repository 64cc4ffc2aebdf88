package conformance

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	msgauth "github.com/emersion/go-msgauth/dmarc"
	moxdkim "github.com/mjl-/mox/dkim"
	moxdmarc "github.com/mjl-/mox/dmarc"
	moxdns "github.com/mjl-/mox/dns"
	moxspf "github.com/mjl-/mox/spf"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/spf"
)

// dmarcCase is one set of facts judged by RFC 7489 twice.
type dmarcCase struct {
	facts  dmarc.Facts
	zone   dnstest.Source // of a generated case
	ours   dmarc.Outcome
	theirs moxdmarc.Result
}

// agree compares the result, and where it is a pass or a fail also the record's
// place and whether the policy bites.
func (c *dmarcCase) agree() bool {
	if string(c.ours.Result) != string(c.theirs.Status) {
		return false
	}
	if c.ours.Result != dmarc.Pass && c.ours.Result != dmarc.Fail {
		return true
	}
	bites := c.ours.Result == dmarc.Fail && c.ours.Policy != dmarc.DispositionNone
	return c.ours.PolicyDomain == c.theirs.Domain.ASCII && bites == c.theirs.Reject
}

func (c *dmarcCase) describe() string {
	return fmt.Sprintf("ours %s %s at %q %s, mox %s at %q reject %v %v; %+v %q", c.ours.Result, c.ours.Reason, c.ours.PolicyDomain, c.ours.Policy,
		c.theirs.Status, c.theirs.Domain.ASCII, c.theirs.Reject, c.theirs.Err, c.facts, c.zone)
}

// moxDMARC gives mox our results of SPF and DKIM, so that DMARC alone differs.
func moxDMARC(source dns.Source, f *dmarc.Facts) moxdmarc.Result {
	word := func(id dmarc.AuthID, pass, temp, fail string) string {
		switch {
		case id.Passed:
			return pass
		case id.Undecided:
			return temp
		}
		return fail
	}
	var results []moxdkim.Result
	for _, id := range f.DKIM {
		results = append(results, moxdkim.Result{
			Status: moxdkim.Status(word(id, "pass", "temperror", "fail")), Sig: &moxdkim.Sig{Domain: moxdns.Domain{ASCII: id.Domain}},
		})
	}
	var identity *moxdns.Domain
	if f.SPF.Domain != "" {
		identity = &moxdns.Domain{ASCII: f.SPF.Domain}
	}
	_, r := moxdmarc.Verify(context.Background(), quiet, moxResolver{source: source, at: f.At}, moxdns.Domain{ASCII: f.Author},
		results, moxspf.Status(word(f.SPF, "pass", "temperror", "fail")), identity, false)
	return r
}

// dmarcReasons are the ways in which mox differs.
var dmarcReasons = []reason[dmarcCase]{
	{"mox: an invalid value, a text that is no tag, or p= not in front makes the record an error", "RFC 7489 §6.3, §6.6.3 step 6", func(c *dmarcCase) bool {
		return errors.Is(c.theirs.Err, moxdmarc.ErrSyntax)
	}},
	{"mox takes no suffix of the list's private section", "RFC 7489 §3.2: the list is used whole", func(c *dmarcCase) bool {
		return strings.HasSuffix(c.facts.Author, ".github.io")
	}},
	{"mox goes on to the organizational domain where the author domain has several records", "RFC 7489 §6.6.3 step 5: no policy", func(c *dmarcCase) bool {
		return c.ours.Reason == "several_records"
	}},
	{"mox: a temporary failure of SPF or DKIM decides, whether aligned or not", "RFC 7489 §6.6.2 step 5", func(c *dmarcCase) bool {
		return c.theirs.Status == moxdmarc.StatusTemperror && c.theirs.Err == nil && c.ours.Result == dmarc.Fail
	}},
}

// generatedFacts is how many generated zones and messages are compared.
const generatedFacts = 10000

func TestMoxDMARCGenerated(t *testing.T) {
	t.Parallel()
	y := newTally(t, Score{Group: "Other implementations", Name: "DMARC (RFC 7489) of mox, generated zones", With: moxVersion}, dmarcReasons)
	r := rand.New(rand.NewPCG(7489, 9989))
	for range generatedFacts {
		c := newDMARCCase(r)
		var err error
		if c.ours, err = dmarc.New(c.zone, dmarc.Options{Rules: dmarc.RFC7489}).Evaluate(t.Context(), c.facts); err != nil {
			t.Fatal(err)
		}
		c.theirs = moxDMARC(c.zone, &c.facts)
		y.see(&c, c.agree(), c.describe)
	}
	y.done()
}

// newDMARCCase makes a zone of a few related names, and a message.
func newDMARCCase(r *rand.Rand) dmarcCase {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	suffix := pick("com", "co.uk", "example", "github.io")
	names := []string{"acme." + suffix, "mail.acme." + suffix, "a.mail.acme." + suffix, "other." + suffix, "x.other." + suffix, suffix}
	c := dmarcCase{zone: dnstest.Source{}}
	for _, n := range names {
		if r.IntN(3) == 0 {
			continue
		}
		key := "_dmarc." + n + " TXT"
		switch r.IntN(30) {
		case 0:
			c.zone[key] = []string{dnstest.ServFail}
		case 1:
			c.zone[key] = []string{dmarcRecord(pick), "v=DMARC1; p=quarantine; fo=1"}
		case 2:
			c.zone[key] = []string{"some other text", dmarcRecord(pick)}
		default:
			c.zone[key] = []string{dmarcRecord(pick)}
		}
	}
	id := func() dmarc.AuthID {
		k := r.IntN(6)
		return dmarc.AuthID{Domain: pick(names...), Passed: k < 3, Undecided: k == 3}
	}
	c.facts = dmarc.Facts{Author: pick(names[:5]...), SPF: id()}
	for range r.IntN(3) {
		c.facts.DKIM = append(c.facts.DKIM, id())
	}
	return c
}

// dmarcRecord makes a record; one in eight has something wrong or rare in it.
func dmarcRecord(pick func(...string) string) string {
	text := "v=DMARC1" + pick("; p=none", "; p=quarantine", "; p=reject", "; p=reject", ";p=reject") +
		pick("", "", "", "; sp=none", "; sp=quarantine", "; sp=reject") + pick("", "", "; adkim=s", "; adkim=r") +
		pick("", "", "; aspf=s", "; aspf = r") + pick("", "", "; rua=mailto:d@example.com") + pick("", "; pct=50", "; ri=5") +
		pick("", "", ";", "; np=reject", "; t=y")
	if pick("", "", "", "", "", "", "", "odd") == "" {
		return text
	}
	odd := pick("p=x", "sp=x", "adkim=x", "rua=d@example.com", "pct=200", "x", "p=REJECT", "sp=none; p=reject", "sp=none; sp=reject", "rua=mailto:d@example.com")
	return pick(text+"; "+odd, "v=DMARC1; "+odd, "v=DMARC1; "+odd+strings.TrimPrefix(text, "v=DMARC1"))
}

// factsOf are the facts that a message's verdict rests on.
func factsOf(m *message) dmarc.Facts {
	v := &m.verdict
	f := dmarc.Facts{Author: m.evidence.Author.Domain(), At: v.AsOf}
	f.SPF = dmarc.AuthID{Domain: v.SPF.Domain, Passed: v.SPF.Result == spf.Pass, Undecided: v.SPF.Result == spf.TempError}
	for i := range v.DKIM {
		f.DKIM = append(f.DKIM, dmarc.AuthID{Domain: m.evidence.Signatures[i].Domain, Passed: v.DKIM[i].Result == dkim.Pass, Undecided: v.DKIM[i].Result == dkim.TempError})
	}
	return f
}

// recordCase is one generated record read by both.
type recordCase struct {
	text   string
	ours   *dmarc.Record
	theirs *msgauth.Record
	err    error
}

func (c *recordCase) values() string {
	strict := map[string]string{"s": "s"}
	r := c.ours
	return fmt.Sprint(r.EffectiveP, r.SP != "", r.EffectiveSP, strict[r.ADKIM], strict[r.ASPF])
}

func (c *recordCase) theirValues() string {
	r := c.theirs
	strict := map[msgauth.AlignmentMode]string{msgauth.AlignmentStrict: "s"}
	sp := r.SubdomainPolicy
	if sp == "" {
		sp = r.Policy
	}
	return fmt.Sprint(r.Policy, r.SubdomainPolicy != "", sp, strict[r.DKIMAlignment], strict[r.SPFAlignment])
}

// TestMsgauthRecords compares how generated records are read.
func TestMsgauthRecords(t *testing.T) {
	t.Parallel()
	y := newTally(t, Score{Group: "Other implementations", Name: "DMARC records of go-msgauth, generated", With: msgauthVersion}, []reason[recordCase]{
		{"any invalid value makes the record void", "RFC 7489 §6.3, §6.6.3: the default, or as p=none", func(c *recordCase) bool {
			return c.err != nil && len(c.ours.Problems) > 0
		}},
		{"values in capitals are invalid", "RFC 5234 §2.3: strings have no case", func(c *recordCase) bool {
			return c.err != nil && strings.Contains(c.text, "REJECT")
		}},
		{"of a tag that stands twice the last counts", "RFC 7489 §6.3: no clause says which; the first, as for every syntax error after it", func(c *recordCase) bool {
			return slices.Contains(c.ours.Problems, "duplicate_tag")
		}},
	})
	r := rand.New(rand.NewPCG(1, 7489))
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	for range generatedFacts {
		text := dmarcRecord(pick)
		ours, err := dmarc.ParseRecord(text, dmarc.RFC7489)
		if err != nil {
			t.Fatal(text, err)
		}
		c := &recordCase{text: text, ours: ours}
		c.theirs, c.err = msgauth.LookupWithOptions("acme.example", &msgauth.LookupOptions{LookupTXT: func(name string) ([]string, error) {
			if name != "_dmarc.acme.example" {
				return nil, errors.New("asked for " + name)
			}
			return []string{text}, nil
		}})
		y.see(c, c.err == nil && strings.EqualFold(c.values(), c.theirValues()), func() string {
			if c.err != nil {
				return fmt.Sprintf("%q: ours %s %v, go-msgauth %v", text, c.values(), ours.Problems, c.err)
			}
			return fmt.Sprintf("%q: ours %s %v, go-msgauth %s", text, c.values(), ours.Problems, c.theirValues())
		})
	}
	y.done()
}
