//go:build unix

package reader

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestLinks(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a/1.eml": "Subject: 1\n\n", "b/2.eml": "Subject: 2\n\n"})
	for name, target := range map[string]string{
		"a/loop": "..", "a/to-b": "../b", "x": "y", "y": "x", "z": "a/1.eml", "gone": "nowhere",
	} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Skip(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "c-fifo"), 0o600); err != nil {
		t.Skip(err)
	}
	expect(t, inFolder(t, Options{}, dir),
		"a/1.eml:0 eml 1", "a/to-b/2.eml:0 eml 2", "z:0 eml 1",
		"a/loop:-1: already_read", "b:-1: already_read", "c-fifo:-1: not_regular",
		"gone:-1: unreadable", "x:-1: unreadable", "y:-1: unreadable")
}

// TestFifoArgument: a FIFO that is named is read once as a stream.
func TestFifoArgument(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	go os.WriteFile(path, []byte(two), 0o600)
	expect(t, describe(collect(t, Options{}, path)), bothUnitsOf(path)...)
}
