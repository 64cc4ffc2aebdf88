package impact

import (
	"context"
	"time"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/sources"
)

// moment is when a message is judged: the DNS view that counts.
type moment struct{ at time.Time }

// subject is one message as far as DMARC looks at it.
type subject struct {
	moment
	author string  // empty: no usable author domain
	known  *author // what is known of it; nil where that was not looked up
	from   state
	spf    identifier
	dkim   []identifier
	// rejudged tells that SPF or DKIM came out otherwise than the row says, or
	// may have.
	rejudged bool
	// sample is the number that pct is compared with; nil where no rule book
	// has a pct.
	sample func() int
}

// identifier is a domain that SPF or DKIM speaks for, and what is said of it.
// Of one that neither passed nor is undecided, the domain does not matter.
type identifier struct {
	domain domain
	said   said
}

// said is what SPF or DKIM says of an identifier.
type said uint8

const (
	passed said = iota + 1
	undecided
)

// saying is what a result says; SPF and DKIM have the same words for those that
// count.
func saying(result string) said {
	switch result {
	case string(dkim.Pass):
		return passed
	case string(dkim.TempError):
		return undecided
	}
	return 0
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

// worker decides messages one after the other. It remembers domains, and what
// became of messages that are alike.
type worker struct {
	*Judge
	domains nameTable
	authors map[string]*author
	pairs   map[pair]dmarc.Alignment
	senders sources.Identifier
	scratch ruling
	err     error // of a source
}

// pair is an author domain and the domain of an identifier.
type pair struct{ author, id domain }

func (j *Judge) newWorker() *worker {
	return &worker{Judge: j, domains: newNames(), authors: make(map[string]*author), pairs: make(map[pair]dmarc.Alignment)}
}

// of returns what is known of an author domain at a moment.
func (w *worker) of(ctx context.Context, name string, m *moment) *author {
	if w.timeless || w.discovery == nil {
		if a := w.authors[name]; a != nil {
			return a
		}
	}
	id := w.domains.id(name)
	name = w.domains.of[id] // not to keep a row group's whole dictionary
	a, err := w.Judge.author(ctx, name, m)
	if err != nil {
		w.err = err
		return newAuthor(name)
	}
	a.id = id
	w.authors[name] = a
	return a
}

// rule decides a message under the scenario, before what receivers do on their
// own. The ruling is good until the next one, and nobody may change it.
func (w *worker) rule(ctx context.Context, s *subject) *ruling {
	if s.author == "" || s.from.category <= invalidFrom {
		return w.plain(s.from, nil) // whatever is published
	}
	a := s.known
	if a == nil {
		a = w.of(ctx, s.author, &s.moment)
	}
	gone := s.from.category == nonexistentDomain
	switch {
	case a.fate == notRecorded && !gone:
		r := w.plain(s.from, a)
		r.unjudged = ReasonExistence
		return r
	case a.fate == absent, a.fate != present && gone:
		return w.plain(state{nonexistentDomain, Rejected}, a)
	case a.touched || s.rejudged || gone:
		return w.decide(ctx, a, s)
	}
	return w.plain(s.from, a)
}

// plain is a ruling without a decision.
func (w *worker) plain(to state, a *author) *ruling {
	w.scratch = ruling{state: to, author: a}
	return &w.scratch
}

// decide judges DMARC again. Messages of an author domain whose identifiers say
// the same have the same ruling; it is made once.
func (w *worker) decide(ctx context.Context, a *author, s *subject) *ruling {
	k := w.supports(ctx, a, s)
	if r := a.ruling(k); r != nil {
		return r
	}
	c := a.blank
	c.SPF, c.DKIM = k.spf, k.dkim
	r := &ruling{author: a, decided: true, decision: dmarc.Decide(&c)}
	sampled := s.sample != nil && c.Record != nil && c.Record.PCT >= 0 && r.decision.Result == dmarc.Fail
	if sampled { // by a number of the message's own
		c.Sample = s.sample()
		r.decision = dmarc.Decide(&c)
	}
	r.category, r.disposition = categoryOfDecision(&r.decision, &c), dispositionOf(r.decision.Disposition)
	r.override, r.comment = r.decision.Override, r.decision.OverrideComment
	if r.category.undecided() && !k.open {
		r.unjudged = Reason(r.decision.Reason)
	}
	if !sampled && w.timeless {
		a.keep(k, r)
	}
	return r
}

// align is how near an identifier is to the author domain under the scenario.
func (w *worker) align(ctx context.Context, a *author, id domain, m *moment) dmarc.Alignment {
	switch {
	case id == a.id:
		return dmarc.Strict
	case id == noDomain:
		return dmarc.NotAligned
	case w.timeless:
		return w.remembered(ctx, a, id)
	}
	al, err := w.discovery.Align(ctx, a.policy, a.name, w.domains.of[id], m.at)
	if err != nil {
		w.err = err
	}
	return al
}

// remembered is align where no answer depends on the time.
func (w *worker) remembered(ctx context.Context, a *author, id domain) dmarc.Alignment {
	p := pair{a.id, id}
	al, ok := w.pairs[p]
	if !ok {
		var err error
		if al, err = w.discovery.Align(ctx, a.policy, a.name, w.domains.of[id], time.Time{}); err != nil {
			w.err = err
		}
		w.pairs[p] = al
	}
	return al
}

// local applies what receivers do on their own to a message that failed.
func (w *worker) local(d *details, r *ruling) *ruling {
	if !r.category.failed() || r.disposition == LetThrough || r.unjudged != "" {
		return r
	}
	word, comment := "", ""
	if f := w.scenario.Forwarders; f != nil {
		word, comment = OverrideTrustedForwarder, f.trusts(&d.Facts)
	}
	if t := w.scenario.ARC; t != nil && comment == "" {
		word = OverrideLocalPolicy
		comment, _ = t.vouches(&d.chain, d.Author)
	}
	if comment == "" {
		return r
	}
	w.scratch = *r
	w.scratch.state = state{failTolerated, LetThrough}
	w.scratch.override, w.scratch.comment = word, comment
	return &w.scratch
}
