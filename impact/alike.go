package impact

import (
	"context"

	"mailaudit/evaluate/dmarc"
)

// few is how many identifiers, and how many kinds of message, of an author
// domain are looked for one by one before a map is asked: most have no more.
const few = 4

// likeness is all that the decision about a message of an author domain rests
// on, but for a number that is the message's own.
type likeness struct {
	spf, dkim dmarc.Support
	open      bool // it could not be decided before
}

// outcome is what comes of a likeness, as far as most messages need it.
type outcome struct {
	likeness
	state
	judged bool
}

// near is how near an identifier is to an author domain, by what that makes of
// its result.
type near struct {
	id     domain
	passed dmarc.Support
	open   dmarc.Support
}

func nearness(id domain, is dmarc.Alignment) near {
	return near{id, dmarc.Support(0).With(is, true, false), dmarc.Support(0).With(is, false, true)}
}

// support is what an identifier says for a pass.
func (n *near) support(s said) dmarc.Support {
	switch s {
	case passed:
		return n.passed
	case undecided:
		return n.open
	}
	return 0
}

// kinds are what became of the messages of an author domain so far.
type kinds struct {
	near      [few]near
	outcomes  [few]outcome
	nearCount uint8
	count     uint8
}

// outcome is what comes of a likeness; nil where that is not known.
func (k *kinds) outcome(l likeness) *outcome {
	for i := range k.outcomes[:k.count] {
		if k.outcomes[i].likeness == l {
			return &k.outcomes[i]
		}
	}
	return nil
}

// ruling is the one of a likeness; nil where there is none yet.
func (a *author) ruling(l likeness) *ruling {
	for i := range a.kinds.outcomes[:a.kinds.count] {
		if a.kinds.outcomes[i].likeness == l {
			return a.rulings[i]
		}
	}
	return a.more[l]
}

func (a *author) keep(l likeness, r *ruling) {
	if n := a.kinds.count; n < few {
		a.kinds.outcomes[n], a.rulings[n] = outcome{l, r.state, r.unjudged == ""}, r
		a.kinds.count++
		return
	}
	if a.more == nil {
		a.more = make(map[likeness]*ruling)
	}
	a.more[l] = r
}

// supports is what the identifiers of a message say for a pass.
func (w *worker) supports(ctx context.Context, a *author, s *subject) likeness {
	l := likeness{spf: w.support(ctx, a, s.spf, &s.moment), open: s.from.category.undecided()}
	for _, id := range s.dkim {
		l.dkim |= w.support(ctx, a, id, &s.moment)
	}
	return l
}

// support is what one identifier says for a pass.
func (w *worker) support(ctx context.Context, a *author, id identifier, m *moment) dmarc.Support {
	switch {
	case id.said == 0:
		return 0
	case id.domain == a.id:
		return own.support(id.said)
	}
	for i := range a.kinds.near[:a.kinds.nearCount] {
		if n := &a.kinds.near[i]; n.id == id.domain {
			return n.support(id.said)
		}
	}
	n := nearness(id.domain, w.align(ctx, a, id.domain, m))
	if w.timeless && a.kinds.nearCount < few {
		a.kinds.near[a.kinds.nearCount] = n
		a.kinds.nearCount++
	}
	return n.support(id.said)
}

// own is an identifier that is the author domain itself.
var own = nearness(noDomain, dmarc.Strict)

// alike tells what comes of the row at hand where that is known of others, and
// nothing else remains to be counted: that is so for most.
func (g *group) alike(ctx context.Context, row int, a *author, from state) *outcome {
	c := &g.identifiers
	if !c.open {
		g.openIdentifiers()
	}
	l := likeness{open: from.category.undecided()}
	if said := c.spfResult.at(row); said != 0 {
		l.spf = g.support(ctx, a, identifier{c.spfDomain.at(row, &g.domains), said}, nil)
	}
	for i, to := c.dkimResult.Span(row); i < to; i++ {
		if said := c.dkimResult.at(i); said != 0 {
			l.dkim |= g.support(ctx, a, identifier{c.dkimDomain.at(i, &g.domains), said}, nil)
		}
	}
	return a.kinds.outcome(l)
}
