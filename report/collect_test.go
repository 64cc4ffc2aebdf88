package report

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// record is message i of an archive in which everything occurs.
func record(i int) *evaluate.Record {
	cats := evaluate.Categories
	alignments := []dmarc.Alignment{dmarc.Strict, dmarc.Relaxed, dmarc.NotAligned}
	results := []spf.Result{spf.Pass, spf.Fail, spf.None}
	e := &evidence.Evidence{
		Origin: evidence.Origin{Ordinal: int64(i), Source: "a.mbox", Offset: int64(i) * 1000, Format: "mbox"},
		Author: evidence.Author{Domains: []string{fmt.Sprintf("d%d.example", i%7)}},
		Envelope: evidence.Envelope{
			ClientIP:       netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}),
			MailFromDomain: fmt.Sprintf("m%d.test", i%5), HasMailFrom: true,
			ReceivedAt: time.Date(2024, 1, 1+i%50, 3, 0, 0, 0, time.UTC),
		},
	}
	if i%4 == 0 {
		e.Signatures = []evidence.Signature{{Domain: "s.example"}}
	}
	v := evaluate.Verdict{
		Category: cats[i%len(cats)], SPF: &spf.Outcome{Result: results[i%len(results)]}, DKIMBest: -1,
		DMARC: dmarc.Outcome{SPFAlignment: alignments[i%2], Policy: dmarc.DispositionReject},
	}
	if i%4 == 0 {
		v.DKIM, v.DKIMBest = []dkim.Outcome{{Result: dkim.Pass}}, 0
		v.DMARC.DKIMAlignments = alignments[i%3 : i%3+1]
	}
	if i%10 == 0 {
		e.Recorded.SPF = "pass"
	}
	return &evaluate.Record{Evidence: e, Verdict: v}
}

// TestMergeInAnyOrder counts an archive in pieces.
func TestMergeInAnyOrder(t *testing.T) {
	t.Parallel()
	const n = 400
	whole := newTally()
	for i := range n {
		whole.add(record(i))
	}
	want := jsonOf(t, whole)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		pieces := []*tally{newTally(), newTally(), newTally(), newTally()}
		for i := range n {
			pieces[rng.IntN(len(pieces))].add(record(i))
		}
		rng.Shuffle(len(pieces), func(i, j int) { pieces[i], pieces[j] = pieces[j], pieces[i] })
		total := newTally()
		for _, p := range pieces {
			total.merge(p)
		}
		if got := jsonOf(t, total); got != want {
			t.Fatalf("merged:\n%s\nwhole:\n%s", got, want)
		}
	}
}

func jsonOf(t *testing.T, tl *tally) string {
	t.Helper()
	text, err := json.Marshal(tl.report())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestEverythingAddsUp: each view counts each message once.
func TestEverythingAddsUp(t *testing.T) {
	t.Parallel()
	const n = 390
	tl := newTally()
	for i := range n {
		tl.add(record(i))
	}
	r := tl.report()
	sums := map[string]int64{"summary": r.Total().Messages(), "alignment": r.Alignment.Messages()}
	for i := range r.Timeline.Buckets {
		sums["timeline"] += r.Timeline.Buckets[i].Outcomes.Messages()
	}
	for i := range r.Domains {
		sums["domains"] += r.Domains[i].Outcomes.Messages()
	}
	for i := range r.Senders {
		sums["senders"] += r.Senders[i].Outcomes.Messages()
	}
	for i := range r.Classes {
		sums["classes"] += r.Classes[i].Outcomes.Messages()
	}
	for view, got := range sums {
		if got != n {
			t.Errorf("%s: %d messages, want %d", view, got, n)
		}
	}
	if got := r.Total().Failed(); got != 4*n/13 { // three categories, and the domain that does not exist
		t.Errorf("%d failed, want %d", got, 4*n/13)
	}
}

func TestTimelineUnits(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time {
		at, err := time.Parse(time.DateOnly, s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, c := range []struct {
		name    string
		days    []string
		unit    Unit
		starts  []string // first and last bucket
		buckets int
	}{
		{"one day", []string{"2024-02-29"}, Day, []string{"2024-02-29", "2024-02-29"}, 1},
		{"days with a gap", []string{"2024-02-27", "2024-03-01"}, Day, []string{"2024-02-27", "2024-03-01"}, 4},
		{"weeks from Monday", []string{"2024-01-07", "2024-06-03"}, Week, []string{"2024-01-01", "2024-06-03"}, 23},
		{"months", []string{"2019-03-04", "2026-03-01"}, Month, []string{"2019-03-01", "2026-03-01"}, 85},
		{"years, only those with mail", []string{"1969-12-31", "2024-05-05", "9999-12-31"}, Year, []string{"1969-01-01", "9999-01-01"}, 3},
	} {
		d := make(days)
		for _, s := range c.days {
			r := record(0)
			r.Evidence.Envelope.ReceivedAt = day(s).Add(23*time.Hour + 59*time.Minute)
			d.add(r, levelsOf{})
		}
		got := d.timeline()
		if got.Unit != c.unit || len(got.Buckets) != c.buckets {
			t.Errorf("%s: %d buckets of a %s, want %d of a %s", c.name, len(got.Buckets), got.Unit, c.buckets, c.unit)
			continue
		}
		first, last := got.Buckets[0], got.Buckets[len(got.Buckets)-1]
		if first.Start != day(c.starts[0]) || last.Start != day(c.starts[1]) {
			t.Errorf("%s: from %v to %v, want %v", c.name, first.Start, last.Start, c.starts)
		}
		if first.Outcomes.Messages() == 0 || last.Outcomes.Messages() == 0 {
			t.Errorf("%s: the first or the last bucket is empty", c.name)
		}
	}
}

func TestHeadlineSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		outcomes Outcomes
		want     []string
	}{
		{Outcomes{Passed: 3}, []string{"3 (100.0 %) passed DMARC.", "None failed.", ""}},
		{Outcomes{NoPolicy: 2}, []string{"No message was judged under a DMARC policy. For 2 (100.0 %) the domain publishes no policy.", "None failed.", ""}},
		{Outcomes{Passed: 1, Rejected: 1, Tolerated: 1, Undecided: 1}, []string{"1 (25.0 %) passed DMARC.",
			"2 (50.0 %) failed; with the published policies followed to the letter: 1 rejected, 1 let through.", "1 message could not be decided."}},
		{Outcomes{Rejected: 1200}, []string{"None of those judged under a DMARC policy passed.",
			"1,200 (100.0 %) failed; with the published policies followed to the letter: 1,200 rejected.", ""}},
	} {
		got := []string{passedSentence(&c.outcomes), failedSentence(&c.outcomes), openSentence(&c.outcomes)}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%v: %q, want %q", c.outcomes, got[i], c.want[i])
			}
		}
	}
}

func TestShown(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"example.com":     "example.com",
		"bücher 例え":       "bücher 例え",
		"a\x00b\x1b[0m\n": `a\x00b\x1b[0m\n`,
		"\u202eabc\u2066": `\u202eabc\u2066`,
		"\xff\xfe":        `\xff\xfe`,
		"\ufffd":          "\ufffd",
	} {
		if got := shown(in); got != want {
			t.Errorf("shown(%q) = %q, want %q", in, got, want)
		}
	}
}
