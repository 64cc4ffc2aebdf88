package main

import (
	"context"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/evaluate/evidence"
	"mailaudit/sink"
)

func newReevaluateCommand(s *streams) *cobra.Command {
	f := &runFlags{format: "auto"}
	c := &cobra.Command{
		Use:   "reevaluate DATASET --out NEW",
		Short: "Judge every row again from its stored evidence, without the mail",
		Long: `Reevaluate judges the rows of a dataset again under other DNS sources, rules or
time, and writes a new dataset. The evidence of a row (client, identities, digests
and signatures) is all it needs. Local parts are kept as the dataset has them: a
verdict that rests on one which was not stored is a temporary error.

With --retry-failed only the questions that nobody answered are asked again; all
other answers are those of DATASET, and rows that rest on them alone come out as
they were. Rules and moment are those of DATASET where no flag says otherwise.`,
		Example: `  audit reevaluate audit-out --out then --rules rfc7489 --dns replay:audit-out
  audit reevaluate audit-out --out what-if --dns overlay:new.zone,replay:audit-out
  audit reevaluate audit-out --out mended --retry-failed --dns history:past.db,live`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return reevaluate(c.Context(), s, f, args[0], c.Flags().Changed)
		},
	}
	c.Flags().BoolVar(&f.retryFailed, "retry-failed", false, "ask only what failed or was not recorded; keep all other answers")
	f.registerOutput(c)
	f.registerVerdict(c)
	_ = c.MarkFlagRequired("out")
	return c
}

// reevaluate judges the rows of a dataset again; given tells which flags were on
// the command line.
func reevaluate(ctx context.Context, s *streams, f *runFlags, dataset string, given func(flag string) bool) error {
	boundMemory()
	d, err := openDataset(dataset)
	if err != nil {
		return err
	}
	if samePlace(dataset, f.out) {
		return usageError("--out %s: that is the dataset to be read; give another", f.out)
	}
	if f.retryFailed {
		f.asBefore(&d.Manifest, given)
	}
	f.addresses = string(sink.AddressesNone)
	started := time.Now()
	set, err := f.check(started)
	if err != nil {
		return err
	}
	f.addresses, set.sink.Addresses = string(d.Manifest.Addresses), d.Manifest.Addresses // as they are kept
	set.sink.Hashed, d.KeepHashes = true, true
	r := &run{command: "reevaluate " + dataset, streams: s, set: set, inputs: []string{dataset}, started: started}
	r.stored = func(context.Context) iter.Seq2[*evidence.Evidence, error] { return r.evidenceOf(d) }
	r.reports = d.Manifest.Inputs
	return r.execute(ctx)
}

// evidenceOf is the evidence of a dataset's rows, its problems in their places.
func (r *run) evidenceOf(d *sink.Dataset) iter.Seq2[*evidence.Evidence, error] {
	return func(yield func(*evidence.Evidence, error) bool) {
		problem, stop := iter.Pull2(d.Problems())
		defer stop()
		p, err, more := problem()
		// before yields the problems up to an ordinal.
		before := func(ordinal int64) bool {
			for ; more && err == nil && p.Ordinal <= ordinal; p, err, more = problem() {
				if p.Ordinal >= r.next && !yield(nil, p) {
					return false
				}
			}
			return err == nil || yield(nil, err)
		}
		for rec, err := range d.Records() {
			if err != nil {
				yield(nil, err)
				return
			}
			o := rec.Evidence.Origin.Ordinal
			if !before(o) {
				return
			}
			r.progress.Units.Store(o + 1)
			if o >= r.next && !yield(rec.Evidence.Clone(), nil) {
				return
			}
		}
		before(1<<63 - 1)
	}
}
