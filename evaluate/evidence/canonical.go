package evidence

import (
	"bytes"
	"encoding/binary"
	"hash"
	"math/bits"
)

// canonBuffer is the size of the buffer between a canonicalizer and its hashes:
// large enough that a hash's call cost vanishes, small enough that two of them
// stay in the L1 cache.
const canonBuffer = 8 << 10

// way is how a canonicalizer goes through relaxed bodies: without vectors, or by
// those that the processor has.
type way uint8

const (
	wayPlain way = iota
	wayAVX2
	wayVBMI2
)

// A body canonicalizer takes a body in pieces of any size, with LF or CRLF line
// ends in any mix, and feeds the canonical form (RFC 6376 §3.4.3, §3.4.4) to its
// hashes. A line ends at LF or CRLF; a CR elsewhere is a character of the line.
type bodyCanon struct {
	relaxed bool
	way     way
	hashes  []*bodyHash
	length  int64 // canonical bytes so far

	buf [canonBuffer]byte
	n   int

	breaks    int  // line ends seen and not yet written
	content   bool // a non-empty line was seen
	lineStart bool // nothing of the current line was written
	lead      bool // relaxed: the line began with white space that is not yet written
	space     bool // relaxed: buf[n-1] is a space of the current line
	cr        bool // the last piece ended in CR
}

// bodyHash is one distinct (hash, l=) over one canonical form.
type bodyHash struct {
	h     hash.Hash
	limit int64 // l=, bytes; -1 for all
	fed   int64
	sum   []byte
}

func (b *bodyHash) write(p []byte) {
	if b.limit >= 0 && b.fed+int64(len(p)) > b.limit {
		p = p[:b.limit-b.fed]
	}
	b.fed += int64(len(p))
	b.h.Write(p)
}

func (c *bodyCanon) reset(relaxed bool) {
	c.relaxed, c.way, c.hashes, c.length, c.n = relaxed, vectors, c.hashes[:0], 0, 0
	c.breaks, c.content, c.lineStart, c.lead, c.space, c.cr = 0, false, true, false, false, false
}

// Write takes the next piece.
func (c *bodyCanon) Write(p []byte) {
	if len(p) == 0 {
		return
	}
	if c.cr {
		c.cr = false
		if p[0] != '\n' {
			c.char('\r')
		}
	}
	if p[len(p)-1] == '\r' {
		c.cr = true
		p = p[:len(p)-1]
	}
	if c.relaxed {
		c.writeRelaxed(p)
	} else {
		c.writeSimple(p)
	}
}

// finish ends the body: all empty lines at its end are dropped, and one line
// end closes it. An empty body is a line end when simple, nothing when relaxed.
func (c *bodyCanon) finish() {
	if c.cr {
		c.cr = false
		c.char('\r')
	}
	if c.space {
		c.n--
		c.space = false
	}
	if c.content || !c.relaxed {
		c.room(2)
		c.n += copy(c.buf[c.n:], "\r\n")
	}
	c.flush()
	for _, h := range c.hashes {
		h.sum = h.h.Sum(h.sum[:0])
	}
}

// writeSimple copies line by line, holding line ends back, or by vectors what is long.
func (c *bodyCanon) writeSimple(p []byte) {
	for len(p) > 0 {
		if c.way == wayVBMI2 {
			if k := c.compress(p); k > 0 {
				p = p[k:]
				continue
			}
		}
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			c.text(p)
			return
		}
		line := p[:i]
		if i > 0 && line[i-1] == '\r' {
			line = line[:i-1]
		}
		if len(line) > 0 {
			c.text(line)
		}
		p = p[i+1:]
		if !c.lineStart && len(p) > 0 && p[0] != '\n' && p[0] != '\r' {
			c.room(2)
			c.buf[c.n], c.buf[c.n+1] = '\r', '\n'
			c.n += 2
			continue
		}
		c.breaks++
		c.lineStart = true
	}
}

// text appends bytes of the current line.
func (c *bodyCanon) text(p []byte) {
	if c.lineStart {
		c.begin()
	}
	for len(p) > 0 {
		if c.n == len(c.buf) {
			c.flush()
		}
		k := copy(c.buf[c.n:], p)
		c.n += k
		p = p[k:]
	}
}

// begin starts a non-empty line: the line ends before it count now.
func (c *bodyCanon) begin() {
	c.content, c.lineStart = true, false
	for ; c.breaks > 0; c.breaks-- {
		c.room(2)
		c.n += copy(c.buf[c.n:], "\r\n")
	}
	if c.lead {
		c.lead = false
		c.room(1)
		c.buf[c.n] = ' '
		c.n++
	}
}

// char appends one ordinary character, a bare CR.
func (c *bodyCanon) char(b byte) {
	if c.lineStart {
		c.begin()
	}
	c.room(1)
	c.buf[c.n] = b
	c.n++
	c.space = false
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// writeRelaxed takes the plain part of lines in bulk, and one by one what needs
// a second look.
func (c *bodyCanon) writeRelaxed(p []byte) {
	for i := 0; i < len(p); {
		if c.lineStart {
			i += c.lead8(p[i:])
			continue
		}
		if c.way != wayPlain {
			if i += c.vectorBulk(p[i:]); c.lineStart {
				continue
			}
		}
		i += c.bulk(p[i:])
		if i < len(p) {
			c.room(16)
			i += c.special(p[i:])
		}
	}
}

// bulk copies within lines, eight bytes at a time up to the next control
// character or the second of two spaces. It passes over runs of white space and
// over ends of lines that a line with text follows; it stops at anything else,
// and before the last bytes. It returns how many bytes it took.
func (c *bodyCanon) bulk(p []byte) (i int) {
	n, before := c.n, uint64(0) // before: the top bit of a byte where the last one written is a space
	if c.space {
		before = 0x80
	}
	probe := 0 // where to look for a stretch without white space again
	for i+10 <= len(p) {
		if n+16 > len(c.buf) {
			c.n, c.space = n, before != 0
			c.flush()
			n = c.n
		}
		w := binary.LittleEndian.Uint64(p[i:])
		x := w ^ (ones * ' ')
		sp := ^(((x & ^uint64(highs)) + (highs - ones)) | x | ^uint64(highs))
		shifted := sp<<8 | before
		hit := (w-ones*0x20)&^w&highs | sp&shifted
		binary.LittleEndian.PutUint64(c.buf[n:], w)
		if hit == 0 {
			before = sp >> 56
			n += 8
			i += 8
			if sp == 0 && i >= probe {
				c.n, c.space = n, false
				i += c.stretch(p[i:])
				n, probe = c.n, i+probeEvery
			}
			continue
		}
		k := bits.TrailingZeros64(hit) >> 3
		before = shifted >> (8 * k) & 0x80
		n += k
		i += k
		switch b := p[i]; {
		case b == '\n' && p[i+1] > ' ':
			i++
		case b == '\r' && p[i+1] == '\n' && p[i+2] > ' ':
			i += 2
		case b == ' ' || b == '\t':
			i++
			if before == 0 {
				before = 0x80
				c.buf[n] = ' '
				n++
			}
			continue
		default:
			c.n, c.space = n, before != 0
			return i
		}
		n -= int(before >> 7) // white space at the end of a line goes
		before = 0
		c.buf[n], c.buf[n+1] = '\r', '\n'
		n += 2
	}
	c.n, c.space = n, before != 0
	return i
}

const (
	// probeEvery is how far apart the places are, bytes, where bulk looks for
	// what stretch can take: in text, where there is none, that must not cost.
	probeEvery = 128
	// stretchMost is how far it looks, stretchLeast what is worth it.
	stretchMost  = 4 << 10
	stretchLeast = 256
)

// stretch copies lines without any white space, as base64 has them, as far as
// lines with text follow each other. It returns how many bytes it took. The
// library's search for one byte is several times as fast as bulk.
func (c *bodyCanon) stretch(p []byte) (i int) {
	p = p[:min(len(p), stretchMost)]
	if j := bytes.IndexByte(p, ' '); j >= 0 {
		p = p[:j]
	}
	if len(p) < stretchLeast {
		return 0
	}
	if j := bytes.IndexByte(p, '\t'); j >= 0 {
		p = p[:j]
	}
	for i+1 < len(p) {
		j := bytes.IndexByte(p[i:], '\n')
		if j < 0 || i+j+1 == len(p) || p[i+j+1] <= ' ' {
			break
		}
		line := p[i : i+j]
		if j > 0 && line[j-1] == '\r' {
			line = line[:j-1]
		}
		if c.n+len(line)+2 > len(c.buf) {
			if len(line)+2 > len(c.buf) {
				break
			}
			c.flush()
		}
		n := c.n + copy(c.buf[c.n:], line)
		c.buf[n], c.buf[n+1] = '\r', '\n'
		c.n = n + 2
		i += j + 1
	}
	return i
}

// lead8 handles the beginning of a line: white space there counts only when
// something follows it. It returns how many bytes it took.
func (c *bodyCanon) lead8(p []byte) int {
	for i, b := range p {
		switch {
		case b == ' ' || b == '\t':
			c.lead = true
		case b == '\n', b == '\r' && i+1 < len(p) && p[i+1] == '\n':
			c.breaks++
			c.lead = false
			if b == '\r' {
				return i + 2
			}
			return i + 1
		default:
			c.begin()
			return i
		}
	}
	return len(p)
}

// special takes the next character, a line end, or a run of white space.
func (c *bodyCanon) special(p []byte) int {
	switch b := p[0]; {
	case b == '\n':
		c.lineEnd()
		return 1
	case b == '\r' && len(p) > 1 && p[1] == '\n':
		c.lineEnd()
		return 2
	case b == ' ' || b == '\t':
		if !c.space {
			c.buf[c.n] = ' '
			c.n++
			c.space = true
		}
		i := 1
		for i < len(p) && (p[i] == ' ' || p[i] == '\t') {
			i++
		}
		return i
	default:
		c.buf[c.n] = b
		c.n++
		c.space = false
		return 1
	}
}

func (c *bodyCanon) lineEnd() {
	if c.space {
		c.n--
		c.space = false
	}
	c.breaks++
	c.lineStart = true
}

// room makes place for k bytes, far fewer than the buffer has.
func (c *bodyCanon) room(k int) {
	if c.n+k > len(c.buf) {
		c.flush()
	}
}

// flush feeds the buffer to the hashes. A space that may yet turn out to stand
// at a line's end stays.
func (c *bodyCanon) flush() {
	n := c.n
	if c.space {
		n--
	}
	c.length += int64(n)
	for _, h := range c.hashes {
		h.write(c.buf[:n])
	}
	c.n = copy(c.buf[:], c.buf[n:c.n])
}

// relaxedField appends a field in relaxed form (RFC 6376 §3.4.2), without the
// final line end.
func relaxedField(dst []byte, f *Field) []byte {
	for _, b := range f.Name {
		dst = append(dst, lower(b))
	}
	return relaxedValue(append(dst, ':'), f.Value)
}

// relaxedValue appends an unfolded value with each run of white space as one
// space, none at either end.
func relaxedValue(dst, v []byte) []byte {
	start := len(dst)
	for i := 0; i < len(v); {
		word := i
		for i < len(v) && (!blank[v[i]] || v[i] == '\r' && !crlfAt(v, i)) {
			i++
		}
		if word < i {
			if len(dst) > start {
				dst = append(dst, ' ')
			}
			dst = append(dst, v[word:i]...)
		}
		for i < len(v) && blank[v[i]] && (v[i] != '\r' || crlfAt(v, i)) {
			i++
		}
	}
	return dst
}

// blank marks what a run of white space may consist of: a CR only before LF.
var blank = [256]bool{' ': true, '\t': true, '\n': true, '\r': true}

func crlfAt(v []byte, i int) bool { return i+1 < len(v) && v[i+1] == '\n' }

// simpleField appends a field as it is with CRLF line ends, the final one left
// out.
func simpleField(dst, raw []byte) []byte {
	raw = trimLineEnd(raw)
	for {
		i := bytes.IndexByte(raw, '\n')
		if i < 0 {
			return append(dst, raw...)
		}
		line := raw[:i]
		if i > 0 && line[i-1] == '\r' {
			line = line[:i-1]
		}
		dst = append(append(dst, line...), '\r', '\n')
		raw = raw[i+1:]
	}
}
