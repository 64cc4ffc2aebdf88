package dns

import (
	"strconv"
	"strings"

	mdns "github.com/miekg/dns"
)

// String returns the type's mnemonic ("TXT"), or TYPE and its number (RFC 3597
// section 5) where it has none here.
func (t Type) String() string {
	switch t {
	case TypeA:
		return "A"
	case TypeNS:
		return "NS"
	case TypeCNAME:
		return "CNAME"
	case TypePTR:
		return "PTR"
	case TypeMX:
		return "MX"
	case TypeTXT:
		return "TXT"
	case TypeAAAA:
		return "AAAA"
	}
	if s, ok := mdns.TypeToString[uint16(t)]; ok {
		return s
	}
	return "TYPE" + strconv.Itoa(int(t))
}

// ParseType reads a mnemonic or the TYPE123 form, in any case. It tells whether
// there is such a type.
func ParseType(s string) (Type, bool) {
	s = strings.ToUpper(s)
	if t, ok := mdns.StringToType[s]; ok {
		return Type(t), true
	}
	number, ok := strings.CutPrefix(s, "TYPE")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(number, 10, 16)
	return Type(n), err == nil
}

var statusWords = [...]string{
	NotRecorded: "not_recorded",
	Success:     "success",
	NoData:      "nodata",
	NXDomain:    "nxdomain",
	Failure:     "failure",
}

// String returns the status as the word under which it is stored: not_recorded,
// success, nodata, nxdomain or failure.
func (s Status) String() string {
	if int(s) < len(statusWords) {
		return statusWords[s]
	}
	return "status" + strconv.Itoa(int(s))
}

// ParseStatus reads the words of [Status.String].
func ParseStatus(s string) (Status, bool) {
	for i, w := range statusWords {
		if w == s {
			return Status(i), true
		}
	}
	return 0, false
}

// failureKinds are all kinds of failure.
var failureKinds = [...]FailureKind{
	Timeout, ServFail, Refused, FormErr, OtherRcode, Network, Loop, TooLarge, BadName,
}
