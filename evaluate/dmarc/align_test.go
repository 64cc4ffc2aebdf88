package dmarc

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// What a name may say in the properties below; the last is a failure.
var sayings = []string{"", "v=DMARC1; p=none", "v=DMARC1; p=none; psd=n", "v=DMARC1; p=none; psd=y", dnstest.Timeout}

const failing = 4

// tree is a small DNS: what each name says, by index into sayings.
type tree map[string]int

func (tr tree) source() dnstest.Source {
	z := dnstest.Source{}
	for name, s := range tr {
		if sayings[s] != "" {
			z["_dmarc."+name+" TXT"] = []string{sayings[s]}
		}
	}
	return z
}

// alignment is what align says of two domains in a tree.
func (tr tree) alignment(t *testing.T, author, id string) Alignment {
	t.Helper()
	e := New(tr.source(), Options{})
	p, err := e.discover(context.Background(), author, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	a, _, err := e.align(context.Background(), p, author, id, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// plain compares organizational domains by the letter of RFC 9989 section
// 4.10.2: two whole walks, no shortcut, no cache.
func (tr tree) plain(t *testing.T, author, id string) Alignment {
	t.Helper()
	switch {
	case author == id:
		return Strict
	case tr.organizational(t, author) == tr.organizational(t, id):
		return Relaxed
	}
	return NotAligned
}

func (tr tree) organizational(t *testing.T, domain string) string {
	t.Helper()
	org, start := domain, domain
	for name := domain; name != ""; name = nextTarget(name) {
		switch sayings[tr[name]] {
		case "v=DMARC1; p=none; psd=n":
			return name
		case "v=DMARC1; p=none; psd=y":
			if name == start {
				return name
			}
			above := strings.Split(strings.TrimSuffix(start, "."+name), ".")
			return above[len(above)-1] + "." + name
		case "v=DMARC1; p=none":
			org = name
		}
	}
	return org
}

// possible returns the alignments over everything that failed names could have
// said.
func (tr tree) possible(t *testing.T, author, id string) []Alignment {
	t.Helper()
	var out []Alignment
	open := ""
	for name, s := range tr {
		if s == failing {
			open = name
		}
	}
	if open == "" {
		return []Alignment{tr.plain(t, author, id)}
	}
	for s := range failing {
		tr[open] = s
		for _, a := range tr.possible(t, author, id) {
			if !slices.Contains(out, a) {
				out = append(out, a)
			}
		}
	}
	tr[open] = failing
	return out
}

// For all trees over a few names, with failures: the alignment is certain
// exactly where it is the same whatever the failed names would have said.
func TestAlignmentIsExact(t *testing.T) {
	t.Parallel()
	names := []string{"c", "b.c", "a.b.c", "x.a.b.c", "y.a.b.c", "d.c"}
	domains := []string{"x.a.b.c", "y.a.b.c", "a.b.c", "b.c", "d.c"}
	r := rand.New(rand.NewPCG(1, 2))
	var certain, open int
	for range 4000 {
		tr := tree{}
		for _, n := range names {
			tr[n] = [...]int{0, 0, 1, 1, 2, 3, failing}[r.IntN(7)]
		}
		author, id := domains[r.IntN(len(domains))], domains[r.IntN(len(domains))]
		got, all := tr.alignment(t, author, id), tr.possible(t, author, id)
		want := UnknownAlignment
		if len(all) == 1 {
			want = all[0]
			certain++
		} else {
			open++
		}
		if got != want {
			t.Fatalf("%v: %s and %s: %q, possible %q", tr, author, id, got, all)
		}
	}
	if certain < 1000 || open < 200 {
		t.Errorf("%d certain and %d open cases are too few", certain, open)
	}
}

// Names of more labels than a walk asks: without failures the shortcuts agree
// with whole walks; with failures nothing certain is wrong.
func TestAlignmentOfLongNames(t *testing.T) {
	t.Parallel()
	const tail = "b.c.d.e.f.g" // six labels
	domains := []string{tail, "a." + tail, "z.a." + tail, "y.z.a." + tail, "x.y.z.a." + tail, "w.y.z.a." + tail, "q." + tail}
	r := rand.New(rand.NewPCG(3, 4))
	for i := range 3000 {
		tr := tree{}
		for _, n := range append(slices.Clone(domains), "c.d.e.f.g", "g") {
			tr[n] = [...]int{0, 0, 0, 1, 2, 3}[r.IntN(6)]
		}
		if i%4 == 0 {
			tr[domains[r.IntN(len(domains))]] = failing
		}
		author, id := domains[r.IntN(len(domains))], domains[r.IntN(len(domains))]
		got, all := tr.alignment(t, author, id), tr.possible(t, author, id)
		if got == UnknownAlignment {
			continue
		}
		if len(all) != 1 || all[0] != got {
			t.Fatalf("%v: %s and %s: %q, possible %q", tr, author, id, got, all)
		}
	}
}

// outcome judges facts in a tree.
func (tr tree) outcome(t *testing.T, f Facts) Outcome {
	t.Helper()
	o, err := New(tr.source(), Options{}).Evaluate(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// A failure may turn a result into temperror and never into another one; and
// where the result stands, so does the disposition.
func TestFailureOnlyHides(t *testing.T) {
	t.Parallel()
	names := []string{"c", "b.c", "a.b.c", "x.a.b.c", "y.a.b.c"}
	r := rand.New(rand.NewPCG(5, 6))
	for range 4000 {
		tr := tree{}
		for _, n := range names {
			tr[n] = r.IntN(failing)
		}
		f := Facts{
			Author: names[r.IntN(5)], SPF: AuthID{Domain: names[r.IntN(5)], Passed: r.IntN(2) == 0},
			DKIM: []AuthID{{Domain: names[r.IntN(5)], Passed: r.IntN(2) == 0}},
		}
		clear := tr.outcome(t, f)
		broken := names[r.IntN(5)]
		said := tr[broken]
		tr[broken] = failing
		hidden := tr.outcome(t, f)
		if hidden.Result == TempError {
			continue
		}
		if hidden.Result != clear.Result || hidden.Disposition != clear.Disposition || hidden.Policy != clear.Policy {
			t.Fatalf("%v with %s failing instead of %d, %+v: %s %s, else %s %s", tr, broken, said, f,
				hidden.Result, hidden.Disposition, clear.Result, clear.Disposition)
		}
	}
}

// An identifier more can only help: it never turns a pass into anything else,
// and it changes nothing where it did not pass and is not undecided.
func TestAnotherIdentifierNeverHurts(t *testing.T) {
	t.Parallel()
	names := []string{"c", "b.c", "a.b.c", "x.a.b.c", "unrelated.d"}
	r := rand.New(rand.NewPCG(7, 8))
	for range 4000 {
		tr := tree{}
		for _, n := range names {
			tr[n] = r.IntN(len(sayings))
		}
		f := Facts{Author: names[r.IntN(4)], SPF: AuthID{Domain: names[r.IntN(5)], Passed: r.IntN(2) == 0}}
		before := tr.outcome(t, f)
		f.DKIM = []AuthID{{Domain: names[r.IntN(5)], Passed: r.IntN(2) == 0, Undecided: r.IntN(4) == 0}}
		after := tr.outcome(t, f)
		idle := !f.DKIM[0].Passed && !f.DKIM[0].Undecided
		if before.Result == Pass && after.Result != Pass || idle && before.Result != after.Result {
			t.Fatalf("%v %+v: %s became %s", tr, f, before.Result, after.Result)
		}
	}
}

// stored rebuilds a case from what a row keeps of an outcome.
func stored(o *Outcome, f *Facts) Case {
	c := Case{
		Record: o.Record, Subdomain: o.PolicyDomain != "" && o.PolicyDomain != f.Author,
		Existence: o.AuthorExistence, Sample: f.Sample,
	}
	if o.Record == nil && (o.Result == TempError || o.Result == PermError) {
		c.Open = o.Result
	}
	c.SPF = c.SPF.With(o.SPFAlignment, f.SPF.Passed, f.SPF.Undecided)
	for i, a := range o.DKIMAlignments {
		c.DKIM = c.DKIM.With(a, f.DKIM[i].Passed, f.DKIM[i].Undecided)
	}
	return c
}

// A row judged again without DNS gives the verdict that it was stored with, and
// under the policy of another row, the one that the DNS would have given.
func TestStoredFactsGiveTheSameVerdict(t *testing.T) {
	t.Parallel()
	names := []string{"c", "b.c", "a.b.c", "x.a.b.c", "other.d"}
	r := rand.New(rand.NewPCG(9, 10))
	for range 3000 {
		tr := tree{}
		for _, n := range names {
			tr[n] = r.IntN(len(sayings))
		}
		f := Facts{Author: names[r.IntN(4)], Sample: r.IntN(100)}
		f.SPF = AuthID{Domain: names[r.IntN(5)], Passed: r.IntN(2) == 0, Undecided: r.IntN(4) == 0}
		f.DKIM = []AuthID{{Domain: names[r.IntN(5)], Passed: r.IntN(3) == 0, Undecided: r.IntN(4) == 0}}
		o := tr.outcome(t, f)
		c := stored(&o, &f)
		d := Decide(&c)
		if d.Result != o.Result || d.Disposition != o.Disposition || d.Policy != o.Policy || d.PolicyTag != o.PolicyTag {
			t.Fatalf("%v %+v: stored %s, judged again %+v", tr, f, o.Result, d)
		}
		if o.Record == nil {
			continue
		}
		z := tr.source()
		text := "v=DMARC1; p=quarantine; sp=reject; np=none; aspf=s; t=y; psd=" + o.Record.PSD
		if o.Record.PSD == "" {
			text = strings.TrimSuffix(text, "; psd=")
		}
		z["_dmarc."+o.PolicyDomain+" TXT"] = []string{text}
		published, err := New(z, Options{}).Evaluate(context.Background(), f)
		if err != nil {
			t.Fatal(err)
		}
		c.Record = mustParse(t, text, RFC9989)
		if d := Decide(&c); d.Result != published.Result || d.Disposition != published.Disposition || d.Override != published.Override {
			t.Fatalf("%v %+v: what-if %+v, published %+v", tr, f, d, published)
		}
	}
}

// counter counts the questions for DMARC records.
type counter struct {
	dns.Source
	policies, other int
}

func (c *counter) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	if q.Type == dns.TypeTXT {
		c.policies++
	} else {
		c.other++
	}
	return c.Source.Lookup(ctx, q)
}

func FuzzEvaluate(f *testing.F) {
	f.Add("a.b.c", "b.c", "x.a.b.c", "a.b.c", "v=DMARC1; p=reject; psd=y", "c", "v=DMARC1; p=none", uint8(3))
	f.Add("a.b.c.d.e.f.g.h.i.j.k.l", "d.e.f.g.h.i.j.k.l", "..", "e.f.g.h.i.j.k.l", "v=DMARC1; psd=n; p=x; rua=mailto:a@b", "", "v=DMARC1", uint8(255))
	f.Add(".", "", "a..b", "a", dnstest.Timeout, "b", "v=DMARC1;p=quarantine;t=y;pct=1", uint8(7))
	f.Fuzz(func(t *testing.T, author, spf, dkim, name1, text1, name2, text2 string, bits uint8) {
		facts := Facts{
			Author: author, SPF: AuthID{Domain: spf, Passed: bits&1 != 0, Undecided: bits&2 != 0},
			DKIM: []AuthID{{Domain: dkim, Passed: bits&4 != 0, Undecided: bits&8 != 0}}, Sample: int(bits) % 100,
		}
		z := dnstest.Source{"_dmarc." + name1 + " TXT": {text1}, "_dmarc." + name2 + " TXT": {text2}}
		for _, rules := range []Rules{RFC9989, RFC7489} {
			src := &counter{Source: z}
			e := New(src, Options{Rules: rules, Trace: bits&16 != 0})
			first, err := e.Evaluate(context.Background(), facts)
			if err != nil {
				return // a fuzzed text may be dnstest.Abort
			}
			if src.policies > 3*MaxQueries || src.other > 1 {
				t.Errorf("%s: %d questions for records, %d others", rules, src.policies, src.other)
			}
			if len(first.DKIMAlignments) != 1 || first.Disposition == NoDisposition || first.Result == "" || first.Reason == "" {
				t.Errorf("%s: incomplete outcome %+v", rules, first)
			}
			asked := src.policies + src.other
			second, _ := e.Evaluate(context.Background(), facts)
			if fmt.Sprint(first) != fmt.Sprint(second) || asked != src.policies+src.other {
				t.Errorf("%s: a kept result differs:\n%+v\n%+v", rules, first, second)
			}
		}
	})
}
