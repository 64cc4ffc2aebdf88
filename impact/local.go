package impact

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/sources"
)

// Words of override_type that this package adds (RFC 9990, RFC 7489 appendix C).
const (
	OverrideTrustedForwarder = "trusted_forwarder"
	OverrideLocalPolicy      = "local_policy"
)

// Forwarders are hosts that are trusted to pass on what they were sent.
type Forwarders struct {
	Networks []netip.Prefix
	Domains  []string // lower-case A-labels; a domain holds for what is below it
}

// ReadForwarders reads networks, addresses and domains, separated by commas,
// white space or lines; what follows a # is a comment.
func ReadForwarders(r io.Reader) (*Forwarders, error) {
	f := new(Forwarders)
	for lines := bufio.NewScanner(r); ; {
		if !lines.Scan() {
			return f, lines.Err()
		}
		text, _, _ := strings.Cut(lines.Text(), "#")
		for word := range strings.FieldsFuncSeq(text, func(c rune) bool { return strings.ContainsRune(", \t\r", c) }) {
			if err := f.add(word); err != nil {
				return nil, err
			}
		}
	}
}

func (f *Forwarders) add(word string) error {
	if a, err := netip.ParseAddr(word); err == nil {
		a = a.Unmap()
		f.Networks = append(f.Networks, netip.PrefixFrom(a, a.BitLen()))
		return nil
	}
	if p, err := netip.ParsePrefix(word); err == nil {
		f.Networks = append(f.Networks, p.Masked())
		return nil
	}
	name, err := dns.CanonicalName(word)
	if err != nil || strings.ContainsAny(name, "/:*@") {
		return fmt.Errorf("%q is no network, address or domain", word)
	}
	f.Domains = append(f.Domains, name)
	return nil
}

// trusts tells which of them passed a message on; empty: none. A name counts
// where something other than the client vouches for it: the boundary's reverse
// lookup, or SPF.
func (f *Forwarders) trusts(d *sources.Facts) string {
	if d.Client.IsValid() {
		for _, n := range f.Networks {
			if n.Contains(d.Client) {
				return n.String()
			}
		}
	}
	for _, name := range f.Domains {
		if isBelow(strings.ToLower(d.ClientName), name) || d.HELOPassed && isBelow(d.HELO, name) || d.SPFPassed && isBelow(d.ReturnPath, name) {
			return name
		}
	}
	return ""
}

// isBelow tells whether name is the domain or below it.
func isBelow(name, domain string) bool {
	return strings.HasSuffix(name, domain) && (len(name) == len(domain) || name[len(name)-len(domain)-1] == '.')
}

// ARCTrust is whose ARC seals are believed.
type ARCTrust struct {
	All     bool
	Sealers []string // lower-case A-labels; a domain holds for what is below it
}

// chain is what is known of a message's ARC chain.
type chain struct {
	passed  bool
	domains []string // of the seals, by rising instance
	first   string   // the authentication results of the first instance
}

// vouches tells whether a chain says, by sealers who are all trusted, that the
// message had an aligned pass when it came to the first of them, and gives the
// comment of RFC 8617 section 7.2.2. One sealer who is not trusted could have
// changed anything.
func (t *ARCTrust) vouches(c *chain, author string) (comment string, ok bool) {
	if !c.passed || len(c.domains) == 0 {
		return "", false
	}
	for _, d := range c.domains {
		if !t.All && !slices.ContainsFunc(t.Sealers, func(s string) bool { return isBelow(d, s) }) {
			return "", false
		}
	}
	if !sawPass(c.first, author) {
		return "", false
	}
	comment = "arc=pass"
	for i := len(c.domains) - 1; i >= 0; i-- {
		comment += fmt.Sprintf(" as[%d].d=%s", i+1, c.domains[i])
	}
	return comment, true
}

// sawPass tells whether authentication results say that DMARC passed; where they
// say nothing of DMARC, that a signature or a return path of the author's
// registered domain did.
func sawPass(results, author string) bool {
	org := sources.Organizational(author)
	passed, spoke := false, false
	for method := range strings.SplitSeq(strings.ToLower(withoutComments(results)), ";") {
		words := strings.Fields(method)
		if len(words) == 0 {
			continue
		}
		switch name, result, _ := strings.Cut(words[0], "="); {
		case name == "dmarc":
			spoke = true
			passed = result == string(dmarc.Pass)
		case spoke || result != string(dmarc.Pass):
		case name == "dkim":
			passed = passed || names(words, org, "header.d=", "header.i=")
		case name == "spf":
			passed = passed || names(words, org, "smtp.mailfrom=")
		}
	}
	return passed
}

// withoutComments leaves out comments and quoted strings (RFC 5322 section
// 3.2.2): what a stranger said may stand in them, a semicolon included. One that
// never ends takes the rest with it.
func withoutComments(s string) string {
	if !strings.ContainsAny(s, `("`) {
		return s
	}
	out := make([]byte, 0, len(s))
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && (quoted || depth > 0):
			i++
		case c == '"' && depth == 0:
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')' && depth > 0:
			depth--
		case depth == 0:
			out = append(out, c)
		}
	}
	return string(out)
}

// names tells whether one of some properties is in a domain.
func names(words []string, org string, properties ...string) bool {
	for _, w := range words {
		for _, p := range properties {
			if v, ok := strings.CutPrefix(w, p); ok && org != "" && isBelow(v[strings.LastIndexByte(v, '@')+1:], org) {
				return true
			}
		}
	}
	return false
}
