//go:build unix

// Package cputime tells the processor time that benchmarks are measured by: a
// machine that does other work as well changes it less than the time of day.
package cputime

import (
	"syscall"
	"time"
)

// Used is what this process has used of all processors so far.
func Used() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
