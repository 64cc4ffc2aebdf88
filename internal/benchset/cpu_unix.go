//go:build unix

package benchset

import (
	"syscall"
	"time"
)

// CPU is the processor time of this process: a machine that does other work as
// well does not change it much.
func CPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
