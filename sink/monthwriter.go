package sink

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/parquet-go/parquet-go"
	"golang.org/x/sync/errgroup"

	"mailaudit/evaluate"
)

// spoolName is the temporary file of a writer, as far as it is seen at all.
const spoolName = "spool"

// monthWriter writes the table messages laid out by month. The rows of the first
// month that a generation meets go to its file at once; those of all others wait
// in a spool, and are written month after month when the generation ends. So one
// file is open at a time and one row group is in memory, whatever the number of
// months, and no file is cut into more row groups than it needs. An archive in
// order of time hardly uses the spool.
type monthWriter struct {
	*tableWriter[*row]
	generation int
	direct     month // whose rows are not spooled; meaningful while file is not nil
	spool      spool
	months     map[month]*monthRows
	coder      *frameCoder
	frame      []byte

	// waiting are rows on their way to the spool, and where each goes.
	waiting []*row
	streams []int
	places  rowRing
	rows    rowRing // of the batch

	used   []usedLeaf        // of the waiting rows
	leaves [][]parquet.Value // of rows on their way to the spool, or from it
	filled []int             // rows that each leaf has while rows are read from the spool

	sealed []*partFile
}

// monthRows are the rows of a month that are spooled.
type monthRows struct {
	stream int
	part   Part // what is counted of it
}

func newMonthWriter(w *tableWriter[*row]) *monthWriter {
	m := &monthWriter{
		tableWriter: w,
		months:      make(map[month]*monthRows),
		coder:       newFrameCoder(w.table.infos(), nil),
	}
	m.leaves, m.filled = make([][]parquet.Value, len(m.coder.leaves)), make([]int, len(m.coder.leaves))
	m.spool.create = func() (*os.File, error) {
		return unnamed(os.Create(filepath.Join(w.dir, spoolName+tempSuffix)))
	}
	return m
}

// resume goes on after the generations that are there.
func (m *monthWriter) resume(parts []Part) {
	if n := len(parts); n > 0 && parts[n-1].Partition != nil {
		m.generation = parts[n-1].Partition.Generation + 1
	}
}

func (m *monthWriter) name(of month) string {
	return fmt.Sprintf("%s/%s%s/%s", m.table.name, monthPrefix, of, partFileName(m.generation))
}

// begin opens the part of a month.
func (m *monthWriter) begin(of month) error {
	if err := m.tableWriter.begin(m.name(of)); err != nil {
		return err
	}
	m.file.part.Partition = &Partition{Month: of.String(), Generation: m.generation}
	return nil
}

// append adds one row, which must not change from here on.
func (m *monthWriter) append(r *evaluate.Record, ordinal int64) error {
	of := monthOf(r)
	if m.file == nil {
		m.direct = of
		if err := m.begin(of); err != nil {
			return err
		}
	}
	if of == m.direct {
		return m.add(m.rows.place(len(m.batch), r), ordinal)
	}
	rows := m.months[of]
	if rows == nil {
		rows = &monthRows{stream: m.spool.open(), part: newPart("")}
		m.months[of] = rows
	}
	rows.part.count(ordinal)
	m.waiting = append(m.waiting, m.places.place(len(m.waiting), r))
	m.streams = append(m.streams, rows.stream)
	if len(m.waiting) == batchRows {
		return m.spoolWaiting()
	}
	return nil
}

// spoolWaiting takes the waiting rows apart, by columns, and gives them to the
// spool row by row.
func (m *monthWriter) spoolWaiting() error {
	err := m.eachColumn(func(i int, s *scratch) error {
		return m.table.columns[i].put(m.waiting, s, memoryLeaves(m.leaves[m.spans[i][0]:m.spans[i][1]]))
	})
	if err != nil {
		return err
	}
	m.findUsed()
	for _, stream := range m.streams {
		b, next := m.frame[:0], 0
		for i := range m.used {
			u := &m.used[i]
			m.coder.skip += u.leaf - next
			b, u.left = m.coder.values(b, &m.coder.leaves[u.leaf], u.left)
			next = u.leaf + 1
		}
		m.coder.skip += len(m.leaves) - next
		m.frame = m.coder.skipped(b)
		if err := m.spool.add(stream, m.frame); err != nil {
			return err
		}
	}
	m.clearLeaves()
	clear(m.waiting)
	clear(m.places[:])
	m.waiting, m.streams = m.waiting[:0], m.streams[:0]
	return nil
}

// memoryLeaves are the leaves of a column in memory.
type memoryLeaves [][]parquet.Value

func (l memoryLeaves) values(leaf int, values []parquet.Value) error {
	l[leaf] = append(l[leaf], values...)
	return nil
}

func (l memoryLeaves) nulls(leaf, rows int) error { return l.values(leaf, noValues[:rows]) }

// usedLeaf is a leaf that has a value in one of the waiting rows, if only a null
// in a list: about half of all have none.
type usedLeaf struct {
	leaf int
	left []parquet.Value // of the rows that are not in the spool yet
}

func (m *monthWriter) findUsed() {
	m.used = m.used[:0]
	for j := range m.leaves {
		values := m.leaves[j]
		if slices.ContainsFunc(values, func(v parquet.Value) bool { return !v.IsNull() || v.DefinitionLevel() > 0 }) {
			m.used = append(m.used, usedLeaf{j, values})
		}
	}
}

func (m *monthWriter) clearLeaves() {
	for j := range m.leaves {
		m.leaves[j] = m.leaves[j][:0]
	}
}

// seal finishes the parts of the generation under their temporary names.
func (m *monthWriter) seal(syncs *errgroup.Group) error {
	if m.file == nil {
		return nil
	}
	if err := m.finishAll(syncs); err != nil {
		return err
	}
	for range m.sealed {
		m.opts.step.done()
	}
	clear(m.months)
	m.spool.reset()
	slices.SortFunc(m.sealed, func(a, b *partFile) int { return cmp.Compare(a.part.Path, b.part.Path) })
	return nil
}

// finishAll writes the parts of the generation. They are synced side by side.
func (m *monthWriter) finishAll(syncs *errgroup.Group) error {
	if err := m.finishOne(syncs); err != nil {
		return err
	}
	if err := m.spoolWaiting(); err != nil {
		return err
	}
	for _, of := range slices.Sorted(maps.Keys(m.months)) {
		if err := m.begin(of); err != nil {
			return err
		}
		if err := m.writeSpooled(m.months[of]); err != nil {
			return m.fail(err)
		}
		if err := m.finishOne(syncs); err != nil {
			return err
		}
	}
	return nil
}

// finishOne finishes the part under way.
func (m *monthWriter) finishOne(syncs *errgroup.Group) error {
	if err := m.finish(); err != nil {
		return err
	}
	f := m.file
	m.sealed = append(m.sealed, f)
	m.file = nil
	syncs.Go(f.seal)
	return nil
}

// writeSpooled writes the rows of a month to the part that was begun.
func (m *monthWriter) writeSpooled(rows *monthRows) error {
	part := &m.file.part
	part.Rows, part.FirstOrdinal, part.LastOrdinal = rows.part.Rows, rows.part.FirstOrdinal, rows.part.LastOrdinal
	r := m.spool.reader(rows.stream)
	for left := rows.part.Rows; left > 0; {
		n := int(min(left, batchRows))
		if err := m.readBatch(r, n); err != nil {
			return err
		}
		left -= int64(n)
		columns := m.out.Columns()
		err := m.eachColumn(func(i int, _ *scratch) error {
			for j := m.spans[i][0]; j < m.spans[i][1]; j++ {
				m.fill(j, n)
				if err := columns[j].WriteValues(m.leaves[j]); err != nil {
					return err
				}
				m.leaves[j] = m.leaves[j][:0]
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := m.advance(n); err != nil {
			return err
		}
	}
	return nil
}

// readBatch reads the values of the next n rows into the leaves. Where a leaf has
// none, they are left out: fill adds them.
func (m *monthWriter) readBatch(r *spoolReader, n int) error {
	s := m.lanes[0]
	s.reset()
	clear(m.filled)
	for row := range n {
		size, err := r.next()
		if err != nil {
			return errors.Join(errFrame, err)
		}
		b := s.room(size)[:size]
		if err := r.frame(b); err != nil {
			return err
		}
		s.arena = s.arena[:len(s.arena)+size]
		err = m.coder.readValues(b, func(j int) *[]parquet.Value {
			m.fill(j, row)
			m.filled[j]++
			return &m.leaves[j]
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fill makes a leaf as long as so many rows.
func (m *monthWriter) fill(j, rows int) {
	if n := rows - m.filled[j]; n > 0 {
		m.leaves[j] = append(m.leaves[j], noValues[:n]...)
		m.filled[j] = rows
	}
}

// publish gives the sealed parts their names. Until the checkpoint that comes
// after it, none of them counts.
func (m *monthWriter) publish(syncs *errgroup.Group) error {
	if len(m.sealed) == 0 {
		return nil
	}
	for _, f := range m.sealed {
		if err := f.publish(syncs); err != nil {
			return err
		}
		m.opts.step.done()
		m.parts = append(m.parts, f.part)
	}
	m.generation++
	m.sealed = m.sealed[:0]
	// The folders themselves may be new.
	syncs.Go(func() error { return syncDir(filepath.Join(m.dir, m.table.name)) })
	return nil
}

// ensure begins a part where the table has none.
func (m *monthWriter) ensure() error {
	if m.file != nil || len(m.parts) > 0 {
		return nil
	}
	return m.begin(nullMonth)
}

// abandon removes what is not finished.
func (m *monthWriter) abandon() {
	m.tableWriter.abandon()
	// Those that are sealed are closed.
	for _, f := range m.sealed {
		_ = os.Remove(f.temp)
	}
	m.sealed = nil
	m.spool.close()
}
