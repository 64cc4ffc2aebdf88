package reader

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync/atomic"
)

// Options says what to read and within which bounds. The zero value reads
// everything, with the format found from the content.
type Options struct {
	Format Format // empty means Auto

	// Skip units and SkipProblems problems are counted but not given out, from
	// the first on: a run that kept that many goes on exactly where it stopped.
	Skip, SkipProblems int64
	// Limit ends the run before the unit with this ordinal; 0 means no limit.
	Limit int64

	// Omit is a folder that is passed over wherever it is met within another,
	// as the place where the results go; empty for none.
	Omit string
	// Stdin is what the input "-" reads. Without it "-" is unreadable.
	Stdin io.Reader
	// TempDir is where messages too large to hold are put when their source
	// cannot be read again; empty means the system's place for such files.
	TempDir string
	// MaxHeld is the size in bytes from which a message is given by Open and
	// not by Data; 0 means DefaultMaxHeld.
	MaxHeld int

	// Logs are the log formats known, asked in order: after archives and mbox,
	// before single messages.
	Logs []LogReader
	// Progress, where set, is kept up to date while reading.
	Progress *Progress
	// Turn, where set, tells for whom is read now, as a number from 0: units that
	// are read for the same one lie in the same memory by turns, so that it stays
	// in the cache of whoever works on them. Before a read that follows upon a
	// unit, ErrTurn is yielded beside an empty unit.
	Turn func() int
	// OnInput, where set, is called once for each input when it has ended, in
	// order, by the goroutine that iterates.
	OnInput func(Input)
}

// ErrTurn says that nothing is at hand but what the next read brings, which may be
// for another than the last one was: it means no fault, and no unit is missing.
var ErrTurn = errors.New("a read follows")

// Progress counts what was read so far. Any goroutine may read it at any time.
type Progress struct {
	Bytes   atomic.Int64 // read from files and pipes, before decompression
	Total   atomic.Int64 // sizes of the regular files opened or named so far
	Units   atomic.Int64 // units found, skipped ones included
	Current atomic.Pointer[string]
}

// State is how the reading of an input ended.
type State string

// The states.
const (
	Complete   State = "complete"   // all of it was read and understood
	Partial    State = "partial"    // read to the end, with problems
	Unreadable State = "unreadable" // not one unit, and a problem
	Stopped    State = "stopped"    // not read to the end: limit, cancellation, or the caller left
)

// Input is the report on one input argument.
type Input struct {
	Path     string // as given, escaped where it is not UTF-8
	Format   Format // of its first unit; empty where it gave none
	Size     int64  // bytes read from files and pipes, before decompression
	Digest   string // hex of xxh3-128 over those bytes in the order of reading
	State    State
	Units    int64
	Problems int64
}

// LogReader plugs a family of log formats in.
type LogReader struct {
	// Detect returns the format of a source that begins with head (up to
	// 32 KiB), or the empty Format when it is none of its own.
	Detect func(head []byte) Format
	// Formats are those this reader reads; Options.Format may force one.
	Formats []Format
	// Read yields the units of one source. It sets Format, Offset, Length and
	// Log of each; Source and Ordinal are set for it. It returns when yield
	// returns false. An error ends this source only and becomes a problem.
	Read func(ctx context.Context, in LogInput, yield func(Unit, error) bool) error
	// Flush, where set, yields what Read kept back to join it over several
	// sources. It is called once, after the last input.
	Flush func(yield func(Unit, error) bool) error
}

// LogInput is one source of a log, uncompressed.
type LogInput struct {
	Source string
	Format Format
	Reader io.Reader
}

// Units reads the inputs in the order given: files, folders (walked in byte
// order of the names) or "-". Each item is a unit and nil, or an empty unit and
// a *Problem, after which reading goes on. Any other error is the last item: it
// is ctx.Err() or a fault of a log reader's Flush.
//
// Ordinals count from 0 without gaps. Each unit that has Data or Open must be
// released. Reading happens on the goroutine that ranges; nothing is left
// behind when it leaves early. Memory is that of the blocks in which unreleased
// units lie, and at most MaxHeld beside.
func Units(ctx context.Context, inputs []string, o Options) iter.Seq2[Unit, error] {
	return func(yield func(Unit, error) bool) {
		newRun(ctx, o, yield).inputs(inputs)
	}
}
