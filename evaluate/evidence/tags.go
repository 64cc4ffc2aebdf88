package evidence

import "bytes"

// A tag of a tag-list (RFC 6376 §3.2). name and value alias the field's value,
// white space at their ends removed; value may still hold folding.
type tag struct {
	name, value []byte
	// start and end bound the text between "=" and ";" in the list, white
	// space included: what is emptied of b= before hashing (RFC 6376 §3.7).
	start, end int
}

// maxTags is the most tags that are read. RFC 6376 knows 14; the rest of a
// longer list is noise.
const maxTags = 64

// parseTags appends the tags of a list. It returns false where the list breaks
// the grammar: a part without "=", a name that is not ALPHA *ALNUMPUNC, a name
// that occurs twice (RFC 6376 §3.2: "Tags with duplicate names MUST NOT occur
// within a single tag-list"), or more than maxTags.
func parseTags(dst []tag, list []byte) ([]tag, bool) {
	ok := true
	for pos := 0; pos < len(list); {
		end := bytes.IndexByte(list[pos:], ';')
		if end < 0 {
			end = len(list)
		} else {
			end += pos
		}
		eq := bytes.IndexByte(list[pos:end], '=')
		switch {
		case eq >= 0:
			t := tag{name: trimFWS(list[pos : pos+eq]), value: trimFWS(list[pos+eq+1 : end]), start: pos + eq + 1, end: end}
			if !validTagName(t.name) || has(dst, t.name) || len(dst) == maxTags {
				ok = false
				break
			}
			dst = append(dst, t)
		case len(trimFWS(list[pos:end])) > 0, end < len(list):
			ok = false // text without "=", or ";;"
		}
		pos = end + 1
	}
	return dst, ok
}

func validTagName(n []byte) bool {
	for i, b := range n {
		letter := 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
		if !letter && (i == 0 || b != '_' && (b < '0' || b > '9')) {
			return false
		}
	}
	return len(n) > 0
}

// has tells whether a tag of that name is there, which is not empty.
func has(tags []tag, name []byte) bool {
	for i := range tags {
		if n := tags[i].name; n[0] == name[0] && bytes.Equal(n, name) {
			return true
		}
	}
	return false
}

// tagList is a parsed list with access by name; names are case-sensitive
// (RFC 6376 §3.2).
type tagList []tag

// get returns the value of a tag, and whether the tag is there.
func (l tagList) get(name string) ([]byte, bool) {
	if t := l.find(name); t != nil {
		return t.value, true
	}
	return nil, false
}

func (l tagList) find(name string) *tag {
	for i := range l {
		if n := l[i].name; n[0] == name[0] && string(n) == name {
			return &l[i]
		}
	}
	return nil
}

func isFWS(b byte) bool { return b == ' ' || b == '\t' || b == '\r' || b == '\n' }

func trimFWS(b []byte) []byte {
	for len(b) > 0 && isFWS(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && isFWS(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// removeFWS appends v without any white space.
func removeFWS(dst, v []byte) []byte {
	for len(v) > 0 {
		i := 0
		for i < len(v) && !blank[v[i]] {
			i++
		}
		dst, v = append(dst, v[:i]...), v[i:]
		for len(v) > 0 && blank[v[0]] {
			v = v[1:]
		}
	}
	return dst
}

// parseNumber reads an unsigned decimal of at most 76 digits (RFC 6376 §3.5,
// l=, t=, x=), saturating at 1<<62.
func parseNumber(v []byte) (int64, bool) {
	const most = 1 << 62
	if len(v) == 0 || len(v) > 76 {
		return 0, false
	}
	var n int64
	for _, b := range v {
		if b < '0' || b > '9' {
			return 0, false
		}
		if n > most/10-1 {
			n = most
			continue
		}
		n = n*10 + int64(b-'0')
	}
	return n, true
}
