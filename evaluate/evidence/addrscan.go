package evidence

import "bytes"

// boxKind is what an element of an address list turned out to be.
type boxKind uint8

const (
	boxWords   boxKind = iota // words, none of them an address
	boxLocal                  // one word without "@", bare or in angle brackets
	boxAddress                // local part and domain
	boxNull                   // "<>"
	boxBad                    // an address with no one reading
)

// mailbox is one element of an address list.
type mailbox struct {
	kind          boxKind
	angle         bool // it stood in angle brackets
	literal       bool // the domain is an address literal
	local, domain span
}

// span is a piece of the field, or, where comments and folding had to go from
// its midst, a copy without them.
type span struct {
	start, end int
	copied     []byte
}

func (p *span) bytes(v []byte) []byte {
	if p.copied != nil {
		return p.copied
	}
	return v[p.start:p.end]
}

// add appends v[i:j].
func (p *span) add(v []byte, i, j int) {
	switch {
	case p.copied != nil:
		p.copied = append(p.copied, v[i:j]...)
	case p.start == p.end:
		p.start, p.end = i, j
	case p.end == i:
		p.end = j
	default:
		p.copied = append(append(make([]byte, 0, 64), v[p.start:p.end]...), v[i:j]...)
	}
}

// addressScanner walks over an address list of RFC 5322 §3.4, and over what is
// sent in its place. Every byte is looked at a bounded number of times.
type addressScanner struct {
	v       []byte
	i       int
	noClose [3]bool // by kind of construct: one without an end was met
}

// The tokens. Others stand for themselves: <>@,;:.
const (
	tokenEnd     byte = 0
	tokenWord    byte = 'w'
	tokenLiteral byte = '['
)

// special marks what ends an atom here. Control characters, backslashes and
// octets above 127 do not: they stay in the word and make it invalid where a
// domain is wanted.
var special = func() (t [256]bool) {
	for _, c := range []byte("<>@,;:.()[\"\t\r\n ") {
		t[c] = true
	}
	return t
}()

// token returns the next token, its bounds, and whether white space or a
// comment stood before it.
func (s *addressScanner) token() (kind byte, start, end int, gap bool) {
	from := s.i
	s.skipCFWS()
	gap = s.i != from
	if s.i == len(s.v) {
		return tokenEnd, s.i, s.i, gap
	}
	start = s.i
	switch c := s.v[start]; c {
	case '<', '>', '@', ',', ';', ':', '.':
		s.i++
		return c, start, s.i, gap
	case '"':
		if s.close(0, quotedEnd) {
			return tokenWord, start, s.i, gap
		}
	case '[':
		if s.close(1, literalEnd) {
			return tokenLiteral, start, s.i, gap
		}
	}
	s.i++ // a quote or a parenthesis that nothing closes is a character
	for s.i < len(s.v) && !special[s.v[s.i]] {
		s.i++
	}
	return tokenWord, start, s.i, gap
}

// close moves behind the construct that begins here, where it has an end. Once
// one of its kind had none, none is looked for again: that keeps the whole
// linear.
func (s *addressScanner) close(kind int, end func(v []byte, i int) int) bool {
	if s.noClose[kind] {
		return false
	}
	e := end(s.v, s.i)
	if e < 0 {
		s.noClose[kind] = true
		return false
	}
	s.i = e
	return true
}

func (s *addressScanner) skipCFWS() {
	for s.i < len(s.v) {
		switch c := s.v[s.i]; {
		case isSpace(c):
			s.i++
		case c == '(' && s.close(2, commentEnd):
		default:
			return
		}
	}
}

// quotedEnd returns the position behind the quoted string at i, -1 where it
// does not end.
func quotedEnd(v []byte, i int) int {
	for i++; i < len(v); i++ {
		switch v[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return -1
}

// literalEnd returns the position behind the domain literal at i, -1 where it
// does not end.
func literalEnd(v []byte, i int) int {
	j := bytes.IndexByte(v[i:], ']')
	if j < 0 {
		return -1
	}
	return i + j + 1
}

// commentEnd returns the position behind the comment at i, comments within it
// included (RFC 5322 §3.2.2), -1 where it does not end.
func commentEnd(v []byte, i int) int {
	j := bytes.IndexByte(v[i+1:], ')')
	if j < 0 {
		return -1
	}
	if in := v[i+1 : i+1+j]; bytes.IndexByte(in, '(') < 0 && bytes.IndexByte(in, '\\') < 0 {
		return i + 1 + j + 1
	}
	depth := 0
	for ; i < len(v); i++ {
		switch v[i] {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i + 1
			}
		case '\\':
			i++
		}
	}
	return -1
}

// next reads the next element into m; false at the end of the list.
func (s *addressScanner) next(m *mailbox) bool {
	*m = mailbox{}
	var p elementParser
	for {
		kind, i, j, gap := s.token()
		switch kind {
		case tokenEnd:
			return p.finish(m)
		case ',', ';':
			if p.finish(m) {
				return true
			}
			*m, p = mailbox{}, elementParser{}
		case ':':
			if p.at > 0 {
				p.bad = true
			}
			p.restart(m) // what stood before is the name of a group
		case '<':
			if p.angleDone { // a second address without a comma
				s.i = i
				return p.finish(m)
			}
			s.angle(m, &p)
		case '>':
		default:
			p.take(s.v, m, kind, i, j, gap)
		}
	}
}

// angle reads what stands between angle brackets (RFC 5322 §3.4 angle-addr,
// §4.4 obs-route). A missing ">" ends it with the element.
func (s *addressScanner) angle(m *mailbox, p *elementParser) {
	p.restart(m)
	p.at, p.bad, m.angle = 0, false, true
	for {
		kind, i, j, gap := s.token()
		switch kind {
		case tokenEnd, '>', ';':
			p.angleDone = true
			return
		case '<': // "<<a@b>>"
			p.bad = p.bad || p.at > 0
			p.restart(m)
		case ',':
			if m.local.start != m.local.end { // not within a route
				p.angleDone = true
				s.i = i
				return
			}
		case ':':
			route := p.at > 0 && m.local.start == m.local.end
			if !route && !equalFold(m.local.bytes(s.v), "mailto") {
				p.bad = true
			}
			p.restart(m)
			p.at = 0
		default:
			p.take(s.v, m, kind, i, j, gap)
		}
	}
}

// elementParser is the state within one element.
type elementParser struct {
	at        int  // "@" seen
	words     int  // words seen before the first "@"
	joined    bool // the last token was "." or "@": a word belongs to it
	ended     bool // a word that does not belong to the domain stood behind it
	angleDone bool
	bad       bool
}

func (p *elementParser) restart(m *mailbox) {
	m.local, m.domain, m.literal = span{}, span{}, false
	p.words, p.joined, p.ended = 0, false, false
}

// take adds a word, a dot, an "@" or a literal to the address.
func (p *elementParser) take(v []byte, m *mailbox, kind byte, i, j int, gap bool) {
	if p.angleDone {
		p.bad = p.bad || kind == '@'
		return
	}
	if kind == '@' {
		if m.local.start != m.local.end {
			p.bad = p.bad || p.at > 0
		} else if m.angle {
			m.domain = span{} // the next name of a route
		} else {
			p.bad = true // no local part
		}
		p.at++
		p.joined = true
		return
	}
	part := &m.local
	if p.at > 0 {
		part = &m.domain
		m.literal = m.literal || kind == tokenLiteral
	}
	if kind != '.' && !p.joined && gap && part.start != part.end {
		if p.at > 0 { // text behind a finished address
			p.ended = true
			p.bad = p.bad || m.angle
			return
		}
		m.local = span{} // the word before belongs to the display name
	}
	if p.ended {
		return
	}
	if p.at == 0 && kind != '.' {
		p.words++
	}
	part.add(v, i, j)
	p.joined = kind == '.'
}

// finish decides what the element was; false where it held nothing.
func (p *elementParser) finish(m *mailbox) bool {
	local, domain := m.local.start != m.local.end, m.domain.start != m.domain.end
	switch {
	case p.bad:
		m.kind = boxBad
	case p.at > 0 && local && domain:
		m.kind = boxAddress
	case p.at > 0:
		m.kind = boxBad
	case m.angle && !local:
		m.kind = boxNull
	case local && (m.angle || p.words == 1):
		m.kind = boxLocal
	case local:
		m.kind = boxWords
	default:
		return false
	}
	return true
}
