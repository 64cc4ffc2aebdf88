package sink

import (
	"errors"
	"os"
	"testing"
)

// TestLock: a second writer is refused while the first is at work, however it
// wants to begin, and takes nothing away; then it is not.
func TestLock(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if f, err := lock(dir); err != nil || f == nil {
		t.Skip("directories cannot be locked here: ", err)
	} else {
		f.Close()
	}
	w, err := Create(dir, smallOptions)
	if err != nil {
		t.Fatal(err)
	}
	before := snapshot(t, dir)
	resume, overwrite := smallOptions, smallOptions
	resume.Resume, overwrite.Overwrite = true, true
	for _, opts := range []Options{smallOptions, resume, overwrite} {
		if _, err := Create(dir, opts); !errors.Is(err, ErrLocked) {
			t.Errorf("beside another: %v", err)
		}
	}
	sameFiles(t, "locked", snapshot(t, dir), before)
	w.Close()
	if w, err = Create(dir, resume); err != nil {
		t.Fatal(err)
	}
	if err := w.Commit(Manifest{}); err != nil {
		t.Fatal(err)
	}
	if w, err = Create(dir, overwrite); err != nil {
		t.Fatal(err)
	}
	w.Close()
	if _, err := Create(dir, smallOptions); !errors.Is(err, ErrExists) {
		t.Errorf("not locked any more: %v", err)
	}
	if w, err = Create(dir, overwrite); err != nil {
		t.Fatal(err)
	}
	w.Close()
	w.Close() // twice does no harm
	if _, err := os.Stat(dir); err != nil {
		t.Error(err)
	}
}
