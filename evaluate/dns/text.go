package dns

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"

	mdns "github.com/miekg/dns"
)

// errEscape is a backslash that RFC 1035 section 5.1 gives no meaning.
var errEscape = errors.New("bad escape in character-string")

// errNoData is a record without RDATA, which only dynamic updates have.
var errNoData = errors.New("record has no data")

// rdataText returns the RDATA in the form of [Answer.Records].
func rdataText(rr mdns.RR) (string, error) {
	switch rr := rr.(type) {
	case *mdns.A:
		return addrText(rr.A.To4())
	case *mdns.AAAA:
		return addrText(rr.AAAA.To16())
	case *mdns.MX:
		return hostText(strconv.Itoa(int(rr.Preference))+" ", rr.Mx)
	case *mdns.NS:
		return hostText("", rr.Ns)
	case *mdns.PTR:
		return hostText("", rr.Ptr)
	case *mdns.CNAME:
		return hostText("", rr.Target)
	case *mdns.DNAME:
		return hostText("", rr.Target)
	case *mdns.TXT:
		return joinStrings(rr.Txt)
	}
	// Types that no verdict asks for keep their presentation form.
	return strings.TrimPrefix(rr.String(), rr.Header().String()), nil
}

func addrText(ip []byte) (string, error) {
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return "", errNoData
	}
	return addr.String(), nil
}

// hostText returns prefix and the host. The root stays ".", as in the null MX
// of RFC 7505.
func hostText(prefix, host string) (string, error) {
	switch host {
	case "":
		return "", errNoData
	case ".":
		return prefix + host, nil
	}
	name, err := rawName(host)
	return prefix + name, err
}

// joinStrings decodes character-strings from their presentation form and joins
// them without anything between (RFC 7208 section 3.3, RFC 6376 section
// 3.6.2.2).
func joinStrings(parts []string) (string, error) {
	if len(parts) == 0 {
		return "", errNoData
	}
	if len(parts) == 1 && strings.IndexByte(parts[0], '\\') < 0 {
		return parts[0], nil
	}
	size := 0
	for _, p := range parts {
		size += len(p)
	}
	b := make([]byte, 0, size)
	for _, p := range parts {
		for p != "" {
			c, rest, err := unescape(p)
			if err != nil {
				return "", err
			}
			b, p = append(b, c), rest
		}
	}
	return string(b), nil
}

// unescape takes the first byte of presentation text: itself, \X or \DDD (RFC
// 1035 section 5.1).
func unescape(s string) (c byte, rest string, err error) {
	switch {
	case s[0] != '\\':
		return s[0], s[1:], nil
	case len(s) == 1:
		return 0, "", errEscape
	case !isDigit(s[1]):
		return s[1], s[2:], nil
	case len(s) < 4 || !isDigit(s[2]) || !isDigit(s[3]):
		return 0, "", errEscape
	}
	n := int(s[1]-'0')*100 + int(s[2]-'0')*10 + int(s[3]-'0')
	if n > 255 {
		return 0, "", errEscape
	}
	return byte(n), s[4:], nil
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// rawName returns a name given in presentation form as [Question.Name] has it:
// lower case, raw bytes, without the final dot. A dot inside a label stays
// escaped: no question can carry one, so the name can be shown but never asked.
func rawName(s string) (string, error) {
	if strings.IndexByte(s, '\\') < 0 {
		return lowerASCII(strings.TrimSuffix(s, ".")), nil
	}
	b := make([]byte, 0, len(s))
	for s != "" {
		if s == "." {
			break
		}
		escaped := s[0] == '\\'
		c, rest, err := unescape(s)
		if err != nil {
			return "", err
		}
		if escaped && c == '.' {
			b = append(b, '\\')
		}
		b, s = append(b, c), rest
	}
	return lowerASCII(string(b)), nil
}
