package impact

import (
	"context"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dmarc"
	"mailaudit/sources"
)

// details is what is looked at only for messages that change, or that something
// could let through.
type details struct {
	sources.Facts
	chain    chain
	network  string // of the client
	source   string
	offset   int64
	ordinal  int64
	received int64 // microseconds since 1970; sink.NoNumber where unknown
	// spf and dkim are the domains of the identifiers, where the message was
	// decided again; how near they are is then not told.
	spf  domain
	dkim []domain
}

// row gives the details of the message at hand, which was decided again or not.
type row interface {
	details(d *details, decided bool)
}

// settle finishes a ruling: what receivers do on their own, then how they
// enforce.
func (w *worker) settle(s *subject, r *ruling, d *details, of row) (final *ruling, from, to Disposition) {
	if w.trusting() && r.category.failed() && r.disposition != LetThrough {
		of.details(d, r.decided)
		r = w.local(d, r)
	}
	return r, w.was(s.from), w.willBe(r.state)
}

// identify names the source of a message by what its identifiers are to the
// author domain under the scenario.
func (w *worker) identify(ctx context.Context, s *subject, r *ruling, d *details) sources.Source {
	if r.decided {
		if d.SPFAlignment = dmarc.NotAligned; d.spf != noDomain {
			d.SPFAlignment = w.align(ctx, r.author, d.spf, &s.moment)
		}
		for i := range d.Signatures {
			sig := &d.Signatures[i]
			sig.Passed = i < len(s.dkim) && s.dkim[i].said == passed
			sig.Alignment = w.align(ctx, r.author, d.dkim[i], &s.moment)
		}
	}
	if a := r.author; a != nil {
		if a.org == "" {
			a.org = w.senders.Organizational(a.name)
		}
		d.AuthorOrg = a.org
	}
	d.network = w.senders.Network(d.Client)
	return w.senders.Identify(&d.Facts)
}

// arcPassed is the word of a chain that verifies.
const arcPassed = string(arc.Pass)
