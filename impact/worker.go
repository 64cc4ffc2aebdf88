package impact

import (
	"context"
	"strings"
	"time"

	"mailaudit/evaluate/dmarc"
)

// moment is when a message is judged: the DNS view that counts.
type moment struct{ at time.Time }

// subject is one message as far as DMARC looks at it.
type subject struct {
	moment
	author string  // empty: no usable author domain
	known  *author // what is known of it; nil where that was not looked up
	from   state
	spf    dmarc.AuthID
	dkim   []dmarc.AuthID
	// rejudged tells that SPF or DKIM came out otherwise than the row says, or
	// may have.
	rejudged bool
	// sample is the number that pct is compared with; nil where no rule book
	// has a pct.
	sample func() int
}

// state is a category and what follows from it to the letter of the policy.
type state struct {
	category    category
	disposition Disposition
}

// ruling is a message decided again.
type ruling struct {
	state
	// decided tells that DMARC was decided again; what follows is empty where
	// not.
	decided  bool
	decision dmarc.Decision
	author   *author

	override, comment string
	// unjudged is why the message cannot be judged under the scenario; empty
	// where it can.
	unjudged Reason
}

// Reason is why a message cannot be judged.
type Reason string

// Reasons beside those of package dmarc for a temporary error.
const (
	// ReasonExistence: the dataset does not tell whether the domain exists.
	ReasonExistence Reason = "existence_not_recorded"
)

// worker decides messages one after the other. It remembers domains.
type worker struct {
	*Judge
	authors map[string]*author
	pairs   map[pair]dmarc.Alignment
	err     error // of a source
}

// pair is an author domain and the domain of an identifier.
type pair struct {
	author *author
	id     string
}

func (j *Judge) newWorker() *worker {
	return &worker{Judge: j, authors: make(map[string]*author), pairs: make(map[pair]dmarc.Alignment)}
}

// of returns what is known of an author domain at a moment.
func (w *worker) of(ctx context.Context, name string, m *moment) *author {
	if w.timeless || w.discovery == nil {
		if a := w.authors[name]; a != nil {
			return a
		}
	}
	name = strings.Clone(name) // not to keep a row group's whole dictionary
	a, err := w.Judge.author(ctx, name, m)
	if err != nil {
		w.err = err
		return &author{name: name}
	}
	w.authors[name] = a
	return a
}

// rule decides a message under the scenario, before what receivers do on their
// own.
func (w *worker) rule(ctx context.Context, s *subject, r *ruling) {
	*r = ruling{state: s.from}
	if s.author == "" || s.from.category <= invalidFrom {
		return // whatever is published
	}
	a := s.known
	if a == nil {
		a = w.of(ctx, s.author, &s.moment)
	}
	r.author = a
	gone := s.from.category == nonexistentDomain
	switch {
	case a.fate == notRecorded && !gone:
		r.unjudged = ReasonExistence
	case a.fate == absent, a.fate != present && gone:
		r.state = state{nonexistentDomain, Rejected}
	case a.touched || s.rejudged || gone:
		w.decide(ctx, a, s, r)
	}
}

// decide judges DMARC again.
func (w *worker) decide(ctx context.Context, a *author, s *subject, r *ruling) {
	c := a.blank
	if s.sample != nil && c.Record != nil && c.Record.PCT >= 0 {
		c.Sample = s.sample()
	}
	if s.spf.Passed || s.spf.Undecided {
		c.SPF = c.SPF.With(w.align(ctx, a, s.spf.Domain, &s.moment), s.spf.Passed, s.spf.Undecided)
	}
	for i := range s.dkim {
		if id := &s.dkim[i]; id.Passed || id.Undecided {
			c.DKIM = c.DKIM.With(w.align(ctx, a, id.Domain, &s.moment), id.Passed, id.Undecided)
		}
	}
	r.decided = true
	r.decision = dmarc.Decide(&c)
	r.category, r.disposition = categoryOfDecision(&r.decision, &c), dispositionOf(r.decision.Disposition)
	r.override, r.comment = r.decision.Override, r.decision.OverrideComment
	if r.category.undecided() && !s.from.category.undecided() {
		r.unjudged = Reason(r.decision.Reason)
	}
}

// align is how near an identifier is to the author domain under the scenario.
func (w *worker) align(ctx context.Context, a *author, id string, m *moment) dmarc.Alignment {
	if id == a.name {
		return dmarc.Strict
	}
	if id == "" {
		return dmarc.NotAligned
	}
	if w.timeless {
		return w.remembered(ctx, a, id)
	}
	al, err := w.discovery.Align(ctx, a.policy, a.name, id, m.at)
	if err != nil {
		w.err = err
	}
	return al
}

// fewIdentifiers is how many identifiers of an author domain are looked for one
// by one before a map is asked: most domains have no more.
const fewIdentifiers = 8

// remembered is align where no answer depends on the time.
func (w *worker) remembered(ctx context.Context, a *author, id string) dmarc.Alignment {
	for i := range a.ids {
		if a.ids[i].id == id {
			return a.ids[i].is
		}
	}
	if len(a.ids) == fewIdentifiers {
		if al, ok := w.pairs[pair{a, id}]; ok {
			return al
		}
	}
	al, err := w.discovery.Align(ctx, a.policy, a.name, id, time.Time{})
	if err != nil {
		w.err = err
	}
	if id = strings.Clone(id); len(a.ids) < fewIdentifiers {
		a.ids = append(a.ids, alignment{id, al})
	} else {
		w.pairs[pair{a, id}] = al
	}
	return al
}

// local applies what receivers do on their own to a message that failed.
func (w *worker) local(d *details, r *ruling) {
	if !r.category.failed() || r.disposition == LetThrough || r.unjudged != "" {
		return
	}
	if f := w.scenario.Forwarders; f != nil {
		if who := f.trusts(&d.Facts); who != "" {
			r.state = state{failTolerated, LetThrough}
			r.override, r.comment = OverrideTrustedForwarder, who
			return
		}
	}
	if t := w.scenario.ARC; t != nil {
		if comment, ok := t.vouches(&d.chain, d.Author); ok {
			r.state = state{failTolerated, LetThrough}
			r.override, r.comment = OverrideLocalPolicy, comment
		}
	}
}
