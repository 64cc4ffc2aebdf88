package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"mailaudit/sink"
	"mailaudit/stats"
)

func newSummaryCommand(s *streams) *cobra.Command {
	var asJSON, drift bool
	c := &cobra.Command{
		Use:   "summary DATASET",
		Short: "Print the summary again, from the Parquet alone",
		Long: `Summary counts the rows of a dataset and prints what the run that wrote it
printed. It needs neither the mail nor the DNS.

With --drift it also tells where the results that the receiver recorded on the day
(see --authserv-id of audit run) differ from the recomputed ones, how often, and
the likely reason.`,
		Example: `  audit summary audit-out
  audit summary --drift audit-out
  audit summary --json audit-out | jq .breakdown`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return summarize(c.Context(), s, args[0], asJSON, drift) },
	}
	c.Flags().BoolVar(&drift, "drift", false, "tell where recorded and recomputed results differ, and why")
	c.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON")
	return c
}

// summarize counts a dataset's rows and prints the summary. Rows that could not
// be evaluated do not make it fail: the summary tells of them.
func summarize(ctx context.Context, s *streams, dir string, asJSON, drift bool) error {
	d, err := openDataset(dir)
	if err != nil {
		return err
	}
	t, err := countRows(ctx, d, drift)
	if err == nil {
		err = countProblems(d, &t.stats)
	}
	if errors.Is(err, context.Canceled) {
		return &statusError{exitInterrupt, errors.New("interrupted")}
	}
	if err != nil {
		return &statusError{exitIncomplete, err}
	}
	sum := t.stats.Summary()
	if !drift {
		return printSummary(s, &sum, asJSON)
	}
	dr := t.drift.Drift()
	return printDrift(s, &sum, &dr, asJSON)
}

// counted is what a summary is made of.
type counted struct {
	stats stats.Tally
	drift stats.DriftTally
}

// countRows counts the rows of a dataset, its parts side by side.
func countRows(ctx context.Context, d *sink.Dataset, drift bool) (*counted, error) {
	all, err := sink.Tallies(ctx, d, runtime.GOMAXPROCS(0), func() *counted { return new(counted) }, func(c *counted, s *sink.Scan) {
		c.stats.AddRows(s)
		if drift {
			c.drift.AddRows(s)
		}
	})
	if err != nil {
		return nil, err
	}
	total := new(counted)
	for _, c := range all {
		total.stats.Merge(&c.stats)
		total.drift.Merge(&c.drift)
	}
	return total, nil
}

// printDrift prints the summary with the differences.
func printDrift(s *streams, sum *stats.Summary, dr *stats.Drift, asJSON bool) error {
	if asJSON {
		text, err := json.MarshalIndent(struct {
			*stats.Summary
			Drift *stats.Drift `json:"drift"`
		}{sum, dr}, "", "  ")
		if err == nil {
			_, err = fmt.Fprintf(s.out, "%s\n", text)
		}
		return err
	}
	if err := sum.WriteText(s.out); err != nil {
		return err
	}
	return dr.WriteText(s.out)
}

// openDataset opens a finished dataset; that there is none is bad usage.
func openDataset(dir string) (*sink.Dataset, error) {
	d, err := sink.Open(dir)
	if err != nil {
		return nil, &statusError{exitUsage, err}
	}
	return d, nil
}

// countProblems adds the rows of the table problems to a tally.
func countProblems(d *sink.Dataset, t *stats.Tally) error {
	for p, err := range d.Problems() {
		if err != nil {
			return err
		}
		t.AddProblem(p.Code)
	}
	return nil
}

func printSummary(s *streams, sum *stats.Summary, asJSON bool) error {
	if err := writeSummary(s.out, sum, asJSON); err != nil {
		return &statusError{exitIncomplete, err}
	}
	return nil
}

func writeSummary(w io.Writer, sum *stats.Summary, asJSON bool) error {
	if !asJSON {
		return sum.WriteText(w)
	}
	text, err := summaryJSON(sum)
	if err == nil {
		_, err = w.Write(text)
	}
	return err
}
