package spf

import (
	"net/netip"
	"strconv"
	"strings"

	"mailaudit/evaluate/dns"
)

// target expands the domain-spec of a term; without one it is the domain (RFC
// 7208 section 4.8).
func (e *evaluation) target(t *term, domain string) (string, error) {
	if t.spec.text == "" {
		return domain, nil
	}
	b, err := e.expandName(e.scratch[:0], t.spec.segments, domain)
	if err != nil {
		return "", err
	}
	e.scratch = b
	// A final dot does not change the name (RFC 7208 section 7.3).
	if n := len(b); n > 0 && b[n-1] == '.' {
		b = b[:n-1]
	}
	b = shorten(b)
	lowerAll(b)
	return string(b), nil
}

// expandName appends the expansion of a domain-spec. Of very many segments it
// expands only the last ones, as shortening would drop what the others give.
func (e *evaluation) expandName(b []byte, segments []segment, domain string) ([]byte, error) {
	values := make([]string, 0, fewSegments)
	for i := range segments {
		v, err := e.value(&segments[i], domain)
		if err != nil {
			return b, err
		}
		values = append(values, v)
	}
	first := 0
	if len(segments) > fewSegments {
		first = len(segments)
		// One more byte for the dot before the name, one for a final dot.
		for n := 0; first > 0 && n < dns.MaxName+2; first-- {
			n += len(segments[first-1].expand(b, values[first-1])) - len(b)
		}
	}
	for i := first; i < len(segments); i++ {
		b = segments[i].expand(b, values[i])
	}
	return b, nil
}

// expand appends the expansion of one segment, whose macro letter stands for
// value (RFC 7208 section 7.3).
func (s *segment) expand(b []byte, value string) []byte {
	start := len(b)
	if s.digits == 0 && !s.reverse && s.delimiters == "" {
		b = append(b, value...)
	} else {
		b = appendParts(b, value, s)
	}
	if s.escape {
		escaped := urlEscape(string(b[start:]))
		b = append(b[:start], escaped...)
	}
	return b
}

// appendParts splits a value at the delimiters, reverses the parts, keeps those
// at the right and joins them with dots. Parts may be empty (RFC 7208 section
// 7.3: no special treatment of leading, trailing or consecutive delimiters).
func appendParts(b []byte, value string, s *segment) []byte {
	delimiters := s.delimiters
	if delimiters == "" {
		delimiters = "."
	}
	if s.reverse {
		return appendReversed(b, leftParts(value, delimiters, s.digits), delimiters)
	}
	for _, c := range []byte(rightParts(value, delimiters, s.digits)) {
		if strings.IndexByte(delimiters, c) >= 0 {
			c = '.'
		}
		b = append(b, c)
	}
	return b
}

// leftParts is the value up to the end of its nth part, all of it for n = 0 and
// where there are fewer.
func leftParts(value, delimiters string, n int) string {
	for i := 0; i < len(value); i++ {
		if strings.IndexByte(delimiters, value[i]) < 0 {
			continue
		}
		if n--; n == 0 {
			return value[:i]
		}
	}
	return value
}

// rightParts is the same from the right.
func rightParts(value, delimiters string, n int) string {
	for i := len(value) - 1; i >= 0; i-- {
		if strings.IndexByte(delimiters, value[i]) < 0 {
			continue
		}
		if n--; n == 0 {
			return value[i+1:]
		}
	}
	return value
}

// appendReversed appends the parts of a value in reverse order.
func appendReversed(b []byte, value, delimiters string) []byte {
	for {
		i := strings.LastIndexAny(value, delimiters)
		b = append(b, value[i+1:]...)
		if i < 0 {
			return b
		}
		b = append(b, '.')
		value = value[:i]
	}
}

// urlEscape escapes what is not unreserved (RFC 3986 section 2.3).
func urlEscape(s string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); i++ {
		c := s[i]
		if isAlpha(c) || isDigit(c) || strings.IndexByte("-._~", c) >= 0 {
			b = append(b, c)
		} else {
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}

// value returns what a segment's macro letter stands for (RFC 7208 section 7.2),
// or its literal, and notes which parts of the query the result has come to
// depend on.
func (e *evaluation) value(s *segment, domain string) (string, error) {
	switch s.letter {
	case 0:
		return s.literal, nil
	case 's':
		local, err := e.localPart()
		return local + "@" + e.domain, err
	case 'l':
		return e.localPart()
	case 'o':
		return e.domain, nil
	case 'd':
		return domain, nil
	case 'i':
		return dotted(e.client), nil
	case 'p':
		return e.validatedName(domain)
	case 'v':
		if e.client.Is4() {
			return "in-addr", nil
		}
		return "ip6", nil
	case 'h':
		e.uses |= usesHELO
		return clip(e.query.HELO), nil
	case 'c':
		return e.client.String(), nil
	case 'r':
		return e.receiver, nil
	default: // 't'
		e.uses |= usesTime
		if e.query.At.IsZero() {
			return "0", nil
		}
		return strconv.FormatInt(e.query.At.Unix(), 10), nil
	}
}

// localPart is the local part of the sender, postmaster where it has none (RFC
// 7208 section 4.3).
func (e *evaluation) localPart() (string, error) {
	if e.query.LocalUnknown {
		return "", e.stop(TempError, LocalPartNotStored, "a macro needs the local part")
	}
	e.uses |= usesLocal
	local := e.query.Local
	if local == "" {
		return "postmaster", nil
	}
	return clip(local), nil
}

// clip returns as much of a local part or HELO name as macros use.
func clip(s string) string { return s[:min(len(s), maxMacroValue)] }

// dotted is the macro %{i}: an IPv4 address as it is, the nibbles of an IPv6
// address with dots.
func dotted(a netip.Addr) string {
	if a.Is4() {
		return a.String()
	}
	const hex = "0123456789abcdef"
	var b [63]byte
	for i, c := range a.As16() {
		b[4*i], b[4*i+1], b[4*i+2] = hex[c>>4], '.', hex[c&15]
		if i < 15 {
			b[4*i+3] = '.'
		}
	}
	return string(b[:])
}
