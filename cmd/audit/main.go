// Command audit judges mail archives after the fact: it recomputes the SPF,
// DKIM, ARC and DMARC verdict of every message as of the day it arrived, and
// writes Parquet tables and a summary.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
)

// Exit statuses.
const (
	exitOK         = 0
	exitProblems   = 1   // complete, but something could not be evaluated
	exitUsage      = 2   // bad usage
	exitIncomplete = 3   // the dataset could not be completed; it can be resumed
	exitInterrupt  = 130 // interrupted; it can be resumed
)

func main() {
	stop := profile()
	status := mainStatus()
	stop()
	os.Exit(status)
}

// grace is how long an interrupted run may take to end. What reads from a pipe
// that nobody writes to never ends by itself; leaving it costs nothing, as a
// dataset may be abandoned at any moment.
const grace = 2 * time.Second

// mainStatus runs the command line of this process.
func mainStatus() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ended := make(chan int, 1)
	go func() {
		ended <- execute(ctx, &streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}, os.Args[1:])
	}()
	select {
	case status := <-ended:
		return status
	case <-ctx.Done():
	}
	stop() // a second signal ends the process at once
	select {
	case status := <-ended:
		return status
	case <-time.After(grace):
		fmt.Fprintln(os.Stderr, "audit: interrupted while waiting for input; a run can be gone on with by --resume")
		return exitInterrupt
	}
}

// streams are the standard streams of a run.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// statusError is an error with the exit status that it leads to. A nil err says
// nothing on the screen.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.status)
	}
	return e.err.Error()
}

func (e *statusError) Unwrap() error { return e.err }

func usageError(format string, args ...any) error {
	return &statusError{exitUsage, fmt.Errorf(format, args...)}
}

// execute runs one command line and returns its exit status.
func execute(ctx context.Context, s *streams, args []string) int {
	root := newRoot(s)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var st *statusError
	if !errors.As(err, &st) {
		// What cobra itself finds wrong is the command line.
		st = &statusError{exitUsage, err}
	}
	if errors.Is(err, syscall.EPIPE) {
		return st.status // whoever read the output has left
	}
	if st.err != nil {
		fmt.Fprintf(s.err, "audit: %s\n", printable(st.err.Error()))
		if st.status == exitUsage {
			fmt.Fprintln(s.err, "Run 'audit help' for usage.")
		}
	}
	return st.status
}

// printable makes text that may come from mail or from file names safe for a
// terminal: what it would not show as it is (control characters, changes of
// direction) is shown escaped.
func printable(s string) string {
	var b strings.Builder
	for _, r := range s {
		if strconv.IsGraphic(r) || r == '\n' || r == '\t' {
			b.WriteRune(r)
			continue
		}
		q := strconv.QuoteRuneToASCII(r)
		b.WriteString(q[1 : len(q)-1])
	}
	return b.String()
}

func newRoot(s *streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "audit",
		Short: "Judge mail archives after the fact: SPF, DKIM, ARC and DMARC as of the day of arrival",
		Long: `audit reads mail archives and logs, recomputes the SPF, DKIM, ARC and DMARC
verdict of every message as of the day it arrived (or today, or under a policy
not yet published), and writes a dataset of Parquet tables and a summary.

Exit status: 0 all was read and written; 1 the dataset is complete, but some
input or message could not be evaluated (see its table problems); 2 bad usage;
3 the dataset could not be completed, and can be resumed; 130 interrupted, and
can be resumed.`,
		Example: `  audit run archive.mbox                    # judge it by today's DNS
  audit run --dns zone:dns.zone mail/       # judge it by a zone file, offline
  audit summary audit-out                   # the summary again
  audit explain archive.mbox --message 0    # one message's whole reasoning
  audit whatif audit-out --policy 'example.com=v=DMARC1; p=reject'
  audit report audit-out                    # one HTML page
  audit cat audit-out --columns message_id,category`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.CompletionOptions.DisableDescriptions = false
	root.AddCommand(newRunCommand(s), newSummaryCommand(s), newReevaluateCommand(s), newCatCommand(s), newExplainCommand(s), newWhatifCommand(s), newReportCommand(s), newDNSCommand(s), newVersionCommand(s))
	return root
}
