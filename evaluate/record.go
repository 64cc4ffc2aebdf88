// Package evaluate composes evidence and a DNS source into verdicts: SPF, DKIM,
// ARC and DMARC, and the category of the breakdown.
package evaluate

import (
	"iter"
	"time"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// Record is one message judged: what was seen, and what follows from it.
type Record struct {
	Evidence *evidence.Evidence
	Verdict  Verdict
}

// Verdict is everything that needed the DNS.
type Verdict struct {
	AsOf time.Time // the moment judged at; zero where the message gives none

	SPF     *spf.Outcome // MAIL FROM identity; never nil
	SPFHelo *spf.Outcome // HELO identity; nil where there is no HELO
	// DKIM has one outcome for each signature of the evidence, in order.
	DKIM []dkim.Outcome
	// DKIMBest is the index of the signature that dkim_result speaks of; -1
	// where there is none.
	DKIMBest int
	ARC      arc.Outcome
	DMARC    dmarc.Outcome
	// Existence is the domain existence test's finding; its zero value where it
	// was not asked for.
	Existence Existence
	Basis     Basis

	Category Category
	// Disposition is the policy followed to the letter, Disposition74 what RFC
	// 9989 section 7.4 allows.
	Disposition, Disposition74 dmarc.Disposition
	OverrideType               string
	OverrideComment            string
}

// Existence is the finding of the domain existence test.
type Existence struct {
	Tested  bool
	Absent  bool // of MX, NS, A and AAAA neither the domain nor its organizational domain has any
	Decided bool // no DNS failure hides it
	Answers []*dns.Answer
}

// Category is the message's place in the breakdown.
type Category string

// The categories, in the order in which they are tried: the first match wins.
const (
	Malformed            Category = "malformed"
	SkippedAuthenticated Category = "skipped_authenticated"
	InvalidFrom          Category = "invalid_from"
	NonexistentDomain    Category = "nonexistent_domain"
	TempError            Category = "temperror"
	PermError            Category = "permerror"
	NoPolicy             Category = "no_policy"
	PassDKIMStrict       Category = "pass_dkim_strict"
	PassSPFStrict        Category = "pass_spf_strict"
	PassRelaxed          Category = "pass_relaxed"
	FailTolerated        Category = "fail_tolerated"
	FailQuarantine       Category = "fail_quarantine"
	FailReject           Category = "fail_reject"
)

// Categories lists all of them in that order.
var Categories = []Category{
	Malformed, SkippedAuthenticated, InvalidFrom, NonexistentDomain, TempError, PermError, NoPolicy,
	PassDKIMStrict, PassSPFStrict, PassRelaxed, FailTolerated, FailQuarantine, FailReject,
}

// Answers yields every DNS answer the verdict rests on, in a fixed order,
// possibly with repetitions.
func (v *Verdict) Answers() iter.Seq[*dns.Answer] {
	return func(yield func(*dns.Answer) bool) {
		lists := [...][]*dns.Answer{v.SPF.AnswersOf(), v.SPFHelo.AnswersOf()}
		for _, l := range lists {
			for _, a := range l {
				if !yield(a) {
					return
				}
			}
		}
		for i := range v.DKIM {
			for _, a := range v.DKIM[i].Answers {
				if !yield(a) {
					return
				}
			}
		}
		for _, a := range v.ARC.Answers {
			if !yield(a) {
				return
			}
		}
		for _, a := range v.DMARC.Answers {
			if !yield(a) {
				return
			}
		}
		for _, a := range v.Existence.Answers {
			if !yield(a) {
				return
			}
		}
	}
}
