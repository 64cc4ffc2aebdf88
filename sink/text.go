package sink

import "unicode/utf8"

// The escape of bytes that a UTF-8 column cannot hold: U+EF00 plus the byte. Of
// that range, only NUL and the bytes from 0x80 on are ever used.
const (
	escapeBase  = 0xEF00
	escapeFirst = 0xEF80 // the escape of 0x80
	escapeLast  = 0xEFFF // the escape of 0xFF
)

// EscapeText returns s as valid UTF-8 without NUL. Most strings are returned as
// they are; [UnescapeText] undoes the rest.
func EscapeText(s string) string {
	if plainASCII(s) || !needsEscape(s) {
		return s
	}
	return string(appendEscaped(make([]byte, 0, len(s)+8), s))
}

// plainASCII tells that s has neither NUL nor a byte above 0x7F, eight at a time.
func plainASCII(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		// The high bit of w-ones is set by a zero byte, or by a byte above 0x80.
		if (w|(w-ones))&highs != 0 {
			return false
		}
	}
	for ; i < len(s); i++ {
		if s[i]-1 >= 0x7F {
			return false
		}
	}
	return true
}

// load64 reads eight bytes; the compiler makes one load of it.
func load64(s string, i int) uint64 {
	s = s[i : i+8]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

func needsEscape(s string) bool {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if escapes(r, n) {
			return true
		}
		i += n
	}
	return false
}

// escapes tells whether the n bytes read as r are kept byte by byte.
func escapes(r rune, n int) bool {
	return r == 0 || r == utf8.RuneError && n == 1 ||
		r == escapeBase || r >= escapeFirst && r <= escapeLast
}

func appendEscaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !escapes(r, n) {
			dst = append(dst, s[i:i+n]...)
			i += n
			continue
		}
		for ; n > 0; n-- {
			dst = utf8.AppendRune(dst, escapeBase+rune(s[i]))
			i++
		}
	}
	return dst
}

// UnescapeText gives back the bytes that [EscapeText] was given. A string that
// did not come from there is returned with its escapes undone all the same.
func UnescapeText(s string) string {
	if plainASCII(s) || !needsEscape(s) {
		return s
	}
	dst := make([]byte, 0, len(s))
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == escapeBase || r >= escapeFirst && r <= escapeLast {
			dst = append(dst, byte(r-escapeBase))
		} else {
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return string(dst)
}
