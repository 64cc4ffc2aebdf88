//go:build unix

package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"

	"mailaudit/internal/benchset"
	"mailaudit/internal/cputime"
	"mailaudit/report"
	"mailaudit/sink"
	"mailaudit/stats"
)

// BenchmarkSummary reports rows for each second of one processor, and how many
// times as long it takes as reading the same columns: undoing compression and
// encoding, and nothing else. Columns that are all null or of one value by the
// file's statistics are not read for that either. Both are done in turn.
func BenchmarkSummary(b *testing.B) {
	d, err := benchset.Write(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	drift := slices.Concat(stats.Columns, stats.DriftColumns, []string{"ordinal"})
	slices.Sort(drift)
	drift = slices.Compact(drift)
	for _, c := range []struct {
		name    string
		columns []string
		run     func(context.Context) error
	}{
		{"summary", stats.Columns, func(ctx context.Context) error { _, err := countRows(ctx, d, false); return err }},
		{"drift", drift, func(ctx context.Context) error { _, err := countRows(ctx, d, true); return err }},
		{"report", report.Columns(), func(ctx context.Context) error { _, err := report.Collect(ctx, d, 1); return err }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var floor, all time.Duration
			for b.Loop() {
				begin := cputime.Used()
				if err := readPages(d, c.columns); err != nil {
					b.Fatal(err)
				}
				read := cputime.Used()
				if err := c.run(b.Context()); err != nil {
					b.Fatal(err)
				}
				floor, all = floor+read-begin, all+cputime.Used()-read
			}
			b.ReportMetric(benchset.Rows*float64(b.N)/all.Seconds()/1e6, "Mrows/cpu-s")
			b.ReportMetric(benchset.Rows*float64(b.N)/floor.Seconds()/1e6, "floor-Mrows/cpu-s")
			b.ReportMetric(all.Seconds()/floor.Seconds(), "÷floor")
		})
	}
}

// readPages reads some columns of the table messages and does nothing with them.
func readPages(d *sink.Dataset, columns []string) error {
	for _, p := range d.Manifest.Tables.Messages {
		if err := readPart(filepath.Join(d.Dir(), filepath.FromSlash(p.Path)), columns); err != nil {
			return err
		}
	}
	return nil
}

func readPart(path string, columns []string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	st, err := file.Stat()
	if err != nil {
		return err
	}
	f, err := parquet.OpenFile(file, st.Size(), &parquet.FileConfig{
		SkipBloomFilters: true, SkipPageIndex: true, ReadBufferSize: 64 << 10,
	})
	if err != nil {
		return err
	}
	for g, group := range f.RowGroups() {
		for i, path := range f.Schema().Columns() {
			name := strings.ReplaceAll(strings.Join(path, "."), ".list.element", "")
			m := &f.Metadata().RowGroups[g].Columns[i].MetaData
			if slices.Contains(columns, name) && !told(m) {
				err = cmp.Or(err, readChunk(group.ColumnChunks()[i]))
			}
		}
	}
	return err
}

// told tells whether statistics say all of a column: no value, or but one.
func told(m *format.ColumnMetaData) bool {
	st := &m.Statistics
	return st.NullCount == m.NumValues || st.NullCount == 0 && len(st.MinValue) > 0 && bytes.Equal(st.MinValue, st.MaxValue)
}

func readChunk(c parquet.ColumnChunk) error {
	pages := c.Pages()
	defer pages.Close()
	for {
		p, err := pages.ReadPage()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		parquet.Release(p)
	}
}
