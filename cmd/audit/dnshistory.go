package main

import (
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/history"
	"mailaudit/sink"
)

// openHistory opens what history:PATH names: a store, or files, datasets and
// folders of them, which are kept in memory. Several are separated as in PATH.
// out, the dataset to be written, is refused.
func openHistory(path, out string) (dns.Source, error) {
	if history.IsStore(path) {
		st, err := history.Open(path)
		if err != nil {
			return nil, err
		}
		return st.Source(history.Options{}), nil
	}
	paths := []string{path}
	if _, err := os.Stat(path); err != nil {
		paths = filepath.SplitList(path)
	}
	return history.Memory(func(yield func(history.Observation, error) bool) {
		for _, p := range paths {
			if samePlace(p, out) {
				yield(history.Observation{}, errOwnOutput)
				return
			}
			for o, err := range observations(p, history.ReadOptions{}, nil) {
				if !yield(o, err) {
					return
				}
			}
		}
	}, history.Options{})
}

// observations yields those of a file, a dataset, or a folder of them. passed is
// told of answers of datasets that are no sights.
func observations(path string, o history.ReadOptions, passed func(*dns.Answer)) iter.Seq2[history.Observation, error] {
	return func(yield func(history.Observation, error) bool) {
		info, err := os.Stat(path)
		switch {
		case err != nil:
			yield(history.Observation{}, err)
		case isDataset(path):
			history.OfAnswers(sink.ReadDNS(path), passed)(yield)
		case info.IsDir():
			inFolder(path, o, passed, yield)
		default:
			o.Name = path
			history.ReadFile(path, o)(yield)
		}
	}
}

// isDataset tells whether a folder is a dataset, finished or not.
func isDataset(path string) bool {
	for _, name := range [...]string{"manifest.json", "checkpoint.json"} {
		if _, err := os.Stat(filepath.Join(path, name)); err == nil {
			return true
		}
	}
	return false
}

// inFolder yields the observations of what is in a folder, by name. Names that
// begin with a dot or end with "~" are left out.
func inFolder(path string, o history.ReadOptions, passed func(*dns.Answer), yield func(history.Observation, error) bool) {
	var entries []fs.DirEntry
	entries, err := os.ReadDir(path)
	if err != nil {
		yield(history.Observation{}, err)
		return
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), "~") {
			continue
		}
		for ob, err := range observations(filepath.Join(path, e.Name()), o, passed) {
			if !yield(ob, err) || err != nil {
				return
			}
		}
	}
}
