package sources

import (
	"sync"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
	"mailaudit/internal/columns"
)

// Columns are the columns of the table messages that Rows looks at.
var Columns = []string{
	"header_from_domain", "mail_from_domain", "helo_domain", "client_ip", "client_name", "list_id", "spf_result", "spf_alignment",
	"spf_helo_result", "dkim.domain", "dkim.result", "dkim.alignment", "dkim.damage", "arc_result", "arc.domain",
}

// Rows names and classes the senders of rows by their columns: what Identify does
// by Facts, many times quicker. The zero Rows is ready; it is for one goroutine.
type Rows struct {
	names names

	author, returnPath, helo, clientName hosts
	lists, signer, sealer                hosts
	client                               clients

	spf, spfNear                  columns.Marks
	signature, near, footer       columns.Marks
	heloPassed, chainPassed, list columns.Marks
}

// Sender is a sender within one Rows.
type Sender struct {
	Name       Name
	Class      Class
	Confidence Confidence
}

// Name stands for a name within one Rows: equal names are equal numbers, from 1
// up without gaps.
type Name int32

// Name is the name that a number stands for: that of Source.
func (r *Rows) Name(n Name) string { return r.names.all[n] }

// Open goes on with other rows.
func (r *Rows) Open(g columns.Group) {
	r.names.begin()
	r.author.reset(g.Column("header_from_domain"), &r.names)
	r.returnPath.reset(g.Column("mail_from_domain"), &r.names)
	r.helo.reset(g.Column("helo_domain"), &r.names)
	r.clientName.reset(g.Column("client_name"), &r.names)
	r.lists.reset(g.Column("list_id"), &r.names)
	r.signer.reset(g.Column("dkim.domain"), &r.names)
	r.sealer.reset(g.Column("arc.domain"), &r.names)
	r.client.reset(g.Column("client_ip"), &r.names)
	r.mark(g)
}

// mark finds out what the words of the rows say.
func (r *Rows) mark(g columns.Group) {
	near := func(w string) uint8 { return bit(aligned(dmarc.Alignment(w))) }
	passed := func(w string) uint8 { return bit(w == passWord) }
	r.spf.Reset(g.Column("spf_result"), spfOutcome)
	r.spfNear.Reset(g.Column("spf_alignment"), near)
	r.signature.Reset(g.Column("dkim.result"), passed)
	r.near.Reset(g.Column("dkim.alignment"), near)
	r.footer.Reset(g.Column("dkim.damage"), func(w string) uint8 { return bit(w == evidence.DamageListFooter) })
	r.heloPassed.Reset(g.Column("spf_helo_result"), passed)
	r.chainPassed.Reset(g.Column("arc_result"), passed)
	r.list.Reset(r.lists.Vector, func(w string) uint8 { return bit(w != "") })
}

// passWord is the word of a pass, whatever the method (RFC 8601 section 2.7).
const passWord = "pass"

// spfOutcome is what a result of SPF is evidence of.
func spfOutcome(result string) uint8 {
	switch spf.Result(result) {
	case spf.Pass:
		return 1
	case spf.Fail:
		return 2
	case spf.PermError:
		return 3
	}
	return 0
}

// The evidence of results, by spfOutcome or whether a signature passes, and by
// whether the domain is the author's.
var spfEvidence, signatureEvidence = evidenceTables()

func evidenceTables() (bySPF [4][2]Evidence, bySignature [2][2]Evidence) {
	for i, near := range [2]dmarc.Alignment{dmarc.NotAligned, dmarc.Strict} {
		for is := range bySPF {
			bySPF[is][i] = ofSPF(is == 1, is == 2, is == 3, near)
		}
		bySignature[0][i], bySignature[1][i] = ofSignature(false, near), ofSignature(true, near)
	}
	return bySPF, bySignature
}

func bit(b bool) uint8 {
	if b {
		return 1
	}
	return 0
}

// At is the sender of a row, which must have an author domain.
func (r *Rows) At(i int) Sender {
	e := r.evidence(i)
	s := classes()[e]
	s.Name = r.name(i, e, s.Class)
	return s
}

// classes are the senders by evidence, without names.
var classes = sync.OnceValue(func() *[1 << evidenceCount]Sender {
	all := new([1 << evidenceCount]Sender)
	for e := range all {
		all[e].Class, all[e].Confidence = Evidence(e).class()
	}
	return all
})

// evidence gathers the evidence of a row.
func (r *Rows) evidence(i int) Evidence {
	e := spfEvidence[r.spf.At(i)&3][r.spfNear.At(i)&1]
	from, to := r.signer.Span(i)
	e.add(from == to && !e.has(AlignedSPF|OtherSPF), NothingAtAll)
	for j := from; j < to; j++ {
		e |= r.signed(j)
	}
	for j := from; j < to && r.footer.Any; j++ {
		e.add(r.footer.Is(j), ListFooter)
	}
	e.add(r.list.Is(i), ListHeader)
	e.add(r.chainPassed.Is(i), ValidARC)
	e.add(!r.client.known.Is(i), NoClient)
	org := r.author.org(i)
	e.add(r.clientName.within(i, org) || r.heloPassed.Is(i) && r.helo.within(i, org), OwnHost)
	return e
}

// signed is the evidence of signature j.
func (r *Rows) signed(j int) Evidence { return signatureEvidence[r.signature.At(j)&1][r.near.At(j)&1] }

// name names the sender of a row.
func (r *Rows) name(i int, e Evidence, c Class) Name {
	for _, s := range c.steps() {
		if n := r.step(s, i, e); n != noName {
			return n
		}
	}
	return unknownSender
}

// step is the name that a step gives.
func (r *Rows) step(s step, i int, e Evidence) Name {
	switch s {
	case signer:
		return r.passedSigner(i)
	case listSigner:
		return r.listed(i)
	case returnPath:
		return r.returnPath.where(e.has(AlignedSPF|OtherSPF), i)
	case foreignReturnPath:
		return r.returnPath.where(e.has(OtherSPF), i)
	case helo:
		return r.helo.where(r.heloPassed.Is(i), i)
	case claimedHELO:
		return r.helo.org(i)
	case reverseName:
		return r.clientName.org(i)
	case sealer:
		from, to := r.sealer.Span(i)
		return r.sealer.where(r.chainPassed.Is(i) && from < to, to-1)
	case network:
		return r.client.network(i)
	}
	return noName
}

// passedSigner is that of the signature that passed.
func (r *Rows) passedSigner(i int) Name {
	best := -1
	for j, to := r.signer.Span(i); j < to; j++ {
		switch r.signed(j) {
		case AlignedDKIM:
			return r.signer.org(j)
		case OtherDKIM:
			if best < 0 {
				best = j
			}
		}
	}
	return r.signer.where(best >= 0, best)
}

// listed is a signature that passes in the domain that List-Id names.
func (r *Rows) listed(i int) Name {
	list := r.lists.org(i)
	if list == noName {
		return noName
	}
	for j, to := r.signer.Span(i); j < to; j++ {
		if r.signed(j).has(AlignedDKIM|OtherDKIM) && r.signer.org(j) == list {
			return list
		}
	}
	return noName
}
