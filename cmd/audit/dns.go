package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/history"
)

func newDNSCommand(s *streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "dns",
		Short: "Import, export, inspect and extend recorded DNS history",
		Long: `A store keeps what was seen in the DNS, and when. Give it to run and reevaluate
with --dns history:STORE: each message is judged by what was there on its day.`,
		Example: `  audit dns import past.db keys.tsv passive.jsonl.gz
  audit dns import past.db --valid-from 2019-01-01 --valid-until 2021-06-30 old.zone
  audit dns learn past.db audit-out
  audit run --dns history:past.db,live archive.mbox`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(newDNSImportCommand(s), newDNSExportCommand(s), newDNSShowCommand(s), newDNSLearnCommand(s))
	return c
}

// kindWords are the words of --format of audit dns import.
var kindWords = []string{"auto", string(history.JSON), string(history.TSV), string(history.Zone), string(history.Saved)}

func newDNSImportCommand(s *streams) *cobra.Command {
	var im importer
	var kind, from, until string
	c := &cobra.Command{
		Use:   "import STORE FILE...",
		Short: "Add observations to a store: passive DNS, DKIM key archives, dated zones, datasets",
		Long: `Import adds observations to STORE, which is made where there is none. Each FILE is
passive DNS in Common Output Format (JSON lines), an archive of DKIM keys (JSON
or TSV: domain, selector, key, first and last seen), a master file with the time
it was in force, a dataset, another store, or a folder of them. Sights of the
same records that touch are merged; importing a file again changes nothing.`,
		Example: `  audit dns import past.db passive.jsonl.gz
  audit dns import past.db --valid-from 2019-01-01 --valid-until 2021-06-30 old.zone
  audit dns import past.db audit-out`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if !contains(kindWords, kind) {
				return usageError("--format %q: not one of auto, json, tsv, zone, store", kind)
			}
			if kind != "auto" {
				im.options.Kind = history.Kind(kind)
			}
			var err error
			if im.options.From, err = parseWhen(from); err != nil {
				return usageError("--valid-from %w", err)
			}
			if im.options.Until, err = parseEnd(until); err != nil {
				return usageError("--valid-until %w", err)
			}
			if !im.options.Until.IsZero() && !im.options.From.Before(im.options.Until) {
				return usageError("--valid-until %s: not after --valid-from", until)
			}
			im.streams = s
			return im.run(args[0], args[1:])
		},
	}
	c.Flags().StringVar(&kind, "format", "auto", "what the files are: auto, json, tsv, zone or store")
	c.Flags().StringVar(&from, "valid-from", "", "a zone file was in force from this `time` on (RFC 3339 or a date)")
	c.Flags().StringVar(&until, "valid-until", "", "a zone file was in force until this `time` (RFC 3339, or a date and all of that day)")
	complete(c, "format", kindWords...)
	return c
}

// parseEnd is parseWhen for the end of a time: a date is meant with all its day.
func parseEnd(s string) (time.Time, error) {
	t, err := parseWhen(s)
	if len(s) == len(time.DateOnly) && err == nil {
		t = t.AddDate(0, 0, 1)
	}
	return t, err
}

// importer adds files to a store, and tells of each what came of it.
type importer struct {
	streams *streams
	options history.ReadOptions

	unusable, passed int64
}

func (im *importer) run(path string, files []string) error {
	st, err := createStore(path)
	if err != nil {
		return err
	}
	bad := int64(0)
	for _, f := range files {
		if err := im.file(st, f); err != nil {
			return &statusError{exitIncomplete, errors.Join(err, st.Close())}
		}
		bad += im.unusable
	}
	if err := st.Close(); err != nil {
		return &statusError{exitIncomplete, err}
	}
	if bad > 0 {
		return &statusError{exitProblems, nil}
	}
	return nil
}

// createStore opens a store to add to; a file that is something else is bad usage.
func createStore(path string) (*history.Store, error) {
	st, err := history.Create(path)
	switch {
	case errors.Is(err, history.ErrNoStore):
		return nil, &statusError{exitUsage, err}
	case err != nil:
		return nil, &statusError{exitIncomplete, err}
	}
	return st, nil
}

// file adds one file, folder or dataset.
func (im *importer) file(st *history.Store, path string) error {
	im.unusable, im.passed = 0, 0
	o := im.options
	o.Unusable = im.note
	done, err := st.Add(observations(path, o, func(*dns.Answer) { im.passed++ }))
	if err != nil {
		return err
	}
	im.unusable += done.Refused
	more := ""
	if im.passed > 0 {
		more = fmt.Sprintf(", %d answers that are no sights (failures, what-if, undated)", im.passed)
	}
	if im.unusable > 0 {
		more += fmt.Sprintf(", %d unusable", im.unusable)
	}
	_, err = fmt.Fprintf(im.streams.out, "%s: %d observations, %d names new or changed%s\n",
		printable(path), done.Read, done.Changed, more)
	return err
}

// note tells of the first lines of a file that are unusable.
func (im *importer) note(e *history.LineError) {
	if im.unusable++; im.unusable <= toldProblems {
		fmt.Fprintf(im.streams.err, "audit: %s\n", printable(e.Error()))
	}
}

func newDNSExportCommand(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "export STORE [NAME]",
		Short: "Write a store, or one name of it, as passive-DNS JSON lines",
		Long: `Export writes what STORE has in the passive-DNS Common Output Format, which
import reads. The format has no way to say that nothing was there: such
observations are left out, and counted on stderr.`,
		Example: `  audit dns export past.db | gzip > past.jsonl.gz
  audit dns export past.db s1._domainkey.example.com`,
		Args: cobra.RangeArgs(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			st, err := openStore(args[0])
			if err != nil {
				return err
			}
			defer st.Close()
			list := st.All()
			if len(args) > 1 {
				if list, err = ofName(st, args[1]); err != nil {
					return err
				}
			}
			done, err := history.WriteCOF(s.out, list)
			if err != nil {
				return &statusError{exitIncomplete, err}
			}
			if done.Absent > 0 {
				fmt.Fprintf(s.err, "audit: %d observations of absence left out\n", done.Absent)
			}
			return nil
		},
	}
}

// openStore opens a store to read; that there is none is bad usage.
func openStore(path string) (*history.Store, error) {
	st, err := history.Open(path)
	if err != nil {
		if errors.Is(err, history.ErrNoStore) || errors.Is(err, os.ErrNotExist) {
			return nil, &statusError{exitUsage, err}
		}
		return nil, &statusError{exitIncomplete, err}
	}
	return st, nil
}

func ofName(st *history.Store, name string) (iter.Seq2[history.Observation, error], error) {
	canonical, err := dns.PresentedName(name)
	if err != nil {
		return nil, usageError("%s: %w", name, err)
	}
	return st.OfName(canonical), nil
}
