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
	"cmp"
	"context"
	"iter"
	"slices"

	"mailaudit/evaluate"
	"mailaudit/internal/pipeline"
	"mailaudit/sink"
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

// own are the columns that a tally needs of records, beside what it counts column
// by column.
var own = []string{
	"source", "source_offset", "ordinal", "received_at", "header_from_domain", "author_problem", "malformed", "category",
	"mail_from_domain", "helo_domain", "client_ip", "client_name", "list_id", "spf_result", "spf_alignment", "spf_helo_result",
	"dkim.domain", "dkim.result", "dkim.alignment", "dkim.damage", "arc_result", "arc.domain", "dmarc_policy",
}

// columns are all that is read.
var columns = func() []string {
	all := slices.Concat(stats.Columns, stats.DriftColumns, own)
	slices.Sort(all)
	return slices.Compact(all)
}()

// Columns are the columns of the table messages that Collect reads.
func Columns() []string { return slices.Clone(columns) }

// tally counts the rows of a part. Tallies merge in any order.
type tally struct {
	stats     stats.Tally
	drift     stats.DriftTally
	days      days
	domains   domains
	senders   senders
	alignment Alignment
}

func newTally() *tally {
	return &tally{days: make(days), domains: make(domains), senders: newSenders()}
}

func (t *tally) add(r *evaluate.Record) {
	t.stats.Add(r)
	t.drift.Add(r)
	t.addOwn(r)
}

// addOwn counts what package stats does not.
func (t *tally) addOwn(r *evaluate.Record) {
	s := standing(r)
	t.days.add(r, s)
	if r.Evidence.Author.Domain() == "" || r.Evidence.Malformed != "" {
		return
	}
	t.alignment.add(s)
	t.domains.add(r, s)
	t.senders.add(r)
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
	parts := func(yield func(int, error) bool) {
		for i := range d.Parts() {
			if !yield(i, nil) {
				return
			}
		}
	}
	total := newTally()
	o := pipeline.Options[int]{Workers: workers, Window: workers}
	for t, err := range pipeline.Map(ctx, iter.Seq2[int, error](parts), o, counter(d)) {
		if err != nil {
			return nil, err
		}
		total.merge(t)
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	problems, err := collectProblems(d, &total.stats)
	if err != nil {
		return nil, err
	}
	r := total.report()
	r.Problems, r.Run = problems, runOf(&d.Manifest)
	return r, nil
}

// counter counts the rows of one part after the other.
func counter(d *sink.Dataset) func() func(context.Context, int) (*tally, error) {
	return func() func(context.Context, int) (*tally, error) {
		scan := new(sink.Scan)
		return func(ctx context.Context, part int) (*tally, error) {
			t := newTally()
			if err := t.scan(ctx, d, scan, part); err != nil {
				return nil, err
			}
			for r, err := range d.PartRecords(part, own...) {
				if err != nil {
					return nil, err
				}
				if ctx.Err() != nil {
					return nil, ctx.Err()
				}
				t.addOwn(r)
			}
			return t, nil
		}
	}
}

// scan counts, column by column, what package stats counts.
func (t *tally) scan(ctx context.Context, d *sink.Dataset, scan *sink.Scan, part int) error {
	if err := scan.Reopen(d, part); err != nil {
		return err
	}
	for scan.Next() && ctx.Err() == nil {
		t.stats.AddRows(scan)
		t.drift.AddRows(scan)
	}
	return cmp.Or(scan.Err(), scan.Close(), ctx.Err())
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
