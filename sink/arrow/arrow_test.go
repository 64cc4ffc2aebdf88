package arrow

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/google/go-cmp/cmp"

	"mailaudit/sink"
	"mailaudit/sink/sinktest"
)

func dataset(t *testing.T, rows int) string {
	t.Helper()
	dir := t.TempDir()
	w, err := sink.Create(dir, sink.Options{Addresses: sink.AddressesFull, RowGroupRows: 256, PartRows: 700})
	if err != nil {
		t.Fatal(err)
	}
	for r := range sinktest.Records(11, rows) {
		if err := w.Write(r); err != nil {
			t.Fatal(err)
		}
	}
	p := &sink.Problem{Stage: sink.StageRead, Ordinal: -1}
	p.Source, p.Offset, p.Code = "a.mbox", -1, "unreadable"
	if err := w.WriteProblem(p); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(sink.Manifest{}); err != nil {
		t.Fatal(err)
	}
	return dir
}

// plain is an Arrow value as the JSON lines have it.
func plain(a arrow.Array, i int) any {
	if a.IsNull(i) {
		return nil
	}
	switch a := a.(type) {
	case *array.String:
		return a.Value(i)
	case *array.Binary:
		return base64.StdEncoding.EncodeToString(a.Value(i))
	case *array.Boolean:
		return a.Value(i)
	case *array.Int32:
		return json.Number(fmt.Sprint(a.Value(i)))
	case *array.Int64:
		return json.Number(fmt.Sprint(a.Value(i)))
	case *array.Timestamp:
		if a.DataType().(*arrow.TimestampType).TimeZone != "UTC" {
			return "no UTC"
		}
		return time.UnixMicro(int64(a.Value(i))).UTC().Format(time.RFC3339Nano)
	case *array.List:
		from, to := a.ValueOffsets(i)
		out := []any{}
		for j := from; j < to; j++ {
			out = append(out, plain(a.ListValues(), int(j)))
		}
		return out
	case *array.Struct:
		out := map[string]any{}
		for f := range a.NumField() {
			out[a.DataType().(*arrow.StructType).Field(f).Name] = plain(a.Field(f), i)
		}
		return out
	}
	return fmt.Sprintf("unexpected %T", a)
}

func plainRows(rows []any, batch arrow.RecordBatch) []any {
	for i := range int(batch.NumRows()) {
		row := map[string]any{}
		for c := range int(batch.NumCols()) {
			row[batch.ColumnName(c)] = plain(batch.Column(c), i)
		}
		rows = append(rows, row)
	}
	return rows
}

// jsonRows are the rows as sink.Export gives them.
func jsonRows(t *testing.T, dir, table string, columns []string) []any {
	t.Helper()
	var b bytes.Buffer
	if err := sink.Export(dir, table, columns, sink.JSONLines, &b); err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(&b)
	d.UseNumber()
	var rows []any
	for {
		var row map[string]any
		err := d.Decode(&row)
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	dir := dataset(t, 800)
	for _, c := range []struct {
		table   string
		columns []string
	}{
		{"messages", nil}, {"dns", nil}, {"problems", nil},
		{"messages", []string{"anomalies", "dkim.result", "digest", "dkim.header_hash"}},
	} {
		var b bytes.Buffer
		if err := Export(dir, c.table, c.columns, &b); err != nil {
			t.Fatal(err)
		}
		r, err := ipc.NewReader(&b)
		if err != nil {
			t.Fatal(err)
		}
		var got []any
		for r.Next() {
			got = plainRows(got, r.RecordBatch())
		}
		if err := r.Err(); err != nil {
			t.Fatal(err)
		}
		want := jsonRows(t, dir, c.table, c.columns)
		if diff := cmp.Diff(want, got); diff != "" || len(got) == 0 {
			t.Errorf("%s %v: %d rows (-json +arrow):\n%.2000s", c.table, c.columns, len(got), diff)
		}
	}
}

func TestExportErrors(t *testing.T) {
	t.Parallel()
	dir := dataset(t, 1)
	var column *sink.UnknownColumnError
	if err := Export(dir, "messages", []string{"nope"}, io.Discard); !errors.As(err, &column) {
		t.Errorf("error %v", err)
	}
	var table *sink.UnknownTableError
	if err := Export(dir, "nope", nil, io.Discard); !errors.As(err, &table) {
		t.Errorf("error %v", err)
	}
	if err := Export(t.TempDir(), "dns", nil, io.Discard); !errors.Is(err, sink.ErrNoDataset) {
		t.Errorf("error %v", err)
	}
}

// TestSecondReader reads the parts with another Parquet library than the one
// that wrote them.
func TestSecondReader(t *testing.T) {
	t.Parallel()
	dir := dataset(t, 800)
	for _, table := range sink.TableNames() {
		parts, err := filepath.Glob(filepath.Join(dir, table, "*.parquet"))
		if err != nil || len(parts) == 0 {
			t.Fatalf("%s: %v, %d parts", table, err, len(parts))
		}
		var got []any
		for _, path := range parts {
			got = append(got, readPart(t, path)...)
		}
		if diff := cmp.Diff(jsonRows(t, dir, table, nil), got); diff != "" {
			t.Errorf("%s (-ours +theirs):\n%.2000s", table, diff)
		}
	}
}

func readPart(t *testing.T, path string) (rows []any) {
	t.Helper()
	f, err := file.OpenParquetFile(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if v := f.MetaData().KeyValueMetadata().FindValue("audit.schema_version"); v == nil || *v != fmt.Sprint(sink.SchemaVersion) {
		t.Errorf("%s: schema version %v", path, v)
	}
	r, err := pqarrow.NewFileReader(f, pqarrow.ArrowReadProperties{BatchSize: 1000}, memory.DefaultAllocator)
	if err != nil {
		t.Fatal(err)
	}
	records, err := r.GetRecordReader(context.Background(), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer records.Release()
	for records.Next() {
		rows = plainRows(rows, records.RecordBatch())
	}
	if err := records.Err(); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	return rows
}

func TestSchemaHasDescriptions(t *testing.T) {
	t.Parallel()
	dir := dataset(t, 1)
	var b bytes.Buffer
	if err := Export(dir, "messages", []string{"spf_result", "dkim"}, &b); err != nil {
		t.Fatal(err)
	}
	r, err := ipc.NewReader(&b)
	if err != nil {
		t.Fatal(err)
	}
	doc, ok := r.Schema().Field(0).Metadata.GetValue("description")
	if !ok || !strings.Contains(doc, "SPF") {
		t.Errorf("description %q", doc)
	}
}
