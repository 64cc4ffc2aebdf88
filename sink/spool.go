package sink

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"os"
)

const (
	// spoolBytes is what a spool holds in memory before it goes to its file: with
	// the row group under way, and the half more that the collector leaves, a run
	// stays below 300 MB.
	spoolBytes = 8 << 20
	// spoolChunk is how much of it one stream takes at a time: small, so that a
	// thousand streams have room side by side.
	spoolChunk = 4 << 10
	// spoolReadBuffer is the size of reads from one stream in bytes; as many are
	// held as streams are read at once.
	spoolReadBuffer = 16 << 10
)

// spool keeps frames of bytes in streams that are written in any order and read
// each in its own: in memory up to spoolBytes, then in a temporary file that has
// no name.
type spool struct {
	create  func() (*os.File, error) // of the temporary file
	file    *os.File                 // nil until it is needed
	size    int64
	streams []spoolStream
	free    [][]byte
	chunks  int // made so far
	head    []byte
}

// spoolStream is what a stream has: what is in the file, then what is in memory.
type spoolStream struct {
	extents []extent
	held    [][]byte // all full but the last
}

// extent is a piece of the file.
type extent struct{ offset, length int64 }

// open begins another stream and returns its number.
func (s *spool) open() int {
	s.streams = append(s.streams, spoolStream{})
	return len(s.streams) - 1
}

// add appends a frame to a stream.
func (s *spool) add(stream int, frame []byte) error {
	s.head = binary.AppendUvarint(s.head[:0], uint64(len(frame)))
	if err := s.write(stream, s.head); err != nil {
		return err
	}
	return s.write(stream, frame)
}

func (s *spool) write(stream int, b []byte) error {
	for len(b) > 0 {
		last, err := s.room(stream)
		if err != nil {
			return err
		}
		n := min(len(b), cap(*last)-len(*last))
		*last = append(*last, b[:n]...)
		b = b[n:]
	}
	return nil
}

// room is the stream's last chunk, with room for a byte at least.
func (s *spool) room(stream int) (*[]byte, error) {
	st := &s.streams[stream]
	if n := len(st.held); n > 0 && len(st.held[n-1]) < spoolChunk {
		return &st.held[n-1], nil
	}
	if len(s.free) == 0 && s.chunks >= spoolBytes/spoolChunk {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	if n := len(s.free); n > 0 {
		st.held = append(st.held, s.free[n-1])
		s.free = s.free[:n-1]
	} else {
		s.chunks++
		st.held = append(st.held, make([]byte, 0, spoolChunk))
	}
	return &st.held[len(st.held)-1], nil
}

// flush puts what is in memory into the file, stream by stream.
func (s *spool) flush() error {
	if s.file == nil {
		f, err := s.create()
		if err != nil {
			return err
		}
		s.file = f
	}
	w := bufio.NewWriterSize(io.NewOffsetWriter(s.file, s.size), fileBuffer)
	for i := range s.streams {
		st := &s.streams[i]
		e := extent{offset: s.size}
		for _, c := range st.held {
			_, _ = w.Write(c) // Flush has its error
			e.length += int64(len(c))
			s.free = append(s.free, c[:0])
		}
		if e.length > 0 {
			st.extents = append(st.extents, e)
			s.size += e.length
		}
		clear(st.held)
		st.held = st.held[:0]
	}
	return w.Flush()
}

// close gives the file up. Nothing of it is needed, so no error matters.
func (s *spool) close() {
	if s.file == nil {
		return
	}
	_ = s.file.Close()
	// Where the system could not take the name away while it was open, it goes now.
	_ = os.Remove(s.file.Name())
	s.file = nil
}

// reset makes the spool empty; its memory and its file are used again.
func (s *spool) reset() {
	for i := range s.streams {
		for _, c := range s.streams[i].held {
			s.free = append(s.free, c[:0])
		}
	}
	s.streams, s.size = s.streams[:0], 0
}

// unnamed makes a temporary file that is gone when it is closed, or when the
// process ends, however that happens.
func unnamed(f *os.File, err error) (*os.File, error) {
	if err == nil {
		_ = os.Remove(f.Name()) // not every system can; close tries again
	}
	return f, err
}

// spoolReader reads the frames of one stream. Nothing may be added meanwhile.
type spoolReader struct {
	buf *bufio.Reader
}

func (s *spool) reader(stream int) *spoolReader {
	st := s.streams[stream] // a copy: the stream can be read again
	return &spoolReader{bufio.NewReaderSize(&streamReader{file: s.file, left: st}, spoolReadBuffer)}
}

// next is the length of the next frame; io.EOF after the last. Its bytes are to
// be read by frame.
func (r *spoolReader) next() (int, error) {
	n, err := binary.ReadUvarint(r.buf)
	return int(n), err
}

// frame reads the frame whose length next told.
func (r *spoolReader) frame(b []byte) error {
	_, err := io.ReadFull(r.buf, b)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// streamReader is the bytes of a stream.
type streamReader struct {
	file *os.File
	left spoolStream
	pos  int64 // in the first extent, then in the first chunk
}

// Read implements io.Reader.
func (r *streamReader) Read(p []byte) (int, error) {
	l := &r.left
	for len(l.extents) > 0 {
		if e := l.extents[0]; r.pos < e.length {
			n, err := r.file.ReadAt(p[:min(int64(len(p)), e.length-r.pos)], e.offset+r.pos)
			r.pos += int64(n)
			if n == 0 && errors.Is(err, io.EOF) {
				return 0, io.ErrUnexpectedEOF
			}
			if n > 0 {
				err = nil
			}
			return n, err
		}
		l.extents, r.pos = l.extents[1:], 0
	}
	for len(l.held) > 0 {
		if c := l.held[0][r.pos:]; len(c) > 0 {
			n := copy(p, c)
			r.pos += int64(n)
			return n, nil
		}
		l.held, r.pos = l.held[1:], 0
	}
	return 0, io.EOF
}
