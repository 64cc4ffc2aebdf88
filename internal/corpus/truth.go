package corpus

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Any stands in a truth for what is not asserted. Words joined by "|" are
// alternatives: the standards, or a profile, leave the choice open.
const Any = "*"

// Truth is what an auditor has to find in one message.
type Truth struct {
	Scenario      string // which builder made it
	MessageID     string // without angle brackets
	SPF           string
	SPFDomain     string
	DKIM          string // best over the signatures
	ARC           string
	ClientIP      string
	ClientSource  string // word of client_ip_source
	HELO          string
	MailFrom      string // domain of the return path
	From          string // author domain, A-labels
	Authenticated string // "true" or "false"
	ListID        string
	ReceivedAt    time.Time // zero: not asserted

	// What the receiver stamped under the authserv-id RecordedBy.
	RecordedSPF, RecordedDKIM, RecordedDMARC string

	RFC9989, RFC7489 Verdict
}

// RecordedBy is the authserv-id whose stamps the Recorded columns speak of.
const RecordedBy = "mx.example.org"

// Verdict is the part of the truth that depends on the rule book.
type Verdict struct {
	Category      string
	SPFAlignment  string
	DKIMAlignment string
	DMARC         string
	PolicyDomain  string
	Policy        string
	Disposition   string
}

// relation is how near a domain is to the author domain.
type relation int

const (
	unrelated relation = iota
	related            // same organizational domain
	same
)

func (r relation) word() string { return [...]string{"none", "relaxed", "strict"}[r] }

// authID is one authenticated identifier as it was built.
type authID struct {
	passed bool
	rel    relation
}

// facts is what a builder knows of its message under one rule book.
type facts struct {
	spf  authID
	dkim []authID

	policyDomain string // empty: no policy published
	policy       string // that applies: p, sp or np
	strictSPF    bool   // aspf=s
	strictDKIM   bool   // adkim=s
	lowered      bool   // t=y under RFC 9989, pct=0 under RFC 7489: one level milder
}

// aligned tells whether an identifier counts under a mode.
func (a authID) aligned(strict bool) bool {
	return a.passed && (a.rel == same || a.rel == related && !strict)
}

// decide is the contract's breakdown over known facts.
func (f *facts) decide() Verdict {
	v := Verdict{
		PolicyDomain: f.policyDomain, Policy: f.policy,
		SPFAlignment: f.spf.rel.word(), DKIMAlignment: "none", Disposition: "none",
	}
	best := authID{}
	passed := f.spf.aligned(f.strictSPF)
	for _, d := range f.dkim {
		if d.passed && d.rel >= best.rel {
			best = d
		}
		passed = passed || d.aligned(f.strictDKIM)
	}
	v.DKIMAlignment = best.rel.word()
	if f.policyDomain == "" {
		v.Category, v.DMARC = "no_policy", "none"
		// Without a record the tree walk finds no organizational domain, so
		// kinship is nobody's business.
		if f.spf.rel == related {
			v.SPFAlignment = Any
		}
		if best.rel == related {
			v.DKIMAlignment = Any
		}
		return v
	}
	if !passed {
		v.DMARC = "fail"
		v.Disposition = f.failing()
		v.Category = map[string]string{"none": "fail_tolerated", "quarantine": "fail_quarantine", "reject": "fail_reject"}[v.Disposition]
		if f.lowered && v.Disposition != "none" {
			// Milder, and yet not let through: the breakdown's words allow both.
			v.Category = "fail_tolerated|" + v.Category
		}
		return v
	}
	v.DMARC = "pass"
	switch {
	case best == authID{true, same}:
		v.Category = "pass_dkim_strict"
	case f.spf == authID{true, same}:
		v.Category = "pass_spf_strict"
	default:
		v.Category = "pass_relaxed"
	}
	return v
}

// failing is the disposition of a failure.
func (f *facts) failing() string {
	if !f.lowered {
		return f.policy
	}
	if f.policy == "reject" {
		return "quarantine"
	}
	return "none"
}

// truthHeader names the columns of a truth table, those of the dataset where
// the dataset has them; the suffix _rfc7489 marks those under --rules rfc7489.
var truthHeader = strings.Split("source ordinal source_offset scenario message_id category category_rfc7489 "+
	"spf_result spf_domain dkim_result arc_result "+
	"spf_alignment dkim_alignment dmarc_result dmarc_policy_domain dmarc_policy disposition "+
	"spf_alignment_rfc7489 dkim_alignment_rfc7489 dmarc_result_rfc7489 dmarc_policy_domain_rfc7489 dmarc_policy_rfc7489 disposition_rfc7489 "+
	"client_ip client_ip_source helo_domain mail_from_domain header_from_domain authenticated list_id received_at "+
	"recorded_spf recorded_dkim recorded_dmarc", " ")

// place is where a message was written.
type place struct {
	source  string
	ordinal int   // in its source
	offset  int64 // of its From_ line, or 0
}

func (v *Verdict) columns() []string {
	return []string{v.SPFAlignment, v.DKIMAlignment, v.DMARC, v.PolicyDomain, v.Policy, v.Disposition}
}

// row is one line of a truth table, without its line end.
func (t *Truth) row(p place) string {
	received := Any
	if !t.ReceivedAt.IsZero() {
		received = t.ReceivedAt.UTC().Format(time.RFC3339)
	}
	cols := []string{
		p.source, strconv.Itoa(p.ordinal), strconv.FormatInt(p.offset, 10), t.Scenario, t.MessageID,
		t.RFC9989.Category, t.RFC7489.Category, t.SPF, t.SPFDomain, t.DKIM, t.ARC,
	}
	cols = append(cols, t.RFC9989.columns()...)
	cols = append(cols, t.RFC7489.columns()...)
	cols = append(cols, t.ClientIP, t.ClientSource, t.HELO, t.MailFrom, t.From, t.Authenticated, t.ListID, received,
		t.RecordedSPF, t.RecordedDKIM, t.RecordedDMARC)
	if len(cols) != len(truthHeader) {
		panic(fmt.Sprintf("corpus: %d columns for %d names", len(cols), len(truthHeader)))
	}
	return strings.Join(cols, "\t")
}
