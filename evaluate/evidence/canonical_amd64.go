package evidence

import "golang.org/x/sys/cpu"

// vectors is the widest way that the processor, and the system, allow.
var vectors = func() way {
	x := &cpu.X86
	switch {
	case x.HasAVX512F && x.HasAVX512BW && x.HasAVX512VBMI && x.HasAVX512VBMI2 && x.HasBMI2 && x.HasPOPCNT:
		return wayVBMI2
	case x.HasAVX2 && x.HasBMI1:
		return wayAVX2
	}
	return wayPlain
}()

// relaxedAVX2 is bulk in steps of 32 bytes: it takes up to size bytes from src,
// writes up to room bytes to dst, and stops within 33 bytes of either end, and
// where bulk does. space, and pending at the end, are 1 where the last byte
// written is a space of the current line.
//
//go:noescape
func relaxedAVX2(dst *byte, room int, src *byte, size int, space int) (taken, written, pending int)

// canonVBMI2 takes up to size bytes from src, which begin within a line and not
// behind white space of it, in steps of 62 bytes. It writes all lines, the empty
// ones too, to dst, up to room bytes, and stops within 63 bytes of src's end and
// within 127 of dst's. What it wrote does not depend on what follows. white is all
// ones for the relaxed form, zero for the simple one.
//
//go:noescape
func canonVBMI2(dst *byte, room int, src *byte, size int, white uint64) (taken, written int)

// vectorBulk does what bulk does with most of p, and returns how many bytes it
// took: few are left, or the next one needs a second look.
func (c *bodyCanon) vectorBulk(p []byte) int {
	if c.way == wayVBMI2 {
		return c.compress(p)
	}
	return c.steps(p)
}

// steps goes by relaxedAVX2.
func (c *bodyCanon) steps(p []byte) (i int) {
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

// compress takes most of p by canonVBMI2, in either form, where the processor has
// it, and returns how many bytes: few are left, or a line begins that may be empty.
// Line ends at the end of what was written are
// held back, as they may be the body's last.
func (c *bodyCanon) compress(p []byte) (i int) {
	white := uint64(0)
	if c.relaxed {
		white = ^white
	}
	for len(p)-i >= compressLeast {
		if c.lineStart {
			if c.blankAt(p[i:]) {
				break
			}
			c.begin()
		}
		if c.space {
			c.space = false
			if c.blankAt(p[i:]) {
				c.n-- // it is seen again at the last of its run
			}
		}
		c.room(compressRoom)
		taken, written := canonVBMI2(&c.buf[c.n], len(c.buf)-c.n, &p[i], len(p)-i, white)
		i, c.n = i+taken, c.n+written
		for c.n >= 2 && c.buf[c.n-2] == '\r' && c.buf[c.n-1] == '\n' {
			c.n -= 2
			c.breaks++
			c.lineStart = true
		}
	}
	return i
}

// compressLeast is what a step of canonVBMI2 reads, bytes, compressRoom what it may write.
const (
	compressLeast = 64
	compressRoom  = 128
)

// blankAt tells whether p, of two bytes at least, begins with a line end, or with
// white space that the form changes.
func (c *bodyCanon) blankAt(p []byte) bool {
	return c.relaxed && (p[0] == ' ' || p[0] == '\t') || p[0] == '\n' || p[0] == '\r' && p[1] == '\n'
}
