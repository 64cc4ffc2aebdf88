// Package arc validates Authenticated Received Chains (RFC 8617) from evidence.
//
// The chain is judged by the steps of RFC 8617 §5.2: its structure, the cv=
// values, the newest ARC-Message-Signature, and every ARC-Seal from the newest
// to the first. Older message signatures are looked at too: they may fail, and
// tell where the message was last changed ([Outcome.OldestPass]).
//
// Deliberate readings:
//
//   - Every seal is judged even where the message signature fails. RFC 8617 §5.2
//     lets a validator stop there; whoever audits wants to know whether the chain
//     itself is whole. The result is that of the first failure.
//   - rsa-sha1 and RSA keys under 1024 bits never verify, not even under
//     historic rules: RFC 8617 is younger than RFC 8301.
//   - A chain that a DNS failure hides is "fail", the only word there is for it,
//     and [Outcome.Undecided] tells it from one that is broken.
package arc

import "mailaudit/evaluate/dns"

// Result is a chain validation status of RFC 8617 section 4.4.
type Result string

// The results.
const (
	None Result = "none"
	Pass Result = "pass"
	Fail Result = "fail"
)

// Reason is a stable word for why the result is what it is.
type Reason string

// The reasons. The first five come from the evidence.
const (
	InstanceRange  Reason = "instance_range"  // i= absent, or not in 1..50: RFC 8617 §4.2.1
	DuplicateField Reason = "duplicate_field" // RFC 8617 §5.2 step 3.A
	MissingField   Reason = "missing_field"   // RFC 8617 §5.2 step 3.A
	InstanceGap    Reason = "instance_gap"    // RFC 8617 §5.2 step 3.B
	TooManySets    Reason = "too_many_sets"   // RFC 8617 §5.2 step 1
	CVFail         Reason = "cv_fail"         // the newest seal says the chain failed before: RFC 8617 §5.2 step 2
	CVInvalid      Reason = "cv_invalid"      // cv= is not none at i=1, or not pass above: RFC 8617 §5.2 steps 3.C, 3.D

	MessageSignature          Reason = "message_signature"           // the newest one does not verify: RFC 8617 §5.2 step 4
	MessageSignatureUndecided Reason = "message_signature_undecided" // its key is hidden by a DNS failure
	Seal                      Reason = "seal"                        // a seal does not verify: RFC 8617 §5.2 step 6
	SealUndecided             Reason = "seal_undecided"              // its key is hidden by a DNS failure
)

// Outcome is one chain judged.
type Outcome struct {
	Result Result
	Reason Reason
	Detail string
	// Undecided tells that only a DNS failure keeps the chain from a pass:
	// another moment could have made it one.
	Undecided bool
	// OldestPass is the least instance from which up every message signature
	// verifies, 0 where all do or the chain does not pass (RFC 8617 §5.2 step 5).
	OldestPass int32
	// Sets has the results of each instance, in the order of the evidence.
	Sets    []SetOutcome
	Answers []*dns.Answer
}

// SetOutcome is one ARC set judged. The words of both results are those of
// dkim.Result; "none" where the chain's structure is broken, so that nothing
// was verified.
type SetOutcome struct {
	Seal, Message             string
	SealReason, MessageReason string
}
