package spf

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"mailaudit/evaluate/dns"
)

// What of a query a result depends on, beside client, domain and scope.
const (
	usesLocal = 1 << iota
	usesHELO
	usesTime // only explanations
)

// evaluation is one topmost check_host() call.
type evaluation struct {
	checker  *Checker
	ctx      context.Context
	query    *Query
	client   netip.Addr // never 4-in-6
	domain   string     // canonical
	receiver string

	lookups, voids int
	uses           uint8
	since, until   time.Time // intersection over answers
	answers        []*dns.Answer
	chain          []string // domains under evaluation, the topmost first
	terms          []Term
	top            string // the record of domain, as published
	reverse        *reverse
	scratch        []byte
	explaining     bool // the result stands; limits do not apply
}

// verdict is what one check_host() call came to.
type verdict struct {
	result    Result
	reason    Reason
	detail    string
	mechanism string
	chain     []string
	// exp is the modifier that explains a fail, expDomain the domain it is of.
	exp       *term
	expDomain string
}

// stop ends the whole evaluation: temperror and permerror pass every include
// and redirect (RFC 7208 sections 5.2, 6.1).
type stop struct{ verdict verdict }

func (s *stop) Error() string { return string(s.verdict.reason) }

// stop returns a *stop that happened in the record under evaluation.
func (e *evaluation) stop(r Result, reason Reason, format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	if n := len(e.chain); n > 0 {
		detail = e.chain[n-1] + ": " + detail
	}
	return &stop{verdict{result: r, reason: reason, detail: detail, chain: slices.Clone(e.chain)}}
}

// ask puts a question once an evaluation and notes the answer. The error means
// that the run cannot go on.
func (e *evaluation) ask(name string, t dns.Type) (*dns.Answer, error) {
	for _, a := range e.answers {
		if a.Name == name && a.Type == t {
			return a, nil
		}
	}
	a, err := e.checker.source.Lookup(e.ctx, dns.Question{Name: name, Type: t, At: e.query.At})
	if err != nil {
		return nil, err
	}
	e.answers = append(e.answers, a)
	if !a.Since.IsZero() && a.Since.After(e.since) {
		e.since = a.Since
	}
	if !a.Until.IsZero() && (e.until.IsZero() || a.Until.Before(e.until)) {
		e.until = a.Until
	}
	return a, nil
}

// open returns the temperror for an answer that leaves its question open.
func (e *evaluation) open(a *dns.Answer) error {
	what := a.Status.String()
	if a.Status == dns.Failure {
		what = string(a.Kind)
	}
	return e.stop(TempError, failureReason(a), "%v %s: %s", a.Type, a.Name, what)
}

// unaskable tells of a name that a source refuses: no such name can exist.
func unaskable(a *dns.Answer) bool { return a.Status == dns.Failure && a.Kind == dns.BadName }

// checkHost is check_host() of RFC 7208 section 4. Its error is a *stop or ends
// the run.
func (e *evaluation) checkHost(domain string) (verdict, error) {
	e.chain = append(e.chain, domain)
	defer func() { e.chain = e.chain[:len(e.chain)-1] }()

	if !isDomain(domain) {
		// RFC 7208 section 4.3.
		return e.none(InvalidDomain, "not a multi-label domain name"), nil
	}
	a, err := e.ask(domain, dns.TypeTXT)
	switch {
	case err != nil:
		return verdict{}, err
	case unaskable(a):
		return e.none(InvalidDomain, "not a domain name"), nil
	case a.Failed():
		// RFC 7208 section 4.4.
		return verdict{}, e.open(a)
	case a.Status == dns.NXDomain:
		// RFC 7208 section 4.3.
		return e.none(NoRecord, "no such domain"), nil
	}
	text, count := selectRecord(a.Records)
	switch {
	case count == 0:
		// RFC 7208 section 4.5.
		return e.none(NoRecord, "no SPF record"), nil
	case count > 1:
		// RFC 7208 section 4.5.
		return verdict{}, e.stop(PermError, MultipleRecords, "%d SPF records", count)
	}
	if len(e.chain) == 1 {
		e.top = text
	}
	record, err := e.checker.parse(text)
	if err != nil {
		// RFC 7208 section 4.6: errors anywhere, before any evaluation.
		return verdict{}, e.stop(PermError, Syntax, "%v", err)
	}
	return e.evaluate(record, domain)
}

// selectRecord returns the SPF record and how many there are (RFC 7208 section
// 4.5).
func selectRecord(texts []string) (text string, count int) {
	for _, t := range texts {
		if isRecord(t) {
			text = t
			count++
		}
	}
	return text, count
}

// none is a verdict of none for the domain under evaluation.
func (e *evaluation) none(reason Reason, detail string) verdict {
	return verdict{
		result: None, reason: reason,
		detail: e.chain[len(e.chain)-1] + ": " + detail,
		chain:  slices.Clone(e.chain),
	}
}

// evaluate takes the mechanisms from left to right (RFC 7208 section 4.6.2), then
// the redirect (section 6.1), then the default (section 4.7).
func (e *evaluation) evaluate(r *Record, domain string) (verdict, error) {
	for i := range r.terms {
		t := &r.terms[i]
		if t.kind >= kindRedirect {
			continue // RFC 7208 section 4.6.3: modifiers are not mechanisms
		}
		n := e.trace(t, domain)
		matched, inner, err := e.match(t, domain)
		if err != nil {
			e.traceStop(n, err)
			return verdict{}, err
		}
		if !matched {
			continue
		}
		v := verdict{result: qualified(t.qualifier), reason: Matched, mechanism: t.text, chain: inner.chain}
		if t.kind == kindInclude {
			v.mechanism = inner.mechanism
		} else {
			v.chain = slices.Clone(e.chain)
		}
		// RFC 7208 section 6.2: the exp of an included record MUST NOT be used.
		v.exp, v.expDomain = r.exp, domain
		e.traceMatch(n, v.result)
		return v, nil
	}
	if r.redirect != nil && !r.all {
		// RFC 7208 section 5.1: ignored where there is an all mechanism.
		return e.redirect(r.redirect, domain)
	}
	return verdict{result: Neutral, reason: Default, chain: slices.Clone(e.chain)}, nil
}

// qualified is the result of a match (RFC 7208 section 4.6.2).
func qualified(q byte) Result {
	switch q {
	case '-':
		return Fail
	case '~':
		return SoftFail
	case '?':
		return Neutral
	}
	return Pass
}

// redirect goes on with another record (RFC 7208 section 6.1). Its exp counts,
// that of this record does not (section 6.2).
func (e *evaluation) redirect(t *term, domain string) (verdict, error) {
	n := e.trace(t, domain)
	v, err := e.recurse(t, domain)
	if err == nil && v.result == None {
		// RFC 7208 section 6.1: permerror rather than none.
		err = &stop{verdict{result: PermError, reason: RedirectNone, detail: v.detail, chain: v.chain}}
	}
	if err != nil {
		e.traceStop(n, err)
		return verdict{}, err
	}
	e.traceMatch(n, v.result)
	return v, nil
}

// include evaluates another record and tells whether it passes, by the table of
// RFC 7208 section 5.2.
func (e *evaluation) include(t *term, domain string) (bool, verdict, error) {
	v, err := e.recurse(t, domain)
	if err == nil && v.result == None {
		err = &stop{verdict{result: PermError, reason: IncludeNone, detail: v.detail, chain: v.chain}}
	}
	return err == nil && v.result == Pass, v, err
}

// recurse counts the term and calls check_host() for its target.
func (e *evaluation) recurse(t *term, domain string) (verdict, error) {
	if err := e.countLookup(); err != nil {
		return verdict{}, err
	}
	target, err := e.target(t, domain)
	if err != nil {
		return verdict{}, err
	}
	e.traceTarget(target)
	return e.checkHost(target)
}

// countLookup counts a term that causes lookups (RFC 7208 section 4.6.4), before
// the lookup.
func (e *evaluation) countLookup() error {
	e.lookups++
	if e.lookups > MaxLookups {
		return e.stop(PermError, TooManyLookups, "more than %d terms that cause DNS lookups", MaxLookups)
	}
	e.traceNote("lookup %d of %d", e.lookups, MaxLookups)
	return nil
}

// countVoid counts the answer to a term's own question where it is empty (RFC
// 7208 section 4.6.4).
func (e *evaluation) countVoid(a *dns.Answer) error {
	if !a.Absent() {
		return nil
	}
	e.voids++
	if e.voids > MaxVoidLookups {
		return e.stop(PermError, TooManyVoidLookups, "%v %s: more than %d void lookups", a.Type, a.Name, MaxVoidLookups)
	}
	e.traceNote("void lookup %d of %d", e.voids, MaxVoidLookups)
	return nil
}
