package sink

import (
	"os"

	"golang.org/x/sys/unix"
)

// startSync has the system begin to write a range of a file to the disk, so that
// less is left to wait for when the file is synced. It promises nothing, and a
// file system that cannot do it loses nothing: its error does not count.
func startSync(f *os.File, offset, length int64) {
	_ = unix.SyncFileRange(int(f.Fd()), offset, length, unix.SYNC_FILE_RANGE_WRITE)
}
