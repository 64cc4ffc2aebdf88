package sink

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate"
	"mailaudit/evaluate/evidence"
)

// monthOptions are smallOptions for a dataset by month.
func monthOptions() Options {
	o := smallOptions
	o.PartitionBy = PartitionMonth
	return o
}

// inMonths moves records into five months, one of them null, that alternate in no
// simple order; the third hundred is all of one month. One field of their
// signatures is always null, although there are signatures.
func inMonths(records []*evaluate.Record) []*evaluate.Record {
	for i, r := range records {
		m := i * 3 % 7 % 5
		if i/100 == 3 {
			m = 2
		}
		at := time.Date(2023, time.November, 3, 0, i, 0, 0, time.UTC).AddDate(0, m, 0)
		r.Evidence.Envelope.ReceivedAt, r.Evidence.Date = at, time.Time{}
		for j := range r.Evidence.Signatures {
			r.Evidence.Signatures[j].Selector = ""
		}
		switch {
		case m == 4:
			r.Evidence.Envelope.ReceivedAt = time.Time{}
		case i%2 == 0:
			r.Evidence.Envelope.ReceivedAt, r.Evidence.Date = time.Time{}, at
		}
	}
	return records
}

// writeMonths writes what writeAll writes, in five months.
func writeMonths(t testing.TB, dir string, opts Options, seed uint64, rows int) []*evaluate.Record {
	t.Helper()
	w, err := Create(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	records, problems := input(seed, rows)
	feed(t, w, inMonths(records), problems, 0)
	if err := finish(w); err != nil {
		t.Fatal(err)
	}
	return records
}

func TestMonthOf(t *testing.T) {
	t.Parallel()
	at := func(s string) time.Time {
		when, err := time.Parse(time.RFC3339, s)
		if err != nil {
			t.Fatal(err)
		}
		return when
	}
	for _, c := range []struct {
		received, date time.Time
		want           string
	}{
		{at("2024-03-31T23:59:59Z"), at("2024-04-01T00:00:00Z"), "2024-03"},
		{at("2024-04-01T01:00:00+02:00"), time.Time{}, "2024-03"},
		{time.Time{}, at("2019-12-31T23:00:00-05:00"), "2020-01"},
		{time.Time{}, time.Time{}, NullMonth},
		{at("1970-01-01T00:00:00Z"), time.Time{}, "1970-01"},
		{at("1970-01-01T00:00:00+01:00"), time.Time{}, NullMonth},
		{at("2099-12-31T23:59:59Z"), time.Time{}, "2099-12"},
		{at("2100-01-01T00:00:00Z"), at("2024-04-01T00:00:00Z"), NullMonth},
		{time.Time{}, at("9999-12-31T23:59:59Z"), NullMonth},
		{time.Time{}, at("0001-02-01T00:00:00Z"), NullMonth},
		{time.UnixMicro(-1 << 62), time.Time{}, NullMonth},
		{time.UnixMicro(1 << 62), time.Time{}, NullMonth},
	} {
		e := &evidence.Evidence{Date: c.date}
		e.Envelope.ReceivedAt = c.received
		if got := monthOf(&evaluate.Record{Evidence: e}).String(); got != c.want {
			t.Errorf("received %v, dated %v: %s, want %s", c.received, c.date, got, c.want)
		}
	}
}

func TestPartitionRoundTrip(t *testing.T) {
	t.Parallel()
	flat, months := t.TempDir(), t.TempDir()
	writeMonths(t, flat, smallOptions, 1, 850)
	want := writeMonths(t, months, monthOptions(), 1, 850)
	d, err := Open(months)
	if err != nil {
		t.Fatal(err)
	}
	if d.Manifest.PartitionBy != PartitionMonth || Rows(d.Manifest.Tables.Messages) != 850 {
		t.Errorf("manifest %+v", d.Manifest)
	}
	i := 0
	for r, err := range d.Records() {
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(stored(want[i]), r) {
			if diff := cmp.Diff(stored(want[i]), r, sameRecord); diff != "" {
				t.Fatalf("record %d (-written +read):\n%s", i, diff)
			}
		}
		i++
	}
	if i != len(want) {
		t.Errorf("%d records read, %d written", i, len(want))
	}
	checkParts(t, d, want)
	sameRows(t, flat, months)
}

// checkParts: each part has the rows of one month and one generation, in order.
func checkParts(t *testing.T, d *Dataset, want []*evaluate.Record) {
	t.Helper()
	generations := make(map[int]int)
	for i, p := range d.Manifest.Tables.Messages {
		g := d.Generation(i)
		generations[g]++
		if name := fmt.Sprintf("messages/month=%s/part-%05d.parquet", p.Partition.Month, g); p.Path != name {
			t.Errorf("part %d is %s, want %s", i, p.Path, name)
		}
		last, rows := int64(-1), int64(0)
		for r, err := range d.PartRecords(i, "ordinal") {
			if err != nil {
				t.Fatal(err)
			}
			o := r.Evidence.Origin.Ordinal
			if m := monthOf(want[o]).String(); m != p.Partition.Month || o/300 != int64(g) || o <= last {
				t.Fatalf("%s: ordinal %d of %s after %d", p.Path, o, m, last)
			}
			if rows == 0 && o != p.FirstOrdinal {
				t.Errorf("%s begins at %d, by the manifest at %d", p.Path, o, p.FirstOrdinal)
			}
			last = o
			rows++
		}
		if rows != p.Rows || last != p.LastOrdinal {
			t.Errorf("%s: %d rows up to %d, by the manifest %d up to %d", p.Path, rows, last, p.Rows, p.LastOrdinal)
		}
	}
	if len(generations) != 3 || generations[0] != 5 {
		t.Errorf("generations of %v parts", generations)
	}
}

// sameRows: both datasets are exported alike, whatever columns are chosen.
func sameRows(t *testing.T, flat, months string) {
	t.Helper()
	for _, columns := range [][]string{
		nil, {"ordinal"}, {"category", "message_id"}, {"anomalies", "dkim.reason", "ordinal", "dkim.body_hash_match"},
		{"arc_signatures", "received_at", "dkim.signature"},
	} {
		for _, format := range []Format{JSONLines, CSV} {
			var a, b strings.Builder
			if err := errors.Join(Export(flat, "messages", columns, format, &a), Export(months, "messages", columns, format, &b)); err != nil {
				t.Fatal(err)
			}
			if a.String() != b.String() || a.Len() == 0 {
				t.Errorf("%v as %s: %d bytes, flat %d", columns, format, b.Len(), a.Len())
			}
		}
	}
	f, err := Open(flat)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Open(months)
	if err != nil {
		t.Fatal(err)
	}
	for _, columns := range [][]string{{"spf_result"}, {"dkim.result", "category"}, {"arc", "header_from_domain", "ordinal"}} {
		var want []*evaluate.Record
		for r := range f.Records(columns...) {
			want = append(want, Clone(r))
		}
		i := 0
		for r, err := range m.Records(columns...) {
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want[i], Clone(r), sameRecord); diff != "" {
				t.Fatalf("%v: record %d (-flat +by month):\n%s", columns, i, diff)
			}
			i++
		}
		if i != len(want) {
			t.Errorf("%v: %d records, flat %d", columns, i, len(want))
		}
		for range m.Records(columns...) {
			break // gives up the spool, and is not called again
		}
	}
}

func TestPartitionDeterminism(t *testing.T) {
	t.Parallel()
	var want map[string]string
	for _, lanes := range []int{1, 1, 5} {
		dir, opts := t.TempDir(), monthOptions()
		opts.Lanes = lanes
		writeMonths(t, dir, opts, 9, crashRows)
		got := snapshot(t, dir)
		if want == nil {
			want = got
		}
		sameFiles(t, fmt.Sprint(lanes, " lanes"), got, want)
	}
	for name := range want {
		if strings.HasSuffix(name, tempSuffix) || name == checkpointName {
			t.Errorf("%s was left behind", name)
		}
	}
}

// TestPartitionKill stops a run after each thing it does to a file, between two
// parts of a generation above all, and resumes it.
func TestPartitionKill(t *testing.T) {
	t.Parallel()
	const killRows = 340 // two generations
	reference := t.TempDir()
	writeMonths(t, reference, monthOptions(), 9, killRows)
	want := snapshot(t, reference)

	var states []map[string]string
	dir, opts := t.TempDir(), monthOptions()
	opts.step = func() { states = append(states, snapshot(t, dir)) }
	writeMonths(t, dir, opts, 9, killRows)
	sameFiles(t, "watched", snapshot(t, dir), want)
	torn := 0
	for i, files := range states {
		dir := restore(t, files)
		if half(files) {
			torn++
		}
		opts := monthOptions()
		opts.Resume = true
		w, err := Create(dir, opts)
		if errors.Is(err, ErrComplete) {
			continue
		}
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		if left := snapshot(t, dir); half(left) {
			t.Errorf("step %d: half a generation stays: %v", i, slices.Sorted(maps.Keys(left)))
		}
		records, problems := input(9, killRows)
		feed(t, w, inMonths(records), problems, w.Resumed().NextOrdinal)
		if err := finish(w); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		sameFiles(t, fmt.Sprint("step ", i), snapshot(t, dir), want)
	}
	if len(states) < 30 || torn < 4 {
		t.Errorf("%d steps, %d of them within a generation", len(states), torn)
	}
}

// half tells whether the first generation, of five months, is there in part.
func half(files map[string]string) bool {
	n := 0
	for name := range files {
		if ok, _ := path.Match("messages/month=*/part-00000.parquet", name); ok {
			n++
		}
	}
	return n > 0 && n < 5
}

// TestPartitionOverwrite: neither layout leaves anything of the other.
func TestPartitionOverwrite(t *testing.T) {
	t.Parallel()
	for from, to := range map[PartitionBy]PartitionBy{PartitionNone: PartitionMonth, PartitionMonth: PartitionNone} {
		dir, fresh := t.TempDir(), t.TempDir()
		old, opts := smallOptions, smallOptions
		old.PartitionBy, opts.PartitionBy = from, to
		writeMonths(t, dir, old, 1, crashRows)
		writeMonths(t, fresh, opts, 2, 40)
		opts.Overwrite = true
		writeMonths(t, dir, opts, 2, 40)
		sameFiles(t, "overwritten", snapshot(t, dir), snapshot(t, fresh))
		if to == PartitionMonth {
			continue
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "messages", "month=*")); len(left) > 0 {
			t.Errorf("empty folders stay: %v", left)
		}
	}
}

// TestPartitionOthersFiles: what is not ours stays where it is.
func TestPartitionOthersFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeMonths(t, dir, monthOptions(), 1, 40)
	for _, name := range []string{"month=2023-11/notes.txt", "month=2023-13/part-00000.parquet", "month=x/part-00000.parquet", "year=2023/part-00000.parquet"} {
		file := filepath.Join(dir, "messages", filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o777), os.WriteFile(file, nil, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	opts := smallOptions
	opts.Overwrite = true
	writeMonths(t, dir, opts, 1, 40)
	left := 0
	for name := range snapshot(t, dir) {
		if strings.HasPrefix(name, "messages/month=") || strings.HasPrefix(name, "messages/year=") {
			left++
		}
	}
	if left != 4 {
		t.Errorf("%d files of others stay, want 4", left)
	}
}

func TestPartitionResumeRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Create(dir, monthOptions())
	if err != nil {
		t.Fatal(err)
	}
	w.Close()
	opts := smallOptions
	opts.Resume = true
	if _, err := Create(dir, opts); !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), "partition-by was month, is none") {
		t.Errorf("resumed without months: %v", err)
	}
	opts.PartitionBy = "year"
	if _, err := Create(t.TempDir(), opts); err == nil {
		t.Error("by year was taken")
	}
}

func TestPartitionEmpty(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeMonths(t, dir, monthOptions(), 1, 0)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if p := d.Manifest.Tables.Messages; len(p) != 1 || p[0].Path != "messages/month="+NullMonth+"/part-00000.parquet" {
		t.Errorf("parts %+v", p)
	}
	for range d.Records() {
		t.Error("a record")
	}
}

// TestManyMonths: nearly every row has a month of its own, from all of time.
func TestManyMonths(t *testing.T) {
	t.Parallel()
	flat, months := t.TempDir(), t.TempDir()
	opts := monthOptions()
	opts.PartRows = 1000
	writeAll(t, months, opts, 5, 400)
	opts.PartitionBy = PartitionNone
	writeAll(t, flat, opts, 5, 400)
	var a, b bytes.Buffer
	if err := errors.Join(Export(flat, "messages", nil, JSONLines, &a), Export(months, "messages", nil, JSONLines, &b)); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("other rows than in the flat dataset")
	}
	d, err := Open(months)
	if err != nil {
		t.Fatal(err)
	}
	if n := d.Parts(); n < 80 {
		t.Errorf("only %d parts", n)
	}
}

// TestPartitionWriteFails: a generation that cannot be written leaves nothing.
func TestPartitionWriteFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Create(dir, monthOptions())
	if err != nil {
		t.Fatal(err)
	}
	w.months.spool.create = func() (*os.File, error) { return nil, os.ErrPermission }
	records, _ := input(1, 700)
	inMonths(records)
	w.months.spool.chunks = spoolBytes / spoolChunk // as if memory were used up
	for _, r := range records {
		if err = w.Write(r); err != nil {
			break
		}
	}
	if !errors.Is(err, os.ErrPermission) {
		t.Fatalf("error %v", err)
	}
	if again := w.Commit(Manifest{}); again != err {
		t.Errorf("Commit: %v", again)
	}
	w.Close()
	for name := range snapshot(t, dir) {
		if name != checkpointName {
			t.Errorf("%s was left behind", name)
		}
	}
}
