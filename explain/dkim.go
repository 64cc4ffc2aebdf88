package explain

import (
	"context"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
)

func (c *collector) dkim(ctx context.Context) error {
	for i := range c.e.Signatures {
		sig := &c.e.Signatures[i]
		s, err := c.signature(ctx, sig, detailOf(c.d.Signatures, i), &c.v.DKIM[i], c.keys.Verify)
		if err != nil {
			return err
		}
		if i < len(c.v.DMARC.DKIMAlignments) {
			s.Alignment = alignmentWord(c.v.DMARC.DKIMAlignments[i])
		}
		c.story.DKIM = append(c.story.DKIM, s)
	}
	return nil
}

func detailOf(list []evidence.SignatureDetail, i int) *evidence.SignatureDetail {
	if i < len(list) {
		return &list[i]
	}
	return &evidence.SignatureDetail{BodyBytes: -1}
}

func (c *collector) arc(ctx context.Context) error {
	if len(c.e.ARC.Sets) == 0 && c.e.ARC.Problem == "" {
		return nil
	}
	o := &c.v.ARC
	chain := &Chain{
		Result: string(o.Result), Reason: string(o.Reason), Meaning: arcMeanings[o.Reason], Detail: o.Detail,
		Undecided: o.Undecided, OldestPass: int(o.OldestPass),
	}
	for i := range c.e.ARC.Sets {
		set := &c.e.ARC.Sets[i]
		var d evidence.SetDetail
		if i < len(c.d.Sets) {
			d = c.d.Sets[i]
		}
		out := Set{Instance: int(set.Instance), CV: set.CV, Results: set.Results}
		m, err := c.keys.VerifyARCMessage(ctx, &set.Message, c.v.AsOf)
		if err != nil {
			return err
		}
		if out.Message, err = c.signature(ctx, &set.Message, &d.Message, &m, c.keys.VerifyARCMessage); err != nil {
			return err
		}
		seal, err := c.keys.VerifySeal(ctx, &set.Seal, c.v.AsOf)
		if err != nil {
			return err
		}
		if out.Seal, err = c.signature(ctx, &set.Seal, &d.Seal, &seal, nil); err != nil {
			return err
		}
		out.Seal.HasBody = false
		chain.Sets = append(chain.Sets, out)
	}
	c.story.ARC = chain
	return nil
}

// verify is one of the ways in which a dkim.Verifier judges a signature.
type verify = func(context.Context, *evidence.Signature, time.Time) (dkim.Outcome, error)

// signature tells of one signature. Without a way to verify it no other reading
// of the header is tried.
func (c *collector) signature(ctx context.Context, sig *evidence.Signature, d *evidence.SignatureDetail, o *dkim.Outcome, try verify) (Signature, error) {
	s := Signature{
		Field: int(sig.Field), Domain: sig.Domain, Selector: sig.Selector, Algorithm: sig.Algorithm,
		Canonicalization: sig.Canonicalization(), SignedAt: sig.SignedAt, ExpiresAt: sig.ExpiresAt,
		Result: string(o.Result), Reason: string(o.Reason), Meaning: dkimMeaning(o.Reason), Detail: o.Detail,
		KeyName: sig.Selector + "._domainkey." + sig.Domain, KeyBits: int(o.KeyBits), KeySource: o.KeySource,
		HeaderHash: hex.EncodeToString(sig.HeaderHash), HeaderAsSigned: "unknown",
		CanonicalHeader: d.CanonicalHeader, CanonicalText: string(d.CanonicalHeader),
		HasBody: true, BodyHashClaimed: d.BodyClaimed, BodyHashComputed: sig.BodyHash, BodyHashMatch: sig.BodyHashMatch,
		BodyBytes: d.BodyBytes, BodyLength: sig.BodyLength, BodyUnsigned: sig.BodyUnsigned,
		Damage: sig.Damage, Repaired: sig.Repaired,
	}
	if sig.HasAUID {
		s.Identity = sig.AUIDLocal + "@" + sig.AUIDDomain
	}
	for _, t := range d.Tags {
		s.Tags = append(s.Tags, Tag{Name: t.Name, Value: t.Value})
	}
	for _, k := range o.Answers {
		s.KeyStatus = statusWord(k)
		s.Keys = append(s.Keys, k.Records...)
	}
	for _, step := range o.Steps {
		s.Steps = append(s.Steps, Step{Clause: step.Clause, Check: step.Check, OK: step.OK, Note: step.Note})
	}
	s.names(d, sig.SignedHeaders)
	for _, a := range d.Body {
		if !sig.BodyHashMatch {
			s.Readings = append(s.Readings, Reading{Of: "body", Word: a.Word, Note: a.Note})
		}
	}
	if sig.Damage != "" && !sig.Repaired && len(s.Readings) == 0 {
		s.Readings = append(s.Readings, Reading{Of: "body", Word: sig.Damage, Note: orElse(damagePhrases[sig.Damage], sig.Damage)})
	}
	if try == nil {
		if o.Result == dkim.Pass {
			s.HeaderAsSigned = "yes"
		}
		return s, nil
	}
	return s, c.header(ctx, &s, sig, d, try)
}

// names fills in what h= covers and what it does not.
func (s *Signature) names(d *evidence.SignatureDetail, list string) {
	s.Uncovered = d.Uncovered
	if list == "" {
		return
	}
	s.SignedHeaders = strings.Split(list, ":")
	for _, f := range d.Signed {
		name := strings.ToLower(f.Name)
		if f.Field < 0 && !slices.Contains(s.Oversigned, name) {
			s.Oversigned = append(s.Oversigned, name)
		}
	}
}

// header finds out whether the header is as signed whatever became of the body,
// and where it is not, under which other reading it would be.
func (c *collector) header(ctx context.Context, s *Signature, sig *evidence.Signature, d *evidence.SignatureDetail, try verify) error {
	if sig.Problem != "" || len(sig.HeaderHash) == 0 {
		return nil
	}
	ok, known, err := c.confirms(ctx, sig, sig.HeaderHash, try)
	switch {
	case err != nil || !known:
		return err
	case ok:
		s.HeaderAsSigned = "yes"
		return nil
	}
	s.HeaderAsSigned = "no"
	for _, a := range d.Header {
		ok, _, err := c.confirms(ctx, sig, a.Digest, try)
		if err != nil {
			return err
		}
		if ok {
			s.Readings = append(s.Readings, Reading{Of: "header", Word: a.Word, Note: a.Note})
			return nil
		}
	}
	if c.e.ListID != "" {
		s.Suspects = suspects(d, s.CanonicalText)
	}
	return nil
}

// suspects are the signed fields of a list's message that the list may have
// written anew.
func suspects(d *evidence.SignatureDetail, canonical string) []string {
	var out []string
	for _, f := range d.Signed {
		name := strings.ToLower(f.Name)
		switch {
		case f.Field < 0 || slices.Contains(out, name):
		case name == "sender", name == "reply-to", name == "errors-to", strings.HasPrefix(name, "list-"),
			name == "subject" && strings.Contains(valueOf(canonical, name), "["):
			out = append(out, name)
		}
	}
	return out
}

// valueOf is the first field of a name in a canonical header.
func valueOf(canonical, name string) string {
	for line := range strings.SplitSeq(canonical, "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return v
		}
	}
	return ""
}

// confirms tells whether the signature's key confirms a digest of the header,
// whatever the body and the expiry say; known is false where there is no key
// that could.
func (c *collector) confirms(ctx context.Context, sig *evidence.Signature, digest []byte, try verify) (ok, known bool, err error) {
	trial := *sig
	trial.HeaderHash, trial.BodyHashMatch, trial.BodyUnsigned = digest, true, 0
	trial.ExpiresAt = time.Time{}
	o, err := try(ctx, &trial, c.v.AsOf)
	return o.Result == dkim.Pass, o.Result == dkim.Pass || o.Reason == dkim.SignatureMismatch, err
}

func (c *collector) questions() {
	uses := map[*dns.Answer][]string{}
	note := func(who string, answers []*dns.Answer) {
		for _, a := range answers {
			if !slices.Contains(uses[a], who) {
				uses[a] = append(uses[a], who)
			}
		}
	}
	note("spf mfrom", c.v.SPF.AnswersOf())
	note("spf helo", c.v.SPFHelo.AnswersOf())
	for i := range c.v.DKIM {
		note("dkim", c.v.DKIM[i].Answers)
	}
	note("arc", c.v.ARC.Answers)
	for _, v := range []*evaluate.Verdict{&c.v, &c.other} {
		note("dmarc "+string(c.rulesOf(v)), v.DMARC.Answers)
		note("existence", v.Existence.Answers)
	}
	for _, q := range c.source.list {
		a := q.answer
		c.story.DNS = append(c.story.DNS, Question{
			Type: a.Type.String(), Name: a.Name, At: q.at, Status: a.Status.String(), Kind: string(a.Kind),
			Records: a.Records, CNAMEs: a.CNAMEs, TTL: a.TTL, Source: a.Source, ObservedAt: a.ObservedAt,
			Since: a.Since, Until: a.Until, Nearest: a.Nearest, UsedBy: uses[a],
		})
	}
}
