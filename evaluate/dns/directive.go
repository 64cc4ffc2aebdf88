package dns

import (
	"bufio"
	"slices"
	"strings"

	mdns "github.com/miekg/dns"
)

// directiveFaults are the directives of master files that are not the name of
// a failure.
var directiveFaults = map[string]fault{
	"not_recorded": faultNotRecorded,
	"nxdomain":     faultNXDomain,
	"nodata":       faultNoData,
}

// directive reads a comment that says what no record can: "@word name [TYPE...]".
// See [Zone].
func (m *master) directive(text, origin, file string, line int) error {
	fields := strings.Fields(text)
	word := fields[0][1:]
	f, ok := directiveFaults[word]
	if i := slices.Index(failureKinds[:], FailureKind(word)); i >= 0 {
		f, ok = firstKind+fault(i), true
	}
	fail := func(detail string) error { return &ZoneError{File: file, Line: line, Detail: detail} }
	if !ok {
		return fail(`unknown directive "@` + word + `" in a comment (write "; @ word" if it is none)`)
	}
	if len(fields) < 2 {
		return fail("@" + word + ": no name")
	}
	name, ok := absoluteName(fields[1], origin)
	if !ok {
		return fail("@" + word + ": bad name " + fields[1])
	}
	types := []Type{anyType}
	if len(fields) > 2 {
		types = types[:0]
	}
	for _, s := range fields[2:] {
		t, ok := ParseType(s)
		if !ok || t == anyType {
			return fail("@" + word + ": unknown type " + s)
		}
		types = append(types, t)
	}
	if f == faultNXDomain {
		if len(fields) > 2 {
			return fail("@nxdomain speaks for a name, not for types of it")
		}
		m.nonexistent = append(m.nonexistent, nonexistence{name, file, line})
	}
	for _, t := range types {
		m.tree.add(name, record{typ: t, fault: f})
	}
	return nil
}

// absoluteName makes a name of a master file absolute and canonical.
func absoluteName(s, origin string) (string, bool) {
	switch {
	case s == "@":
		s = origin
	case !mdns.IsFqdn(s) && origin == ".":
		s += "."
	case !mdns.IsFqdn(s):
		s += "." + origin
	}
	if _, ok := mdns.IsDomainName(s); !ok {
		return "", false
	}
	name, err := rawName(s)
	return name, err == nil && checkName(name) == nil
}

// lineReader hands a master file to the parser byte by byte and looks for what
// the parser does not tell: the current line, and directives in comments that
// have a line of their own.
type lineReader struct {
	r         *bufio.Reader
	line      int    // of the byte given last, from 1
	origin    string // in force, absolute
	directive func(text string) error
	err       error // of a directive; it ends the file

	ended   bool   // the byte given last ended a line
	text    []byte // the line so far, where it may be a directive or an $ORIGIN
	state   lineState
	quoted  bool
	escaped bool
}

// lineState is how the line began.
type lineState uint8

const (
	lineStart   lineState = iota // only white space so far
	lineComment                  // a comment and nothing else
	lineDollar                   // "$..." in the first column
	lineTail                     // a comment after something else
	lineOther
)

// maxDirective bounds what is kept of a line, bytes: a name in presentation form
// (up to 1,004) and a dozen types.
const maxDirective = 2048

// Read implements [io.Reader]; the parser uses ReadByte.
func (l *lineReader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := l.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// ReadByte implements [io.ByteReader].
func (l *lineReader) ReadByte() (byte, error) {
	if l.err != nil {
		return 0, l.err
	}
	c, err := l.r.ReadByte()
	if err != nil {
		if lineErr := l.endLine(); lineErr != nil {
			return 0, lineErr
		}
		return 0, err
	}
	if l.ended {
		l.line++
		l.ended = false
	}
	if c == '\n' {
		l.ended = true
		return c, l.endLine()
	}
	l.see(c)
	return c, nil
}

// see takes one byte of a line into account.
func (l *lineReader) see(c byte) {
	switch l.state {
	case lineComment, lineDollar:
		if len(l.text) < maxDirective {
			l.text = append(l.text, c)
		}
		return
	case lineTail:
		return
	case lineStart:
		if l.quoted {
			l.state = lineOther
			break
		}
		switch c {
		case ' ', '\t':
			return
		case ';':
			l.state = lineComment
			return
		case '$':
			l.state, l.text = lineDollar, append(l.text, c)
			return
		}
		l.state = lineOther
	}
	switch {
	case l.escaped:
		l.escaped = false
	case c == '\\':
		l.escaped = true
	case c == '"':
		l.quoted = !l.quoted
	case c == ';' && !l.quoted:
		l.state = lineTail
	}
}

// endLine acts on a line that ended.
func (l *lineReader) endLine() error {
	text, state := strings.TrimSpace(string(l.text)), l.state
	l.text, l.state, l.escaped = l.text[:0], lineStart, false
	switch {
	case state == lineComment && len(text) > 1 && text[0] == '@' && isLetter(text[1]):
		l.err = l.directive(text)
	case state == lineDollar:
		text, _, _ = strings.Cut(text, ";")
		if f := strings.Fields(text); len(f) == 2 && strings.EqualFold(f[0], "$ORIGIN") {
			if name, ok := absoluteName(f[1], l.origin); ok {
				l.origin = name + "."
			} else if f[1] == "." {
				l.origin = "."
			}
		}
	}
	return l.err
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
