// Package report makes one HTML file of a dataset, which needs nothing else to
// be read: what was found, for whom, from where, and how far it can be trusted.
//
//	r, err := report.Collect(ctx, dataset, runtime.GOMAXPROCS(0))
//	...
//	err = r.WriteHTML(w)
//
// [Collect] counts; it asks no DNS and reads no clock, so the same dataset gives
// the same bytes. [Report.WriteHTML] writes. All that comes from mail is escaped
// for where it stands, and a Content-Security-Policy forbids the page to fetch
// anything and to run any script but its own.
package report

import (
	"context"
	"slices"

	"mailaudit/internal/columns"
	"mailaudit/sink"
	"mailaudit/sources"
	"mailaudit/stats"
)

// Report is everything that the page shows.
type Report struct {
	Summary  stats.Summary `json:"summary"`
	Drift    stats.Drift   `json:"drift"`
	Timeline Timeline      `json:"timeline"`
	// Domains are the author domains with the most messages, DomainCount how
	// many there are; the same for Senders.
	Domains     []Domain  `json:"domains"`
	DomainCount int       `json:"domain_count"`
	Senders     []Sender  `json:"senders"`
	SenderCount int       `json:"sender_count"`
	Classes     []Class   `json:"classes"`
	Alignment   Alignment `json:"alignment"`
	Problems    []Problem `json:"problems"`
	Run         Run       `json:"run"`
}

// own are the columns that a tally looks at beside those of packages stats and
// sources.
var own = []string{
	"source", "source_offset", "ordinal", "received_at", "header_from_domain", "malformed", "category", "dmarc_policy",
}

// allColumns are all that is read.
var allColumns = func() []string {
	all := slices.Concat(stats.Columns, stats.DriftColumns, sources.Columns, own)
	slices.Sort(all)
	return slices.Compact(all)
}()

// Columns are the columns of the table messages that Collect reads.
func Columns() []string { return slices.Clone(allColumns) }

// tally counts the rows of a part. Tallies merge in any order.
type tally struct {
	stats     stats.Tally
	drift     stats.DriftTally
	days      days
	domains   domains
	senders   senders
	alignment Alignment

	// Memory for addRows.
	rows   rows
	shares []authorRows
}

func newTally() *tally {
	return &tally{days: make(days), domains: make(domains), senders: newSenders()}
}

// addRows counts rows by their columns.
func (t *tally) addRows(g columns.Group) {
	t.stats.AddRows(g)
	t.drift.AddRows(g)
	t.rows.open(g)
	t.days.addRows(&t.rows)
	t.alignment.addRows(&t.rows)
	t.domains.addRows(&t.rows, &t.shares)
	t.senders.addRows(&t.rows)
}

func (t *tally) merge(o *tally) {
	t.stats.Merge(&o.stats)
	t.drift.Merge(&o.drift)
	t.days.merge(o.days)
	t.domains.merge(o.domains)
	t.senders.merge(&o.senders)
	t.alignment.merge(&o.alignment)
}

// Collect counts the rows of a dataset, its parts side by side. The error is one
// of reading, or of ctx.
func Collect(ctx context.Context, d *sink.Dataset, workers int) (*Report, error) {
	all, err := sink.Tallies(ctx, d, workers, newTally, func(t *tally, s *sink.Scan) { t.addRows(s) })
	if err != nil {
		return nil, err
	}
	total := newTally()
	for i, t := range all {
		t.forget()
		if i == 0 {
			total = t
			continue
		}
		total.merge(t)
		all[i] = nil // its memory is free
	}
	problems, err := collectProblems(d, &total.stats)
	if err != nil {
		return nil, err
	}
	r := total.report()
	r.Problems, r.Run = problems, runOf(&d.Manifest)
	return r, nil
}

// forget frees what only addRows needs.
func (t *tally) forget() {
	t.rows, t.shares = rows{}, nil
	t.senders.way, t.senders.seen = sources.Rows{}, senderPlaces{}
}

// report is what the counts come to.
func (t *tally) report() *Report {
	r := &Report{
		Summary: t.stats.Summary(), Drift: t.drift.Drift(), Timeline: t.days.timeline(),
		DomainCount: len(t.domains), SenderCount: len(t.senders.rows), Classes: t.senders.byClass(),
		Alignment: t.alignment,
	}
	r.Domains, r.Senders = t.domains.top(), t.senders.top()
	return r
}
