package impact

import (
	"context"
	"slices"

	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
	"mailaudit/sink"
	"mailaudit/sources"
)

// overlayColumns are what SPF, DKIM and ARC need to be judged again, and what
// the details need.
var overlayColumns = []string{
	"digest", "source", "source_offset", "ordinal", "received_at", "as_of", "category", "disposition",
	"header_from_domain", "mail_from_domain", "mail_from_local", "has_mail_from", "helo_domain", "client_ip", "client_name",
	"list_id", "spf_result", "spf_domain", "spf_alignment", "spf_helo_result", "dkim", "arc_result", "arc", "arc_signatures", "arc_problem",
}

// overlaySource is the name that answers of an overlay carry.
const overlaySource = "overlay"

// overlaid tells whether any of some answers came from the overlay.
func overlaid(answers []*dns.Answer) bool {
	return slices.ContainsFunc(answers, func(a *dns.Answer) bool { return a != nil && a.Source == overlaySource })
}

// replaced is an overlay that replaces record sets, not whole names: who tries
// another SPF record does not mean to take a domain's mail hosts away, and with
// them its existence. What an overlay source knows not to be there because it has
// other types of the name is asked of what lies below.
type replaced struct{ over, base dns.Source }

// Lookup implements [dns.Source].
func (r replaced) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	a, err := r.over.Lookup(ctx, q)
	if err == nil && a.Source == overlaySource && a.Status == dns.NoData && len(a.CNAMEs) == 0 {
		return r.base.Lookup(ctx, q)
	}
	return a, err
}

// record is a row read whole, for scenarios that judge SPF and DKIM again.
type record struct {
	*evaluate.Record
	subject subject
	chain   arc.Result
}

// overlaid decides a part whose SPF and DKIM may come out otherwise. What does
// not rest on a record of the overlay keeps the result of its row: nothing of it
// is asked or computed again.
func (w *worker) overlaid(ctx context.Context, part int, t *taker) error {
	r, d := new(record), new(details)
	for rec, err := range w.data.PartRecords(part, overlayColumns...) {
		if err != nil {
			return err
		}
		r.Record = rec
		if err := w.rejudge(ctx, r); err != nil {
			return err
		}
		t.take(ctx, w, &r.subject, w.rule(ctx, &r.subject), d, r)
		if w.err != nil {
			return w.err
		}
	}
	return ctx.Err()
}

// rejudge makes the subject of a record.
func (w *worker) rejudge(ctx context.Context, r *record) error {
	e, v, s := r.Evidence, &r.Verdict, &r.subject
	s.from = state{categoryOf(string(v.Category)), dispositionOf(v.Disposition)}
	s.author, s.at, s.sample = e.Author.Domain(), v.AsOf, nil
	if w.scenario.Rules == dmarc.RFC7489 {
		s.sample = r.sample
	}
	r.chain = v.ARC.Result
	for _, step := range [...]func(context.Context, *record) error{w.rejudgeSPF, w.rejudgeDKIM, w.rejudgeARC} {
		if err := step(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func (r *record) sample() int { return evaluate.Sample(r.Evidence) }

func (w *worker) rejudgeSPF(ctx context.Context, r *record) error {
	o, err := w.spf.Check(ctx, evaluate.SPFQuery(r.Evidence, r.subject.at))
	if err != nil {
		return err
	}
	if !overlaid(o.Answers) {
		o = r.Verdict.SPF
	}
	r.Verdict.SPF = o
	r.subject.spf = identifier{w.domains.id(o.Domain), saying(string(o.Result))}
	return nil
}

func (w *worker) rejudgeDKIM(ctx context.Context, r *record) error {
	s := &r.subject
	s.dkim = s.dkim[:0]
	for i := range r.Evidence.Signatures {
		sig, result := &r.Evidence.Signatures[i], r.Verdict.DKIM[i].Result
		other, err := w.otherKey(ctx, sig, &s.moment)
		if err != nil {
			return err
		}
		if other && sig.Logged == "" {
			o, err := w.dkim.Verify(ctx, sig, s.at)
			if err != nil {
				return err
			}
			result = o.Result
		}
		s.dkim = append(s.dkim, identifier{w.domains.id(sig.Domain), saying(string(result))})
	}
	return nil
}

// otherKey tells whether a signature's key comes from the overlay.
func (w *worker) otherKey(ctx context.Context, s *evidence.Signature, m *moment) (bool, error) {
	name, err := dns.CanonicalName(s.Selector + "._domainkey." + s.Domain)
	if err != nil {
		return false, nil // such a key is found nowhere
	}
	a, err := w.base.Lookup(ctx, dns.Question{Name: name, Type: dns.TypeTXT, At: m.at})
	return err == nil && a.Source == overlaySource, err
}

// rejudgeARC is needed only where a chain can let a message through.
func (w *worker) rejudgeARC(ctx context.Context, r *record) error {
	if w.scenario.ARC == nil {
		return nil
	}
	for i := range r.Evidence.ARC.Sets {
		set := &r.Evidence.ARC.Sets[i]
		for _, sig := range [...]*evidence.Signature{&set.Seal, &set.Message} {
			other, err := w.otherKey(ctx, sig, &r.subject.moment)
			if err != nil {
				return err
			}
			if other {
				o, err := w.arc.Validate(ctx, &r.Evidence.ARC, r.subject.at)
				r.chain = o.Result
				return err
			}
		}
	}
	return nil
}

// details implements row.
func (r *record) details(d *details, _ bool) {
	e, v := r.Evidence, &r.Verdict
	o := &e.Origin
	d.source, d.offset, d.ordinal, d.received = o.Source, o.Offset, o.Ordinal, sink.NoNumber
	if at := e.Envelope.ReceivedAt; !at.IsZero() {
		d.received = at.UnixMicro()
	}
	d.Facts = sources.Facts{
		Author: e.Author.Domain(), ReturnPath: e.Envelope.MailFromDomain,
		SPFPassed: v.SPF.Result == spf.Pass, SPFFailed: v.SPF.Result == spf.Fail, SPFBroken: v.SPF.Result == spf.PermError,
		SPFAlignment: v.DMARC.SPFAlignment,
		Client:       e.Envelope.ClientIP, ClientName: e.Envelope.ClientName, HELO: e.Envelope.HELO,
		HELOPassed: v.SPFHelo != nil && v.SPFHelo.Result == spf.Pass,
		ListID:     e.ListID, Signatures: d.Signatures[:0],
	}
	d.spf, d.dkim = r.subject.spf.domain, d.dkim[:0]
	for i := range e.Signatures {
		d.dkim = append(d.dkim, r.subject.dkim[i].domain)
		d.Signatures = append(d.Signatures, sources.Signature{
			Domain: e.Signatures[i].Domain, Passed: r.subject.dkim[i].said == passed,
			Alignment: v.DMARC.DKIMAlignments[i], Damage: e.Signatures[i].Damage,
		})
	}
	d.chain = chain{passed: r.chain == arc.Pass, domains: d.chain.domains[:0]}
	for i := range e.ARC.Sets {
		d.ARCSealer = e.ARC.Sets[i].Seal.Domain
		d.chain.domains = append(d.chain.domains, d.ARCSealer)
	}
	if d.ARCPassed = d.chain.passed; len(e.ARC.Sets) > 0 {
		d.chain.first = e.ARC.Sets[0].Results
	}
}
