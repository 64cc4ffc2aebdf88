package sources

import (
	"net/netip"
	"strings"
)

// Identifier names and classes senders as [Identify] does, and remembers the
// organizational domains and networks of those it met. The zero Identifier is
// ready; it is for one goroutine.
type Identifier struct {
	domains  map[string]string
	networks map[netip.Prefix]string
}

// maxRemembered bounds how many names and how many networks are remembered.
const maxRemembered = 64 << 10

// Identify names and classes the sender of a message.
func (m *Identifier) Identify(f *Facts) Source { return identify(f, m) }

// Organizational is the function of that name.
func (m *Identifier) Organizational(name string) string {
	if m == nil {
		return Organizational(name)
	}
	org, ok := m.domains[name]
	if !ok {
		name = strings.Clone(name) // not to keep what it is a part of
		org = Organizational(name)
		remember(&m.domains, name, org)
	}
	return org
}

// Network is the function of that name.
func (m *Identifier) Network(a netip.Addr) string {
	p := block(a)
	if m == nil || !p.IsValid() {
		return networkName(p)
	}
	name, ok := m.networks[p]
	if !ok {
		name = networkName(p)
		remember(&m.networks, p, name)
	}
	return name
}

// remember adds to a map that is emptied when it is full.
func remember[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil || len(*m) == maxRemembered {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}

// naming is what naming the sender of one message needs.
type naming struct {
	*Identifier
	author, org string // the author domain, and its organizational domain
}

// organizational is Organizational for a name that often is the author domain.
func (n *naming) organizational(name string) string {
	if name == n.author {
		return n.org
	}
	return n.Organizational(name)
}
