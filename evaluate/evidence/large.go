package evidence

import (
	"errors"
	"io"

	"github.com/zeebo/xxh3"
)

// largeChunk is the piece in which a message too large to hold is read, bytes.
const largeChunk = 256 << 10

// largeReader reads such a message: the header section whole, up to its limit,
// then the body in pieces.
type largeReader struct {
	r    io.Reader
	buf  []byte
	sum  *xxh3.Hasher
	done bool
}

func newLargeReader() *largeReader { return &largeReader{sum: xxh3.New()} }

// head returns the first bytes: all of the header section unless it is longer
// than MaxHeaderBytes, and some of the body.
func (l *largeReader) head(r io.Reader) ([]byte, error) {
	l.r, l.done, l.buf = r, false, l.buf[:0]
	l.sum.Reset()
	for !l.done && !hasHeaderEnd(l.buf) && len(l.buf) < MaxHeaderBytes {
		if err := l.more(); err != nil {
			return nil, err
		}
	}
	return l.buf, nil
}

// more appends a chunk to buf.
func (l *largeReader) more() error {
	at := len(l.buf)
	if cap(l.buf) < at+largeChunk {
		grown := make([]byte, at, 2*at+largeChunk)
		copy(grown, l.buf)
		l.buf = grown
	}
	n, err := l.read(l.buf[at : at+largeChunk])
	l.buf = l.buf[:at+n]
	return err
}

func (l *largeReader) read(p []byte) (int, error) {
	n, err := io.ReadFull(l.r, p)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		l.done, err = true, nil
	}
	l.sum.Write(p[:n])
	return n, err
}

// hasHeaderEnd looks for an empty line. It looks at everything again for each
// chunk: headers of several chunks are an attack, and bounded.
func hasHeaderEnd(b []byte) bool {
	for i := 0; i+1 < len(b); i++ {
		if b[i] == '\n' && emptyLine(b[i+1:]) > 0 {
			return true
		}
	}
	return false
}

// rest feeds the remaining body.
func (l *largeReader) rest(to *bodyHashes) error {
	for !l.done {
		n, err := l.read(l.buf[:cap(l.buf)])
		if err != nil {
			return err
		}
		to.unquote.write(l.buf[:n], to)
	}
	return nil
}

// drain reads what is left for the digest alone.
func (l *largeReader) drain() error {
	for !l.done {
		if _, err := l.read(l.buf[:cap(l.buf)]); err != nil {
			return err
		}
	}
	return nil
}
