package maillog

import (
	"bytes"
	"time"
)

// postfix joins the lines of Postfix by queue id, together with those of the
// filters that log under the same id.
type postfix struct {
	*join
	notes notes
}

func newPostfix(j *join) grammar {
	p := &postfix{join: j}
	p.notes.init()
	return p
}

func (p *postfix) end(*stream) {}

func (p *postfix) line(s *stream, b []byte) verdict {
	if !s.framed(b) {
		return unknown
	}
	f := &s.frame
	service := f.service()
	if len(service) != len(f.tag) {
		return p.service(s, service)
	}
	return p.filter(s)
}

// service reads a line of one of Postfix's own programs.
func (p *postfix) service(s *stream, service []byte) verdict {
	switch string(service) {
	case "smtpd":
		return p.smtpd(s)
	case "cleanup":
		return p.cleanup(s)
	case "qmgr", "oqmgr", "nqmgr":
		return p.qmgr(s)
	case "pickup":
		return p.pickup(s)
	case "postscreen":
		return p.postscreen(s)
	case "smtp", "lmtp", "relay", "local", "virtual", "pipe", "error", "retry", "discard", "bounce", "defer", "trace":
		return p.delivery(s)
	case "postsuper":
		return p.postsuper(s)
	case "policy-spf":
		return p.policy(s)
	case "anvil", "master", "scache", "tlsproxy", "dnsblog", "verify", "tlsmgr", "trivial-rewrite", "postfix-script", "script",
		"postdrop", "sendmail", "flush", "showq", "proxymap", "postlog", "postmap", "postalias", "postqueue", "spawn", "qmqpd",
		"postmulti", "postfix", "postcat", "postkick", "mass_mail", "proxywrite", "postlogd":
		return known
	}
	return foreign
}

// filter reads a line of a program beside Postfix.
func (p *postfix) filter(s *stream) verdict {
	switch string(s.frame.tag) {
	case "opendkim":
		return p.opendkim(s)
	case "opendmarc":
		return p.opendmarc(s)
	case "policyd-spf", "policy-spf", "postfix-policyd-spf", "python-policyd-spf":
		return p.policy(s)
	case "rspamd":
		return p.rspamd(s)
	case "amavis", "amavisd":
		return p.amavis(s)
	}
	return foreign
}

// queueID cuts "4104E3D: " off. Short ids are upper-case hex; long ones have
// neither vowels nor anything but letters and digits.
func queueID(b []byte) (id, rest []byte, ok bool) {
	kind := shortQueueID | longQueueID
	for i, c := range b {
		if c == ':' {
			ok = i >= 5 && i <= 32 && i+1 < len(b) && b[i+1] == ' '
			if !ok {
				return nil, b, false
			}
			return b[:i], b[i+2:], true
		}
		if kind &= classes[c]; kind == 0 || i > 32 {
			return nil, b, false
		}
	}
	return nil, b, false
}

func isVowel(c byte) bool {
	switch c | 0x20 {
	case 'a', 'e', 'i', 'o', 'u':
		return true
	}
	return false
}

// longIDTime reads the moment that a long queue id holds: seconds since 1970
// and microseconds to base 52, then z and the inode.
func longIDTime(id []byte) (time.Time, bool) {
	z := bytes.LastIndexByte(id, 'z')
	if z < 10 || z > 11 {
		return time.Time{}, false
	}
	sec, ok := base52(id[:z-4])
	return time.Unix(sec, 0).UTC(), ok
}

func base52(b []byte) (n int64, ok bool) {
	for _, c := range b {
		d := base52Digits[c]
		if d == 0 {
			return 0, false
		}
		n = n*52 + int64(d-1)
	}
	return n, true
}

// base52Digits are those of long queue ids, each one more than it counts.
var base52Digits = digits("0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz")

// message returns the record of a queue id, opened where there is none. begin
// tells that the line is one with which messages come in: where the record has
// had one, the id is used again and is another message.
func (p *postfix) message(s *stream, id []byte, begin bool) *record {
	r := p.find(p.keyOf(s.frame.host, id))
	if r != nil && begin && r.used(s) {
		p.give(r)
		r = nil
	}
	if r == nil {
		r = p.start(p.keyOf(s.frame.host, id), s)
		r.queueID = r.keep(id)
		s.dated(r)
	}
	p.touch(r, s)
	r.arrived = true
	if begin {
		r.began, r.claimed = true, true
		s.dated(r)
		if t, ok := longIDTime(id); ok {
			s.datedBy(r, t)
		}
	}
	return r
}

// closed ends a message, however many of its lines have come.
func (p *postfix) closed(r *record) {
	if !r.ended {
		r.refs = 1
		p.join.end(r)
	}
}

// pickup reads "QID: uid=0 from=<root>": a message of this host's own.
func (p *postfix) pickup(s *stream) verdict {
	id, _, ok := queueID(s.frame.msg)
	if !ok {
		return aside(s.frame.msg)
	}
	p.message(s, id, true).authenticated = true // a user of this host
	return known
}

// qmgr reads the queue manager's lines.
func (p *postfix) qmgr(s *stream) verdict {
	id, rest, ok := queueID(s.frame.msg)
	if !ok {
		return aside(s.frame.msg)
	}
	switch {
	case startsWith(rest, "removed"):
		p.removed(s, id)
	case startsWith(rest, "from=<"):
		r := p.message(s, id, false)
		if from, ok := bracketed(rest[5:]); ok {
			r.mailFrom(from)
			p.adopt(s, r)
		}
	}
	return known
}

// removed ends a message. Of one not met before only that is kept, for a source
// with its other lines that is read later.
func (p *postfix) removed(s *stream, id []byte) {
	r := p.find(p.keyOf(s.frame.host, id))
	if r == nil {
		r = p.start(p.keyOf(s.frame.host, id), s)
		r.queueID = r.keep(id)
		s.dated(r)
	}
	if p.touch(r, s); !r.ended {
		p.join.end(r)
	}
}

// bracketed reads "<a@b>" before ", " or the end of the line.
func bracketed(b []byte) (inside []byte, ok bool) {
	if len(b) == 0 || b[0] != '<' {
		return nil, false
	}
	for i, c := range b {
		if c == '>' && (i+1 == len(b) || b[i+1] == ',' || b[i+1] == ' ' || b[i+1] == ';') {
			return b[1:i], true
		}
	}
	return nil, false
}

// delivery reads lines of delivery agents. They tell that a message is there,
// and where it came back from a content filter as another one.
func (p *postfix) delivery(s *stream) verdict {
	id, rest, ok := queueID(s.frame.msg)
	if !ok {
		return aside(s.frame.msg)
	}
	r := p.find(p.keyOf(s.frame.host, id))
	if r == nil || r.ended {
		return known
	}
	p.touch(r, s)
	if next, ok := afterLast(rest, "queued as "); ok {
		p.same(s, r, upTo(next, ") "))
	}
	return known
}

// same notes that a message came back into the queue under another id: one that
// has come from this host itself is dropped, and its lines go to r.
func (p *postfix) same(s *stream, r *record, id []byte) {
	key := p.keyOf(s.frame.host, id)
	again := p.find(key)
	if again == nil || again == r || !again.ip.IsLoopback() || again.authenticated {
		return
	}
	open := !again.ended
	p.drop(again)
	p.alias(r, p.keyOf(s.frame.host, id))
	if !open {
		p.join.end(r)
	}
}

// postsuper reads "QID: removed"; other lines are about the queue as a whole.
func (p *postfix) postsuper(s *stream) verdict {
	if id, rest, ok := queueID(s.frame.msg); ok && startsWith(rest, "removed") {
		if r := p.find(p.keyOf(s.frame.host, id)); r != nil && !r.ended {
			p.touch(r, s)
			p.closed(r)
		}
	}
	return known
}

// aside tells what to make of a line that names no message.
func aside(msg []byte) verdict {
	if len(msg) == 0 {
		return unknown
	}
	for _, w := range asidesBy[msg[0]] {
		if startsWith(msg, w) {
			return known
		}
	}
	return unknown
}

// asidesBy has asides by their first byte.
var asidesBy = func() (t [256][]string) {
	for _, w := range asides {
		t[w[0]] = append(t[w[0]], w)
	}
	return t
}()

// asides are how lines begin that speak of no message.
var asides = []string{
	"connect", "disconnect", "lost connection", "timeout", "warning: ", "fatal: ", "panic: ", "error: ", "info: ", "statistics: ",
	"improper command", "bare <", "too many errors", "SSL_", "setting up TLS", "Anonymous TLS", "Untrusted TLS", "Trusted TLS",
	"Verified TLS", "initializing the", "table ", "reload", "NOQUEUE: ", "cache ", "Host offered", "certificate verification",
	"Server certificate", "smtp_", "save session", "remove session", "mapping DSN", "enabling PIX", "host ", "conversation with",
	"daemon started", "starting", "stopping", "proxy-", "cleanup", "using backwards", "max connection", "max message",
	"TLS ", "discarding EHLO", "hold: ", "milter", "unable", "dict_", "ignoring", "open ", "read ", "sender non-delivery",
}
