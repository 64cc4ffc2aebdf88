package evidence

// wordKind is what a resultScanner found.
type wordKind uint8

const (
	wordEnded   wordKind = iota
	wordPlain            // a token or a quoted string, without its quotes
	wordComment          // a comment, without its parentheses
	wordBreak            // ";"
)

// resultScanner splits the fields in which receivers note results:
// Authentication-Results and Received-SPF. Every byte is looked at a bounded
// number of times.
type resultScanner struct {
	v         []byte
	i         int
	noQuote   bool // a quoted string without an end was met
	noComment bool // a comment without an end was met
}

// word returns the next token, quoted string, comment or ";".
func (s *resultScanner) word() ([]byte, wordKind) { return s.scan(false) }

// valueAfter returns what stands behind a "=": further "=" belong to it, a
// comment ends it.
func (s *resultScanner) valueAfter() ([]byte, wordKind) {
	s.space()
	if s.i == len(s.v) || s.v[s.i] == ';' {
		return nil, wordEnded
	}
	return s.scan(true)
}

func (s *resultScanner) space() {
	for s.i < len(s.v) && (isSpace(s.v[s.i]) || s.v[s.i] == ',') {
		s.i++
	}
}

func (s *resultScanner) scan(value bool) ([]byte, wordKind) {
	s.space()
	if s.i == len(s.v) {
		return nil, wordEnded
	}
	start := s.i
	switch s.v[start] {
	case ';':
		s.i++
		return s.v[start:s.i], wordBreak
	case '"':
		if !s.noQuote {
			if e := quotedEnd(s.v, start); e > 0 {
				s.i = e
				return s.localBehind(unquote(s.v[start:e])), wordPlain
			}
			s.noQuote = true
		}
	case '(':
		if !s.noComment {
			if e := commentEnd(s.v, start); e > 0 {
				s.i = e
				return s.v[start+1 : e-1], wordComment
			}
			s.noComment = true
		}
	}
	s.i++
	for s.i < len(s.v) && !s.ends(s.v[s.i], value) {
		s.i++
	}
	return s.v[start:s.i], wordPlain
}

func (s *resultScanner) ends(c byte, value bool) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ';':
		return true
	case '(':
		return !s.noComment
	case '=':
		return !value
	}
	return false
}

// localBehind completes an address whose local part was quoted:
// "john doe"@example.com (RFC 8601 §2.2, pvalue).
func (s *resultScanner) localBehind(w []byte) []byte {
	if s.i == len(s.v) || s.v[s.i] != '@' {
		return w
	}
	start := s.i
	for s.i < len(s.v) && !s.ends(s.v[s.i], true) {
		s.i++
	}
	return append(append(make([]byte, 0, len(w)+s.i-start), w...), s.v[start:s.i]...)
}

// accept passes over white space, comments and c; it stays where it was when c
// does not follow (RFC 8601 §2.2 allows CFWS around "=").
func (s *resultScanner) accept(c byte) bool {
	was := s.i
	for {
		s.space()
		if s.i < len(s.v) && s.v[s.i] == '(' && !s.noComment {
			if e := commentEnd(s.v, s.i); e > 0 {
				s.i = e
				continue
			}
			s.noComment = true
		}
		break
	}
	if s.i < len(s.v) && s.v[s.i] == c {
		s.i++
		return true
	}
	s.i = was
	return false
}
