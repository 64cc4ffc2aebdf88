//go:build unix

package reader

import (
	"os"
	"syscall"
)

// openFile opens for reading. Inside folders it must not wait for a FIFO that
// came to lie there after the folder was listed.
func openFile(path string, named bool) (*os.File, error) {
	if named {
		return os.Open(path)
	}
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// fileID tells one file or folder from all others.
type fileID struct{ dev, ino uint64 }

func identify(info os.FileInfo) (fileID, bool) {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fileID{}, false
	}
	return fileID{uint64(st.Dev), uint64(st.Ino)}, true
}
