package reader

import (
	"bytes"
	"slices"
	"strings"
)

// kind is how a source is read.
type kind uint8

const (
	kindUnknown kind = iota
	kindMessages
	kindMessage
	kindCompressed
	kindArchive
	kindLog
)

// found is what a source was found to be.
type found struct {
	kind   kind
	format Format
	unpack *unpacker
	log    *LogReader
}

var byteOrderMark = []byte("\ufeff")

// detect finds out what a source is, from its first bytes. Compression and zip
// are undone whatever format is forced: no mail or log begins like them. What
// the place says (a file in a Maildir is a message) comes next, then content.
// The name decides one thing only: text that looks like nothing else is a
// message where the file is called .eml.
func (r *run) detect(head []byte, s *source) found {
	if u := unpackerFor(head); u != nil {
		return found{kind: kindCompressed, unpack: u}
	}
	if isZip(head) {
		return found{kind: kindArchive, format: Zip}
	}
	forced := r.opt.Format
	if forced != Auto && forced != Tar && forced != Zip {
		return r.forced(forced, head, s)
	}
	if s.format != Auto {
		return found{kind: kindMessage, format: s.format}
	}
	if forced != Auto && s.layers == 0 {
		return found{kind: kindArchive, format: forced}
	}
	return r.content(head, s)
}

func (r *run) forced(f Format, head []byte, s *source) found {
	switch f {
	case Mbox, Mboxo, Mboxrd, Mboxcl, Mboxcl2:
		if isTar(head) {
			return found{kind: kindArchive, format: Tar}
		}
		return found{kind: kindMessages, format: f}
	case Maildir, MH, EML:
		if isTar(head) {
			return found{kind: kindArchive, format: Tar}
		}
		return found{kind: kindMessage, format: f}
	case Emlx:
		return found{kind: kindMessage, format: f}
	}
	for i := range r.opt.Logs {
		if slices.Contains(r.opt.Logs[i].Formats, f) {
			return found{kind: kindLog, format: f, log: &r.opt.Logs[i]}
		}
	}
	return found{}
}

func (r *run) content(head []byte, s *source) found {
	if isTar(head) {
		return found{kind: kindArchive, format: Tar}
	}
	text := head[leading(head):]
	if beginsMbox(text) {
		return found{kind: kindMessages, format: Mbox}
	}
	for i := range r.opt.Logs {
		if f := r.opt.Logs[i].Detect(head); f != "" {
			return found{kind: kindLog, format: f, log: &r.opt.Logs[i]}
		}
	}
	switch {
	case isEmlx(head):
		return found{kind: kindMessage, format: Emlx}
	case isMail(text), strings.HasSuffix(strings.ToLower(s.base), ".eml") && bytes.IndexByte(head, 0) < 0:
		return found{kind: kindMessage, format: EML}
	}
	return found{}
}

// leading counts the bytes of a byte order mark and of blank lines.
func leading(b []byte) int {
	rest := bytes.TrimPrefix(b, byteOrderMark)
	rest = bytes.TrimLeft(rest, "\r\n")
	return len(b) - len(rest)
}

// beginsMbox tells whether b begins with a From_ line. One without a date needs
// a header field behind it.
func beginsMbox(b []byte) bool {
	l, ok := parseFromLine(b[:min(len(b), lookahead)])
	return ok && (!l.date.IsZero() || isFieldLine(b[l.length:]))
}

// isMail tells whether b begins with header lines of which one has a name that
// mail uses: a colon behind a word is not enough, for many texts have that.
func isMail(b []byte) bool {
	known := false
	for range 100 {
		line, n := firstLine(b[:min(len(b), lookahead)])
		switch {
		case n == 0, len(line) == 0:
			return known
		case line[0] == ' ' || line[0] == '\t':
		case !isFieldLine(line):
			return false
		default:
			known = known || isMailField(line)
		}
		if known {
			return true
		}
		b = b[n:]
	}
	return known
}

// mailFields are names, or beginnings of names, that mail has near its top.
var mailFields = []string{
	"from:", "to:", "cc:", "subject:", "date:", "received:", "received-spf:", "return-path:",
	"message-id:", "mime-version:", "content-type:", "content-transfer-encoding:", "delivered-to:",
	"reply-to:", "sender:", "dkim-", "arc-", "authentication-results:", "x-", "list-", "resent-",
	"envelope-to:", "delivery-date:", "in-reply-to:", "references:", "domainkey-signature:", "status:",
}

func isMailField(line []byte) bool {
	for _, f := range mailFields {
		if len(line) >= len(f) && strings.EqualFold(string(line[:len(f)]), f) {
			return true
		}
	}
	return false
}

// isEmlx tells whether b begins as Apple Mail keeps a message: a line with its
// length in bytes, then the message.
func isEmlx(b []byte) bool {
	_, n := emlxCount(b)
	return n > 0 && isMail(b[n:])
}

// emlxCount parses the first line of an .emlx.
func emlxCount(b []byte) (count int64, length int) {
	line, n := firstLine(b[:min(len(b), 64)])
	line = trimSpace(line)
	if len(line) == 0 || len(line) > 15 || digits(line) != len(line) {
		return 0, 0
	}
	return int64(atoi(line)), n
}
