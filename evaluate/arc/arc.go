// Package arc validates Authenticated Received Chains (RFC 8617) from evidence.
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

// Outcome is one chain judged.
type Outcome struct {
	Result Result
	Reason Reason
	Detail string
	// Sets has the result of each instance's seal, in the order of the evidence.
	Sets    []SetOutcome
	Answers []*dns.Answer
}

// SetOutcome is one ARC set judged. The words of both results are those of
// dkim.Result.
type SetOutcome struct {
	Seal, Message             string
	SealReason, MessageReason string
}
