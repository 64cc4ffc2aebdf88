package maillog

import (
	"bytes"

	"mailaudit/reader"
)

// detectLines is how many lines a format is found from.
const detectLines = 400

// votes counts the lines that speak for each format.
type votes struct{ postfix, exim, sendmail, qpsmtpd, rspamd, lines, framed int }

// detect finds which program wrote a log, from its first lines; empty means that
// it is none that is known here. Where several programs write into one syslog,
// it is the one that takes mail in: a filter's lines are read with it.
func detect(head []byte) reader.Format {
	if isHistory(head) {
		return reader.OpenDMARCHistory
	}
	var v votes
	var s stream
	for range detectLines {
		line, rest, more := headEntry(head)
		if len(line) > 0 {
			v.count(&s, line)
		}
		if head = rest; !more {
			break
		}
	}
	return v.format()
}

// isHistory tells whether head begins like an OpenDMARC history file.
func isHistory(head []byte) bool {
	line, rest, _ := bytes.Cut(head, []byte("\n"))
	return startsWith(line, "job ") && startsWith(rest, "reporter ")
}

func (v *votes) count(s *stream, line []byte) {
	v.lines++
	f := &s.frame
	switch {
	case line[0] == '@' && len(line) > 26 && line[25] == ' ' && isDigit(line[26]), isDigit(line[0]) && qpsmtpdBare(line):
		v.qpsmtpd++
		return
	case rspamdBare(line):
		v.rspamd++
		return
	case isoLength(line) > 0 && line[10] == ' ':
		if b, ok := eximFrame(s, line); ok == known && eximLike(b) {
			v.exim++
		}
		return
	case month(line[min(len(line), 4):]) > 0 && len(line) > 25 && line[24] == ' ' && clock(line[11:]) >= 0:
		v.qpsmtpd++
		return
	}
	if !f.parse(line, &s.json) {
		return
	}
	v.framed++
	v.tag(f)
}

func (v *votes) tag(f *frame) {
	tag := f.tag
	service := f.service()
	_, _, isID := sendmailID(f.msg)
	switch {
	case len(service) != len(tag):
		switch string(service) {
		case "smtpd", "cleanup", "qmgr", "pickup", "smtp", "lmtp", "local", "virtual", "pipe", "postscreen", "bounce", "anvil",
			"error", "master", "relay", "postfix-script", "policy-spf", "oqmgr", "nqmgr", "tlsproxy", "dnsblog", "discard":
			v.postfix++
		}
	case startsWith(tag, "exim"):
		v.exim++
	case startsWith(tag, "qpsmtpd"):
		v.qpsmtpd++
	case string(tag) == "rspamd":
		v.rspamd++
	case startsWith(tag, "sendmail") || startsWith(tag, "sm-"), string(tag) == "MTA" && isID:
		v.sendmail++
	}
}

// format is the one most lines speak for; a filter only where nothing takes mail in.
func (v *votes) format() reader.Format {
	best, n := reader.Format(""), 0
	for _, c := range []struct {
		format reader.Format
		n      int
	}{{reader.Postfix, v.postfix}, {reader.Exim, v.exim}, {reader.Sendmail, v.sendmail}, {reader.Qpsmtpd, v.qpsmtpd}} {
		if c.n > n {
			best, n = c.format, c.n
		}
	}
	if n == 0 && v.rspamd > 0 {
		best, n = reader.Rspamd, v.rspamd
	}
	if n*20 < v.lines-v.framed { // nearly all of it is something else
		return ""
	}
	return best
}

// qpsmtpdBare tells whether a line is "123 (hook) plugin: text" or a command.
func qpsmtpdBare(b []byte) bool {
	pid, rest := word(b)
	if _, ok := number(pid); !ok {
		if n := isoLength(b); n > 0 && len(b) > n+1 && b[n] == ' ' { // through tai64nlocal
			if pid, rest = word(b[n+1:]); len(pid) > 0 {
				_, ok = number(pid)
			}
			if !ok {
				return false
			}
		} else {
			return false
		}
	}
	return startsWith(rest, "(") || startsWith(rest, "dispatching ") || startsWith(rest, "Connection from ") ||
		startsWith(rest, "Accepted connection")
}

func rspamdBare(b []byte) bool {
	if b[0] == '{' {
		return indexOf(b, "rspamd_") > 0 || indexOf(b, `"symbols"`) > 0 && indexOf(b, `"required_score"`) > 0
	}
	b = uncolored(b)
	n := rspamdStamp(b)
	return n > 0 && len(b) > n && isDigit(b[n])
}

// eximLike tells whether the text of a line is as Exim writes: an id, a host, or
// words that the daemon begins with.
func eximLike(b []byte) bool {
	if len(b) > 0 && b[0] == '[' {
		if _, rest, ok := bytes.Cut(b, []byte("] ")); ok {
			b = rest
		}
	}
	if eximID(b) > 0 || startsWith(b, "H=") {
		return true
	}
	for _, w := range [...]string{
		"exim ", "Start queue run", "End queue run", "SMTP ", "TLS error", "no host name found", "no IP address found", "unexpected disconnection",
		"DKIM:", "daemon ", "rejected ", "syntactically invalid", "cwd=", "Warning: ",
	} {
		if startsWith(b, w) {
			return true
		}
	}
	return indexOf(b, " authenticator failed for ") > 0
}
