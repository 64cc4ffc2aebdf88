// Package spf evaluates the Sender Policy Framework (RFC 7208) for archives: at
// a given moment, from recorded DNS, with the reason, the mechanism and every
// answer that the result rests on.
//
//	checker := spf.NewChecker(source, spf.Options{})
//	outcome, err := checker.Check(ctx, spf.Query{
//		Client: client, Scope: spf.MailFrom, Local: "jo", Domain: "example.com", HELO: "mx.example.com", At: arrival,
//	})
//
// All of RFC 7208 is implemented. Where it leaves a choice:
//
//   - A target-name that is no DNS name (an empty label, one over 63 bytes) makes
//     its mechanism not match, without a question (section 4.8).
//   - A void lookup is an empty answer to a term's own question, each time the
//     term is met; hosts of mx and ptr do not count (section 4.6.4 speaks of
//     terms). The macro %{p} counts as a term of its own.
//   - An mx mechanism looks up hosts by preference, then by name, until one
//     matches: permerror comes with the eleventh, not with the eleventh record.
//   - Of more than ten reverse names the first in sorted order count.
//   - A domain whose top label is numeric is no domain (RFC 3696 section 2), so
//     that an address in HELO gives none.
//   - Unknown modifiers may use the macro letters c, r and t: they are ignored
//     whatever they hold (section 6).
//
// Section 5.5 lets ptr and %{p} go on where the DNS fails. A question that nobody
// recorded is no DNS failure of the day: it gives a temperror there too, where
// the answer could have made a difference.
package spf

import (
	"net/netip"
	"time"

	"mailaudit/evaluate/dns"
)

// Result is a result of RFC 7208 section 2.6.
type Result string

// The results.
const (
	None      Result = "none"
	Neutral   Result = "neutral"
	Pass      Result = "pass"
	Fail      Result = "fail"
	SoftFail  Result = "softfail"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// Scope is the identity that was checked (RFC 7208 sections 2.3, 2.4).
type Scope string

// The scopes.
const (
	MailFrom Scope = "mfrom"
	HELO     Scope = "helo"
)

// Query is one check_host() call (RFC 7208 section 4.1) with what macros need.
type Query struct {
	Client netip.Addr // invalid: the result is none, reason no_client
	Scope  Scope
	// Local and Domain are the identity. For a null reverse path the caller
	// gives "postmaster" and the HELO name with Scope MailFrom (RFC 7208
	// section 2.4).
	Local, Domain string
	HELO          string
	// At is the moment whose DNS is wanted, and what the macro %{t} of
	// explanations expands to.
	At time.Time
	// LocalUnknown says that there was a local part and that it is lost (a
	// dataset that keeps no addresses). Where the evaluation comes to need it
	// the result is temperror, reason local_part_not_stored.
	LocalUnknown bool
}

// Outcome is a result and how it came about. Outcomes are shared between
// messages: nobody may change one.
type Outcome struct {
	Result    Result
	Reason    Reason
	Detail    string // for people, beside errors
	Scope     Scope
	Domain    string   // the domain checked
	Mechanism string   // the term that matched, as published ("ip4:192.0.2.0/24", "all"); empty for the default
	Chain     []string // domains of the includes and redirects that lead to the match, Domain first
	Record    string   // the record of Domain, as published
	// Explanation is the expanded exp= text of a fail; empty where there is none.
	Explanation          string
	Lookups, VoidLookups int32
	Terms                []Term // every term looked at; only where the Checker traces
	Answers              []*dns.Answer
}

// Term is one step of an evaluation, for explanations.
type Term struct {
	Depth  int    // 0 for the record of Domain, one more for each include or redirect
	Domain string // whose record
	Text   string // as published
	Target string // the domain-spec after macro expansion, where it has one
	Match  bool
	Result Result // what the term led to, where it decided
	Note   string // "lookup 3 of 10", "void lookup 2 of 2", ...
}

// AnswersOf returns o.Answers, none for a nil Outcome.
func (o *Outcome) AnswersOf() []*dns.Answer {
	if o == nil {
		return nil
	}
	return o.Answers
}
