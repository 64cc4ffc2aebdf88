package dmarc

import (
	"context"

	"mailaudit/evaluate/dns"
)

// Options are the choices of a run.
type Options struct {
	Rules Rules // empty: RFC 9989
	Trace bool  // keep every step in Outcome.Walk
}

// Evaluator judges messages against one DNS source. It keeps what it learnt
// about domains, so one Evaluator serves a whole run; it may be used by many
// goroutines at once.
type Evaluator struct {
	source dns.Source
	rules  Rules
	trace  bool

	policies  cache[policy]    // by author domain
	walks     cache[walk]      // by the domain where the walk starts
	records   cache[Record]    // by text
	existence cache[existence] // by domain
}

// New returns an Evaluator over a source. The source should have a cache: the
// Evaluator forgets domains when it knows too many.
func New(source dns.Source, o Options) *Evaluator {
	if o.Rules == "" {
		o.Rules = RFC9989
	}
	return &Evaluator{source: source, rules: o.Rules, trace: o.Trace}
}

// Evaluate judges one message. A DNS failure is part of the outcome; the error
// is the source's, and means that the run cannot go on.
func (e *Evaluator) Evaluate(ctx context.Context, f Facts) (Outcome, error) {
	if f.Author == "" {
		// RFC 9989 section 5.3.1: without an author domain there is no DMARC.
		return e.withoutAuthor(&f), nil
	}
	p, err := e.discover(ctx, f.Author, f.At)
	if err != nil {
		return Outcome{}, err
	}
	o := Outcome{
		OrganizationalDomain: p.org, PolicyDomain: p.domain, Record: p.record, AuthorExistence: p.existence,
		Answers: p.answers[:len(p.answers):len(p.answers)], // shared: append copies
	}
	if e.trace {
		e.tracePolicy(&o, p, f.Author)
	}
	c := Case{
		Open: p.open, Record: p.record, NoRecord: p.noRecord,
		Subdomain: p.record != nil && p.domain != f.Author,
		Existence: p.existence, Sample: f.Sample,
	}
	hidden, err := e.identifiers(ctx, p, &f, &o, &c)
	if err != nil {
		return Outcome{}, err
	}
	o.apply(Decide(&c))
	o.explain(p, hidden)
	return o, nil
}

// identifiers finds the alignment of every identifier, whatever its result, and
// returns the first failed question that left one open.
func (e *Evaluator) identifiers(ctx context.Context, p *policy, f *Facts, o *Outcome, c *Case) (*hit, error) {
	var hidden *hit
	one := func(mechanism string, id *AuthID, s *Support) (Alignment, error) {
		a, w, err := e.align(ctx, p, f.Author, id.Domain, f.At)
		if err != nil {
			return a, err
		}
		if w != nil {
			o.Answers = append(o.Answers, w.answers...)
			if e.trace {
				o.Walk = traceWalk(o.Walk, mechanism, w)
			}
		}
		if a == UnknownAlignment && id.Passed && hidden == nil {
			hidden = openQuestion(p.walk, w)
		}
		*s = s.With(a, id.Passed, id.Undecided)
		return a, nil
	}
	var err error
	if o.SPFAlignment, err = one("spf", &f.SPF, &c.SPF); err != nil {
		return nil, err
	}
	if len(f.DKIM) == 0 {
		return hidden, nil
	}
	o.DKIMAlignments = make([]Alignment, len(f.DKIM))
	for i := range f.DKIM {
		if o.DKIMAlignments[i], err = one("dkim", &f.DKIM[i], &c.DKIM); err != nil {
			return nil, err
		}
	}
	return hidden, nil
}

// openQuestion returns the failure that left an alignment open: the
// identifier's, else the author domain's.
func openQuestion(author, id *walk) *hit {
	if id.failure != nil {
		return id.failure
	}
	return author.failure
}

// apply takes a decision over.
func (o *Outcome) apply(d Decision) {
	o.Result, o.Reason = d.Result, d.Reason
	o.PassedSPF, o.PassedDKIM = d.PassedSPF, d.PassedDKIM
	o.Policy, o.PolicyTag = d.Policy, d.PolicyTag
	o.Disposition, o.Override, o.OverrideComment = d.Disposition, d.Override, d.OverrideComment
}

// explain adds the detail that belongs to the reason.
func (o *Outcome) explain(p *policy, hidden *hit) {
	switch o.Reason {
	case ReasonPolicyDNS, ReasonExistenceDNS, ReasonSeveralRecords:
		o.Detail = p.detail
	case ReasonAlignmentDNS:
		if hidden != nil {
			o.Detail = describe(hidden.answer)
		}
	}
}

// withoutAuthor is the outcome of a message that DMARC cannot judge.
func (e *Evaluator) withoutAuthor(f *Facts) Outcome {
	o := Outcome{Result: None, Reason: ReasonNoAuthor, Disposition: DispositionNone, SPFAlignment: NotAligned}
	if len(f.DKIM) > 0 {
		o.DKIMAlignments = make([]Alignment, len(f.DKIM))
		for i := range o.DKIMAlignments {
			o.DKIMAlignments[i] = NotAligned
		}
	}
	return o
}

// tracePolicy adds the steps of policy discovery.
func (e *Evaluator) tracePolicy(o *Outcome, p *policy, author string) {
	o.Walk = traceWalk(o.Walk, "policy", p.walk)
	switch p.existence {
	case Exists:
		o.Walk = append(o.Walk, Step{For: "policy", Domain: author, Note: "exists: sp applies, not np"})
	case NonExistent:
		o.Walk = append(o.Walk, Step{For: "policy", Domain: author, Note: "does not exist: np applies"})
	case UnknownExistence:
		o.Walk = append(o.Walk, Step{For: "policy", Domain: author, Note: "existence unknown: the DNS failed"})
	}
}

// traceWalk adds the questions of a walk.
func traceWalk(steps []Step, mechanism string, w *walk) []Step {
	for i := range w.hits {
		h := &w.hits[i]
		s := Step{For: mechanism, Domain: h.name}
		switch h.state {
		case absent:
			s.Note = "no record"
		case found:
			s.Found, s.Note = h.record.Text, foundNote(h)
		case several:
			s.Note = "several records, all discarded"
		case failed:
			s.Note = "failed: " + describe(h.answer)
		case impossible:
			s.Note = "not asked: the name cannot be in the DNS"
		}
		steps = append(steps, s)
	}
	return steps
}

func foundNote(h *hit) string {
	if h.record.Rules != RFC7489 && h.stops() {
		return "psd=" + h.psd() + " ends the walk"
	}
	return ""
}
