package maillog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mailaudit/reader"
)

// verdict is what a grammar makes of a line.
type verdict uint8

const (
	unknown verdict = iota // of no form it knows
	known                  // understood; it may say nothing of a message
	foreign                // of another program
)

// grammar understands the lines of one program. It keeps records in its join.
type grammar interface {
	line(s *stream, b []byte) verdict
	// end is called after the last line of a source.
	end(s *stream)
}

// stream is the reading of one source.
type stream struct {
	in         reader.LogInput
	years      years
	json       jsonBuffer
	frame      frame
	begin, end int64 // of the line at hand
	unknowns   int64
	long       int64
	samples    []reader.Problem
	collected  []byte // an entry over many lines
}

func logReader(o Options, format reader.Format, start func(*join) grammar) reader.LogReader {
	j := newJoin(format, o.MaxOpen)
	g := start(j)
	return reader.LogReader{
		Detect:  func(head []byte) reader.Format { return only(format, detect(head)) },
		Formats: []reader.Format{format},
		Read: func(ctx context.Context, in reader.LogInput, yield func(reader.Unit, error) bool) error {
			return read(ctx, o, in, j, g, yield)
		},
		Flush: func(yield func(reader.Unit, error) bool) error {
			j.out = yield
			j.flush()
			return nil
		},
	}
}

func only(want, got reader.Format) reader.Format {
	if want != got {
		return ""
	}
	return got
}

// read reads one source. Records that have not ended stay in j, for the source
// that goes on where this one stops.
func read(ctx context.Context, o Options, in reader.LogInput, j *join, g grammar, yield func(reader.Unit, error) bool) error {
	s := &stream{in: in, years: years{zone: o.Zone, until: o.Until}}
	if o.UntilOf != nil {
		if t := o.UntilOf(in.Source); !t.IsZero() {
			s.years.until = t
		}
	}
	j.out = yield
	l := newLines(ctx, in.Reader)
	for !j.stopped {
		line, begin, end, err := s.entry(l)
		if err != nil {
			return s.finish(j, g, err)
		}
		s.begin, s.end = begin, end
		s.one(g, line, l.long)
	}
	return nil
}

func (s *stream) one(g grammar, line []byte, long bool) {
	if long {
		s.long++
		s.sample(CodeLongLine, nil)
	}
	if len(line) > 0 && g.line(s, line) == unknown {
		s.unknowns++
		s.sample(CodeUnknownLine, line)
	}
}

// sample keeps a line for problems, as long as there are few.
func (s *stream) sample(code string, line []byte) {
	if len(s.samples) >= maxSamples {
		return
	}
	s.samples = append(s.samples, reader.Problem{
		Source: s.in.Source, Offset: s.begin, Length: s.end - s.begin, Code: code,
		Detail: fmt.Sprintf("%.*q", sampleSize, line),
	})
}

// finish gives out the problems of a source that has ended.
func (s *stream) finish(j *join, g grammar, err error) error {
	g.end(s)
	for i := range s.samples {
		p := &s.samples[i]
		if i == len(s.samples)-1 {
			if more := s.unknowns + s.long - int64(len(s.samples)); more > 0 {
				p.Detail += fmt.Sprintf(" and %d more such lines", more)
			}
		}
		if j.stopped = j.stopped || !j.out(reader.Unit{}, p); j.stopped {
			return nil
		}
	}
	if s.years.late && !j.stopped {
		j.stopped = !j.out(reader.Unit{}, &reader.Problem{
			Source: s.in.Source, Offset: -1, Code: CodeYearUncertain,
			Detail: "stamps without a year run past " + s.years.until.Format(time.DateOnly) + "; the first ones may be a year late",
		})
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// framed takes the line at hand apart.
func (s *stream) framed(line []byte) bool { return s.frame.parse(line, &s.json) }

// time is the moment of the frame at hand.
func (s *stream) time() time.Time {
	f := &s.frame
	switch f.kind {
	case stampBSD:
		return s.years.time(f.stamp)
	case stampISO:
		return s.years.iso(f.stamp)
	case stampTAI:
		return parseTAI(f.stamp)
	case stampUnix:
		return parseUnix(f.stamp)
	case stampC:
		return parseC(f.stamp, s.years.zone)
	}
	return time.Time{}
}

// dated sets a record's time from the frame at hand.
func (s *stream) dated(r *record) {
	r.at = s.time()
	r.yearless = s.frame.kind == stampBSD
}

// datedBy sets a record's time from its queue id, which holds the moment in UTC
// and with the year, where the stamp does not speak against it.
func (s *stream) datedBy(r *record, id time.Time) {
	if s.frame.kind != stampBSD {
		return
	}
	if !s.years.agrees(s.frame.stamp, id) {
		s.years.hint(s.frame.stamp, id)
	}
	if s.time().Sub(id).Abs() < zones {
		r.at, r.yearless = id, false
	}
}
