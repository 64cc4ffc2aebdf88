package dns

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// maxString is the most bytes of a character-string (RFC 1035 section 3.3).
const maxString = 255

// CanonicalData returns RDATA, as master files and passive-DNS exports write
// it, in the form of [Answer.Records]. TXT that begins with a quote is a list of
// character-strings; any other is taken as the text itself, as exports have it.
// Types that no verdict asks for are an error, as is text that is no such RDATA.
func CanonicalData(t Type, text string) (string, error) {
	switch t {
	case TypeTXT:
		if !strings.HasPrefix(strings.TrimLeft(text, " \t"), `"`) {
			return text, nil
		}
		return unquoteStrings(text)
	case TypeA, TypeAAAA:
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" || (t == TypeA) != addr.Is4() {
			return "", fmt.Errorf("%q is no %v record", text, t)
		}
		return addr.String(), nil
	case TypeMX:
		f := strings.Fields(text)
		if len(f) != 2 {
			return "", fmt.Errorf("%q is no MX record", text)
		}
		n, err := strconv.ParseUint(f[0], 10, 16)
		if err != nil {
			return "", fmt.Errorf("%q is no MX record", text)
		}
		return hostText(strconv.FormatUint(n, 10)+" ", f[1])
	case TypeNS, TypePTR, TypeCNAME:
		if strings.ContainsAny(text, " \t") {
			return "", fmt.Errorf("%q is no %v record", text, t)
		}
		return hostText("", text)
	}
	return "", fmt.Errorf("type %v is not kept", t)
}

// unquoteStrings joins quoted character-strings (RFC 1035 section 5.1).
func unquoteStrings(s string) (string, error) {
	var b []byte
	for s = strings.TrimLeft(s, " \t"); s != ""; s = strings.TrimLeft(s, " \t") {
		if s[0] != '"' {
			return "", errEscape
		}
		s = s[1:]
		for {
			if s == "" {
				return "", errEscape
			}
			if s[0] == '"' {
				s = s[1:]
				break
			}
			c, rest, err := unescape(s)
			if err != nil {
				return "", err
			}
			b, s = append(b, c), rest
		}
	}
	return string(b), nil
}

// PresentationData is the opposite of [CanonicalData]: what a master file has,
// names with the final dot, TXT in quotes and cut into character-strings. It is
// ASCII whatever the bytes of the data are.
func PresentationData(t Type, data string) string {
	switch t {
	case TypeTXT:
		return quoteStrings(data)
	case TypeMX:
		pref, host, _ := strings.Cut(data, " ")
		return pref + " " + PresentationName(host)
	case TypeNS, TypePTR, TypeCNAME:
		return PresentationName(data)
	}
	return data
}

func quoteStrings(data string) string {
	b := make([]byte, 0, len(data)+len(data)/maxString*3+2)
	for {
		n := min(len(data), maxString)
		b = append(b, '"')
		for i := range n {
			b = appendEscaped(b, data[i], `"\`)
		}
		b = append(b, '"')
		if data = data[n:]; data == "" {
			return string(b)
		}
		b = append(b, ' ')
	}
}

// PresentationName writes a name the way master files do (RFC 1035 section 5.1),
// with the final dot.
func PresentationName(name string) string {
	if name == "." {
		return name
	}
	b := make([]byte, 0, len(name)+1)
	for i := range len(name) {
		if name[i] == ' ' {
			b = append(b, `\032`...)
			continue
		}
		b = appendEscaped(b, name[i], `"\();@$`)
	}
	return string(append(b, '.'))
}

// appendEscaped adds one byte, escaped where it is one of special or cannot be
// printed.
func appendEscaped(b []byte, c byte, special string) []byte {
	switch {
	case c < ' ' || c >= 0x7F:
		return append(b, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
	case strings.IndexByte(special, c) >= 0:
		return append(b, '\\', c)
	}
	return append(b, c)
}

// PresentedName reads a name that a master file or an export wrote, with or
// without the final dot, in the form of [Question.Name]. The error is
// [ErrBadName] where nobody can ask it.
func PresentedName(s string) (string, error) {
	name := s
	if strings.IndexByte(s, '\\') >= 0 {
		var err error
		if name, err = rawName(s); err != nil {
			return "", ErrBadName
		}
		return name, checkName(name)
	}
	return CanonicalName(name)
}
