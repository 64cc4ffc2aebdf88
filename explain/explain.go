// Package explain tells one message's story, so that a postmaster can act on
// it: which hop was believed, every SPF term, every signature with what was
// hashed, the DMARC walk under both rule books, what the receiver had said, each
// DNS question, and what to do about it.
//
//	story, err := explain.Collect(ctx, &unit, source, explain.Options{})
//	err = story.WriteText(os.Stdout)
package explain

import (
	"context"
	"encoding/hex"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
	"mailaudit/stats"
)

// Options are the choices of a run that change evidence and verdicts. Detail
// and Trace are set by [Collect].
type Options struct {
	Evidence evidence.Options
	Profile  evaluate.Profile
}

// collector holds one message while its story is put together.
type collector struct {
	opts   Options
	source *recorder
	keys   *dkim.Verifier // tries other readings of headers

	e     *evidence.Evidence
	d     *evidence.Detail // never nil
	v     evaluate.Verdict // by the rule book in force
	other evaluate.Verdict // by the other one
	story *Story
}

// Collect judges a unit under both rule books and tells how. An error is that of
// reading the unit, or means that the source cannot go on; DNS failures are part
// of the story. It does not release the unit.
func Collect(ctx context.Context, u *reader.Unit, source dns.Source, o Options) (*Story, error) {
	o.Evidence.Detail, o.Profile.Trace = true, true
	if o.Profile.Rules == "" {
		o.Profile.Rules = dmarc.RFC9989
	}
	c := &collector{opts: o, source: newRecorder(dns.Cache(source)), story: new(Story)}
	var err error
	if c.e, err = evidence.NewExtractor(o.Evidence).Extract(u); err != nil {
		return nil, err
	}
	if c.d = c.e.Detail; c.d == nil {
		c.d = &evidence.Detail{Boundary: -1}
	}
	if err := c.judge(ctx); err != nil {
		return nil, err
	}
	c.message(u)
	c.verdict()
	if c.e.Malformed == "" {
		c.path()
		c.identities()
		c.spf()
		for _, step := range []func(context.Context) error{c.dkim, c.arc} {
			if err := step(ctx); err != nil {
				return nil, err
			}
		}
		c.dmarc()
		c.recorded()
		c.questions()
	}
	c.conclude()
	return c.story, nil
}

// judge evaluates under both rule books; everything but DMARC is the same.
func (c *collector) judge(ctx context.Context) (err error) {
	p := c.opts.Profile
	c.keys = dkim.New(c.source, p.DKIM)
	c.keys.Trace = true
	if c.v, err = evaluate.New(c.source, p).Evaluate(ctx, c.e); err != nil {
		return err
	}
	p.Rules = otherRules(p.Rules)
	c.other, err = evaluate.New(c.source, p).Evaluate(ctx, c.e)
	return err
}

func otherRules(r dmarc.Rules) dmarc.Rules {
	if r == dmarc.RFC7489 {
		return dmarc.RFC9989
	}
	return dmarc.RFC7489
}

var quotingWords = map[reader.Quoting]string{
	reader.QuotingNone: "none", reader.QuotingMboxo: "mboxo", reader.QuotingMboxrd: "mboxrd",
}

func (c *collector) message(u *reader.Unit) {
	e := c.e
	m := &c.story.Message
	*m = Message{
		Source: e.Origin.Source, Format: e.Origin.Format, Ordinal: e.Origin.Ordinal, Offset: e.Origin.Offset,
		Length: e.Origin.Length, Quoting: quotingWords[u.Quoting], MessageID: e.MessageID, From: c.d.From,
		Subject: c.d.Subject, ListID: e.ListID, Date: e.Date, ReceivedAt: e.Envelope.ReceivedAt, AsOf: c.v.AsOf,
		FromLog: u.Log != nil, Malformed: e.Malformed, Anomalies: e.Anomalies,
	}
	if e.HasDigest {
		m.Digest = hex.EncodeToString(e.Digest[:])
	}
}

func (c *collector) verdict() {
	c.story.Verdict = Verdict{
		Category: string(c.v.Category), Phrase: stats.Phrases[c.v.Category],
		Disposition: string(c.v.Disposition), Disposition74: string(c.v.Disposition74),
		OverrideType: c.v.OverrideType, OverrideComment: c.v.OverrideComment,
	}
}

func (c *collector) path() {
	env := &c.e.Envelope
	p := &c.story.Path
	*p = Path{Boundary: int(env.Hop), Why: c.d.Why, Basis: string(env.Basis), Authenticated: env.Authenticated}
	if env.ClientIP.IsValid() {
		p.ClientIP = env.ClientIP.String()
	}
	for i := range c.d.Hops {
		h := &c.d.Hops[i]
		hop := Hop{
			HELO: h.HELO, ReverseName: h.ReverseName, By: h.By, Protocol: h.Protocol, For: h.For,
			Authenticated: h.AuthBasis, Date: h.Date,
		}
		if h.IP.IsValid() {
			hop.IP = h.IP.String()
		}
		p.Hops = append(p.Hops, hop)
	}
}

func (c *collector) identities() {
	a, env := &c.e.Author, &c.e.Envelope
	c.story.Identities = Identities{
		AuthorDomains: a.Domains, AuthorProblem: string(a.Problem), FromFields: int(a.Fields), Mailboxes: int(a.Mailboxes),
		MailFrom: mailFrom(env), HELO: env.HELO, DomainKeys: int(c.e.DomainKeys),
	}
}

// mailFrom is the return path as one text.
func mailFrom(env *evidence.Envelope) string {
	switch {
	case !env.HasMailFrom:
		return ""
	case env.MailFromDomain == "" && env.MailFromLocal == "":
		return "<>"
	case env.MailFromLocal == "":
		return env.MailFromDomain
	}
	return env.MailFromLocal + "@" + env.MailFromDomain
}
