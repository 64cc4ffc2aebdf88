package main

import (
	"runtime"
	"syscall"
	"unsafe"
)

// hugePage is the size of a huge page in bytes; a multiple of it does no harm.
const hugePage = 2 << 20

// useHugePages has the first bytes of the heap come in huge pages as it grows, where
// the system leaves that to programs. By pages of 4 KB, 80 MB are twenty thousand
// faults, for which processors wait for each other, and as many pages to give back at
// the end, by one processor, one after the other.
func useHugePages(bytes int) {
	// Memory that is new to the heap is not written to, not even to clear it. The
	// collector takes it back, and what is allocated next comes from it.
	b := make([]byte, bytes)
	skip := -uintptr(unsafe.Pointer(unsafe.SliceData(b))) % hugePage
	_ = syscall.Madvise(b[skip:], syscall.MADV_HUGEPAGE) // without, it is a little slower
	runtime.GC()
}
