package evidence

import (
	"bytes"

	"mailaudit/reader"
)

// Words of Signature.Damage: what a store or a list did to the body, found by
// undoing it and comparing with bh=.
const (
	// DamageFromQuoting: lines beginning with "From " were quoted, or unquoted,
	// in another way than the file's dialect says. Where the dialect leaves
	// ">From " ambiguous, the body hash tells which bytes were sent, and the
	// signature is judged by them.
	DamageFromQuoting = "from_quoting"
)

// repair looks for an explanation where a body hash does not match. It costs
// nothing for messages that verify.
func (x *Extractor) repair(e *Evidence, body []byte, q reader.Quoting) {
	if !x.anyMismatch() {
		return
	}
	x.otherQuotings(e, body, q)
}

func (x *Extractor) anyMismatch() bool {
	for i := range x.pending {
		if !x.pending[i].sig.BodyHashMatch && x.pending[i].sig.Problem == "" {
			return true
		}
	}
	return false
}

// otherQuotings tries the other readings of quoted From lines.
func (x *Extractor) otherQuotings(e *Evidence, body []byte, q reader.Quoting) {
	if !bytes.Contains(body, quotedFrom) {
		return
	}
	for _, other := range [...]reader.Quoting{reader.QuotingNone, reader.QuotingMboxo, reader.QuotingMboxrd} {
		if other == q {
			continue
		}
		x.bodies.restart()
		x.bodies.unquote.reset(other)
		x.bodies.unquote.write(body, &x.bodies)
		x.bodies.unquote.finish(&x.bodies)
		x.bodies.finish()
		x.adopt(e, DamageFromQuoting)
	}
}

// adopt takes another reading of the body for the signatures that match it.
func (x *Extractor) adopt(e *Evidence, damage string) {
	for i := range x.pending {
		p := &x.pending[i]
		if p.sig.BodyHashMatch || p.sig.Problem != "" || !bytes.Equal(p.body.sum, p.bh) {
			continue
		}
		p.sig.BodyHash = bytes.Clone(p.body.sum)
		p.sig.BodyHashMatch, p.sig.Repaired, p.sig.Damage = true, true, damage
		e.AddAnomaly("repaired_" + damage)
	}
}
