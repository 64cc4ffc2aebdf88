package reader

import "bytes"

// single reads a source that is one message.
func (r *run) single(s *source, format Format) error {
	w := r.w
	u := Unit{Format: format, Envelope: s.env}
	skip, keep, count := 0, spillKeep, int64(-1)
	if format == Emlx {
		count, skip = emlxCount(w.bytes())
		keep = emlxTail
	} else if bytes.HasPrefix(w.bytes(), byteOrderMark) {
		skip = len(byteOrderMark)
		u.Anomalies = append(u.Anomalies, AnomalyLeadingBytes)
	}
	skip += fromLineAbove(w.bytes()[skip:], &u)
	msg := r.begin(s, skip)
	for w.more() {
		if msg.large() {
			msg.spill(keep)
		}
	}
	if err := nonEOF(w.err); err != nil {
		lost := msg.size + int64(w.len())
		msg.drop()
		return r.broken(s, 0, lost, err)
	}
	cut := w.len()
	if format == Emlx {
		cut = emlxCut(&msg, count, &u)
	}
	contentAnomalies(&u, w.bytes()[msg.skip:max(cut, msg.skip)], &msg, true)
	return msg.end(cut, w.len(), u)
}

// fromLineAbove takes the From_ line off that some programs leave above a
// message, and returns its length.
func fromLineAbove(b []byte, u *Unit) int {
	l, ok := parseFromLine(b[:min(len(b), lookahead)])
	if !ok || !isFieldLine(b[l.length:]) {
		return 0
	}
	e := l.envelope()
	if !u.Envelope.ReceivedAt.IsZero() {
		e.ReceivedAt, e.Zoned = u.Envelope.ReceivedAt, u.Envelope.Zoned
	}
	u.Envelope = e
	return l.length
}

// emlxTail is how much of a large .emlx stays in the window: the property list
// behind the message is smaller.
const emlxTail = 64 << 10

// emlxCut is where the message of an .emlx ends in the window. A wrong count is
// an anomaly; the message then goes up to the property list.
func emlxCut(m *message, count int64, u *Unit) int {
	b := m.run.w.bytes()
	if at := count - m.size + int64(m.skip); at >= int64(m.skip) && at <= int64(len(b)) {
		rest := bytes.TrimLeft(b[at:], "\r\n\t ")
		if len(rest) == 0 || bytes.HasPrefix(rest, []byte("<?xml")) {
			return int(at)
		}
	}
	u.Anomalies = append(u.Anomalies, AnomalyEmlxCount)
	tail := max(m.skip, len(b)-emlxTail)
	if i := bytes.LastIndex(b[tail:], []byte("<?xml")); i >= 0 {
		return tail + i
	}
	return len(b)
}
