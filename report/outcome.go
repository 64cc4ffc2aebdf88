package report

import "mailaudit/evaluate"

// Outcome is a category as a manager sees it.
type Outcome uint8

// The outcomes, in the order in which they are shown.
const (
	Passed Outcome = iota
	NoPolicy
	Tolerated
	Quarantined
	Rejected
	Undecided
	Unjudged
	outcomes = iota
)

// outcomePhrases are the outcomes for people.
var outcomePhrases = [outcomes]string{
	"Passed DMARC", "No policy published", "Failed, tolerated", "Failed, quarantined", "Rejected",
	"Could not be decided", "Not judged",
}

// failed tells whether DMARC, or the domain's existence test, did not pass.
func (o Outcome) failed() bool { return o == Tolerated || o == Quarantined || o == Rejected }

// Outcomes counts messages by outcome.
type Outcomes [outcomes]int64

// outcomeOf says which outcome a category belongs to.
func outcomeOf(c evaluate.Category) Outcome {
	switch c {
	case evaluate.PassDKIMStrict, evaluate.PassSPFStrict, evaluate.PassRelaxed:
		return Passed
	case evaluate.NoPolicy:
		return NoPolicy
	case evaluate.FailTolerated:
		return Tolerated
	case evaluate.FailQuarantine:
		return Quarantined
	case evaluate.FailReject, evaluate.NonexistentDomain:
		return Rejected
	case evaluate.TempError, evaluate.PermError:
		return Undecided
	}
	return Unjudged
}

// Messages is the sum.
func (o *Outcomes) Messages() int64 {
	n := int64(0)
	for _, k := range o {
		n += k
	}
	return n
}

// Passed is how many passed.
func (o *Outcomes) Passed() int64 { return o[Passed] }

// NoPolicy is how many had no policy to pass.
func (o *Outcomes) NoPolicy() int64 { return o[NoPolicy] }

// Failed is how many failed DMARC or were rejected for a domain that does not
// exist.
func (o *Outcomes) Failed() int64 { return o[Tolerated] + o[Quarantined] + o[Rejected] }

// Tolerated is how many failed and are let through.
func (o *Outcomes) Tolerated() int64 { return o[Tolerated] }

// Quarantined is how many are quarantined.
func (o *Outcomes) Quarantined() int64 { return o[Quarantined] }

// Rejected is how many are rejected.
func (o *Outcomes) Rejected() int64 { return o[Rejected] }

// Open is how many were not decided, or not judged at all.
func (o *Outcomes) Open() int64 { return o[Undecided] + o[Unjudged] }

func (o *Outcomes) merge(p *Outcomes) {
	for i, n := range p {
		o[i] += n
	}
}
