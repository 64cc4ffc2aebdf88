package spf

import "mailaudit/evaluate/dns"

// Reason is a stable word for why the result is what it is.
//
// Beside the constants there is, for results of temperror, "dns_" followed by
// the kind of failure as package dns has it: dns_timeout, dns_servfail,
// dns_refused, dns_formerr, dns_other_rcode, dns_network, dns_loop,
// dns_too_large.
type Reason string

// The reasons.
const (
	// pass, fail, softfail, neutral: Outcome.Mechanism matched.
	Matched Reason = "matched"
	// neutral: nothing matched, and there is no redirect (RFC 7208 section 4.7).
	Default Reason = "default"

	// none: no client address is known.
	NoClient Reason = "no_client"
	// none: the identity has no domain.
	NoDomain Reason = "no_domain"
	// none: the domain is no multi-label domain name (RFC 7208 section 4.3).
	InvalidDomain Reason = "invalid_domain"
	// none: the domain does not exist or has no v=spf1 record (RFC 7208 section 4.5).
	NoRecord Reason = "no_record"

	// permerror: several v=spf1 records (RFC 7208 section 4.5).
	MultipleRecords Reason = "multiple_records"
	// permerror: a syntax error anywhere in a record (RFC 7208 section 4.6).
	Syntax Reason = "syntax"
	// permerror: more than MaxLookups terms that cause lookups. Includes and
	// redirects that form a loop end here.
	TooManyLookups Reason = "too_many_lookups"
	// permerror: more than MaxVoidLookups void lookups.
	TooManyVoidLookups Reason = "too_many_void_lookups"
	// permerror: an mx mechanism came to need more than MaxMX hosts.
	TooManyMX Reason = "too_many_mx"
	// permerror: an included domain has no record or is no domain name (RFC
	// 7208 section 5.2).
	IncludeNone Reason = "include_none"
	// permerror: the same of a redirect (RFC 7208 section 6.1).
	RedirectNone Reason = "redirect_none"

	// temperror: no source speaks for a question the result depends on.
	NotRecorded Reason = "not_recorded"
	// temperror: the result depends on a local part that was not stored.
	LocalPartNotStored Reason = "local_part_not_stored"
)

// failureReason is the reason for an answer that leaves its question open.
func failureReason(a *dns.Answer) Reason {
	if a.Status == dns.NotRecorded {
		return NotRecorded
	}
	return Reason("dns_" + string(a.Kind))
}
