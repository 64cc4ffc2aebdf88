package dmarc

import (
	"context"
	"time"

	"mailaudit/evaluate/dns"
)

// existence is a kept result of the domain existence test.
type existence struct {
	exists, decided bool
	answers         []*dns.Answer
	span            span
}

// The questions of the existence test, in the order that needs fewest. A
// registered domain is the top of a zone, so its NS records prove at once that
// it exists, for every subdomain of a run. A host below a domain without any
// record most likely has an address.
var (
	organizationalTypes = [...]dns.Type{dns.TypeNS, dns.TypeMX, dns.TypeA, dns.TypeAAAA}
	domainTypes         = [...]dns.Type{dns.TypeA, dns.TypeMX, dns.TypeAAAA, dns.TypeNS}
)

// Existence is the domain existence test that receivers put before DMARC: a
// domain exists where it, or its organizational domain by the Public Suffix
// List, has any MX, NS, A or AAAA record, whatever the rule book. (It is not
// the test of RFC 9989 section 3.2.13, which chooses np: see
// Outcome.AuthorExistence.)
//
// The organizational domain is asked first, and the first record found ends the
// test. NXDOMAIN ends the questions for that name, not for a name below it: a
// source may know the one and not the other. Where no record is found and a
// question failed, decided is false and exists is true: a DNS failure is never
// taken for absence. The answers are those that the result rests on; the error
// is the source's.
func (e *Evaluator) Existence(ctx context.Context, domain string, at time.Time) (exists, decided bool, answers []*dns.Answer, err error) {
	x := e.existence.get(domain, at)
	if x == nil {
		x = &existence{span: newSpan(at)}
		if err := e.testExistence(ctx, x, domain, at); err != nil {
			return false, false, nil, err
		}
		e.existence.put(domain, x.span, x)
	}
	return x.exists, x.decided, x.answers[:len(x.answers):len(x.answers)], nil
}

func (e *Evaluator) testExistence(ctx context.Context, x *existence, domain string, at time.Time) error {
	org := organizationalPSL(domain)
	open, err := x.anyOf(ctx, e.source, org, organizationalTypes[:], at)
	if err != nil || x.exists {
		return err
	}
	if org != domain {
		var more bool
		if more, err = x.anyOf(ctx, e.source, domain, domainTypes[:], at); err != nil || x.exists {
			return err
		}
		open = open || more
	}
	x.exists, x.decided = open, !open
	return nil
}

// anyOf asks a name for types until one has records, or the name turns out not
// to exist. It tells whether a failure left anything open.
func (x *existence) anyOf(ctx context.Context, source dns.Source, domain string, types []dns.Type, at time.Time) (open bool, err error) {
	name, err := dns.CanonicalName(domain)
	if err != nil {
		return false, nil // RFC 1035 section 2.3.4: no record can be there
	}
	for _, t := range types {
		a, err := source.Lookup(ctx, dns.Question{Name: name, Type: t, At: at})
		if err != nil {
			return open, err
		}
		x.answers = append(x.answers, a)
		x.span.narrow(a)
		switch {
		case a.Status == dns.Success:
			x.exists, x.decided = true, true
			return false, nil
		case a.Status == dns.NXDomain:
			return open, nil // no type has records (RFC 2308 section 2.1)
		case a.Failed():
			open = true
		}
	}
	return open, nil
}
