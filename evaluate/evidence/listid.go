package evidence

import (
	"bytes"
	"strings"
)

// maxListID is the longest identifier of RFC 2919 §3, octets.
const maxListID = 255

// listID returns the list identifier of a List-Id field in lower case (RFC 2919
// §2: comparisons ignore case), empty where there is none. It stands between
// the last pair of angle brackets; a field of one bare word, as some senders
// write it, is taken for the identifier.
func listID(value []byte) string {
	value = trimSpace(value)
	if i := bytes.LastIndexByte(value, '<'); i >= 0 {
		value = value[i+1:]
		if j := bytes.IndexByte(value, '>'); j >= 0 {
			value = value[:j]
		}
	} else if bytes.ContainsAny(value, " \t\r\n\"(") {
		return ""
	}
	value = trimSpace(value)
	for _, c := range value {
		if isSpace(c) {
			value = bytes.Join(bytes.Fields(value), nil)
			break
		}
	}
	return strings.ToLower(text(value, maxListID))
}
