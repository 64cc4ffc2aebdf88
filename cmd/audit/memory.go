package main

import (
	"os"
	"runtime/debug"
)

// collectAt is how much may be allocated, in percent of what is live, until the
// collector runs. Go's default of 100 lets the heap grow to twice the row group
// under way, over 300 MB; a run allocates so little otherwise that collecting
// more often cannot be measured.
const collectAt = 40

// boundMemory sets the collector for a run, unless GOGC in the environment does.
func boundMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
}
