package maillog

import "mailaudit/reader"

// join is the table in which lines of one message meet. Records leave it when
// their lines say that all is said, settle records later; when it is full; or at
// the end. Either way the order depends on the lines alone.
type join struct {
	format reader.Format
	max    int
	open   map[string]*record
	count  int
	used   record // ring of the open records: used.next was touched least recently
	ended  [settle]*record
	at     int // where the next ended record goes
	free   []*record
	given  slab
	key    []byte // scratch

	anomalies anomalies

	out     func(reader.Unit, error) bool
	stopped bool // the one who reads wants no more
}

func newJoin(format reader.Format, limit int) *join {
	j := &join{format: format, max: limit, open: make(map[string]*record), anomalies: newAnomalies()}
	j.used.prev, j.used.next = &j.used, &j.used
	return j
}

// keyOf makes a key of two parts; it is valid until the next call.
func (j *join) keyOf(space, id []byte) []byte {
	j.key = append(append(append(j.key[:0], space...), 0), id...)
	return j.key
}

// processKey is the key of what a process has in hand; no id is like it.
func (j *join) processKey(host, pid []byte) []byte {
	j.key = append(append(append(j.key[:0], host...), 1), pid...)
	return j.key
}

// find returns the record open under a key, nil where there is none.
func (j *join) find(key []byte) *record { return j.open[string(key)] }

// touch notes that the line of s speaks of r.
func (j *join) touch(r *record, s *stream) {
	if r.source == s.in.Source {
		r.end = max(r.end, s.end)
		r.offset = min(r.offset, s.begin)
	}
	j.unlink(r)
	j.link(r)
}

func (j *join) link(r *record) {
	last := j.used.prev
	r.prev, r.next = last, &j.used
	last.next, j.used.prev = r, r
}

func (j *join) unlink(r *record) {
	if r.prev != nil {
		r.prev.next, r.next.prev = r.next, r.prev
		r.prev, r.next = nil, nil
	}
}

// start opens a record under a key.
func (j *join) start(key []byte, s *stream) *record {
	if j.count >= j.max {
		j.give(j.used.next)
	}
	r := j.alone(s)
	j.alias(r, key)
	j.link(r)
	return r
}

// alone makes a record that no later line is joined to by a key.
func (j *join) alone(s *stream) *record {
	r := j.fresh()
	r.source, r.offset, r.end = s.in.Source, s.begin, s.end
	j.count++
	return r
}

func (j *join) fresh() *record {
	if n := len(j.free); n > 0 {
		r := j.free[n-1]
		j.free = j.free[:n-1]
		return r
	}
	return new(record)
}

// alias opens a record under one more key.
func (j *join) alias(r *record, key []byte) {
	k := string(key)
	j.open[k] = r
	r.keys = append(r.keys, k)
	r.refs++
}

// end notes that nothing more is said under one of the record's keys.
func (j *join) end(r *record) {
	if r.refs--; r.refs > 0 || r.ended {
		return
	}
	r.ended = true
	if !r.began || !r.claimed && r.offset < headSize { // its beginning may be in a source that is read later
		return
	}
	if old := j.ended[j.at]; old != nil {
		j.give(old)
	}
	j.ended[j.at], r.slot = r, j.at+1
	j.at = (j.at + 1) % settle
}

// give gives a record out and forgets it.
func (j *join) give(r *record) {
	if !r.arrived || j.stopped {
		j.drop(r)
		return
	}
	u := r.unit(j.format, j.given.room(), j.given.text(r.mem))
	u.Anomalies = j.anomalies[r.oddities()]
	j.drop(r)
	j.stopped = !j.out(u, nil)
}

// drop forgets a record.
func (j *join) drop(r *record) {
	for _, k := range r.keys {
		if j.open[k] == r {
			delete(j.open, k)
		}
	}
	if r.slot > 0 {
		j.ended[r.slot-1] = nil
	}
	j.unlink(r)
	j.count--
	r.reset()
	if cap(r.mem) <= 4096 && len(j.free) < 1024 {
		j.free = append(j.free, r)
	}
}

// flush gives out what is left: first what has ended, in that order, then what
// has not, the one touched least recently first.
func (j *join) flush() {
	for range settle {
		if r := j.ended[j.at]; r != nil {
			j.give(r)
		}
		j.at = (j.at + 1) % settle
	}
	for j.used.next != &j.used {
		j.give(j.used.next)
	}
}
