package stats

import (
	"cmp"
	"slices"
	"strings"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
	"mailaudit/internal/columns"
)

// driftColumns are the columns that tell of a row that has a recorded result.
type driftColumns struct {
	recorded [4]*columns.Vector // spf, dkim, dmarc, disposition

	source, offset, ordinal     *columns.Vector
	category, disposition       *columns.Vector
	spf, spfReason, helo, dmarc *columns.Vector
	dkim, dkimReason, dkimBest  *columns.Vector
	repaired                    *columns.Vector // nil: none is
}

// recordedColumns are in the order of driftColumns.recorded.
var recordedColumns = [...]string{"recorded_spf", "recorded_dkim", "recorded_dmarc", "recorded_disposition"}

// AddRows compares the row group that a scan is at: what Add does for each
// record. Rows that are the same in all that is compared are compared once. Where
// no row has a recorded result, it asks for nothing else.
func (t *DriftTally) AddRows(scan columns.Group) {
	if !slices.ContainsFunc(recordedColumns[:], func(name string) bool { return len(scan.Words(name)) > 0 }) {
		return
	}
	c := openDrift(scan)
	t.kinds.find(c, scan.Rows())
	r := newDriftRecord()
	at := 0
	t.messageID = func() string { return strings.Clone(scan.Column("message_id").Text(at)) }
	defer func() { t.messageID = nil }()
	for i := range t.kinds.of {
		k := &t.kinds.of[i]
		n := k.count
		for _, row := range slices.Backward(k.first()) {
			at = int(row)
			c.fill(r, at)
			if at == int(k.rows[0]) {
				t.add(&r.Record, n) // the first stands for the rest
				break
			}
			t.add(&r.Record, 1)
			n--
		}
	}
}

func openDrift(scan columns.Group) *driftColumns {
	c, column := new(driftColumns), scan.Column
	for i, name := range recordedColumns {
		c.recorded[i] = column(name)
	}
	c.source, c.category, c.disposition = column("source"), column("category"), column("disposition")
	c.offset, c.ordinal = column("source_offset"), column("ordinal")
	c.spf, c.spfReason, c.helo, c.dmarc = column("spf_result"), column("spf_reason"), column("spf_helo_result"), column("dmarc_result")
	c.dkim, c.dkimReason, c.dkimBest = column("dkim.result"), column("dkim.reason"), column("dkim_best")
	if scan.Trues("dkim.repaired") > 0 {
		c.repaired = column("dkim.repaired")
	}
	return c
}

// compare puts rows in the order of examples.
func (c *driftColumns) compare(i, j int32) int {
	if o := cmp.Compare(c.ordinal.Numbers[i], c.ordinal.Numbers[j]); o != 0 {
		return o
	}
	return cmp.Or(cmp.Compare(c.source.Text(int(i)), c.source.Text(int(j))), cmp.Compare(c.offset.Numbers[i], c.offset.Numbers[j]))
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
	e.Recorded.SPF, e.Recorded.DKIM = c.recorded[0].Text(i), c.recorded[1].Text(i)
	e.Recorded.DMARC, e.Recorded.Disposition = c.recorded[2].Text(i), c.recorded[3].Text(i)
	e.Origin.Source, e.Origin.Offset, e.Origin.Ordinal = c.source.Text(i), c.offset.Numbers[i], c.ordinal.Numbers[i]
	v.Category, v.Disposition = evaluate.Category(c.category.Text(i)), dmarc.Disposition(c.disposition.Text(i))
	r.spf.Result, r.spf.Reason = spf.Result(c.spf.Text(i)), spf.Reason(c.spfReason.Text(i))
	v.SPFHelo = nil
	if r.helo.Result = spf.Result(c.helo.Text(i)); r.helo.Result != "" {
		v.SPFHelo = &r.helo
	}
	v.DMARC.Result = dmarc.Result(c.dmarc.Text(i))
	c.fillDKIM(r, i)
}

// fillDKIM fills in the signature that dkim_result speaks of: the only one that
// is looked at.
func (c *driftColumns) fillDKIM(r *driftRecord, i int) {
	e, v := &r.evidence, &r.Verdict
	e.Signatures, v.DKIM, v.DKIMBest = nil, nil, -1
	j := c.best(i)
	if j < 0 {
		return
	}
	r.outcomes[0] = dkim.Outcome{Result: dkim.Result(c.dkim.Text(j)), Reason: dkim.Reason(c.dkimReason.Text(j))}
	r.signatures[0] = evidence.Signature{Repaired: c.repaired != nil && c.repaired.Bool(j)}
	e.Signatures, v.DKIM, v.DKIMBest = r.signatures[:], r.outcomes[:], 0
}

// best is the place of the signature that dkim_result speaks of; -1: none.
func (c *driftColumns) best(i int) int {
	from, to := c.dkim.Span(i)
	best := c.dkimBest.Numbers[i]
	if best == columns.NoNumber || from == to {
		return -1
	}
	return from + min(int(best), to-from-1)
}
