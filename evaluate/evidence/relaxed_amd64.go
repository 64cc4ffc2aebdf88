package evidence

import "golang.org/x/sys/cpu"

// vectors tells whether the processor, and the system, have what relaxedAVX2 uses.
var vectors = cpu.X86.HasAVX2 && cpu.X86.HasBMI1

// relaxedAVX2 is bulk in steps of 32 bytes: it takes up to size bytes from src,
// writes up to room bytes to dst, and stops within 33 bytes of either end, and
// where bulk does. space, and pending at the end, are 1 where the last byte
// written is a space of the current line.
//
//go:noescape
func relaxedAVX2(dst *byte, room int, src *byte, size int, space int) (taken, written, pending int)

// vectorBulk does what bulk does with most of p, and returns how many bytes it
// took: fewer than 34 are left, or the next one needs a second look.
func (c *bodyCanon) vectorBulk(p []byte) (i int) {
	for len(p)-i >= vectorLeast {
		c.room(vectorLeast)
		space := 0
		if c.space {
			space = 1
		}
		taken, written, space := relaxedAVX2(&c.buf[c.n], len(c.buf)-c.n, &p[i], len(p)-i, space)
		i, c.n, c.space = i+taken, c.n+written, space != 0
		if len(p)-i >= vectorLeast && c.n+vectorLeast <= len(c.buf) {
			break // it met something
		}
	}
	return i
}

// vectorLeast is what a step needs of both sides: 32 bytes, and two behind them.
const vectorLeast = 34
