package dkim

// The reasons. Each names the clause that makes it one; the results stand in
// the table below.
const (
	// The field: RFC 6376 §6.1.1.

	Syntax                      Reason = "syntax"                       // tag-list or a value breaks RFC 6376 §3.2, §3.5
	MissingTag                  Reason = "missing_tag"                  // a required tag is absent: RFC 6376 §6.1.1
	UnsupportedVersion          Reason = "unsupported_version"          // v= is not 1: RFC 6376 §3.5, §6.1.1
	UnsupportedAlgorithm        Reason = "unsupported_algorithm"        // a= unknown: RFC 6376 §3.3
	UnsupportedCanonicalization Reason = "unsupported_canonicalization" // c= unknown: RFC 6376 §3.4
	UnsupportedQuery            Reason = "unsupported_query"            // q= names no known method: RFC 6376 §3.5
	FromNotSigned               Reason = "from_not_signed"              // RFC 6376 §5.4, §6.1.1
	DomainMismatch              Reason = "domain_mismatch"              // i= is not d= or below it: RFC 6376 §6.1.1
	ExpiryBeforeSigning         Reason = "expiry_before_signing"        // x= is not after t=: RFC 6376 §3.5
	SealSigned                  Reason = "arc_seal_signed"              // an AMS signs ARC-Seal: RFC 8617 §4.1.2
	AlgorithmObsolete           Reason = "algorithm_obsolete"           // rsa-sha1: RFC 8301 §3.1
	Expired                     Reason = "expired"                      // x= is past: RFC 6376 §6.1.1
	IncompleteEvidence          Reason = "incomplete_evidence"          // a digest was not kept: nothing to verify

	// The DNS: RFC 6376 §6.1.2 items 1 to 3.

	KeyNotFound    Reason = "key_not_found"    // NXDOMAIN, or no TXT record
	KeyNameInvalid Reason = "key_name_invalid" // s= and d= make a name that cannot be asked: RFC 1035 §2.3.4
	DNSTimeout     Reason = "dns_timeout"
	DNSServFail    Reason = "dns_servfail"
	DNSRefused     Reason = "dns_refused"
	DNSFailure     Reason = "dns_failure"  // any other failure; Detail has its kind
	NotRecorded    Reason = "not_recorded" // no source speaks for the question

	// The key record: RFC 6376 §6.1.2 items 5 to 8.

	KeySyntax         Reason = "key_syntax"           // RFC 6376 §3.6.1; RFC 8463 §4
	KeyService        Reason = "key_service_mismatch" // s= has neither "email" nor "*"
	KeyHash           Reason = "key_hash_not_allowed" // h= lacks the hash of a=
	KeyRevoked        Reason = "key_revoked"          // p= is empty
	KeyType           Reason = "key_type_mismatch"    // k= is not the type of a=
	KeyTooSmall       Reason = "key_too_small"        // under 1024 bits: RFC 8301 §3.2; under 512: RFC 6376 §3.3.3
	KeyTooLarge       Reason = "key_too_large"        // over MaxRSABits, or an exponent over MaxRSAExponent
	AUIDMismatch      Reason = "auid_mismatch"        // t=s, and i= is below d=: RFC 6376 §3.6.1
	KeyGranularity    Reason = "key_granularity"      // g= does not match i=: RFC 4871 §6.1.2
	BodyHashMismatch  Reason = "body_hash_mismatch"   // RFC 6376 §6.1.3 item 3
	SignatureMismatch Reason = "signature_mismatch"   // RFC 6376 §6.1.3 item 4

	// Remarks: the signature verifies, and this is worth knowing. Where several
	// apply the first of this list is told.

	OtherKey          Reason = "other_key"           // by a key of the selector that was not in force at that moment
	BodyLengthPartial Reason = "body_length_partial" // l= leaves a part of the body unsigned: RFC 6376 §8.2
	HistoricRules     Reason = "historic_rules"      // only by the rules of its day, see Profile.Historic
	SignedInFuture    Reason = "signed_in_future"    // t= lies after the moment judged at: RFC 6376 §3.5
	KeyTesting        Reason = "key_testing"         // t=y: RFC 6376 §3.6.1
)

// table derives the result from the reason. It is never written to.
var table = map[Reason]Result{
	"": Pass,

	// RFC 8601 §2.7.1 neutral: "contained syntax errors or were not otherwise
	// able to be processed".
	Syntax:                      Neutral,
	MissingTag:                  Neutral,
	UnsupportedVersion:          Neutral,
	UnsupportedAlgorithm:        Neutral,
	UnsupportedCanonicalization: Neutral,
	UnsupportedQuery:            Neutral,
	ExpiryBeforeSigning:         Neutral,
	IncompleteEvidence:          Neutral,

	FromNotSigned:     PermError,
	DomainMismatch:    PermError,
	SealSigned:        PermError,
	AlgorithmObsolete: PermError, // RFC 8301 §3.1: "have permanently failed evaluation"
	Expired:           PermError,

	KeyNotFound:    PermError,
	KeyNameInvalid: PermError,
	DNSTimeout:     TempError,
	DNSServFail:    TempError,
	DNSRefused:     TempError,
	DNSFailure:     TempError,
	NotRecorded:    TempError,

	KeySyntax:      PermError,
	KeyService:     PermError,
	KeyHash:        PermError,
	KeyRevoked:     PermError,
	KeyType:        PermError,
	KeyTooSmall:    PermError, // RFC 8301 §3.2: never "valid signatures"
	KeyTooLarge:    PermError, // RFC 8301 §3.2: over 4096 bits is a MAY
	AUIDMismatch:   PermError,
	KeyGranularity: PermError,

	BodyHashMismatch:  Fail,
	SignatureMismatch: Fail,

	OtherKey:          Pass,
	BodyLengthPartial: Pass, // RFC 6376 §8.2 warns, and leaves it to the verifier's policy
	HistoricRules:     Pass,
	SignedInFuture:    Pass, // RFC 6376 §3.5: MAY be ignored
	KeyTesting:        Pass, // RFC 6376 §3.6.1 would have it as unsigned; receivers do not, see Profile
}

// Reasons returns every reason with the result that follows from it where a
// profile says nothing else. The map is the caller's.
func Reasons() map[Reason]Result {
	m := make(map[Reason]Result, len(table))
	for r, w := range table {
		m[r] = w
	}
	return m
}

// stage is how far along RFC 6376 §6.1 a reason stands: of several key records
// the one that came furthest gives the reason.
func (r Reason) stage() int {
	for i, s := range stages {
		if r == s {
			return i
		}
	}
	return -1
}

// stages are the reasons a key record can give, in the order of the checks.
var stages = [...]Reason{
	KeySyntax, KeyService, KeyHash, KeyRevoked, KeyType, KeyTooSmall, KeyTooLarge, AUIDMismatch,
	KeyGranularity, BodyHashMismatch, SignatureMismatch,
}
