package explain

import (
	"strings"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/spf"
)

func (c *collector) rulesOf(v *evaluate.Verdict) dmarc.Rules {
	if v == &c.v {
		return c.opts.Profile.Rules
	}
	return otherRules(c.opts.Profile.Rules)
}

func (c *collector) dmarc() {
	for _, v := range []*evaluate.Verdict{&c.v, &c.other} {
		c.story.DMARC = append(c.story.DMARC, c.dmarcOutcome(v))
	}
	if x := c.v.Existence; x.Tested {
		c.story.Existence = &Existence{Absent: x.Absent, Decided: x.Decided}
	}
}

func (c *collector) dmarcOutcome(v *evaluate.Verdict) DMARC {
	o := &v.DMARC
	d := DMARC{
		Rules: string(c.rulesOf(v)), InForce: v == &c.v, Result: string(o.Result), Reason: string(o.Reason),
		Meaning: dmarcMeanings[o.Reason], Detail: o.Detail, Author: c.e.Author.Domain(),
		OrganizationalDomain: o.OrganizationalDomain, AuthorExistence: string(o.AuthorExistence),
		PolicyDomain: o.PolicyDomain, Policy: string(o.Policy), PolicyTag: o.PolicyTag, Category: string(v.Category),
		Disposition: string(v.Disposition), Disposition74: string(v.Disposition74),
		Override: v.OverrideType, OverrideComment: v.OverrideComment,
	}
	for _, s := range o.Walk {
		if o.Record == nil {
			s.Note, _, _ = strings.Cut(s.Note, ": sp applies") // nothing applies without a record
			s.Note, _, _ = strings.Cut(s.Note, ": np applies")
		}
		d.Walk = append(d.Walk, WalkStep{For: s.For, Domain: s.Domain, Found: s.Found, Note: s.Note})
	}
	if r := o.Record; r != nil {
		d.Record, d.Tags = r.Text, recordTags(r)
		for _, p := range r.Problems {
			d.Problems = append(d.Problems, Problem{Word: p, Meaning: problemMeanings[p]})
		}
	}
	d.Identifiers = c.identifiers(v)
	return d
}

// identifiers tells of each authenticated identifier whether it counts.
func (c *collector) identifiers(v *evaluate.Verdict) []Identifier {
	if c.e.Author.Domain() == "" {
		return nil
	}
	aspf, adkim := "", ""
	if r := v.DMARC.Record; r != nil {
		aspf, adkim = r.ASPF, r.ADKIM
	}
	out := []Identifier{identifier("spf", v.SPF.Domain, string(v.SPF.Result), v.SPF.Result == spf.Pass, v.DMARC.SPFAlignment, aspf)}
	for i := range v.DKIM {
		a := dmarc.NotAligned
		if i < len(v.DMARC.DKIMAlignments) {
			a = v.DMARC.DKIMAlignments[i]
		}
		out = append(out, identifier("dkim", c.e.Signatures[i].Domain, string(v.DKIM[i].Result), v.DKIM[i].Result == dkim.Pass, a, adkim))
	}
	return out
}

func identifier(mechanism, domain, result string, passed bool, a dmarc.Alignment, mode string) Identifier {
	id := Identifier{Mechanism: mechanism, Domain: domain, Result: result, Alignment: alignmentWord(a), Mode: "relaxed"}
	if mode == "s" {
		id.Mode = "strict"
	}
	switch {
	case domain == "":
		id.Why = "there is no domain"
	case a == dmarc.NotAligned:
		id.Why = "of another organization"
	case a == dmarc.UnknownAlignment:
		id.Why = "a DNS failure hides whether it is aligned"
	case result == string(dkim.TempError):
		id.Why = "aligned; a DNS failure hides whether it passes"
	case !passed:
		id.Why = "aligned, but it does not pass"
	case a == dmarc.Relaxed && id.Mode == "strict":
		id.Why = "the record asks for the same domain"
	default:
		id.Counts, id.Why = true, "aligned, and it passes"
	}
	return id
}

func alignmentWord(a dmarc.Alignment) string {
	if a == dmarc.UnknownAlignment {
		return "unknown"
	}
	return string(a)
}

// recordTags takes a record's text apart as published, and says what each tag
// means under the rule book that the record was read by.
func recordTags(r *dmarc.Record) []Tag {
	var out []Tag
	for i, part := range strings.Split(r.Text, ";") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		t := Tag{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)}
		low := strings.ToLower(t.Name)
		if i == 0 {
			low = "v"
		}
		t.Meaning = tagMeaning(r, low)
		for _, earlier := range out {
			if strings.EqualFold(earlier.Name, t.Name) {
				t.Meaning = "a second one: ignored"
			}
		}
		out = append(out, t)
	}
	return out
}

// tagMeaning says what a tag does under the record's rule book.
func tagMeaning(r *dmarc.Record, name string) string {
	old := r.Rules == dmarc.RFC7489
	switch name {
	case "np", "psd", "t":
		if old {
			return "unknown to RFC 7489: ignored"
		}
	case "pct", "rf", "ri":
		if !old {
			return "no longer part of RFC 9989: ignored"
		}
	}
	if m, ok := tagMeanings[name]; ok {
		return m
	}
	return "unknown: ignored"
}

var tagMeanings = map[string]string{
	"v": "a DMARC record", "p": "policy for the domain itself", "sp": "policy for its subdomains",
	"np":    "policy for subdomains that do not exist",
	"adkim": "DKIM alignment: r relaxed, s strict", "aspf": "SPF alignment: r relaxed, s strict",
	"t": "test mode: y makes the policy one step milder", "psd": "whether this is a public suffix: y, n, or u for unknown",
	"pct": "per cent of failing messages that the policy is for", "fo": "when to send failure reports",
	"rua": "where aggregate reports go", "ruf": "where failure reports go", "rf": "format of failure reports",
	"ri": "seconds between aggregate reports",
}

var problemMeanings = map[string]string{
	dmarc.ProblemTagSyntax:  "a part is no tag=value: ignored",
	dmarc.ProblemTagCase:    "a tag name has capitals",
	dmarc.ProblemDuplicate:  "a tag stands twice: the first counts",
	dmarc.ProblemUnknownTag: "a tag is unknown: ignored",
	dmarc.ProblemPMissing:   "p= is missing",
	dmarc.ProblemPInvalid:   "p= is none of none, quarantine, reject",
	dmarc.ProblemSPInvalid:  "sp= is none of none, quarantine, reject",
	dmarc.ProblemNPInvalid:  "np= is none of none, quarantine, reject",
	dmarc.ProblemPPosition:  "p= is not the second tag",
	dmarc.ProblemPCTInvalid: "pct= is no number from 0 to 100: 100 counts",
	dmarc.ProblemADKIM:      "adkim= is neither r nor s: r counts",
	dmarc.ProblemASPF:       "aspf= is neither r nor s: r counts",
	dmarc.ProblemT:          "t= is neither y nor n: n counts",
	dmarc.ProblemPSD:        "psd= is none of y, n, u: u counts",
	dmarc.ProblemFO:         "fo= holds an unknown letter",
	dmarc.ProblemRUA:        "rua= holds an address that is no usable URI",
	dmarc.ProblemRUF:        "ruf= holds an address that is no usable URI",
	dmarc.ProblemAsNone:     "so it counts as p=none, for it has a rua=",
	dmarc.ProblemUnusable:   "so it is no policy at all",
}

var dmarcMeanings = map[dmarc.Reason]string{
	dmarc.ReasonDKIMAligned:      "an aligned DKIM signature verifies",
	dmarc.ReasonSPFAligned:       "SPF passes for an aligned return path",
	dmarc.ReasonBothAligned:      "an aligned DKIM signature verifies, and SPF passes aligned",
	dmarc.ReasonNotAuthenticated: "neither SPF nor a signature passes",
	dmarc.ReasonNotAligned:       "something passes, but not for the author's organization",
	dmarc.ReasonStrictMode:       "something passes for the organization, but the record asks for the very domain",
	dmarc.ReasonNoAuthor:         "there is no single author domain to judge",
	dmarc.ReasonNoRecord:         "no DMARC record was found",
	dmarc.ReasonSeveralRecords:   "a name has several DMARC records, so none counts",
	dmarc.ReasonRecordUnusable:   "the record gives no policy",
	dmarc.ReasonPolicyDNS:        "a DNS failure hides which record applies",
	dmarc.ReasonExistenceDNS:     "a DNS failure hides whether the author domain exists",
	dmarc.ReasonAlignmentDNS:     "a DNS failure hides whether what passed is aligned",
	dmarc.ReasonDKIMUndecided:    "a DNS failure hides whether an aligned signature verifies",
	dmarc.ReasonSPFUndecided:     "a DNS failure hides whether aligned SPF passes",
}
