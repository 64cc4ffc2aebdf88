package spf

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"mailaudit/evaluate/dns"
)

// match evaluates one mechanism (RFC 7208 section 5). The verdict is that of an
// include.
func (e *evaluation) match(t *term, domain string) (bool, verdict, error) {
	var ok bool
	var err error
	switch t.kind {
	case kindAll:
		return true, verdict{}, nil
	case kindInclude:
		return e.include(t, domain)
	case kindIP4, kindIP6:
		// Addresses of one family only: an IPv4 client matches ip4 alone (RFC
		// 7208 section 5), and Contains is false across families.
		return t.prefix.Contains(e.client), verdict{}, nil
	case kindA:
		ok, err = e.matchA(t, domain)
	case kindMX:
		ok, err = e.matchMX(t, domain)
	case kindPTR:
		ok, err = e.matchPTR(t, domain)
	case kindExists:
		ok, err = e.matchExists(t, domain)
	}
	return ok, verdict{}, err
}

// begin counts the term, expands its target and asks the term's own question. No
// answer and no error mean that the target is no DNS name: the mechanism does
// not match (RFC 7208 section 4.8 leaves the choice, and this one lets a domain
// with an odd local part or HELO name go on to its other mechanisms).
func (e *evaluation) begin(t *term, domain string, rr dns.Type) (*dns.Answer, error) {
	if err := e.countLookup(); err != nil {
		return nil, err
	}
	target, err := e.target(t, domain)
	if err != nil {
		return nil, err
	}
	e.traceTarget(target)
	if !isAskable(target) {
		e.traceNote("not a DNS name")
		return nil, nil
	}
	a, err := e.ask(target, rr)
	switch {
	case err != nil:
		return nil, err
	case unaskable(a):
		return nil, nil
	case a.Failed():
		// RFC 7208 section 5: the topmost check_host() returns temperror.
		return nil, e.open(a)
	}
	return a, e.countVoid(a)
}

// addressType is the type that host names are looked up for (RFC 7208 section 5).
func (e *evaluation) addressType() dns.Type {
	if e.client.Is4() {
		return dns.TypeA
	}
	return dns.TypeAAAA
}

// matchA is the "a" mechanism (RFC 7208 section 5.3).
func (e *evaluation) matchA(t *term, domain string) (bool, error) {
	a, err := e.begin(t, domain, e.addressType())
	if err != nil || a == nil {
		return false, err
	}
	return e.matchAddresses(t, a), nil
}

// matchAddresses compares the client with addresses, as far as the term's prefix
// length says (RFC 7208 section 5).
func (e *evaluation) matchAddresses(t *term, a *dns.Answer) bool {
	bits := t.bits6
	if e.client.Is4() {
		bits = t.bits4
	}
	for _, r := range a.Records {
		addr, err := netip.ParseAddr(r)
		if err == nil && netip.PrefixFrom(addr, bits).Contains(e.client) {
			return true
		}
	}
	return false
}

// matchMX is the "mx" mechanism (RFC 7208 section 5.4). Hosts are looked up by
// rising preference, then by name. A domain without MX records has no implicit
// one here.
func (e *evaluation) matchMX(t *term, domain string) (bool, error) {
	a, err := e.begin(t, domain, dns.TypeMX)
	if err != nil || a == nil {
		return false, err
	}
	for i, host := range exchanges(a.Records) {
		if i == MaxMX {
			// RFC 7208 section 4.6.4: the mechanism MUST produce permerror.
			return false, e.stop(PermError, TooManyMX, "MX %s: more than %d hosts to look up", a.Name, MaxMX)
		}
		if !isAskable(host) {
			continue // "MX 0 ." (RFC 7505) among them
		}
		addrs, err := e.ask(host, e.addressType())
		switch {
		case err != nil:
			return false, err
		case unaskable(addrs):
		case addrs.Failed():
			return false, e.open(addrs)
		case e.matchAddresses(t, addrs):
			e.traceNote("host %s", host)
			return true, nil
		}
	}
	return false, nil
}

// exchanges returns the hosts of MX records in order.
func exchanges(records []string) []string {
	type exchange struct {
		preference uint64
		host       string
	}
	list := make([]exchange, 0, len(records))
	for _, r := range records {
		preference, host, _ := strings.Cut(r, " ")
		n, err := strconv.ParseUint(preference, 10, 16)
		if err == nil {
			list = append(list, exchange{n, canonical(host)})
		}
	}
	slices.SortFunc(list, func(a, b exchange) int {
		return cmp.Or(cmp.Compare(a.preference, b.preference), cmp.Compare(a.host, b.host))
	})
	hosts := make([]string, len(list))
	for i := range list {
		hosts[i] = list[i].host
	}
	return hosts
}

// matchExists is the "exists" mechanism: an A record, whatever the client's
// family (RFC 7208 section 5.7).
func (e *evaluation) matchExists(t *term, domain string) (bool, error) {
	a, err := e.begin(t, domain, dns.TypeA)
	return err == nil && a != nil && len(a.Records) > 0, err
}
