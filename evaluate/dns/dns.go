// Package dns answers the DNS questions that verdicts rest on, from live
// servers, master files, overlays, recorded datasets or dated histories.
//
// Everything is a [Source]; wrappers (cache, limit, retry, overlay) are Sources
// too. The only DNS library of the project is imported here and nowhere else.
//
// A run asks through a [Cache] over what --dns names (see [ParseSpec]):
//
//	spec, err := dns.ParseSpec("overlay:whatif.zone,replay:audit-out,live")
//	src, closeAll, err := spec.Open(dns.Openers{Live: ..., Replay: ...})
//	cache := dns.Cache(src)
//	a, err := cache.Lookup(ctx, dns.Question{Name: "_dmarc.example.com", Type: dns.TypeTXT, At: arrival})
//
// The package dnstest has sources for tests, a loopback server, and the
// conformance suite that every Source must pass.
//
// An [Answer] has one of five states. Only [NoData] and [NXDomain] count as
// absence. [Failure] and [NotRecorded] never do: whoever judges a message by
// them must say "temporary error".
package dns

import (
	"context"
	"time"
)

// Type is an RR type by its IANA number.
type Type uint16

// The RR types that verdicts ask for.
const (
	TypeA     Type = 1
	TypeNS    Type = 2
	TypeCNAME Type = 5
	TypePTR   Type = 12
	TypeMX    Type = 15
	TypeTXT   Type = 16
	TypeAAAA  Type = 28
)

// Question is one name and type, and the moment whose view is wanted.
type Question struct {
	// Name is absolute, in lower-case A-labels, without the final dot. SPF
	// macros can make names with any byte in a label except the dot; they are
	// carried raw.
	Name string
	Type Type
	// At is the moment whose view of the DNS is wanted. The zero time, and any
	// time where the source has no time axis, means the source's only view.
	At time.Time
}

// Status is the state of an answer.
type Status uint8

// The five states. NotRecorded is the zero value: nothing answered.
const (
	NotRecorded Status = iota // no source speaks for this question
	Success                   // records of the asked type
	NoData                    // the name exists without this type
	NXDomain                  // the name does not exist
	Failure                   // no usable answer; Answer.Kind says which failure
)

// FailureKind tells failures apart. It is stored as the word it is.
type FailureKind string

// The kinds of failure.
const (
	Timeout    FailureKind = "timeout"     // nobody answered in time
	ServFail   FailureKind = "servfail"    // RCODE 2
	Refused    FailureKind = "refused"     // RCODE 5
	FormErr    FailureKind = "formerr"     // RCODE 1, or an answer that cannot be parsed
	OtherRcode FailureKind = "other_rcode" // any other RCODE
	Network    FailureKind = "network"     // no route, connection refused, reset
	Loop       FailureKind = "loop"        // a CNAME chain that is too long or circular
	TooLarge   FailureKind = "too_large"   // more data than the limits allow
	BadName    FailureKind = "bad_name"    // the name cannot be asked: a label over 63 bytes, a name over 255
)

// Answer is what one source said to one question. Answers are shared between
// messages and goroutines: nobody may change one after it was returned.
type Answer struct {
	Name   string // as asked
	Type   Type
	Status Status
	Kind   FailureKind // for Failure, else empty

	// Records are the RDATA in canonical text form, sorted:
	//
	//	A, AAAA  the address as netip.Addr prints it
	//	MX       preference, space, host ("10 mx.example.com")
	//	NS, PTR, CNAME  the host: lower case, without the final dot
	//	TXT      the character-strings of the record joined, raw bytes
	Records []string

	// CNAMEs is the chain followed, the first target first.
	CNAMEs []string

	TTL    uint32 // seconds, the least of the answer section; 0 where unknown
	Source string // which source spoke: "zone", "overlay", "live 127.0.0.1:53", "history", ...

	// ObservedAt is when the answer was seen; zero where the source has no
	// time axis. Since and Until bound the interval in which the source gives
	// this same answer, NotRecorded too: Since is part of it, Until is not, the
	// zero time is unbounded. A question's moment lies in its answer's interval. Nearest says that the
	// moment asked for lies outside the observation and this one was nearest.
	ObservedAt, Since, Until time.Time
	Nearest                  bool
}

// Absent tells whether the answer proves that no such records exist: no data or
// NXDOMAIN. A failure, and a question nobody recorded, prove nothing.
func (a *Answer) Absent() bool { return a.Status == NoData || a.Status == NXDomain }

// Failed tells whether the question stays open: a failure or not recorded.
func (a *Answer) Failed() bool { return a.Status == Failure || a.Status == NotRecorded }

// Source answers questions. A DNS failure is an Answer; an error means that the
// run cannot go on (the context ended, a recorded file cannot be read). Lookup
// may be called by many goroutines at once. The answer is never nil when the
// error is.
//
// Behind the cache that every run has, the same question gives the same
// *Answer, so answers may be compared by pointer.
type Source interface {
	Lookup(ctx context.Context, q Question) (*Answer, error)
}

// A Historian is a Source that knows more than one answer to a question.
type Historian interface {
	// History returns every positive answer ever observed for the name and
	// type, oldest first. It is empty where none is known.
	History(ctx context.Context, name string, t Type) ([]*Answer, error)
}
