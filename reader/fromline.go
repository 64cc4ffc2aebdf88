package reader

import (
	"bytes"
	"time"
)

// fromKind tells From_ lines apart by who writes them.
type fromKind uint8

const (
	fromDated       fromKind = iota // From sender date: everybody (RFC 4155 appendix A)
	fromMozilla                     // From - [date]
	fromBare                        // From sender, and nothing more: some versions of Takeout
	fromArchived                    // From user at host date: Pipermail and HyperKitty hide the address
	fromTakeout                     // From 123456789@xxx date
	fromPublicInbox                 // From mboxrd@z date
	fromPatch                       // From <commit> Mon Sep 17 00:00:00 2001: git format-patch
)

// fromLine is a parsed From_ line.
type fromLine struct {
	kind   fromKind
	length int // bytes of the line with its end
	sender []byte
	date   time.Time // zero where the line has none
	zoned  bool
}

var fromWord = []byte("From ")

// parseFromLine parses the line at the start of b. It refuses what only begins
// like one: behind "From " there must be a sender and a date up to the end of
// the line, or one of the forms that are known to go without a date. The date
// is what tells it from prose.
func parseFromLine(b []byte) (fromLine, bool) {
	if !bytes.HasPrefix(b, fromWord) {
		return fromLine{}, false
	}
	line, length := firstLine(b)
	if length == 0 {
		return fromLine{}, false // longer than what is looked at: no From_ line is
	}
	rest := line[len(fromWord):]
	l := fromLine{length: length}
	if at, date, zoned, ok := findDate(rest); ok {
		l.sender, l.date, l.zoned = trimSpace(rest[:at]), date, zoned
	} else if l.sender = trimSpace(rest); !bareSender(l.sender) {
		return fromLine{}, false
	}
	l.kind = kindOf(l.sender, l.date)
	return l, true
}

// firstLine returns the first line of b without its end, and its length with
// it, which is 0 when the line does not end in the lookahead.
func firstLine(b []byte) ([]byte, int) {
	i := bytes.IndexByte(b, '\n')
	switch {
	case i < 0 && len(b) >= lookahead:
		return nil, 0
	case i < 0:
		return bytes.TrimSuffix(b, []byte("\r")), len(b)
	}
	return bytes.TrimSuffix(b[:i], []byte("\r")), i + 1
}

// bareSender tells whether s can be all that a From_ line has.
func bareSender(s []byte) bool {
	if string(s) == "-" {
		return true
	}
	return bytes.IndexByte(s, ' ') < 0 && bytes.IndexByte(s, '@') > 0 && len(s) > 2
}

func kindOf(sender []byte, date time.Time) fromKind {
	switch {
	case string(sender) == "-":
		return fromMozilla
	case string(sender) == "mboxrd@z":
		return fromPublicInbox
	case bytes.HasSuffix(sender, []byte("@xxx")) && digits(sender) == len(sender)-4:
		return fromTakeout
	case date.IsZero():
		return fromBare
	case bytes.Contains(sender, []byte(" at ")):
		return fromArchived
	case date.Equal(patchDate) && isHash(sender):
		return fromPatch
	}
	return fromDated
}

// patchDate is the fixed date in the From_ lines of git format-patch.
var patchDate = time.Date(2001, 9, 17, 0, 0, 0, 0, time.UTC)

func isHash(s []byte) bool {
	if len(s) != 40 && len(s) != 64 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// envelope is what the line says of the envelope. Lines that were made up later
// (public-inbox and patches), or that hide the address, say less.
func (l *fromLine) envelope() Envelope {
	var e Envelope
	if l.kind != fromPublicInbox && l.kind != fromPatch {
		e.ReceivedAt, e.Zoned = l.date, l.zoned && !l.date.IsZero()
	}
	if l.kind != fromDated && l.kind != fromBare {
		return e
	}
	switch s := l.sender; {
	case string(s) == "???@???": // Eudora: unknown
	case len(s) == 0, string(s) == "<>", string(s) == "MAILER-DAEMON":
		// The null path has no word of its own here; local delivery agents
		// write MAILER-DAEMON for it.
		e.HasMailFrom = true
	default:
		if len(s) > 2 && s[0] == '<' && s[len(s)-1] == '>' {
			s = s[1 : len(s)-1]
		}
		e.MailFrom, e.HasMailFrom = string(s), true
	}
	return e
}

func trimSpace(s []byte) []byte { return bytes.Trim(s, " \t") }

func digits(s []byte) int {
	for i, c := range s {
		if c < '0' || c > '9' {
			return i
		}
	}
	return len(s)
}

// isFieldLine tells whether b begins like a header field: a name of printable
// bytes, then a colon (RFC 5322 section 2.2), with white space between the two
// in the obsolete form (section 4.5).
func isFieldLine(b []byte) bool {
	for i, c := range b {
		switch {
		case c == ':':
			return i > 0
		case c == ' ' || c == '\t':
			rest := bytes.TrimLeft(b[i:], " \t")
			return i > 0 && len(rest) > 0 && rest[0] == ':'
		case c <= 32 || c >= 127 || i > 200:
			return false
		}
	}
	return false
}
