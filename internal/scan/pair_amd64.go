package scan

import "golang.org/x/sys/cpu"

// vectors tells whether the processor, and the system, have what the kernels use.
var vectors = cpu.X86.HasAVX2

// pairAVX2 looks at the n positions from p on, n a multiple of 64 over 0, and so
// reads n+1 bytes. It returns -1 where the pair is not there, and whether one of
// the blocks of 64 bytes that it looked at holds a byte of value 0.
//
//go:noescape
func pairAVX2(p *byte, n int, first, second byte) (at int, nul bool)

// ahead is pair over the first n positions of b, as many as vectors can take; it
// returns -1 where the pair is not there. Where nul is false, no byte of value 0
// lies in what it passed over.
func ahead(b []byte, first, second byte) (at, n int, nul bool) {
	if !vectors || len(b) <= 64 {
		return -1, 0, false
	}
	n = (len(b) - 1) &^ 63
	at, nul = pairAVX2(&b[0], n, first, second)
	return at, n, nul
}
