package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
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
	// collectApart is the least in bytes that is allocated between two collections.
	collectApart = 32 << 20
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
	// The limit only counts between the first collection and what it leads to: it is
	// not set any nearer, as the runtime gives memory back to the system there, at
	// the price of stopping the other processors, and takes it again.
	debug.SetMemoryLimit(2 * collectFrom)
	afterCollection(func() {
		debug.SetGCPercent(int(max(collectAt, 100*collectApart/max(liveHeap(), leastHeap))))
		debug.SetMemoryLimit(math.MaxInt64)
		afterCollection(settle)
	})
}

// settle sets the collector for good once so much is live that its percentage keeps
// collections apart. To set it stops all that runs, so it is not set in between.
func settle() {
	if liveHeap() < 100*collectApart/collectAt {
		afterCollection(settle)
		return
	}
	debug.SetGCPercent(collectAt)
}

// afterCollection calls do after the next collection, which finds the object that
// nobody holds: when that is swept up, before the collection after it at the latest.
func afterCollection(do func()) {
	runtime.AddCleanup(new([16]byte), func(struct{}) { do() }, struct{}{})
}

// liveHeap is what the last collection left, in bytes.
func liveHeap() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
