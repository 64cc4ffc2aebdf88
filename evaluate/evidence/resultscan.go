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

// pair reads "key=value" from its first word on, with the white space and
// comments that RFC 8601 §2.2 allows around "/", "." and "=". A version behind
// the key ("dkim/1") is dropped. Further "=" belong to the value, a comment ends
// it. It returns false, and consumes nothing that matters, where the word is no
// key.
func (s *resultScanner) pair(word []byte) (key, value []byte, ok bool) {
	key = word
	for !s.accept('=') {
		switch {
		case s.accept('/'):
			s.operand()
		case s.accept('.'):
			rest := s.operand()
			key = append(append(append(make([]byte, 0, len(key)+1+len(rest)), key...), '.'), rest...)
			if len(rest) == 0 || len(key) > maxText {
				return key, nil, false
			}
		default:
			return word, nil, false
		}
	}
	return key, s.value(), true
}

// operand is the token behind "/" or ".".
func (s *resultScanner) operand() []byte {
	s.skipComments()
	was := s.i
	w, kind := s.word()
	if kind != wordPlain {
		s.i = was
		return nil
	}
	return w
}

func (s *resultScanner) value() []byte {
	s.skipComments()
	if s.i == len(s.v) || s.v[s.i] == ';' {
		return nil
	}
	v, _ := s.scan(true)
	return v
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
// does not follow.
func (s *resultScanner) accept(c byte) bool {
	was := s.i
	s.skipComments()
	if s.i < len(s.v) && s.v[s.i] == c {
		s.i++
		return true
	}
	s.i = was
	return false
}

func (s *resultScanner) skipComments() {
	for {
		s.space()
		if s.i == len(s.v) || s.v[s.i] != '(' || s.noComment {
			return
		}
		e := commentEnd(s.v, s.i)
		if e < 0 {
			s.noComment = true
			return
		}
		s.i = e
	}
}
