package reader

import (
	"errors"
	"io"
)

// log reads a source by the log reader that knows it.
func (r *run) log(s *source, in io.Reader, k found) error {
	entry := LogInput{Source: s.name, Format: k.format, Reader: in}
	err := r.plugged(s.name, func(yield func(Unit, error) bool) error {
		return k.log.Read(r.ctx, entry, yield)
	})
	if err == nil || errors.Is(err, errStop) || r.ctx.Err() != nil {
		return err
	}
	p, ok := errors.AsType[*Problem](err)
	if !ok {
		p = &Problem{Source: s.name, Offset: -1, Code: CodeLogError, Detail: err.Error(), Err: err}
		if _, ok := errors.AsType[*fault](err); ok {
			p.Code = codeOf(err)
		}
	}
	return r.problem(p)
}

// flushLog gives out what a log reader kept back until the end of all inputs.
func (r *run) flushLog(l LogReader) error { return r.plugged("", l.Flush) }

// plugged passes on what a log reader yields. After the first error nothing
// more is passed, whatever the log reader does.
func (r *run) plugged(source string, read func(func(Unit, error) bool) error) error {
	var stop error
	err := read(func(u Unit, err error) bool {
		if stop != nil {
			return false
		}
		if err == nil {
			if u.Source == "" {
				u.Source = source
			}
			stop = r.unit(u)
		} else if p, ok := errors.AsType[*Problem](err); ok {
			stop = r.problem(p)
		} else {
			stop = err
		}
		return stop == nil
	})
	if stop != nil {
		return stop
	}
	return err
}
