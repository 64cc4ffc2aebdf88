package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mailaudit/evaluate"
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
		RunE: func(_ *cobra.Command, args []string) error { return summarize(s, args[0], asJSON, drift) },
	}
	c.Flags().BoolVar(&drift, "drift", false, "tell where recorded and recomputed results differ, and why")
	c.Flags().BoolVar(&asJSON, "json", false, "print the summary as JSON")
	return c
}

// summarize counts a dataset's rows and prints the summary. Rows that could not
// be evaluated do not make it fail: the summary tells of them.
func summarize(s *streams, dir string, asJSON, drift bool) error {
	d, err := openDataset(dir)
	if err != nil {
		return err
	}
	t := new(stats.Tally)
	if err := count(d, t); err != nil {
		return &statusError{exitIncomplete, err}
	}
	sum := t.Summary()
	if !drift {
		return printSummary(s, &sum, asJSON)
	}
	dr, err := countDrift(d)
	if err != nil {
		return &statusError{exitIncomplete, err}
	}
	return printDrift(s, &sum, &dr, asJSON)
}

func countDrift(d *sink.Dataset) (stats.Drift, error) {
	var t stats.DriftTally
	if err := eachRecord(d, append(stats.DriftColumns, stats.Columns...), t.Add); err != nil {
		return stats.Drift{}, err
	}
	return t.Drift(), nil
}

// eachRecord calls add for each row, part by part: tallies do not mind the order,
// so the parts of a month need not be merged.
func eachRecord(d *sink.Dataset, columns []string, add func(*evaluate.Record)) error {
	for part := range d.Parts() {
		for r, err := range d.PartRecords(part, columns...) {
			if err != nil {
				return err
			}
			add(r)
		}
	}
	return nil
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

// count adds the rows of a dataset to a tally.
func count(d *sink.Dataset, t *stats.Tally) error {
	if err := countRecords(d, t); err != nil {
		return err
	}
	for p, err := range d.Problems() {
		if err != nil {
			return err
		}
		t.AddProblem(p.Code)
	}
	return nil
}

func countRecords(d *sink.Dataset, t *stats.Tally) error {
	return eachRecord(d, stats.Columns, t.Add)
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
