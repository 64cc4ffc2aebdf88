package impact

import (
	"fmt"
	"math/bits"
	"strings"

	"mailaudit/sources"
	"mailaudit/stats"
)

// Mend is something that would make a sender's messages pass.
type Mend struct {
	Do   string `json:"do"`   // a stable word
	Text string `json:"text"` // for people; printable ASCII
	// Messages is how many of those that would be hurt it looks right for.
	Messages int64 `json:"messages"`
}

// The words of Mend.Do.
const (
	MendSign       = "sign"        // sign with d= of the author domain
	MendReturnPath = "return_path" // use a return path below the author domain
	MendSPF        = "spf"         // add the client to the SPF record
	MendSignature  = "signature"   // stop what breaks the signature
	MendMode       = "mode"        // the identifiers are relaxed, the policy is strict
	MendList       = "list"        // rewrite From, or leave messages alone
	MendTrust      = "trust"       // receivers trust the forwarder, or its ARC seal
)

// longestName is how much of a name the advice shows.
const longestName = 60

// mends says what would help, by the evidence of the messages.
func (s *sender) mends(k senderKey) []Mend {
	author, name := stats.Clip(k.author, longestName), stats.Clip(k.name, longestName)
	var out []Mend
	add := func(n int64, do, format string, args ...any) {
		if n > 0 {
			out = append(out, Mend{do, fmt.Sprintf(format, args...), n})
		}
	}
	add(s.strict, MendMode, "aligned in relaxed mode only: sign with d=%s itself, or publish adkim=r and aspf=r", author)
	switch k.class {
	case sources.MailingList:
		add(s.of(sources.BrokenDKIM), MendList, "the list breaks the author's signature: have it rewrite From, or neither footer nor subject tag")
		add(s.of(sources.ValidARC), MendTrust, "receivers that trust its ARC seals let it through (see --honor-arc)")
		add(s.without(sources.BrokenDKIM), MendSign, "sign with d=%s before the list, so that it can pass unchanged mail on", author)
	case sources.Forwarder:
		add(s.of(sources.BrokenDKIM), MendSignature, "it changes what it forwards: signatures of %s break", author)
		add(s.without(sources.BrokenDKIM|sources.AlignedDKIM), MendSign, "sign with d=%s: a signature outlives forwarding, SPF does not", author)
		add(s.of(sources.ValidARC), MendTrust, "receivers that trust its ARC seals let it through (see --honor-arc)")
	case sources.ThirdParty:
		add(s.of(sources.OtherDKIM), MendSign, "have it sign with d=%s; it signs for itself already", author)
		add(s.of(sources.BrokenDKIM), MendSignature, "its signatures of %s do not verify: check the key, and what changes its mail", author)
		add(s.of(sources.OtherSPF), MendReturnPath, "or give it a return path below %s, with an SPF record that names it", author)
		add(s.without(sources.OtherDKIM|sources.BrokenDKIM), MendSign, "have it sign with d=%s", author)
	default:
		add(s.of(sources.BrokenSPF), MendSPF, "repair the SPF record of its return path, which is in error (permerror)")
		add(s.of(sources.RefusedBySPF)+s.of(sources.UnprovenSPF)-s.of(sources.BrokenSPF), MendSPF,
			"add %s to the SPF record of its return path", s.where(name))
		add(s.of(sources.BrokenDKIM), MendSignature, "its signatures of %s do not verify: check the key, and what changes its mail", author)
		add(s.without(sources.BrokenDKIM|sources.AlignedDKIM), MendSign, "have it sign with d=%s", author)
		add(s.of(sources.OtherSPF), MendReturnPath, "align the return path: one below %s", author)
	}
	return out
}

// of is how many messages have a piece of evidence.
func (s *sender) of(e sources.Evidence) int64 { return s.evidence[bits.TrailingZeros16(uint16(e))] }

// without is how many have none of some pieces, at most.
func (s *sender) without(e sources.Evidence) int64 {
	n := s.changed()
	for i, k := range s.evidence {
		if e&(1<<i) != 0 {
			n = min(n, s.changed()-k)
		}
	}
	return n
}

// where is what to put into an SPF record.
func (s *sender) where(name string) string {
	if len(s.networks) == 0 {
		return name
	}
	return "its hosts (in " + strings.Join(s.networks, ", ") + ")"
}
