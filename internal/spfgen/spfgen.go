// Package spfgen makes SPF situations for differential tests: a small zone, a
// client and a sender. A seed always gives the same situation. It knows no SPF
// implementation and depends on the standard library alone, so that any
// implementation can be asked about it.
package spfgen

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/netip"
	"strings"
)

// Case is one situation.
type Case struct {
	Seed                uint64
	Zone                Zone
	Client              netip.Addr // IPv4, IPv6 or IPv4-mapped
	Local, Domain, HELO string
}

// Zone is all there is, by lower-case name without the final dot. Ask it with
// [Zone.Find].
type Zone map[string]*Host

// Host is what is known of a name.
type Host struct {
	A, AAAA, TXT, PTR []string
	MX                []MX
	Failure           string // "timeout", "servfail", "loop" (of CNAMEs): every question of the name; else empty
}

// MX is a mail exchanger.
type MX struct {
	Preference uint16
	Host       string
}

// Find returns what is known of a name, nil where it does not exist. Of the
// names under any.test, which are for macros to make, half exist.
func (z Zone) Find(name string) *Host {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if h, ok := z[name]; ok {
		return h
	}
	if strings.HasSuffix(name, ".any.test") {
		sum := fnv.New32a()
		sum.Write([]byte(name))
		if sum.Sum32()%2 == 0 {
			return &Host{A: []string{"127.0.0.2"}, AAAA: []string{"2001:db8::127"}}
		}
	}
	return nil
}

const (
	policies = 5 // names with SPF records, p0.test and on
	hosts    = 6 // names with addresses, h0.test and on
)

var (
	clients = []string{
		"192.0.2.1", "192.0.2.77", "198.51.100.9", "203.0.113.200",
		"2001:db8::1", "2001:db8:5::77", "::ffff:192.0.2.1",
	}
	networks4  = []string{"192.0.2.1", "192.0.2.0", "192.0.2.64", "198.51.100.0", "203.0.113.200", "0.0.0.0"}
	networks6  = []string{"2001:db8::1", "2001:DB8::", "2001:db8:5::", "::", "::1.2.3.4", "::ffff:192.0.2.1"}
	addresses4 = []string{"192.0.2.1", "192.0.2.2", "192.0.2.77", "198.51.100.9", "203.0.113.7"}
	addresses6 = []string{"2001:db8::1", "2001:db8::2", "2001:db8:5::77", "2001:db8:9::9"}
	locals     = []string{"foo", "Strong-Bad", "a.b.c", "a+b", "o'hara", "x=y&z", "a..b", ""}
	helos      = []string{"mail.example.org", "h0.test", "h1.test", "localhost", "[192.0.2.1]", "x y", longName}
	macros     = []string{
		"%{i}", "%{ir}", "%{v}", "%{l}", "%{lr-}", "%{l1r+}", "%{d}", "%{d2}", "%{dr}", "%{o}", "%{o1r}", "%{s}",
		"%{S}", "%{h}", "%{L}", "%%", "%_", "%-", "%{d1}", "%{i2r}", "%{hr.-}", "%{p}",
	}
	explanations = []string{
		"%{i} may not", "See http://%{d}/?s=%{S}&i=%{I}", "%{h} at %{t} says %{p} to %{r}", "%{l}", "%{x}", "no\x80",
	}
	mistakes = []string{
		"moo", "ip4:192.0.2", "ip4:192.0.2.300", "ip4:192.0.2.0/33", "ip4:192.0.2.0/024", "ip4", "ip4:2001:db8::/32", "ip6:192.0.2.1",
		"ip6:2001:db8::/129", "ip6:xyz", "a:", "a/33", "a//129", "mx/", "a:museum", "a:192.0.2.1", "mx:h0.test:25", "include", "include:",
		"include:h0.test/24", "exists", "exists:", "ptr/0", "ptr:", "all:x", "all.", "redirect:p0.test", "redirect=", "exp=",
		"exp=%{r}.test", "=x", "1up=x", "+moo=x", "a:%{x}.test", "a:%(d).test", "foo=%abc", "a:%{d0}.test", "a:%{d", "a:\x80.test",
	}
)

// longName is as long as a HELO name can be; with anything after it, a name
// made of it has to be shortened (RFC 7208 section 7.3).
var longName = strings.Repeat(strings.Repeat("x", 49)+".", 5) + "any"

// generator draws one case.
type generator struct {
	*rand.Rand
	zone Zone
}

// New returns the case of a seed.
func New(seed uint64) Case {
	g := &generator{rand.New(rand.NewPCG(seed, 7208)), Zone{}}
	c := Case{
		Seed: seed, Zone: g.zone,
		Client: netip.MustParseAddr(pick(g, clients)),
		Local:  pick(g, locals), Domain: "p0.test", HELO: pick(g, helos),
	}
	g.addHosts()
	for i := range policies {
		g.zone[fmt.Sprintf("p%d.test", i)] = g.policy()
	}
	g.addReverse(c.Client.Unmap())
	g.zone["t.test"] = &Host{Failure: "timeout"}
	g.zone["s.test"] = &Host{Failure: "servfail"}
	g.zone["l.test"] = &Host{Failure: "loop"}
	g.zone["why.test"] = &Host{TXT: []string{pick(g, explanations)}}
	return c
}

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

// chance is true n times of 100.
func (g *generator) chance(n int) bool { return g.IntN(100) < n }

// some returns between low and high different members.
func (g *generator) some(list []string, low, high int) []string {
	n := low + g.IntN(high-low+1)
	var out []string
	for _, i := range g.Perm(len(list))[:min(n, len(list))] {
		out = append(out, list[i])
	}
	return out
}

func (g *generator) addHosts() {
	for i := range hosts {
		h := &Host{A: g.some(addresses4, 1, 2), AAAA: g.some(addresses6, 1, 2)}
		switch {
		case g.chance(8):
			h.A = nil
		case g.chance(8):
			h.AAAA = nil
		}
		if g.chance(60) {
			h.MX = g.exchangers()
		}
		g.zone[fmt.Sprintf("h%d.test", i)] = h
	}
}

func (g *generator) exchangers() []MX {
	n := 1 + g.IntN(3)
	if g.chance(4) {
		n = 10 + g.IntN(3)
	}
	var out []MX
	for i := range n {
		out = append(out, MX{uint16(10 * i), g.target()})
	}
	return out
}

// policy is a host with an SPF record, now and then with none or two.
func (g *generator) policy() *Host {
	h := &Host{TXT: []string{g.Record()}}
	switch {
	case g.chance(2):
		h.TXT = append(h.TXT, g.Record())
	case g.chance(2):
		h.TXT = []string{"v=spf10 all", "other text"}
	case g.chance(10):
		h.TXT = append(h.TXT, "other text")
	}
	if g.chance(50) {
		h.A, h.AAAA = g.some(addresses4, 1, 2), g.some(addresses6, 1, 2)
	}
	if g.chance(30) {
		h.MX = g.exchangers()
	}
	return h
}

func (g *generator) addReverse(client netip.Addr) {
	if g.chance(40) {
		return
	}
	h := &Host{PTR: g.some([]string{"h0.test", "h1.test", "p0.test", "x.p0.test", "n0.test", "t.test", "x.test"}, 1, 4)}
	if g.chance(10) {
		h = &Host{Failure: "servfail"}
	}
	g.zone[ReverseName(client)] = h
	if g.chance(50) {
		g.zone["x.p0.test"] = &Host{A: []string{"192.0.2.1"}, AAAA: []string{"2001:db8::1"}}
	}
}

// ReverseName is the name of an address in the reverse tree.
func ReverseName(a netip.Addr) string {
	var labels []string
	if a.Is4() {
		labels = strings.Split(a.String(), ".")
	} else {
		labels = strings.Split(strings.ReplaceAll(a.StringExpanded(), ":", ""), "")
	}
	var b strings.Builder
	for i := len(labels) - 1; i >= 0; i-- {
		b.WriteString(labels[i] + ".")
	}
	if a.Is4() {
		return b.String() + "in-addr.arpa"
	}
	return b.String() + "ip6.arpa"
}
