package history

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"mailaudit/evaluate/dns"
)

// Kind is what a file of observations is.
type Kind string

// The kinds of files.
const (
	JSON  Kind = "json"  // passive-DNS Common Output Format, or an archive of DKIM keys
	TSV   Kind = "tsv"   // an archive of DKIM keys
	Zone  Kind = "zone"  // a master file
	Saved Kind = "store" // a store
)

// ReadOptions are the choices of reading.
type ReadOptions struct {
	// Name is the file's, for errors.
	Name string
	// Kind forces the kind of a file; empty finds it.
	Kind Kind
	// From and Until bound the time that a zone file was in force; Until is not
	// part of it. The zero time is unbounded.
	From, Until time.Time
	// Unusable, where set, is told of every line that gives no observation.
	Unusable func(*LineError)
}

// LineError is what is wrong with a line.
type LineError struct {
	File   string
	Line   int // from 1
	Detail string
}

func (e *LineError) Error() string { return e.File + ":" + strconv.Itoa(e.Line) + ": " + e.Detail }

func (o *ReadOptions) unusable(line int, err error) {
	if o.Unusable != nil {
		o.Unusable(&LineError{o.Name, line, err.Error()})
	}
}

// headSize is how much of a file is looked at to find out what it is.
const headSize = 64 << 10

// ReadFile yields the observations of a file, whose kind is found from its
// content; gzip and bzip2 are undone.
func ReadFile(path string, o ReadOptions) iter.Seq2[Observation, error] {
	if o.Name == "" {
		o.Name = path
	}
	return func(yield func(Observation, error) bool) {
		if o.Kind == Saved || o.Kind == "" && IsStore(path) {
			readStore(path, yield)
			return
		}
		f, err := os.Open(path)
		if err != nil {
			yield(Observation{}, err)
			return
		}
		defer f.Close()
		Read(f, o)(yield)
	}
}

func readStore(path string, yield func(Observation, error) bool) {
	st, err := Open(path)
	if err != nil {
		yield(Observation{}, err)
		return
	}
	defer st.Close()
	st.All()(yield)
}

// Read is [ReadFile] for a stream.
func Read(r io.Reader, o ReadOptions) iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		in, err := unpacked(bufio.NewReaderSize(r, headSize))
		if err != nil {
			yield(Observation{}, fmt.Errorf("%s: %w", o.Name, err))
			return
		}
		kind := o.Kind
		if kind == "" {
			head, _ := in.Peek(headSize)
			kind = Detect(head)
		}
		switch kind {
		case JSON:
			readJSON(in, &o, yield)
		case TSV:
			readTSV(in, &o, yield)
		case Zone:
			readZone(in, &o, yield)
		default:
			yield(Observation{}, fmt.Errorf("%s: nothing is known of files of kind %q", o.Name, kind))
		}
	}
}

// unpacked undoes compression that the first bytes tell of.
func unpacked(in *bufio.Reader) (*bufio.Reader, error) {
	head, _ := in.Peek(10)
	switch {
	case bytes.HasPrefix(head, []byte{0x1f, 0x8b, 8}):
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(z, headSize), nil
	case len(head) == 10 && bytes.HasPrefix(head, []byte("BZh")) && string(head[4:]) == "1AY&SY":
		return bufio.NewReaderSize(bzip2.NewReader(in), headSize), nil
	}
	return in, nil
}

// Detect tells from the beginning of a text what it is: JSON by its first
// bracket, an archive of keys by tabs between domain, selector and key; anything
// else is a master file.
func Detect(head []byte) Kind {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	if t := bytes.TrimLeft(head, " \t\r\n"); len(t) > 0 && (t[0] == '{' || t[0] == '[') {
		return JSON
	}
	for line := range bytes.Lines(head) {
		text := strings.TrimRight(string(line), "\r\n")
		if text == "" || text[0] == '#' {
			continue
		}
		fields := strings.Split(text, "\t")
		if _, ok := keyColumns(fields); ok || len(fields) >= 3 && looksLikeKey(fields) {
			return TSV
		}
		break
	}
	return Zone
}

// looksLikeKey tells whether a row may be domain, selector and key.
func looksLikeKey(f []string) bool {
	if strings.ContainsAny(f[0], " ;$") || !strings.Contains(f[0], ".") || strings.ContainsAny(f[1], " ;") || f[1] == "" {
		return false
	}
	_, number := strconv.Atoi(f[1])
	return number != nil && f[1] != "IN" && len(f[2]) >= 16
}

// readZone yields the records of a master file as seen all the time that it was
// in force. Wildcards are left out.
func readZone(in io.Reader, o *ReadOptions, yield func(Observation, error) bool) {
	z, err := dns.ReadZone(in, o.Name)
	if err != nil {
		yield(Observation{}, err)
		return
	}
	for ob, err := range OfZone(z, *o) {
		if o.From.IsZero() && o.Until.IsZero() {
			err = fmt.Errorf("%s: %w", o.Name, ErrUndated)
		}
		if !yield(ob, err) || err != nil {
			return
		}
	}
}

// ErrUndated is the error of reading a zone file without ReadOptions.From or
// Until: nothing else tells when it was in force.
var ErrUndated = errors.New("a zone file does not tell when it was in force")

// OfZone yields the records of a zone as seen all the time from o.From until
// o.Until. Wildcards, and types that no verdict asks for, are left out.
func OfZone(z *dns.ZoneSource, o ReadOptions) iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		for a := range z.Answers() {
			if !kept(a.Type) {
				continue
			}
			ob := Observation{
				Name: a.Name, Type: a.Type, Status: dns.Success, Records: a.Records, Whole: true,
				First: o.From, Last: lastBefore(o.Until), Origins: FromZone,
			}
			if !yield(ob, nil) {
				return
			}
		}
	}
}

// lastBefore is the last moment before a bound.
func lastBefore(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(-time.Microsecond)
}

// kept tells whether verdicts ask for a type.
func kept(t dns.Type) bool {
	switch t {
	case dns.TypeA, dns.TypeNS, dns.TypeCNAME, dns.TypePTR, dns.TypeMX, dns.TypeTXT, dns.TypeAAAA:
		return true
	}
	return false
}

// OfAnswers yields what the answers of an earlier run saw: each link of a CNAME
// chain, and the records or their absence at its end. Failures say nothing of
// the DNS, overlays are what-if, and what was taken from another time or has no
// time is no sight: passed, where set, is told of those.
func OfAnswers(answers iter.Seq2[*dns.Answer, error], passed func(*dns.Answer)) iter.Seq2[Observation, error] {
	return func(yield func(Observation, error) bool) {
		for a, err := range answers {
			if err != nil {
				yield(Observation{}, err)
				return
			}
			first, last, ok := sightOf(a)
			if !ok {
				if passed != nil {
					passed(a)
				}
				continue
			}
			for _, o := range links(a, first, last) {
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}

// sightOf is when an answer was seen.
func sightOf(a *dns.Answer) (first, last time.Time, ok bool) {
	switch {
	case a.Failed(), a.Nearest, a.Source == "overlay":
		return first, last, false
	case !a.Since.IsZero() && a.Since.Equal(a.Until): // of a history: first and last sight
		if a.ObservedAt.Before(a.Since) {
			return a.Since, a.Since, true
		}
		return a.Since, a.ObservedAt, true
	case !a.Since.IsZero() && !a.Until.IsZero():
		return a.Since, lastBefore(a.Until), true
	case !a.ObservedAt.IsZero():
		return a.ObservedAt, a.ObservedAt, true
	}
	return first, last, false
}

func links(a *dns.Answer, first, last time.Time) []Observation {
	name := a.Name
	out := make([]Observation, 0, len(a.CNAMEs)+1)
	add := func(t dns.Type, s dns.Status, records []string) {
		out = append(out, Observation{
			Name: name, Type: t, Status: s, Records: records, Whole: true, First: first, Last: last, Origins: FromDataset,
		})
	}
	for _, target := range a.CNAMEs {
		add(dns.TypeCNAME, dns.Success, []string{target})
		name = target
	}
	add(a.Type, a.Status, a.Records)
	return out
}

var errTimes = errors.New("it was seen last before it was seen first")
