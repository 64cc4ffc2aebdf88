package spf

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
	"mailaudit/internal/spfgen"
)

// seeds is how many generated situations a property is held to.
const seeds = 600

func queryOf(c *spfgen.Case) Query {
	return Query{Client: c.Client, Scope: MailFrom, Local: c.Local, Domain: c.Domain, HELO: c.HELO}
}

func mustCheck(t *testing.T, c *Checker, q Query) *Outcome {
	t.Helper()
	o, err := c.Check(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// same compares what an outcome says, but not which questions it took.
func same(a, b *Outcome) bool {
	return a.Result == b.Result && a.Reason == b.Reason && a.Lookups == b.Lookups && a.VoidLookups == b.VoidLookups &&
		slices.Equal(a.Chain, b.Chain) && a.Explanation == b.Explanation
}

// TestCacheChangesNothing asks one Checker with a small cache many things in a
// drawn order; every outcome equals that of a new Checker.
func TestCacheChangesNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(30) {
		c := spfgen.New(seed)
		zone := generatedZone{c.Zone}
		options := Options{Trace: true, Explain: true, CachedResults: int(1 + seed*20)}
		used := NewChecker(zone, options)
		r := rand.New(rand.NewPCG(seed, 1))
		for range 120 {
			q := queryOf(&c)
			q.Domain = []string{"p0.test", "p1.test", "p2.test", "p3.test"}[r.IntN(4)]
			q.Local = []string{"foo", "a.b.c", ""}[r.IntN(3)]
			q.HELO = []string{"h0.test", "x y"}[r.IntN(2)]
			q.Client = []netip.Addr{c.Client, netip.MustParseAddr("192.0.2.1")}[r.IntN(2)]
			q.LocalUnknown = r.IntN(4) == 0
			if diff := cmp.Diff(mustCheck(t, NewChecker(zone, options), q), mustCheck(t, used, q)); diff != "" {
				t.Fatalf("seed %d, %+v: %s", seed, q, diff)
			}
		}
	}
}

// TestOptionsChangeNothing: tracing and explaining leave the result alone.
func TestOptionsChangeNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		c := spfgen.New(seed)
		plain := mustCheck(t, NewChecker(generatedZone{c.Zone}, Options{}), queryOf(&c))
		full := *mustCheck(t, NewChecker(generatedZone{c.Zone}, Options{Trace: true, Explain: true}), queryOf(&c))
		full.Explanation = ""
		if !same(plain, &full) || plain.Detail != full.Detail || plain.Mechanism != full.Mechanism {
			t.Errorf("seed %d: %+v and %+v", seed, plain, full)
		}
	}
}

// TestSpellingChangesNothing: letter case, spaces, a final dot and unknown
// modifiers (RFC 7208 sections 4.6.1, 6, 7.3).
func TestSpellingChangesNothing(t *testing.T) {
	t.Parallel()
	spellings := map[string]func(string) string{
		"capitals": func(s string) string {
			if strings.Contains(s, "%") {
				return s // the case of a macro letter means something
			}
			return strings.ToUpper(s)
		},
		"spaces":   func(s string) string { return strings.ReplaceAll(s, " ", "   ") + "  " },
		"modifier": func(s string) string { return s + " moo=cow unknown.2=" },
	}
	for seed := range uint64(seeds) {
		c := spfgen.New(seed)
		want := mustCheck(t, NewChecker(generatedZone{c.Zone}, Options{}), queryOf(&c))
		q := queryOf(&c)
		q.Domain = strings.ToUpper(q.Domain) + "."
		if got := mustCheck(t, NewChecker(generatedZone{c.Zone}, Options{}), q); !same(want, got) {
			t.Errorf("seed %d: domain in capitals: %+v and %+v", seed, want, got)
		}
		for name, spell := range spellings {
			other := spfgen.Zone{}
			for owner, h := range c.Zone {
				changed := *h
				changed.TXT = nil
				for _, text := range h.TXT {
					if isRecord(text) {
						text = spell(text)
					}
					changed.TXT = append(changed.TXT, text)
				}
				other[owner] = &changed
			}
			if got := mustCheck(t, NewChecker(generatedZone{other}, Options{}), q); !same(want, got) {
				t.Errorf("seed %d: %s: %+v and %+v", seed, name, want, got)
			}
		}
	}
}

// TestLostLocalPart: without its local part a message is judged as with it, or
// left open.
func TestLostLocalPart(t *testing.T) {
	t.Parallel()
	open := 0
	for seed := range uint64(seeds) {
		c := spfgen.New(seed)
		checker := NewChecker(generatedZone{c.Zone}, Options{})
		q := queryOf(&c)
		known := mustCheck(t, checker, q)
		q.Local, q.LocalUnknown = "", true
		lost := mustCheck(t, checker, q)
		if lost.Reason == LocalPartNotStored && lost.Result == TempError {
			open++
		} else if !same(known, lost) {
			t.Errorf("seed %d: %+v and %+v", seed, known, lost)
		}
	}
	if open < seeds/100 || open > seeds/5 {
		t.Errorf("%d of %d left open", open, seeds)
	}
}

// replayed answers from an outcome's own answers; all else was not recorded.
type replayed map[dns.Question]*dns.Answer

func replay(o *Outcome) replayed {
	r := replayed{}
	for _, a := range o.Answers {
		r[dns.Question{Name: a.Name, Type: a.Type}] = a
	}
	return r
}

func (r replayed) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	if a := r[q]; a != nil {
		return a, nil
	}
	return &dns.Answer{Name: q.Name, Type: q.Type}, nil
}

// TestReplay: the answers of an outcome are all it rests on.
func TestReplay(t *testing.T) {
	t.Parallel()
	options := Options{Trace: true, Explain: true}
	for seed := range uint64(seeds) {
		c := spfgen.New(seed)
		want := mustCheck(t, NewChecker(generatedZone{c.Zone}, options), queryOf(&c))
		got := mustCheck(t, NewChecker(replay(want), options), queryOf(&c))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seed %d: %s", seed, diff)
		}
	}
}

// TestUnrecordedNeverDecides: where an answer is lost, a result is left open or
// it is the same as before: it never turns.
func TestUnrecordedNeverDecides(t *testing.T) {
	t.Parallel()
	open := 0
	for seed := range uint64(seeds) {
		c := spfgen.New(seed)
		want := mustCheck(t, NewChecker(generatedZone{c.Zone}, Options{}), queryOf(&c))
		for i := range want.Answers {
			lossy := replay(want)
			delete(lossy, dns.Question{Name: want.Answers[i].Name, Type: want.Answers[i].Type})
			got := mustCheck(t, NewChecker(lossy, Options{}), queryOf(&c))
			switch {
			case got.Reason == NotRecorded:
				open++
			case got.Result != want.Result || got.Reason != want.Reason:
				t.Errorf("seed %d without %v %s: %+v, was %+v", seed, want.Answers[i].Type, want.Answers[i].Name, got, want)
			}
		}
	}
	if open < seeds {
		t.Errorf("only %d left open", open)
	}
}

// counter counts questions.
type counter struct {
	dns.Source
	n atomic.Int64
}

func (c *counter) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	c.n.Add(1)
	return c.Source.Lookup(ctx, q)
}

// maxQuestions bounds the questions of one evaluation: the record, for each term
// its own and those of the hosts, the client's names once, the explanation.
const maxQuestions = 1 + MaxLookups*(1+MaxMX) + (1 + MaxPTR) + 1

func FuzzCheck(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(spfgen.Record(seed), spfgen.Record(seed+100), spfgen.Record(seed+200), "foo", "h0.test", []byte{192, 0, 2, 1})
	}
	f.Add("v=spf1 include:p1.test redirect=p0.test", "v=spf1 mx:%{l}.p0.test exists:%{p}", "", "a..b", "", make([]byte, 16))
	f.Fuzz(func(t *testing.T, first, second, third, local, helo string, client []byte) {
		addr, _ := netip.AddrFromSlice(client)
		base := spfgen.New(uint64(len(first)))
		for name, text := range map[string]string{"p0.test": first, "p1.test": second, "p2.test": third} {
			base.Zone[name].TXT = []string{text}
		}
		q := Query{Client: addr, Scope: MailFrom, Local: local, Domain: "p0.test", HELO: helo}
		source := &counter{Source: generatedZone{base.Zone}}
		options := Options{Trace: true, Explain: true}
		o, err := NewChecker(source, options).Check(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if n := source.n.Load(); n > maxQuestions {
			t.Fatalf("%d questions", n)
		}
		if o.Lookups > MaxLookups+1 || o.VoidLookups > MaxVoidLookups+1 || len(o.Explanation) > MaxExplanation {
			t.Fatalf("beyond the limits: %+v", o)
		}
		again, err := NewChecker(replay(o), options).Check(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(o, again); diff != "" {
			t.Fatal(diff)
		}
	})
}
