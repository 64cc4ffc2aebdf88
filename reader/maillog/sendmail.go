package maillog

import (
	"bytes"
	"time"
)

// sendmail joins the lines of Sendmail by queue id, with those of the milters
// that log under it.
type sendmail struct{ *join }

func newSendmail(j *join) grammar { return &sendmail{j} }

func (m *sendmail) end(*stream) {}

func isSendmail(tag []byte) bool {
	return startsWith(tag, "sendmail") || startsWith(tag, "sm-") || string(tag) == "MTA"
}

func (m *sendmail) line(s *stream, b []byte) verdict {
	if !s.framed(b) {
		return unknown
	}
	f := &s.frame
	id, rest, ok := sendmailID(f.msg)
	switch {
	case isSendmail(f.tag):
		if ok {
			m.entry(s, id, rest)
		}
		return known // lines of the daemon itself name no message
	case !ok:
		return foreign
	case string(f.tag) == "opendkim":
		dkimLine(m.record(s, id), rest)
	case string(f.tag) == "opendmarc":
		dmarcLine(m.record(s, id), rest)
	default:
		return foreign
	}
	return known
}

// sendmailID cuts "s1NED81M017126: " off: year, month, day, hour, minute, second,
// a counter of two, and the process id.
func sendmailID(b []byte) (id, rest []byte, ok bool) {
	for i, c := range b {
		if c == ':' {
			ok = i >= 12 && i <= 20 && i+1 < len(b) && b[i+1] == ' '
			if !ok {
				return nil, b, false
			}
			return b[:i], b[i+2:], true
		}
		if !isAlnum(c) {
			break
		}
	}
	return nil, b, false
}

func (m *sendmail) dated(s *stream, r *record, id []byte) {
	s.dated(r)
	if t, ok := sendmailTime(id); ok {
		s.datedBy(r, t)
	}
}

// sendmailTime reads the moment that a queue id holds, in UTC and to base 60.
func sendmailTime(id []byte) (time.Time, bool) {
	var v [6]int
	for i := range v {
		if v[i] = int(base60[id[i]]) - 1; v[i] < 0 {
			return time.Time{}, false
		}
	}
	year := 1900 + v[0]
	for year < 1996 { // the year is counted modulo 60
		year += 60
	}
	if v[1] > 11 || v[2] < 1 || v[2] > 31 || v[3] > 23 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(v[1]+1), v[2], v[3], v[4], v[5], 0, time.UTC), true
}

// base60 has the digits of Sendmail's queue ids, each one more than it counts.
var base60 = digits("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx")

func digits(all string) (t [256]uint8) {
	for i := range len(all) {
		t[all[i]] = uint8(i + 1)
	}
	return t
}

func (m *sendmail) record(s *stream, id []byte) *record {
	r := m.find(m.keyOf(s.frame.host, id))
	if r == nil {
		return m.opened(s, id)
	}
	m.touch(r, s)
	return r
}

func (m *sendmail) opened(s *stream, id []byte) *record {
	r := m.start(m.keyOf(s.frame.host, id), s)
	r.queueID = r.keep(id)
	m.dated(s, r, id)
	return r
}

// entry reads a line of Sendmail's own about a message.
func (m *sendmail) entry(s *stream, id, b []byte) {
	switch {
	case startsWith(b, "from="):
		m.arrival(s, id, b)
	case startsWith(b, "AUTH="):
		m.record(s, id).authenticated = true
	case startsWith(b, "ruleset=check_rcpt"), startsWith(b, "ruleset=check_mail"):
		m.rejection(s, id, b)
	case startsWith(b, "Milter"):
		m.milter(s, id, b)
	case startsWith(b, "to="), startsWith(b, "done;"):
		if r := m.find(m.keyOf(s.frame.host, id)); r != nil && !r.ended {
			m.touch(r, s)
			m.join.end(r)
		}
	}
}

// arrival reads "from=<a@b>, size=1, class=0, nrcpts=1, msgid=<x@y>, proto=ESMTP,
// daemon=MTA, relay=name [ip]".
func (m *sendmail) arrival(s *stream, id, b []byte) {
	r := m.find(m.keyOf(s.frame.host, id))
	if r != nil && r.claimed {
		m.give(r)
		r = nil
	}
	if r == nil {
		r = m.opened(s, id)
	} else { // filters spoke of it before
		m.touch(r, s)
		m.dated(s, r, id)
	}
	r.began, r.claimed, r.arrived = true, true, true
	from, ok := bracketed(b[5:])
	if !ok {
		from = upTo(b[5:], ",")
	}
	r.mailFrom(from)
	var f sendmailFields
	f.parse(b[5+len(from):])
	r.set(&r.messageID, unquote(f.msgid, '<', '>'))
	r.authenticated = r.authenticated || f.auth
	m.relay(r, f.relay)
	if f.nobody && !r.ended { // every recipient was refused
		m.join.end(r)
	}
}

// sendmailFields are what stands behind the sender of a message.
type sendmailFields struct {
	msgid, relay []byte
	auth, nobody bool
}

// parse reads them in one pass. A client chooses the message id, so what stands
// before it counts the first time, and what stands behind it the last.
func (f *sendmailFields) parse(b []byte) {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '=')
		if i < 0 {
			return
		}
		at += i + 1
		switch key := lastWord(b[:at-1]); string(key) {
		case "nrcpts":
			f.nobody = f.nobody || f.msgid == nil && string(upTo(b[at:], ", ")) == "0"
		case "msgid":
			if f.msgid == nil {
				f.msgid = upTo(b[at:], ", ")
			}
		case "proto":
			f.auth = false
		case "auth", "authid":
			f.auth = true
		case "relay":
			f.relay = b[at:]
		}
	}
}

// lastWord is what stands behind the last ", " of b, where that is near its end.
func lastWord(b []byte) []byte {
	for i := len(b) - 1; i > 0 && i >= len(b)-8; i-- {
		if b[i] == ' ' && b[i-1] == ',' {
			return b[i+1:]
		}
	}
	return nil
}

// relay reads "name [ip] (may be forged)" or "user@localhost".
func (m *sendmail) relay(r *record, b []byte) {
	if b == nil {
		return
	}
	b = upTo(b, ",")
	if name, ip, _, ok := peer(b); ok {
		r.set(&r.client, trimRight(name))
		r.clientIP(ip)
		return
	}
	r.authenticated = true // a user of this host
}

// rejection reads "ruleset=check_rcpt, arg1=<c@d>, relay=name [ip], reject=550 text".
// The sender is not in it; a later from= line of the same id tells it.
func (m *sendmail) rejection(s *stream, id, b []byte) {
	r := m.record(s, id)
	r.began, r.arrived = true, true
	relay, _ := after(b, ", relay=")
	m.relay(r, relay)
	if startsWith(b, "ruleset=check_mail, arg1=") {
		if from, ok := bracketed(b[len("ruleset=check_mail, arg1="):]); ok {
			r.mailFrom(from)
		}
	}
}

// milter reads header fields that milters added and rejections of theirs.
func (m *sendmail) milter(s *stream, id, b []byte) {
	if v, ok := after(b, "header: Authentication-Results: "); ok {
		authresLine(m.record(s, id), v)
		return
	}
	if indexOf(b, "reject=") >= 0 && (startsWith(b, "Milter: data") || startsWith(b, "Milter: eom")) {
		r := m.record(s, id)
		if indexOf(b, "DMARC") >= 0 {
			r.set(&r.disposition, []byte("reject"))
		}
	}
}

// authresLine takes over an Authentication-Results field that was logged.
func authresLine(r *record, b []byte) {
	b = trimLeft(b)
	r.set(&r.by, upTo(b, "; "))
	for _, part := range bytes.Split(b, []byte(";")) {
		part = unfolded(part)
		if v, ok := skip(part, "spf="); ok {
			r.setLower(&r.spf, upTo(v, " ("))
		} else if v, ok := skip(part, "dmarc="); ok {
			r.setLower(&r.dmarc, upTo(v, " ("))
			r.author(field(v, "header.from=", " ;"))
		} else if v, ok := skip(part, "dkim="); ok {
			result := upTo(v, " (")
			r.setLower(&r.dkim, result)
			d := field(v, "header.d=", " ;")
			if d == nil {
				d = domainOf(field(v, "header.i=", " ;"))
			}
			r.signed(d, field(v, "header.s=", " ;"), field(v, "header.a=", " ;"), result, 0)
		}
	}
}

// unfolded takes off what stands before a part of a field: blanks, and the line
// ends of folding, which Sendmail logs as \n and \t.
func unfolded(b []byte) []byte {
	for len(b) > 0 {
		switch {
		case b[0] == ' ' || b[0] == '\t':
			b = b[1:]
		case len(b) > 1 && b[0] == '\\' && (b[1] == 'n' || b[1] == 't' || b[1] == 'r'):
			b = b[2:]
		default:
			return trimRight(b)
		}
	}
	return b
}
