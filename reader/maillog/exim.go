package maillog

import "bytes"

// exim joins the lines of Exim's main log by message id. See docs/logs.md for
// what its DMARC= means.
type exim struct{ *join }

func newExim(j *join) grammar { return &exim{j} }

func (x *exim) end(*stream) {}

func (x *exim) line(s *stream, b []byte) verdict {
	if b[0] == ' ' {
		return known // a message of several lines goes on
	}
	b, v := eximFrame(s, b)
	if v != known {
		return v
	}
	if b[0] == '[' { // "[10099] " with log_selector +pid
		if i := indexOf(b, "] "); i > 0 {
			if _, ok := number(b[1:i]); ok {
				b = b[i+2:]
			}
		}
	}
	if len(b) == 0 {
		return unknown
	}
	if n := eximID(b); n > 0 {
		return x.message(s, b[:n], b[n+1:])
	}
	return x.connection(s, b)
}

// eximFrame takes stamp and syslog frame off, whichever stands first. Exim's own
// stamp is the better one: it has the year.
func eximFrame(s *stream, b []byte) ([]byte, verdict) {
	f := &s.frame
	n := isoLength(b)
	if n > 0 && len(b) > n+1 && b[10] == ' ' {
		*f = frame{kind: stampISO, stamp: b[:n]}
		b = b[n+1:]
		host, rest := word(b)
		if tag, more := word(rest); startsWith(tag, "exim") && len(tag) > 5 && tag[len(tag)-1] == ':' { // "host exim[1]: "
			f.host, b = host, more
		}
		return b, verdictIf(len(b) > 0)
	}
	if !f.parse(b, &s.json) {
		return nil, unknown
	}
	if !startsWith(f.tag, "exim") {
		return nil, foreign
	}
	b = f.msg
	if n := isoLength(b); n > 0 && len(b) > n+1 {
		f.kind, f.stamp, b = stampISO, b[:n], b[n+1:]
	}
	return b, verdictIf(len(b) > 0)
}

// eximID is the length of a message id at the front of b: 6-6-2 characters to
// base 62, since Exim 4.97 6-11-4.
func eximID(b []byte) int {
	for _, n := range [...]int{16, 23} {
		if len(b) > n && b[n] == ' ' && eximIDAt(b[:n], n) {
			return n
		}
	}
	return 0
}

func eximIDAt(b []byte, n int) bool {
	second := 13
	if n == 23 {
		second = 18
	}
	for i, c := range b {
		if dash := i == 6 || i == second; dash != (c == '-') || !dash && !isAlnum(c) {
			return false
		}
	}
	return true
}

func (x *exim) message(s *stream, id, b []byte) verdict {
	mark, rest := word(b)
	switch string(mark) {
	case "<=":
		x.arrival(s, id, rest)
		return known
	case "Completed":
		if r := x.find(x.keyOf(nil, id)); r != nil && !r.ended {
			x.touch(r, s)
			x.join.end(r)
		}
		return known
	case "=>", "->", ">>", "*>", "**", "==", "no", "Frozen", "SMTP", "removed", "cancelled", "routing", "Unfrozen", "failed":
		return known
	case "DKIM:":
		x.dkim(x.record(s, id), rest)
		return known
	case "DMARC":
		x.dmarc(x.record(s, id), rest)
		return known
	}
	if startsWith(b, "H=") {
		x.rejection(s, id, b)
	}
	return known // what routers, ACLs and system filters log is free text
}

func (x *exim) record(s *stream, id []byte) *record {
	r := x.find(x.keyOf(nil, id))
	if r == nil {
		r = x.start(x.keyOf(nil, id), s)
		r.queueID = r.keep(id)
		s.dated(r)
	}
	x.touch(r, s)
	return r
}

// arrival reads "<= a@b H=name (helo) [ip]:port P=esmtps A=login:id S=1 DKIM=d id=x@y".
func (x *exim) arrival(s *stream, id, b []byte) {
	r := x.record(s, id)
	if r.claimed {
		x.give(r)
		r = x.record(s, id)
	}
	r.began, r.claimed, r.arrived = true, true, true
	from, rest := word(b)
	r.mailFrom(from)
	name, _ := eximHost(r, rest)
	for t := range eximTokens(rest) {
		x.token(r, t, name)
	}
	r.set(&r.by, []byte("exim"))
}

// token reads one KEY=value of an arrival line.
func (x *exim) token(r *record, t, name []byte) {
	i := bytes.IndexByte(t[:min(len(t), len("DMARC="))], '=')
	if i < 0 {
		return
	}
	key, v := t[:i], t[i+1:]
	switch string(key) {
	case "P":
		switch {
		case startsWith(v, "local"):
			r.authenticated = true
		case startsWith(v, "e") && r.helo.empty(): // EHLO was given, and was the name that the address has
			r.set(&r.helo, name)
		}
	case "A":
		r.authenticated = true
	case "DKIM":
		r.signed(v, nil, nil, []byte("pass"), 0)
		r.set(&r.dkim, []byte("pass"))
	case "SPF":
		r.setLower(&r.spf, v)
	case "DMARC":
		r.setLower(&r.dmarc, v)
	case "id":
		r.set(&r.messageID, v)
	}
}

// eximTokens yields the words of b up to a quoted subject, which ends the line.
func eximTokens(b []byte) func(func([]byte) bool) {
	return func(yield func([]byte) bool) {
		for len(b) > 0 {
			var t []byte
			if t, b = word(b); startsWith(t, `T="`) || !yield(t) {
				return
			}
		}
	}
}

// eximHost reads H=name (helo) [ip]:port. Without (helo) the name given in HELO
// was that of the address, or none was given. It returns the name and the rest.
func eximHost(r *record, b []byte) (name, rest []byte) {
	if !startsWith(b, "H=") {
		var ok bool
		if b, ok = after(b, " H="); !ok {
			return nil, b
		}
	} else {
		b = b[2:]
	}
	if len(b) > 0 && b[0] != '(' && b[0] != '[' {
		name, b = word(b)
		r.set(&r.client, name)
	}
	if len(b) > 0 && b[0] == '(' {
		b = eximHELO(r, b[1:])
	}
	if _, ip, more, ok := peer(b); ok {
		r.clientIP(ip)
		b = more
	}
	return name, b
}

// eximHELO reads "helo) [ip]..." up to the address. A client may have put the
// like into its HELO, so the last before the next field counts.
func eximHELO(r *record, b []byte) (rest []byte) {
	end := 0
	for end+2 < len(b) && (b[end] != ' ' || b[end+2] != '=' || b[end+1] < 'A' || b[end+1] > 'Z') {
		end++
	}
	if end+2 >= len(b) {
		end = len(b)
	}
	i := lastIndex(b[:end], ") [")
	if i < 0 {
		return nil
	}
	r.set(&r.helo, b[:i])
	return b[i+2:]
}

// dkim reads "d=dom s=sel c=relaxed/relaxed a=rsa-sha256 b=2048 [verification succeeded]".
func (x *exim) dkim(r *record, b []byte) {
	d, ok := skip(b, "d=")
	if !ok {
		return
	}
	status, ok := afterLast(b, "[")
	if !ok || startsWith(status, "failed key import") { // the outcome comes on a line of its own
		return
	}
	algorithm := field(b, " a=", " ")
	bits := int64(0)
	if startsWith(algorithm, "rsa") { // b= is the signature's length, an RSA key's too
		bits, _ = number(field(b, " b=", " "))
	}
	result := eximDKIM(status)
	r.signed(upTo(d, " "), field(b, " s=", " "), algorithm, []byte(result), int32(min(bits, 1<<20)))
	if result == "pass" || r.dkim.empty() {
		r.dkim = r.keep([]byte(result))
	}
	r.set(&r.by, []byte("exim"))
}

// eximDKIM is the word that Exim itself writes into Authentication-Results for
// the same outcome.
func eximDKIM(status []byte) string {
	switch {
	case startsWith(status, "verification succeeded"):
		return "pass"
	case startsWith(status, "verification failed"):
		return "fail"
	case startsWith(status, "invalid - public key record (currently?) unavailable"):
		return "temperror"
	case startsWith(status, "invalid - overlong public key record"):
		return "permerror"
	}
	return "neutral"
}

// dmarc reads "results: spf_domain=a dmarc_domain=b spf_align=yes dkim_align=no enforcement='Accept'".
// The second domain is that of the policy record, which may be above the author's.
func (x *exim) dmarc(r *record, b []byte) {
	if !startsWith(b, "results: ") {
		return
	}
	r.setLower(&r.spfDomain, field(b, "spf_domain=", " "))
	r.set(&r.dmarc, field(b, "enforcement='", "'"))
	r.set(&r.by, []byte("exim"))
}

// connection reads lines without a message id. Rejections of a recipient are
// messages that did not come in.
func (x *exim) connection(s *stream, b []byte) verdict {
	if startsWith(b, "H=") {
		x.rejection(s, nil, b)
		return known
	}
	return known // the daemon's, connections', queue runners' lines: free text
}

// rejection reads "H=... F=<a@b> rejected RCPT <c@d>: text" and "rejected after DATA".
func (x *exim) rejection(s *stream, id, b []byte) {
	i := indexOf(b, "rejected ")
	if i < 0 {
		return
	}
	what := b[i+len("rejected "):]
	head := b[:i]
	from, ok := afterLast(head, " F=")
	if !ok || startsWith(what, "MAIL") || startsWith(what, "EHLO") || startsWith(what, "HELO") {
		return
	}
	from = upTo(from, " ")
	var r *record
	if id != nil {
		r = x.record(s, id)
	} else {
		key := x.keyOf(upTo(head, "F"), from)
		if r = x.find(key); r != nil {
			x.touch(r, s)
			return // one more recipient
		}
		r = x.start(key, s)
		s.dated(r)
	}
	r.began, r.claimed, r.arrived = true, true, true
	r.mailFrom(from)
	eximHost(r, head)
	r.authenticated = r.authenticated || indexOf(head, " A=") >= 0
	r.set(&r.by, []byte("exim"))
	if indexOf(what, "DMARC") >= 0 {
		r.set(&r.disposition, []byte("reject"))
	}
	if !r.ended {
		x.join.end(r)
	}
}
