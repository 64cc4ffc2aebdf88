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
	source   string
	offset   int64
	ordinal  int64
	received int64 // microseconds since 1970; sink.NoNumber where unknown
}

// row gives the details of the message at hand.
type row interface {
	details(d *details)
}

// settle finishes a ruling: what receivers do on their own, then how they
// enforce.
func (w *worker) settle(s *subject, r *ruling, d *details, of row) (from, to Disposition) {
	if w.trusting() && r.category.failed() && r.disposition != LetThrough {
		of.details(d)
		w.local(d, r)
	}
	return s.from.disposition.enforced(w.scenario.Baseline, s.from.category),
		r.disposition.enforced(w.scenario.Enforce, r.category)
}

// identify names the source of a message by what its identifiers are to the
// author domain under the scenario.
func (w *worker) identify(ctx context.Context, s *subject, r *ruling, d *details) sources.Source {
	if r.decided {
		if d.SPFAlignment = dmarc.NotAligned; s.spf.Domain != "" {
			d.SPFAlignment = w.align(ctx, r.author, s.spf.Domain, &s.moment)
		}
		for i := range d.Signatures {
			sig := &d.Signatures[i]
			sig.Passed = i < len(s.dkim) && s.dkim[i].Passed
			sig.Alignment = w.align(ctx, r.author, sig.Domain, &s.moment)
		}
	}
	return sources.Identify(&d.Facts)
}

// arcPassed is the word of a chain that verifies.
const arcPassed = string(arc.Pass)
