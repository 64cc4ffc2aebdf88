package spf

// The limits of one evaluation.
const (
	// MaxLookups is the number of terms that may cause DNS lookups: include, a,
	// mx, ptr, exists, redirect and the macro %{p} (RFC 7208 section 4.6.4).
	MaxLookups = 10
	// MaxVoidLookups is the number of those terms whose own question may be
	// answered by "no such name" or "no such records" (RFC 7208 section 4.6.4,
	// the recommended default). Hosts that an mx or ptr answer names are not
	// terms, and do not count; an include or redirect without an answer ends the
	// evaluation anyway.
	MaxVoidLookups = 2
	// MaxMX is the number of hosts that one mx mechanism may look up (RFC 7208
	// section 4.6.4).
	MaxMX = 10
	// MaxPTR is the number of reverse names that are considered (RFC 7208
	// section 4.6.4); the rest is ignored.
	MaxPTR = 10

	// MaxExplanation is the length of an explanation, bytes; the rest is cut
	// off (RFC 7208 section 6.2 allows a limit). A few lines of an SMTP reply.
	MaxExplanation = 2048

	// maxMacroValue is how much of the local part or the HELO name macros use,
	// bytes. RFC 5321 section 4.5.3.1 allows 64 and 255; without a limit a
	// record of many macros would multiply a hostile identity.
	maxMacroValue = 512
	// maxDigits is where the DIGIT transformer stops counting: more parts than
	// any value has.
	maxDigits = 4096
	// fewSegments is how many segments of a domain-spec are expanded without a
	// thought for what can survive; real ones have one to nine.
	fewSegments = 16

	// defaultCachedResults is the number of results kept, some 500 bytes each.
	defaultCachedResults = 1 << 15
	// cachedRecords is the number of parsed records kept, maxCachedRecord the
	// length of the longest, bytes: a parsed record takes up to 50 times its
	// text, and few real ones are longer than the 450 bytes of RFC 7208 section
	// 3.4.
	cachedRecords   = 1 << 12
	maxCachedRecord = 2048
	// maxPeriods is the number of results kept for one client and domain over
	// time.
	maxPeriods = 8
)
