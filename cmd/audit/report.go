package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"mailaudit/report"
)

func newReportCommand(s *streams) *cobra.Command {
	var out string
	var overwrite bool
	workers := runtime.GOMAXPROCS(0)
	c := &cobra.Command{
		Use:   "report DATASET",
		Short: "Write one self-contained HTML file about a dataset",
		Long: `Report counts the rows of a dataset and writes one HTML file: what was found, for
which author domains, from which senders, how recorded and recomputed results
differ, and how far it can be trusted. The file needs no network, and no
JavaScript but for charts, sorting and filtering.`,
		Example: `  audit report audit-out
  audit report audit-out --out march.html --overwrite
  audit report audit-out --out - > report.html`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if workers < 1 {
				return usageError("--workers %d: less than 1", workers)
			}
			return writeReport(c.Context(), s, args[0], out, overwrite, workers)
		},
	}
	c.Flags().StringVar(&out, "out", "report.html", "the `file` to write; - for standard output")
	c.Flags().BoolVar(&overwrite, "overwrite", false, "replace a file that is there")
	c.Flags().IntVar(&workers, "workers", workers, "processors to use")
	return c
}

// writeReport counts, then writes. The file is whole or absent.
func writeReport(ctx context.Context, s *streams, dataset, out string, overwrite bool, workers int) error {
	d, err := openDataset(dataset)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(out); out != "-" && err == nil && !overwrite {
		return usageError("--out %s: something is there already; give --overwrite or another name", out)
	}
	r, err := report.Collect(ctx, d, workers)
	if errors.Is(err, context.Canceled) {
		return &statusError{exitInterrupt, errors.New("interrupted")}
	}
	var page bytes.Buffer
	if err == nil {
		err = r.WriteHTML(&page)
	}
	switch {
	case err != nil:
	case out == "-":
		_, err = s.out.Write(page.Bytes())
	default:
		err = replaceFile(out, page.Bytes())
	}
	if err != nil {
		return &statusError{exitIncomplete, err}
	}
	if out != "-" {
		fmt.Fprintf(s.err, "audit: wrote %s\n", printable(out))
	}
	return nil
}

// replaceFile writes a file beside its place and renames it.
func replaceFile(path string, data []byte) error {
	beside := path + ".partial"
	err := os.WriteFile(beside, data, fs.FileMode(0o666))
	if err == nil {
		err = os.Rename(beside, path)
	}
	if err != nil {
		_ = os.Remove(beside)
	}
	return err
}
