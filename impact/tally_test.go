package impact

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dmarc"
	"mailaudit/sources"
)

// someImpacts are small tallies with things in common.
func someImpacts(n int) []*Impact {
	r := rand.New(rand.NewPCG(3, 3))
	var out []*Impact
	ordinal := int64(0)
	for range n {
		t := new(Impact)
		for range 1 + r.IntN(20) {
			ordinal++
			s := &subject{from: state{category(r.IntN(categories)), Disposition(r.IntN(3))}}
			ru := &ruling{state: state{category(r.IntN(categories)), Disposition(r.IntN(3))}}
			if r.IntN(5) == 0 {
				ru.unjudged = []Reason{ReasonExistence, Reason(dmarc.ReasonPolicyDNS)}[r.IntN(2)]
			}
			if r.IntN(3) == 0 {
				ru.override = OverrideTrustedForwarder
			}
			from, to := s.from.disposition, ru.disposition
			t.count(s, ru, from, to)
			if from == to && ru.unjudged == "" {
				continue
			}
			d := &details{source: "a.mbox", offset: ordinal * 100, ordinal: ordinal, received: int64(r.IntN(4)) * 86400e6}
			d.Author, d.ListID = []string{"a.test", "b.test"}[r.IntN(2)], []string{"", "l.test"}[r.IntN(2)]
			src := sources.Source{Name: []string{"x.test", "y.test"}[r.IntN(2)], Class: sources.Class(r.IntN(sources.Classes)), Evidence: sources.Evidence(r.IntN(1 << 14))}
			t.change(ru, from, to, d, &src)
		}
		out = append(out, t)
	}
	return out
}

func reportOf(t testing.TB, order []*Impact) string {
	t.Helper()
	total := new(Impact)
	for _, o := range order {
		total.Merge(o)
	}
	r := total.Report()
	text, err := json.Marshal(&r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestMergeInAnyOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 1))
	all := someImpacts(12)
	want := reportOf(t, all)
	for range 20 {
		r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		half := new(Impact)
		k := r.IntN(len(all))
		for _, o := range all[:k] {
			half.Merge(o)
		}
		if got := reportOf(t, append([]*Impact{half}, all[k:]...)); got != want {
			t.Fatalf("another order, another report:\n%s\n%s", got, want)
		}
	}
}

// What is counted adds up: to the messages, and between tables.
func TestReportAddsUp(t *testing.T) {
	t.Parallel()
	total := new(Impact)
	for _, o := range someImpacts(30) {
		total.Merge(o)
	}
	r := total.Report()
	sum := r.NotJudged.Messages
	for _, row := range r.Matrix {
		for _, n := range row {
			sum += n
		}
	}
	if sum != r.Messages {
		t.Errorf("matrix and not judged: %d of %d", sum, r.Messages)
	}
	for name, list := range map[string][]Share{"authors": r.Authors, "sources": r.Sources, "days": r.Days} {
		n := [4]int64{}
		for _, s := range list {
			n[0], n[1], n[2], n[3] = n[0]+s.Rejected, n[1]+s.Quarantined, n[2]+s.Softened, n[3]+s.LetThrough
		}
		if want := [4]int64{r.Moves["newly_rejected"], r.Moves["newly_quarantined"], r.Moves["softened"], r.Moves["newly_let_through"]}; n != want {
			t.Errorf("%s: %v, want %v", name, n, want)
		}
	}
	if n := r.BreakMessages + r.Unclear + r.Forged; n != r.Moves["newly_rejected"]+r.Moves["newly_quarantined"] {
		t.Errorf("%d hurt", n)
	}
}

// A sender that writes for many author domains is told once; what nobody could
// decide before is told too, and never taken for a message that is not concerned.
func TestTextBySender(t *testing.T) {
	t.Parallel()
	total := new(Impact)
	for i, author := range []string{"a.test", "b.test", "b.test", "c.test", "d.test", "e.test"} {
		d := &details{source: "m.mbox", ordinal: int64(i)}
		d.Author = author
		src := sources.Source{Name: "list.test", Class: sources.MailingList, Confidence: sources.Medium, Evidence: sources.BrokenDKIM}
		s, r := &subject{from: state{noPolicy, LetThrough}}, &ruling{state: state{failReject, Rejected}}
		total.count(s, r, LetThrough, Rejected)
		total.change(r, LetThrough, Rejected, d, &src)
	}
	total.still(tempError, tempError, LetThrough, 4)
	report := total.Report()
	var out strings.Builder
	if err := report.WriteText(&out, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"        6  from 1 sender that may be legitimate, below\n",
		"        6  list.test\n             for b.test (2), a.test (1), c.test (1) and 2 others; mailing list,\n",
		"        4   40.0 %  undecided before and after",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if n := strings.Count(out.String(), "the list breaks the author's signature"); n != 1 {
		t.Errorf("advice is given %d times", n)
	}
}

// Hostile names reach neither a terminal nor the shell.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;owned\a\r\n\u202e';rm -rf /\x00.test\u2028<script>"
	total := new(Impact)
	d := &details{source: "dir/" + evil, offset: 7, ordinal: 1}
	d.Author, d.ListID = evil, evil
	src := sources.Source{Name: evil, Class: sources.ThirdParty, Evidence: sources.OtherDKIM | sources.OtherSPF}
	s, r := &subject{from: state{passRelaxed, LetThrough}}, &ruling{state: state{failReject, Rejected}}
	total.count(s, r, LetThrough, Rejected)
	total.change(r, LetThrough, Rejected, d, &src)
	u := &ruling{unjudged: Reason(evil)}
	total.count(s, u, LetThrough, LetThrough)
	total.change(u, LetThrough, LetThrough, d, &src)
	report := total.Report()
	var out strings.Builder
	if err := report.WriteText(&out, []string{"example.test: v=DMARC1; p=reject"}); err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(out.String(), func(c rune) bool { return c != '\n' && (c < ' ' || c > '~') }); i >= 0 {
		t.Errorf("%q", out.String()[i:])
	}
	for line := range strings.Lines(out.String()) {
		if len(line) > 81 && !strings.Contains(line, "audit explain") {
			t.Errorf("%d characters: %q", len(line), line)
		}
	}
	if !strings.Contains(out.String(), `'\\''`) || !strings.Contains(out.String(), "p=reject") {
		t.Errorf("no quoting in\n%s", out.String())
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]Example{
		"audit explain a/b.eml":                            {Source: "a/b.eml"},
		"audit explain --message @99 a/b.mbox":             {Source: "a/b.mbox", Offset: 99},
		"audit explain --message @99 'my mail/$(x).mbox'":  {Source: "my mail/$(x).mbox", Offset: 99},
		"audit explain 'a.tar!x.eml'":                      {Source: "a.tar!x.eml"},
		`audit explain 'it'\\''s.eml'`:                     {Source: "it's.eml"},
		"audit explain --message @1 ./2024-01.mbox":        {Source: "./2024-01.mbox", Offset: 1},
		"audit explain --message @5 lists%2Fdev,2024.mbox": {Source: "lists%2Fdev,2024.mbox", Offset: 5},
	} {
		if got := e.Command(); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestWordsOfCategories(t *testing.T) {
	t.Parallel()
	for i, c := range evaluate.Categories {
		if categoryOf(string(c)) != category(i) || category(i).word() != c {
			t.Errorf("%s is not at %d", c, i)
		}
	}
	if len(evaluate.Categories) != categories || evaluate.Categories[failReject] != evaluate.FailReject || evaluate.Categories[noPolicy] != evaluate.NoPolicy {
		t.Error("the categories have moved")
	}
}
