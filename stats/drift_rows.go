package stats

import (
	"slices"
	"strings"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// driftColumns are the columns that tell of a row that has a recorded result.
type driftColumns struct {
	recorded [4]Column // spf, dkim, dmarc, disposition

	source, category, disposition    Column
	offset, ordinal                  Column
	spf, spfReason, helo, dmarc      Column
	dkim, dkimReason, repaired, best Column
}

// AddRows compares rows by their columns, which gives those of DriftColumns and
// Columns: what Add does for each record. Where no row has a recorded result, it
// asks for nothing else.
func (t *DriftTally) AddRows(count int, column func(name string) Column) {
	var c driftColumns
	any := false
	for i, name := range [...]string{"recorded_spf", "recorded_dkim", "recorded_dmarc", "recorded_disposition"} {
		c.recorded[i] = column(name)
		any = any || len(c.recorded[i].Dict) > 0
	}
	if !any {
		return
	}
	c.open(column)
	r := newDriftRecord()
	at := 0
	t.messageID = func() string {
		c := column("message_id")
		return strings.Clone(c.text(at))
	}
	defer func() { t.messageID = nil }()
	for i := range count {
		if slices.ContainsFunc(c.recorded[:], func(c Column) bool { return c.Codes[i] >= 0 }) {
			at = i
			c.fill(r, i)
			t.Add(&r.Record)
		}
	}
}

func (c *driftColumns) open(column func(name string) Column) {
	c.source, c.category, c.disposition = column("source"), column("category"), column("disposition")
	c.offset, c.ordinal = column("source_offset"), column("ordinal")
	c.spf, c.spfReason, c.helo, c.dmarc = column("spf_result"), column("spf_reason"), column("spf_helo_result"), column("dmarc_result")
	c.dkim, c.dkimReason, c.repaired, c.best = column("dkim.result"), column("dkim.reason"), column("dkim.repaired"), column("dkim_best")
}

// driftRecord is a record with what Add looks at, and the memory for it.
type driftRecord struct {
	evaluate.Record
	evidence   evidence.Evidence
	spf, helo  spf.Outcome
	signatures [1]evidence.Signature
	outcomes   [1]dkim.Outcome
}

func newDriftRecord() *driftRecord {
	r := new(driftRecord)
	r.Evidence, r.Verdict.SPF = &r.evidence, &r.spf
	return r
}

func (c *driftColumns) fill(r *driftRecord, i int) {
	e, v := &r.evidence, &r.Verdict
	e.Recorded.SPF, e.Recorded.DKIM = c.recorded[0].text(i), c.recorded[1].text(i)
	e.Recorded.DMARC, e.Recorded.Disposition = c.recorded[2].text(i), c.recorded[3].text(i)
	e.Origin.Source, e.Origin.Offset, e.Origin.Ordinal = c.source.text(i), c.offset.Numbers[i], c.ordinal.Numbers[i]
	v.Category, v.Disposition = evaluate.Category(c.category.text(i)), dmarc.Disposition(c.disposition.text(i))
	r.spf.Result, r.spf.Reason = spf.Result(c.spf.text(i)), spf.Reason(c.spfReason.text(i))
	v.SPFHelo = nil
	if r.helo.Result = spf.Result(c.helo.text(i)); r.helo.Result != "" {
		v.SPFHelo = &r.helo
	}
	v.DMARC.Result = dmarc.Result(c.dmarc.text(i))
	c.fillDKIM(r, i)
}

// fillDKIM fills in the signature that dkim_result speaks of: the only one that
// is looked at.
func (c *driftColumns) fillDKIM(r *driftRecord, i int) {
	e, v := &r.evidence, &r.Verdict
	e.Signatures, v.DKIM, v.DKIMBest = nil, nil, -1
	from, to := int(c.dkim.First[i]), int(c.dkim.First[i+1])
	best := c.best.Numbers[i]
	if best == NoNumber || from == to {
		return
	}
	j := from + min(int(best), to-from-1)
	r.outcomes[0] = dkim.Outcome{Result: dkim.Result(c.dkim.text(j)), Reason: dkim.Reason(c.dkimReason.text(j))}
	r.signatures[0] = evidence.Signature{Repaired: c.repaired.Numbers[j] == 1}
	e.Signatures, v.DKIM, v.DKIMBest = r.signatures[:], r.outcomes[:], 0
}
