package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/internal/pipeline"
	"mailaudit/internal/sha256pair"
	"mailaudit/reader"
	"mailaudit/sink"
	"mailaudit/stats"
)

const (
	// windowPerWorker is how many messages may wait for their turn, for each
	// worker: some batches, so that a message that takes a hundred times as long as
	// the others does not stop them, nor the end of a page in every column.
	windowPerWorker = 1024
	// enoughRead is what a worker has read and not begun, in bytes, when it leaves
	// reading to the next: some messages of usual size, which are in the
	// processor's cache still when their turn comes, and enough to go on with
	// while others read.
	enoughRead = 256 << 10
	// batch is how many messages a worker takes the evidence of before it judges
	// them.
	batch = 256
	// liveWidth is how many messages may wait for DNS answers at once.
	liveWidth = 2048
)

func newRunCommand(s *streams) *cobra.Command {
	f := new(runFlags)
	c := &cobra.Command{
		Use:   "run INPUT...",
		Short: "Read archives, judge every message, write a dataset, print the summary",
		Long: `Run reads each INPUT (a file, a folder, or - for standard input), whose format is
found from its content, judges every message, writes a dataset of Parquet tables
to --out and prints the breakdown.

Nothing is asked of the DNS unless --dns names live, which is the default: give
zone:PATH to judge offline.`,
		Example: `  audit run archive.mbox
  audit run --dns zone:testdata/zone --out tables testdata/archive
  audit run --rules rfc7489 --as-of 2024-02-01T00:00:00Z Maildir/
  audit run --dns replay:audit-out --out again archive.mbox
  xzcat lists.mbox.xz | audit run --trusted-networks 192.0.2.0/24 -`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return runArchive(c.Context(), s, f, args)
		},
	}
	f.register(c)
	return c
}

// runArchive is the main job.
func runArchive(ctx context.Context, s *streams, f *runFlags, inputs []string) error {
	boundMemory()
	started := time.Now()
	set, err := f.check(started)
	if err != nil {
		return err
	}
	r := &run{command: "run", streams: s, set: set, inputs: inputs, started: started}
	return r.execute(ctx)
}

// execute opens what the run needs, runs it, and commits the dataset.
func (r *run) execute(ctx context.Context) (err error) {
	runtime.GOMAXPROCS(r.set.flags.workers)
	if r.live, err = isLive(r.set.flags.dns); err != nil {
		return err
	}
	r.opened = sync.OnceValue(r.open)
	defer r.close()
	if r.readsAhead() {
		r.ready = make(chan struct{})
		go func() {
			defer close(r.ready)
			_ = r.opened() // write asks for the error
		}()
	} else if err := r.opened(); err != nil {
		return r.unopened(ctx, err)
	}
	defer r.watch(ctx)()
	if err := r.write(ctx); err != nil {
		if err := r.opened(); err != nil {
			return r.unopened(ctx, err)
		}
		return r.stopped(err)
	}
	return r.finish()
}

// readsAhead tells whether evidence may be taken from the inputs while the DNS
// sources and the dataset are opened: nothing of them is needed for it where the run
// is a new one. What is no file could keep a run that cannot be opened waiting.
func (r *run) readsAhead() bool {
	return r.command == "run" && !r.set.flags.resume && !r.live && !r.inputWaits()
}

// inputWaits tells whether an input is none of files, so that a read may wait for
// whoever writes it.
func (r *run) inputWaits() bool {
	return slices.ContainsFunc(r.inputs, func(in string) bool {
		info, err := os.Stat(in)
		return in == "-" || err == nil && !info.Mode().IsRegular() && !info.IsDir()
	})
}

// unopened is how a run ends that could not be opened, or need not be run.
func (r *run) unopened(ctx context.Context, err error) error {
	r.endView()
	if !errors.Is(err, errComplete) {
		return err
	}
	f := r.set.flags
	fmt.Fprintf(r.streams.err, "audit: %s: the dataset is complete, nothing is left to do\n", printable(f.out))
	return summarize(ctx, r.streams, f.out, f.json, false)
}

// run is one run under way.
type run struct {
	command string // how it was called
	streams *streams
	set     *settings
	inputs  []string
	started time.Time

	// stored gives what is to be judged, in order, where it does not come from the
	// inputs.
	stored func(context.Context) iter.Seq2[*evidence.Evidence, error]

	// opened waits until open has ended, and gives its error. Nothing but evidence
	// may be made before.
	opened func() error
	ready  chan struct{} // closed then; nil where nothing is made before

	dns      *dns.CacheSource
	closeDNS func() error
	live     bool // answers may have to be waited for
	eval     *evaluate.Evaluator
	sink     *sink.Writer
	tally    stats.Tally
	told     []string // the first problems

	progress reader.Progress
	reports  []sink.Input
	next     int64 // the ordinal after the last one seen
	// skipProblems is how many problems of reading a resumed run has written.
	skipProblems int64
	stopView     func()
}

// write is the flow: units become evidence, evidence becomes verdicts, both
// become rows and counts, in the order of the input.
func (r *run) write(ctx context.Context) error {
	for rec, err := range r.judged(ctx) {
		if err := r.opened(); err != nil {
			return err
		}
		if err := r.take(rec, err); err != nil {
			return err
		}
	}
	if err := r.opened(); err != nil {
		return err
	}
	return ctx.Err()
}

// judged is what becomes of the messages. Who takes the evidence of one judges it
// too, unless answers may have to be waited for: then many are judged at a time.
func (r *run) judged(ctx context.Context) iter.Seq2[*evaluate.Record, error] {
	if r.stored == nil && !r.live {
		return worked(ctx, r, batch, r.newJudge)
	}
	stored := r.stored
	if stored == nil {
		stored = r.extracted
	}
	return pipeline.Map(ctx, r.askedAhead(ctx, stored(ctx)), r.evaluateWidth(), r.newJudge)
}

// extracted is the evidence of the messages in the inputs.
func (r *run) extracted(ctx context.Context) iter.Seq2[*evidence.Evidence, error] {
	return worked(ctx, r, 1, func() judge[*evidence.Evidence] { return asIs })
}

// judge makes something of evidence.
type judge[Out any] = func(context.Context, *evidence.Evidence) (Out, error)

// worked is what the workers make of the messages in the inputs, of a batch of them
// in a row.
func worked[Out any](ctx context.Context, r *run, batch int, newJudge func() judge[Out]) iter.Seq2[Out, error] {
	width, o := r.crewWidth(batch), r.readerOptions()
	if width.Beside = r.inputWaits(); !width.Beside {
		o.Turn = width.Turns.Crew
	}
	units := r.numbered(reader.Units(ctx, r.inputs, o))
	return pipeline.MapCrews(ctx, units, width, func() crewOf[Out] { return crew(r, sha256pair.Available(), newJudge()) })
}

// take writes one result, or the problem in its place.
func (r *run) take(rec *evaluate.Record, err error) error {
	switch {
	case err != nil:
		p, ok := errors.AsType[*sink.Problem](err)
		if !ok {
			return err
		}
		r.note(p)
		return r.sink.WriteProblem(p)
	case rec == nil:
		return nil // outside of --since and --until
	}
	r.tally.Add(rec)
	return r.sink.Write(rec)
}

// numbered gives problems of reading their place among the messages, and passes
// over what a resumed run has written.
func (r *run) numbered(in iter.Seq2[reader.Unit, error]) iter.Seq2[reader.Unit, error] {
	return func(yield func(reader.Unit, error) bool) {
		written := r.resumed()
		for u, err := range in {
			switch {
			case err == reader.ErrTurn:
				err = pipeline.ErrTurn
			case err != nil:
				p, ok := errors.AsType[*reader.Problem](err)
				if !ok {
					yield(u, err)
					return
				}
				err = &sink.Problem{Problem: *p, Stage: sink.StageRead, Ordinal: r.next}
			case u.Ordinal < written.NextOrdinal:
				same := sameUnit(written.Last, &u)
				u.Release()
				if !same {
					yield(reader.Unit{}, errChanged)
					return
				}
				continue
			default:
				r.next = u.Ordinal + 1
			}
			if !yield(u, err) {
				return
			}
		}
		if l := written.Last; l != nil && r.progress.Units.Load() <= l.Ordinal {
			yield(reader.Unit{}, errChanged)
		}
	}
}

// errChanged is what fingerprints cannot tell: standard input that is another, a
// file that kept its size and time.
var errChanged = errors.New("the inputs are not those that the run began with; begin again with --overwrite")

// sameUnit tells whether a unit does not contradict the last one written: the row
// of that ordinal came from the same place.
func sameUnit(last *sink.Place, u *reader.Unit) bool {
	return last == nil || last.Ordinal != u.Ordinal ||
		last.Source == u.Source && last.Offset == u.Offset && last.Length == u.Length
}

func (r *run) crewWidth(batch int) pipeline.CrewOptions[reader.Unit] {
	n := r.set.flags.workers
	return pipeline.CrewOptions[reader.Unit]{
		Options: pipeline.Options{Workers: n, Window: n * windowPerWorker},
		Cost:    func(u reader.Unit) int64 { return int64(len(u.Data)) },
		Enough:  enoughRead, Batch: batch, After: r.ready, Turns: new(pipeline.Turns),
	}
}

func (r *run) evaluateWidth() pipeline.Options {
	n := r.set.flags.workers
	if r.live {
		return pipeline.Options{Workers: liveWidth, Window: 2 * liveWidth}
	}
	return pipeline.Options{Workers: n, Window: n * windowPerWorker}
}

// newJudge makes what judges one message after the other.
func (r *run) newJudge() judge[*evaluate.Record] {
	return func(ctx context.Context, e *evidence.Evidence) (rec *evaluate.Record, err error) {
		if e == nil {
			return nil, nil
		}
		u := reader.Unit{Source: e.Origin.Source, Offset: e.Origin.Offset, Length: e.Origin.Length, Ordinal: e.Origin.Ordinal}
		if err := r.opened(); err != nil {
			return nil, err
		}
		defer guard(&u, sink.StageEvaluate, &err)
		return r.eval.Record(ctx, e)
	}
}

// guard turns a panic into a problem of the one message: hostile input must not
// cost its neighbours anything.
func guard(u *reader.Unit, stage sink.Stage, err *error) {
	if p := recover(); p != nil {
		where := ""
		if _, file, line, ok := runtime.Caller(3); ok {
			where = fmt.Sprintf(" at %s:%d", baseName(file), line)
		}
		*err = problemOf(&reader.Problem{
			Source: u.Source, Offset: u.Offset, Length: u.Length, Code: "internal_error",
			Detail: fmt.Sprintf("%v%s: please report this message", p, where),
		}, u, stage)
	}
}

// problemOf places what went wrong with a unit.
func problemOf(err error, u *reader.Unit, stage sink.Stage) error {
	var p *reader.Problem
	if !errors.As(err, &p) {
		p = &reader.Problem{Source: u.Source, Offset: u.Offset, Length: u.Length, Code: "unreadable", Detail: err.Error(), Err: err}
	}
	return &sink.Problem{Problem: *p, Stage: stage, Ordinal: u.Ordinal}
}

// wants tells whether a message lies within --since and --until. One without a
// time is wanted only where there is no bound.
func (s *settings) wants(e *evidence.Evidence) bool {
	at := e.Envelope.ReceivedAt
	if at.IsZero() {
		at = e.Date
	}
	if !s.since.IsZero() && (at.IsZero() || at.Before(s.since)) {
		return false
	}
	return s.until.IsZero() || !at.IsZero() && at.Before(s.until)
}
