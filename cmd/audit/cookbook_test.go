package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// pythonWith is the Python that AUDIT_PYTHON names, if it has the modules.
func pythonWith(t *testing.T, modules ...string) string {
	t.Helper()
	python := os.Getenv("AUDIT_PYTHON")
	if python == "" {
		t.Skip("AUDIT_PYTHON names no Python to read a dataset with")
	}
	for _, m := range modules {
		if out, err := exec.Command(python, "-c", "import "+m).CombinedOutput(); err != nil {
			t.Skipf("%s has no %s: %s", python, m, out)
		}
	}
	return python
}

// runPython gives a script its arguments and input, and decodes what it prints.
func runPython(t *testing.T, python, script string, input []byte, result any, args ...string) {
	t.Helper()
	c := exec.Command(python, append([]string{"-c", script}, args...)...)
	c.Stdin = bytes.NewReader(input)
	var out, diag bytes.Buffer
	c.Stdout, c.Stderr = &out, &diag
	if err := c.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &diag)
	}
	if err := json.Unmarshal(out.Bytes(), result); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
}

// fenced are the blocks of a document in a language.
func fenced(text, language string) []string {
	var out []string
	for _, block := range strings.Split(text, "```"+language+"\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		out = append(out, block)
	}
	return out
}

// runQueries runs blocks of SQL in the folder of a dataset. The first prepares;
// of each other it prints the rows, or an error.
const runQueries = `
import datetime, json, os, sys
import duckdb
os.chdir(sys.argv[1])
blocks = json.load(sys.stdin)
c = duckdb.connect()
c.execute(blocks[0])
def plain(v):
    return v.isoformat() if isinstance(v, datetime.datetime) else str(v) if isinstance(v, (datetime.timedelta, bytes)) else v
out = []
for sql in blocks[1:]:
    try:
        t = c.execute(sql).to_arrow_table()
        out.append({"rows": [{k: plain(v) for k, v in r.items()} for r in t.to_pylist()]})
    except Exception as e:
        out.append({"error": str(e)})
json.dump(out, sys.stdout, default=str)
`

type queryResult struct {
	Rows  []map[string]any
	Error string
}

// queryCookbook runs every query of the cookbook, by name.
func queryCookbook(t *testing.T, dataset string) map[string]queryResult {
	t.Helper()
	python := pythonWith(t, "duckdb", "pyarrow")
	doc, err := os.ReadFile("../../docs/cookbook.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := fenced(string(doc), "sql")
	input, err := json.Marshal(blocks)
	if err != nil {
		t.Fatal(err)
	}
	var results []queryResult
	runPython(t, python, runQueries, input, &results, filepath.Dir(dataset))
	named := map[string]queryResult{}
	for i, r := range results {
		_, name, found := strings.Cut(blocks[i+1], "-- name: ")
		name, _, _ = strings.Cut(name, "\n")
		if _, twice := named[name]; twice || !found {
			t.Errorf("a query has no name of its own: %q", name)
		}
		named[name] = r
	}
	return named
}

// auditOut judges the shipped archive into a folder of the name that the
// cookbook uses.
func auditOut(t *testing.T, more ...string) string {
	t.Helper()
	out := filepath.Join(filepath.Dir(shippedDataset(t, more...)), "audit-out")
	if err := os.Rename(filepath.Join(filepath.Dir(out), "out"), out); err != nil {
		t.Fatal(err)
	}
	return out
}

// TestCookbook runs every query of the cookbook with DuckDB. Each finds
// something in the shipped archive, and what is known otherwise is the same.
func TestCookbook(t *testing.T) {
	t.Parallel()
	dataset := auditOut(t, "--authserv-id", "mx.example.org", "--dns", otherDNS(t)+",zone:"+filepath.Join(testdata, "zone"))
	lake := filepath.Join(filepath.Dir(dataset), "lake")
	auditRun(t, exitProblems, "reevaluate", dataset, "--partition-by", "month", "--dns", "replay:"+dataset, "--out", lake)
	results := queryCookbook(t, dataset)
	if len(results) < 12 {
		t.Errorf("only %d queries", len(results))
	}
	for name, r := range results {
		if r.Error != "" || len(r.Rows) == 0 {
			t.Errorf("%s: %d rows, %s", name, len(r.Rows), r.Error)
		}
	}
	if t.Failed() {
		return
	}
	checkCoverage(t, dataset, results["coverage"].Rows[0])
	checkReject(t, dataset, results["reject"].Rows)
	if got := sum(results["lake"].Rows, "messages"); got != 327 {
		t.Errorf("%d messages in the lake, want 327", got)
	}
	if got := sum(results["problems"].Rows, "rows"); got != 2 {
		t.Errorf("%d problems, want 2", got)
	}
}

// otherDNS is an overlay by which results differ from those of the day.
func otherDNS(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "other.zone")
	if err := os.WriteFile(path, []byte("acme.example. 60 IN TXT \"v=spf1 -all\"\nacme.example. 60 IN MX 10 mail.acme.example.\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return "overlay:" + path
}

// checkCoverage: SQL counts what the summary counts.
func checkCoverage(t *testing.T, dataset string, row map[string]any) {
	t.Helper()
	var summary struct {
		Messages  int
		Breakdown map[string]int
		Coverage  map[string]int
	}
	if err := json.Unmarshal([]byte(auditRun(t, exitOK, "summary", "--json", dataset)), &summary); err != nil {
		t.Fatal(err)
	}
	for word, n := range row {
		want := summary.Coverage[word]
		if word == "messages" {
			want = summary.Messages - summary.Breakdown["malformed"]
		}
		if n != float64(want) {
			t.Errorf("coverage: %s is %v, in the summary %d", word, n, want)
		}
	}
}

// checkReject: what SQL finds unaligned is what DMARC failed.
func checkReject(t *testing.T, dataset string, rows []map[string]any) {
	t.Helper()
	failed := map[string]float64{}
	out := auditRun(t, exitOK, "cat", dataset, "--columns", "header_from_domain,category,organizational_domain")
	for line := range strings.Lines(out) {
		var m struct {
			Domain   string `json:"header_from_domain"`
			Category string
			Org      string `json:"organizational_domain"`
		}
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		if m.Org == "acme.example" && strings.HasPrefix(m.Category, "fail_") {
			failed[m.Domain]++
		}
	}
	if len(failed) == 0 {
		t.Fatal("nothing failed")
	}
	for _, r := range rows {
		if got, want := r["would_be_rejected"], failed[r["header_from_domain"].(string)]; got != want {
			t.Errorf("reject: %v of %v, failed %v", got, r["header_from_domain"], want)
		}
	}
}

func sum(rows []map[string]any, column string) int {
	n := 0.0
	for _, r := range rows {
		n += r[column].(float64)
	}
	return int(n)
}

// openEverywhere opens the messages with whatever is installed and tells the
// types that each sees, and what it reads.
const openEverywhere = `
import json, sys
import pyarrow as pa, pyarrow.dataset as ds
root = sys.argv[1] + "/messages"
def arrow(t):
    t.validate(full=True)
    s = t.schema
    return {"rows": t.num_rows, "category": str(s.field("category").type), "received_at": str(s.field("received_at").type),
            "anomalies": str(s.field("anomalies").type.value_type), "list": pa.types.is_list(s.field("dkim").type),
            "struct": pa.types.is_struct(s.field("dkim").type.value_type),
            "first": str(min(v for v in t["received_at"].to_pylist() if v))}
out = {"dataset": arrow(ds.dataset(root).to_table()), "stream": arrow(pa.ipc.open_stream(sys.stdin.buffer).read_all())}
f = ds.dataset(root).to_table(columns=["category"], filter=ds.field("category") == "fail_reject")
out["filtered"] = {"rows": f.num_rows}
try:
    import pandas as pd
    d = pd.read_parquet(root)
    out["pandas"] = {"rows": len(d), "received_at": str(d["received_at"].dt.tz), "category": type(d["category"][0]).__name__,
                     "first": str(d["received_at"].min()), "signatures": int(d["dkim"].map(len).sum())}
except ImportError:
    pass
try:
    import polars as pl
    d = pl.scan_parquet(root + "/*.parquet").collect()
    out["polars"] = {"rows": d.height, "received_at": str(d["received_at"].dtype.time_zone), "category": str(d["category"].dtype),
                     "first": str(d["received_at"].min()), "signatures": int(d["dkim"].list.len().sum())}
except ImportError:
    pass
json.dump(out, sys.stdout)
`

// TestOtherReaders opens a dataset, and its Arrow stream, with the libraries of
// data teams: text is text, times are UTC, lists are lists.
func TestOtherReaders(t *testing.T) {
	t.Parallel()
	python := pythonWith(t, "pyarrow")
	dataset := auditOut(t)
	stream := auditRun(t, exitOK, "cat", dataset, "--format", "arrow")
	var got map[string]map[string]any
	runPython(t, python, openEverywhere, []byte(stream), &got, dataset)

	for _, by := range []string{"dataset", "stream"} {
		for what, want := range map[string]any{
			"rows": 327.0, "category": "string", "received_at": "timestamp[us, tz=UTC]", "anomalies": "string",
			"list": true, "struct": true,
		} {
			if got[by][what] != want {
				t.Errorf("PyArrow, %s: %s is %v, want %v", by, what, got[by][what], want)
			}
		}
	}
	if got["filtered"]["rows"] != 54.0 {
		t.Errorf("PyArrow finds %v rejected, want 54", got["filtered"]["rows"])
	}
	words := map[string]string{"pandas": "str", "polars": "String"}
	for by, text := range words {
		r := got[by]
		if r == nil {
			t.Logf("no %s to read with", by)
			continue
		}
		if r["rows"] != 327.0 || r["received_at"] != "UTC" || r["category"] != text || r["first"] != got["dataset"]["first"] {
			t.Errorf("%s: %v, first %v by PyArrow", by, r, got["dataset"]["first"])
		}
		if want := countSignatures(t, dataset); r["signatures"] != want {
			t.Errorf("%s: %v signatures, want %v", by, r["signatures"], want)
		}
	}
}

// countSignatures is how many there are in all lists.
func countSignatures(t *testing.T, dataset string) float64 {
	t.Helper()
	n := 0
	for line := range strings.Lines(auditRun(t, exitOK, "cat", dataset, "--columns", "dkim.domain")) {
		n += strings.Count(line, strconv.Quote("domain")+":")
	}
	if n == 0 {
		t.Fatal("no signatures")
	}
	return float64(n)
}
