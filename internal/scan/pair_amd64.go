package scan

import "golang.org/x/sys/cpu"

// vectors tells whether the processor, and the system, have what the kernels use.
var vectors = cpu.X86.HasAVX2

// pairAVX2 looks at the n positions from p on, n a multiple of 64 over 0, and so
// reads n+1 bytes. It returns -1 where the pair is not there.
//
//go:noescape
func pairAVX2(p *byte, n int, first, second byte) int

// Pair returns the index of the first place in b where second follows first, or
// -1.
func Pair(b []byte, first, second byte) int {
	at := 0
	if vectors && len(b) > 64 {
		n := (len(b) - 1) &^ 63
		if i := pairAVX2(&b[0], n, first, second); i >= 0 {
			return i
		}
		at = n
	}
	if i := pair(b[at:], first, second); i >= 0 {
		return at + i
	}
	return -1
}
