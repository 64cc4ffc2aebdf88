package maillog

import "bytes"

// qpsmtpd joins the lines of a connection by process id and cuts them at MAIL.
// The open record holds what the connection said, the message in hand included.
type qpsmtpd struct{ *join }

func newQpsmtpd(j *join) grammar { return &qpsmtpd{j} }

func (q *qpsmtpd) end(*stream) {}

func (q *qpsmtpd) line(s *stream, b []byte) verdict {
	pid, msg, v := qpsmtpdFrame(s, b)
	if v != known {
		return v
	}
	if rest, ok := skip(msg, "("); ok {
		if hook, rest, ok := bytes.Cut(rest, []byte(") ")); ok {
			return q.plugin(s, pid, hook, rest)
		}
	}
	return q.server(s, pid, msg)
}

// qpsmtpdFrame takes apart what multilog ("@4000... 123 text"), tai64nlocal, the
// plugin logging/file (ctime, host[123]) and syslog put before a line.
func qpsmtpdFrame(s *stream, b []byte) (pid, msg []byte, v verdict) {
	f := &s.frame
	*f = frame{}
	switch n := isoLength(b); {
	case b[0] == '@' && len(b) > 26 && b[25] == ' ':
		f.kind, f.stamp, b = stampTAI, b[:25], b[26:]
	case n > 0 && len(b) > n+1 && b[n] == ' ' && isDigit(b[n+1]):
		f.kind, f.stamp, b = stampISO, b[:n], b[n+1:]
	case len(b) > 25 && b[3] == ' ' && month(b[4:]) > 0 && b[24] == ' ' && clock(b[11:]) >= 0:
		f.kind, f.stamp = stampC, b[:24]
		f.host, b = word(b[25:])
		if host, _, ok := bytes.Cut(f.host, []byte("[")); ok {
			_, _, _, ok = peer(f.host)
			pid, f.host = upTo(f.host[len(host)+1:], "]"), host
			return pid, b, verdictIf(ok && len(b) > 0)
		}
		return nil, nil, unknown
	case isDigit(b[0]):
	default:
		return qpsmtpdSyslog(s, b)
	}
	pid, msg = word(b)
	_, ok := number(pid)
	return pid, msg, verdictIf(ok && len(msg) > 0)
}

func qpsmtpdSyslog(s *stream, b []byte) (pid, msg []byte, v verdict) {
	f := &s.frame
	if !s.framed(b) {
		return nil, nil, unknown
	}
	if !startsWith(f.tag, "qpsmtpd") {
		return nil, nil, foreign
	}
	if p, rest := word(f.msg); len(rest) > 0 { // what went to standard error has the process id itself
		if _, ok := number(p); ok && (rest[0] == '(' || string(p) == string(f.pid)) {
			return p, rest, known
		}
	}
	return f.pid, f.msg, verdictIf(len(f.msg) > 0)
}

func verdictIf(ok bool) verdict {
	if ok {
		return known
	}
	return unknown
}

// connection returns the record of a process, nil where its beginning was missed.
func (q *qpsmtpd) connection(s *stream, pid []byte) *record {
	r := q.find(q.processKey(s.frame.host, pid))
	if r != nil {
		q.touch(r, s)
	}
	return r
}

// message is connection, opened where it is not.
func (q *qpsmtpd) message(s *stream, pid []byte) *record {
	if r := q.connection(s, pid); r != nil {
		return r
	}
	r := q.start(q.processKey(s.frame.host, pid), s)
	s.dated(r)
	return r
}

// finish gives a record out: all was said.
func (q *qpsmtpd) finish(r *record) {
	r.ended = true
	q.give(r)
}

// server reads what the server itself logs: what it was told and what it said.
func (q *qpsmtpd) server(s *stream, pid, b []byte) verdict {
	if c, ok := skip(b, "dispatching "); ok {
		q.command(s, pid, c)
		return known
	}
	switch {
	case startsWith(b, "Connection from "):
		if r := q.connection(s, pid); r != nil {
			q.finish(r)
		}
		r := q.message(s, pid)
		if name, ip, _, ok := peer(b[len("Connection from "):]); ok {
			if name = trimRight(name); len(name) > 0 && string(name) != "Unknown" {
				r.set(&r.client, name)
			}
			r.clientIP(ip)
		}
	case startsWith(b, "click, disconnecting"), startsWith(b, "close "):
		if r := q.connection(s, pid); r != nil {
			q.finish(r)
		}
	case startsWith(b, "cleaning up after "):
		if r := q.connection(s, b[len("cleaning up after "):]); r != nil {
			q.finish(r)
		}
	case startsWith(b, "235 "):
		if r := q.connection(s, pid); r != nil {
			r.authenticated = true
		}
	case len(b) > 3 && isDigit(b[0]) && isDigit(b[1]) && isDigit(b[2]) && (b[3] == ' ' || b[3] == '-'):
	default:
		return qpsmtpdAside(b)
	}
	return known
}

// qpsmtpdAside tells what to make of a line that says nothing of a message.
func qpsmtpdAside(b []byte) verdict {
	for _, w := range [...]string{
		"Accepted connection", "Lost connection", "auth success", "Running as user", "Loaded ", "Permissions on",
		"Listening on", "spooling message", "deny mail from", "denysoft mail from", "Loading ", "config", "running plugin",
		"Plugin ", "Connection Timed Out", "Too many connections", "hooking ", "XX: ", "from email address", "to email address",
		"full from_parameter", "getting mail from", "max_size", "delivery denied", "in config", "trying to get config", "size_threshold",
		"Initializing", "adding auth results", "FATAL PLUGIN ERROR", "Could not print", "Server ", "User: ", "Shutting down",
	} {
		if startsWith(b, w) {
			return known
		}
	}
	return unknown
}

// command reads a command of the client.
func (q *qpsmtpd) command(s *stream, pid, c []byte) {
	verb := upTo(c, " :")
	r := q.message(s, pid)
	switch {
	case isVerb(verb, "EHLO"), isVerb(verb, "HELO"):
		helo, _ := word(c[4:])
		r.helo = r.keep(helo)
	case isVerb(verb, "MAIL"):
		q.mail(s, pid, r, c)
	case isVerb(verb, "RSET"):
		if r.arrived {
			q.renew(s, pid, r)
		}
	}
}

func isVerb(b []byte, verb string) bool { return bytes.EqualFold(b, []byte(verb)) }

// mail reads "MAIL FROM:<a@b> SIZE=1": a message begins.
func (q *qpsmtpd) mail(s *stream, pid []byte, r *record, c []byte) {
	if r.arrived {
		r = q.renew(s, pid, r)
	}
	r.began, r.arrived = true, true
	r.offset = s.begin
	s.dated(r)
	r.set(&r.by, []byte("qpsmtpd"))
	if _, path, ok := bytes.Cut(c, []byte(":")); ok {
		path = trimLeft(path)
		if in, ok := bracketed(path); ok {
			r.mailFrom(in)
		} else {
			path, _ = word(path)
			r.mailFrom(path)
		}
	}
}

// renew gives out the message in hand and opens the connection's next one.
func (q *qpsmtpd) renew(s *stream, pid []byte, r *record) *record {
	client, helo := bytes.Clone(r.bytes(r.client)), bytes.Clone(r.bytes(r.helo))
	ip, authenticated := r.ip, r.authenticated
	q.finish(r)
	n := q.message(s, pid)
	n.client, n.helo, n.ip, n.authenticated = n.keep(client), n.keep(helo), ip, authenticated
	return n
}

// plugin reads "(hook) name: text".
func (q *qpsmtpd) plugin(s *stream, pid, hook, b []byte) verdict {
	name, text, ok := bytes.Cut(b, []byte(": "))
	if !ok {
		return known
	}
	if i := indexOf(name, "_3a"); i > 0 { // "dnsbl_3a1" is dnsbl:1, the plugin loaded twice
		name = name[:i]
	}
	if startsWith(hook, "queue") { // logged by a child: "(for 77590) Queuing to ..."
		return known
	}
	r := q.connection(s, pid)
	if r == nil {
		r = q.message(s, pid)
	}
	switch string(name) {
	case "dmarc":
		r.arrived = true
		qpsmtpdDMARC(r, text)
	case "sender_permitted_from", "spf", "SPF":
		qpsmtpdSPF(r, text)
	case "dkim":
		qpsmtpdDKIM(r, text)
	default:
		if startsWith(hook, "auth") && startsWith(text, "pass") {
			r.authenticated = true
		}
	}
	return known
}
