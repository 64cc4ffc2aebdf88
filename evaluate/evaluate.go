package evaluate

import (
	"context"
	"hash/fnv"
	"strconv"
	"time"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// Profile is the choices of a run that change verdicts. The zero Profile judges
// each message as of its arrival, by RFC 9989 and today's DKIM rules, and
// rejects where the author domain does not exist.
type Profile struct {
	// Rules is the DMARC rule book; empty means RFC 9989.
	Rules dmarc.Rules
	// AsOf, where set, is the moment every message is judged at.
	AsOf time.Time
	// IgnoreExistence leaves the domain existence test out.
	IgnoreExistence bool
	// DKIM holds the rules about algorithms and keys.
	DKIM dkim.Profile
	// Trace keeps every step, for explanations.
	Trace bool
	// Receiver is the name that SPF explanations give for this host.
	Receiver string
}

// Evaluator turns evidence into verdicts. Many goroutines may use one. It holds
// parsed records, keys and results of a run, within bounds.
type Evaluator struct {
	profile Profile
	spf     *spf.Checker
	dkim    *dkim.Verifier
	arc     *arc.Validator
	dmarc   *dmarc.Evaluator
}

// New returns an Evaluator that asks source, which should cache: several
// protocols ask the same questions, and an answer is compared by pointer.
func New(source dns.Source, p Profile) *Evaluator {
	if p.Rules == "" {
		p.Rules = dmarc.RFC9989
	}
	v := dkim.New(source, p.DKIM)
	v.Trace = p.Trace
	return &Evaluator{
		profile: p,
		spf:     spf.NewChecker(source, spf.Options{Trace: p.Trace, Explain: p.Trace, Receiver: p.Receiver}),
		dkim:    v,
		arc:     arc.New(v),
		dmarc:   dmarc.New(source, dmarc.Options{Rules: p.Rules, Trace: p.Trace}),
	}
}

// Evaluate judges one message. An error is the source's: the run cannot go on.
func (ev *Evaluator) Evaluate(ctx context.Context, e *evidence.Evidence) (Verdict, error) {
	r, err := ev.Record(ctx, e)
	if err != nil {
		return Verdict{}, err
	}
	return r.Verdict, nil
}

// Record is [Evaluator.Evaluate] with the verdict beside its evidence.
func (ev *Evaluator) Record(ctx context.Context, e *evidence.Evidence) (*Record, error) {
	r := &Record{Evidence: e, Verdict: Verdict{
		AsOf: ev.moment(e), SPF: &noMessage, DKIMBest: -1,
		ARC:   arc.Outcome{Result: arc.None},
		DMARC: dmarc.Outcome{Result: dmarc.None, SPFAlignment: dmarc.NotAligned, Disposition: dmarc.DispositionNone},
	}}
	v := &r.Verdict
	if e.Malformed == "" {
		if err := ev.judge(ctx, e, v); err != nil {
			return nil, err
		}
	}
	v.conclude(e)
	v.Basis = basisOf(v)
	return r, nil
}

// noMessage stands for the SPF of what could not be parsed.
var noMessage = spf.Outcome{Result: spf.None, Reason: spf.NoClient, Scope: spf.MailFrom}

// moment is when a message is judged: a fixed time, its arrival, else its Date.
func (ev *Evaluator) moment(e *evidence.Evidence) time.Time {
	switch {
	case !ev.profile.AsOf.IsZero():
		return ev.profile.AsOf
	case !e.Envelope.ReceivedAt.IsZero():
		return e.Envelope.ReceivedAt
	}
	return e.Date
}

// judge runs the protocols, each over the results of those before it.
func (ev *Evaluator) judge(ctx context.Context, e *evidence.Evidence, v *Verdict) error {
	for _, step := range [...]func(context.Context, *evidence.Evidence, *Verdict) error{
		ev.judgeSPF, ev.judgeDKIM, ev.judgeARC, ev.judgeDMARC,
	} {
		if err := step(ctx, e, v); err != nil {
			return err
		}
	}
	return nil
}

// judgeSPF checks the MAIL FROM identity, which DMARC uses, and HELO (RFC 7208
// §2.3, §2.4). A null reverse path stands for postmaster@HELO.
func (ev *Evaluator) judgeSPF(ctx context.Context, e *evidence.Evidence, v *Verdict) (err error) {
	q, helo := SPFQuery(e, v.AsOf), e.Envelope.HELO
	if v.SPF, err = ev.spf.Check(ctx, q); err != nil || helo == "" {
		return err
	}
	q.Scope, q.Local, q.Domain, q.LocalUnknown = spf.HELO, "postmaster", helo, false
	v.SPFHelo, err = ev.spf.Check(ctx, q)
	return err
}

func (ev *Evaluator) judgeDKIM(ctx context.Context, e *evidence.Evidence, v *Verdict) (err error) {
	if len(e.Signatures) == 0 {
		return nil
	}
	v.DKIM = make([]dkim.Outcome, len(e.Signatures))
	for i := range e.Signatures {
		s := &e.Signatures[i]
		if s.Logged != "" {
			v.DKIM[i] = dkim.Outcome{Result: dkim.Result(s.Logged), Reason: Logged, KeyBits: s.LoggedBits}
			continue
		}
		if v.DKIM[i], err = ev.dkim.Verify(ctx, s, v.AsOf); err != nil {
			return err
		}
		if v.DKIM[i].Reason == dkim.SignatureMismatch && len(s.UnfoldedHash) > 0 {
			if err := ev.unfolded(ctx, *s, v.AsOf, &v.DKIM[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// unfolded tries a signature that does not verify on the fields without folding:
// relays that fold break simple header canonicalization (RFC 6376 §3.4.1).
func (ev *Evaluator) unfolded(ctx context.Context, s evidence.Signature, at time.Time, o *dkim.Outcome) error {
	s.HeaderHash = s.UnfoldedHash
	flat, err := ev.dkim.Verify(ctx, &s, at)
	if err == nil && flat.Result == dkim.Pass {
		o.Damage = DamageHeaderFolding
	}
	return err
}

// DamageHeaderFolding is the word of the column header_damage.
const DamageHeaderFolding = "header_folding"

// Logged is the reason of a DKIM result that somebody else found and logged.
const Logged dkim.Reason = "logged"

func (ev *Evaluator) judgeARC(ctx context.Context, e *evidence.Evidence, v *Verdict) (err error) {
	if len(e.ARC.Sets) == 0 && e.ARC.Problem == "" {
		return nil
	}
	v.ARC, err = ev.arc.Validate(ctx, &e.ARC, v.AsOf)
	return err
}

// judgeDMARC judges the author domain, and whether it exists at all.
func (ev *Evaluator) judgeDMARC(ctx context.Context, e *evidence.Evidence, v *Verdict) error {
	author := e.Author.Domain()
	if author == "" {
		v.DMARC.Reason = dmarc.ReasonNoAuthor
		v.DKIMBest = dkim.Best(v.DKIM, nil)
		return nil
	}
	var ids [4]dmarc.AuthID
	f := dmarc.Facts{
		Author: author, At: v.AsOf, Sample: sample(e), DKIM: ids[:0],
		SPF: dmarc.AuthID{Domain: v.SPF.Domain, Passed: v.SPF.Result == spf.Pass, Undecided: v.SPF.Result == spf.TempError},
	}
	for i := range v.DKIM {
		o := &v.DKIM[i]
		f.DKIM = append(f.DKIM, dmarc.AuthID{
			Domain: e.Signatures[i].Domain, Passed: o.Result == dkim.Pass, Undecided: o.Result == dkim.TempError,
		})
	}
	var err error
	if v.DMARC, err = ev.dmarc.Evaluate(ctx, f); err != nil {
		return err
	}
	v.DKIMBest = dkim.Best(v.DKIM, func(i int) int { return nearness(v.DMARC.DKIMAlignments[i]) })
	if ev.profile.IgnoreExistence {
		return nil
	}
	exists, decided, answers, err := ev.dmarc.Existence(ctx, author, v.AsOf)
	v.Existence = Existence{Tested: true, Absent: !exists, Decided: decided, Answers: answers}
	return err
}

func nearness(a dmarc.Alignment) int {
	switch a {
	case dmarc.Strict:
		return 2
	case dmarc.Relaxed:
		return 1
	}
	return 0
}

// sample is the number that pct is compared with (RFC 7489 §6.6.4): taken from
// the digest, so that it is the same in every run. A log record has no digest;
// what finds it again takes its place.
func sample(e *evidence.Evidence) int {
	h := fnv.New64a()
	if e.HasDigest {
		h.Write(e.Digest[:])
	} else {
		h.Write([]byte(e.Origin.Source))
		h.Write(strconv.AppendInt(nil, e.Origin.Offset, 10))
	}
	return int(h.Sum64() >> 32 % 100)
}
