package dkim

import (
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
)

// Kind is which of the three signatures a field holds.
type Kind uint8

// The kinds, each judged by a method of Verifier.
const (
	Message    Kind = iota // DKIM-Signature: Verify
	ARCMessage             // ARC-Message-Signature: VerifyARCMessage
	Seal                   // ARC-Seal: VerifySeal
)

// KeyQuestion is the question that judging a signature as of a moment puts; ok
// is false where the field itself decides. Whoever knows signatures before their
// time can ask ahead.
func (v *Verifier) KeyQuestion(s *evidence.Signature, k Kind, at time.Time) (q dns.Question, ok bool) {
	j := judgement{v: v, sig: s, at: at, arc: k != Message, seal: k == Seal}
	if f := j.field(); f.reason != "" {
		return q, false
	}
	return dns.Question{Name: publishedAt(s), Type: dns.TypeTXT, At: at}, true
}

// publishedAt is where the key is published (RFC 6376 §3.6.2.1).
func publishedAt(s *evidence.Signature) string { return s.Selector + "._domainkey." + s.Domain }
