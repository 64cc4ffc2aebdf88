package history

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mailaudit/evaluate/dns"
)

// maxLine bounds a line, bytes: the largest record sets of passive DNS have a
// few megabytes.
const maxLine = 32 << 20

// entry is one JSON object: a row of passive DNS (draft-dulaunoy-dnsop-passive-
// dns-cof), bare or wrapped as streams of DNSDB are, or of an archive of DKIM
// keys under the names that such archives give their fields.
type entry struct {
	RRName    *string `json:"rrname"`
	RRType    words   `json:"rrtype"`
	RData     words   `json:"rdata"`
	TimeFirst stamp   `json:"time_first"`
	TimeLast  stamp   `json:"time_last"`
	FirstMS   stamp   `json:"time_first_ms"`
	LastMS    stamp   `json:"time_last_ms"`
	ZoneFirst stamp   `json:"zone_time_first"`
	ZoneLast  stamp   `json:"zone_time_last"`
	Count     number  `json:"count"`

	Obj  *entry `json:"obj"`
	Cond string `json:"cond"`

	Domain     *string `json:"domain"`
	Selector   *string `json:"selector"`
	Key        string  `json:"key"`
	Value      string  `json:"value"`
	Record     string  `json:"record"`
	PublicKey  string  `json:"public_key"`
	FirstSeen  stamp   `json:"first_seen"`
	LastSeen   stamp   `json:"last_seen"`
	FirstSeen2 stamp   `json:"firstSeen"`
	LastSeen2  stamp   `json:"lastSeen"`
	FirstSeen3 stamp   `json:"firstSeenAt"`
	LastSeen3  stamp   `json:"lastSeenAt"`
}

// words is a string or a list of strings; list tells which.
type words struct {
	all  []string
	list bool
}

func (w *words) UnmarshalJSON(b []byte) error {
	w.list = len(b) > 0 && b[0] == '['
	switch {
	case w.list:
		return json.Unmarshal(b, &w.all)
	case len(b) > 0 && b[0] == '"':
		var s string
		err := json.Unmarshal(b, &s)
		w.all = []string{s}
		return err
	}
	w.all = []string{string(b)} // a number, for a type
	return nil
}

// number is a count, which some write as a string.
type number uint64

func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseUint(strings.Trim(string(b), `"`), 10, 64)
	if err == nil {
		*n = number(v)
	}
	return nil // a count is never worth a row
}

// stamp is a time as exports write it.
type stamp struct {
	time.Time
	day bool // only a date: the whole day is meant
}

func (s *stamp) UnmarshalJSON(b []byte) (err error) {
	if string(b) == "null" {
		return nil
	}
	*s, err = parseStamp(strings.Trim(string(b), `"`))
	return err
}

// millis is where a number of seconds would lie beyond the year 5000: it counts
// milliseconds.
const millis = 1e11

// parseStamp reads seconds or milliseconds of Unix time, RFC 3339, the form of
// databases ("2024-01-31 12:00:00") or a date. Empty is no time.
func parseStamp(s string) (stamp, error) {
	s = strings.TrimSpace(s)
	if s == "" {
		return stamp{}, nil
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		if !(n >= 0 && n < millis*100) {
			return stamp{}, fmt.Errorf("%q is no time", s)
		}
		if n >= millis {
			n /= 1000
		}
		whole := int64(n)
		return stamp{Time: time.Unix(whole, int64((n-float64(whole))*1e6)*1000).UTC()}, nil
	}
	for _, layout := range [...]string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00"} {
		if t, err := time.Parse(layout, s); err == nil {
			return stamp{Time: t.UTC()}, nil
		}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return stamp{}, fmt.Errorf("%q is no time", s)
	}
	return stamp{Time: t, day: true}, nil
}

// readJSON yields the observations of JSON lines, or of one JSON list.
func readJSON(in *bufio.Reader, o *ReadOptions, yield func(Observation, error) bool) {
	head, _ := in.Peek(headSize)
	head = bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n")
	first, _, _ := bytes.Cut(head, []byte("\n"))
	if bytes.HasPrefix(head, []byte("[")) || len(bytes.TrimSpace(first)) == 1 {
		readValues(in, o, yield)
		return
	}
	lines := lineReader{in: in}
	for {
		text, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.Is(err, errLongLine):
			o.unusable(lines.line, err)
			continue
		case err != nil:
			yield(Observation{}, fmt.Errorf("%s: %w", o.Name, err))
			return
		}
		if text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))); len(text) == 0 {
			continue
		}
		var e entry
		if err := json.Unmarshal(text, &e); err != nil {
			o.unusable(lines.line, err)
			continue
		}
		if !e.yield(lines.line, o, yield) {
			return
		}
	}
}

// readValues yields the observations of a list of objects, or of objects that
// are not a line each. A syntax error ends it: nothing tells where the next
// object begins.
func readValues(in *bufio.Reader, o *ReadOptions, yield func(Observation, error) bool) {
	for c, err := in.Peek(1); err == nil && bytes.Contains([]byte("\xef\xbb\xbf \t\r\n"), c); c, err = in.Peek(1) {
		in.Discard(1)
	}
	d := json.NewDecoder(in)
	if c, err := in.Peek(1); err == nil && c[0] == '[' {
		if _, err := d.Token(); err != nil {
			yield(Observation{}, fmt.Errorf("%s: %w", o.Name, err))
			return
		}
	}
	for n := 1; d.More(); n++ {
		var e entry
		err := d.Decode(&e)
		var typ *json.UnmarshalTypeError
		switch {
		case errors.As(err, &typ):
			o.unusable(n, err)
		case err != nil:
			yield(Observation{}, fmt.Errorf("%s: object %d: %w", o.Name, n, err))
			return
		case !e.yield(n, o, yield):
			return
		}
	}
}

// yield gives the observations of one object.
func (e *entry) yield(line int, o *ReadOptions, yield func(Observation, error) bool) bool {
	if e.Obj != nil {
		e = e.Obj
	}
	var list []Observation
	var err error
	switch {
	case e.RRName != nil:
		list, err = e.passive()
	case e.Domain != nil && e.Selector != nil:
		list, err = e.archived()
	case e.Cond != "":
		return true // how a stream begins and ends
	default:
		err = errors.New("neither passive DNS (rrname) nor a DKIM key (domain, selector)")
	}
	if err != nil {
		o.unusable(line, err)
	}
	for _, ob := range list {
		if !yield(ob, nil) {
			return false
		}
	}
	return true
}

// passive gives the observations of a row of passive DNS: one for what was seen
// on the wire, one for what was seen in zone files.
func (e *entry) passive() ([]Observation, error) {
	if len(e.RRType.all) != 1 {
		return nil, errors.New("no rrtype")
	}
	t, ok := dns.ParseType(e.RRType.all[0])
	if n, err := strconv.ParseUint(e.RRType.all[0], 10, 16); err == nil {
		t, ok = dns.Type(n), true
	}
	if !ok {
		return nil, fmt.Errorf("rrtype %q", e.RRType.all[0])
	}
	if !kept(t) {
		return nil, nil
	}
	name, err := dns.PresentedName(*e.RRName)
	if err != nil {
		return nil, fmt.Errorf("rrname %q: %w", *e.RRName, err)
	}
	ob := Observation{
		Name: name, Type: t, Status: dns.Success, Count: uint64(e.Count), Origins: FromPassive,
		Whole: e.RData.list || t == dns.TypeCNAME,
	}
	for _, text := range e.RData.all {
		data, err := dns.CanonicalData(t, text)
		if err != nil {
			return nil, err
		}
		ob.Records = append(ob.Records, data)
	}
	slices.Sort(ob.Records)
	ob.Records = slices.Compact(ob.Records)
	if len(ob.Records) == 0 {
		return nil, errors.New("no rdata")
	}
	if e.TimeFirst.IsZero() && e.TimeLast.IsZero() {
		e.TimeFirst, e.TimeLast = e.FirstMS, e.LastMS
	}
	return ob.at([2]stamp{e.TimeFirst, e.TimeLast}, [2]stamp{e.ZoneFirst, e.ZoneLast})
}

// archived gives the observation of a row of an archive of keys.
func (e *entry) archived() ([]Observation, error) {
	pick := func(a ...stamp) stamp {
		for _, s := range a {
			if !s.IsZero() {
				return s
			}
		}
		return stamp{}
	}
	text := ""
	for _, s := range [...]string{e.Value, e.Record, e.Key, e.PublicKey} {
		if text == "" {
			text = s
		}
	}
	return keyObservation(*e.Domain, *e.Selector, text,
		pick(e.FirstSeen, e.FirstSeen2, e.FirstSeen3, e.TimeFirst), pick(e.LastSeen, e.LastSeen2, e.LastSeen3, e.TimeLast))
}

// at gives an observation for each of the times that has an end.
func (ob Observation) at(times ...[2]stamp) (out []Observation, err error) {
	for _, p := range times {
		first, last := p[0], p[1]
		switch {
		case first.IsZero() && last.IsZero():
			continue
		case first.IsZero():
			first = last
		case last.IsZero():
			last = first
		}
		o := ob
		o.First, o.Last = first.Time, last.Time
		if last.day {
			o.Last = lastBefore(last.AddDate(0, 0, 1))
		}
		if o.Last.Before(o.First) {
			return nil, errTimes
		}
		out = append(out, o)
	}
	if out == nil {
		return nil, errors.New("no time at which it was seen")
	}
	return out, nil
}

// errLongLine is a line over maxLine.
var errLongLine = fmt.Errorf("longer than %d bytes", maxLine)

// lineReader gives lines, whose bytes are good until the next call.
type lineReader struct {
	in   *bufio.Reader
	line int
	long []byte
}

func (r *lineReader) next() ([]byte, error) {
	r.line++
	text, err := r.in.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		if len(text) > 0 && errors.Is(err, io.EOF) {
			err = nil
		}
		return text, err
	}
	r.long = append(r.long[:0], text...)
	for errors.Is(err, bufio.ErrBufferFull) {
		text, err = r.in.ReadSlice('\n')
		if len(r.long) <= maxLine {
			r.long = append(r.long, text...)
		}
	}
	switch {
	case len(r.long) > maxLine:
		return nil, errLongLine
	case errors.Is(err, io.EOF):
		err = nil
	}
	return r.long, err
}
