package evidence

import (
	"fmt"
	"net/netip"
	"strings"
)

// shared is the address space of RFC 6598, which carriers and overlay networks
// use inside: no host on the Internet sends from it.
var shared = netip.PrefixFrom(netip.AddrFrom4([4]byte{100, 64, 0, 0}), 10)

// trustedFunc returns what tells addresses of our own side: private (RFC 1918,
// RFC 4193), loopback, link-local and shared (RFC 6598) ones, and those of
// Options.TrustedNetworks.
func trustedFunc(o *Options) func(netip.Addr) bool {
	networks := o.TrustedNetworks
	return func(ip netip.Addr) bool {
		if internal(ip) {
			return true
		}
		for _, p := range networks {
			if p.Contains(ip) {
				return true
			}
		}
		return false
	}
}

func internal(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || ip.Is4() && shared.Contains(ip)
}

// boundary is what the walk down the Received fields found.
type boundary struct {
	index     int    // of the field; -1 where none was chosen
	inside    bool   // no client outside was met: the message began on our side
	authBasis string // why the client is an authenticated submitter; empty where not
}

// boundaryWalk goes from the topmost Received field down. A field is believed
// because every field above it was written for a client of our own side; so the
// first client outside is the boundary, and nothing below is believed.
//
// Passed over are fields without an address (local delivery, LMTP, list
// expansion, Gmail's "by ... with SMTP id"), and those of programs that fetched
// the mail (POP, IMAP): their peer is the store, not a client.
//
// Where no client is outside, the message began on our side, and the boundary is
// the lowest field with an address. A field that speaks of an authenticated
// client but hides its address (as providers do for their users) ends the walk
// too: below stands what that user sent. The client counts as authenticated
// then. A believed field with an address may speak of authentication without
// effect on what is below: relays log in to each other.
type boundaryWalk struct {
	lowest     int    // lowest field with an address of our side, -1
	lowestAuth string // its authentication
	login      int    // the field that ended the walk by authentication, -1
	loginAuth  string
}

func newBoundaryWalk() boundaryWalk { return boundaryWalk{lowest: -1, login: -1} }

// verdict is what one field means to the walk.
type verdict uint8

const (
	passedOver verdict = iota
	believed
	submission // ends the walk: an authenticated client without an address
	outside    // ends the walk: this is the boundary
)

// step takes the next field, number i.
func (w *boundaryWalk) step(i int, ip netip.Addr, protocol, authBasis string, trusted func(netip.Addr) bool) verdict {
	switch {
	case fetched(protocol):
		return passedOver
	case !ip.IsValid() && authBasis == "":
		return passedOver
	case !ip.IsValid():
		w.login, w.loginAuth = i, authBasis
		return submission
	case trusted(ip):
		w.lowest, w.lowestAuth = i, authBasis
		return believed
	}
	return outside
}

// inside concludes a walk that met no client outside.
func (w *boundaryWalk) inside() boundary {
	b := boundary{index: w.lowest, inside: true, authBasis: w.lowestAuth}
	if b.index < 0 {
		b.index = w.login
	}
	if w.login >= 0 {
		b.authBasis = w.loginAuth
	}
	return b
}

// fetched reports whether a protocol is one by which mail is fetched.
func fetched(protocol string) bool {
	switch protocol {
	case "POP2", "POP3", "APOP", "KPOP", "RPOP", "SDPS", "IMAP":
		return true
	}
	return strings.HasPrefix(protocol, "POP3") || strings.HasPrefix(protocol, "IMAP")
}

// chooseBoundary chooses among all hops, topmost first. With explain it also
// says, line by line, why.
func chooseBoundary(hops []Hop, trusted func(netip.Addr) bool, explain bool) (boundary, []string) {
	var why []string
	w := newBoundaryWalk()
	for i := range hops {
		h := &hops[i]
		v := w.step(i, h.IP, h.Protocol, h.AuthBasis, trusted)
		if explain {
			why = append(why, reason(i, h, v))
		}
		if v == outside {
			return boundary{index: i, authBasis: h.AuthBasis}, why
		}
		if v == submission {
			break
		}
	}
	b := w.inside()
	if explain {
		why = append(why, conclusion(&b))
	}
	return b, why
}

func reason(i int, h *Hop, v verdict) string {
	switch {
	case v == outside && h.AuthBasis != "":
		return fmt.Sprintf("%d: client %s is outside the trusted networks: the boundary; authenticated (%s)", i, h.IP, h.AuthBasis)
	case v == outside:
		return fmt.Sprintf("%d: client %s is outside the trusted networks: the boundary", i, h.IP)
	case v == submission:
		return fmt.Sprintf("%d: authenticated client (%s) without an address: its submission, nothing below is believed", i, h.AuthBasis)
	case v == believed:
		return fmt.Sprintf("%d: client %s is on our side: believed, go on below", i, h.IP)
	case fetched(h.Protocol):
		return fmt.Sprintf("%d: fetched by %s, no SMTP client: passed over", i, h.Protocol)
	}
	return fmt.Sprintf("%d: no client address: passed over", i)
}

func conclusion(b *boundary) string {
	switch {
	case b.index < 0:
		return "no field has a client address: no boundary"
	case b.authBasis != "":
		return fmt.Sprintf("no client outside: the message began on our side, at %d, authenticated (%s)", b.index, b.authBasis)
	}
	return fmt.Sprintf("no client outside: the message began on our side, at %d", b.index)
}

// maxHops is the most Received fields that are read. MTAs refuse mail with more
// than 25 to 100 (RFC 5321 §6.3 asks for a limit of at least 100).
const maxHops = 128

// Hops takes all Received fields of a header apart, topmost first, at most 128.
func Hops(h *Header) []Hop {
	hops := make([]Hop, 0, min(h.Count(KindReceived), maxHops))
	for i := range h.Fields {
		if h.Fields[i].Kind == KindReceived && len(hops) < maxHops {
			hops = append(hops, parseReceived(h.Fields[i].Value))
		}
	}
	return hops
}

// ExplainBoundary chooses the boundary hop as extraction does, and says why,
// one line for each hop it looked at. The index is -1 where there is none.
func ExplainBoundary(hops []Hop, o *Options) (index int, why []string) {
	b, why := chooseBoundary(hops, trustedFunc(o), true)
	return b.index, why
}
