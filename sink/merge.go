package sink

import (
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

// merger puts the rows of a generation in order. Each of its parts has some of
// them, by rising ordinal. Were all parts open at once, with a page of every
// column of each, many months would take hundreds of megabytes. So the parts are
// read one after the other into a spool, row by row, and merged from there.
type merger struct {
	dir     string
	infos   []columnInfo // of the table
	sel     selection    // of the leaves; the column ordinal is among them
	coder   *frameCoder
	ordinal int // of the columns
	spool   spool
	frame   []byte
}

// ordinalColumn is what the parts of a generation are merged by.
const ordinalColumn = "ordinal"

// newMerger makes a merger for the leaves that are selected.
func newMerger(dir string, infos []columnInfo, sel selection) *merger {
	m := &merger{dir: dir, infos: infos, sel: sel}
	if sel != nil {
		m.sel = selection{ordinalColumn: nil}
		for column, fields := range sel {
			m.sel[column] = fields
		}
	}
	m.spool.create = func() (*os.File, error) { return unnamed(os.CreateTemp("", "audit-merge-*")) }
	m.coder = newFrameCoder(infos, m.sel)
	m.ordinal = slices.IndexFunc(infos, func(in columnInfo) bool { return in.name == ordinalColumn })
	return m
}

// merge puts the cells of each row of some parts, by rising ordinal, where places
// tells for each of the coder's leaves (nil for nowhere), and calls row, until that
// returns false. What cells point to may be kept.
func (m *merger) merge(parts []Part, places []*[]Cell, row func() bool) (more bool, err error) {
	defer m.spool.close()
	for _, p := range parts {
		if err := m.take(p); err != nil {
			return false, err
		}
	}
	for i := range places {
		m.clear(i, places[i])
	}
	var set []int // leaves that have a value in this row
	put := func(i int, cells []Cell) {
		if p := places[i]; p != nil {
			*p = append((*p)[:0], cells...)
			set = append(set, i)
		}
	}
	heads, err := m.heads()
	if err != nil {
		return false, err
	}
	for len(heads) > 0 {
		h := heads[0]
		if err := m.coder.read(h.frame, put); err != nil {
			return false, err
		}
		if !row() {
			return false, nil
		}
		for _, i := range set {
			m.clear(i, places[i])
		}
		set = set[:0]
		switch err := h.next(); {
		case errors.Is(err, io.EOF):
			heap.Pop(&heads)
		case err != nil:
			return false, err
		default:
			heap.Fix(&heads, 0)
		}
	}
	return true, nil
}

// clear makes a place that of a leaf without a value: null, or no element.
func (m *merger) clear(leaf int, place *[]Cell) {
	if place == nil {
		return
	}
	if *place = (*place)[:0]; !m.coder.leaves[leaf].list {
		*place = append(*place, Cell{Null: true})
	}
}

// take reads a part into a stream of its own. Before each row stands its ordinal.
func (m *merger) take(p Part) error {
	stream := m.spool.open()
	return exportPart(m.dir, p, m.infos, m.sel, func(cells [][][]Cell) error {
		b, leaf := binary.AppendVarint(m.frame[:0], cells[m.ordinal][0][0].Int), 0
		for _, column := range cells {
			for _, values := range column {
				b = m.coder.leaf(b, &m.coder.leaves[leaf], values)
				leaf++
			}
		}
		m.frame = m.coder.skipped(b)
		return m.spool.add(stream, m.frame)
	})
}

// head is the first row of a stream that was not given out.
type head struct {
	reader  *spoolReader
	frame   []byte // its own: who gets the row may keep what is in it
	ordinal int64
}

func (h *head) next() error {
	n, err := h.reader.next()
	if err != nil {
		return err
	}
	h.frame = make([]byte, n)
	if err := h.reader.frame(h.frame); err != nil {
		return err
	}
	o, size := binary.Varint(h.frame)
	if size <= 0 {
		return errFrame
	}
	h.ordinal, h.frame = o, h.frame[size:]
	return nil
}

// heads are the streams by their first ordinals.
type heads []*head

func (h heads) Len() int           { return len(h) }
func (h heads) Less(i, j int) bool { return h[i].ordinal < h[j].ordinal }
func (h heads) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *heads) Push(x any)        { *h = append(*h, x.(*head)) }

func (h *heads) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

func (m *merger) heads() (heads, error) {
	var all heads
	for i := range m.spool.streams {
		h := &head{reader: m.spool.reader(i)}
		switch err := h.next(); {
		case errors.Is(err, io.EOF): // a part without rows
		case err != nil:
			return nil, err
		default:
			all = append(all, h)
		}
	}
	heap.Init(&all)
	return all, nil
}

// scanParts is scanPart for parts that must be merged, where there are several.
func scanParts[T any](dir string, parts []Part, t *table[T], sel selection, fresh func() T, row func(T) bool) (more bool, err error) {
	if len(parts) == 1 {
		return scanPart(dir, parts[0], t, sel, fresh, row)
	}
	m := newMerger(dir, t.infos(), sel)
	r := newTableReader(t, sel, t.schema())
	places := make([]*[]Cell, len(m.coder.leaves))
	for _, leaves := range r.leaves {
		for _, c := range leaves {
			if c != nil {
				c.merged = true
				places[m.coder.find(c.name)] = &c.given
			}
		}
	}
	var failed error
	more, err = m.merge(parts, places, func() bool {
		v := fresh()
		if failed = r.next(v); failed != nil {
			return false
		}
		return row(v)
	})
	return more, errors.Join(failed, err)
}
