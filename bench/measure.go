package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"time"
)

// cost is what one process took.
type cost struct {
	cpu, wall time.Duration
	rss       int64 // bytes, at its peak
	setup     time.Duration
}

// measure runs a command to its end.
func measure(c *exec.Cmd, okStatus ...int) (cost, error) {
	began := time.Now()
	err := c.Run()
	wall := time.Since(began)
	if c.ProcessState == nil {
		return cost{}, err
	}
	if err != nil && !slices.Contains(okStatus, c.ProcessState.ExitCode()) {
		return cost{}, fmt.Errorf("%s: %w", c.Path, err)
	}
	m := cost{cpu: c.ProcessState.UserTime() + c.ProcessState.SystemTime(), wall: wall}
	if u, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.rss = int64(u.Maxrss) << 10 // kilobytes, as Linux counts
	}
	return m, nil
}

// ownCPU is the CPU time of this process so far.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// withProcs is a process's environment with that many processors for Go.
func withProcs(n int) []string { return append(os.Environ(), fmt.Sprintf("GOMAXPROCS=%d", n)) }

// median is the middle value, the upper of two.
func median[T int64 | float64 | time.Duration](v []T) T {
	if len(v) == 0 {
		return 0
	}
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
