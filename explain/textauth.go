package explain

import (
	"encoding/base64"
	"fmt"
	"strings"

	"mailaudit/evaluate"
)

func (p *printer) dkim(s *Story) {
	if len(s.DKIM) == 0 {
		p.section("DKIM: none")
		if s.Message.FromLog {
			p.text("  ", "The log tells of no signature.")
		} else {
			p.text("  ", "The message has no DKIM-Signature.")
		}
	}
	for i := range s.DKIM {
		x := &s.DKIM[i]
		p.section(fmt.Sprintf("DKIM signature %d of %d: %s", i+1, len(s.DKIM), x.Result))
		p.signature(x, true)
	}
}

// signature tells of one signature; deep shows what was hashed too.
func (p *printer) signature(x *Signature, deep bool) {
	p.field("because", "%s%s", x.Meaning, brackets(detailBeside(x.Meaning, x.Detail)))
	p.field("domain", "%s%s%s", orElse(x.Domain, "none"), pairText(", selector ", x.Selector), pairText(", i=", x.Identity))
	p.field("alignment", "%s", x.Alignment)
	if x.Reason == string(evaluate.Logged) {
		return // there were no bytes to verify
	}
	p.field("algorithm", "%s, canonicalization %s%s", orElse(x.Algorithm, "none"), x.Canonicalization, times(x))
	if deep {
		p.tags(x.Tags)
	}
	p.key(x)
	for _, st := range x.Steps {
		mark := "  ok   "
		if !st.OK {
			mark = "  FAIL "
		}
		p.text(mark, "%s (%s)%s", st.Check, st.Clause, pairText(": ", st.Note))
	}
	if x.HasBody {
		p.body(x)
	}
	p.header(x, deep)
	for _, r := range x.Readings {
		p.text("  FOUND  ", "the %s is as signed %s (%s)", r.Of, r.Note, r.Word)
	}
	if x.HasBody && len(x.BodyHashComputed) > 0 && x.BodyBytes < 0 && !x.BodyHashMatch {
		p.text("  ", "The message is too large to look for what changed its body.")
		return
	}
	if (len(x.BodyHashComputed) > 0 && !x.BodyHashMatch && x.HasBody || x.HeaderAsSigned == "no") && len(x.Readings) == 0 {
		p.text("  ", "No known way of lists, relays and stores to change mail explains the difference.%s",
			pairText(" The list may have written anew: ", strings.Join(x.Suspects, ", ")))
	}
}

// detailBeside drops a detail that repeats the meaning.
func detailBeside(meaning, detail string) string {
	if strings.Contains(meaning, detail) {
		return ""
	}
	return detail
}

func pairText(before, s string) string {
	if s == "" {
		return ""
	}
	return before + s
}

func times(x *Signature) string {
	return pairText("; signed ", stamp(x.SignedAt)) + pairText("; expires ", stamp(x.ExpiresAt))
}

func (p *printer) tags(tags []Tag) {
	var parts []string
	for _, t := range tags {
		if t.Name == "h" {
			continue // shown with what it names
		}
		parts = append(parts, t.Name+"="+elide(t.Value))
	}
	p.field("tags", "%s", strings.Join(parts, "; "))
}

func (p *printer) key(x *Signature) {
	if x.KeyStatus == "" {
		return
	}
	p.field("key", "TXT %s: %s", x.KeyName, answerText(x.KeyStatus, x.Keys))
	if x.KeyBits > 0 {
		p.field("", "%d bits, from %s", x.KeyBits, x.KeySource)
	}
}

func (p *printer) body(x *Signature) {
	if len(x.BodyHashComputed) == 0 {
		return
	}
	if x.BodyHashMatch {
		p.field("body hash", "%s, as bh= says%s", encode(x.BodyHashComputed), bodyExtent(x))
	} else {
		p.field("body hash", "computed %s", encode(x.BodyHashComputed)+bodyExtent(x))
		p.field("", "bh= says %s", encode(x.BodyHashClaimed))
	}
	if x.Repaired {
		p.field("", "once what the store did is undone: %s", orElse(damagePhrases[x.Damage], x.Damage))
	}
}

func bodyExtent(x *Signature) string {
	s := ""
	if x.BodyBytes >= 0 {
		s = fmt.Sprintf(", over %d bytes", x.BodyBytes)
	}
	if x.BodyLength >= 0 {
		s += fmt.Sprintf(", of which l= signs %d", x.BodyLength)
	}
	return s
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func (p *printer) header(x *Signature, deep bool) {
	if len(x.CanonicalHeader) == 0 {
		return
	}
	word := map[string]string{
		"yes": "as it was signed", "no": "NOT as it was signed, or the key is another", "unknown": "no key can tell",
	}[x.HeaderAsSigned]
	p.field("header", "%s", word)
	if !deep {
		return
	}
	p.field("h=", "%s", strings.Join(x.SignedHeaders, " "))
	if len(x.Oversigned) > 0 {
		p.field("oversigned", "%s (none of these may be added)", strings.Join(x.Oversigned, " "))
	}
	if len(x.Uncovered) > 0 {
		p.field("uncovered", "%s (there are more of these than h= covers)", strings.Join(x.Uncovered, " "))
	}
	p.text("  ", "canonical header that was hashed, %d bytes:", len(x.CanonicalHeader))
	for line := range strings.SplitSeq(strings.TrimSuffix(x.CanonicalText, "\r\n"), "\r\n") {
		p.text("    | ", "%s", elide(line))
	}
}

func (p *printer) arc(s *Story) {
	c := s.ARC
	if c == nil {
		return
	}
	p.section("ARC chain: " + c.Result)
	p.field("because", "%s%s", c.Meaning, brackets(c.Detail))
	if c.OldestPass > 0 {
		p.field("", "message signatures verify from instance %d up", c.OldestPass)
	}
	for i := range c.Sets {
		x := &c.Sets[i]
		p.text("  ", "instance %d, cv=%s, sealed by %s", x.Instance, orElse(x.CV, "(none)"), orElse(x.Seal.Domain, "nobody"))
		p.text("    results  ", "%s", elide(orElse(oneSpace(x.Results), "(none)")))
		p.text("    message  ", "%s%s, %s._domainkey.%s", x.Message.Result, remark(x.Message.Reason), x.Message.Selector, x.Message.Domain)
		for _, r := range x.Message.Readings {
			p.text("      FOUND  ", "the %s is as signed %s (%s)", r.Of, r.Note, r.Word)
		}
		p.text("    seal     ", "%s%s, %s._domainkey.%s", x.Seal.Result, remark(x.Seal.Reason), x.Seal.Selector, x.Seal.Domain)
	}
}

// oneSpace makes every run of white space one space: results are folded.
func oneSpace(s string) string { return strings.Join(strings.Fields(s), " ") }

// dmarc tells of one rule book; what is as in the first is not told again.
func (p *printer) dmarc(d, first *DMARC) {
	title := "DMARC by " + bookName(d.Rules)
	if d.InForce {
		title += " (in force)"
	}
	p.section(title + ": " + d.Result)
	p.field("because", "%s%s", d.Meaning, brackets(d.Detail))
	if d.Author == "" {
		return
	}
	p.walk(d.Walk)
	p.field("organization", "%s", orElse(d.OrganizationalDomain, "hidden by a DNS failure"))
	if d.Record != "" {
		p.field("record", "at _dmarc.%s%s", d.PolicyDomain, sameRecord(d, first))
		for _, t := range d.unlike(first) {
			p.pair("    ", t.Name+"="+elide(t.Value), t.Meaning)
		}
		for _, x := range d.Problems {
			p.text("    ! ", "%s: %s", x.Word, x.Meaning)
		}
	}
	for i := range d.Identifiers {
		id := &d.Identifiers[i]
		mark := "  - "
		if id.Counts {
			mark = "  + "
		}
		p.text(mark, "%s %s: %s, alignment %s (%s): %s",
			id.Mechanism, orElse(id.Domain, "without a domain"), id.Result, id.Alignment, modePhrases[id.Mode], id.Why)
	}
	if d.Policy != "" {
		p.field("policy", "%s, from %s=%s", d.Policy, d.PolicyTag, existence(d.AuthorExistence))
	}
	soft := ""
	if d.Disposition74 != d.Disposition {
		soft = " (" + d.Disposition74 + " by RFC 9989 section 7.4)"
	}
	p.field("disposition", "%s%s%s", d.Disposition, soft,
		pairText("; milder for ", strings.TrimSpace(d.Override+" "+d.OverrideComment)))
	p.field("category", "%s%s", d.Category, differs(d, first))
}

// unlike are the tags that the first rule book does not read in the same way.
func (d *DMARC) unlike(first *DMARC) []Tag {
	if d == first || d.Record != first.Record {
		return d.Tags
	}
	var out []Tag
	for i, t := range d.Tags {
		if i >= len(first.Tags) || first.Tags[i] != t {
			out = append(out, t)
		}
	}
	return out
}

func sameRecord(d, first *DMARC) string {
	switch {
	case d == first || d.Record != first.Record:
		return ""
	case len(d.unlike(first)) == 0:
		return ", as above"
	}
	return ", as above but for:"
}

var modePhrases = map[string]string{"relaxed": "relaxed is enough", "strict": "strict is asked for"}

func existence(word string) string {
	switch word {
	case "exists":
		return ", for the author domain exists"
	case "nonexistent":
		return ", for the author domain does not exist"
	case "unknown":
		return "; a DNS failure hides whether the author domain exists"
	}
	return ""
}

func differs(d, first *DMARC) string {
	if d.Category != first.Category || d.Disposition != first.Disposition {
		return " -- DIFFERENT from " + bookName(first.Rules)
	}
	return ""
}

func (p *printer) walk(steps []WalkStep) {
	seen := map[string]bool{}
	for _, w := range steps {
		found := elide(w.Found)
		if found != "" && seen[w.Domain] {
			found = "as above"
		}
		seen[w.Domain] = true
		note := strings.TrimSpace(found + pairText("  ", w.Note))
		name := "_dmarc." + w.Domain
		if strings.HasPrefix(w.Note, "exist") || strings.HasPrefix(w.Note, "does not exist") {
			name = w.Domain // of the domain itself
		}
		p.text("  ? ", "%s: %s: %s", w.For, name, orElse(note, "nothing"))
	}
}

func (p *printer) recorded(s *Story) {
	r := &s.Recorded
	p.section("What receivers wrote on the way, newest first")
	if len(r.Claims) == 0 {
		p.text("  ", "There is no Authentication-Results and no Received-SPF.")
		return
	}
	for i := range r.Claims {
		c := &r.Claims[i]
		trust := "not trusted"
		if c.Trusted {
			trust = "trusted"
		}
		if c.Field == "Received-SPF" {
			trust = "a field of its own"
		}
		if c.BelowBoundary {
			trust += ", below the boundary: whoever sent the message could write it"
		}
		p.text("  ", "%s of %s, %d Received above it, %s", c.Field, orElse(c.AuthservID, "nobody named"), c.Received, trust)
		for _, t := range c.Results {
			p.text("    ", "%s", elide(oneSpace(t)))
		}
	}
	if r.AuthservID == "" {
		p.text("  ", "Nobody's word is taken: --authserv-id names whose to compare with.")
	}
	for i := range r.Comparisons {
		c := &r.Comparisons[i]
		if c.Agrees {
			p.text("  =  ", "%s%s: %s then and now", c.Method, pairText(" ", c.Of), c.Recorded)
			continue
		}
		p.text("  /= ", "%s%s: %s then, %s now; likely: %s", c.Method, pairText(" ", c.Of), c.Recorded, c.Computed, c.Why)
	}
}

func (p *printer) questions(s *Story) {
	p.section(fmt.Sprintf("DNS: questions asked, %d", len(s.DNS)))
	for i := range s.DNS {
		q := &s.DNS[i]
		status := q.Status
		if q.Kind != "" {
			status = q.Kind
		}
		p.text("  ? ", "%s %s: %s", q.Type, q.Name, answerText(status, q.Records))
		from := orElse(q.Source, "no source that speaks for it")
		if q.Nearest {
			from += ", the nearest there is"
		}
		p.text("      ", "from %s%s%s%s", from, pairText(", seen ", stamp(q.ObservedAt)),
			pairText(", through CNAME ", strings.Join(q.CNAMEs, ", ")), pairText(", for ", strings.Join(q.UsedBy, ", ")))
	}
}
