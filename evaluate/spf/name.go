package spf

import (
	"strings"

	"mailaudit/evaluate/dns"
)

// isDomain tells whether check_host() can be asked for a domain: several
// labels of 1 to 63 bytes each, no address literal, A-labels only (RFC 7208
// section 4.3). The top label is held to RFC 3696 section 2, so that an address
// without brackets is no domain either.
func isDomain(name string) bool {
	for i := 0; i < len(name); i++ {
		if c := name[i]; c <= ' ' || c > '~' {
			return false
		}
	}
	dot := strings.LastIndexByte(name, '.')
	return dot > 0 && name[0] != '[' && isTopLabel(name[dot+1:]) && isAskable(name)
}

// isAskable tells whether a DNS question can be put for a name: labels of 1 to
// 63 bytes, at most 253 in all.
func isAskable(name string) bool {
	if name == "" || len(name) > dns.MaxName {
		return false
	}
	label := 0
	for i := 0; i < len(name); i++ {
		if name[i] != '.' {
			label++
			continue
		}
		if label == 0 || label > dns.MaxLabel {
			return false
		}
		label = 0
	}
	return label > 0 && label <= dns.MaxLabel
}

// isWithin tells whether a name is domain or below it. Both are canonical.
func isWithin(name, domain string) bool {
	rest, ok := strings.CutSuffix(name, domain)
	return ok && (rest == "" || rest[len(rest)-1] == '.')
}

// canonical lowers A-Z and removes one final dot; without allocation where there
// is nothing to do.
func canonical(name string) string {
	name = strings.TrimSuffix(name, ".")
	for i := 0; i < len(name); i++ {
		if lower(name[i]) != name[i] {
			b := []byte(name)
			lowerAll(b)
			return string(b)
		}
	}
	return name
}

func lowerAll(b []byte) {
	for i := range b {
		b[i] = lower(b[i])
	}
}

// shorten removes labels from the left until a name fits (RFC 7208 section 7.3).
func shorten(name []byte) []byte {
	if len(name) <= dns.MaxName {
		return name
	}
	for i := len(name) - dns.MaxName - 1; i < len(name); i++ {
		if name[i] == '.' {
			return name[i+1:]
		}
	}
	return nil // one label, far too long: no name
}
