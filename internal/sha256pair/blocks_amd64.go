package sha256pair

import "github.com/klauspost/cpuid/v2"

var available = cpuid.CPU.Supports(cpuid.SHA, cpuid.SSSE3, cpuid.SSE4)

// blocksSHA takes n blocks of p into a and n of q into b. One instruction waits for
// the one before it in the same stream: two streams side by side take no longer
// than one.
//
//go:noescape
func blocksSHA(a, b *state, p, q *byte, n int)
