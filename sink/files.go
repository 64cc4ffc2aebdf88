package sink

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Names of a dataset's files.
const (
	manifestName   = "manifest.json"
	checkpointName = "checkpoint.json"
	summaryName    = "summary.json"
)

// tableNames are the tables, and the directories they are in.
var tableNames = [...]string{"messages", "dns", "problems"}

// steps is told of each thing done to a file; nil is nobody.
type steps func()

func (s steps) done() {
	if s != nil {
		s()
	}
}

// writeAtomic writes a file that is there whole or not at all, whatever happens.
func writeAtomic(path string, data []byte, step steps) error {
	if err := writeTemp(path, data); err != nil {
		return err
	}
	step.done()
	if err := os.Rename(path+tempSuffix, path); err != nil {
		return err
	}
	step.done()
	return syncDir(filepath.Dir(path))
}

// writeTemp writes a file under its temporary name, to last.
func writeTemp(path string, data []byte) error {
	f, err := os.Create(path + tempSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		_ = os.Remove(path + tempSuffix)
	}
	return err
}

// fileWriter writes what is no table, when parts are.
type fileWriter struct {
	step    steps
	waiting []file
	sealed  []string // their paths
}

type file struct {
	path string
	data []byte
}

// add takes a file, instead of one of the same path that is not written yet.
func (w *fileWriter) add(path string, data []byte) {
	w.waiting = slices.DeleteFunc(w.waiting, func(f file) bool { return f.path == path })
	w.waiting = append(w.waiting, file{path, data})
}

func (w *fileWriter) ensure() error { return nil }

func (w *fileWriter) seal(syncs *errgroup.Group) error {
	for _, f := range w.waiting {
		w.sealed = append(w.sealed, f.path)
		syncs.Go(func() error { return writeTemp(f.path, f.data) })
		w.step.done()
	}
	w.waiting = nil
	return nil
}

func (w *fileWriter) publish(syncs *errgroup.Group) error {
	for _, path := range w.sealed {
		if err := os.Rename(path+tempSuffix, path); err != nil {
			return err
		}
		w.step.done()
		syncs.Go(func() error { return syncDir(filepath.Dir(path)) })
	}
	w.sealed = nil
	return nil
}

func (w *fileWriter) abandon() {
	for _, path := range w.sealed {
		_ = os.Remove(path + tempSuffix)
	}
}

// writeJSON writes v as indented JSON, atomically.
func writeJSON(path string, v any, step steps) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return writeAtomic(path, append(b, '\n'), step)
}

// readJSON reads a file that writeJSON wrote. The error is fs.ErrNotExist where
// there is none.
func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// maxSyncs is how many parts are synced at a time: a disk takes several in one
// go, and each waits milliseconds.
const maxSyncs = 16

// synced does something that leaves files to be synced side by side, and waits
// for them.
func synced(do func(*errgroup.Group) error) error {
	var syncs errgroup.Group
	syncs.SetLimit(maxSyncs)
	err := do(&syncs)
	return errors.Join(err, syncs.Wait())
}

// syncDir makes renames in a directory last. Windows has no such thing.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// ownPart tells whether a file in a table's directory has a name of ours.
func ownPart(name string) bool {
	digits, ok := strings.CutPrefix(strings.TrimSuffix(name, tempSuffix), "part-")
	if digits, ok = cutSuffix(digits, ".parquet", ok); !ok || len(digits) < 5 {
		return false
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

func cutSuffix(s, suffix string, ok bool) (string, bool) {
	if !ok {
		return s, false
	}
	return strings.CutSuffix(s, suffix)
}

// removeParts removes every part, finished or not, that keep does not name.
// Files with other names are not ours and stay.
func removeParts(dir string, keep map[string]bool) error {
	for _, table := range tableNames {
		if err := removePartsIn(dir, table, keep); err != nil {
			return err
		}
	}
	return nil
}

// removePartsIn is removeParts for one folder of the dataset, and for the folders
// of months in it, which go too where nothing is left in them.
func removePartsIn(dir, folder string, keep map[string]bool) error {
	entries, err := os.ReadDir(filepath.Join(dir, filepath.FromSlash(folder)))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := folder + "/" + e.Name()
		path := filepath.Join(dir, filepath.FromSlash(name))
		switch {
		case e.IsDir() && ownFolder(e.Name()):
			if err := removePartsIn(dir, name, keep); err != nil {
				return err
			}
			_ = os.Remove(path) // refused where something is left
		case ownPart(e.Name()) && !keep[name]:
			if err := os.Remove(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeFiles removes files of the dataset by name, and their temporary forms.
func removeFiles(dir string, names ...string) error {
	for _, n := range names {
		for _, path := range []string{filepath.Join(dir, n), filepath.Join(dir, n+tempSuffix)} {
			if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}
