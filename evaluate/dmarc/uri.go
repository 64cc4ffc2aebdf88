package dmarc

import "strings"

// checkURIs looks at a comma-separated list of reporting URIs (RFC 9989
// section 4.8, dmarc-urilist): whether any is syntactically valid, and whether
// all are.
func checkURIs(list string) (anyValid, allValid bool) {
	allValid = true
	for rest, more := list, true; more; {
		var uri string
		uri, rest, more = strings.Cut(rest, ",")
		if validURI(trimWSP(uri)) {
			anyValid = true
		} else {
			allValid = false
		}
	}
	return anyValid, allValid
}

// validURI tells whether s is a URI of RFC 3986 with a scheme, perhaps with the
// obsolete report size behind it (obs-dmarc-uri, RFC 9989 section 4.8).
func validURI(s string) bool {
	if uri, size, ok := strings.Cut(s, "!"); ok {
		if !validReportSize(size) {
			return false
		}
		s = uri
	}
	scheme, rest, ok := strings.Cut(s, ":")
	return ok && validScheme(scheme) && validURIRest(rest)
}

// validReportSize is obs-dmarc-report-size without its exclamation point.
func validReportSize(s string) bool {
	if s == "" {
		return false
	}
	if strings.IndexByte("kmgtKMGT", s[len(s)-1]) >= 0 {
		s = s[:len(s)-1]
	}
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// validScheme is scheme of RFC 3986 section 3.1.
func validScheme(s string) bool {
	if s == "" || !isAlpha(s[0]) {
		return false
	}
	for i := 1; i < len(s); i++ {
		if c := s[i]; !isAlpha(c) && !isDigit(c) && c != '+' && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// validURIRest looks at the characters after the scheme (RFC 3986 section 2):
// unreserved, reserved, and whole percent-encodings.
func validURIRest(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case isAlpha(c), isDigit(c):
		case c == '%':
			if i+2 >= len(s) || !isHex(s[i+1]) || !isHex(s[i+2]) {
				return false
			}
			i += 2
		case strings.IndexByte("-._~:/?#[]@$&'()*+=", c) < 0: // "!", "," and ";" end a URI here
			return false
		}
	}
	return true
}

func isAlpha(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }

// trimWSP removes WSP of RFC 5234: space and tab, nothing else.
func trimWSP(s string) string { return strings.Trim(s, " \t") }
