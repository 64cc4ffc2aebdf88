package sink

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// snapshot is every file below a directory.
func snapshot(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func restore(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(data), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func sameFiles(t testing.TB, what string, got, want map[string]string) {
	t.Helper()
	g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))
	if !slices.Equal(g, w) {
		t.Fatalf("%s: files %v, want %v", what, g, w)
	}
	for _, name := range w {
		if got[name] != want[name] {
			t.Fatalf("%s: %s has other bytes", what, name)
		}
	}
}

const crashRows = 710 // three parts, the last one short

// undisturbed is a dataset written in one go.
func undisturbed(t testing.TB, opts Options) map[string]string {
	dir := t.TempDir()
	writeAll(t, dir, opts, 9, crashRows)
	return snapshot(t, dir)
}

func TestDeterminism(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, smallOptions)
	lanes := smallOptions
	lanes.Lanes = 5
	sameFiles(t, "again", undisturbed(t, smallOptions), want)
	sameFiles(t, "five lanes", undisturbed(t, lanes), want)
	for name := range want {
		if strings.HasSuffix(name, tempSuffix) || name == checkpointName {
			t.Errorf("%s was left behind", name)
		}
	}
}

// finish commits with a file that is no table, whose first text is replaced.
func finish(w *Writer) error {
	for _, text := range []string{"a longer text than the second", "{}"} {
		if err := w.WriteFile(summaryName, []byte(text)); err != nil {
			return err
		}
	}
	return w.Commit(Manifest{Program: "audit test"})
}

// TestKill stops a run after each thing it does to a file, as kill -9 would, and
// resumes it from what is on the disk then.
func TestKill(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, smallOptions)
	records, problems := input(9, crashRows)

	var states []map[string]string
	dir := t.TempDir()
	opts := smallOptions
	opts.step = func() { states = append(states, snapshot(t, dir)) }
	w, err := Create(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	feed(t, w, records, problems, 0)
	if err := finish(w); err != nil {
		t.Fatal(err)
	}
	sameFiles(t, "watched", snapshot(t, dir), want)
	if len(states) < 25 {
		t.Fatalf("only %d steps", len(states))
	}

	for i, files := range states {
		dir := restore(t, files)
		opts := smallOptions
		opts.Resume = true
		w, err := Create(dir, opts)
		if errors.Is(err, ErrComplete) {
			// Killed between the manifest and the checkpoint's removal.
			if _, err := Open(dir); err != nil {
				t.Errorf("step %d: complete, but %v", i, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		records, problems := input(9, crashRows) // with new answers at new places
		feed(t, w, records, problems, w.Resumed().NextOrdinal)
		if err := finish(w); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
		sameFiles(t, fmt.Sprint("step ", i), snapshot(t, dir), want)
	}
}

// TestKillWithTornFile: what was not synced may be there in part.
func TestKillWithTornFile(t *testing.T) {
	t.Parallel()
	want := undisturbed(t, smallOptions)
	dir := t.TempDir()
	w, err := Create(dir, smallOptions)
	if err != nil {
		t.Fatal(err)
	}
	records, problems := input(9, crashRows)
	feed(t, w, records[:650], problems, 0)
	files := snapshot(t, dir)
	files["messages/part-00002.parquet.tmp"] = "PAR1 torn"
	files["dns/part-00009.parquet"] = "PAR1 of another run"
	files["checkpoint.json.tmp"] = "{"
	files["messages/notes.txt"] = "not ours"
	dir = restore(t, files)
	opts := smallOptions
	opts.Resume = true
	w, err = Create(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	if s := w.Resumed(); s.NextOrdinal != 600 || s.Last == nil || s.Last.Ordinal != 599 || len(s.Tables.Messages) != 2 {
		t.Errorf("resumed at %+v", s)
	}
	feed(t, w, records, problems, w.Resumed().NextOrdinal)
	if err := finish(w); err != nil {
		t.Fatal(err)
	}
	got := snapshot(t, dir)
	if got["messages/notes.txt"] != "not ours" {
		t.Error("a file that is not ours was removed")
	}
	delete(got, "messages/notes.txt")
	sameFiles(t, "torn", got, want)
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Create(dir, smallOptions)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrIncomplete) {
		t.Errorf("Open of an unfinished one: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, smallOptions); !errors.Is(err, ErrExists) {
		t.Errorf("unfinished dataset: %v", err)
	}
	other := smallOptions
	other.Resume, other.Run = true, map[string]string{"rules": "rfc7489"}
	if _, err := Create(dir, other); !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), "rules was , is rfc7489") {
		t.Errorf("resumed with another flag: %v", err)
	}
	again := smallOptions
	again.Overwrite = true
	if w, err = Create(dir, again); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(Manifest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir, smallOptions); !errors.Is(err, ErrExists) {
		t.Errorf("finished dataset: %v", err)
	}
	if _, err := Open(t.TempDir()); !errors.Is(err, ErrNoDataset) {
		t.Errorf("Open of nothing: %v", err)
	}
	for _, bad := range []Options{{RowGroupRows: 100}, {PartRows: -1}, {Overwrite: true, Resume: true}, {Addresses: "x"}} {
		if _, err := Create(t.TempDir(), bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// TestOverwrite leaves nothing of the old dataset, and everything of others.
func TestOverwrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeAll(t, dir, smallOptions, 1, crashRows)
	if err := os.WriteFile(filepath.Join(dir, "dns", "part-x.parquet"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	opts := smallOptions
	opts.Overwrite = true
	writeAll(t, dir, opts, 9, 10)
	fresh := t.TempDir()
	writeAll(t, fresh, smallOptions, 9, 10)
	got := snapshot(t, dir)
	if _, ok := got["dns/part-x.parquet"]; !ok {
		t.Error("a file that is not ours was removed")
	}
	delete(got, "dns/part-x.parquet")
	sameFiles(t, "overwritten", got, snapshot(t, fresh))
}

func TestEmptyDataset(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeAll(t, dir, Options{}, 1, 0)
	d, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for range d.Records() {
		t.Error("a record")
	}
	for _, table := range tableNames {
		if n := len(d.Manifest.Tables.byName(table)); n != 1 {
			t.Errorf("%s: %d parts, want an empty one", table, n)
		}
		var b strings.Builder
		if err := Export(dir, table, nil, JSONLines, &b); err != nil || b.Len() > 0 {
			t.Errorf("%s: %v, %q", table, err, b.String())
		}
	}
}

// TestWriteFails: the disk's error comes back, and again from every call after.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Create(dir, smallOptions)
	if err != nil {
		t.Fatal(err)
	}
	records, _ := input(1, 700)
	if err := w.Write(records[0]); err != nil {
		t.Fatal(err)
	}
	w.messages.file.file.Close() // as a full disk would, later writes fail
	for _, r := range records[1:] {
		if err = w.Write(r); err != nil {
			break
		}
	}
	if !errors.Is(err, fs.ErrClosed) || !strings.Contains(err.Error(), "part-00000.parquet") {
		t.Fatalf("error %v", err)
	}
	if again := w.Write(records[1]); again != err {
		t.Errorf("then %v", again)
	}
	if again := w.Commit(Manifest{}); again != err {
		t.Errorf("Commit: %v", again)
	}
	w.Close()
	opts := smallOptions
	opts.Resume = true
	if w, err = Create(dir, opts); err != nil {
		t.Fatal(err)
	}
	feed(t, w, records, nil, w.Resumed().NextOrdinal)
	if err := w.Commit(Manifest{}); err != nil {
		t.Fatal(err)
	}
}

func TestOrdinalsMustRise(t *testing.T) {
	t.Parallel()
	w, err := Create(t.TempDir(), smallOptions)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	records, _ := input(1, 2)
	if err := w.Write(records[1]); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(records[0]); err == nil {
		t.Error("a falling ordinal was taken")
	}
}

// TestOrdinalGap: a part may cover no message at all.
func TestOrdinalGap(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Create(dir, smallOptions)
	if err != nil {
		t.Fatal(err)
	}
	records, _ := input(1, 2)
	records[1].Evidence.Origin.Ordinal = 5000
	for _, r := range records {
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
	var got []int64
	for r, err := range d.Records("ordinal") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, r.Evidence.Origin.Ordinal)
	}
	if !slices.Equal(got, []int64{0, 5000}) {
		t.Errorf("ordinals %v", got)
	}
}
