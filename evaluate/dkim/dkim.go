// Package dkim verifies DKIM signatures (RFC 6376, 8301, 8463, 8616) from
// evidence: a key from the DNS meets a digest that was taken from the message
// earlier. Time is an input.
package dkim

import (
	"mailaudit/evaluate/dns"
)

// Result is a result of RFC 8601 section 2.7.1.
type Result string

// The results.
const (
	None      Result = "none"
	Pass      Result = "pass"
	Fail      Result = "fail"
	Policy    Result = "policy"
	Neutral   Result = "neutral"
	TempError Result = "temperror"
	PermError Result = "permerror"
)

// Reason is a stable word for why a signature's result is what it is.
type Reason string

// Outcome is one signature judged.
type Outcome struct {
	Result  Result
	Reason  Reason // empty for a pass without remark
	Detail  string // for people
	KeyBits int32  // RSA modulus, or 256 for Ed25519; 0 where no key was read
	// Testing tells that the key carries t=y.
	Testing bool
	// KeySource is the Answer.Source of the key used, with "nearest" or
	// "other_key" where the key is not the one in force at that moment.
	KeySource string
	Answers   []*dns.Answer
}
