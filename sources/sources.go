// Package sources says who sent a message, as people know senders, and what
// kind of sender that is: the domain's own, a third party, a mailing list, a
// forwarder, somebody unknown, or a likely forger.
//
// Nothing here is certain. A [Source] carries the evidence it rests on and how
// much that weighs; the rules are in docs/whatif.md. The functions are pure:
// they ask no DNS and read no clock.
package sources

import (
	"net/netip"
	"strings"

	"mailaudit/evaluate/dmarc"
)

// Facts are what is known of a message's way, all of it columns of a dataset.
type Facts struct {
	Author string // the author domain; must not be empty
	// AuthorOrg is what Organizational says of it; found out where it is empty.
	AuthorOrg string

	ReturnPath   string // domain of MAIL FROM; empty for the null path and where unknown
	SPFPassed    bool   // for the MAIL FROM identity
	SPFFailed    bool   // fail, not softfail: the domain's own word that the client is not its
	SPFBroken    bool   // permerror: the record is in error
	SPFAlignment dmarc.Alignment

	Client     netip.Addr // invalid where unknown
	ClientName string     // reverse name as the boundary wrote it
	HELO       string
	HELOPassed bool // SPF for the HELO identity

	ListID     string
	Signatures []Signature

	ARCPassed bool
	ARCSealer string // d= of the newest seal
}

// Signature is what is known of one DKIM signature.
type Signature struct {
	Domain    string // d=
	Passed    bool
	Alignment dmarc.Alignment
	Damage    string // the word of the column dkim.damage
}

// Class is what kind of sender it is.
type Class uint8

// The classes.
const (
	Unknown      Class = iota // the evidence points nowhere
	Own                       // aligned: DMARC can tell that it is the domain's
	OwnUnaligned              // the domain's own hosts, by name, without an aligned pass
	ThirdParty                // authenticates as somebody else
	MailingList
	Forwarder // passes on what others sent
	LikelyForgery
)

var classWords = [...]string{"unknown", "own", "own_unaligned", "third_party", "mailing_list", "forwarder", "likely_forgery"}

// Classes is how many classes there are.
const Classes = len(classWords)

// String is the stable word of a class.
func (c Class) String() string { return classWords[c] }

// Confidence is how much the evidence weighs; there is no "certain".
type Confidence uint8

// The confidences.
const (
	Low    Confidence = iota // a guess: what there is can be had by anybody
	Medium                   // one thing that cannot be forged, or several that could
	High                     // what cannot be forged, and fits together
)

var confidenceWords = [...]string{"low", "medium", "high"}

// String is the stable word of a confidence.
func (c Confidence) String() string { return confidenceWords[c] }

// Basis is what a source is named by.
type Basis uint8

// The bases.
const (
	ByNothing    Basis = iota
	BySignature        // organizational domain of the signer
	ByReturnPath       // organizational domain of the return path, which SPF confirms
	ByHELO             // organizational domain of HELO, which SPF confirms, or all that is known
	ByName             // organizational domain of the client's reverse name
	BySeal             // organizational domain of the newest ARC sealer
	ByNetwork          // the client's /24, or /48 for IPv6
)

var basisWords = [...]string{"none", "signature", "return_path", "helo", "reverse_name", "arc_seal", "network"}

// String is the stable word of a basis.
func (b Basis) String() string { return basisWords[b] }

// Source is a sender as people know it.
type Source struct {
	// Name is a domain, a network, or "unknown": printable ASCII without blanks,
	// whatever the mail holds.
	Name       string
	Basis      Basis
	Class      Class
	Confidence Confidence
	Evidence   Evidence
}

// Identify names and classes the sender of a message. It allocates nothing but
// the name of a network.
func Identify(f *Facts) Source { return identify(f, nil) }

func identify(f *Facts, m *Identifier) Source {
	n := naming{m, f.Author, f.AuthorOrg}
	if n.org == "" {
		n.org = m.Organizational(f.Author)
	}
	s := classify(f, n.org)
	s.Name, s.Basis = name(f, s.Class, &n)
	return s
}

// Organizational is the domain that people know a name by: the registered
// domain of the Public Suffix List, else the name itself. Names that are no
// domains (an address literal, one without a dot, or with bytes that no host
// name has) give an empty string.
func Organizational(name string) string {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if !hostName(name) {
		return ""
	}
	if org := dmarc.OrganizationalDomainPSL(name); org != "" {
		return org
	}
	return name
}

// maxName is the longest domain name in text (RFC 1035 section 2.3.4), bytes.
const maxName = 253

// hostName tells whether a name has two labels or more, of letters, digits,
// hyphens and underscores in lower case, the last of them not a number.
func hostName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	dot, label := false, 0
	for i := 0; i < len(name); i++ {
		c := name[i]
		switch {
		case c == '.':
			if i == label {
				return false
			}
			dot, label = true, i+1
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_':
		default:
			return false
		}
	}
	return dot && label < len(name) && (name[label] < '0' || name[label] > '9')
}

// Network is the block of addresses that one operator usually holds: /24, or
// /48 for IPv6 (RFC 6177 section 2); empty for an invalid address.
func Network(a netip.Addr) string { return networkName(block(a)) }

func block(a netip.Addr) netip.Prefix {
	bits := 48
	if a = a.Unmap(); a.Is4() {
		bits = 24
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

func networkName(p netip.Prefix) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

// within tells whether name is the domain or below it.
func within(name, domain string) bool {
	return domain != "" && (name == domain || len(name) > len(domain) && strings.HasSuffix(name, domain) && name[len(name)-len(domain)-1] == '.')
}
