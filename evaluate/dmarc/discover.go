package dmarc

import (
	"context"
	"time"

	"mailaudit/evaluate/dns"
)

// policy is what discovery found for one author domain.
type policy struct {
	walk      *walk  // the questions asked
	org       string // empty where a failure leaves it open
	domain    string // where the record was found
	record    *Record
	existence Existence
	open      Result // TempError, PermError where a failure leaves the record open
	noRecord  Reason
	detail    string
	answers   []*dns.Answer
	span      span
}

// discover returns the policy of an author domain, from the cache or the DNS.
func (e *Evaluator) discover(ctx context.Context, author string, at time.Time) (*policy, error) {
	if p := e.policies.get(author, at); p != nil {
		return p, nil
	}
	p := &policy{}
	var err error
	if e.rules == RFC7489 {
		err = e.discoverPSL(ctx, p, author, at)
	} else {
		err = e.discoverWalk(ctx, p, author, at)
	}
	if err != nil {
		return nil, err
	}
	e.policies.put(author, p.span, p)
	return p, nil
}

// discoverWalk is DMARC Policy Discovery of RFC 9989 section 4.10.1. The walk
// that finds the organizational domain starts at the author domain, so it asks
// for the author domain's own record first and for everything else after it.
func (e *Evaluator) discoverWalk(ctx context.Context, p *policy, author string, at time.Time) error {
	w, err := e.walk(ctx, author, at)
	if err != nil {
		return err
	}
	p.walk, p.org, p.answers, p.span = w, w.org, w.answers, w.span
	if w.hits[0].state == found {
		// The author domain's own record applies, whatever fails above it.
		p.take(&w.hits[0])
		return nil
	}
	if w.failure != nil {
		// Any failed name could hold psd=n, and so the record that applies.
		p.fail(w.failure)
		return nil
	}
	if h := w.at(w.org); h != nil && h.state == found {
		p.take(h)
	} else if last := &w.hits[len(w.hits)-1]; last.psd() == "y" {
		p.take(last) // the public suffix domain's
	} else {
		p.missing(w)
	}
	return e.authorExistence(ctx, p, author, at)
}

// discoverPSL is policy discovery of RFC 7489 section 6.6.3: the author domain,
// then its organizational domain; several records end it at once (step 5).
func (e *Evaluator) discoverPSL(ctx context.Context, p *policy, author string, at time.Time) error {
	p.org, p.span = organizationalPSL(author), newSpan(at)
	w := &walk{domain: author, org: p.org, span: p.span}
	for name := author; ; name = p.org {
		h, err := e.ask(ctx, name, at)
		if err != nil {
			return err
		}
		w.add(h)
		if name == p.org || h.state != absent && h.state != impossible {
			break
		}
	}
	p.walk, p.answers, p.span = w, w.answers, w.span
	switch last := &w.hits[len(w.hits)-1]; last.state {
	case found:
		p.take(last)
	case failed:
		p.fail(last)
	default:
		p.missing(w)
	}
	return nil
}

func (p *policy) take(h *hit) { p.record, p.domain = h.record, h.name }

// fail leaves the policy open.
func (p *policy) fail(h *hit) {
	p.open, p.detail = TempError, describe(h.answer)
	if h.answer.Kind == dns.BadName {
		p.open = PermError // asking again cannot help
	}
}

// missing says why no record applies.
func (p *policy) missing(w *walk) {
	p.noRecord = ReasonNoRecord
	for i := range w.hits {
		if w.hits[i].state == several {
			p.noRecord, p.detail = ReasonSeveralRecords, prefix+w.hits[i].name
			return
		}
	}
}

// authorExistence finds out whether the author domain exists: "if the response
// code received for a query for a domain name is NXDOMAIN" it does not (RFC
// 9989 section 3.2.13), whatever the type (appendix A.4). Only a question for
// the author domain itself can tell; NXDOMAIN for _dmarc below it says nothing.
// The type A is the one most often found in recorded histories.
func (e *Evaluator) authorExistence(ctx context.Context, p *policy, author string, at time.Time) error {
	p.existence = UnknownExistence
	name, err := dns.CanonicalName(author)
	if err != nil {
		p.existence = NonExistent // RFC 1035 section 2.3.4: cannot be in the DNS
		return nil
	}
	a, err := e.source.Lookup(ctx, dns.Question{Name: name, Type: dns.TypeA, At: at})
	if err != nil {
		return err
	}
	p.span.narrow(a)
	p.answers = append(p.answers[:len(p.answers):len(p.answers)], a)
	switch {
	case a.Failed():
		if p.record != nil {
			p.detail = describe(a)
		}
	case a.Status == dns.NXDomain && len(a.CNAMEs) == 0:
		p.existence = NonExistent
	default:
		// With a CNAME the code speaks of its target (RFC 6604 section 3); the
		// author domain has a record.
		p.existence = Exists
	}
	return nil
}

// describe names a failed question for people.
func describe(a *dns.Answer) string {
	kind := string(a.Kind)
	if a.Status == dns.NotRecorded {
		kind = "not_recorded"
	}
	return a.Name + ": " + kind
}
