package corpus

import (
	"bytes"
	"strings"
)

// simpleHeader is RFC 6376 §3.4.1: the field as it is.
func simpleHeader(field string) string { return field }

// relaxedHeader is RFC 6376 §3.4.2. field ends in CRLF or in nothing; so does
// the answer.
func relaxedHeader(field string) string {
	end := ""
	if strings.HasSuffix(field, "\r\n") {
		field, end = field[:len(field)-2], "\r\n"
	}
	name, value, _ := strings.Cut(field, ":")
	name = strings.ToLower(strings.TrimRight(name, " \t"))
	value = strings.ReplaceAll(value, "\r\n", "")
	value = strings.Trim(collapse(value), " ")
	return name + ":" + value + end
}

// collapse replaces each run of SP and HTAB by one SP.
func collapse(s string) string {
	var b strings.Builder
	space := false
	for i := 0; i < len(s); i++ {
		if s[i] == ' ' || s[i] == '\t' {
			if !space {
				b.WriteByte(' ')
			}
			space = true
			continue
		}
		b.WriteByte(s[i])
		space = false
	}
	return b.String()
}

// simpleBody is RFC 6376 §3.4.3: one CRLF at the end instead of none or many.
func simpleBody(body []byte) []byte {
	for bytes.HasSuffix(body, []byte("\r\n")) {
		body = body[:len(body)-2]
	}
	return append(bytes.Clone(body), "\r\n"...)
}

// relaxedBody is RFC 6376 §3.4.4.
func relaxedBody(body []byte) []byte {
	lines := bytes.Split(body, []byte("\r\n"))
	out := make([]byte, 0, len(body)+2)
	for _, line := range lines {
		if bytes.IndexByte(line, '\t') >= 0 || bytes.Contains(line, []byte("  ")) {
			line = []byte(collapse(string(line)))
		}
		out = append(out, bytes.TrimRight(line, " \t")...)
		out = append(out, "\r\n"...)
	}
	for bytes.HasSuffix(out, []byte("\r\n\r\n")) {
		out = out[:len(out)-2]
	}
	// A body of nothing but line ends is empty: no CRLF is added to it.
	if string(out) == "\r\n" {
		return nil
	}
	return out
}
