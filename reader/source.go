package reader

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
)

// source is one stream of bytes whose format is to be found.
type source struct {
	name   string // as Unit.Source says it
	base   string // the last part of its name, raw
	path   string // where it can be opened again; empty for pipes and members
	size   int64  // -1 when unknown
	r      io.Reader
	raw    *rawReader // beneath all layers
	format Format     // what the place says: Auto, or a folder's format
	env    Envelope   // what the place says
	layers int        // compressions and archives around it
	named  bool       // given as an argument
}

// argument reads one input argument.
func (r *run) argument(path string) error {
	if path == "-" {
		return r.stdin()
	}
	info, err := os.Stat(path)
	if err != nil {
		return r.unreadable(path, err)
	}
	if info.IsDir() {
		return r.folderArgument(path)
	}
	return r.file(path, escape(path), place{format: Auto, named: true})
}

func (r *run) stdin() error {
	r.setCurrent("-")
	if r.opt.Stdin == nil {
		return r.unreadable("-", errors.New("no standard input"))
	}
	raw := &rawReader{r: r.opt.Stdin, run: r}
	return r.source(&source{name: "-", size: -1, r: raw, raw: raw, format: Auto, named: true})
}

// place is what is known of a file from where it lies.
type place struct {
	format Format
	env    Envelope
	named  bool
}

// file reads one file. Those inside folders must be regular; an argument may be
// a FIFO or a device too, read once as a stream.
func (r *run) file(path, name string, at place) error {
	r.setCurrent(name)
	f, err := openFile(path, at.named)
	if err != nil {
		return r.unreadable(path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return r.unreadable(path, err)
	}
	raw := &rawReader{r: f, run: r}
	src := &source{
		name: name, base: baseName(path), size: -1, r: raw, raw: raw,
		format: at.format, env: at.env, named: at.named,
	}
	switch {
	case info.Mode().IsRegular():
		src.size, src.path = info.Size(), path
		r.opt.Progress.Total.Add(src.size)
	case !at.named:
		return r.problem(&Problem{Source: name, Offset: -1, Code: CodeNotRegular, Detail: info.Mode().Type().String()})
	}
	return r.source(src)
}

func baseName(path string) string {
	for i := len(path) - 1; i >= 0; i-- {
		if os.IsPathSeparator(path[i]) {
			return path[i+1:]
		}
	}
	return path
}

func (r *run) setCurrent(name string) { r.opt.Progress.Current.Store(&name) }

// unreadable reports what could not be opened.
func (r *run) unreadable(path string, err error) error {
	detail := err.Error()
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		detail = pe.Err.Error() // the path stands before it already
	}
	return r.problem(&Problem{Source: escape(path), Offset: -1, Code: CodeUnreadable, Detail: detail, Err: err})
}

// source finds the format of a stream and reads it.
func (r *run) source(s *source) error {
	w := r.w
	w.open(s.r)
	if s.size >= 0 && s.size < int64(r.tune.block) {
		w.reserve(int(s.size) + 1) // one more, to meet the end
	}
	w.ensure(detectSize)
	if w.len() == 0 {
		return r.nothing(s)
	}
	switch k := r.detect(w.bytes()[:min(w.len(), detectSize)], s); k.kind {
	case kindMessages:
		return r.mbox(s, k.format)
	case kindMessage:
		return r.single(s, k.format)
	case kindCompressed:
		return r.layer(s, func(in io.Reader) error { return r.compressed(s, in, k.unpack) })
	case kindArchive:
		return r.layer(s, func(in io.Reader) error { return r.archive(s, in, k.format) })
	case kindLog:
		return r.layer(s, func(in io.Reader) error { return r.log(s, in, k) })
	}
	return r.problem(&Problem{Source: s.name, Offset: 0, Code: CodeUnknownFormat, Err: nonEOF(w.err)})
}

// layer hands a source over to another reader: what the window has seen of it,
// then the rest.
func (r *run) layer(s *source, read func(io.Reader) error) error {
	if s.layers >= maxNesting {
		return r.problem(&Problem{Source: s.name, Offset: -1, Code: CodeDepthLimit, Detail: "compressions and archives in each other"})
	}
	head, err := bytes.Clone(r.w.bytes()), r.w.err
	r.w.advance(len(head))
	rest := s.r
	if err != nil {
		rest = &failed{err}
	}
	return read(io.MultiReader(bytes.NewReader(head), rest))
}

// failed is a reader that has ended already.
type failed struct{ err error }

func (f *failed) Read([]byte) (int, error) { return 0, f.err }

// nothing reports a source without a byte.
func (r *run) nothing(s *source) error {
	if err := nonEOF(r.w.err); err != nil {
		return r.broken(s, 0, 0, err)
	}
	return r.problem(&Problem{Source: s.name, Offset: -1, Code: CodeEmptyInput})
}

// broken reports that a source could not be read on. What was read of the
// message at offset is lost.
func (r *run) broken(s *source, offset, length int64, err error) error {
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	if r.left {
		return errStop
	}
	return r.problem(&Problem{Source: s.name, Offset: offset, Length: length, Code: codeOf(err), Detail: err.Error(), Err: err})
}

func nonEOF(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}
