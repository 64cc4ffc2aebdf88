package report

import (
	"bytes"
	"encoding/json"
	"testing"

	"mailaudit/sink"
	"mailaudit/sink/sinktest"
)

// writeDataset writes random records, hostile ones among them, in several parts.
func writeDataset(t *testing.T, rows int) (*sink.Dataset, *tally) {
	t.Helper()
	dir := t.TempDir()
	w, err := sink.Create(dir, sink.Options{RowGroupRows: 256, PartRows: 256})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	g, in := sinktest.NewGenerator(7), newTally()
	for range rows {
		r := g.Record()
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

// TestCollect counts a dataset, and the records that were written: the columns
// that are read are all that is needed.
func TestCollect(t *testing.T) {
	t.Parallel()
	d, in := writeDataset(t, 900)
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

	var once, again bytes.Buffer
	if err := r.WriteHTML(&once); err != nil {
		t.Fatal(err)
	}
	if r, err = Collect(t.Context(), d, 1); err != nil {
		t.Fatal(err)
	}
	if err := r.WriteHTML(&again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(once.Bytes(), again.Bytes()) {
		t.Error("the number of workers changes the page")
	}
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
