package spf

import (
	"errors"
	"net/netip"
	"strings"
)

// macroString is a parsed macro-string (RFC 7208 section 7.1).
type macroString struct {
	text     string // as published
	segments []segment
}

// segment is a literal (letter is 0) or one macro.
type segment struct {
	literal    string
	letter     byte // lower case
	escape     bool // the letter was upper case: URL escaping
	reverse    bool
	digits     int    // right-hand parts to use; 0 for all
	delimiters string // empty: none given
}

// macroUse is the place of a macro-string, which decides what it may contain.
type macroUse uint8

const (
	inDomainSpec  macroUse = iota
	inModifier             // the value of an unknown modifier
	inExplanation          // explain-string: spaces, and the letters c, r, t
)

// Syntax errors of macros.
var (
	errCharacter    = errors.New("a character that is not visible ASCII")
	errPercent      = errors.New("% not followed by {, %, - or _")
	errUnterminated = errors.New("a macro without }")
	errLetter       = errors.New("no such macro letter")
	errTextLetter   = errors.New("a macro letter that only explanation texts may use")
	errDigits       = errors.New("zero parts asked of a macro")
	errDelimiter    = errors.New("not a macro delimiter")
	errNoDomain     = errors.New("an empty domain-spec")
	errAddress      = errors.New("an address where a name must be (ip4 and ip6 take addresses)")
	errTopLabel     = errors.New("a domain-spec that ends neither in a top label after a dot nor in a macro")
)

// parseMacro parses s for its use. Domain-specs are also held to their ending.
func parseMacro(s string, use macroUse) (macroString, error) {
	m := macroString{text: s}
	end := 0 // of the last macro-expand
	for i := 0; i < len(s); {
		if s[i] != '%' {
			n, err := literalLength(s[i:], use)
			if err != nil {
				return m, err
			}
			m.segments = append(m.segments, segment{literal: s[i : i+n]})
			i += n
			continue
		}
		seg, n, err := parseExpand(s[i:], use)
		if err != nil {
			return m, err
		}
		m.segments = append(m.segments, seg)
		i += n
		end = i
	}
	if use == inDomainSpec {
		return m, checkDomainEnd(s, s[end:])
	}
	return m, nil
}

// literalLength counts the bytes before the next macro: macro-literal is %x21-24
// and %x26-7E, and explain-string has SP too.
func literalLength(s string, use macroUse) (int, error) {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%':
			return i, nil
		case c == ' ' && use == inExplanation:
		case c <= ' ' || c > '~':
			// RFC 7208 section 3.1: records are US-ASCII.
			return 0, errCharacter
		}
	}
	return len(s), nil
}

// parseExpand parses the macro-expand that s begins with and returns its length.
func parseExpand(s string, use macroUse) (segment, int, error) {
	if len(s) < 2 {
		return segment{}, 0, errPercent
	}
	switch s[1] {
	case '%':
		return segment{literal: "%"}, 2, nil
	case '_':
		return segment{literal: " "}, 2, nil
	case '-':
		return segment{literal: "%20"}, 2, nil
	case '{':
	default:
		// RFC 7208 section 7.3: anything else after % is a syntax error.
		return segment{}, 0, errPercent
	}
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return segment{}, 0, errUnterminated
	}
	seg, err := parseBody(s[2:end], use)
	return seg, end + 1, err
}

// parseBody parses macro-letter transformers *delimiter.
func parseBody(s string, use macroUse) (segment, error) {
	var seg segment
	if s == "" {
		return seg, errLetter
	}
	seg.letter = lower(s[0])
	seg.escape = seg.letter != s[0]
	switch seg.letter {
	case 's', 'l', 'o', 'd', 'i', 'p', 'h', 'v':
	case 'c', 'r', 't':
		// RFC 7208 section 7.2: only in "exp" text. An unknown modifier is
		// ignored whatever it holds (section 6), so the grammar alone counts.
		if use == inDomainSpec {
			return seg, errTextLetter
		}
	default:
		return seg, errLetter
	}
	s = s[1:]
	n := 0
	for n < len(s) && isDigit(s[n]) {
		// More parts than any value has are all parts (RFC 7208 section 7.3).
		seg.digits = min(seg.digits*10+int(s[n]-'0'), maxDigits)
		n++
	}
	if n > 0 && seg.digits == 0 {
		return seg, errDigits // RFC 7208 section 7.3: the value MUST be nonzero
	}
	s = s[n:]
	if s != "" && lower(s[0]) == 'r' {
		seg.reverse = true
		s = s[1:]
	}
	for i := 0; i < len(s); i++ {
		if strings.IndexByte(".-+,/_=", s[i]) < 0 {
			return seg, errDelimiter
		}
	}
	seg.delimiters = s
	return seg, nil
}

// checkDomainEnd holds a domain-spec to domain-end = ( "." toplabel [ "." ] ) /
// macro-expand. tail is what follows its last macro-expand.
func checkDomainEnd(s, tail string) error {
	if s == "" {
		return errNoDomain
	}
	if tail == "" {
		return nil
	}
	tail = strings.TrimSuffix(tail, ".")
	dot := strings.LastIndexByte(tail, '.')
	if _, err := netip.ParseAddr(s); err == nil {
		return errAddress // a common mistake, by the OpenSPF suite
	}
	if dot < 0 || !isTopLabel(tail[dot+1:]) {
		return errTopLabel
	}
	return nil
}

// isTopLabel tells whether s is letters, digits and inner hyphens, and not all
// digits (RFC 7208 section 7.1, toplabel).
func isTopLabel(s string) bool {
	if s == "" || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	numeric := true
	for i := 0; i < len(s); i++ {
		c := lower(s[i])
		switch {
		case isDigit(c):
		case c == '-', 'a' <= c && c <= 'z':
			numeric = false
		default:
			return false
		}
	}
	return !numeric
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isAlpha(c byte) bool { c = lower(c); return 'a' <= c && c <= 'z' }

// lower lowers A-Z only: names and literals of the grammar are ASCII.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// equalFold compares s with a lower-case ASCII word in any case.
func equalFold(s, word string) bool {
	if len(s) != len(word) {
		return false
	}
	for i := 0; i < len(s); i++ {
		if lower(s[i]) != word[i] {
			return false
		}
	}
	return true
}
