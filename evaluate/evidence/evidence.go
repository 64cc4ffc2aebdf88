// Package evidence takes from a message everything that needs its bytes, in one
// pass: identities, the boundary hop, what receivers recorded, and for each
// signature the digests that a key will meet later. It asks no DNS and reads no
// clock, so evidence can be stored and judged again without the mail.
package evidence

import (
	"net/netip"
	"time"
)

// Evidence is what one message, or one log record, gives to judge. It shares no
// memory with the message's bytes.
type Evidence struct {
	Origin Origin

	// Malformed is why there is no usable message ("empty", "no_header"), or
	// empty. Nothing but Origin and Anomalies is meaningful beside it.
	Malformed string

	Digest    [16]byte // 128 bits over the raw message as kept; zero for a log record
	HasDigest bool

	MessageID string    // without angle brackets
	Date      time.Time // header Date; zero where absent or unparsable
	ListID    string    // the identifier between the angle brackets of List-Id, lower case

	Author   Author
	Envelope Envelope

	// Signatures are the DKIM-Signature fields, top to bottom. At most
	// MaxSignatures are kept; an anomaly tells of more.
	Signatures []Signature
	// DomainKeys counts DomainKey-Signature fields (RFC 4870): recognised,
	// never verified.
	DomainKeys int32

	ARC ARC

	Recorded Recorded

	// LocalsWithheld tells that local parts are not known because a dataset
	// without them was read back.
	LocalsWithheld bool

	// Anomalies are what was odd but survivable, as stable words, in order of
	// discovery, each once.
	Anomalies []string

	// Detail is what only explanations need; nil unless Options.Detail asked
	// for it.
	Detail *Detail
}

// Origin is where the message was found.
type Origin struct {
	Ordinal        int64 // position in the run, from 0
	Source, Format string
	Offset, Length int64 // bytes in the uncompressed source
	FromLog        bool  // no message was seen, only what a log said of it
}

// Author is the author domain, by RFC 5322 section 3.6.2 and RFC 9989 section 4.
type Author struct {
	// Domains are the distinct domains of all mailboxes of all From fields, as
	// lower-case A-labels, in order of appearance. Usable mail has one.
	Domains []string
	// Fields counts the From fields, Mailboxes their mailboxes.
	Fields, Mailboxes int32
	// Local is the first mailbox's local part, unquoted.
	Local string
	// Problem is why there is no single author domain: "missing",
	// "unparsable", "several_domains", "no_domain", or empty.
	Problem AuthorProblem
}

// AuthorProblem is why a message has no usable author domain.
type AuthorProblem string

// The problems of From fields. AuthorOK is the zero value.
const (
	AuthorOK             AuthorProblem = ""
	AuthorMissing        AuthorProblem = "missing"         // no From field
	AuthorUnparsable     AuthorProblem = "unparsable"      // no mailbox can be read from it
	AuthorNoDomain       AuthorProblem = "no_domain"       // a mailbox without a valid domain
	AuthorSeveralDomains AuthorProblem = "several_domains" // mailboxes of different domains
	AuthorNotLogged      AuthorProblem = "not_logged"      // a log that does not tell it
)

// Domain returns the author domain, empty where there is no usable one.
func (a *Author) Domain() string {
	if a.Problem != AuthorOK || len(a.Domains) == 0 {
		return ""
	}
	return a.Domains[0]
}

// Basis is where the client address was learned.
type Basis string

// The bases, words of the column client_ip_source.
const (
	BasisReceived Basis = "received"
	BasisSPF      Basis = "received_spf"
	BasisAuthRes  Basis = "authentication_results"
	BasisLog      Basis = "log"
	BasisNone     Basis = "none"
)

// Envelope is the SMTP transaction at the boundary of the receiver's network.
type Envelope struct {
	ClientIP   netip.Addr // invalid where unknown; never a 4-in-6 address
	Basis      Basis
	ClientName string // reverse name as the boundary wrote it
	HELO       string // as the boundary wrote it: lower-case A-labels, or an address literal
	// MailFrom is the return path: local part as written and domain as
	// lower-case A-labels. Both are empty for a null path; HasMailFrom tells
	// that from no knowledge.
	MailFromLocal, MailFromDomain string
	HasMailFrom                   bool
	ReceivedAt                    time.Time // arrival at the boundary; zero where unknown
	Authenticated                 bool
	// Hop is the index of the boundary's Received field, 0 the topmost; -1
	// where none was chosen. Hops counts the Received fields.
	Hop, Hops int32
	ByHost    string // the host that wrote the boundary's field
}

// Signature is one DKIM-Signature or ARC signature: its tags, and what a key
// will be asked to confirm.
type Signature struct {
	Field int32 // index of its field in the header, 0 the topmost

	// Problem is why it cannot verify whatever the key is (a word of
	// dkim.Reason: "syntax", "unsupported_algorithm", "from_not_signed", ...),
	// or empty.
	Problem string
	Detail  string // for people, beside Problem

	Domain   string // d=, lower-case A-labels
	Selector string // s=, lower-case A-labels
	// AUIDLocal and AUIDDomain are i= taken apart; without i=, "" and Domain.
	AUIDLocal, AUIDDomain  string
	HasAUID                bool
	Algorithm              string // a=, lower case
	HeaderCanon, BodyCanon Canon
	BodyLength             int64     // l=, bytes; -1 where absent
	BodyUnsigned           int64     // bytes of the canonical body that l= leaves unsigned
	SignedAt, ExpiresAt    time.Time // t=, x=; zero where absent
	SignedHeaders          string    // h=, white space removed

	BodyHashMatch bool
	BodyHash      []byte // computed
	HeaderHash    []byte // digest that b= signs
	Signature     []byte // b= decoded
	// UnfoldedHash is the digest that b= would sign had the signed fields come
	// unfolded; only under simple header canonicalization, and where any is
	// folded. It tells a relay that folded them from a forger.
	UnfoldedHash []byte

	// Logged is the result that a log gives for it, where there were no bytes
	// to verify; LoggedBits the key's size it gives. Empty for a message.
	Logged     string
	LoggedBits int32

	// Damage names the known way of archives to change mail that makes the
	// body hash (or the header) match when undone; empty where none does, or
	// none was needed. Repaired tells that BodyHashMatch, HeaderHash are those
	// after undoing it.
	Damage   string
	Repaired bool
}

// Canon is a canonicalization algorithm of RFC 6376 section 3.4.
type Canon uint8

// The canonicalizations.
const (
	Simple Canon = iota
	Relaxed
)

func (c Canon) String() string {
	if c == Relaxed {
		return "relaxed"
	}
	return "simple"
}

// Canonicalization is the c= pair, "relaxed/simple".
func (s *Signature) Canonicalization() string {
	switch {
	case s.HeaderCanon == Relaxed && s.BodyCanon == Relaxed:
		return "relaxed/relaxed"
	case s.HeaderCanon == Relaxed:
		return "relaxed/simple"
	case s.BodyCanon == Relaxed:
		return "simple/relaxed"
	}
	return "simple/simple"
}

// ARC is the chain of RFC 8617 as found: sets by rising instance.
type ARC struct {
	Sets []ARCSet
	// Problem is why the chain's structure is broken (a word of arc.Reason:
	// "missing_field", "duplicate_field", "instance_gap", "instance_range",
	// "cv_invalid", "too_many_sets"), or empty.
	Problem string
}

// ARCSet is one instance.
type ARCSet struct {
	Instance int32
	CV       string // cv= of the seal: none, pass, fail, or what stood there
	Seal     Signature
	Message  Signature
	Results  string // the ARC-Authentication-Results value after i=, unfolded
}

// Recorded is what the trusted receiver wrote on the day.
type Recorded struct {
	AuthservID  string
	SPF, DKIM   string // words of RFC 8601 as written, lower case
	DMARC       string
	Disposition string
	Policy      string // policy.p or "p=" of the dmarc result, where written
	HeaderFrom  string // header.from of the dmarc result
	Category    string // place in the breakdown that a log's words stand for; empty where they stand for none
	// Signatures are the dkim results one by one.
	Signatures []RecordedSignature
}

// RecordedSignature is one dkim= result of an Authentication-Results field, or
// of a log.
type RecordedSignature struct {
	Result, Domain, Selector, Algorithm string
	BPrefix                             string // header.b
	Bits                                int32
}

// AddAnomaly adds a word once.
func (e *Evidence) AddAnomaly(word string) {
	for _, a := range e.Anomalies {
		if a == word {
			return
		}
	}
	e.Anomalies = append(e.Anomalies, word)
}
