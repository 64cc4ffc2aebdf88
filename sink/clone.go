package sink

import (
	"slices"

	"mailaudit/evaluate"
	"mailaudit/evaluate/spf"
)

// Clone copies a record of [Dataset.Records], so that it outlives the next one.
// Strings and answers are shared: nobody changes those.
func Clone(r *evaluate.Record) *evaluate.Record {
	c := *r
	c.Evidence = r.Evidence.Clone()
	v := &c.Verdict
	v.SPF, v.SPFHelo = cloneSPF(v.SPF), cloneSPF(v.SPFHelo)
	v.DKIM = slices.Clone(v.DKIM)
	v.ARC.Sets = slices.Clone(v.ARC.Sets)
	v.DMARC.DKIMAlignments = slices.Clone(v.DMARC.DKIMAlignments)
	if p := v.DMARC.Record; p != nil {
		q := *p
		q.Problems = slices.Clone(q.Problems)
		v.DMARC.Record = &q
	}
	return &c
}

func cloneSPF(o *spf.Outcome) *spf.Outcome {
	if o == nil {
		return nil
	}
	c := *o
	c.Chain = slices.Clone(c.Chain)
	return &c
}
