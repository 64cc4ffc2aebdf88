//go:build unix

package main

import (
	"os/exec"
	"runtime"
	"syscall"
)

func makeFIFO(path string) error { return syscall.Mkfifo(path, 0o600) }

// peak is the most memory that a command that has ended held, in kilobytes; 0
// where the system counts otherwise.
func peak(c *exec.Cmd) int64 {
	use, ok := c.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok || runtime.GOOS != "linux" {
		return 0
	}
	return int64(use.Maxrss)
}
