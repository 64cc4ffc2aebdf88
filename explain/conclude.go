package explain

import (
	"fmt"
	"strings"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// maxConclusions is how many are told: more than a handful nobody acts on.
const maxConclusions = 5

// conclude says what follows, the most useful first.
func (c *collector) conclude() {
	c.outcome()
	if c.e.Malformed == "" {
		c.aboutSignatures()
		c.aboutSPF()
		c.aboutARC()
		c.aboutPolicy()
		c.aboutRecorded()
	}
	list := &c.story.Conclusions
	*list = (*list)[:min(len(*list), maxConclusions)]
}

func (c *collector) add(code, format string, args ...any) {
	c.story.Conclusions = append(c.story.Conclusions, Conclusion{Code: code, Text: fmt.Sprintf(format, args...)})
}

// outcome says in a sentence or two what the verdict means.
func (c *collector) outcome() {
	author := c.e.Author.Domain()
	switch c.v.Category {
	case evaluate.Malformed:
		c.add("no_message", "There is no message here (%s). Look at the %d bytes at offset %d: the archive may be damaged there.",
			c.e.Malformed, c.e.Origin.Length, c.e.Origin.Offset)
	case evaluate.SkippedAuthenticated:
		c.add("authenticated", "An authenticated user submitted it%s: it is mail of the receiver's own, of which DMARC asks nothing. "+
			"What such users send to others should be signed with d=%s.", pairText(" at ", c.e.Envelope.ByHost), orElse(author, "the author's domain"))
	case evaluate.InvalidFrom:
		c.add("from_"+string(c.e.Author.Problem), "%s", c.fromProblem())
	case evaluate.NonexistentDomain:
		c.add("domain_does_not_exist", "%s does not exist: neither it nor its organizational domain has an MX, NS, A or AAAA record, so no "+
			"reply can reach it. Refuse such mail; if the name is yours, publish its records.", author)
	case evaluate.TempError, evaluate.PermError:
		c.undecided()
	case evaluate.NoPolicy:
		c.noPolicy(author)
	case evaluate.PassDKIMStrict, evaluate.PassSPFStrict, evaluate.PassRelaxed:
		c.passed(author)
	default:
		c.failed(author)
	}
}

// undecided tells a DNS that failed from one that nobody recorded.
func (c *collector) undecided() {
	what := c.story.DMARC[0].Meaning + brackets(c.v.DMARC.Detail)
	for _, q := range c.source.list {
		if q.answer.Status == dns.Failure {
			c.add("undecided", "It cannot be decided: %s. Judge it again when the question is answered, or give a DNS source that knows (--dns). "+
				"If the zone is yours, look at its name servers.", what)
			return
		}
	}
	c.add("not_recorded", "It cannot be decided from these sources: %s. They lack answers (not_recorded above), which says nothing of the DNS: "+
		"put a source behind them that has more, such as --dns ...,live.", what)
}

func (c *collector) fromProblem() string {
	switch {
	case c.story.Message.FromLog:
		return "The log does not say who the author is, so DMARC cannot be judged from it."
	case c.e.Author.Problem == evidence.AuthorMissing:
		return "There is no From field, which every message must have (RFC 5322 section 3.6). DMARC cannot judge it; receivers do well to refuse it."
	case c.e.Author.Problem == evidence.AuthorSeveralDomains:
		return fmt.Sprintf("From names authors of several domains (%s). DMARC cannot choose one of them; receivers do well to refuse it, and senders must use one.",
			strings.Join(c.e.Author.Domains, ", "))
	case c.e.Author.Problem == evidence.AuthorNoDomain:
		return "From has an address without a valid domain. DMARC cannot judge it; mend the program that wrote it."
	}
	return "No address can be read from From. DMARC cannot judge it; mend the program that wrote it."
}

func (c *collector) noPolicy(author string) {
	switch c.v.DMARC.Reason {
	case dmarc.ReasonSeveralRecords:
		c.add("several_records", "%s has several DMARC records, so none counts: leave one.", c.v.DMARC.Detail)
	case dmarc.ReasonRecordUnusable:
		c.add("record_unusable", "The DMARC record at _dmarc.%s gives no policy: p= must be none, quarantine or reject.", c.v.DMARC.PolicyDomain)
	default:
		org := orElse(dmarc.OrganizationalDomainPSL(author), author)
		c.add("publish_policy", "Nobody asks for anything to be done with mail that abuses %s. Its owner can publish at _dmarc.%s: "+
			"v=DMARC1; p=none; rua=mailto:..., read the reports, and then ask for more.", author, org)
	}
}

func (c *collector) passed(author string) {
	o := &c.v.DMARC
	switch {
	case o.PassedDKIM && o.PassedSPF:
		c.add("passes", "It passes DMARC for %s twice, by DKIM and by SPF: nothing has to be done.", author)
	case o.PassedDKIM:
		c.add("passes_by_dkim", "It passes DMARC for %s by its signature of d=%s.", author, c.passingDomain())
	default:
		c.add("passes_by_spf", "It passes DMARC for %s by SPF alone, which does not survive forwarding. %s", author, c.signAdvice(author))
	}
}

// signAdvice is what to do where SPF alone carries a pass.
func (c *collector) signAdvice(author string) string {
	for i := range c.v.DKIM {
		if c.aligned(i) {
			return "Its own signature fails: see below."
		}
	}
	return "Sign it with d=" + author + " too."
}

// passingDomain is d= of the signature that carries the pass.
func (c *collector) passingDomain() string {
	if i := c.v.DKIMBest; i >= 0 {
		return c.e.Signatures[i].Domain
	}
	return ""
}

// aligned tells whether a signature is of the author's organization.
func (c *collector) aligned(i int) bool {
	return i < len(c.v.DMARC.DKIMAlignments) &&
		(c.v.DMARC.DKIMAlignments[i] == dmarc.Strict || c.v.DMARC.DKIMAlignments[i] == dmarc.Relaxed)
}

func (c *collector) failed(author string) {
	o := &c.v.DMARC
	client := orElse(c.story.Path.ClientIP, "an unknown client")
	broken := false
	for i := range c.v.DKIM {
		broken = broken || c.aligned(i)
	}
	switch {
	case o.AuthorExistence == dmarc.NonExistent:
		c.add("subdomain_does_not_exist", "%s does not exist, so %s=%s of %s applies to it. If the name is yours and sends mail, publish it in the DNS.",
			author, o.PolicyTag, o.Policy, o.PolicyDomain)
	case o.Reason == dmarc.ReasonStrictMode:
		c.add("strict_mode", "It fails only because %s asks for the very same domain (adkim=s or aspf=s). Sign with d=%s and use a return path in it, "+
			"or publish adkim=r and aspf=r.", o.PolicyDomain, author)
	case broken:
		c.add("own_signature_fails", "It fails although a signature of %s is there: that signature does not verify, and SPF does not help.", author)
	case c.e.ListID != "" || c.forwarded():
		c.add("forwarded_unsigned", "A list or forwarder (%s) sent it on, so SPF cannot pass for %s, and no signature of %s is there. "+
			"Sign with d=%s: a signature survives forwarding.", orElse(c.e.Envelope.MailFromDomain, client), author, author, author)
	case o.Reason == dmarc.ReasonNotAligned:
		c.add("not_aligned", "What passes is of another organization than %s. If %s sends for you, have it sign with d=%s, and give it "+
			"a return path below %s; if not, this is a forgery.", author, client, author, author)
	case !c.e.Envelope.ClientIP.IsValid():
		c.add("not_authenticated", "Nothing ties this message to %s: no signature of it, and its client is not known, so SPF cannot speak for it.", author)
	default:
		c.add("not_authenticated", "Nothing ties this message to %s: no signature of it, and %s is not permitted by its SPF. If that host is none of "+
			"yours, this is a forgery%s. If it sends for you, add it to the SPF record (%s) and sign with d=%s.",
			author, client, c.effect(), spfTerm(c.e), author)
	}
}

// effect is what the policy does to a forgery.
func (c *collector) effect() string {
	if c.v.Disposition == dmarc.DispositionNone {
		return ", which the policy lets through"
	}
	return ", and the policy does its work"
}

// forwarded tells whether the return path was rewritten by a forwarder.
func (c *collector) forwarded() bool {
	l := strings.ToUpper(c.e.Envelope.MailFromLocal)
	return strings.HasPrefix(l, "SRS0") || strings.HasPrefix(l, "SRS1")
}

// spfTerm is the term that would permit the client.
func spfTerm(e *evidence.Evidence) string {
	ip := e.Envelope.ClientIP
	switch {
	case ip.Is4():
		return "ip4:" + ip.String()
	case ip.Is6():
		return "ip6:" + ip.String()
	}
	return "ip4:..., ip6:..."
}

// aboutSignatures speaks of each signature that fails; of the author's own
// first.
func (c *collector) aboutSignatures() {
	for _, own := range []bool{true, false} {
		for i := range c.story.DKIM {
			s := &c.story.DKIM[i]
			if c.aligned(i) != own || s.Result == string(dkim.Pass) && s.Reason == "" {
				continue
			}
			if code, text := signatureAdvice(s, c.v.AsOf); text != "" {
				c.add(code, "The signature of d=%s, s=%s: %s", s.Domain, s.Selector, text)
			}
		}
	}
}

func (c *collector) aboutSPF() {
	o, env := c.v.SPF, &c.e.Envelope
	own := c.v.DMARC.SPFAlignment == dmarc.Strict || c.v.DMARC.SPFAlignment == dmarc.Relaxed
	switch o.Result {
	case spf.PermError:
		c.add("spf_broken", "The SPF record of %s is broken: %s%s. Until it is mended nothing passes by it.", o.Domain, spfMeaning(o.Reason), brackets(o.Detail))
	case spf.TempError:
		c.add("spf_undecided", "SPF of %s cannot be judged: %s%s.", o.Domain, spfMeaning(o.Reason), brackets(o.Detail))
	case spf.None:
		switch {
		case o.Reason == spf.NoClient:
			c.add("no_client", "No client address can be told, so SPF cannot be judged. If the receiver's relays stand before it, name them with --trusted-networks.")
		case o.Reason == spf.NoRecord && !nonexistent(o):
			c.add("publish_spf", "%s publishes no SPF record: its owner should name the hosts that send for it.", o.Domain)
		}
	case spf.Fail, spf.SoftFail, spf.Neutral:
		if c.v.DMARC.PassedDKIM && own {
			c.add("spf_lacks_client", "SPF of %s does not cover %s. If that host sends for it, add %s; if it forwards, leave it: the signature carries the pass.",
				o.Domain, env.ClientIP, spfTerm(c.e))
		}
	case spf.Pass:
		if !own && c.v.DMARC.Result == dmarc.Fail && c.v.DMARC.Reason != dmarc.ReasonNotAligned && c.e.ListID == "" && !c.forwarded() {
			c.add("align_return_path", "SPF passes for %s, which is not of the author's organization. A return path below %s would make it count.",
				o.Domain, orElse(c.v.DMARC.OrganizationalDomain, c.e.Author.Domain()))
		}
	}
}

// nonexistent tells whether the domain that SPF asked for does not exist.
func nonexistent(o *spf.Outcome) bool {
	return len(o.Answers) > 0 && o.Answers[0].Status == dns.NXDomain
}

func (c *collector) aboutARC() {
	chain := c.story.ARC
	if chain == nil || len(chain.Sets) == 0 {
		return
	}
	sealer := chain.Sets[len(chain.Sets)-1].Seal.Domain
	switch {
	case chain.Result == "pass" && c.v.DMARC.Result == dmarc.Fail:
		c.add("arc_may_help", "The ARC chain verifies, sealed last by %s. A receiver that trusts that sealer may take its word for what the message "+
			"was before it changed, and not apply the policy. The first set, of %s, says: %s.", sealer,
			orElse(chain.Sets[0].Seal.Domain, "nobody"), orElse(elide(oneSpace(chain.Sets[0].Results)), "nothing"))
	case chain.Undecided:
		c.add("arc_undecided", "The ARC chain cannot be judged: %s.", orElse(chain.Detail, chain.Meaning))
	case chain.Result == "fail":
		c.add("arc_broken", "The ARC chain does not help: %s%s.", chain.Meaning, brackets(chain.Detail))
	}
}

func (c *collector) aboutPolicy() {
	if len(c.story.DMARC) < 2 {
		return
	}
	d, o := &c.story.DMARC[0], &c.story.DMARC[1]
	r := c.v.DMARC.Record
	switch {
	case r == nil:
	case len(r.Problems) > 0 && r.Usable():
		c.add("mend_record", "The DMARC record at _dmarc.%s has faults to mend: %s.", d.PolicyDomain, problemList(d.Problems))
	case d.Result == "fail" && d.Override == dmarc.OverrideTestMode:
		c.add("test_mode", "The record is in test mode (t=y), so %s is applied and not %s. Remove t=y when the reports are clean.", d.Disposition, d.Policy)
	case d.Result == "fail" && d.Override == dmarc.OverrideSampledOut:
		c.add("sampled_out", "The policy is %s, but %s leaves this message out of the sample.", d.Policy, d.OverrideComment)
	case d.Result == "fail" && d.Policy == "none":
		c.add("policy_none", "The policy that applies is none: the failure is reported and nothing else happens.")
	}
	if d.Category != o.Category || d.Disposition != o.Disposition {
		c.add("rule_books_differ", "The rule books differ: by %s it is %s (%s), by %s %s (%s). Receivers of both kinds are about.",
			bookName(d.Rules), d.Category, d.Disposition, bookName(o.Rules), o.Category, o.Disposition)
	}
}

func problemList(list []Problem) string {
	var words []string
	for _, p := range list {
		words = append(words, orElse(p.Meaning, p.Word))
	}
	return strings.Join(words, "; ")
}

func (c *collector) aboutRecorded() {
	for i := range c.story.Recorded.Comparisons {
		if d := &c.story.Recorded.Comparisons[i]; !d.Agrees {
			c.add("differs_from_recorded", "The receiver said %s=%s%s on the day, and today it is %s. Likely: %s.",
				d.Method, d.Recorded, pairText(" for ", d.Of), d.Computed, d.Why)
		}
	}
}
