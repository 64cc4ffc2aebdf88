package sink

import (
	"strings"
	"unicode/utf8"
)

// escapeDNS writes raw bytes the way a master file does (RFC 1035 section 5.1):
// a backslash is doubled, a control character, and a byte that is part of no
// valid UTF-8 character, is \DDD in decimal.
func escapeDNS(s string) string {
	if !needsDNSEscape(s) {
		return s
	}
	dst := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == '\\':
			dst = append(dst, '\\', '\\')
		case dnsEscapes(r, n):
			b := s[i]
			dst = append(dst, '\\', '0'+b/100, '0'+b/10%10, '0'+b%10)
		default:
			dst = append(dst, s[i:i+n]...)
		}
		i += n
	}
	return string(dst)
}

func needsDNSEscape(s string) bool {
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\\' || dnsEscapes(r, n) {
			return true
		}
		i += n
	}
	return false
}

func dnsEscapes(r rune, n int) bool {
	return r < ' ' || r == 0x7F || r == utf8.RuneError && n == 1
}

// unescapeDNS undoes escapeDNS. Anything else behind a backslash stands for
// itself, so it never fails.
func unescapeDNS(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	dst := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			dst = append(dst, s[i])
			continue
		}
		i++
		if b, ok := decimalByte(s[i:]); ok {
			dst = append(dst, b)
			i += 2
			continue
		}
		dst = append(dst, s[i])
	}
	return string(dst)
}

// decimalByte reads three decimal digits that make a byte.
func decimalByte(s string) (byte, bool) {
	if len(s) < 3 {
		return 0, false
	}
	n := 0
	for i := range 3 {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int(s[i]-'0')
	}
	return byte(n), n <= 0xFF
}
