package maillog

import "bytes"

// rspamd reads rspamd's own log: its summary of each message, a line by itself,
// in its default form, in syslog, as its JSON log, or as rows of its history.
type rspamd struct{ *join }

func newRspamd(j *join) grammar { return &rspamd{j} }

func (x *rspamd) end(*stream) {}

func (x *rspamd) line(s *stream, b []byte) verdict {
	f := &s.frame
	*f = frame{}
	b = uncolored(b)
	if len(b) > 0 && b[0] == '{' {
		s.json.reset()
		return x.json(s, b)
	}
	if n := rspamdStamp(b); n > 0 {
		f.kind, f.stamp = stampISO, b[:isoLength(b)]
		return x.text(s, b[n:])
	}
	if !s.framed(b) {
		return unknown
	}
	if string(f.tag) != "rspamd" {
		return foreign
	}
	return x.syslog(s)
}

// syslog reads what rspamd told a syslog daemon, as text or as JSON.
func (x *rspamd) syslog(s *stream) verdict {
	if !startsWith(s.frame.msg, "{") {
		return x.text(s, s.frame.msg)
	}
	e := rspamdEntry{x: x, s: s}
	if s.json.object(s.frame.msg, e.member) && e.stamp != nil && e.msg != nil {
		e.logged()
	}
	e.drop()
	return known
}

// rspamdStamp is the length of what stands before a process id in rspamd's own
// log: "2026-03-01 10:00:00 #" and, with log_severity, "2026-03-01 10:00:00 [info] #".
func rspamdStamp(b []byte) int {
	n := isoLength(b)
	if n == 0 {
		return 0
	}
	rest, ok := skip(b[n:], " [")
	if ok {
		if i := bytes.IndexByte(rest[:min(len(rest), 16)], ']'); i >= 0 {
			n += len(" [") + i + len("]")
		}
	}
	if !startsWith(b[n:], " #") {
		return 0
	}
	return n + len(" #")
}

// uncolored takes the color off that rspamd gives to a line with log_color.
func uncolored(b []byte) []byte {
	if rest, ok := skip(b, "\x1b["); ok {
		if i := bytes.IndexByte(rest, 'm'); i >= 0 {
			return rest[i+1:]
		}
	}
	return b
}

// text reads "1234(normal) <tag>; task; rspamd_task_write_log: ...".
func (x *rspamd) text(s *stream, b []byte) verdict {
	if task, ok := after(b, "rspamd_task_write_log: "); ok {
		x.one(s, func(r *record) bool { return rspamdTask(r, task) })
	}
	return known
}

// one makes a record of one line.
func (x *rspamd) one(s *stream, fill func(*record) bool) {
	r := x.alone(s)
	s.dated(r)
	r.began, r.ended, r.arrived = true, true, fill(r)
	x.give(r)
}

// rspamd reads its summary in Postfix's log, joined by the queue id in it.
func (p *postfix) rspamd(s *stream) verdict {
	task, ok := rspamdTaskOf(&s.json, s.frame.msg)
	if !ok {
		return known
	}
	var t rspamdHead
	if !t.parse(task) || len(t.qid) == 0 {
		return known
	}
	r := p.message(s, t.qid, false)
	rspamdTask(r, task)
	return known
}

// rspamdHead is what stands before the symbols of a summary.
type rspamdHead struct {
	id, qid, ip, user, from, rest []byte
	hasFrom                       bool
}

// parse reads "id: <x@y>, qid: <Q>, ip: 192.0.2.1, user: u, from: <a@b>, (default: ...".
// It reads from the left, piece by piece, for a sender chooses id and from.
func (t *rspamdHead) parse(b []byte) bool {
	rest, ok := skip(b, "id: ")
	if !ok {
		return false
	}
	t.id, rest = rspamdValue(rest)
	for len(rest) > 0 && rest[0] != '(' {
		key, v, ok := bytes.Cut(rest, []byte(": "))
		if !ok {
			return false
		}
		var value []byte
		value, rest = rspamdValue(v)
		switch string(key) {
		case "qid":
			t.qid = value
		case "ip":
			t.ip = value
		case "user":
			t.user = value
		case "from":
			t.from, t.hasFrom = value, true
		}
	}
	t.rest = rest
	return true
}

// rspamdValue cuts "<value>, " or "value, " off.
func rspamdValue(b []byte) (value, rest []byte) {
	end := ", "
	if len(b) > 0 && b[0] == '<' {
		b, end = b[1:], ">, "
	}
	i := indexOf(b, end)
	if i < 0 {
		return b, nil
	}
	return b[:i], b[i+len(end):]
}

func rspamdTask(r *record, b []byte) bool {
	var t rspamdHead
	if !t.parse(b) {
		return false
	}
	if string(t.id) != "undef" {
		r.set(&r.messageID, t.id)
	}
	if string(t.qid) != "undef" {
		r.set(&r.queueID, t.qid)
	}
	r.clientIP(address(t.ip))
	r.authenticated = r.authenticated || len(t.user) > 0
	if t.hasFrom {
		r.mailFrom(t.from)
	}
	if symbols, ok := after(t.rest, "] ["); ok {
		rspamdSymbols(r, symbols)
	}
	return true
}

// rspamdSymbols reads "NAME(-0.20){option;option;},NAME(0.00){},...".
func rspamdSymbols(r *record, b []byte) {
	for len(b) > 0 {
		name := upTo(b, "(]")
		if b = b[len(name):]; len(b) == 0 || b[0] == ']' {
			return
		}
		_, rest, ok := bytes.Cut(b, []byte(")"))
		if !ok {
			return
		}
		var options []byte
		if len(rest) > 0 && rest[0] == '{' {
			if options, rest, ok = bytes.Cut(rest[1:], []byte("}")); !ok {
				return
			}
		}
		r.set(&r.by, []byte("rspamd"))
		if rspamdSays(name) {
			rspamdSymbol(r, name, options)
		}
		b, _ = skip(rest, ",")
	}
}

// rspamdSays tells whether a symbol can be one that rspamdSymbol knows.
func rspamdSays(name []byte) bool {
	return startsWith(name, "R_") || startsWith(name, "DMARC_") || startsWith(name, "FROM_")
}

// rspamdSymbol takes over a symbol of the modules spf, dkim and dmarc, whose
// options are "one;two;".
func rspamdSymbol(r *record, name, all []byte) {
	first, more, _ := bytes.Cut(all, []byte(";"))
	second, _, _ := bytes.Cut(more, []byte(";"))
	if v, ok := skip(name, "R_SPF_"); ok {
		r.set(&r.spf, []byte(rspamdSPF(v)))
		return
	}
	switch string(name) {
	case "DMARC_POLICY_ALLOW", "DMARC_POLICY_ALLOW_WITH_FAILURES":
		rspamdDMARC(r, "pass", second)
	case "DMARC_POLICY_REJECT", "DMARC_POLICY_QUARANTINE", "DMARC_POLICY_SOFTFAIL":
		rspamdDMARC(r, "fail", second)
	case "DMARC_NA":
		rspamdDMARC(r, "none", nil)
	case "DMARC_DNSFAIL":
		rspamdDMARC(r, "temperror", nil)
	case "DMARC_BAD_POLICY":
		rspamdDMARC(r, "permerror", nil)
	case "R_DKIM_ALLOW":
		rspamdDKIM(r, "pass", all)
	case "R_DKIM_REJECT":
		rspamdDKIM(r, "fail", all)
	case "R_DKIM_TEMPFAIL":
		rspamdDKIM(r, "temperror", all)
	case "R_DKIM_PERMFAIL":
		rspamdDKIM(r, "permerror", all)
	case "R_DKIM_NA":
		r.set(&r.dkim, []byte("none"))
	case "FROM_EQ_ENVFROM":
		if r.hasFrom {
			r.author(domainOf(r.bytes(r.from)))
		}
	case "FROM_NEQ_ENVFROM":
		r.author(domainOf(first))
	}
}

func rspamdSPF(v []byte) string {
	switch string(v) {
	case "ALLOW", "PLUSALL": // PLUSALL is pass by a record that lets everyone
		return "pass"
	case "FAIL":
		return "fail"
	case "SOFTFAIL":
		return "softfail"
	case "NEUTRAL":
		return "neutral"
	case "NA":
		return "none"
	case "DNSFAIL":
		return "temperror"
	case "PERMFAIL":
		return "permerror"
	}
	return ""
}

// rspamdDMARC reads "example.com : No valid SPF, No valid DKIM;reject;". The
// domain is that of the policy record, which may be above the author's.
func rspamdDMARC(r *record, word string, policy []byte) {
	r.set(&r.dmarc, []byte(word))
	if isPolicy(policy) {
		r.set(&r.policy, policy)
	}
}

func isPolicy(b []byte) bool {
	switch string(b) {
	case "none", "quarantine", "reject":
		return true
	}
	return false
}

// rspamdDKIM reads "example.com:s=sel;other.example:s=two;".
func rspamdDKIM(r *record, word string, b []byte) {
	if r.dkim.empty() || word == "pass" {
		r.dkim = r.keep([]byte(word))
	}
	for len(b) > 0 {
		var one []byte
		one, b, _ = bytes.Cut(b, []byte(";"))
		domain, selector, _ := bytes.Cut(one, []byte(":s="))
		if isDomain(domain) {
			r.signed(domain, selector, nil, []byte(word), 0)
		}
	}
}
