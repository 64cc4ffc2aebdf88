package stats

import (
	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// Words of the summary's coverage: how much of the archive could not be judged
// as it would have been on its day, and why. A message counts once for each
// word that holds for it.
const (
	CoverageKeyMissing    = "dkim_key_missing"     // a signature's key was not found or is revoked
	CoverageUnanswered    = "dns_unanswered"       // a question failed or was not recorded
	CoverageNotRecorded   = "dns_not_recorded"     // among those: no source had the question
	CoverageNoClient      = "client_unknown"       // no client address: SPF is none
	CoverageNoReturnPath  = "return_path_unknown"  // no MAIL FROM: SPF is judged by nothing
	CoverageNoAuthor      = "author_not_logged"    // the log does not tell the From domain
	CoverageNoTime        = "arrival_unknown"      // nothing tells when it arrived
	CoverageOtherKey      = "dkim_other_key"       // verified by a key that another time saw
	CoverageRepaired      = "dkim_repaired"        // verified after undoing what the store changed
	CoverageOverlay       = "dns_overlay"          // rests on what-if answers of an overlay
	CoverageNearest       = "dns_nearest"          // rests on answers of another time, the nearest known
	CoverageKeysOutOfRule = "dkim_key_out_of_rule" // obsolete algorithm, or key too small, by today's rules
)

// cover counts what stood in the way of judging a message.
func (t *Tally) cover(r *evaluate.Record) {
	e, v := r.Evidence, &r.Verdict
	words := [...]struct {
		word string
		hold bool
	}{
		{CoverageNoClient, !e.Envelope.ClientIP.IsValid()},
		{CoverageNoReturnPath, !e.Envelope.HasMailFrom},
		{CoverageNoAuthor, e.Author.Problem == evidence.AuthorNotLogged},
		{CoverageNoTime, e.Envelope.ReceivedAt.IsZero()},
		{CoverageKeyMissing, anySignature(v, dkim.KeyNotFound, dkim.KeyRevoked)},
		{CoverageOtherKey, anySignature(v, dkim.OtherKey)},
		{CoverageKeysOutOfRule, anySignature(v, dkim.AlgorithmObsolete, dkim.KeyTooSmall)},
		{CoverageRepaired, repaired(r)},
		{CoverageUnanswered, unanswered(v)},
		{CoverageNotRecorded, notRecorded(v)},
		{CoverageOverlay, v.Basis.Overlay},
		{CoverageNearest, v.Basis.Nearest},
	}
	for _, w := range words {
		if w.hold {
			t.coverage.add(w.word, 1)
		}
	}
}

func anySignature(v *evaluate.Verdict, reasons ...dkim.Reason) bool {
	for i := range v.DKIM {
		for _, r := range reasons {
			if v.DKIM[i].Reason == r {
				return true
			}
		}
	}
	return false
}

func repaired(r *evaluate.Record) bool {
	for i := range r.Evidence.Signatures {
		if r.Evidence.Signatures[i].Repaired {
			return true
		}
	}
	return false
}

// unanswered tells whether any result is open for want of an answer.
func unanswered(v *evaluate.Verdict) bool {
	if SPFResult(v) == spf.TempError || v.DMARC.Result == "temperror" {
		return true
	}
	for i := range v.DKIM {
		if v.DKIM[i].Result == dkim.TempError {
			return true
		}
	}
	return false
}

func notRecorded(v *evaluate.Verdict) bool {
	return v.SPF != nil && v.SPF.Reason == spf.NotRecorded || anySignature(v, dkim.NotRecorded) ||
		v.DMARC.Result == "temperror" && v.DMARC.Reason == "not_recorded"
}
