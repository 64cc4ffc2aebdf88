package dkim

import "strings"

// The tags of a key record that are read. n= is for people, everything else is
// unknown (RFC 6376 §3.6.1).
const (
	tagV = iota
	tagG
	tagH
	tagK
	tagP
	tagS
	tagT
	knownTags
)

// keyTags are the known tags of one record.
type keyTags [knownTags]keyTag

type keyTag struct {
	value string // white space at the ends removed
	index int    // position in the record, from 0
	set   bool
}

// maxKeyTags is the most tags of a record. RFC 6376 knows eight; a list that is
// longer is noise, and duplicates are looked for by comparing all.
const maxKeyTags = 32

// parse reads a tag-list (RFC 6376 §3.2) and tells what breaks it, or nothing. A
// duplicate name spoils the whole list, known or not.
func (t *keyTags) parse(list string) string {
	var names [maxKeyTags]string
	n := 0
	for rest, more := list, true; more; n++ {
		var spec string
		spec, rest, more = strings.Cut(rest, ";")
		if !more && trimFWS(spec) == "" && n > 0 {
			return "" // the list may end in ";"
		}
		name, value, ok := strings.Cut(spec, "=")
		name = trimFWS(name)
		if !ok || !validTagName(name) {
			return "a part is no tag"
		}
		if n == maxKeyTags {
			return "too many tags"
		}
		for _, earlier := range names[:n] {
			if earlier == name {
				return "duplicate " + shorten(name) + "="
			}
		}
		names[n] = name
		value = trimFWS(value)
		if !validTagValue(value) {
			return "control character in " + shorten(name) + "="
		}
		t.put(name, value, n)
	}
	return ""
}

// put keeps a known tag. Names are case-sensitive (RFC 6376 §3.2).
func (t *keyTags) put(name, value string, index int) {
	if len(name) == 1 {
		if i := strings.IndexByte("vghkpst", name[0]); i >= 0 {
			t[i] = keyTag{value, index, true}
		}
	}
}

// validTagName is ALPHA *ALNUMPUNC (RFC 6376 §3.2).
func validTagName(n string) bool {
	for i := range len(n) {
		b := n[i]
		letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
		if !letter && (i == 0 || b != '_' && (b < '0' || b > '9')) {
			return false
		}
	}
	return n != ""
}

// validTagValue refuses control characters but those of FWS. Bytes over 127 are
// outside the grammar too, but n= in UTF-8 is common and harms nobody; where
// they matter the value's own syntax refuses them.
func validTagValue(v string) bool {
	for i := range len(v) {
		if b := v[i]; b < ' ' && !isFWS(b) || b == 0x7f {
			return false
		}
	}
	return true
}

func isFWS(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

func trimFWS(s string) string {
	for s != "" && isFWS(s[0]) {
		s = s[1:]
	}
	for s != "" && isFWS(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	return s
}

// removeFWS takes white space out of a value that may be folded.
func removeFWS(s string) string {
	if !strings.ContainsAny(s, " \t\r\n") {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	for i := range len(s) {
		if !isFWS(s[i]) {
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
