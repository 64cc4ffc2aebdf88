package sink

import (
	"fmt"
	"os"
	"os/exec"
	"testing"
)

// readWithPython validates every table with PyArrow and adds up what the test
// compares.
const readWithPython = `
import glob, sys
import pyarrow.parquet as pq
root = sys.argv[1]
for table in ("messages", "dns", "problems"):
    t = pq.ParquetDataset(sorted(glob.glob(f"{root}/{table}/**/*.parquet", recursive=True)), partitioning=None).read()
    t.validate(full=True)
    print(table, t.num_rows)
    if table == "messages":
        print(t.schema.field("date").type, t.schema.field("digest").type, t.schema.field("dmarc_pct").type)
        print(sum(len(x) for x in t["dkim"].to_pylist()), sum(len(x) for x in t["anomalies"].to_pylist()))
`

// TestPyArrow reads datasets of both layouts with PyArrow, where a Python that has
// it is there: that of AUDIT_PYTHON, or python3.
func TestPyArrow(t *testing.T) {
	t.Parallel()
	python := os.Getenv("AUDIT_PYTHON")
	if python == "" {
		python = "python3"
	}
	if err := exec.Command(python, "-c", "import pyarrow").Run(); err != nil {
		t.Skipf("no PyArrow to read with: %s: %v", python, err)
	}
	for _, opts := range []Options{smallOptions, monthOptions()} {
		readByPyArrow(t, python, opts)
	}
}

func readByPyArrow(t *testing.T, python string, opts Options) {
	t.Helper()
	dir := t.TempDir()
	records := writeAll(t, dir, opts, 8, 700)
	out, err := exec.Command(python, "-c", readWithPython, dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	signatures, anomalies := 0, 0
	for _, r := range records {
		signatures += len(r.Evidence.Signatures)
		anomalies += len(r.Evidence.Anomalies)
	}
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("messages %d\ntimestamp[us, tz=UTC] string int32\n%d %d\ndns %d\nproblems %d\n",
		len(records), signatures, anomalies, Rows(d.Manifest.Tables.DNS), Rows(d.Manifest.Tables.Problems))
	if string(out) != want {
		t.Errorf("PyArrow read\n%s\nwant\n%s", out, want)
	}
}
