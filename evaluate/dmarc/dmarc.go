// Package dmarc evaluates DMARC under RFC 9989 (DNS tree walk) or RFC 7489
// (Public Suffix List). It takes SPF and DKIM results as plain values, reads no
// clock and draws no random number.
//
//	e := dmarc.New(source, dmarc.Options{Rules: dmarc.RFC9989})
//	out, err := e.Evaluate(ctx, dmarc.Facts{
//		Author: "example.com",
//		SPF:    dmarc.AuthID{Domain: "bounce.example.com", Passed: true},
//		At:     arrival,
//	})
//
// An evaluation has two parts. Discovery asks the DNS for the record that
// applies and for organizational domains; its results are kept for the run.
// [Decide] judges the facts that were found; it is pure, so the same facts read
// back from a dataset give the same verdict, or, with another [Record], the
// verdict that another policy would have given.
//
// A DNS failure is never taken for absence. It makes the result temperror where
// the answer could have changed the result, and is ignored where it could not.
// The readings chosen where the RFCs leave room are in docs/dmarc.md.
package dmarc

import (
	"time"

	"mailaudit/evaluate/dns"
)

// Rules is a rule book.
type Rules string

// The rule books.
const (
	RFC9989 Rules = "rfc9989"
	RFC7489 Rules = "rfc7489"
)

// Result is a DMARC result of RFC 9989 section 9 and RFC 8601 section 2.7.
type Result string

// The results.
const (
	None      Result = "none" // no policy published, or no usable author domain
	Pass      Result = "pass"
	Fail      Result = "fail"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// Disposition is a policy, and what is done by it.
type Disposition string

// The dispositions; the empty one stands for "no policy".
const (
	NoDisposition         Disposition = ""
	DispositionNone       Disposition = "none"
	DispositionQuarantine Disposition = "quarantine"
	DispositionReject     Disposition = "reject"
)

// Alignment is how near an authenticated domain is to the author domain,
// whatever the policy asks for.
type Alignment string

// The alignments.
const (
	NotAligned Alignment = "none"
	Relaxed    Alignment = "relaxed" // same organizational domain
	Strict     Alignment = "strict"  // same domain
	// UnknownAlignment: the domains differ, and a DNS failure hides whether
	// they share an organizational domain.
	UnknownAlignment Alignment = ""
)

// Existence is what is known of the author domain's existence (RFC 9989
// section 3.2.13). It is stored as the word it is.
type Existence string

// The states of existence. NotAsked is the zero value: the author domain has a
// record of its own, or the rule book knows no np.
const (
	NotAsked         Existence = ""
	Exists           Existence = "exists"
	NonExistent      Existence = "nonexistent" // NXDOMAIN
	UnknownExistence Existence = "unknown"     // the DNS failed; never taken for absence
)

// AuthID is one authenticated identifier.
type AuthID struct {
	Domain string // lower-case A-labels; empty where there is none
	Passed bool
	// Undecided tells that a temporary failure hides the result: another
	// moment could have made it a pass.
	Undecided bool
}

// Facts is what DMARC judges.
type Facts struct {
	Author string // author domain, lower-case A-labels; must not be empty
	SPF    AuthID // the MAIL FROM identity
	DKIM   []AuthID
	At     time.Time // whose DNS view
	// Sample is a number from 0 to 99 taken from the message's digest: the
	// message is in the sample of pct=N where Sample < N (RFC 7489 section 6.6.4).
	Sample int
}

// Outcome is one message judged.
type Outcome struct {
	Result Result
	Reason Reason
	Detail string

	// OrganizationalDomain is the author domain's; empty where a DNS failure
	// leaves it open.
	OrganizationalDomain string
	PolicyDomain         string  // where the record was found; empty where none was
	Record               *Record // nil where none was found
	// AuthorExistence chooses between sp and np; asked only where the policy
	// can come from above the author domain.
	AuthorExistence Existence

	SPFAlignment   Alignment
	DKIMAlignments []Alignment // parallel to Facts.DKIM
	// PassedSPF, PassedDKIM: an aligned pass under the policy's modes.
	PassedSPF, PassedDKIM bool

	// Policy applies to this message: p, sp or np, before t and pct.
	Policy Disposition
	// PolicyTag says which tag gave it: "p", "sp" or "np".
	PolicyTag string
	// Disposition is what a receiver does that follows the policy to the
	// letter; Override is why it is milder than Policy ("sampled_out",
	// "policy_test_mode"), else empty.
	Disposition     Disposition
	Override        string
	OverrideComment string

	// Walk is every step, for explanations; only where the Evaluator traces.
	Walk    []Step
	Answers []*dns.Answer
}

// Step is one question of a tree walk or of a policy discovery.
type Step struct {
	For    string // "policy", "spf", "dkim": whose walk
	Domain string // the name asked, without _dmarc.
	Found  string // the record, where one was usable
	Note   string
}

// Record is one DMARC policy record as published. Records are shared: nobody
// may change one.
type Record struct {
	Text         string // as published
	Rules        Rules  // the rule book that the effective values follow
	P, SP, NP    string // as published, lower case; empty where absent
	ADKIM, ASPF  string // "r", "s" as published; empty where absent
	PCT          int32  // -1 where absent
	T            string // "y", "n"; empty where absent
	PSD          string // "y", "n", "u"; empty where absent
	RUA, RUF, FO string // as published
	// Effective values after defaults and repairs: what a verdict uses. All
	// three are empty where the record is unusable: see [Record.Usable].
	EffectiveP, EffectiveSP, EffectiveNP Disposition
	// Problems says what was wrong with it, as stable words, each once.
	Problems []string

	repaired      bool   // counts as p=none
	sampleComment string // "pct=N", made once for Decide
}
