package reader

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/zeebo/xxh3"
)

// errStop ends a run without being told: the caller left, or the limit came.
var errStop = errors.New("stopped")

// run is one reading of all inputs.
type run struct {
	ctx   context.Context
	opt   Options
	yield func(Unit, error) bool
	pool  *pool
	w     *window

	ordinal  int64 // of the next unit
	turned   int64 // what it was at the last ErrTurn
	left     bool  // ErrTurn was the last thing that the caller wanted
	problems int64 // so far
	input    Input // the one being read
	hash     *xxh3.Hasher
	tune     tuning
}

// tuning is what tests make small.
type tuning struct {
	block, read, held int
	evidence          int
	spool             int64
	ratioFloor        int64
	expanded          int64
	onPut             func([]byte)
}

func newRun(ctx context.Context, o Options, yield func(Unit, error) bool) *run {
	if o.Format == "" {
		o.Format = Auto
	}
	if o.Progress == nil {
		o.Progress = new(Progress)
	}
	r := &run{ctx: ctx, opt: o, yield: yield, hash: xxh3.New()}
	r.setTuning(tuning{
		block: blockSize, read: readSize, held: o.MaxHeld, evidence: evidenceSize,
		spool: maxSpool, ratioFloor: ratioFloor, expanded: maxExpanded,
	})
	return r
}

func (r *run) setTuning(t tuning) {
	if t.held <= 0 {
		t.held = DefaultMaxHeld
	}
	r.tune = t
	r.pool = &pool{base: t.block, onPut: t.onPut}
	r.w = &window{ctx: r.ctx, pool: r.pool, read: t.read}
	if r.opt.Turn != nil {
		r.w.turn = r.turn
	}
}

// inputs reads all inputs and ends the run.
func (r *run) inputs(paths []string) {
	err := r.all(paths)
	r.w.close()
	if err != nil && !errors.Is(err, errStop) && !r.left {
		r.yield(Unit{}, err)
	}
}

func (r *run) all(paths []string) error {
	for _, path := range paths {
		if err := r.one(path); err != nil {
			return err
		}
	}
	for _, l := range r.opt.Logs {
		if l.Flush == nil {
			continue
		}
		if err := r.flushLog(l); err != nil {
			return err
		}
	}
	return nil
}

// one reads one input and reports on it.
func (r *run) one(path string) error {
	r.input = Input{Path: escape(path)}
	r.hash.Reset()
	err := r.ctx.Err()
	if err == nil {
		err = r.argument(path)
	}
	in := r.input
	in.State = stateOf(in, err)
	sum := r.hash.Sum128().Bytes()
	in.Digest = hex.EncodeToString(sum[:])
	if r.opt.OnInput != nil {
		r.opt.OnInput(in)
	}
	return err
}

func stateOf(in Input, err error) State {
	switch {
	case err != nil:
		return Stopped
	case in.Problems == 0:
		return Complete
	case in.Units == 0:
		return Unreadable
	}
	return Partial
}

// turn yields ErrTurn where units have come since the last one, and tells for
// whom is read then; false where the caller has left.
func (r *run) turn() (int, bool) {
	if r.turned != r.ordinal && !r.left {
		r.turned = r.ordinal
		r.left = !r.yield(Unit{}, ErrTurn)
	}
	if r.left {
		return 0, false
	}
	return r.opt.Turn(), true
}

// unit gives a unit out, or only counts it.
func (r *run) unit(u Unit) error {
	if r.opt.Limit > 0 && r.ordinal >= r.opt.Limit {
		u.Release()
		return errStop
	}
	u.Ordinal = r.ordinal
	r.ordinal++
	if r.input.Units++; r.input.Units == 1 {
		r.input.Format = u.Format
	}
	r.opt.Progress.Units.Add(1)
	if u.Ordinal < r.opt.Skip {
		u.Release()
		return r.ctx.Err()
	}
	if r.left || !r.yield(u, nil) {
		return errStop
	}
	return nil
}

// problem gives a problem out, or only counts it.
func (r *run) problem(p *Problem) error {
	r.input.Problems++
	if r.problems++; r.problems <= r.opt.SkipProblems {
		return r.ctx.Err()
	}
	if r.left || !r.yield(Unit{}, p) {
		return errStop
	}
	return nil
}

// rawReader reads what lies on disk or comes from a pipe: it counts and digests.
type rawReader struct {
	r   io.Reader
	run *run
	n   int64 // bytes read
	out int64 // bytes that compressions and archives made of them
}

func (c *rawReader) Read(p []byte) (int, error) {
	if err := c.run.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	if n > 0 {
		c.n += int64(n)
		c.run.input.Size += int64(n)
		c.run.opt.Progress.Bytes.Add(int64(n))
		c.run.hash.Write(p[:n])
	}
	return n, err
}

// fault is an error that knows its problem code.
type fault struct {
	code string
	err  error
}

func (f *fault) Error() string { return f.err.Error() }
func (f *fault) Unwrap() error { return f.err }

// codeOf is the problem code for an error of reading.
func codeOf(err error) string {
	if f, ok := errors.AsType[*fault](err); ok {
		return f.code
	}
	return CodeReadError
}

// escape makes a path printable UTF-8, in a way that can be undone: where it
// holds bytes that are not UTF-8, control characters or a backslash, those
// become \xNN and \\. Any other path stays as it is.
func escape(s string) string {
	if clean(s) {
		return s
	}
	const digits = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case c == '\\':
			b.WriteString(`\\`)
		case c == utf8.RuneError && n == 1, c < 0x20, c == 0x7f:
			b.WriteString(`\x`)
			b.WriteByte(digits[s[i]>>4])
			b.WriteByte(digits[s[i]&15])
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

func clean(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x20 || c == '\\' || c == 0x7f {
			return false
		}
	}
	return utf8.ValidString(s)
}
