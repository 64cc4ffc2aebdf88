package stats

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// record makes a judged message of a category.
func record(c evaluate.Category, domain string, at time.Time) *evaluate.Record {
	e := &evidence.Evidence{Origin: evidence.Origin{Format: "mboxrd"}}
	e.Author = evidence.Author{Domains: []string{domain}, Fields: 1, Mailboxes: 1}
	e.Envelope.ReceivedAt = at
	v := evaluate.Verdict{
		Category: c, Disposition: dmarc.DispositionNone, Disposition74: dmarc.DispositionNone,
		SPF: &spf.Outcome{Result: spf.None}, DKIMBest: -1,
	}
	v.DMARC.Result = dmarc.None
	if c == evaluate.FailReject {
		v.Disposition, v.Disposition74 = dmarc.DispositionReject, dmarc.DispositionQuarantine
		v.DMARC.Result, v.DMARC.PolicyTag = dmarc.Fail, "p"
	}
	return &evaluate.Record{Evidence: e, Verdict: v}
}

func randomRecords(n int) []*evaluate.Record {
	r := rand.New(rand.NewPCG(5, 6))
	out := make([]*evaluate.Record, n)
	for i := range out {
		c := evaluate.Categories[r.IntN(len(evaluate.Categories))]
		out[i] = record(c, fmt.Sprintf("d%d.example", r.IntN(20)), time.Unix(r.Int64N(1<<30), 0).UTC())
		if c == evaluate.FailReject && r.IntN(2) == 0 {
			out[i].Verdict.DKIM = []dkim.Outcome{{Result: dkim.Fail, Reason: dkim.KeyNotFound}}
			out[i].Verdict.DMARC.DKIMAlignments = []dmarc.Alignment{dmarc.Strict}
			out[i].Verdict.DKIMBest = 0
		}
	}
	return out
}

func toJSON(t *testing.T, s Summary) string {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestMergeInAnyOrder(t *testing.T) {
	t.Parallel()
	recs := randomRecords(500)
	var whole Tally
	for _, r := range recs {
		whole.Add(r)
	}
	whole.AddProblem("truncated")
	whole.AddProblem("unreadable")
	want := toJSON(t, whole.Summary())
	rnd := rand.New(rand.NewPCG(7, 8))
	for range 20 {
		parts := make([]Tally, 1+rnd.IntN(6))
		for _, i := range rnd.Perm(len(recs)) {
			parts[rnd.IntN(len(parts))].Add(recs[i])
		}
		parts[0].AddProblem("unreadable")
		parts[len(parts)-1].AddProblem("truncated")
		var sum Tally
		for _, i := range rnd.Perm(len(parts)) {
			sum.Merge(&parts[i])
		}
		if got := toJSON(t, sum.Summary()); got != want {
			t.Fatalf("merged:\n%s\nwant:\n%s", got, want)
		}
	}
}

func TestBreakdownAddsUp(t *testing.T) {
	t.Parallel()
	var tally Tally
	for _, r := range randomRecords(300) {
		tally.Add(r)
	}
	s := tally.Summary()
	var sum, dispositions int64
	for _, n := range s.Breakdown {
		sum += n
	}
	for _, n := range s.Dispositions {
		dispositions += n
	}
	if sum != 300 || s.Messages != 300 || dispositions != 300 {
		t.Errorf("breakdown %d, dispositions %d, messages %d, want 300", sum, dispositions, s.Messages)
	}
}

func TestCause(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		want  string
		spf   spf.Result
		align dmarc.Alignment
		dkim  dkim.Result
		dk    dmarc.Alignment
	}{
		{CauseNothing, spf.Fail, dmarc.NotAligned, "", ""},
		{CauseSPF, spf.Fail, dmarc.Strict, "", ""},
		{CauseNotAligned, spf.Pass, dmarc.NotAligned, "", ""},
		{CauseNotAligned, spf.Fail, dmarc.NotAligned, dkim.Pass, dmarc.NotAligned},
		{CauseBrokenSignature, spf.Pass, dmarc.NotAligned, dkim.Fail, dmarc.Relaxed},
	} {
		r := record(evaluate.FailReject, "a.example", time.Time{})
		r.Verdict.SPF.Result, r.Verdict.DMARC.SPFAlignment = tt.spf, tt.align
		if tt.dkim != "" {
			r.Verdict.DKIM = []dkim.Outcome{{Result: tt.dkim}}
			r.Verdict.DMARC.DKIMAlignments = []dmarc.Alignment{tt.dk}
		}
		if got := Cause(r); got != tt.want {
			t.Errorf("%+v: %s", tt, got)
		}
	}
}

func TestTextFitsTheScreen(t *testing.T) {
	t.Parallel()
	var tally Tally
	for i, r := range randomRecords(2000) {
		if i%100 == 0 {
			r.Evidence.Author.Domains[0] = strings.Repeat("long-label.", 20) + "example"
		}
		tally.Add(r)
	}
	tally.AddProblem("truncated")
	s := tally.Summary()
	var out bytes.Buffer
	if err := s.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	for _, l := range strings.Split(out.String(), "\n") {
		if len([]rune(l)) > 80 {
			t.Errorf("%d columns: %s", len([]rune(l)), l)
		}
	}
	for _, c := range evaluate.Categories {
		if !strings.Contains(out.String(), Phrases[c]) {
			t.Errorf("%s is not in the text", c)
		}
	}
}

func TestForumPost(t *testing.T) {
	t.Parallel()
	var tally Tally
	for c, n := range map[evaluate.Category]int{
		evaluate.NoPolicy: 11095, evaluate.SkippedAuthenticated: 1024, evaluate.PassDKIMStrict: 881,
		evaluate.PassSPFStrict: 61, evaluate.PassRelaxed: 27, evaluate.NonexistentDomain: 367, evaluate.FailReject: 3685,
	} {
		for range n {
			tally.Add(record(c, "a.example", time.Time{}))
		}
	}
	s := tally.Summary()
	var out bytes.Buffer
	if err := s.WriteText(&out); err != nil {
		t.Fatal(err)
	}
	const want = `17,140 messages

   1,024    6.0 %  skipped, authenticated sender
     367    2.1 %  rejected, From domain does not exist
  11,095   64.7 %  no DMARC policy published
     881    5.1 %  passed, DKIM strict alignment
      61    0.4 %  passed, SPF strict alignment
      27    0.2 %  passed, relaxed alignment
   3,685   21.5 %  rejected, failed DMARC policy
`
	if got := out.String(); !strings.HasPrefix(got, want) {
		t.Errorf("got:\n%s\nwant it to begin:\n%s", got, want)
	}
}

func TestGroup(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234"} {
		if got := group(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestBreakdownJSON(t *testing.T) {
	t.Parallel()
	var b Breakdown
	for i := range b {
		b[i] = int64(i + 1)
	}
	text, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	var back Breakdown
	if err := json.Unmarshal(text, &back); err != nil || back != b {
		t.Errorf("%s read back as %v, %v", text, back, err)
	}
	if !strings.HasPrefix(string(text), `{"malformed":1,"skipped_authenticated":2,`) {
		t.Errorf("order: %s", text)
	}
}
