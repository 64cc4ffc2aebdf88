package sink

import (
	"errors"
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/spf"
	"mailaudit/sink/sinktest"
)

var sameRecord = cmp.Options{
	cmp.Comparer(func(a, b netip.Addr) bool { return a == b }),
	cmp.AllowUnexported(dmarc.Record{}),
}

// smallOptions roll and flush often, so that few rows pass every border.
var smallOptions = Options{RowGroupRows: 256, PartRows: 300, Addresses: AddressesFull, CreatedBy: "audit test"}

// writeAll writes a dataset of what the generator makes.
func writeAll(t testing.TB, dir string, opts Options, seed uint64, rows int) []*evaluate.Record {
	t.Helper()
	w, err := Create(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	records, problems := input(seed, rows)
	feed(t, w, records, problems, 0)
	if err := finish(w); err != nil {
		t.Fatal(err)
	}
	return records
}

func input(seed uint64, rows int) (records []*evaluate.Record, problems map[int64]*Problem) {
	g := sinktest.NewGenerator(seed)
	problems = make(map[int64]*Problem)
	for range rows {
		if g.IntN(20) == 0 {
			p := &Problem{Stage: StageRead, Ordinal: -1}
			p.Source, p.Offset, p.Length, p.Code, p.Detail = g.Str(), g.Int64N(100)-1, g.Int64N(9), "truncated", g.Str()
			problems[g.Ordinal] = p
		}
		records = append(records, g.Record())
	}
	return records, problems
}

// feed writes the records from an ordinal on, each after its problem.
func feed(t testing.TB, w *Writer, records []*evaluate.Record, problems map[int64]*Problem, from int64) {
	t.Helper()
	for _, r := range records[from:] {
		o := r.Evidence.Origin.Ordinal
		// The problem before the first record of a part belongs to the part before.
		if p := problems[o]; p != nil && (o != from || from == 0) {
			if err := w.WriteProblem(p); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := writeAll(t, dir, smallOptions, 1, 850)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if d.Parts() != 3 {
		t.Errorf("%d parts, want 3", d.Parts())
	}
	i := 0
	for r, err := range d.Records() {
		if err != nil {
			t.Fatal(err)
		}
		if reflect.DeepEqual(stored(want[i]), r) {
			i++
			continue
		}
		if diff := cmp.Diff(stored(want[i]), r, sameRecord); diff != "" {
			t.Fatalf("record %d (-written +read):\n%s", i, diff)
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d records read, %d written", i, len(want))
	}
}

func TestRoundTripDNS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	records := writeAll(t, dir, smallOptions, 2, 500)
	var want []*dns.Answer
	seen := make(map[*dns.Answer]bool)
	for _, r := range records {
		for a := range r.Verdict.Answers() {
			if !seen[a] {
				seen[a] = true
				want = append(want, a)
			}
		}
	}
	i := 0
	for a, err := range ReadDNS(dir) {
		if err != nil {
			t.Fatal(err)
		}
		if i == len(want) {
			t.Fatal("more answers than were given")
		}
		if diff := cmp.Diff(want[i], a); diff != "" {
			t.Fatalf("answer %d (-written +read):\n%s", i, diff)
		}
		i++
	}
	if i != len(want) || i == 0 {
		t.Errorf("%d answers, want %d", i, len(want))
	}
}

func TestRoundTripProblems(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeAll(t, dir, smallOptions, 3, 500)
	records, problems := input(3, 500)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var want, got []*Problem
	for _, r := range records {
		if p := problems[r.Evidence.Origin.Ordinal]; p != nil {
			want = append(want, p)
		}
	}
	for p, err := range d.Problems() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, p)
	}
	if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
		t.Errorf("problems (-written +read):\n%s", diff)
	}
}

func TestSomeColumns(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := writeAll(t, dir, smallOptions, 4, 600)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	i := 0
	for r, err := range d.Records("category", "dkim.reason", "spf_result", "dmarc_p", "arc_signatures.header_hash") {
		if err != nil {
			t.Fatal(err)
		}
		w := want[i]
		i++
		if r.Verdict.Category != w.Verdict.Category || r.Verdict.SPF.Result != w.Verdict.SPF.Result {
			t.Fatalf("record %d: category %q, spf %q", i, r.Verdict.Category, r.Verdict.SPF.Result)
		}
		if r.Evidence.MessageID != "" || r.Verdict.SPF.Domain != "" || len(r.Evidence.Anomalies) > 0 {
			t.Fatal("columns that nobody asked for were read")
		}
		if len(r.Verdict.DKIM) != len(w.Verdict.DKIM) {
			t.Fatalf("record %d: %d signatures, want %d", i, len(r.Verdict.DKIM), len(w.Verdict.DKIM))
		}
		for j, o := range r.Verdict.DKIM {
			if o.Reason != w.Verdict.DKIM[j].Reason || o.Result != "" {
				t.Fatalf("record %d signature %d: %+v", i, j, o)
			}
		}
		for j, s := range r.Evidence.ARC.Sets {
			if diff := cmp.Diff(w.Evidence.ARC.Sets[j].Message.HeaderHash, s.Message.HeaderHash); diff != "" {
				t.Fatal(diff)
			}
		}
	}
}

func TestUnknownColumn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeAll(t, dir, smallOptions, 5, 1)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"nope", "dkim.nope", "digest.x", "anomalies.x", ""} {
		for r, err := range d.Records(name) {
			var unknown *UnknownColumnError
			if !errors.As(err, &unknown) || r != nil {
				t.Errorf("%q: record %v, error %v", name, r, err)
			}
		}
	}
}

// stored is the record as a dataset keeps it: without answers, which are in a
// table of their own.
func stored(r *evaluate.Record) *evaluate.Record {
	c := *r
	v := &c.Verdict
	strip := func(o *spf.Outcome) *spf.Outcome {
		if o == nil {
			return nil
		}
		p := *o
		p.Answers = nil
		return &p
	}
	v.SPF, v.SPFHelo = strip(v.SPF), strip(v.SPFHelo)
	v.DKIM = append([]dkim.Outcome(nil), v.DKIM...)
	for i := range v.DKIM {
		v.DKIM[i].Answers = nil
	}
	v.ARC.Answers, v.DMARC.Answers, v.Existence.Answers = nil, nil, nil
	return &c
}

// TestClone: what was copied does not change when the next record is read.
func TestClone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	want := writeAll(t, dir, smallOptions, 6, 300)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []*evaluate.Record
	for r, err := range d.Records() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, Clone(r))
	}
	for i, r := range got {
		if !reflect.DeepEqual(stored(want[i]), r) {
			t.Fatalf("record %d (-written +cloned):\n%s", i, cmp.Diff(stored(want[i]), r, sameRecord))
		}
	}
}
