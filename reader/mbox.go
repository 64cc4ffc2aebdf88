package reader

import (
	"bytes"

	"mailaudit/internal/scan"
)

// mboxReader splits one mbox. How a message ends is decided in separates.
type mboxReader struct {
	run     *run
	w       *window
	src     *source
	format  Format
	quoting Quoting
	first   fromLine // the file's first From_ line sets how much others must show

	unquoted bool // a "From " that did not split the current message
}

var newlineFrom = []byte("\nFrom ")

// spillKeep is how many bytes stay in the window when a large message leaves
// it: enough to see "\nFrom " across the border and a blank line before it.
const spillKeep = 16

// mbox reads an mbox of the given dialect; Mbox means to find it.
func (r *run) mbox(s *source, format Format) error {
	r.w.ensure(r.tune.evidence)
	m := &mboxReader{run: r, w: r.w, src: s}
	m.format, m.quoting = dialect(r.w.bytes()[:min(r.w.len(), r.tune.evidence)], format)
	lead := leading(r.w.bytes())
	r.w.advance(lead)
	r.w.ensure(lookahead)
	line, ok := parseFromLine(r.w.bytes()[:min(r.w.len(), lookahead)])
	if !ok {
		var err error
		if line, ok, err = m.seekFirst(); !ok || err != nil {
			return err
		}
		lead = 0
	}
	m.first = line
	for first := true; ok; first = false {
		var err error
		if line, ok, err = m.message(line, first && lead > 0); err != nil {
			return err
		}
	}
	return nil
}

// seekFirst passes over what lies before the first From_ line.
func (m *mboxReader) seekFirst() (fromLine, bool, error) {
	msg := m.run.begin(m.src, 0)
	msg.discard = true
	m.first.kind = fromBare // any form will do for a first line
	at, line, ok := m.next(&msg, 0, 0)
	m.w.advance(at)
	if err := nonEOF(m.w.err); err != nil && !ok {
		return line, false, m.run.broken(m.src, 0, m.w.off, err)
	}
	return line, ok, m.run.problem(&Problem{
		Source: m.src.name, Offset: msg.offset, Length: m.w.off - msg.offset, Code: CodeNoFromLine,
	})
}

// message reads the message whose From_ line the window begins with, gives it
// out, and returns the From_ line of the next one.
func (m *mboxReader) message(line fromLine, lead bool) (fromLine, bool, error) {
	envelope := line.envelope() // before the memory moves
	msg := m.run.begin(m.src, line.length)
	m.unquoted = false
	length := m.length(line.length)
	at, next, ok := m.next(&msg, line.length-1, length.jump)
	if err := nonEOF(m.w.err); err != nil && !ok {
		lost := msg.size + int64(m.w.len())
		msg.drop()
		return next, false, m.run.broken(m.src, msg.offset, lost, err)
	}
	u := Unit{Format: m.format, Quoting: m.quoting, Envelope: envelope}
	cut := m.cut(&msg, at, length, &u)
	m.anomalies(&u, &msg, cut, !ok, lead)
	return next, ok, msg.end(cut, at, u)
}

// cut is where the message in the window ends: before the blank line that
// separates it, or where its right Content-Length says.
func (m *mboxReader) cut(msg *message, at int, l contentLength, u *Unit) int {
	if l.present && msg.whole(at) {
		if gap := at - l.end; gap >= 0 && gap <= 2 && blank(m.w.bytes()[l.end:at]) {
			return l.end
		}
		u.Anomalies = append(u.Anomalies, AnomalyContentLength)
	}
	return msg.skip + len(trimBlankLine(m.w.bytes()[msg.skip:at]))
}

func (m *mboxReader) anomalies(u *Unit, msg *message, cut int, last, lead bool) {
	if lead {
		u.Anomalies = append(u.Anomalies, AnomalyLeadingBytes)
	}
	if m.unquoted && m.format != Mboxcl2 {
		u.Anomalies = append(u.Anomalies, AnomalyUnquotedFrom)
	}
	data := m.w.bytes()[msg.skip:max(cut, msg.skip)]
	contentAnomalies(u, data, msg, last)
}

// contentAnomalies adds those of the bytes: data is what the window has of them.
func contentAnomalies(u *Unit, data []byte, msg *message, last bool) {
	switch {
	case len(data) == 0 && msg.size == 0:
		u.Anomalies = append(u.Anomalies, AnomalyEmptyMessage)
	case last && len(data) > 0 && data[len(data)-1] != '\n':
		u.Anomalies = append(u.Anomalies, AnomalyNoFinalNewline)
	}
	if msg.nul || !msg.clean && bytes.IndexByte(data, 0) >= 0 {
		u.Anomalies = append(u.Anomalies, AnomalyNUL)
	}
}

// next finds the From_ line that ends the message: its place in the window, or
// the window's end when there is none. The search begins at from; up to jump
// the message goes on whatever stands there.
func (m *mboxReader) next(msg *message, from, jump int) (int, fromLine, bool) {
	w := m.w
	at := max(from, jump-1)
	msg.clean = at == from // what a jump passes over nobody has seen
	for {
		buf := w.bytes()
		i, nul := scan.IndexNUL(buf[at:], newlineFrom)
		msg.clean = msg.clean && !nul
		if i >= 0 {
			p := at + i + 1
			w.ensure(p + lookahead)
			if l, ok := m.separates(w.bytes(), p); ok {
				return p, l, true
			}
			m.unquoted = true
			at = p
			continue
		}
		at = max(at, len(buf)-len(newlineFrom)+1)
		if msg.large() {
			before := w.len()
			msg.spill(spillKeep)
			at -= before - w.len()
		}
		if !w.more() {
			return w.len(), fromLine{}, false
		}
	}
}

// separates tells whether the line at p begins a message. It must be a whole
// From_ line, and a header field must follow it. Behind a blank line, and with
// a date, it may also be followed by nothing, by a blank line, by another From_
// line, or by one odd line before the first field: messages can be broken.
func (m *mboxReader) separates(buf []byte, p int) (fromLine, bool) {
	after := buf[p:min(len(buf), p+lookahead)]
	l, ok := parseFromLine(after)
	if !ok {
		return l, false
	}
	blankBefore := endsBlank(buf[:p])
	switch l.kind {
	case fromPatch, fromBare:
		// A patch pasted into a message, or a line with an address and no
		// date: separators only where the file's first line looks the same.
		if m.first.kind != fromBare && m.first.kind != l.kind || !blankBefore {
			return l, false
		}
	}
	rest := after[l.length:]
	if isFieldLine(rest) || bytes.HasPrefix(rest, []byte(">From ")) {
		return l, true
	}
	return l, blankBefore && !l.date.IsZero() && brokenHeader(rest)
}

// brokenHeader tells whether b, behind a From_ line, can be a message although
// no field comes first.
func brokenHeader(b []byte) bool {
	line, n := firstLine(b)
	if len(b) == 0 || len(line) == 0 {
		return true
	}
	if _, ok := parseFromLine(b); ok {
		return true
	}
	return n > 0 && isFieldLine(b[n:])
}

// endsBlank tells whether b ends with a blank line, or is nothing before it.
func endsBlank(b []byte) bool {
	return bytes.HasSuffix(b, []byte("\n\n")) || bytes.HasSuffix(b, []byte("\n\r\n"))
}

// trimBlankLine takes one blank line off the end of b; b stands behind a From_
// line, so that a line end at its start is a blank line too.
func trimBlankLine(b []byte) []byte {
	switch {
	case string(b) == "\n" || string(b) == "\r\n":
		return b[:0]
	case bytes.HasSuffix(b, []byte("\n\r\n")):
		return b[:len(b)-2]
	case bytes.HasSuffix(b, []byte("\n\n")):
		return b[:len(b)-1]
	}
	return b
}

// blank tells whether b is nothing but one line end, or empty.
func blank(b []byte) bool {
	return len(b) == 0 || string(b) == "\n" || string(b) == "\r\n"
}
