package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/evaluate/evidence"
	"mailaudit/explain"
	"mailaudit/reader"
	"mailaudit/reader/maillog"
)

// explainFlags are the flags of audit run that explain shares.
var explainFlags = []string{
	"dns", "resolver", "as-of", "rules", "profile", "nonexistent", "trusted-networks", "authserv-id", "format",
	"log-zone", "log-until",
}

func newExplainCommand(s *streams) *cobra.Command {
	f := new(runFlags)
	var which string
	var asJSON bool
	c := &cobra.Command{
		Use:   "explain INPUT",
		Short: "Tell one message's whole reasoning, and what to do about it",
		Long: `Explain judges one message as run does and tells how: the hop that was believed,
every SPF term with its questions and answers, each signature with the header
that was hashed, the DMARC walk under both rule books, what the receiver had
said, and what a postmaster can do about it. Where a signature does not verify,
it looks for the change that a list, a relay or an archive made.`,
		Example: `  audit explain message.eml
  audit explain --message 42 archive.mbox            # by number, from 0, as in the column ordinal
  audit explain --message @5915 archive.mbox         # by the byte offset
  audit explain --message 20190413@bank.example --dns replay:audit-out archive.mbox
  audit explain --json message.eml | jq .conclusions`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return explainMessage(c.Context(), s, f, which, asJSON, args[0])
		},
	}
	all := new(cobra.Command)
	f.register(all)
	for _, name := range explainFlags {
		c.Flags().AddFlag(all.Flags().Lookup(name))
	}
	c.Flags().StringVar(&which, "message", "", "which `one` of an archive: its number from 0, @ and its byte offset, or its Message-ID (default: the first)")
	c.Flags().BoolVar(&asJSON, "json", false, "print the story as JSON")
	return c
}

func explainMessage(ctx context.Context, s *streams, f *runFlags, which string, asJSON bool, input string) error {
	set, err := f.check(time.Now())
	if err != nil {
		return err
	}
	choose, err := selection(which)
	if err != nil {
		return &statusError{exitUsage, err}
	}
	source, closeDNS, err := openDNS(f.dns, openers(f.servers(), f.dnsTimeout, ""))
	if err != nil {
		return err
	}
	defer closeDNS()
	u, err := findUnit(ctx, s, input, reader.Options{Format: set.format, Logs: maillog.Readers(set.logs), Stdin: s.in}, choose)
	if err != nil {
		return err
	}
	defer u.Release()
	story, err := explain.Collect(ctx, u, source, explain.Options{Evidence: set.evidence, Profile: set.profile})
	switch {
	case errors.Is(err, context.Canceled):
		return &statusError{exitInterrupt, errors.New("interrupted")}
	case err != nil:
		return &statusError{exitProblems, err}
	case asJSON:
		return story.WriteJSON(s.out)
	}
	return story.WriteText(s.out)
}

// findUnit reads up to the message that is chosen. Whoever gets it releases it.
func findUnit(ctx context.Context, s *streams, input string, o reader.Options, choose func(*reader.Unit) bool) (*reader.Unit, error) {
	var last error
	for u, err := range reader.Units(ctx, []string{input}, o) {
		var p *reader.Problem
		switch {
		case errors.As(err, &p):
			last = err
			fmt.Fprintf(s.err, "audit: %s\n", printable(err.Error()))
		case err != nil:
			return nil, &statusError{exitInterrupt, err}
		case choose(&u):
			return &u, nil
		default:
			u.Release()
		}
	}
	if last != nil {
		return nil, &statusError{exitProblems, fmt.Errorf("%s: no such message could be read", input)}
	}
	return nil, usageError("%s: no such message", input)
}

// selection reads --message.
func selection(which string) (func(*reader.Unit) bool, error) {
	if which == "" {
		return func(*reader.Unit) bool { return true }, nil
	}
	if offset, ok := strings.CutPrefix(which, "@"); ok {
		n, err := strconv.ParseInt(offset, 10, 64)
		if err != nil || n < 0 {
			return nil, fmt.Errorf("--message %q: no byte offset behind the @", which)
		}
		return func(u *reader.Unit) bool { return u.Offset == n }, nil
	}
	if n, err := strconv.ParseInt(which, 10, 64); err == nil {
		if n < 0 {
			return nil, fmt.Errorf("--message %q: messages count from 0", which)
		}
		return func(u *reader.Unit) bool { return u.Ordinal == n }, nil
	}
	id := strings.TrimSuffix(strings.TrimPrefix(which, "<"), ">")
	x := evidence.NewExtractor(evidence.Options{})
	return func(u *reader.Unit) bool {
		e, err := x.Extract(u)
		return err == nil && e.MessageID == id
	}, nil
}
