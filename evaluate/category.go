package evaluate

import (
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// Words of the column override_type, those of RFC 9990 and one more.
const (
	OverrideLocalPolicy = "local_policy"
)

// conclude places the message in the breakdown and says what is done with it.
func (v *Verdict) conclude(e *evidence.Evidence) {
	v.Category = v.category(e)
	v.Disposition = dmarc.DispositionNone
	v.OverrideType, v.OverrideComment = "", ""
	switch v.Category {
	case NonexistentDomain:
		// A rule of the receiver's own, so RFC 9989 §7.4, which speaks of
		// published policies, does not soften it.
		v.Disposition, v.Disposition74 = dmarc.DispositionReject, dmarc.DispositionReject
		return
	case SkippedAuthenticated:
		if v.DMARC.Disposition == dmarc.DispositionQuarantine || v.DMARC.Disposition == dmarc.DispositionReject {
			v.OverrideType, v.OverrideComment = OverrideLocalPolicy, "authenticated submission"
		}
	case FailTolerated, FailQuarantine, FailReject:
		v.Disposition = v.DMARC.Disposition
		v.OverrideType, v.OverrideComment = v.DMARC.Override, v.DMARC.OverrideComment
	}
	v.Disposition74 = v.Disposition
	if v.Disposition74 == dmarc.DispositionReject {
		v.Disposition74 = dmarc.DispositionQuarantine // RFC 9989 §7.4
	}
}

// category is the first that matches.
func (v *Verdict) category(e *evidence.Evidence) Category {
	switch {
	case e.Malformed != "":
		return Malformed
	case e.Envelope.Authenticated:
		return SkippedAuthenticated
	case e.Author.Domain() == "":
		return InvalidFrom
	case v.Existence.Absent:
		return NonexistentDomain
	}
	switch v.DMARC.Result {
	case dmarc.TempError:
		return TempError
	case dmarc.PermError:
		return PermError
	case dmarc.None:
		return NoPolicy
	case dmarc.Pass:
		return v.passCategory()
	}
	switch v.DMARC.Disposition {
	case dmarc.DispositionReject:
		return FailReject
	case dmarc.DispositionQuarantine:
		return FailQuarantine
	}
	return FailTolerated
}

func (v *Verdict) passCategory() Category {
	for i := range v.DKIM {
		if v.DKIM[i].Result == dkim.Pass && v.DMARC.DKIMAlignments[i] == dmarc.Strict {
			return PassDKIMStrict
		}
	}
	if v.SPF.Result == spf.Pass && v.DMARC.SPFAlignment == dmarc.Strict {
		return PassSPFStrict
	}
	return PassRelaxed
}
