package sink

import (
	"os"
	"slices"
	"strings"
	"testing"

	"mailaudit/evaluate"
)

// scanDataset writes everyday records in several row groups and parts.
func scanDataset(t testing.TB, rows, partRows int64) *Dataset {
	t.Helper()
	dir := t.TempDir()
	w, err := Create(dir, Options{RowGroupRows: 512, PartRows: partRows})
	if err != nil {
		t.Fatal(err)
	}
	g := newEveryday()
	for n := range rows {
		r := g.record(n)
		if n%7 == 0 { // the bytes that columns escape, and nulls
			r.Evidence.ListID, r.Evidence.Envelope.HELO = "a\xff\x00b", ""
		}
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(Manifest{}); err != nil {
		t.Fatal(err)
	}
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// scanRow is what the test compares, in one string.
func scanRow(r *evaluate.Record) string {
	e, v := r.Evidence, &r.Verdict
	out := []string{e.Origin.Source, e.MessageID, e.ListID, e.Envelope.HELO, e.Author.Domain(), string(v.Category),
		e.Envelope.ReceivedAt.String(), string(v.SPF.Result)}
	for i := range e.Signatures {
		out = append(out, e.Signatures[i].Domain, e.Signatures[i].Selector, string(v.DKIM[i].Result))
	}
	return strings.Join(out, "|")
}

func scanned1(s *Scan, i int) string {
	out := []string{s.Column("source").Text(i), s.Column("message_id").Text(i), s.Column("list_id").Text(i),
		s.Column("helo_domain").Text(i), s.Column("header_from_domain").Text(i), s.Column("category").Text(i),
		s.Column("received_at").Time(i).String(), s.Column("spf_result").Text(i)}
	from, to := s.Column("dkim.domain").Span(i)
	for j := from; j < to; j++ {
		out = append(out, s.Column("dkim.domain").Text(j), s.Column("dkim.selector").Text(j), s.Column("dkim.result").Text(j))
	}
	return strings.Join(out, "|")
}

func TestScanIsRecords(t *testing.T) {
	t.Parallel()
	d := scanDataset(t, 3000, 1024)
	n := 0
	s, err := d.Scan(0)
	if err != nil {
		t.Fatal(err)
	}
	for part := range d.Parts() {
		if err := s.Reopen(d, part); err != nil {
			t.Fatal(err)
		}
		var rows []string
		for r, err := range d.PartRecords(part) {
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, scanRow(r))
		}
		for s.Next() {
			for i := range s.Rows() {
				if got := scanned1(s, i); got != rows[0] {
					t.Fatalf("row %d:\n%q, want\n%q", n, got, rows[0])
				}
				rows = rows[1:]
				n++
			}
		}
		if s.Err() != nil || len(rows) > 0 {
			t.Fatalf("part %d: %v, %d rows left", part, s.Err(), len(rows))
		}
	}
	if err := s.Close(); err != nil || n != 3000 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestScanUnknownColumn(t *testing.T) {
	t.Parallel()
	d := scanDataset(t, 10, 1024)
	s, err := d.Scan(0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Next()
	v := s.Column("no_such")
	from, to := v.Span(9)
	if v.Text(9) != "" || v.Bool(9) || !v.Time(9).IsZero() || from != to {
		t.Errorf("%+v", v)
	}
	if err := s.Err(); err == nil || !strings.Contains(err.Error(), "no_such") {
		t.Errorf("error %v", err)
	}
	if s.Next() {
		t.Error("goes on after an error")
	}
}

// TestScanDamaged reads a list of which one field cannot be read: the others stay
// as they are, and it is as long as they are.
func TestScanDamaged(t *testing.T) {
	t.Parallel()
	d := scanDataset(t, 500, 1024)
	s, err := d.Scan(0)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.Next()
	m := s.told(s.column("dkim.signed_at"))
	f, err := os.OpenFile(s.part.path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(make([]byte, m.TotalCompressedSize), m.DataPageOffset); err != nil {
		t.Fatal(err)
	}
	result := s.Column("dkim.result")
	if err := s.Err(); err != nil || len(result.Codes) <= s.Rows() {
		t.Fatalf("%d signatures, %v", len(result.Codes), err)
	}
	for _, name := range []string{"dkim.signed_at", "dkim.alignment"} { // the one after the error too
		v := s.Column(name)
		if max(len(v.Codes), len(v.Numbers)) != len(result.Codes) || !slices.Equal(v.First, result.First) {
			t.Errorf("%s: %d values, want %d", name, max(len(v.Codes), len(v.Numbers)), len(result.Codes))
		}
	}
	if s.Err() == nil {
		t.Error("no error")
	}
}

func BenchmarkScan(b *testing.B) {
	const rows = 128 << 10
	dir := b.TempDir()
	records := everydayRecords()
	w, err := Create(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for n := range int64(rows) {
		r := records[n%int64(len(records))]
		r.Evidence.Origin.Ordinal = n
		if err := w.Write(r); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Commit(Manifest{}); err != nil {
		b.Fatal(err)
	}
	d, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s, err := d.Scan(0)
		if err != nil {
			b.Fatal(err)
		}
		for s.Next() {
			for _, c := range []string{"category", "disposition", "header_from_domain", "spf_result", "spf_domain", "dkim.result", "dkim.domain"} {
				s.Column(c)
			}
		}
		if s.Err() != nil || s.Close() != nil {
			b.Fatal(s.Err())
		}
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
}
