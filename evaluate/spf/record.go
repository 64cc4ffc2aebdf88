package spf

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// version is the version section (RFC 7208 section 4.5), in any case.
const version = "v=spf1"

// Record is a parsed record: syntactically valid as a whole.
type Record struct {
	terms         []term
	redirect, exp *term // nil where absent
	all           bool  // there is an all mechanism
}

// kind is what a term is.
type kind uint8

const (
	kindAll kind = iota
	kindInclude
	kindA
	kindMX
	kindPTR
	kindIP4
	kindIP6
	kindExists
	kindRedirect
	kindExp
	kindUnknown // a modifier that is not known
)

var kindNames = [...]string{"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists", "redirect", "exp", ""}

// term is a directive or a modifier.
type term struct {
	text      string // as published
	kind      kind
	qualifier byte         // of a directive: + - ~ ?
	name      string       // of an unknown modifier
	spec      macroString  // domain-spec or macro-string; text is empty where there is none
	prefix    netip.Prefix // ip4, ip6
	bits4     int          // dual-cidr-length of a and mx
	bits6     int
}

// SyntaxError is the first syntax error of a record.
type SyntaxError struct {
	Term   string // as published
	Offset int    // of the term in the record, bytes
	Err    error
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%q at byte %d: %v", e.Term[:min(len(e.Term), 80)], e.Offset, e.Err)
}

// Unwrap returns what is wrong with the term.
func (e *SyntaxError) Unwrap() error { return e.Err }

// Syntax errors of records.
var (
	errVersion   = errors.New("no version section v=spf1")
	errMechanism = errors.New("no such mechanism")
	errArgument  = errors.New("an argument where none may be")
	errNeedsSpec = errors.New("no domain-spec")
	errTwice     = errors.New("a modifier that may appear only once")
	errIP4       = errors.New("not an IPv4 network")
	errIP6       = errors.New("not an IPv6 network")
	errCIDR      = errors.New("not a prefix length")
)

// isRecord tells whether a TXT record is an SPF record: a version section of
// exactly "v=spf1", ended by a space or the end (RFC 7208 section 4.5).
func isRecord(text string) bool {
	return len(text) >= len(version) && equalFold(text[:len(version)], version) &&
		(len(text) == len(version) || text[len(version)] == ' ')
}

// ParseRecord parses the text of a TXT record whole: a syntax error anywhere is
// an error, a *[SyntaxError] (RFC 7208 section 4.6).
func ParseRecord(text string) (*Record, error) {
	if !isRecord(text) {
		return nil, &SyntaxError{Term: text[:min(len(text), 16)], Err: errVersion}
	}
	r := &Record{terms: make([]term, 0, strings.Count(text, " "))}
	redirect, exp := -1, -1
	for i := len(version); i < len(text); {
		if text[i] == ' ' { // RFC 7208 section 4.6.1: terms are separated by 1*SP
			i++
			continue
		}
		end := i + len(text[i:])
		if n := strings.IndexByte(text[i:], ' '); n >= 0 {
			end = i + n
		}
		t, err := parseTerm(text[i:end])
		if err == nil {
			err = r.note(&t, &redirect, &exp)
		}
		if err != nil {
			return nil, &SyntaxError{Term: text[i:end], Offset: i, Err: err}
		}
		r.terms = append(r.terms, t)
		i = end
	}
	if redirect >= 0 {
		r.redirect = &r.terms[redirect]
	}
	if exp >= 0 {
		r.exp = &r.terms[exp]
	}
	return r, nil
}

// note keeps what the record says as a whole, before t is appended.
func (r *Record) note(t *term, redirect, exp *int) error {
	at := redirect
	switch t.kind {
	case kindAll:
		r.all = true
		return nil
	case kindRedirect:
	case kindExp:
		at = exp
	default:
		return nil
	}
	if *at >= 0 {
		return errTwice // RFC 7208 section 6: MUST NOT appear more than once each
	}
	*at = len(r.terms)
	return nil
}

// parseTerm parses a directive or a modifier. What precedes the first of "=",
// ":" and "/" decides which (RFC 7208 section 4.6.1).
func parseTerm(s string) (term, error) {
	n := strings.IndexAny(s, "=:/")
	if n >= 0 && s[n] == '=' {
		return parseModifier(s, s[:n], s[n+1:])
	}
	t := term{text: s, qualifier: '+', bits4: 32, bits6: 128}
	name, argument := s, ""
	if n >= 0 {
		name, argument = s[:n], s[n:]
	}
	if name != "" && strings.IndexByte("+-~?", name[0]) >= 0 {
		t.qualifier, name = name[0], name[1:]
	}
	for k := kindAll; k <= kindExists; k++ {
		if equalFold(name, kindNames[k]) {
			t.kind = k
			return t, t.parseArgument(argument)
		}
	}
	return t, errMechanism
}

// parseModifier parses name "=" value. A known name never counts as an unknown
// modifier, whatever its value.
func parseModifier(s, name, value string) (term, error) {
	t := term{text: s, name: name, kind: kindUnknown}
	if !isModifierName(name) {
		return t, errMechanism
	}
	use := inModifier
	switch {
	case equalFold(name, "redirect"):
		t.kind, use = kindRedirect, inDomainSpec
	case equalFold(name, "exp"):
		t.kind, use = kindExp, inDomainSpec
	}
	var err error
	t.spec, err = parseMacro(value, use)
	return t, err
}

// isModifierName tells whether s is ALPHA *( ALPHA / DIGIT / "-" / "_" / "." ).
func isModifierName(s string) bool {
	if s == "" || !isAlpha(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if !isAlpha(s[i]) && !isDigit(s[i]) && strings.IndexByte("-_.", s[i]) < 0 {
			return false
		}
	}
	return true
}

// parseArgument parses what follows a mechanism's name, its ":" or "/" included.
func (t *term) parseArgument(s string) error {
	switch t.kind {
	case kindAll:
		if s != "" {
			return errArgument
		}
		return nil
	case kindIP4, kindIP6:
		return t.parseNetwork(s)
	case kindA, kindMX:
		rest, err := t.cutDualCIDR(s)
		if err != nil || rest == "" {
			return err
		}
		return t.parseSpec(rest)
	case kindPTR:
		if s == "" {
			return nil
		}
	}
	return t.parseSpec(s)
}

// parseSpec parses ":" domain-spec.
func (t *term) parseSpec(s string) error {
	if s == "" || s[0] != ':' {
		return errNeedsSpec
	}
	var err error
	t.spec, err = parseMacro(s[1:], inDomainSpec)
	return err
}

// cutDualCIDR takes [ ip4-cidr-length ] [ "/" ip6-cidr-length ] from the end of
// s. A domain-spec may hold slashes, but it ends in a top label or a macro, and
// neither ends in digits after a slash: those are always a length.
func (t *term) cutDualCIDR(s string) (string, error) {
	rest, digits, ok := cutLength(s)
	if !ok {
		return s, nil
	}
	var err error
	if strings.HasSuffix(rest, "/") { // "//" ip6-cidr-length
		rest = rest[:len(rest)-1]
		if t.bits6, err = parseBits(digits, 128); err != nil {
			return s, err
		}
		if rest, digits, ok = cutLength(rest); !ok {
			return rest, nil
		}
	}
	t.bits4, err = parseBits(digits, 32)
	return rest, err
}

// cutLength cuts "/" *DIGIT from the end of s.
func cutLength(s string) (rest, digits string, ok bool) {
	i := len(s)
	for i > 0 && isDigit(s[i-1]) {
		i--
	}
	if i == 0 || s[i-1] != '/' {
		return s, "", false
	}
	return s[:i-1], s[i:], true
}

// parseBits parses a prefix length: no leading zeros, at most limit (RFC 7208
// section 5.6).
func parseBits(s string, limit int) (int, error) {
	if s == "" || len(s) > 3 || (s[0] == '0' && len(s) > 1) {
		return 0, errCIDR
	}
	n := 0
	for i := 0; i < len(s); i++ {
		if !isDigit(s[i]) {
			return 0, errCIDR
		}
		n = n*10 + int(s[i]-'0')
	}
	if n > limit {
		return 0, errCIDR
	}
	return n, nil
}

// parseNetwork parses ":" ip4-network [ ip4-cidr-length ], or the same of ip6.
func (t *term) parseNetwork(s string) error {
	limit, bad := 32, errIP4
	if t.kind == kindIP6 {
		limit, bad = 128, errIP6
	}
	if s == "" || s[0] != ':' {
		return bad
	}
	text, length, hasLength := strings.Cut(s[1:], "/")
	// A zone ("%eth0") is no part of RFC 4291 section 2.2.
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" || addr.Is4() != (t.kind == kindIP4) {
		return bad
	}
	bits := limit
	if hasLength {
		if bits, err = parseBits(length, limit); err != nil {
			return err
		}
	}
	t.prefix = netip.PrefixFrom(addr, bits)
	return nil
}

// String formats the record: names in lower case, one space between terms,
// prefix lengths and qualifiers only where they are not the default. It parses
// to an equal record.
func (r *Record) String() string {
	b := []byte(version)
	for i := range r.terms {
		b = r.terms[i].format(append(b, ' '))
	}
	return string(b)
}

func (t *term) format(b []byte) []byte {
	if t.kind >= kindRedirect {
		name := kindNames[t.kind]
		if t.kind == kindUnknown {
			name = t.name
		}
		return append(append(append(b, name...), '='), t.spec.text...)
	}
	if t.qualifier != '+' {
		b = append(b, t.qualifier)
	}
	b = append(b, kindNames[t.kind]...)
	switch {
	case t.kind == kindIP4 || t.kind == kindIP6:
		b = t.prefix.Addr().AppendTo(append(b, ':'))
		return appendBits(b, "/", t.prefix.Bits(), t.prefix.Addr().BitLen())
	case t.spec.text != "":
		b = append(append(b, ':'), t.spec.text...)
	}
	if t.kind == kindA || t.kind == kindMX {
		b = appendBits(b, "/", t.bits4, 32)
		b = appendBits(b, "//", t.bits6, 128)
	}
	return b
}

func appendBits(b []byte, slashes string, bits, whole int) []byte {
	if bits == whole {
		return b
	}
	return strconv.AppendInt(append(b, slashes...), int64(bits), 10)
}
