package main

import (
	"os"
	"runtime"
	"runtime/pprof"
)

// profile writes a CPU profile of a run to the file that AUDIT_CPUPROFILE
// names, and one of the heap at its end to AUDIT_MEMPROFILE: how the figures of
// docs/performance.md were found.
func profile() (stop func()) {
	if os.Getenv("AUDIT_MEMPROFILE") == "" {
		runtime.MemProfileRate = 0 // nobody will read it
	}
	var files []*os.File
	if path := os.Getenv("AUDIT_CPUPROFILE"); path != "" {
		if f, err := os.Create(path); err == nil && pprof.StartCPUProfile(f) == nil {
			files = append(files, f)
		}
	}
	return func() {
		if len(files) > 0 {
			pprof.StopCPUProfile()
			files[0].Close()
		}
		if path := os.Getenv("AUDIT_MEMPROFILE"); path != "" {
			if f, err := os.Create(path); err == nil {
				runtime.GC()
				_ = pprof.WriteHeapProfile(f)
				f.Close()
			}
		}
	}
}
