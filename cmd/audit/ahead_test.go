package main

import (
	"os"
	"path/filepath"
	"testing"
)

// Evidence is taken while a new run is opened, but only from what can be read to
// its end.
func TestReadsAhead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, fifo := filepath.Join(dir, "file"), filepath.Join(dir, "fifo")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &run{command: "run", set: &settings{flags: new(runFlags)}}
	check := func(want bool, inputs ...string) {
		t.Helper()
		if r.inputs = inputs; r.readsAhead() != want {
			t.Errorf("%q, live %v, resumed %v: want %v", inputs, r.live, r.set.flags.resume, want)
		}
	}
	check(true, file)
	check(true, dir, file)
	check(true, file, filepath.Join(dir, "missing"))
	check(false, file, "-")
	if makeFIFO(fifo) == nil {
		check(false, fifo, file)
	}
	r.live = true
	check(false, file)
	r.live, r.set.flags.resume = false, true
	check(false, file)
	r.command, r.set.flags.resume = "reevaluate d", false
	check(false, file)
}
