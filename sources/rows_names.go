package sources

import (
	"net/netip"
	"strings"

	"mailaudit/internal/columns"
)

const (
	noName        Name = iota // no name can be had
	unknownSender             // unknownName
)

// notAsked is in the place of a Name that was not looked for yet.
const notAsked Name = -1

// names are the numbers of names, and what was found out of hosts.
type names struct {
	all []string
	ids map[string]Name
	// hosts are the organizational domains of names; networks those of addresses.
	hosts    map[string]Name
	networks map[netip.Prefix]Name
}

func (n *names) begin() {
	if n.ids == nil {
		n.all, n.ids = []string{"", unknownName}, map[string]Name{"": noName, unknownName: unknownSender}
	}
}

func (n *names) id(name string) Name {
	id, ok := n.ids[name]
	if !ok {
		id, name = Name(len(n.all)), strings.Clone(name)
		n.all = append(n.all, name)
		n.ids[name] = id
	}
	return id
}

// organizational is Organizational.
func (n *names) organizational(host string) Name {
	id, ok := n.hosts[host]
	if !ok {
		id = n.id(Organizational(host))
		remember(&n.hosts, strings.Clone(host), id)
	}
	return id
}

// network is Network.
func (n *names) network(a netip.Addr) Name {
	p := block(a)
	if !p.IsValid() {
		return noName
	}
	id, ok := n.networks[p]
	if !ok {
		id = n.id(networkName(p))
		remember(&n.networks, p, id)
	}
	return id
}

// hosts is a column of names of hosts.
type hosts struct {
	*columns.Vector
	names *names
	orgs  []Name // of the places in Dict, as far as they were asked for
	// near tells of a place whether it is within the domain that was asked for
	// last.
	near []nearness
}

type nearness struct {
	domain Name
	within bool
}

func (h *hosts) reset(v *columns.Vector, n *names) {
	h.Vector, h.names = v, n
	h.orgs, h.near = refill(h.orgs, len(v.Dict), notAsked), refill(h.near, len(v.Dict), nearness{domain: notAsked})
}

// org is the organizational domain of value i.
func (h *hosts) org(i int) Name {
	code := h.Codes[i]
	if code < 0 {
		return noName
	}
	if id := h.orgs[code]; id != notAsked {
		return id
	}
	h.orgs[code] = h.names.organizational(h.Dict[code])
	return h.orgs[code]
}

// where is org of a value that can be relied on.
func (h *hosts) where(holds bool, i int) Name {
	if !holds {
		return noName
	}
	return h.org(i)
}

// within tells whether value i is the domain or below it.
func (h *hosts) within(i int, domain Name) bool {
	code := h.Codes[i]
	if code < 0 {
		return false
	}
	n := &h.near[code]
	if n.domain != domain {
		n.domain, n.within = domain, within(h.Dict[code], h.names.all[domain])
	}
	return n.within
}

// clients is a column of addresses.
type clients struct {
	*columns.Vector
	names    *names
	known    columns.Marks // what is an address
	networks []Name        // of the places in Dict, as far as they were asked for
}

func (c *clients) reset(v *columns.Vector, n *names) {
	c.Vector, c.names = v, n
	c.networks = refill(c.networks, len(v.Dict), notAsked)
	c.known.Reset(v, func(text string) uint8 {
		_, err := netip.ParseAddr(text)
		return bit(err == nil)
	})
}

// network is the network of value i.
func (c *clients) network(i int) Name {
	code := c.Codes[i]
	if code < 0 {
		return noName
	}
	if c.networks[code] == notAsked {
		a, _ := netip.ParseAddr(c.Dict[code]) // none where it fails
		c.networks[code] = c.names.network(a)
	}
	return c.networks[code]
}

// refill is a slice of n equal elements, in the same memory where it is large
// enough.
func refill[E any](s []E, n int, e E) []E {
	if cap(s) < n {
		s = make([]E, n)
	}
	s = s[:n]
	for i := range s {
		s[i] = e
	}
	return s
}
