package main

import (
	"os"
	"runtime"
	"runtime/debug"
)

const (
	// collectAt is how much may be allocated, in percent of what is live, until the
	// collector runs. Go's default of 100 lets the heap grow to twice the row group
	// under way, over 300 MB; a run allocates so little otherwise that collecting
	// more often cannot be measured.
	collectAt = 40
	// collectFrom is the memory in bytes below which it does not run at all: it
	// would go over the buffers that a run begins with a dozen times while they
	// grow, a sixth of the cost of 1,000 messages.
	collectFrom = 64 << 20
	// leastHeap is what the runtime takes for live where less is.
	leastHeap = 4 << 20
)

// boundMemory sets the collector for a run, unless GOGC or GOMEMLIMIT in the
// environment does.
func boundMemory() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(100 * collectFrom / leastHeap)
	// The first collection finds this one.
	runtime.AddCleanup(new([16]byte), func(struct{}) {
		debug.SetGCPercent(collectAt)
	}, struct{}{})
}
