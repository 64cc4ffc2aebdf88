package sources

import (
	"math/bits"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
)

// Evidence is a set of what speaks for or against a class.
type Evidence uint16

// The pieces of evidence.
const (
	AlignedDKIM   Evidence = 1 << iota // a signature of the author's domain passes
	AlignedSPF                         // SPF passes for the author's domain
	BrokenDKIM                         // a signature of the author's domain does not verify
	OtherDKIM                          // a signature of another domain passes
	OtherSPF                           // SPF passes for another domain
	RefusedBySPF                       // SPF fails for a return path of the author's domain
	UnprovenSPF                        // a return path of the author's domain that SPF neither confirms nor refuses
	ListHeader                         // List-Id, which anybody can write
	ListFooter                         // the body verifies once the text below a separator is taken off
	ValidARC                           // an ARC chain that verifies
	OwnHost                            // the client's name, by its address or by SPF, is in the author's domain
	NothingAtAll                       // no signature, and no pass of SPF
	NoClient                           // the client's address is unknown, so SPF cannot speak
	BrokenSPF                          // the SPF record of a return path of the author's domain is in error
	evidenceCount = iota
)

var evidenceWords = [...]string{
	"aligned_dkim", "aligned_spf", "broken_dkim", "other_dkim", "other_spf", "refused_by_spf", "unproven_spf",
	"list_header", "list_footer", "valid_arc", "own_host", "nothing_at_all", "client_unknown", "broken_spf",
}

// Words are the stable words of the set, in a fixed order.
func (e Evidence) Words() []string {
	out := make([]string, 0, bits.OnesCount16(uint16(e)))
	for i := range evidenceCount {
		if e&(1<<i) != 0 {
			out = append(out, evidenceWords[i])
		}
	}
	return out
}

func (e Evidence) has(f Evidence) bool { return e&f != 0 }

// collect gathers the evidence.
func collect(f *Facts, org string) Evidence {
	e := ofSPF(f.SPFPassed, f.SPFFailed, f.SPFBroken, f.SPFAlignment)
	for i := range f.Signatures {
		s := &f.Signatures[i]
		e |= ofSignature(s.Passed, s.Alignment)
		e.add(s.Damage == evidence.DamageListFooter, ListFooter)
	}
	e.add(f.ListID != "", ListHeader)
	e.add(f.ARCPassed, ValidARC)
	e.add(!f.Client.IsValid(), NoClient)
	e.add(within(f.ClientName, org) || f.HELOPassed && within(f.HELO, org), OwnHost)
	e.add(!f.SPFPassed && len(f.Signatures) == 0, NothingAtAll)
	return e
}

// ofSPF is the evidence of SPF for the MAIL FROM identity.
func ofSPF(passed, failed, broken bool, a dmarc.Alignment) Evidence {
	var e Evidence
	own := aligned(a)
	e.add(passed && own, AlignedSPF)
	e.add(passed && !own, OtherSPF)
	e.add(failed && own, RefusedBySPF)
	e.add(!passed && !failed && own, UnprovenSPF)
	e.add(broken && own, BrokenSPF)
	return e
}

// ofSignature is the evidence of one signature.
func ofSignature(passed bool, a dmarc.Alignment) Evidence {
	switch own := aligned(a); {
	case passed && own:
		return AlignedDKIM
	case passed:
		return OtherDKIM
	case own:
		return BrokenDKIM
	}
	return 0
}

func (e *Evidence) add(holds bool, piece Evidence) {
	if holds {
		*e |= piece
	}
}

// classify weighs the evidence; the first that fits.
func classify(f *Facts, org string) Source {
	e := collect(f, org)
	c, w := e.class()
	return Source{Class: c, Confidence: w, Evidence: e}
}

func (e Evidence) class() (Class, Confidence) {
	switch {
	// What was signed by its author and came from where the author's SPF record
	// does not allow was passed on; ARC says so in the forwarder's own name.
	case e.has(AlignedDKIM) && !e.has(AlignedSPF|OwnHost) && e.has(ValidARC):
		return Forwarder, High
	case e.has(AlignedDKIM) && !e.has(AlignedSPF|OwnHost) && e.has(ListHeader):
		return MailingList, Medium
	case e.has(AlignedDKIM) && e.has(RefusedBySPF|UnprovenSPF) && !e.has(OwnHost|NoClient):
		return Forwarder, Medium // or a host of its own that its SPF record lacks
	case e.has(AlignedDKIM | AlignedSPF):
		return Own, High
	}
	return e.unalignedClass()
}

// unalignedClass is for what has no aligned pass: what a policy hurts.
func (e Evidence) unalignedClass() (Class, Confidence) {
	switch {
	case e.has(ListFooter) && e.has(ListHeader|OtherSPF|OtherDKIM):
		return MailingList, High
	case e.has(ListHeader) && e.has(BrokenDKIM) && e.has(OtherSPF|OtherDKIM|ValidARC),
		e.has(ListFooter):
		return MailingList, Medium
	case e.has(ListHeader) && e.has(OtherSPF|OtherDKIM):
		return MailingList, Low // any bulk sender may write List-Id
	case e.has(OwnHost):
		return OwnUnaligned, Medium
	case e.has(ValidARC):
		return Forwarder, Medium
	case e.has(OtherDKIM) && e.has(OtherSPF):
		return ThirdParty, Medium
	case e.has(BrokenDKIM) && e.has(OtherSPF), e.has(OtherDKIM):
		return ThirdParty, Low
	case e.has(OtherSPF):
		return ThirdParty, Low
	case e.has(BrokenDKIM):
		return Unknown, Low // changed on its way, or made up
	case e.has(RefusedBySPF):
		return LikelyForgery, Medium
	case e.has(NothingAtAll) && !e.has(NoClient|ListHeader):
		return LikelyForgery, Low
	}
	return Unknown, Low
}
