package evidence

import (
	"bytes"
	"net/netip"
	"time"
)

// Hop is one Received field taken apart. Strings are as written, without
// brackets, bounded in length; empty where the field does not say.
type Hop struct {
	HELO        string     // what the client said of itself; a literal keeps its brackets
	ReverseName string     // name the receiver found for the client's address; empty for "unknown"
	IP          netip.Addr // the client's address; never 4-in-6, never with a zone; invalid where not written
	By          string     // the host that wrote the field
	// Protocol is the "with" type in upper case (RFC 3848, RFC 6531), or "via"
	// where there is no "with".
	Protocol     string
	ID           string
	For          string
	EnvelopeFrom string // the envelope sender, where the MTA wrote it into the field
	// Authenticated tells that the client submitted as a known user. LMTPA and
	// LMTPSA do not: LMTP delivers, it does not submit (RFC 2033 §1).
	Authenticated bool
	AuthBasis     string    // what said so: the protocol, or the comment's word
	Date          time.Time // zero where absent or unparsable
}

// parseReceived takes a Received field's value apart, folding included. Besides
// RFC 5321 §4.4 it reads what MTAs write in its place; what it cannot read
// leaves its parts empty.
func parseReceived(value []byte) Hop {
	var r rawHop
	r.parse(value)
	return r.hop()
}

// maxReceived is the longest Received field that is read, octets. Real ones
// stay under 2 KiB; the rest of a longer one is noise.
const maxReceived = 16 << 10

// rawHop is a Hop whose parts alias the field.
type rawHop struct {
	from       []byte // the word behind "from"
	helo       []byte // a HELO that stands by itself
	name       []byte // a reverse name that stands by itself
	by, id     []byte
	forPath    []byte
	envFrom    []byte
	protocol   string
	authBasis  string
	ip         netip.Addr
	hasHELO    bool // helo was written, if only empty
	date       []byte
	dateBefore []byte // behind an earlier semicolon
	clauses    int    // keywords met
}

func (r *rawHop) hop() Hop {
	helo, name := r.names()
	h := Hop{
		HELO: text(helo, maxText), ReverseName: text(name, maxText), IP: r.ip,
		By: text(trimBrackets(r.by), maxText), Protocol: r.protocol,
		ID: text(trimAngle(r.id), maxText), For: text(trimAngle(r.forPath), maxText),
		EnvelopeFrom:  text(trimAngle(r.envFrom), maxText),
		Authenticated: r.authBasis != "", AuthBasis: r.authBasis,
	}
	h.Date, _ = r.time()
	return h
}

// names tells the client's own name from the one the receiver looked up. With a
// HELO by itself (qmail, Exim), the word behind "from" is the receiver's;
// without (Postfix, Sendmail), it is the client's.
func (r *rawHop) names() (helo, name []byte) {
	helo, name = r.from, r.name
	if r.hasHELO {
		helo = r.helo
		if len(name) == 0 && r.ip.IsValid() && isHostName(r.from) {
			name = r.from
		}
	}
	if n := len(name); n > 0 && name[n-1] == '.' {
		name = name[:n-1]
	}
	if isUnknown(name) {
		name = nil
	}
	return helo, name
}

func (r *rawHop) time() (time.Time, bool) {
	if t, ok := parseDate(r.date); ok {
		return t, true
	}
	return parseDate(r.dateBefore)
}

// clause is the part of the field a word belongs to.
type clause uint8

const (
	clauseNone clause = iota
	clauseFrom
	clauseBy
	clauseVia
	clauseWith
	clauseID
	clauseFor
	clauseSender // the envelope sender, outside a comment
	clauseDone   // its word was read
)

func clauseOf(w []byte) clause {
	switch len(w) {
	case 2:
		if equalFold(w, "by") {
			return clauseBy
		}
		if equalFold(w, "id") {
			return clauseID
		}
	case 3:
		switch {
		case equalFold(w, "via"):
			return clauseVia
		case equalFold(w, "for"):
			return clauseFor
		case equalFold(w, "id#"):
			return clauseID
		}
	case 4:
		if equalFold(w, "from") {
			return clauseFrom
		}
		if equalFold(w, "with") {
			return clauseWith
		}
	case 13:
		if equalFold(w, "envelope-from") {
			return clauseSender
		}
	}
	return clauseNone
}

// parse walks over words, comments and semicolons.
func (r *rawHop) parse(v []byte) {
	if len(v) > maxReceived {
		v = v[:maxReceived]
	}
	var (
		c         clause // of the next word
		part      clause // of the next comment
		noComment bool
	)
	for i := 0; i < len(v); {
		switch wordClass[v[i]] {
		case between, closeParen:
			i++
		case semicolon:
			i++
			if part == clauseFrom && !isDate(v[i:]) {
				continue // of a client's name: it must not hide the address behind it
			}
			if r.date != nil && r.dateBefore == nil {
				r.dateBefore = r.date
			}
			r.date = v[i:]
			c, part = clauseDone, clauseDone
		case openParen:
			end := -1
			if !noComment {
				end = commentEnd(v, i)
				noComment = end < 0
			}
			if end < 0 {
				i++
				continue
			}
			if c == clauseFrom { // no word: "from (name [ip])", "from ([ip])"
				c = clauseDone
			}
			r.comment(part, v[i+1:end-1])
			i = end
		default:
			end := wordEnd(v, i)
			w := v[i:end]
			if k := clauseOf(w); k != clauseNone && !(c == clauseFrom && isOperand(v, end)) {
				c, part = r.enter(k)
			} else {
				c = r.word(c, w, v[i:])
			}
			i = end
		}
	}
	r.settle()
}

func isDate(v []byte) bool {
	_, ok := parseDate(v)
	return ok
}

// isOperand reports whether a keyword behind "from" is a client's name after
// all: "from by (host [192.0.2.1]) by mx", "from with by mx".
func isOperand(v []byte, end int) bool {
	rest := trimSpace(v[end:])
	if len(rest) == 0 {
		return false
	}
	return rest[0] == '(' || rest[0] == '[' || clauseOf(rest[:wordEnd(rest, 0)]) == clauseBy
}

// enter begins a clause. A "from" behind "by" is XMail's envelope sender; other
// clauses count once.
func (r *rawHop) enter(k clause) (next, part clause) {
	switch {
	case k == clauseFrom && (r.clauses > 0 || r.from != nil):
		return clauseSender, clauseDone
	case k == clauseBy && r.by != nil, k == clauseID && r.id != nil,
		k == clauseFor && r.forPath != nil, k == clauseWith && r.clauses&(1<<clauseWith) != 0:
		return clauseDone, clauseDone
	}
	if k != clauseSender {
		r.clauses |= 1 << k
	}
	return k, k
}

// word takes one word of a clause and returns which clause the next belongs to.
func (r *rawHop) word(c clause, w, rest []byte) clause {
	switch c {
	case clauseFrom:
		r.from = w
		return clauseNone // addresses may follow
	case clauseNone:
		r.looseWord(w)
		return clauseNone
	case clauseBy:
		r.by = w
	case clauseVia:
		if r.protocol == "" {
			r.setProtocol(w)
		}
	case clauseWith:
		return r.withWord(w)
	case clauseID:
		r.id = w
	case clauseFor:
		r.forPath = w
	case clauseSender:
		if bytes.IndexByte(w, '@') >= 0 || bytes.Equal(w, nullPath) {
			r.envFrom = w
		}
	default:
		r.trailing(w, rest)
	}
	return clauseDone
}

var nullPath = []byte("<>")

// looseWord is a further word behind "from x": an address without parentheses.
func (r *rawHop) looseWord(w []byte) {
	if r.clauses == 1<<clauseFrom && !r.ip.IsValid() {
		r.setIP(w)
	}
}

// trailing is a word that no clause asked for.
func (r *rawHop) trailing(w, rest []byte) {
	switch {
	case len(w) > 5 && equalFold(w[:5], "auth=") && !isNegative(w[5:]): // OpenSMTPD
		r.authBasis = "auth="
	case r.date == nil && len(w) == 3 && len(rest) > 3 && rest[3] == ',' && isDayName(w):
		r.date = rest // no semicolon before the date
	}
}

func isDayName(w []byte) bool {
	const names = "sunmontuewedthufrisat"
	for i := 0; i < len(names); i += 3 {
		if equalFold(w, names[i:i+3]) {
			return true
		}
	}
	return false
}

// isNegative tells the values that deny what their key claims.
func isNegative(w []byte) bool {
	return equalFold(w, "no") || equalFold(w, "none") || equalFold(w, "fail") || equalFold(w, "false") || equalFold(w, "0")
}

// The classes of octets that matter to words.
const (
	inWord     = iota
	between    // white space, ","
	semicolon  // it ends a word too
	openParen  // ends a word that has begun
	closeParen // the same
	bracketed  // holds what is between it and its partner together
)

var wordClass = [256]uint8{
	' ': between, '\t': between, '\r': between, '\n': between, ',': between, ';': semicolon,
	'(': openParen, ')': closeParen, '[': bracketed, '<': bracketed, '"': bracketed,
}

// wordEnd returns the end of the word at i: brackets, angle brackets and quotes
// hold together what is between them.
func wordEnd(v []byte, i int) int {
	for start := i; ; {
		for i < len(v) && wordClass[v[i]] == inWord {
			i++
		}
		if i == len(v) {
			return i
		}
		switch wordClass[v[i]] {
		case between, semicolon:
			return max(i, start+1)
		case openParen, closeParen:
			if i > start {
				return i
			}
		case bracketed:
			if e := closing(v, i); e > 0 {
				i = e
				continue
			}
		}
		i++
	}
}

// maxBracketed is how far a closing bracket is looked for: an address literal,
// a path or a program's name with its version.
const maxBracketed = 512

func closing(v []byte, i int) int {
	want := byte('"')
	switch v[i] {
	case '[':
		want = ']'
	case '<':
		want = '>'
	}
	part := v[i+1 : min(len(v), i+1+maxBracketed)]
	j := bytes.IndexByte(part, want)
	if j < 0 {
		return -1
	}
	return i + 1 + j + 1
}

func trimAngle(b []byte) []byte {
	if len(b) > 0 && b[0] == '<' {
		b = b[1:]
	}
	if n := len(b); n > 0 && b[n-1] == '>' {
		b = b[:n-1]
	}
	return b
}

func trimBrackets(b []byte) []byte {
	b = trimAngle(b)
	if n := len(b); n > 1 && b[0] == '[' && b[n-1] == ']' {
		b = b[1 : n-1]
	}
	return b
}
