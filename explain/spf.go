package explain

import (
	"slices"
	"strings"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/spf"
)

func (c *collector) spf() {
	c.story.SPF = append(c.story.SPF, c.spfOutcome(c.v.SPF))
	if c.v.SPFHelo != nil {
		c.story.SPF = append(c.story.SPF, c.spfOutcome(c.v.SPFHelo))
	}
}

func (c *collector) spfOutcome(o *spf.Outcome) SPF {
	s := SPF{
		Scope: string(o.Scope), Domain: o.Domain, Result: string(o.Result), Reason: string(o.Reason),
		Meaning: spfMeaning(o.Reason), Detail: o.Detail, Mechanism: o.Mechanism, Chain: o.Chain, Record: o.Record,
		Lookups: int(o.Lookups), VoidLookups: int(o.VoidLookups), Explanation: o.Explanation,
	}
	switch {
	case o.Scope == spf.HELO, c.story.Identities.MailFrom == "<>":
		s.Identity = "postmaster@" + c.e.Envelope.HELO
	default:
		s.Identity = c.story.Identities.MailFrom
	}
	left := slices.Clone(o.Answers)
	take := func(name string, types ...dns.Type) (out []*dns.Answer) {
		left = slices.DeleteFunc(left, func(a *dns.Answer) bool {
			if !strings.EqualFold(a.Name, strings.TrimSuffix(name, ".")) || !slices.Contains(types, a.Type) {
				return false
			}
			out = append(out, a)
			return true
		})
		return out
	}
	s.Asked = exchanges(take(o.Domain, dns.TypeTXT))
	for _, t := range o.Terms {
		s.Terms = append(s.Terms, Term{
			Depth: t.Depth, Domain: t.Domain, Text: t.Text, Target: t.Target, Match: t.Match,
			Result: string(t.Result), Note: t.Note, Asked: exchanges(termAnswers(&t, take)),
		})
	}
	s.Asked = append(s.Asked, exchanges(left)...)
	return s
}

// termAnswers takes the answers that a term asked for.
func termAnswers(t *spf.Term, take func(string, ...dns.Type) []*dns.Answer) []*dns.Answer {
	target := t.Target
	if target == "" {
		target = t.Domain
	}
	addresses := []dns.Type{dns.TypeA, dns.TypeAAAA}
	switch mechanismName(t.Text) {
	case "include", "redirect":
		return take(target, dns.TypeTXT)
	case "a", "exists":
		return take(target, addresses...)
	case "mx":
		out := take(target, dns.TypeMX)
		for _, a := range slices.Clone(out) {
			for _, r := range a.Records {
				if _, host, ok := strings.Cut(r, " "); ok {
					out = append(out, take(host, addresses...)...)
				}
			}
		}
		return out
	}
	return nil
}

// mechanismName is the word that a term begins with.
func mechanismName(text string) string {
	text = strings.TrimLeft(text, "+-~?")
	if i := strings.IndexAny(text, ":/="); i >= 0 {
		text = text[:i]
	}
	return strings.ToLower(text)
}

func exchanges(answers []*dns.Answer) []Exchange {
	var out []Exchange
	for _, a := range answers {
		out = append(out, exchange(a))
	}
	return out
}

func exchange(a *dns.Answer) Exchange {
	return Exchange{Type: a.Type.String(), Name: a.Name, Status: statusWord(a), Data: a.Records}
}

// statusWord is the state of an answer, or which failure it is.
func statusWord(a *dns.Answer) string {
	if a.Status == dns.Failure && a.Kind != "" {
		return string(a.Kind)
	}
	return a.Status.String()
}

var spfMeanings = map[spf.Reason]string{
	spf.Matched:            "a term of the record matches the client",
	spf.Default:            "no term of the record matches, and it says nothing of the rest",
	spf.NoClient:           "the address of the client is not known",
	spf.NoDomain:           "there is no domain to judge",
	spf.InvalidDomain:      "the domain cannot be one that has a record",
	spf.NoRecord:           "the domain publishes no SPF record",
	spf.MultipleRecords:    "the domain publishes several SPF records, so none counts",
	spf.Syntax:             "a record has a syntax error",
	spf.TooManyLookups:     "the record needs more than 10 DNS lookups (RFC 7208 section 4.6.4)",
	spf.TooManyVoidLookups: "more than 2 lookups found nothing (RFC 7208 section 4.6.4)",
	spf.TooManyMX:          "an mx term names more than 10 hosts (RFC 7208 section 4.6.4)",
	spf.IncludeNone:        "an included domain has no record",
	spf.RedirectNone:       "the domain of a redirect has no record",
	spf.NotRecorded:        "an answer that is needed was not recorded",
	spf.LocalPartNotStored: "it depends on a local part that was not stored",
}

func spfMeaning(r spf.Reason) string {
	if m, ok := spfMeanings[r]; ok {
		return m
	}
	if kind, ok := strings.CutPrefix(string(r), "dns_"); ok {
		return "the DNS failed: " + kind
	}
	return string(r)
}
