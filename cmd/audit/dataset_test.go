package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"mailaudit/sink"
)

// scriptDataset opens the dataset that a script names.
func scriptDataset(ts *testscript.TestScript, args []string) *sink.Dataset {
	if len(args) != 1 {
		ts.Fatalf("name one dataset")
	}
	d, err := sink.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	return d
}

// datasetFiles are the files of a dataset whose bytes a run decides: all but the
// manifest, which tells the time.
func datasetFiles(dir string) (map[string][]byte, error) {
	files := map[string][]byte{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "manifest.json" {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files[filepath.ToSlash(rel)], err = os.ReadFile(path)
		return err
	})
	return files, err
}

// datasetsDiffer tells how the bytes of two datasets differ; empty where they do
// not.
func datasetsDiffer(a, b string) string {
	x, err := datasetFiles(a)
	if err != nil {
		return err.Error()
	}
	y, err := datasetFiles(b)
	if err != nil {
		return err.Error()
	}
	var diffs []string
	for name := range x {
		if _, ok := y[name]; !ok {
			diffs = append(diffs, fmt.Sprintf("%s is only in %s", name, a))
		} else if !bytes.Equal(x[name], y[name]) {
			diffs = append(diffs, name+" differs")
		}
	}
	for name := range y {
		if _, ok := x[name]; !ok {
			diffs = append(diffs, fmt.Sprintf("%s is only in %s", name, b))
		}
	}
	if len(x) < 4 { // summary.json and a part of each table
		diffs = append(diffs, fmt.Sprintf("only %d files in %s", len(x), a))
	}
	slices.Sort(diffs)
	return strings.Join(diffs, "\n")
}
