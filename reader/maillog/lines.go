package maillog

import (
	"bytes"
	"context"
	"io"
)

// readSize is how much one read asks for, as in package reader.
const readSize = 256 << 10

// lines cuts a source into lines. A line is valid until the next call.
type lines struct {
	ctx    context.Context
	r      io.Reader
	buf    []byte
	at, to int   // the bytes not yet given out
	base   int64 // offset of buf[0] in the source
	err    error
	long   bool // the line given out last was cut
}

func newLines(ctx context.Context, r io.Reader) *lines {
	return &lines{ctx: ctx, r: r, buf: make([]byte, readSize+maxLine)}
}

// next returns a line without its end, where it begins in the source and where
// the next one does. An error is the source's, io.EOF at its end.
func (l *lines) next() (line []byte, begin, end int64, err error) {
	for searched := 0; ; {
		rest := l.buf[l.at:l.to]
		if i := bytes.IndexByte(rest[searched:], '\n'); i >= 0 {
			line, begin, end = l.give(searched+i, searched+i+1)
			return line, begin, end, nil
		}
		searched = len(rest)
		if l.err != nil {
			if searched == 0 {
				return nil, 0, 0, l.err
			}
			line, begin, end = l.give(searched, searched)
			return line, begin, end, nil
		}
		if searched > maxLine {
			line, begin, end = l.cut()
			return line, begin, end, nil
		}
		l.fill()
	}
}

// give gives out n bytes as a line that takes up more with its end.
func (l *lines) give(n, with int) (line []byte, begin, end int64) {
	line, begin = l.buf[l.at:l.at+n], l.base+int64(l.at)
	l.at += with
	if l.long = n > maxLine; l.long {
		line = line[:maxLine]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line, begin, begin + int64(with)
}

// back has the line given out last, which began at a place in the source, given
// out again. One that did not fit is gone.
func (l *lines) back(begin int64) {
	if at := begin - l.base; at >= 0 {
		l.at = int(at)
	}
}

// cut gives out the beginning of a line that does not fit and passes over the
// rest of it.
func (l *lines) cut() (head []byte, begin, end int64) {
	head, begin = bytes.Clone(l.buf[l.at:l.at+maxLine]), l.base+int64(l.at)
	for {
		if i := bytes.IndexByte(l.buf[l.at:l.to], '\n'); i >= 0 {
			l.at += i + 1
			break
		}
		l.at = l.to
		if l.err != nil {
			break
		}
		l.fill()
	}
	l.long = true
	return head, begin, l.base + int64(l.at)
}

// fill moves what is left to the front and reads behind it.
func (l *lines) fill() {
	if l.at > 0 {
		copy(l.buf, l.buf[l.at:l.to])
		l.base += int64(l.at)
		l.to -= l.at
		l.at = 0
	}
	if l.err = l.ctx.Err(); l.err != nil {
		return
	}
	for range 100 {
		n, err := l.r.Read(l.buf[l.to:])
		l.to += n
		if l.err = err; n > 0 || err != nil {
			return
		}
	}
	l.err = io.ErrNoProgress
}
