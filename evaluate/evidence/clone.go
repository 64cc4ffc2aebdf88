package evidence

import (
	"bytes"
	"slices"
)

// Clone returns a copy that shares nothing but strings, and Detail, with e.
func (e *Evidence) Clone() *Evidence {
	c := *e
	c.Author.Domains = slices.Clone(e.Author.Domains)
	c.Signatures = slices.Clone(e.Signatures)
	for i := range c.Signatures {
		c.Signatures[i].own()
	}
	c.ARC.Sets = slices.Clone(e.ARC.Sets)
	for i := range c.ARC.Sets {
		c.ARC.Sets[i].Seal.own()
		c.ARC.Sets[i].Message.own()
	}
	c.Recorded.Signatures = slices.Clone(e.Recorded.Signatures)
	c.Anomalies = slices.Clone(e.Anomalies)
	return &c
}

// own makes the signature's bytes its own.
func (s *Signature) own() {
	s.BodyHash = bytes.Clone(s.BodyHash)
	s.HeaderHash = bytes.Clone(s.HeaderHash)
	s.UnfoldedHash = bytes.Clone(s.UnfoldedHash)
	s.Signature = bytes.Clone(s.Signature)
}
