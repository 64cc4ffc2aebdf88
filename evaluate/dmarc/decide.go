package dmarc

// Support is everything that the identifiers of one mechanism say for or
// against a pass: which alignments have a pass, and which an open result. It is
// a set; the zero value is "no identifiers".
type Support uint8

const (
	passStrict Support = 1 << iota
	passRelaxed
	passUnknown
	passElsewhere
	openStrict
	openRelaxed
	openUnknown
)

// With adds an identifier by its alignment and result: passed, or undecided
// (a temporary failure hides the result).
func (s Support) With(a Alignment, passed, undecided bool) Support {
	if !passed && !undecided {
		return s
	}
	bit, open := passElsewhere, Support(0)
	switch a {
	case Strict:
		bit, open = passStrict, openStrict
	case Relaxed:
		bit, open = passRelaxed, openRelaxed
	case UnknownAlignment:
		bit, open = passUnknown, openUnknown
	}
	if passed {
		return s | bit
	}
	return s | open
}

// passes tells whether an identifier gives an aligned pass under a mode.
func (s Support) passes(strict bool) bool {
	return s&passStrict != 0 || !strict && s&passRelaxed != 0
}

// hidden tells whether the DNS hides an aligned pass under a mode. In strict
// mode an unknown alignment cannot matter: the domains differ.
func (s Support) hidden(strict bool) bool {
	return s&openStrict != 0 || !strict && s&(openRelaxed|openUnknown) != 0
}

// Case is everything that [Decide] judges. All of it can be stored in a row and
// read back, so a message can be judged again without mail and without DNS.
type Case struct {
	// Open is TempError or PermError where a DNS failure leaves open which
	// record applies; Record is nil then.
	Open Result
	// Record is the record that applies, nil where there is none. It carries
	// the rule book.
	Record *Record
	// NoRecord is why Record is nil; empty: [ReasonNoRecord].
	NoRecord Reason
	// Subdomain tells that the record was found above the author domain, so
	// that sp or np applies.
	Subdomain bool
	Existence Existence // of the author domain
	SPF, DKIM Support
	Sample    int // see Facts.Sample
}

// Decision is the verdict on a [Case].
type Decision struct {
	Result                    Result
	Reason                    Reason
	PassedSPF, PassedDKIM     bool
	Policy                    Disposition // see Outcome.Policy
	PolicyTag                 string
	Disposition               Disposition // never empty
	Override, OverrideComment string
}

// Decide judges a message from facts alone: the last step of every evaluation,
// pure and without allocation.
func Decide(c *Case) Decision {
	d := Decision{Result: None, Disposition: DispositionNone}
	r := c.Record
	switch {
	case c.Open != "":
		d.Result, d.Reason = c.Open, ReasonPolicyDNS
		return d
	case r == nil:
		// RFC 9989 section 4.10.1: without a record DMARC MUST NOT be applied.
		if d.Reason = c.NoRecord; d.Reason == "" {
			d.Reason = ReasonNoRecord
		}
		return d
	case !r.Usable():
		d.Reason = ReasonRecordUnusable
		return d
	}
	d.Policy, d.PolicyTag = r.policy(c.Subdomain, c.Existence == NonExistent)
	d.PassedSPF = c.SPF.passes(r.ASPF == "s")
	d.PassedDKIM = c.DKIM.passes(r.ADKIM == "s")
	d.judge(c)
	if d.Result == Fail {
		d.dispose(c)
	}
	return d
}

// policy picks the tag that applies: p at the author domain itself, else np
// where it does not exist, else sp, each falling back (RFC 9989 sections 4.7
// and 4.10.1; RFC 7489 section 6.3 without np).
func (r *Record) policy(subdomain, nonexistent bool) (Disposition, string) {
	_, hasSP := disposition(r.SP)
	_, hasNP := disposition(r.NP)
	switch {
	case !subdomain || r.repaired: // "as if a record containing p=none was retrieved"
		return r.EffectiveP, "p"
	case nonexistent && hasNP && r.Rules != RFC7489:
		return r.EffectiveNP, "np"
	case hasSP:
		return r.EffectiveSP, "sp"
	}
	return r.EffectiveP, "p"
}

// judge finds the result and its reason.
func (d *Decision) judge(c *Case) {
	strictSPF, strictDKIM := c.Record.ASPF == "s", c.Record.ADKIM == "s"
	switch {
	// RFC 9989 section 5.3.5: one aligned identifier is enough, so no open
	// question about another can undo the pass.
	case d.PassedDKIM && d.PassedSPF:
		d.Result, d.Reason = Pass, ReasonBothAligned
	case d.PassedDKIM:
		d.Result, d.Reason = Pass, ReasonDKIMAligned
	case d.PassedSPF:
		d.Result, d.Reason = Pass, ReasonSPFAligned
	// RFC 9989 section 5.3.6: where a needed query fails, the message neither
	// passes nor fails. RFC 7489 section 6.6.2 says so of SPF and DKIM.
	case !strictDKIM && c.DKIM&passUnknown != 0, !strictSPF && c.SPF&passUnknown != 0:
		d.Result, d.Reason = TempError, ReasonAlignmentDNS
	case c.DKIM.hidden(strictDKIM):
		d.Result, d.Reason = TempError, ReasonDKIMUndecided
	case c.SPF.hidden(strictSPF):
		d.Result, d.Reason = TempError, ReasonSPFUndecided
	case c.Subdomain && c.Existence == UnknownExistence && c.Record.EffectiveSP != c.Record.EffectiveNP:
		d.Result, d.Reason = TempError, ReasonExistenceDNS
	default:
		d.Result, d.Reason = Fail, failure(c.SPF|c.DKIM)
	}
}

func failure(s Support) Reason {
	switch {
	case s&passRelaxed != 0:
		return ReasonStrictMode
	case s&(passElsewhere|passUnknown) != 0:
		return ReasonNotAligned
	}
	return ReasonNotAuthenticated
}

// dispose applies the policy to the letter.
func (d *Decision) dispose(c *Case) {
	d.Disposition = d.Policy
	r := c.Record
	switch {
	case d.Policy == DispositionNone:
		// Neither t nor pct has an effect on it (RFC 9989 section 4.7).
	case r.Rules != RFC7489 && r.T == "y":
		d.Disposition = milder(d.Policy) // RFC 9989 section 4.7, t=y
		d.Override, d.OverrideComment = OverrideTestMode, "t=y"
	case r.Rules == RFC7489 && r.PCT >= 0 && c.Sample >= int(r.PCT):
		d.Disposition = milder(d.Policy) // RFC 7489 section 6.6.4
		d.Override, d.OverrideComment = OverrideSampledOut, r.sampleComment
	}
}

// milder is one level below.
func milder(d Disposition) Disposition {
	if d == DispositionReject {
		return DispositionQuarantine
	}
	return DispositionNone
}
