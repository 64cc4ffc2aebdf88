package impact

import (
	"context"
	"strings"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
)

// prefix is where policies are published (RFC 9989 section 4.3).
const prefix = "_dmarc."

// published is a source with the scenario's policies over another source.
type published struct {
	base  dns.Source
	names map[string]*dns.Answer // by the whole name
	// above are the names that a published record makes exist: its own without
	// the prefix, and all above it (RFC 8020 section 2).
	above    map[string]bool
	everyone []string // the record for domains without one; nil: none
}

func publish(base dns.Source, policies []Policy) *published {
	p := &published{base: base, names: make(map[string]*dns.Answer), above: make(map[string]bool)}
	for _, q := range policies {
		if q.Name == Everyone {
			p.everyone = []string{q.Text}
			continue
		}
		a := &dns.Answer{Name: prefix + q.Name, Type: dns.TypeTXT, Status: dns.NXDomain, Source: sourceName}
		p.names[a.Name] = a
		if q.Text == "" {
			continue
		}
		a.Status, a.Records = dns.Success, []string{q.Text}
		for name := q.Name; name != ""; _, name, _ = strings.Cut(name, ".") {
			p.above[name] = true
		}
	}
	return p
}

// sourceName is what answers of the scenario say they come from.
const sourceName = "what-if"

// Lookup implements [dns.Source].
func (p *published) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	if q.Type == dns.TypeTXT {
		if a := p.names[q.Name]; a != nil {
			return a, nil
		}
	}
	a, err := p.base.Lookup(ctx, q)
	switch {
	case err != nil:
		return nil, err
	case q.Type == dns.TypeTXT:
		return p.orEveryones(q.Name, a), nil
	case q.Type == dns.TypeA:
		return p.existing(ctx, q, a)
	}
	return a, nil
}

// orEveryones gives registered domains that have no DMARC record the one for
// everyone. A failure stays one: there may be a record.
func (p *published) orEveryones(name string, a *dns.Answer) *dns.Answer {
	domain, ok := strings.CutPrefix(name, prefix)
	if p.everyone == nil || !ok || a.Failed() || dmarc.OrganizationalDomainPSL(domain) != domain || hasPolicy(a) {
		return a
	}
	return &dns.Answer{
		Name: name, Type: dns.TypeTXT, Status: dns.Success, Records: p.everyone,
		Source: sourceName, ObservedAt: a.ObservedAt, Since: a.Since, Until: a.Until,
	}
}

// hasPolicy tells whether an answer has a DMARC record, or several.
func hasPolicy(a *dns.Answer) bool {
	for _, t := range a.Records {
		if _, err := dmarc.ParseRecord(t, ""); err == nil {
			return true
		}
	}
	return false
}

// existing answers whether a name exists, which chooses between sp and np. Where
// its addresses were never asked for, what was asked for tells as well: NXDOMAIN
// is true of every type, anything else proves that the name exists (RFC 9989
// section 3.2.13 and appendix A.4).
func (p *published) existing(ctx context.Context, q dns.Question, a *dns.Answer) (*dns.Answer, error) {
	for _, t := range [...]dns.Type{dns.TypeMX, dns.TypeNS, dns.TypeAAAA, dns.TypeTXT} {
		if a.Status != dns.NotRecorded {
			break
		}
		b, err := p.base.Lookup(ctx, dns.Question{Name: q.Name, Type: t, At: q.At})
		if err != nil {
			return nil, err
		}
		if b.Status == dns.NXDomain && len(b.CNAMEs) == 0 {
			a = b
		} else if !b.Failed() {
			a = absentType(q, b)
		}
	}
	if a.Status == dns.NXDomain && len(a.CNAMEs) == 0 && p.above[q.Name] {
		a = absentType(q, a)
	}
	return a, nil
}

// absentType is the answer of a name that exists, for as long as b says so. It
// tells nothing of the type: it must not reach the domain existence test.
func absentType(q dns.Question, b *dns.Answer) *dns.Answer {
	return &dns.Answer{
		Name: q.Name, Type: q.Type, Status: dns.NoData, Source: sourceName,
		ObservedAt: b.ObservedAt, Since: b.Since, Until: b.Until,
	}
}
