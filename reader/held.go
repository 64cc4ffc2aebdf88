package reader

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
)

// message collects the bytes of one message from the window: in place while it
// is small, else in a temporary file, or not at all where the source can be
// read again.
type message struct {
	run    *run
	src    *source
	offset int64 // of the unit
	skip   int   // bytes of the unit before the message that are still in the window
	from   int64 // offset of the message
	size   int64 // bytes given up by the window
	spool  *spool
	err    *Problem // why it cannot be given out

	discard bool // nothing of it is wanted
	nul     bool // a byte of value 0 was given up by the window
	clean   bool // the search for the end met none in what the window holds
}

// begin starts a message at the start of the window, behind skip bytes.
func (r *run) begin(s *source, skip int) message {
	return message{run: r, src: s, offset: r.w.off, skip: skip, from: r.w.off + int64(skip)}
}

// large tells whether the window holds all it should.
// What is spilled is then larger than held, whatever ends it: no more than a
// blank line and five bytes of a From_ line are in the window beside it.
func (m *message) large() bool { return m.run.w.len()-m.skip > m.run.tune.held+spillKeep }

// whole tells whether the message lies in the window, up to end, and may.
func (m *message) whole(end int) bool { return m.size == 0 && end-m.skip <= m.run.tune.held }

// spill takes all but the last keep bytes out of the window.
func (m *message) spill(keep int) {
	if n := m.run.w.len() - keep; n > m.skip {
		m.take(n)
	}
}

// take takes the first n bytes out of the window.
func (m *message) take(n int) {
	data := m.run.w.bytes()[m.skip:n]
	m.skip = 0
	m.size += int64(len(data))
	m.nul = m.nul || bytes.IndexByte(data, 0) >= 0
	if m.src.path == "" && m.err == nil && !m.discard {
		m.write(data)
	}
	m.run.w.advance(n)
}

func (m *message) write(data []byte) {
	err := error(nil)
	if m.spool == nil {
		m.spool, err = newSpool(m.run.opt.TempDir)
	}
	if err == nil && m.size > m.run.tune.spool {
		m.fail(CodeMessageSize, fmt.Errorf("more than %d bytes", m.run.tune.spool))
		return
	}
	if err == nil {
		_, err = m.spool.f.Write(data)
	}
	if err != nil {
		m.fail(CodeSpoolFailed, err)
	}
}

func (m *message) fail(code string, err error) {
	m.drop()
	m.err = &Problem{Source: m.src.name, Offset: m.offset, Code: code, Detail: err.Error(), Err: err}
}

// drop gives up what was collected.
func (m *message) drop() {
	if m.spool != nil {
		m.spool.close()
		m.spool = nil
	}
}

// end takes the message's last bytes, up to cut in the window, and the rest of
// the unit, up to next, and gives the unit out.
func (m *message) end(cut, next int, u Unit) error {
	w := m.run.w
	cut = max(cut, m.skip)
	u.Source, u.Offset = m.src.name, m.offset
	if m.whole(cut) {
		u.Data = w.b.buf[w.start+m.skip : w.start+cut : w.start+cut]
		u.Size = int64(len(u.Data))
		w.b.ref()
		u.release = w.b.release
		w.advance(next)
		u.Length = w.off - m.offset
		return m.run.unit(u)
	}
	m.take(cut)
	w.advance(next - cut)
	u.Size, u.Length = m.size, w.off-m.offset
	if m.err != nil {
		m.err.Length = u.Length
		return m.run.problem(m.err)
	}
	m.openers(&u)
	return m.run.unit(u)
}

// openers sets Open.
func (m *message) openers(u *Unit) {
	if sp := m.spool; sp != nil {
		size := m.size
		u.Open = func() (io.ReadCloser, error) {
			return io.NopCloser(io.NewSectionReader(sp.f, 0, size)), nil
		}
		u.release = sp.close
		return
	}
	path, from, size := m.src.path, m.from, m.size
	u.Open = func() (io.ReadCloser, error) { return openSection(path, from, size) }
}

// section is a part of a file, open for itself.
type section struct {
	io.Reader
	f *os.File
}

func (s *section) Close() error { return s.f.Close() }

func openSection(path string, from, size int64) (io.ReadCloser, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return &section{&exact{io.NewSectionReader(f, from, size), size}, f}, nil
}

// exact fails where a file has become shorter since it was split.
type exact struct {
	r    io.Reader
	left int64
}

func (e *exact) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	if err == io.EOF && e.left > 0 {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// spool is a temporary file without a name, so that nothing can leave it behind.
type spool struct {
	f    *os.File
	name string // where the system keeps names of open files
}

func newSpool(dir string) (*spool, error) {
	f, err := os.CreateTemp(dir, "audit-spool-*")
	if err != nil {
		return nil, err
	}
	if runtime.GOOS != "windows" && os.Remove(f.Name()) == nil {
		return &spool{f: f}, nil
	}
	return &spool{f: f, name: f.Name()}, nil
}

func (s *spool) close() {
	s.f.Close()
	if s.name != "" {
		os.Remove(s.name)
	}
}
