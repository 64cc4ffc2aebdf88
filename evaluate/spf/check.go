package spf

import (
	"context"
	"errors"
	"strings"

	"mailaudit/evaluate/dns"
)

// Options are the choices of a Checker. The zero value is good.
type Options struct {
	// Trace keeps every term looked at in Outcome.Terms.
	Trace bool
	// Explain looks up the exp= text of a fail and expands it into
	// Outcome.Explanation. It never changes the result.
	Explain bool
	// Receiver is the host that the macro %{r} of explanations names; empty
	// stands for "unknown" (RFC 7208 section 7.3).
	Receiver string
	// CachedResults is how many results are kept, some 500 bytes each; 0 for a
	// default of 65,536. Results do not depend on it.
	CachedResults int
}

// A Checker evaluates SPF against one DNS source. It may be used by many
// goroutines at once, and holds a bounded number of results and parsed records.
type Checker struct {
	source  dns.Source
	options Options
	results *resultCache
	records *cache[string, parsed]
}

// parsed is what ParseRecord said.
type parsed struct {
	record *Record
	err    error
}

// NewChecker returns a Checker that asks source. The source should cache:
// several evaluations ask the same questions.
func NewChecker(source dns.Source, options Options) *Checker {
	if options.CachedResults <= 0 {
		options.CachedResults = defaultCachedResults
	}
	if options.Receiver == "" {
		options.Receiver = "unknown"
	}
	return &Checker{
		source:  source,
		options: options,
		results: newResultCache(options.CachedResults),
		records: newCache[string, parsed](cachedRecords),
	}
}

// Check is check_host() of RFC 7208 section 4 for one identity. The outcome is
// shared between callers: nobody may change it. Every DNS trouble is an outcome;
// the error is that of the source, and means that the run cannot go on.
func (c *Checker) Check(ctx context.Context, q Query) (*Outcome, error) {
	q.Client = q.Client.Unmap().WithZone("")
	q.Domain = canonical(q.Domain)
	switch {
	case !q.Client.IsValid():
		return &Outcome{Result: None, Reason: NoClient, Scope: q.Scope, Domain: q.Domain}, nil
	case q.Domain == "":
		return &Outcome{Result: None, Reason: NoDomain, Scope: q.Scope}, nil
	}
	if o := c.results.get(&q); o != nil {
		return o, nil
	}
	return c.evaluate(ctx, q)
}

// evaluate judges a query that no kept result answers.
func (c *Checker) evaluate(ctx context.Context, q Query) (*Outcome, error) {
	e := &evaluation{
		checker: c, ctx: ctx, query: &q,
		client: q.Client, domain: strings.Clone(q.Domain), receiver: c.options.Receiver,
	}
	v, err := e.checkHost(e.domain)
	if s := (*stop)(nil); errors.As(err, &s) {
		v, err = s.verdict, nil
	}
	if err != nil {
		return nil, err
	}
	o := &Outcome{
		Result: v.result, Reason: v.reason, Detail: v.detail,
		Scope: q.Scope, Domain: e.domain, Mechanism: v.mechanism, Chain: v.chain, Record: e.top,
		Lookups: int32(e.lookups), VoidLookups: int32(e.voids),
	}
	if c.options.Explain {
		if o.Explanation, err = e.explain(&v); err != nil {
			return nil, err
		}
	}
	o.Terms, o.Answers = e.terms, e.answers
	c.results.put(&q, e, o)
	return o, nil
}

// parse parses a record once.
func (c *Checker) parse(text string) (*Record, error) {
	if len(text) > maxCachedRecord {
		return ParseRecord(text)
	}
	h := hash(text)
	p, ok := c.records.get(h, text)
	if !ok {
		p.record, p.err = ParseRecord(text)
		c.records.put(h, text, p)
	}
	return p.record, p.err
}
