package maillog

import (
	"bytes"
	"net/netip"
)

// smtpd reads the lines of the SMTP server.
func (p *postfix) smtpd(s *stream) verdict {
	msg := s.frame.msg
	if rest, ok := skip(msg, "NOQUEUE: "); ok {
		return p.noQueue(s, rest)
	}
	id, rest, ok := queueID(msg)
	if !ok {
		if startsWith(msg, "disconnect from ") || startsWith(msg, "lost connection after ") || startsWith(msg, "timeout after ") {
			p.hungUp(s)
		}
		return aside(msg)
	}
	if rest, ok := skip(rest, "client="); ok {
		p.client(s, id, rest)
		return known
	}
	p.restriction(s, id, rest)
	return known
}

// client reads "client=name[ip], sasl_method=, sasl_username=, orig_queue_id=,
// orig_client=": the line with which a message comes in.
func (p *postfix) client(s *stream, id, rest []byte) {
	name, ip, more, ok := peer(rest)
	if !ok {
		return
	}
	if first, ok := after(more, "orig_queue_id="); ok { // back from a content filter
		if r := p.find(p.keyOf(s.frame.host, upTo(first, ", "))); r != nil && !r.ended {
			p.touch(r, s)
			p.alias(r, p.keyOf(s.frame.host, id))
			return
		}
	}
	if orig, ok := after(more, "orig_client="); ok {
		if n, a, _, ok := peer(orig); ok {
			name, ip = n, a
		}
	}
	r := p.message(s, id, true)
	r.set(&r.client, name)
	r.clientIP(ip)
	r.authenticated = r.authenticated || indexOf(more, "sasl_username=") >= 0 || indexOf(more, "sasl_method=") >= 0
}

// trailer is what Postfix puts behind "; " on lines about a client: from=<>,
// to=<>, proto= and helo=<>.
type trailer struct {
	from, helo []byte
	hasFrom    bool
}

// trailerOf reads it from the last place where one begins, for what stands
// before it is free text. Postscreen puts commas between.
func trailerOf(b []byte) (t trailer) {
	if from, ok := afterLast(b, "; from="); ok {
		t.from, t.hasFrom = bracketed(from)
		b = from
	} else if b, ok = afterLast(b, "; proto="); !ok {
		return t
	}
	if helo, ok := after(b, " helo=<"); ok {
		t.helo = upTo(helo, ">")
	}
	return t
}

// restriction reads what a restriction, a table or a milter did to a message:
// "reject: RCPT from name[ip]: 550 ...; from=<> to=<> proto=ESMTP helo=<>".
func (p *postfix) restriction(s *stream, id, rest []byte) {
	t := trailerOf(rest)
	r := p.find(p.keyOf(s.frame.host, id))
	if r == nil && !t.hasFrom {
		return
	}
	r = p.message(s, id, false)
	p.blame(r, rest, t)
	p.adopt(s, r)
	if rejected(rest) {
		r.began = true
		p.closed(r)
	}
}

// rejected tells whether a milter or a table refused a whole message: at its
// end or at DATA. Other rejections are of one recipient.
func rejected(b []byte) bool {
	for _, w := range []string{"milter-reject: ", "reject: ", "milter-discard: ", "discard: "} {
		if rest, ok := skip(b, w); ok {
			return startsWith(rest, "END-OF-MESSAGE") || startsWith(rest, "DATA") || startsWith(rest, "BDAT") ||
				startsWith(rest, "header ") || startsWith(rest, "body ") || startsWith(rest, "mime-header ")
		}
	}
	return false
}

// blame takes over what such a line tells of client and envelope, and whether a
// DMARC filter was behind it.
func (p *postfix) blame(r *record, b []byte, t trailer) {
	if len(t.helo) > 0 {
		r.set(&r.helo, t.helo)
	}
	if t.hasFrom {
		r.mailFrom(t.from)
	}
	if name, ip := blamed(b); ip.IsValid() && !r.ip.IsValid() {
		r.set(&r.client, name)
		r.clientIP(ip)
	}
	switch {
	case indexOf(b, "ejected by DMARC policy for ") >= 0:
		r.set(&r.disposition, []byte("reject"))
	case indexOf(b, "uarantined by DMARC policy for ") >= 0:
		r.set(&r.disposition, []byte("quarantine"))
	}
}

// blamed is the client that such a line names: behind the SMTP command it was
// at, or right before the trailer where a table matched free text.
func blamed(b []byte) (name []byte, ip netip.Addr) {
	from, ok := after(b, " from ")
	if !ok {
		return nil, ip
	}
	if action := b[:len(b)-len(from)-len(" from ")]; !stageEnds(action) {
		if i := lastIndex(b, "; from="); i >= 0 {
			b = b[:i]
		}
		if from, ok = afterLast(b, " from "); !ok {
			return nil, ip
		}
	}
	name, ip, _, ok = peer(from)
	if !ok || bytes.IndexByte(name, ' ') >= 0 {
		return nil, netip.Addr{}
	}
	return name, ip
}

// stageEnds tells whether "reject: RCPT" or the like is an action and the
// command of SMTP that it came at, and nothing else.
func stageEnds(action []byte) bool {
	_, stage, ok := bytes.Cut(action, []byte(": "))
	for _, c := range stage {
		if (c < 'A' || c > 'Z') && c != '-' {
			return false
		}
	}
	return ok && len(stage) > 0
}

// noQueue reads a rejection that came before the message had a queue id. One
// record stands for all recipients of one sender that a connection tried.
func (p *postfix) noQueue(s *stream, rest []byte) verdict {
	if !startsWith(rest, "reject") && !startsWith(rest, "milter-reject") {
		return known // warn, filter, hold: the message goes on
	}
	t := trailerOf(rest)
	if !t.hasFrom {
		return known // no MAIL FROM yet: no message
	}
	key := p.processKey(s.frame.host, s.frame.pid)
	r := p.find(key)
	if r != nil && (r.ended || string(r.bytes(r.from)) != string(t.from)) {
		p.give(r)
		r = nil
	}
	if r == nil {
		r = p.start(p.processKey(s.frame.host, s.frame.pid), s)
		s.dated(r)
		r.began, r.arrived, r.whole = true, true, true
	}
	p.touch(r, s)
	p.blame(r, rest, t)
	p.adopt(s, r)
	return known
}

// hungUp ends what a connection had rejected.
func (p *postfix) hungUp(s *stream) {
	if r := p.find(p.processKey(s.frame.host, s.frame.pid)); r != nil && !r.ended {
		p.closed(r)
	}
}

// postscreen reads rejections of the server before the server. Its process
// serves many clients, so the client's address is part of the key.
func (p *postfix) postscreen(s *stream) verdict {
	rest, ok := skip(s.frame.msg, "NOQUEUE: reject: ")
	if !ok {
		if len(s.frame.msg) > 0 && (s.frame.msg[0] >= 'A' && s.frame.msg[0] <= 'Z') {
			return known // PASS OLD, CONNECT from, HANGUP, DNSBL rank, ...
		}
		return aside(s.frame.msg)
	}
	t := trailerOf(rest)
	from, ok := after(rest, " from ")
	if !t.hasFrom || !ok {
		return known
	}
	_, ip, _, ok := peer(from)
	if !ok {
		return known
	}
	key := p.processKey(s.frame.host, upTo(from, " "))
	r := p.find(key)
	if r != nil && string(r.bytes(r.from)) == string(t.from) {
		p.touch(r, s)
		return known // one more recipient
	}
	if r != nil {
		p.give(r)
	}
	r = p.start(p.processKey(s.frame.host, upTo(from, " ")), s)
	s.dated(r)
	r.began, r.arrived = true, true
	r.clientIP(ip)
	p.blame(r, rest, t)
	p.closed(r)
	return known
}

// cleanup reads message ids, what milters did at the end of the message, and
// header fields that were logged.
func (p *postfix) cleanup(s *stream) verdict {
	id, rest, ok := queueID(s.frame.msg)
	if !ok {
		return aside(s.frame.msg)
	}
	switch {
	case startsWith(rest, "message-id="):
		r := p.message(s, id, false)
		r.began = r.began || !r.hasFrom // made by this host: no smtpd, no pickup before it
		r.set(&r.messageID, unquote(rest[11:], '<', '>'))
	case startsWith(rest, "resent-message-id="):
		p.message(s, id, false)
	default:
		p.cleanupAction(s, id, rest)
	}
	return known
}

// cleanupAction reads "info: header From: A <a@b> from name[ip]; from=<> ..."
// and the like.
func (p *postfix) cleanupAction(s *stream, id, rest []byte) {
	p.restriction(s, id, rest)
	if header, ok := after(rest, ": header From: "); ok {
		if r := p.find(p.keyOf(s.frame.host, id)); r != nil {
			r.author(loggedFrom(header))
		}
	}
}

// loggedFrom is the domain of a From field as header_checks logs it, before
// " from name[ip];".
func loggedFrom(b []byte) []byte {
	if i := indexOf(b, "; from=<"); i >= 0 {
		b = b[:i]
	}
	for end := len(b); end > 0; {
		i := lastIndex(b[:end], " from ")
		if i < 0 {
			break
		}
		end = i
		if _, ip, _, ok := peer(b[i+6:]); ok && ip != (netip.Addr{}) || startsWith(b[i+6:], "local") {
			b = b[:i]
			break
		}
	}
	if indexOf(b, "<") != lastIndex(b, "<") { // several authors, or a name with brackets: not ours to say
		return nil
	}
	return domainOf(trimRight(b))
}
