package sink

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
	"github.com/zeebo/xxh3"
	"golang.org/x/sync/errgroup"

	"mailaudit/sink/parquetfile"
)

// Sizes of what is written. They are part of the format: other values make
// other bytes.
const (
	// batchRows is how many rows are kept until they are taken apart, column by
	// column: enough that each column is worked on for a while, few enough that
	// the rows stay in the processor's cache.
	batchRows = 256
	// pageRows is how many rows a page holds. Pages of all columns end at the
	// same row, so a filter on one skips the others'.
	pageRows = 8 << 10
	// pageBytes bounds a page of long values.
	pageBytes = 512 << 10
	// dictionaryBytes is the size from which a column chunk's new values are
	// written plainly: a dictionary that large is not worth its lookups.
	dictionaryBytes = 1 << 20
	// fileBuffer is the size of writes to a part in bytes.
	fileBuffer = 256 << 10
	// syncBytes is after how many bytes the system begins to write them to the disk.
	syncBytes = 3 << 20
)

// tableWriter writes the parts of one table.
type tableWriter[T any] struct {
	table  *table[T]
	dir    string // of the dataset
	opts   *Options
	schema *parquet.Schema
	spans  [][2]int // leaves of each column
	lanes  []*scratch

	batch []T // rows that are not in their columns yet
	page  int // rows since the last end of a page
	group int // rows since the last end of a row group

	parts []Part // published, and sealed ones at the end
	file  *partFile
	out   *parquetfile.Writer // of all parts, one after the other; nil before the first
}

func newTableWriter[T any](t *table[T], dir string, opts *Options, p *privacy) *tableWriter[T] {
	w := &tableWriter[T]{table: t, dir: dir, opts: opts, schema: t.schema()}
	for range max(opts.Lanes, 1) {
		w.lanes = append(w.lanes, &scratch{privacy: p.clone()})
	}
	leaves := 0
	for _, in := range t.infos() {
		w.spans = append(w.spans, [2]int{leaves, leaves + len(in.leaves)})
		leaves += len(in.leaves)
	}
	return w
}

// append adds one row, which must not change from here on; ordinal is that of the message it belongs to, -1 for none.
func (w *tableWriter[T]) append(r T, ordinal int64) error {
	if w.file == nil {
		if err := w.begin(partName(w.table.name, len(w.parts))); err != nil {
			return err
		}
	}
	return w.add(r, ordinal)
}

// add is append where a part was begun.
func (w *tableWriter[T]) add(r T, ordinal int64) error {
	w.batch = append(w.batch, r)
	w.file.part.count(ordinal)
	if len(w.batch) == batchRows {
		return w.flushBatch()
	}
	return nil
}

// begin opens a part under its temporary name.
func (w *tableWriter[T]) begin(name string) error {
	f, err := createPart(w.dir, name)
	if err != nil {
		return err
	}
	w.file = f
	w.opts.step.done()
	if w.out != nil {
		w.out.Reset(f)
		return nil
	}
	w.out, err = parquetfile.New(f, w.config())
	return w.fail(err)
}

// config is what the table's files are besides their rows.
func (w *tableWriter[T]) config() parquetfile.Config {
	meta := w.table.metadata(w.opts.SchemaVersion)
	meta[addressesKey] = string(w.opts.Addresses)
	bounded := make(map[string]bool)
	for _, in := range w.table.infos() {
		for i, l := range in.leaves {
			bounded[strings.Join(in.path(i), ".")] = l.kind.bounded()
		}
	}
	return parquetfile.Config{
		Schema: w.schema, CreatedBy: w.opts.CreatedBy, Metadata: meta, Compression: compression,
		PageBytes: pageBytes, PageRows: pageRows, DictionaryBytes: dictionaryBytes, BufferBytes: fileBuffer, Lanes: len(w.lanes),
		Bounds: func(path []string) bool { return bounded[strings.Join(path, ".")] },
	}
}

// flushBatch takes the batch apart, and ends pages and row groups where that is
// due.
func (w *tableWriter[T]) flushBatch() error {
	if len(w.batch) == 0 {
		return nil
	}
	if err := w.takeApart(); err != nil {
		return w.fail(err)
	}
	n := len(w.batch)
	clear(w.batch)
	w.batch = w.batch[:0]
	return w.advance(n)
}

// advance ends pages and row groups where that is due after n more rows.
func (w *tableWriter[T]) advance(n int) error {
	w.page += n
	w.group += n
	if w.group < w.opts.RowGroupRows && w.page < pageRows {
		return nil
	}
	w.page = 0
	if w.group < w.opts.RowGroupRows {
		return w.fail(w.endPages())
	}
	w.group = 0
	return w.fail(w.out.Flush())
}

// endPages ends the page of every column, side by side.
func (w *tableWriter[T]) endPages() error {
	columns := w.out.Columns()
	return w.eachColumn(func(i int, _ *scratch) error {
		for _, c := range columns[w.spans[i][0]:w.spans[i][1]] {
			if err := c.EndPage(); err != nil {
				return err
			}
		}
		return nil
	})
}

// takeApart puts the batch's values into their columns.
func (w *tableWriter[T]) takeApart() error {
	columns := w.out.Columns()
	return w.eachColumn(func(i int, s *scratch) error {
		return w.table.columns[i].put(w.batch, s, fileLeaves(columns[w.spans[i][0]:w.spans[i][1]]))
	})
}

// fileLeaves are the leaves of a column in a file.
type fileLeaves []*parquetfile.Column

func (l fileLeaves) values(leaf int, values []parquet.Value) error {
	return l[leaf].WriteValues(values)
}
func (l fileLeaves) nulls(leaf, rows int) error { return l[leaf].WriteNulls(rows) }

// eachColumn calls do for each column. Columns know nothing of each other, so
// each lane takes the next one that nobody has.
func (w *tableWriter[T]) eachColumn(do func(i int, s *scratch) error) error {
	var next atomic.Int64
	var group errgroup.Group
	lane := func(s *scratch) error {
		s.reset()
		for {
			i := int(next.Add(1)) - 1
			if i >= len(w.table.columns) {
				return nil
			}
			if err := do(i, s); err != nil {
				return err
			}
		}
	}
	for _, s := range w.lanes[1:] {
		group.Go(func() error { return lane(s) })
	}
	return errors.Join(lane(w.lanes[0]), group.Wait())
}

// seal finishes the part under its temporary name, if one was begun.
func (w *tableWriter[T]) seal(syncs *errgroup.Group) error {
	if w.file == nil {
		return nil
	}
	if err := w.finish(); err != nil {
		return err
	}
	syncs.Go(w.file.seal)
	w.opts.step.done()
	return nil
}

// finish writes the rest of the part.
func (w *tableWriter[T]) finish() error {
	if err := w.flushBatch(); err != nil {
		return err
	}
	w.page, w.group = 0, 0
	return w.fail(w.out.Close())
}

// publish gives the sealed part its name.
func (w *tableWriter[T]) publish(syncs *errgroup.Group) error {
	if w.file == nil {
		return nil
	}
	if err := w.file.publish(syncs); err != nil {
		return err
	}
	w.opts.step.done()
	w.parts = append(w.parts, w.file.part)
	w.file = nil
	return nil
}

// abandon removes the part that is not finished.
func (w *tableWriter[T]) abandon() {
	if w.file != nil {
		w.file.abandon()
		w.file = nil
	}
}

func (w *tableWriter[T]) fail(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("write %s: %w", w.file.final, err)
}

// Part is one file of a table.
type Part struct {
	Path   string `json:"path"` // in the dataset, with slashes
	Rows   int64  `json:"rows"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"` // hex of XXH3-128 over the file
	// FirstOrdinal and LastOrdinal are those of the messages its rows belong
	// to; -1 where they belong to none.
	FirstOrdinal int64 `json:"first_ordinal"`
	LastOrdinal  int64 `json:"last_ordinal"`
	// Partition is nil where the table is not laid out in folders.
	Partition *Partition `json:"partition,omitempty"`
}

func newPart(path string) Part { return Part{Path: path, FirstOrdinal: -1, LastOrdinal: -1} }

func (p *Part) count(ordinal int64) {
	p.Rows++
	if ordinal < 0 {
		return
	}
	if p.FirstOrdinal < 0 {
		p.FirstOrdinal = ordinal
	}
	p.LastOrdinal = ordinal
}

// partFile is a part under way.
type partFile struct {
	part        Part
	temp, final string
	file        *os.File
	hash        *xxh3.Hasher
	syncing     int64 // bytes that the system was told to begin to write to the disk
}

// partName is where part n of a table is in its dataset.
func partName(table string, n int) string { return table + "/" + partFileName(n) }

func partFileName(n int) string { return fmt.Sprintf("part-%05d.parquet", n) }

// tempSuffix marks what is not finished.
const tempSuffix = ".tmp"

func createPart(dir, name string) (*partFile, error) {
	f := &partFile{
		part:  newPart(name),
		final: filepath.Join(dir, filepath.FromSlash(name)),
		hash:  xxh3.New(),
	}
	f.temp = f.final + tempSuffix
	if err := os.MkdirAll(filepath.Dir(f.final), 0o777); err != nil {
		return nil, err
	}
	file, err := os.Create(f.temp)
	f.file = file
	return f, err
}

// Write implements io.Writer for the Parquet library.
func (f *partFile) Write(b []byte) (int, error) {
	n, err := f.file.Write(b)
	_, _ = f.hash.Write(b[:n])
	f.part.Bytes += int64(n)
	if d := f.part.Bytes - f.syncing; d >= syncBytes {
		startSync(f.file, f.syncing, d)
		f.syncing += d
	}
	if err == nil && n < len(b) {
		err = io.ErrShortWrite
	}
	return n, err
}

func (f *partFile) seal() error {
	sum := f.hash.Sum128().Bytes()
	f.part.Digest = fmt.Sprintf("%x", sum[:])
	return errors.Join(f.file.Sync(), f.file.Close())
}

// publish gives the file its name, and has the folder synced.
func (f *partFile) publish(syncs *errgroup.Group) error {
	if err := os.Rename(f.temp, f.final); err != nil {
		return err
	}
	syncs.Go(func() error { return syncDir(filepath.Dir(f.final)) })
	return nil
}

func (f *partFile) abandon() {
	_ = f.file.Close()
	_ = os.Remove(f.temp)
}
