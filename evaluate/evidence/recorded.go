package evidence

import (
	"bytes"
	"strings"
)

// recordResults fills Recorded from the Authentication-Results fields that one
// of ids wrote (RFC 8601 §5: a field is trusted by its authserv-id, compared
// without case). ids are lower case.
//
// For each method the topmost trusted field that has it counts. Several fields
// between the same two Received fields are one stamp (milters write one each),
// so their dkim results are taken together. Whoever sent the message could
// write a field with the same id; RFC 8601 §5 has the receiver remove those, but
// not all do: where a result stood below the boundary, the anomaly
// "recorded_below_boundary" says so. Without a trusted spf result the
// Received-SPF field (RFC 7208 §9.1) above the boundary's end fills in.
func (e *Evidence) recordResults(h *Header, ids []string) {
	if h.Count(KindAuthResults) == 0 && h.Count(KindReceivedSPF) == 0 {
		return
	}
	r := resultRecorder{e: e, cutoff: int(e.Envelope.Hop) + 1}
	if e.Envelope.Hop < 0 {
		r.cutoff = h.Count(KindReceived)
	}
	var spf *Field
	for i := range h.Fields {
		f := &h.Fields[i]
		switch f.Kind {
		case KindReceived:
			r.gap++
		case KindReceivedSPF:
			// Below the boundary's own field anybody could have written it, and
			// unlike Authentication-Results nobody strips forged ones (RFC 7208
			// §9.1: the receiver puts its field above).
			if spf == nil && (e.Envelope.Hop < 0 || r.gap < r.cutoff) {
				spf = f
			}
		case KindAuthResults:
			if id := trustedID(f.Value, ids); id != "" {
				r.field(id, f.Value)
			}
		}
	}
	if !r.hasSPF && spf != nil {
		e.Recorded.SPF = parseReceivedSPF(spf.Value).Result
	}
	e.Recorded.DKIM = bestRecorded(e.Recorded.Signatures)
	if e.Recorded.DKIM == "" {
		e.Recorded.DKIM = r.unsigned
	}
	if r.below {
		e.AddAnomaly("recorded_below_boundary")
	}
}

// trustedID returns the id of a field where it is one of ids, else "".
func trustedID(value []byte, ids []string) string {
	id := authservID(value)
	for _, want := range ids {
		if equalFold(id, want) {
			return want
		}
	}
	return ""
}

// resultRecorder is the walk over the trusted fields. A gap is the number of
// Received fields above; -1 is never one.
type resultRecorder struct {
	e                 *Evidence
	gap, cutoff       int
	spfGap, dkimGap   int
	hasSPF, spfIsHELO bool
	hasDKIM, hasDMARC bool
	below             bool
	unsigned          string // a dkim result about no signature ("none")
}

func (r *resultRecorder) field(id string, value []byte) {
	_, methods := parseAuthResults(value)
	if r.e.Recorded.AuthservID == "" {
		r.e.Recorded.AuthservID = id
	}
	for i := range methods {
		m := &methods[i]
		used := false
		switch m.Method {
		case "spf":
			used = r.spf(m)
		case "dkim":
			used = r.dkim(m)
		case "dmarc":
			used = r.dmarc(m)
		}
		r.below = r.below || used && r.gap > r.cutoff
	}
}

// spf takes the topmost result; one about MAIL FROM is preferred to one about
// HELO in the same stamp, for DMARC uses the former only.
func (r *resultRecorder) spf(m *AuthMethod) bool {
	isHELO := m.mailFrom() == "" && m.Property("smtp.helo") != ""
	if r.hasSPF && (r.gap != r.spfGap || !r.spfIsHELO || isHELO) {
		return false
	}
	r.hasSPF, r.spfGap, r.spfIsHELO = true, r.gap, isHELO
	r.e.Recorded.SPF = m.Result
	return true
}

// mailFrom returns the envelope sender, or its domain, that a result names.
func (m *AuthMethod) mailFrom() string {
	for _, name := range [...]string{"smtp.mailfrom", "smtp.mail", "smtp.envelope-from"} {
		if v := m.Property(name); v != "" {
			return v
		}
	}
	return ""
}

func (r *resultRecorder) dkim(m *AuthMethod) bool {
	if r.hasDKIM && r.gap != r.dkimGap {
		return false
	}
	r.hasDKIM, r.dkimGap = true, r.gap
	s := RecordedSignature{
		Result: m.Result, Selector: m.Property("header.s"), Algorithm: m.Property("header.a"),
		BPrefix: strings.Join(strings.Fields(m.Property("header.b")), ""), Bits: m.bits(), // folding of b= is no part of it
	}
	d := m.Property("header.d")
	if d == "" {
		if i := m.Property("header.i"); i != "" {
			d = i[bytes.LastIndexByte([]byte(i), '@')+1:]
		}
	}
	s.Domain, _ = domainOf([]byte(d))
	if m.Result == "none" || s.Domain == "" && s.BPrefix == "" && s.Selector == "" {
		r.unsigned = m.Result // RFC 8601 §2.7.1: "none" speaks of no signature
		return true
	}
	if len(r.e.Recorded.Signatures) < maxMethods {
		r.e.Recorded.Signatures = append(r.e.Recorded.Signatures, s)
	}
	return true
}

func (r *resultRecorder) dmarc(m *AuthMethod) bool {
	if r.hasDMARC {
		return false
	}
	r.hasDMARC = true
	rec := &r.e.Recorded
	rec.DMARC = m.Result
	rec.HeaderFrom, _ = domainOf([]byte(m.Property("header.from")))
	// polrec.p is of the drafts of RFC 9989; the longest name is Fastmail's.
	rec.Policy = m.first("polrec.p", "policy.p", "policy.published-domain-policy")
	if rec.Policy == "" {
		rec.Policy = m.commentValue("p", "policy")
	}
	// policy.dmarc is RFC 9989 §9.1's; "action" is Microsoft's.
	rec.Disposition = m.first("policy.applied-disposition", "policy.dmarc", "action")
	if rec.Disposition == "" {
		rec.Disposition = m.commentValue("dis", "d", "disposition")
	}
	return true
}

// first returns the first property that is there, in lower case.
func (m *AuthMethod) first(names ...string) string {
	for _, n := range names {
		if v := m.Property(n); v != "" {
			return string(bytes.ToLower([]byte(v)))
		}
	}
	return ""
}

// dkimRank orders recorded results as the best of computed ones is chosen.
var dkimRank = [...]string{"pass", "temperror", "policy", "fail", "neutral", "permerror", "none"}

// bestRecorded returns the best result; a word of no RFC comes last.
func bestRecorded(s []RecordedSignature) string {
	for _, w := range dkimRank {
		for i := range s {
			if s[i].Result == w {
				return w
			}
		}
	}
	if len(s) > 0 {
		return s[0].Result
	}
	return ""
}
