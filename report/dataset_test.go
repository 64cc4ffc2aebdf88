package report

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
	"mailaudit/sink"
	"mailaudit/sink/sinktest"
)

// writeDataset writes records in several parts of several row groups, and counts
// them record by record.
func writeDataset(t *testing.T, rows int, next func(i int) *evaluate.Record) (*sink.Dataset, *tally) {
	t.Helper()
	dir := t.TempDir()
	w, err := sink.Create(dir, sink.Options{RowGroupRows: 256, PartRows: 600})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	in := newTally()
	for i := range rows {
		r := next(i)
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
		in.add(r)
	}
	if err := w.Commit(sink.Manifest{Program: "audit test"}); err != nil {
		t.Fatal(err)
	}
	d, err := sink.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d, in
}

// mixed makes records of few words, so that everything meets everything.
func mixed(seed uint64) func(i int) *evaluate.Record {
	rng := rand.New(rand.NewPCG(seed, 1))
	of := func(words ...string) string { return words[rng.IntN(len(words))] }
	near := func() dmarc.Alignment { return dmarc.Alignment(of("strict", "relaxed", "none")) }
	return func(i int) *evaluate.Record {
		r := record(rng.IntN(1 << 12))
		e, v := r.Evidence, &r.Verdict
		e.Origin.Ordinal, e.Origin.Source = int64(i), of("a.mbox", "b.mbox")
		e.Malformed, e.ListID = of("", "", "", "", "no_header"), of("", "", "l.m1.test")
		e.Envelope.ReceivedAt = []time.Time{{}, time.UnixMicro(rng.Int64N(1<<51) - 1<<50).UTC()}[min(rng.IntN(9), 1)]
		e.Envelope.ClientName, e.Envelope.HELO = of("", "mx.d1.example", "a.test"), of("", "d2.example", "[192.0.2.1]")
		if rng.IntN(5) == 0 {
			e.Envelope.ClientIP = netip.Addr{}
		}
		v.SPF.Result, v.DMARC.SPFAlignment = spf.Result(of("pass", "fail", "none", "permerror")), near()
		v.DMARC.Policy = dmarc.Disposition(of("", "none", "reject"))
		v.ARC.Result = arc.Result(of("none", "pass"))
		e.Signatures, v.DKIM, v.DKIMBest, v.DMARC.DKIMAlignments = nil, nil, -1, nil
		for range rng.IntN(4) {
			e.Signatures = append(e.Signatures, evidence.Signature{Domain: of("d1.example", "m1.test", "esp.test"), Damage: of("", "list_footer")})
			v.DKIM = append(v.DKIM, dkim.Outcome{Result: dkim.Result(of("pass", "fail"))})
			v.DMARC.DKIMAlignments, v.DKIMBest = append(v.DMARC.DKIMAlignments, near()), 0
		}
		return r
	}
}

// TestCollect counts datasets by columns, and the records that were written one by
// one: random ones, hostile ones among them.
func TestCollect(t *testing.T) {
	t.Parallel()
	hostile := sinktest.NewGenerator(7)
	for name, next := range map[string]func(int) *evaluate.Record{
		"hostile": func(int) *evaluate.Record { return hostile.Record() },
		"mixed":   mixed(1), "mixed again": mixed(2), "ordinary": record,
	} {
		d, in := writeDataset(t, 1900, next)
		if d.Parts() < 3 {
			t.Fatalf("only %d parts", d.Parts())
		}
		r, err := Collect(t.Context(), d, 3)
		if err != nil {
			t.Fatal(err)
		}
		want := in.report()
		want.Problems, want.Run = r.Problems, r.Run
		compareJSON(t, r, want)
		again, err := Collect(t.Context(), d, 1)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(pageOf(t, r), pageOf(t, again)) {
			t.Errorf("%s: the number of workers changes the page", name)
		}
	}
}

func pageOf(t *testing.T, r *Report) []byte {
	t.Helper()
	var page bytes.Buffer
	if err := r.WriteHTML(&page); err != nil {
		t.Fatal(err)
	}
	return page.Bytes()
}

// TestCollectRecordsAgain counts the records that are read from the dataset: all
// the columns that they are made of here are read by Collect.
func TestCollectRecordsAgain(t *testing.T) {
	t.Parallel()
	d, _ := writeDataset(t, 1200, mixed(3))
	in := newTally()
	for r, err := range d.Records(Columns()...) {
		if err != nil {
			t.Fatal(err)
		}
		in.add(r)
	}
	r, err := Collect(t.Context(), d, 2)
	if err != nil {
		t.Fatal(err)
	}
	compareJSON(t, r, in.report())
}

// compareJSON compares two reports view by view.
func compareJSON(t *testing.T, got, want *Report) {
	t.Helper()
	for _, v := range []struct {
		view      string
		got, want any
	}{
		{"summary", got.Summary, want.Summary}, {"drift", got.Drift, want.Drift}, {"timeline", got.Timeline, want.Timeline},
		{"domains", got.Domains, want.Domains}, {"senders", got.Senders, want.Senders}, {"classes", got.Classes, want.Classes},
		{"alignment", got.Alignment, want.Alignment},
	} {
		a, err := json.Marshal(v.got)
		if err != nil {
			t.Fatal(err)
		}
		b, err := json.Marshal(v.want)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(a, b) {
			at := 0
			for at < min(len(a), len(b)) && a[at] == b[at] {
				at++
			}
			at = max(0, at-100)
			t.Errorf("%s: read\n%.400s\nwant\n%.400s", v.view, a[at:], b[at:])
		}
	}
}
