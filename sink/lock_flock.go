//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package sink

import (
	"errors"
	"os"
	"syscall"
)

// lock makes a directory this process's as long as the file is open, and at most
// until the process ends, however that happens: the system keeps it, nothing is
// written. The error is ErrLocked where another writer has it. Where locks do not
// work, as on some network file systems, there is none, and no error.
func lock(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, errors.Join(ErrLocked, f.Close())
	}
	return f, nil
}
