package sink

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
)

// Defaults of Options. They are part of the format: other values make other
// bytes.
const (
	// DefaultRowGroupRows is how many rows a row group holds: what readers
	// decode at once, about 40 MB.
	DefaultRowGroupRows = 128 << 10
	// DefaultPartRows is how many ordinals a part covers: what a killed run may
	// have to do again, less than a minute of work.
	DefaultPartRows = 512 << 10
)

// maxLanes bounds Options.Lanes where it is not given: the longest column keeps
// more from being of use.
const maxLanes = 4

// Errors of Create.
var (
	// ErrExists: the directory holds a dataset, finished or not, and neither
	// Overwrite nor Resume was asked for.
	ErrExists = errors.New("a dataset is there already")
	// ErrComplete: Resume was asked for and the dataset is finished.
	ErrComplete = errors.New("the dataset is complete")
	// ErrDiffers: Resume was asked for with other options than those that the
	// run began with.
	ErrDiffers = errors.New("the run was begun with other options")
	// ErrLocked: another writer, of this process or another, is at work there.
	ErrLocked = errors.New("another run is writing this dataset")
)

// Options are how a dataset is written.
type Options struct {
	RowGroupRows int   // DefaultRowGroupRows where 0; a multiple of 256
	PartRows     int64 // DefaultPartRows where 0
	Addresses    Addresses
	HashKey      []byte // for AddressesHash, at least 16 bytes
	// Hashed tells that local parts come as the hashes of another dataset (see
	// Dataset.KeepHashes) and are kept as they are, without a key.
	Hashed bool
	// PartitionBy says how the table messages is laid out.
	PartitionBy   PartitionBy
	SchemaVersion int    // SchemaVersion where 0
	CreatedBy     string // the program, as Parquet's created_by

	// Lanes is how many goroutines take rows apart; where 0, one for each
	// processor, up to maxLanes. The bytes are the same whatever it is.
	Lanes int

	// Run is what else must be the same for a run to be resumed: inputs and
	// flags, by the caller's words.
	Run map[string]string

	// step is called after each thing done to a file, for tests that stop there.
	step steps

	Overwrite bool // replace a dataset that is there
	Resume    bool // go on with one that was not finished; begin where there is none
}

// Writer writes a dataset. Its methods are called from one goroutine, in the
// order of the input. After an error every call returns it; the dataset can then
// be resumed from its last checkpoint.
type Writer struct {
	dir  string
	lock *os.File // nil where there is none
	opts Options
	err  error

	messages *tableWriter[*row]
	months   *monthWriter // of messages; nil where they are not partitioned
	rows     rowRing
	answers  *tableWriter[*dnsRow]
	problems *tableWriter[*Problem]
	files    fileWriter
	seen     answerSet
	withhold withholder

	state State
	until int64 // the part covers the ordinals below
	last  *Place
}

// State is what a dataset under way already has.
type State struct {
	// NextOrdinal is the first ordinal that is not covered: units before it,
	// and the problems met before that unit, are written already.
	NextOrdinal int64
	// Last is where the last message that was written stood; nil for none.
	Last   *Place
	Tables Tables
}

// Create begins a dataset in dir, or goes on with one.
//
// The error is ErrExists, ErrComplete, ErrDiffers, ErrLocked, one about the options, or one
// of the file system.
func Create(dir string, opts Options) (*Writer, error) {
	if err := opts.complete(); err != nil {
		return nil, err
	}
	p, err := opts.privacy()
	if err != nil {
		return nil, err
	}
	opts.Addresses = p.mode
	w := &Writer{
		dir: dir, opts: opts,
		withhold: withholder{active: p.mode != AddressesFull},
	}
	w.messages = newTableWriter(messagesTable(), dir, &w.opts, p)
	if opts.PartitionBy == PartitionMonth {
		w.months = newMonthWriter(w.messages)
	}
	w.answers = newTableWriter(dnsTable(), dir, &w.opts, p)
	w.problems = newTableWriter(problemsTable(), dir, &w.opts, p)
	w.files.step = w.opts.step
	w.seen.init()
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if w.lock, err = lock(dir); err == nil {
		err = w.claim(p.keyCheck())
	}
	if err != nil {
		w.unlock()
		return nil, fmt.Errorf("%s: %w", dir, err)
	}
	return w, nil
}

func (w *Writer) unlock() {
	_ = w.lock.Close() // nil too
	w.lock = nil
}

func (o *Options) privacy() (*privacy, error) {
	if o.Hashed && o.Addresses == AddressesHash {
		return &privacy{mode: AddressesHash, kept: true}, nil
	}
	return newPrivacy(o.Addresses, o.HashKey)
}

func (o *Options) complete() error {
	if o.RowGroupRows == 0 {
		o.RowGroupRows = DefaultRowGroupRows
	}
	if o.PartRows == 0 {
		o.PartRows = DefaultPartRows
	}
	if o.SchemaVersion == 0 {
		o.SchemaVersion = SchemaVersion
	}
	if o.Lanes == 0 {
		o.Lanes = min(runtime.GOMAXPROCS(0), maxLanes)
	}
	switch {
	case o.RowGroupRows < 0 || o.RowGroupRows%batchRows != 0:
		return fmt.Errorf("row groups of %d rows: not a multiple of %d", o.RowGroupRows, batchRows)
	case o.PartRows < 0:
		return fmt.Errorf("parts of %d rows", o.PartRows)
	case o.PartitionBy != PartitionNone && o.PartitionBy != PartitionMonth:
		return fmt.Errorf("partition by %q: there is only %s", string(o.PartitionBy), PartitionMonth)
	case o.Overwrite && o.Resume:
		return errors.New("overwrite and resume exclude each other")
	}
	return nil
}

// claim makes the directory this writer's: empty of parts, or as its last
// checkpoint says.
func (w *Writer) claim(keyCheck string) error {
	var old checkpoint
	complete, err := exists(filepath.Join(w.dir, manifestName))
	if err != nil {
		return err
	}
	err = readJSON(filepath.Join(w.dir, checkpointName), &old)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	begun := err == nil
	switch {
	case w.opts.Resume && complete:
		// Killed just before this, perhaps.
		return errors.Join(removeFiles(w.dir, checkpointName), ErrComplete)
	case w.opts.Resume && begun:
		return w.resume(&old, keyCheck)
	case (complete || begun) && !w.opts.Overwrite:
		return ErrExists
	}
	// The manifest goes first: what is left is no finished dataset.
	if err := removeFiles(w.dir, manifestName, checkpointName, summaryName, spoolName); err != nil {
		return err
	}
	if err := removeParts(w.dir, nil); err != nil {
		return err
	}
	w.until = w.opts.PartRows
	return w.writeCheckpoint(keyCheck)
}

// Resumed is what the dataset had when the writer was made.
func (w *Writer) Resumed() State { return w.state }

// Write adds a record and takes it over: nothing of it may change afterwards.
// Ordinals must rise from call to call. A record of [Dataset.Records] must be
// copied first, see [Clone].
func (w *Writer) Write(r *evaluate.Record) error {
	if w.err != nil {
		return w.err
	}
	w.err = w.write(r)
	return w.err
}

func (w *Writer) write(r *evaluate.Record) error {
	o := &r.Evidence.Origin
	if o.Ordinal < w.state.NextOrdinal || w.last != nil && o.Ordinal <= w.last.Ordinal {
		return fmt.Errorf("%s:%d: ordinal %d comes after ordinal %d", o.Source, o.Offset, o.Ordinal, w.lastOrdinal())
	}
	if err := w.rollTo(o.Ordinal); err != nil {
		return err
	}
	if err := w.writeAnswers(r); err != nil {
		return err
	}
	if err := w.addMessage(r, o.Ordinal); err != nil {
		return err
	}
	if w.last == nil {
		w.last = new(Place)
	}
	*w.last = Place{Source: o.Source, Offset: o.Offset, Length: o.Length, Ordinal: o.Ordinal}
	return nil
}

func (w *Writer) addMessage(r *evaluate.Record, ordinal int64) error {
	if w.months != nil {
		return w.months.append(r, ordinal)
	}
	return w.messages.append(w.rows.place(len(w.messages.batch), r), ordinal)
}

// rowRing has a place for each row of a batch.
type rowRing [batchRows]row

func (p *rowRing) place(i int, r *evaluate.Record) *row {
	p[i].Record = r
	return &p[i]
}

func (w *Writer) lastOrdinal() int64 {
	if w.last == nil {
		return w.state.NextOrdinal - 1
	}
	return w.last.Ordinal
}

// writeAnswers adds the answers that nothing before rested on.
func (w *Writer) writeAnswers(r *evaluate.Record) error {
	hidden := w.withhold.tokens(r)
	for a := range r.Verdict.Answers() {
		if a == nil || !w.seen.add(a) {
			continue
		}
		if hidden.in(a) {
			w.seen.forget(a)
			w.withhold.count++
			continue
		}
		d := &dnsRow{Answer: a, ordinal: r.Evidence.Origin.Ordinal}
		if err := w.answers.append(d, d.ordinal); err != nil {
			return err
		}
	}
	return nil
}

// WriteProblem adds a problem, in its place among the records.
func (w *Writer) WriteProblem(p *Problem) error {
	if w.err != nil {
		return w.err
	}
	if w.err = w.rollTo(p.Ordinal); w.err == nil {
		w.err = w.problems.append(p.withCause(), p.Ordinal)
	}
	return w.err
}

// WriteFile adds a file of the dataset that is no table, such as summary.json. It is
// written atomically, together with the parts that end next; name must have no
// directory. data must not change afterwards.
func (w *Writer) WriteFile(name string, data []byte) error {
	if w.err != nil {
		return w.err
	}
	if name != filepath.Base(name) || name == manifestName || name == checkpointName {
		return fmt.Errorf("%q is no name for a file of a dataset", name)
	}
	w.files.add(filepath.Join(w.dir, name), data)
	return nil
}

// rollTo ends the parts where the ordinal is beyond what they cover. All tables
// end theirs together, so that a checkpoint holds for all of them.
func (w *Writer) rollTo(ordinal int64) error {
	if ordinal < w.until {
		return nil
	}
	next := ordinal - ordinal%w.opts.PartRows
	if err := w.finishParts(); err != nil {
		return err
	}
	w.state.NextOrdinal = next
	w.until = next + w.opts.PartRows
	return w.writeCheckpoint(w.messages.lanes[0].privacy.keyCheck())
}

// finishParts seals all parts before it names any: their bytes are safe before
// their names are.
func (w *Writer) finishParts() error {
	for _, do := range []func(partWriter, *errgroup.Group) error{partWriter.seal, partWriter.publish} {
		err := synced(func(syncs *errgroup.Group) error {
			return w.each(func(t partWriter) error { return do(t, syncs) })
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// partWriter is a table under way, or the files beside the tables. What it has to wait for on the disk is waited
// for by a group, side by side with the other tables.
type partWriter interface {
	ensure() error                 // begins a part where there is none at all
	seal(*errgroup.Group) error    // finishes what is under way under temporary names
	publish(*errgroup.Group) error // gives what is sealed its names
	abandon()                      // removes what is not published
}

// each does something with every table.
func (w *Writer) each(do func(partWriter) error) error {
	var messages partWriter = w.messages
	if w.months != nil {
		messages = w.months
	}
	return errors.Join(do(messages), do(w.answers), do(w.problems), do(&w.files))
}

func (w *Writer) tables() Tables {
	return Tables{Messages: w.messages.parts, DNS: w.answers.parts, Problems: w.problems.parts}
}

func (w *Writer) writeCheckpoint(keyCheck string) error {
	c := w.checkpoint(keyCheck)
	c.NextOrdinal, c.Last, c.DNSWithheld, c.Tables = w.state.NextOrdinal, w.place(), w.withhold.count, w.tables()
	return writeJSON(filepath.Join(w.dir, checkpointName), c, w.opts.step)
}

// place is w.last as it is stored.
func (w *Writer) place() *Place {
	if w.last == nil {
		return nil
	}
	p := *w.last
	p.Source = EscapeText(p.Source)
	return &p
}

// Commit finishes the dataset: the last parts, then the manifest, which makes it
// one. The writer cannot be used after.
func (w *Writer) Commit(m Manifest) error {
	if w.err != nil {
		return w.err
	}
	w.err = w.commit(m)
	if w.err != nil {
		return w.err
	}
	w.err = errors.New("the dataset is committed")
	w.unlock()
	return nil
}

func (w *Writer) commit(m Manifest) error {
	// A table without rows still has a part, so that readers find its columns.
	if err := w.each(partWriter.ensure); err != nil {
		return err
	}
	if err := w.finishParts(); err != nil {
		return err
	}
	m.PartitionBy = w.opts.PartitionBy
	m.SchemaVersion, m.Addresses, m.Tables = w.opts.SchemaVersion, w.opts.Addresses, w.tables()
	m.DNSWithheld = w.withhold.count
	if err := writeJSON(filepath.Join(w.dir, manifestName), &m, w.opts.step); err != nil {
		return err
	}
	return removeFiles(w.dir, checkpointName)
}

// ensure begins a part where the table has none.
func (w *tableWriter[T]) ensure() error {
	if w.file != nil || len(w.parts) > 0 {
		return nil
	}
	return w.begin(partName(w.table.name, 0))
}

// Close gives up what is not committed: unfinished parts are removed, the last
// checkpoint stays and can be resumed. After Commit it does nothing.
func (w *Writer) Close() error {
	_ = w.each(func(t partWriter) error { t.abandon(); return nil })
	w.unlock()
	if w.err == nil {
		w.err = fs.ErrClosed
	}
	return nil
}

// answerSet is the answers that were written: by pointer, which is quick, and by
// content, because a resumed run has new pointers, and sources may answer twice
// with the same.
type answerSet struct {
	pointers map[*dns.Answer]struct{}
	contents map[[16]byte]struct{}
	buf      []byte
	// recent are answers that are in pointers, each in the place of its address:
	// most messages rest on what others of their time do.
	recent [recentAnswers]*dns.Answer
}

const recentAnswers = 1 << 10

func (s *answerSet) init() {
	s.pointers = make(map[*dns.Answer]struct{})
	s.contents = make(map[[16]byte]struct{})
}
