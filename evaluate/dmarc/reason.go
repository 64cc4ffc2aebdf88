package dmarc

// Reason is a stable word for why the result is what it is.
type Reason string

// The reasons of a pass: which mechanisms gave an aligned pass.
const (
	ReasonDKIMAligned Reason = "dkim_aligned"
	ReasonSPFAligned  Reason = "spf_aligned"
	ReasonBothAligned Reason = "dkim_and_spf_aligned"
)

// The reasons of a fail.
const (
	// ReasonNotAuthenticated: neither SPF nor any signature passed.
	ReasonNotAuthenticated Reason = "not_authenticated"
	// ReasonNotAligned: something passed, for domains that are not aligned.
	ReasonNotAligned Reason = "not_aligned"
	// ReasonStrictMode: something passed in relaxed alignment, and adkim=s or
	// aspf=s asks for the same domain.
	ReasonStrictMode Reason = "strict_mode"
)

// The reasons of none.
const (
	ReasonNoAuthor Reason = "no_author" // Facts.Author is empty
	ReasonNoRecord Reason = "no_record"
	// ReasonSeveralRecords: a name that was asked has more than one record, so
	// none of them counts (RFC 9989 section 4.10, RFC 7489 section 6.6.3).
	ReasonSeveralRecords Reason = "several_records"
	// ReasonRecordUnusable: the record has no valid p (or an invalid sp or np)
	// and no valid rua (RFC 9989 section 4.10.1, RFC 7489 section 6.6.3).
	ReasonRecordUnusable Reason = "record_unusable"
)

// The reasons of temperror and permerror.
const (
	// ReasonPolicyDNS: a DNS failure leaves open which record applies.
	ReasonPolicyDNS Reason = "policy_dns_failure"
	// ReasonExistenceDNS: a DNS failure leaves open whether sp or np applies,
	// which differ, and the message failed.
	ReasonExistenceDNS Reason = "existence_dns_failure"
	// ReasonAlignmentDNS: an identifier passed, and a DNS failure leaves open
	// whether it is aligned.
	ReasonAlignmentDNS Reason = "alignment_dns_failure"
	// ReasonDKIMUndecided, ReasonSPFUndecided: nothing aligned passed, and a
	// temporary failure hides whether an aligned signature, or an aligned MAIL
	// FROM, would have (RFC 9989 section 5.3.6, RFC 7489 section 6.6.2).
	ReasonDKIMUndecided Reason = "dkim_temperror"
	ReasonSPFUndecided  Reason = "spf_temperror"
)

// The words of Outcome.Override, as aggregate reports have them: RFC 7489
// appendix C, RFC 9990.
const (
	OverrideSampledOut = "sampled_out"
	OverrideTestMode   = "policy_test_mode"
)
