package conformance

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program is the command, built for the test.
type program string

func build(t *testing.T) program {
	t.Helper()
	out := filepath.Join(t.TempDir(), "audit")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", out, "./cmd/audit")
	cmd.Dir = ".."
	if b, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, b)
	}
	return program(out)
}

// run runs the command in a folder. Exit status 1 is a complete dataset with
// problems, which testdata has.
func (p program) run(t *testing.T, dir string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), string(p), args...)
	cmd.Dir = dir
	var out, diag bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &diag
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != 1 {
		t.Fatalf("audit %s: %v\n%s", strings.Join(args, " "), err, &diag)
	}
	return out.Bytes()
}

// rows are a dataset's messages as JSON lines.
func (p program) rows(t *testing.T, dir, dataset string) [][]byte {
	t.Helper()
	return bytes.Split(bytes.TrimRight(p.run(t, dir, "cat", dataset), "\n"), []byte("\n"))
}

// tables are the bytes of a dataset's Parquet files, by name.
func tables(t *testing.T, dataset string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dataset, "*", "*.parquet"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no tables: %v", dataset, err)
	}
	out := map[string]string{}
	for _, f := range files {
		rel, err := filepath.Rel(dataset, f)
		if err != nil {
			t.Fatal(err)
		}
		out[rel] = string(mustRead(t, f))
	}
	return out
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

// TestDatasets holds what must be true of whole runs over testdata.
func TestDatasets(t *testing.T) {
	t.Parallel()
	audit, dir := build(t), t.TempDir()
	zone, archive := "zone:"+absolute(t, filepath.Join(testdata, "zone")), absolute(t, filepath.Join(testdata, "archive"))
	audit.run(t, dir, "run", "--out", "one", "--workers", "1", "--dns", zone, archive)
	base := audit.rows(t, dir, "one")

	t.Run("workers", func(t *testing.T) {
		s := Score{Group: "Properties", Name: "the same bytes with 1, 2, 8 and 32 workers", With: "every Parquet file of testdata"}
		want := tables(t, filepath.Join(dir, "one"))
		for _, n := range []string{"2", "8", "32"} {
			audit.run(t, dir, "run", "--out", "w"+n, "--workers", n, "--dns", zone, archive)
			got := tables(t, filepath.Join(dir, "w"+n))
			for name := range want {
				s.Cases++
				if got[name] == want[name] {
					s.Agree++
				} else {
					t.Errorf("%s workers: %s differs", n, name)
				}
			}
		}
		publish(t, s)
	})
	t.Run("replay", func(t *testing.T) {
		audit.run(t, dir, "run", "--out", "replayed", "--dns", "replay:one", archive)
		compareRows(t, "a run replayed from its own DNS answers", "every row and column of testdata", base, audit.rows(t, dir, "replayed"))
	})
	t.Run("reevaluate", func(t *testing.T) {
		audit.run(t, dir, "reevaluate", "one", "--out", "again", "--dns", zone)
		compareRows(t, "rows judged again without the mail", "every row and column of testdata", base, audit.rows(t, dir, "again"))
		audit.run(t, dir, "run", "--out", "other", "--rules", "rfc7489", "--dns", zone, archive)
		audit.run(t, dir, "reevaluate", "one", "--out", "other-again", "--rules", "rfc7489", "--dns", zone)
		compareRows(t, "rows judged again without the mail, by RFC 7489", "a run over the mail with the same flags",
			audit.rows(t, dir, "other"), audit.rows(t, dir, "other-again"))
	})
	t.Run("concatenation", func(t *testing.T) { concatenation(t, audit, dir, zone) })
}

// concatenation puts two mboxes into one file.
func concatenation(t *testing.T, audit program, dir, zone string) {
	first := mustRead(t, filepath.Join(testdata, "archive", "lists.mbox"))
	half := bytes.Index(first[len(first)/2:], []byte("\n\nFrom ")) + len(first)/2 + 2
	for name, content := range map[string][]byte{"a.mbox": first[:half], "b.mbox": first[half:], "ab.mbox": first} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		audit.run(t, dir, "run", "--out", name+".out", "--dns", zone, name)
	}
	var parts [][]byte
	for _, name := range []string{"a.mbox", "b.mbox"} {
		parts = append(parts, audit.rows(t, dir, name+".out")...)
	}
	compareRows(t, "concatenated mboxes are concatenated rows", "every column of lists.mbox but source, offset and ordinal",
		placeless(t, parts), placeless(t, audit.rows(t, dir, "ab.mbox.out")))
}

// placeless are rows without where they were found.
func placeless(t *testing.T, rows [][]byte) [][]byte {
	t.Helper()
	out := make([][]byte, len(rows))
	for i, r := range rows {
		var m map[string]json.RawMessage
		if err := json.Unmarshal(r, &m); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"source", "source_offset", "ordinal"} {
			delete(m, name)
		}
		b, err := json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = b
	}
	return out
}

func compareRows(t *testing.T, name, with string, want, got [][]byte) {
	t.Helper()
	s := Score{Group: "Properties", Name: name, With: with, Cases: len(want)}
	if len(got) != len(want) {
		t.Fatalf("%s: %d rows, want %d", name, len(got), len(want))
	}
	shown := 0
	for i := range want {
		if bytes.Equal(want[i], got[i]) {
			s.Agree++
		} else if shown++; shown <= 10 {
			t.Errorf("%s: row %d:\n%s\n%s", name, i, want[i], got[i])
		}
	}
	publish(t, s)
}
