package corpus

import (
	"bytes"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the shipped archive anew")

const shipped = "../../testdata"

// generated are the parts of testdata that Testdata writes.
var generated = []string{"archive", "zone", "truth.tsv"}

func TestTestdataIsCurrent(t *testing.T) {
	dir := t.TempDir()
	if err := Testdata(dir); err != nil {
		t.Fatal(err)
	}
	if *update {
		for _, part := range generated {
			if err := os.RemoveAll(filepath.Join(shipped, part)); err != nil {
				t.Fatal(err)
			}
		}
		if err := Testdata(shipped); err != nil {
			t.Fatal(err)
		}
	}
	want, got := files(t, dir), files(t, shipped)
	total := 0
	for name, data := range want {
		total += len(data)
		if !bytes.Equal(got[name], data) {
			t.Errorf("%s is not what Testdata writes; run go test ./internal/corpus -update", name)
		}
	}
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s is not written by Testdata", name)
		}
	}
	if total > 700<<10 {
		t.Errorf("the shipped archive has %d bytes, more than 700 KiB", total)
	}
	t.Logf("%d files, %d bytes", len(want), total)
}

// files reads the generated parts below dir; an empty file is not nil.
func files(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	out := make(map[string][]byte)
	for _, part := range generated {
		err := filepath.WalkDir(filepath.Join(dir, part), func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			data, err := os.ReadFile(path)
			name, _ := filepath.Rel(dir, path)
			out[filepath.ToSlash(name)] = append([]byte{}, data...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}
