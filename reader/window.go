package reader

import (
	"context"
	"io"
)

// window is the part of a source that is being looked at: from the start of the
// current message to the last byte read. It moves over blocks; one window
// serves all sources of a run, so that small files share blocks.
type window struct {
	ctx  context.Context
	pool *pool
	read int // bytes asked for at once

	b          *block
	start, end int // b.buf[start:end] is in the window

	r   io.Reader
	off int64 // of start in the source
	err error // why reading ended; io.EOF at the source's end

	turn   func() (int, bool) // who reads, and whether it is still wanted; nil for one only
	holder int                // whose block it is
}

// open begins a source.
func (w *window) open(r io.Reader) {
	w.r, w.err, w.off = r, nil, 0
	w.start = w.end
}

// close lets the memory go.
func (w *window) close() {
	if w.b != nil {
		w.b.unref()
	}
	w.b, w.start, w.end, w.r = nil, 0, 0, nil
}

func (w *window) len() int { return w.end - w.start }

func (w *window) bytes() []byte {
	if w.b == nil {
		return nil
	}
	return w.b.buf[w.start:w.end:w.end]
}

// advance gives the first n bytes up. Slices of the block stay valid as long as
// somebody holds a reference.
func (w *window) advance(n int) {
	w.start += n
	w.off += int64(n)
}

// ensure reads until the window holds n bytes, and tells whether it does.
func (w *window) ensure(n int) bool {
	for w.len() < n {
		if !w.more() {
			return false
		}
	}
	return true
}

// more reads at least one byte, or sets err and returns false. It may move the
// window to another block.
func (w *window) more() bool {
	if w.err != nil {
		return false
	}
	if err := w.ctx.Err(); err != nil {
		w.err = err
		return false
	}
	if w.turn != nil && w.len() <= turnHeld && !w.change() {
		w.err = errStop
		return false
	}
	w.room()
	// A reader that gives nothing and no error a hundred times is broken
	// (bufio draws the same line).
	for range 100 {
		n, err := w.r.Read(w.b.buf[w.end:min(len(w.b.buf), w.end+w.read)])
		w.end += n
		w.err = err
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	w.err = io.ErrNoProgress
	return false
}

// change goes to the memory of whoever reads now, and tells whether anybody does.
func (w *window) change() bool {
	holder, ok := w.turn()
	if ok && holder != w.holder {
		w.holder = holder
		w.move(2 * w.len())
	}
	return ok
}

// room makes place for at least one byte. The bytes in the window go with it: a
// block is left where it is half full and little has to be copied, within a large
// message only where it is full.
func (w *window) room() {
	held := w.len()
	if w.b != nil {
		size := len(w.b.buf)
		if w.end < size/2 || w.end < size && held > size/littleHeld {
			return
		}
	}
	w.move(2 * held)
}

// move takes what is in the window to another block of at least size bytes.
func (w *window) move(size int) {
	held := w.len()
	b := w.pool.get(size, w.holder)
	if w.b != nil {
		copy(b.buf, w.b.buf[w.start:w.end])
		w.b.unref()
	}
	w.b, w.start, w.end = b, 0, held
}

// reserve makes place for n bytes in one piece, for a source of known size.
func (w *window) reserve(n int) {
	held := w.len()
	if w.b != nil && len(w.b.buf)-w.start >= n {
		return
	}
	w.move(max(n, held))
}
