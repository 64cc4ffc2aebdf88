package main

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/report"
	"mailaudit/sink"
)

// openLake opens a dataset by month with each library that is there. Of every
// file but the first, by which they learn the columns, and those of one month, the
// bytes are then taken away: who still finds the month did not look elsewhere.
const openLake = `
import json, os, pathlib, sys
root = sys.argv[1]
glob = root + "/messages/*/*.parquet"
month = sys.argv[2]
out = {}
readers = {}
def reader(f):
    readers[f.__name__] = f
    return f
def duck(where):
    import duckdb
    c = duckdb.connect()
    q = f"SELECT count(*), count(month), any_value(typeof(month)), min(month) FROM read_parquet('{glob}', hive_partitioning=true) {where}"
    rows = c.execute(q).fetchall()[0]
    plan = c.execute("EXPLAIN ANALYZE " + q).fetchall()[0][1]
    return {"rows": rows[0], "nulls": rows[0] - rows[1], "type": rows[2], "least": rows[3], "plan": plan}
@reader
def duckdb(month):
    return duck(f"WHERE month = '{month}'" if month else "")
@reader
def pyarrow(month):
    import pyarrow.dataset as ds
    d = ds.dataset(root + "/messages", partitioning="hive")
    f = ds.field("month") == month if month else None
    t = d.to_table(columns=["month", "ordinal", "dkim"], filter=f)
    t.validate(full=True)
    return {"rows": t.num_rows, "nulls": t["month"].null_count, "type": str(t.schema.field("month").type),
            "least": min(m for m in t["month"].to_pylist() if m)}
@reader
def polars(month):
    import polars as pl
    d = pl.scan_parquet(glob, hive_partitioning=True)
    if month:
        d = d.filter(pl.col("month") == month)
    d = d.select("month", "ordinal", "dkim").collect()
    return {"rows": d.height, "nulls": d["month"].null_count(), "type": str(d["month"].dtype), "least": d["month"].min()}
@reader
def pandas(month):
    import pandas as pd
    d = pd.read_parquet(root + "/messages", partitioning=None)
    return {"rows": len(d)}
def ask(month):
    for name, f in readers.items():
        try:
            out.setdefault(name, []).append(f(month))
        except ModuleNotFoundError:
            pass
ask("")
del readers["pandas"]
files = sorted(pathlib.Path(root, "messages").glob("*/*.parquet"))
for f in files[1:]:
    if f.parent.name != "month=" + month:
        f.write_bytes(b"x" * f.stat().st_size)
ask(month)
json.dump({"readers": out, "files": len(files)}, sys.stdout)
`

// lake is the shipped archive by month, in a generation for each hundred messages.
func lake(t *testing.T) string {
	t.Helper()
	return shippedDataset(t, "--partition-by", "month", "--part-rows", "100")
}

// TestLakeReaders: the engines of data teams find the column month in the names of
// the folders, take it for text, null where there is none, and open the files of
// the month they are asked for and no others.
func TestLakeReaders(t *testing.T) {
	t.Parallel()
	python := pythonWith(t, "pyarrow")
	var got struct {
		Readers map[string][]struct {
			Rows, Nulls int
			Type, Least string
			Plan        string
		}
		Files int
	}
	out := lake(t)
	const month = "2020-03"
	in := 0
	for line := range strings.Lines(auditRun(t, exitOK, "cat", out, "--columns", "received_at,date")) {
		if strings.HasPrefix(line, `{"received_at":"`+month) {
			in++
		}
	}
	runPython(t, python, openLake, nil, &got, out, month)
	types := map[string]string{"duckdb": "VARCHAR", "pyarrow": "string", "polars": "String"}
	for by, r := range got.Readers {
		if r[0].Rows != 327 {
			t.Errorf("%s: %d rows", by, r[0].Rows)
		}
		if by == "pandas" {
			continue
		}
		if r[0].Type != types[by] || r[0].Nulls != 4 || r[0].Least != "2019-03" {
			t.Errorf("%s: %+v", by, r[0])
		}
		if len(r) != 2 || r[1].Rows != in || r[1].Least != month {
			t.Errorf("%s: of %s %+v, want %d rows", by, month, r[1:], in)
		}
	}
	if r := got.Readers["duckdb"]; len(r) == 2 && !strings.Contains(r[1].Plan, "Total Files Read: 2") {
		t.Errorf("DuckDB reads more of the %d files than two:\n%s", got.Files, r[1].Plan)
	}
	t.Logf("%d files read by %d libraries", got.Files, len(got.Readers))
}

// TestLakeStatistics: within a part, rows keep the order of the input, and row
// groups and pages the least and greatest values, as in the plain layout.
func TestLakeStatistics(t *testing.T) {
	t.Parallel()
	parts, err := filepath.Glob(filepath.Join(lake(t), "messages", "month=*", "*.parquet"))
	if err != nil || len(parts) < 50 {
		t.Fatalf("%d parts, %v", len(parts), err)
	}
	for _, part := range parts {
		p := openParquet(t, part)
		leaf, ok := p.Schema().Lookup("received_at")
		if !ok {
			t.Fatalf("%s: no column received_at", part)
		}
		if _, there := p.Schema().Lookup("month"); there {
			t.Errorf("%s has the column of its folder", part)
		}
		for _, group := range p.RowGroups() {
			index, err := group.ColumnChunks()[leaf.ColumnIndex].ColumnIndex()
			if err != nil {
				t.Fatal(err)
			}
			for i := range index.NumPages() {
				if !index.NullPage(i) && index.MaxValue(i).Int64() < index.MinValue(i).Int64() {
					t.Errorf("%s: page %d from %v to %v", part, i, index.MinValue(i), index.MaxValue(i))
				}
			}
		}
	}
}

// TestLakeReport: the page shows the same, down to the examples it chooses, but for
// what it tells of the run.
func TestLakeReport(t *testing.T) {
	t.Parallel()
	var pages []*report.Report
	for _, dir := range []string{shippedDataset(t), lake(t)} {
		d, err := sink.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, workers := range []int{1, 3} {
			r, err := report.Collect(t.Context(), d, workers)
			if err != nil {
				t.Fatal(err)
			}
			r.Run = report.Run{}
			pages = append(pages, r)
		}
	}
	for _, p := range pages[1:] {
		if diff := cmp.Diff(pages[0], p, cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
			t.Errorf("(-flat +by month):\n%s", diff)
		}
	}
}

// arrowStream gives an Arrow stream to each library that takes one.
const arrowStream = `
import io, json, sys
import pyarrow as pa
data = sys.stdin.buffer.read()
out = {"pyarrow": pa.ipc.open_stream(io.BytesIO(data)).read_all().num_rows}
try:
    import polars as pl
    d = pl.read_ipc_stream(io.BytesIO(data))
    out["polars"] = d.height if d["received_at"].dtype == pl.Datetime("us", "UTC") and d["dkim"].dtype.is_nested() else str(d.schema)
except ImportError:
    pass
try:
    import duckdb
    messages = pa.ipc.open_stream(io.BytesIO(data))
    out["duckdb"] = duckdb.sql("SELECT count(*) FROM messages WHERE received_at IS NULL OR len(dkim) >= 0").fetchall()[0][0]
except ImportError:
    pass
json.dump(out, sys.stdout)
`

// TestArrowStream: what audit cat --format arrow pipes is taken by PyArrow, polars
// and DuckDB, from either layout, and the changed rows of a what-if as well.
func TestArrowStream(t *testing.T) {
	t.Parallel()
	python := pythonWith(t, "pyarrow")
	out, changes := lake(t), filepath.Join(t.TempDir(), "changes")
	var got map[string]any
	runPython(t, python, arrowStream, []byte(auditRun(t, exitOK, "cat", out, "--format", "arrow")), &got)
	for by, rows := range got {
		if rows != 327.0 {
			t.Errorf("%s: %v", by, rows)
		}
	}
	auditRun(t, exitOK, "whatif", out, "--policy", "*=v=DMARC1; p=reject", "--out", changes)
	want := float64(strings.Count(auditRun(t, exitOK, "cat", changes, "--table", "changes"), "\n"))
	stream := auditRun(t, exitOK, "cat", changes, "--table", "changes", "--format", "arrow")
	var rows float64
	runPython(t, python, "import json, sys, pyarrow as pa; print(pa.ipc.open_stream(sys.stdin.buffer).read_all().num_rows)", []byte(stream), &rows)
	if rows != want || want == 0 {
		t.Errorf("%v changed rows in the stream, %v as JSON", rows, want)
	}
	if _, err := os.Stat(filepath.Join(changes, "manifest.json")); err == nil {
		t.Error("a what-if is no dataset")
	}
}
