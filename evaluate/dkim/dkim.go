// Package dkim verifies DKIM signatures (RFC 6376 with 8301, 8463, 8553, 8616
// and the errata; words of RFC 8601) from evidence: a key from the DNS meets a
// digest that was taken from the message earlier. Time is an input.
//
//	v := dkim.New(source, dkim.Profile{})
//	for i := range e.Signatures {
//		o, err := v.Verify(ctx, &e.Signatures[i], receivedAt)
//		...
//	}
//
// # Order of checks
//
// The first check that fails gives the [Reason]. They follow RFC 6376 §6.1:
//
//  1. The field (§6.1.1): what the evidence found wrong with it, the algorithm
//     under the rules in force (RFC 8301 §3.1), expiry at the moment judged at.
//  2. The key (§6.1.2): the DNS, then for each key record its syntax and
//     version, s=, h=, revocation, k= against a=, the key's size (RFC 8301
//     §3.2), t=s against i=, and under old rules g=.
//  3. The digests (§6.1.3): the body hash, then the signature.
//
// One departure: where the DNS gives no answer and the body hash does not match,
// the body hash decides. No key can mend it, so the result is not temporary.
//
// # Several key records
//
// RFC 6376 §3.6.2.2 leaves several TXT records at one name undefined, §6.1.2
// item 4 lets a verifier try each. Each is tried, up to [MaxKeyRecords], in the
// order of the answer (sorted, so runs agree). The first that verifies wins;
// else the reason is that of the record that came furthest.
//
// # From reason to result
//
// Results follow from reasons by one table, see [Profile.Result]:
//
//   - neutral where the field has syntax errors or could not be processed, the
//     words of RFC 8601 §2.7.1;
//   - permerror for every other PERMFAIL of RFC 6376 §6.1.1 and §6.1.2, and of
//     RFC 8301;
//   - fail for those of §6.1.3: a key was there, a digest did not match;
//   - temperror where a DNS failure, or a question that nobody recorded, hides
//     the key.
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
	// Damage is "header_folding" where the signature does not verify, and
	// would had nobody folded the signed fields; else empty. It changes no result.
	Damage string
	// Testing tells that the key carries t=y.
	Testing bool
	// KeySource is the Answer.Source of the key used, followed by " nearest" or
	// " other_key" where the key is not the one in force at that moment.
	KeySource string
	// Answers are what the outcome rests on. The slice is shared: nobody may
	// change it.
	Answers []*dns.Answer
	// Steps is every check made, for explanations; only where the Verifier
	// traces.
	Steps []Step
}

// Step is one check of a verification.
type Step struct {
	Clause string // "RFC 6376 §6.1.2"
	Check  string // "key record 1 of 2"
	Note   string // what came out, for people
	OK     bool
}
