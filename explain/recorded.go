package explain

import (
	"strings"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

func (c *collector) recorded() {
	r := &c.story.Recorded
	r.AuthservID = c.e.Recorded.AuthservID
	for i := range c.d.Claims {
		claim := claimOf(&c.d.Claims[i])
		// The field right below the boundary's Received may still be the
		// receiver's: it stands there when written before that one.
		claim.BelowBoundary = c.e.Envelope.Hop >= 0 && claim.Received > int(c.e.Envelope.Hop)+1
		r.Claims = append(r.Claims, claim)
	}
	c.compareSPF(r)
	for i := range c.e.Recorded.Signatures {
		c.compareSignature(r, &c.e.Recorded.Signatures[i])
	}
	if len(c.e.Recorded.Signatures) == 0 {
		c.compareNoSignature(r)
	}
	c.compareDMARC(r)
}

func claimOf(c *evidence.Claim) Claim {
	out := Claim{Field: "Authentication-Results", AuthservID: c.AuthservID, Trusted: c.Trusted, Received: c.Received}
	if c.SPF != nil {
		out.Field = "Received-SPF"
		out.Results = []string{"spf=" + c.SPF.Result + pair(" client-ip", addr(c.SPF)) + pair(" envelope-from", c.SPF.EnvelopeFrom) +
			pair(" helo", c.SPF.HELO)}
		return out
	}
	for i := range c.Methods {
		m := &c.Methods[i]
		text := m.Method + "=" + m.Result
		if m.Reason != "" {
			text += " reason=" + m.Reason
		}
		for _, p := range m.Properties {
			text += " " + p.Name + "=" + p.Value
		}
		if m.Comment != "" {
			text += " (" + m.Comment + ")"
		}
		out.Results = append(out.Results, text)
	}
	return out
}

func addr(s *evidence.ReceivedSPF) string {
	if s.ClientIP.IsValid() {
		return s.ClientIP.String()
	}
	return ""
}

func pair(name, value string) string {
	if value == "" {
		return ""
	}
	return name + "=" + value
}

func (r *Recorded) compare(method, of, recorded, computed, why string) {
	if recorded == "" {
		return
	}
	c := Comparison{Method: method, Of: of, Recorded: recorded, Computed: computed, Agrees: recorded == computed}
	if !c.Agrees {
		c.Why = why
	}
	r.Comparisons = append(r.Comparisons, c)
}

func (c *collector) compareSPF(r *Recorded) {
	o := c.v.SPF
	why := "the SPF record has changed since, or the receiver judged another client or return path"
	switch {
	case o.Reason == spf.NoClient:
		why = "the client's address is not known here"
	case o.Result == spf.TempError:
		why = "the DNS that is asked now does not answer: " + o.Detail
	case c.e.Recorded.SPF == string(spf.TempError):
		why = "the receiver's DNS failed on that day"
	case c.v.SPFHelo != nil && string(c.v.SPFHelo.Result) == c.e.Recorded.SPF:
		why = "the receiver judged HELO, or the record has changed since"
	case c.e.Recorded.SPF == string(spf.None):
		why = "the domain published no record on that day, or the receiver did not see the return path"
	case o.Result == spf.None:
		why = "the record is gone since"
	}
	r.compare("spf", o.Domain, c.e.Recorded.SPF, string(o.Result), why)
}

// compareSignature finds the signature that a recorded result speaks of: by d=
// and s=, by the beginning of b=, or by d= alone.
func (c *collector) compareSignature(r *Recorded, rec *evidence.RecordedSignature) {
	of := rec.Domain
	if rec.Selector != "" {
		of = rec.Selector + "._domainkey." + of
	}
	at := -1
	for i := range c.story.DKIM {
		s := &c.story.DKIM[i]
		same := s.Domain == rec.Domain && (rec.Selector == "" || s.Selector == rec.Selector)
		if rec.BPrefix != "" && strings.HasPrefix(s.tag("b"), rec.BPrefix) || rec.BPrefix == "" && same || same && at < 0 {
			at = i
		}
	}
	if at < 0 {
		r.compare("dkim", of, rec.Result, "none", "that signature is no longer in the message")
		return
	}
	s := &c.story.DKIM[at]
	r.compare("dkim", of, rec.Result, s.Result, signatureDrift(s, rec.Result))
}

func (s *Signature) tag(name string) string {
	for _, t := range s.Tags {
		if t.Name == name {
			return t.Value
		}
	}
	return ""
}

// signatureDrift is the likely reason why a signature's result differs.
func signatureDrift(s *Signature, recorded string) string {
	now := dkim.Reason(s.Reason)
	switch {
	case s.Result == string(dkim.TempError):
		return "the DNS that is asked now does not have the key"
	case recorded == string(dkim.TempError):
		return "the receiver's DNS failed on that day"
	case recorded == string(dkim.Pass) && now == dkim.KeyNotFound:
		return "the key is gone since"
	case recorded == string(dkim.Pass) && now == dkim.KeyRevoked:
		return "the key was revoked since"
	case recorded == string(dkim.Pass) && now == dkim.BodyHashMismatch:
		return "the body was altered after the receiver saw it: by a list, a filter or the archive"
	case recorded == string(dkim.Pass) && now == dkim.SignatureMismatch:
		return "the header was altered after the receiver saw it, or the key was replaced since"
	case recorded == string(dkim.Pass) && now == dkim.Expired:
		return "the receiver does not judge expiry, or judged earlier"
	case recorded == string(dkim.Pass) && (now == dkim.AlgorithmObsolete || now == dkim.KeyTooSmall):
		return "the rules of today no longer accept it; see --profile historic"
	case s.Result == string(dkim.Pass) && s.Repaired:
		return "the store's change to the body is undone here"
	case s.Result == string(dkim.Pass):
		return "the receiver erred, or it judged the message in another state"
	case recorded == string(dkim.None):
		return "the receiver did not look at the signature"
	}
	return "receivers differ in the word for this failure"
}

func (c *collector) compareNoSignature(r *Recorded) {
	computed := string(dkim.None)
	if best := c.v.DKIMBest; best >= 0 {
		computed = string(c.v.DKIM[best].Result)
	}
	r.compare("dkim", "", c.e.Recorded.DKIM, computed, "the signature was added later, or the receiver did not look at it")
}

func (c *collector) compareDMARC(r *Recorded) {
	rec, o := &c.e.Recorded, &c.v.DMARC
	why := "follows from the differences above, or the policy has changed since"
	if len(r.Comparisons) > 0 && allAgree(r.Comparisons) {
		why = "the policy has changed since, or the receiver looked for it elsewhere"
	}
	switch {
	case o.Result == dmarc.TempError:
		why = "the DNS that is asked now does not answer: " + o.Detail
	case string(c.other.DMARC.Result) == rec.DMARC:
		why = "as the other rule book has it"
	}
	r.compare("dmarc", c.e.Author.Domain(), rec.DMARC, string(o.Result), why)
	why = "the receiver's own policy, or another rule book"
	if rec.Disposition == string(c.v.Disposition74) {
		why = "as RFC 9989 section 7.4 allows"
	}
	r.compare("disposition", "", rec.Disposition, string(c.v.Disposition), why)
}

func allAgree(list []Comparison) bool {
	for i := range list {
		if !list[i].Agrees {
			return false
		}
	}
	return true
}
