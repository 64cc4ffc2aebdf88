package maillog

import "bytes"

// frame is a line taken apart: who wrote it, when, and what.
type frame struct {
	kind  stampKind
	stamp []byte // as written
	host  []byte
	tag   []byte // the program, without process id
	pid   []byte
	msg   []byte
}

// parse takes a line apart in place. It knows syslog as RFC 3164 and RFC 5424
// have it, with and without priority, lines that begin with an ISO stamp, and
// journald's JSON. False means that the line has no such form.
func (f *frame) parse(line []byte, j *jsonBuffer) bool {
	*f = frame{}
	if len(line) < 15 {
		return false
	}
	if line[0] == '{' {
		return f.journal(line, j)
	}
	line = f.priority(line)
	if n := bsdLength(line); n > 0 {
		f.kind, f.stamp = stampBSD, line[:n]
		return f.bsd(line[n:])
	}
	if n := isoLength(line); n > 0 {
		f.kind, f.stamp = stampISO, line[:n]
		return f.bsd(line[n:])
	}
	return f.structured(line)
}

// priority takes "<22>" off.
func (f *frame) priority(line []byte) []byte {
	if line[0] != '<' {
		return line
	}
	i := bytes.IndexByte(line[:min(len(line), 5)], '>')
	if i < 2 {
		return line
	}
	return line[i+1:]
}

// bsd reads " host tag[pid]: text" (RFC 3164 section 4.1.2 and 4.1.3).
func (f *frame) bsd(b []byte) bool {
	if len(b) == 0 || b[0] != ' ' {
		return false
	}
	if f.host, b = word(b); len(f.host) == 0 || len(b) == 0 {
		return false
	}
	if f.host[len(f.host)-1] == ':' { // no host: the tag comes at once
		tag := f.host
		f.host = nil
		return f.tagged(tag) && f.text(b)
	}
	return f.tagged(b)
}

// tagged reads "tag[pid]: text".
func (f *frame) tagged(b []byte) bool {
	for i, c := range b {
		if classes[c]&tagEnd == 0 {
			continue
		}
		switch c {
		default: // a blank
			return false
		case '[':
			j := bytes.IndexByte(b[i:], ']')
			if j < 0 || i == 0 {
				return false
			}
			f.tag, f.pid = b[:i], b[i+1:i+j]
			b, _ = skip(b[i+j+1:], ":")
			return f.text(b)
		case ':':
			f.tag = b[:i]
			return f.text(b[i+1:]) && i > 0
		}
	}
	return false
}

// text sets the message, without the mark that Solaris puts before it.
func (f *frame) text(b []byte) bool {
	b = trimLeft(b)
	if rest, ok := skip(b, "[ID "); ok {
		if i := indexOf(rest, "] "); i > 0 {
			b = rest[i+2:]
		}
	}
	f.msg = b
	return true
}

// structured reads "1 stamp host app procid msgid sd text" (RFC 5424 section 6).
func (f *frame) structured(b []byte) bool {
	b, ok := skip(b, "1 ")
	if !ok {
		return false
	}
	n := isoLength(b)
	if n == 0 {
		return false
	}
	f.kind, f.stamp = stampISO, b[:n]
	var msgid []byte
	f.host, b = word(b[n:])
	f.tag, b = word(b)
	f.pid, b = word(b)
	msgid, b = word(b)
	if len(msgid) == 0 || len(b) == 0 {
		return false
	}
	if b = structuredData(b); b == nil {
		return false
	}
	b, _ = skip(trimLeft(b), "\ufeff")
	return f.text(b)
}

// structuredData passes over "-" or "[id k=\"v\"]...". Nil means it is neither.
func structuredData(b []byte) []byte {
	if b[0] == '-' {
		return b[1:]
	}
	if b[0] != '[' {
		return nil
	}
	quoted := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && c == ']' && (i+1 == len(b) || b[i+1] != '['):
			return b[i+1:]
		}
	}
	return nil
}

// journal reads an entry as journalctl -o json gives it. A field may be there
// and be empty (logger -t "" sends such an identifier); one that is counts as
// missing, but for the message.
func (f *frame) journal(line []byte, j *jsonBuffer) bool {
	j.reset()
	var source []byte
	ok := j.object(line, func(key, value []byte) {
		if len(value) == 0 && string(key) != "MESSAGE" {
			return
		}
		switch string(key) {
		case "__REALTIME_TIMESTAMP":
			f.stamp = value
		case "_SOURCE_REALTIME_TIMESTAMP":
			source = value
		case "_HOSTNAME":
			f.host = value
		case "SYSLOG_IDENTIFIER":
			f.tag = value
		case "_COMM":
			if f.tag == nil {
				f.tag = value
			}
		case "_PID", "SYSLOG_PID":
			f.pid = value
		case "MESSAGE":
			f.msg = value
		}
	})
	if source != nil { // when the line was sent, not when it was filed
		f.stamp = source
	}
	f.kind = stampUnix
	return ok && f.stamp != nil && f.tag != nil && f.msg != nil
}

// service is the last part of a tag: smtpd of postfix/submission/smtpd.
func (f *frame) service() []byte {
	return f.tag[bytes.LastIndexByte(f.tag, '/')+1:]
}
