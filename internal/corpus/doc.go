// Package corpus makes mail archives whose truth is known by construction:
// messages, the DNS zone they were sent under, and for each message what an
// auditor has to find.
//
// It shares no code with what it tests. Canonicalization, signing and sealing
// are written naively from RFC 6376 section 3.4, RFC 8463 and RFC 8617; the
// expected verdicts follow from what was built, by a few comparisons in truth.go.
//
// Everything is a function of its seed: the same call gives the same bytes on
// every machine and with any number of workers. All names and addresses are
// those reserved for documentation (RFC 2606, RFC 5737, RFC 3849).
package corpus
