package evidence

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits on names and addresses.
const (
	// maxDomain and maxLabel are those of RFC 1035 §2.3.4 in presentation form
	// without the final dot, octets.
	maxDomain = 253
	maxLabel  = 63
	// maxRawDomain bounds what is given to the IDNA mapping: 253 octets of
	// A-labels come from far fewer than 1,024 octets of UTF-8.
	maxRawDomain = 1024
	// maxLocal is the longest local part that is kept, octets. RFC 5321
	// §4.5.3.1.1 says 64; VERP and SRS paths of real lists pass 200.
	maxLocal = 512
	// maxText is the longest name, id or word that is kept, octets.
	maxText = 512
)

// ldh marks the characters of host names, and the underscore that names of DNS
// records and of many mail clients' hosts hold.
var ldh = func() (t [256]bool) {
	for c := byte('0'); c <= '9'; c++ {
		t[c] = true
	}
	for c := byte('a'); c <= 'z'; c++ {
		t[c], t[c-'a'+'A'] = true, true
	}
	t['-'], t['_'] = true, true
	return t
}()

// domainOf returns a domain name as lower-case A-labels, without the final dot.
// It returns false for what is no domain name: empty labels, labels or names
// that are too long (RFC 1035 §2.3.4), address literals, any other character
// than letters, digits, hyphens and underscores, and U-labels that IDNA2008
// does not allow. It is the one place where domains are normalised.
func domainOf(raw []byte) (string, bool) {
	raw = trimSpace(raw)
	if n := len(raw); n > 1 && raw[n-1] == '.' {
		raw = raw[:n-1]
	}
	if len(raw) == 0 || len(raw) > maxRawDomain {
		return "", false
	}
	label, upper := 0, false
	for _, c := range raw {
		switch {
		case c == '.':
			if label == 0 {
				return "", false
			}
			label = 0
			continue
		case c >= utf8.RuneSelf:
			return domainOfU(raw)
		case !ldh[c] || label == maxLabel:
			return "", false
		case 'A' <= c && c <= 'Z':
			upper = true
		}
		label++
	}
	if label == 0 || len(raw) > maxDomain {
		return "", false
	}
	if upper {
		var buf [maxDomain]byte
		for i, c := range raw {
			buf[i] = lower(c)
		}
		return string(buf[:len(raw)]), true
	}
	return string(raw), true
}

// domainOfU maps a name with U-labels to A-labels (RFC 9989 §5.3.1, RFC 5891 §5, with the
// mapping of UTS 46 that mail clients and resolvers apply before a look-up).
func domainOfU(raw []byte) (string, bool) {
	if !utf8.Valid(raw) {
		return "", false
	}
	a, err := idna.Lookup.ToASCII(string(raw))
	if err != nil {
		return "", false
	}
	for i := range len(a) {
		if a[i] >= utf8.RuneSelf {
			return "", false
		}
	}
	return domainOf([]byte(a))
}

// parsePath reads a return path or an envelope sender, with or without angle
// brackets: the local part as written, quotes included (VERP, BATV and SRS are
// left as they are), and the domain as domainOf has it. A null path gives two
// empty strings. The domain is empty too where the path has none (a local user)
// or has an address literal. A source route is dropped (RFC 5321 appendix C).
// It returns false where there is no path to read, or its domain is no domain.
func parsePath(value []byte) (local, domain string, ok bool) {
	value = trimSpace(value)
	if len(value) == 0 {
		return "", "", false
	}
	s := addressScanner{v: value}
	var m mailbox
	if !s.next(&m) {
		return "", "", false
	}
	switch m.kind {
	case boxNull:
		return "", "", true
	case boxLocal:
		return text(m.local.bytes(value), maxLocal), "", true
	case boxAddress:
		local = text(m.local.bytes(value), maxLocal)
		if m.literal {
			return local, "", true
		}
		if domain, ok = domainOf(m.domain.bytes(value)); ok {
			return local, domain, true
		}
	}
	return "", "", false
}

// trimSpace removes white space and line ends from both ends.
func trimSpace(b []byte) []byte {
	for len(b) > 0 && isSpace(b[0]) {
		b = b[1:]
	}
	for n := len(b); n > 0 && isSpace(b[n-1]); n = len(b) {
		b = b[:n-1]
	}
	return b
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// text returns a copy of b as UTF-8 of at most limit octets: control characters
// are dropped, and what is no UTF-8 becomes U+FFFD.
func text(b []byte, limit int) string {
	plain := len(b) <= limit
	for _, c := range b {
		if c < ' ' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return string(b)
	}
	out := make([]byte, 0, min(len(b), limit))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		b = b[n:]
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			continue
		}
		if len(out)+utf8.RuneLen(r) > limit {
			break
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out)
}

// messageID returns the identifier of a Message-ID field without its angle
// brackets and folding (RFC 5322 §3.6.4).
func messageID(value []byte) string {
	value = trimSpace(value)
	if i := bytes.IndexByte(value, '<'); i >= 0 {
		value = value[i+1:]
		if j := bytes.IndexByte(value, '>'); j >= 0 {
			value = value[:j]
		}
	}
	return text(trimSpace(value), maxText)
}
