package maillog

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// jsonBuffer reads flat JSON objects. What it gives out lies in the line or in
// its own buffer and is valid until the next reset.
type jsonBuffer struct{ text []byte }

func (j *jsonBuffer) reset() { j.text = j.text[:0] }

// object calls each for every member whose value is a string, a number or an
// array of byte values (as journald has text that is not UTF-8). Other values
// are passed over as they stand, as raw text. False means that b is no object.
func (j *jsonBuffer) object(b []byte, each func(key, value []byte)) bool {
	b = jsonSpace(b)
	if len(b) == 0 || b[0] != '{' {
		return false
	}
	b = jsonSpace(b[1:])
	for len(b) > 0 && b[0] == '"' {
		var key, value []byte
		var ok bool
		if key, b, ok = j.string(b); !ok {
			return false
		}
		if b = jsonSpace(b); len(b) == 0 || b[0] != ':' {
			return false
		}
		if value, b, ok = j.value(jsonSpace(b[1:])); !ok {
			return false
		}
		each(key, value)
		if b = jsonSpace(b); len(b) > 0 && b[0] == ',' {
			b = jsonSpace(b[1:])
		}
	}
	return len(b) > 0 && b[0] == '}'
}

func (j *jsonBuffer) value(b []byte) (value, rest []byte, ok bool) {
	if len(b) == 0 {
		return nil, b, false
	}
	switch b[0] {
	case '"':
		return j.string(b)
	case '[':
		if value, rest, ok = j.byteArray(b); ok {
			return value, rest, true
		}
		fallthrough
	case '{':
		n := jsonNested(b)
		return b[:n], b[n:], n > 0
	}
	n := 0
	for n < len(b) && classes[b[n]]&valueEnd == 0 {
		n++
	}
	return b[:n], b[n:], n > 0
}

// string reads a string; one without escapes stays where it lies.
func (j *jsonBuffer) string(b []byte) (value, rest []byte, ok bool) {
	i := 1 + either(b[1:], '"', '\\')
	if i == len(b) {
		return nil, b, false
	}
	if b[i] == '\\' {
		return j.escaped(b, i)
	}
	return b[1:i], b[i+1:], true
}

// escaped reads a string whose first escape is at i.
func (j *jsonBuffer) escaped(b []byte, i int) (value, rest []byte, ok bool) {
	start := len(j.text)
	j.text = append(j.text, b[1:i]...)
	for i < len(b) {
		if b[i] == '\\' {
			if i++; i >= len(b) {
				break
			}
			i += j.escape(b[i:]) + 1
			continue
		}
		n := either(b[i:], '"', '\\')
		j.text = append(j.text, b[i:i+n]...)
		if i += n; i < len(b) && b[i] == '"' {
			return j.text[start:len(j.text):len(j.text)], b[i+1:], true
		}
	}
	return nil, b, false
}

// escape appends what an escape stands for and returns how many bytes beyond
// its first it took.
func (j *jsonBuffer) escape(b []byte) int {
	switch b[0] {
	case 'n':
		j.text = append(j.text, '\n')
	case 't':
		j.text = append(j.text, '\t')
	case 'r':
		j.text = append(j.text, '\r')
	case 'b', 'f':
		j.text = append(j.text, ' ')
	case 'u':
		r, n := jsonRune(b)
		j.text = utf8.AppendRune(j.text, r)
		return n
	default:
		j.text = append(j.text, b[0])
	}
	return 0
}

func jsonRune(b []byte) (r rune, n int) {
	if len(b) < 5 {
		return utf8.RuneError, 0
	}
	v, ok := hexAny(b[1:5])
	if !ok {
		return utf8.RuneError, 0
	}
	if utf16.IsSurrogate(rune(v)) && len(b) >= 11 && b[5] == '\\' && b[6] == 'u' {
		if w, ok := hexAny(b[7:11]); ok {
			return utf16.DecodeRune(rune(v), rune(w)), 10
		}
	}
	return rune(v), 4
}

func hexAny(b []byte) (uint64, bool) {
	var l [4]byte
	return hex(lower(l[:0], b))
}

// byteArray reads [72,105].
func (j *jsonBuffer) byteArray(b []byte) (value, rest []byte, ok bool) {
	start, n, digits := len(j.text), 0, 0
	for i := 1; i < len(b); i++ {
		switch c := b[i]; {
		case isDigit(c) && digits < 3:
			n, digits = n*10+int(c-'0'), digits+1
		case (c == ',' || c == ']') && digits > 0 && n < 256:
			if j.text = append(j.text, byte(n)); c == ']' {
				return j.text[start:len(j.text):len(j.text)], b[i+1:], true
			}
			n, digits = 0, 0
		case c != ' ':
			j.text = j.text[:start]
			return nil, b, false
		}
	}
	return nil, b, false
}

// jsonNested is the length of the array or object at the front of b, 0 when it
// does not end.
func jsonNested(b []byte) int {
	depth := 0
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			n := jsonStringLength(b[i:])
			if n == 0 {
				return 0
			}
			i += n - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}

// jsonStringLength is the length of the string at the front of b with its
// quotes, 0 when it does not end.
func jsonStringLength(b []byte) int {
	for i := 1; i < len(b); {
		i += either(b[i:], '"', '\\')
		if i < len(b) && b[i] == '"' {
			return i + 1
		}
		i += 2 // an escape
	}
	return 0
}

// list turns ["a","b"] into a;b; - escapes do not occur in what is read of it.
func (j *jsonBuffer) list(b []byte) []byte {
	start := len(j.text)
	for {
		i := bytes.IndexByte(b, '"')
		if i < 0 {
			return j.text[start:len(j.text):len(j.text)]
		}
		b = b[i+1:]
		v := upTo(b, `"`)
		j.text = append(append(j.text, v...), ';')
		b = b[min(len(v)+1, len(b)):]
	}
}

func jsonSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\r' || b[0] == '\n') {
		b = b[1:]
	}
	return b
}
