package main

import (
	"errors"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"mailaudit/sink"
	"mailaudit/sink/arrow"
)

// catFormats are the words of --format.
var catFormats = []string{string(sink.JSONLines), string(sink.CSV), catArrow, catOpenDMARC}

// catTables are the words of --table.
var catTables = append(sink.TableNames(), sink.ChangesTable)

const (
	catArrow     = "arrow"
	catOpenDMARC = "opendmarc-history"
)

func newCatCommand(s *streams) *cobra.Command {
	var format, table, columns string
	c := &cobra.Command{
		Use:   "cat DATASET",
		Short: "Write the rows of a table to standard output",
		Long: `Cat writes a table of a dataset as JSON lines, CSV or an Arrow IPC stream. A field
of a list column is named with a dot: dkim.domain. Rows come in the order of the
input, whatever the layout. The format opendmarc-history writes the messages as
the history file that opendmarc-import reads. The table changes is that of a
folder which audit whatif --out wrote.`,
		Example: `  audit cat audit-out --columns message_id,category,dkim.domain,dkim.reason
  audit cat audit-out --table dns --format csv
  audit cat audit-out --format arrow > messages.arrows
  audit cat audit-out --format opendmarc-history > history
  audit cat changes --table changes --columns ordinal,from_disposition,to_disposition`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if !contains(catFormats, format) {
				return usageError("--format %q: not one of %s", format, strings.Join(catFormats, ", "))
			}
			if format == catOpenDMARC && (table != "messages" || columns != "") {
				return usageError("--format %s: takes neither --table nor --columns", format)
			}
			return catError(export(args[0], table, splitList(columns), format, s))
		},
	}
	c.Flags().StringVar(&format, "format", string(sink.JSONLines), strings.Join(catFormats, ", "))
	c.Flags().StringVar(&table, "table", "messages", strings.Join(catTables, ", "))
	c.Flags().StringVar(&columns, "columns", "", "only these `columns`, in this order, separated by commas")
	complete(c, "format", catFormats...)
	complete(c, "table", catTables...)
	return c
}

func export(dir, table string, columns []string, format string, s *streams) error {
	switch format {
	case catArrow:
		return arrow.Export(dir, table, columns, s.out)
	case catOpenDMARC:
		return catHistory(dir, s.out)
	}
	return sink.Export(dir, table, columns, sink.Format(format), s.out)
}

// catError tells a mistake on the command line from a failure.
func catError(err error) error {
	var noTable *sink.UnknownTableError
	var noColumn *sink.UnknownColumnError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &noTable), errors.As(err, &noColumn),
		errors.Is(err, sink.ErrNoDataset), errors.Is(err, sink.ErrNoChanges), errors.Is(err, sink.ErrIncomplete):
		return &statusError{exitUsage, err}
	case errors.Is(err, syscall.EPIPE):
		return nil // the reader has seen enough
	}
	return &statusError{exitIncomplete, err}
}

func splitList(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, ",")
}
