package dns

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// Limits of names (RFC 1035 section 2.3.4).
const (
	MaxLabel = 63 // bytes in a label
	// MaxName is the longest name in text form without the final dot, bytes:
	// 255 on the wire, less the first length byte and the root label.
	MaxName = 253
)

// ErrBadName says that a name cannot be asked: it is empty, a label is empty or
// longer than [MaxLabel], or the name is longer than [MaxName].
var ErrBadName = errors.New("name cannot be asked")

// lookupProfile is UTS 46 for lookup, lenient where mail is: underscores and
// any other ASCII pass (RFC 8616 section 4 asks only for A-labels).
var lookupProfile = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false))

// CanonicalName returns a domain as names are written here: lower-case
// A-labels, absolute, without the final dot. Where IDNA cannot map the name its
// bytes stay, with A-Z lowered. The error is [ErrBadName] where such a name
// cannot be asked; the name is returned beside it for reports.
//
// A name that is canonical already is returned as it is, without allocation.
func CanonicalName(name string) (string, error) {
	name = strings.TrimSuffix(name, ".")
	if isASCII(name) {
		name = lowerASCII(name)
		return name, checkName(name)
	}
	// Bytes that are no UTF-8 would all become the same replacement character.
	if mapped, err := lookupProfile.ToASCII(name); err == nil && utf8.ValidString(name) {
		mapped = strings.TrimSuffix(mapped, ".")
		return mapped, checkName(mapped)
	}
	name = lowerASCII(name)
	return name, checkName(name)
}

// checkName returns ErrBadName for a name that has no wire form.
func checkName(name string) error {
	if name == "" || len(name) > MaxName {
		return ErrBadName
	}
	label := 0
	for i := 0; i < len(name); i++ {
		if name[i] != '.' {
			label++
			continue
		}
		if label == 0 || label > MaxLabel {
			return ErrBadName
		}
		label = 0
	}
	if label == 0 || label > MaxLabel {
		return ErrBadName
	}
	return nil
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// lowerASCII lowers A-Z only: DNS compares no other case (RFC 4343 section 3).
func lowerASCII(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			return string(appendLower(make([]byte, 0, len(s)), s))
		}
	}
	return s
}

func appendLower(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		c := s[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}
