package dmarc

import (
	"context"
	"time"
)

// Policy is what discovery found for one author domain at a moment: what every
// message of that domain has in common. It is shared and never changes.
//
// With [Evaluator.Policy], [Evaluator.Align] and [Decide], who judges many
// messages of one domain does the work of the domain once.
type Policy struct{ found *policy }

// Policy discovers the policy of an author domain (RFC 9989 section 4.10.1, RFC
// 7489 section 6.6.3) as Evaluate does. The error is the source's.
func (e *Evaluator) Policy(ctx context.Context, author string, at time.Time) (Policy, error) {
	p, err := e.discover(ctx, author, at)
	return Policy{p}, err
}

// Align returns how near an identifier's domain is to the author domain that p
// was discovered for, whatever its result. The error is the source's.
func (e *Evaluator) Align(ctx context.Context, p Policy, author, id string, at time.Time) (Alignment, error) {
	a, _, err := e.align(ctx, p.found, author, id, at)
	return a, err
}

// Case is the case of the author domain without identifiers.
func (p Policy) Case(author string) Case {
	return Case{
		Open: p.found.open, Record: p.found.record, NoRecord: p.found.noRecord,
		Subdomain: p.found.record != nil && p.found.domain != author,
		Existence: p.found.existence,
	}
}

// Domain is where the record was found; empty where none was.
func (p Policy) Domain() string { return p.found.domain }

// Organizational is the author domain's organizational domain; empty where a
// DNS failure leaves it open.
func (p Policy) Organizational() string { return p.found.org }

// PassesStrictly tells whether an identifier whose domain equals the author
// domain passed.
func (s Support) PassesStrictly() bool { return s&passStrict != 0 }
