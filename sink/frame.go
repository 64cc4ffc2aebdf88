package sink

import (
	"encoding/binary"
	"errors"
	"slices"
	"unsafe"

	"github.com/parquet-go/parquet-go"
)

// A frame is a row as bytes, for the way through a spool: the values of its
// leaves in order, as the file keeps them. A row is mostly nulls that stand
// together, so a run of leaves that have no value takes two bytes:
//
//	0, number of leaves without a value (a list without elements is one)
//	n, for a leaf with n values: which of them are there (lists only, a byte
//	   each); those as varints, or their lengths and then their bytes
type frameCoder struct {
	leaves []frameLeaf
	cells  []Cell
	skip   int // leaves without a value since the last one that has some
}

// frameLeaf is what the coder knows of a leaf.
type frameLeaf struct {
	name    string // dotted
	list    bool
	number  bool // else bytes
	kind    kind
	present int // definition level of a value that is not null
}

// newFrameCoder makes a coder for the selected leaves.
func newFrameCoder(infos []columnInfo, sel selection) *frameCoder {
	f := new(frameCoder)
	for _, in := range infos {
		for i := range in.leaves {
			l := &in.leaves[i]
			if !sel.wants(in.name, l.name) {
				continue
			}
			f.leaves = append(f.leaves, frameLeaf{
				name: in.dotted(i), list: in.list, number: l.kind.number(), kind: l.kind, present: levelOf(in.list, l.required).present,
			})
		}
	}
	return f
}

// find is the place of a leaf by its dotted name.
func (f *frameCoder) find(name string) int {
	return slices.IndexFunc(f.leaves, func(l frameLeaf) bool { return l.name == name })
}

// leaf appends the values of the next leaf.
func (f *frameCoder) leaf(b []byte, l *frameLeaf, cells []Cell) []byte {
	if len(cells) == 0 || !l.list && cells[0].Null {
		f.skip++
		return b
	}
	b = binary.AppendUvarint(f.skipped(b), uint64(len(cells)))
	if l.list {
		for i := range cells {
			b = append(b, there(&cells[i]))
		}
	}
	for i := range cells {
		switch c := &cells[i]; {
		case c.Null:
		case l.number:
			b = binary.AppendVarint(b, c.Int)
		default:
			b = binary.AppendUvarint(b, uint64(len(c.Text)+len(c.Bytes)))
		}
	}
	if !l.number {
		for i := range cells {
			b = append(append(b, cells[i].Text...), cells[i].Bytes...)
		}
	}
	return b
}

func there(c *Cell) byte {
	if c.Null {
		return 0
	}
	return 1
}

// skipped ends a run of leaves without a value.
func (f *frameCoder) skipped(b []byte) []byte {
	if f.skip > 0 {
		b = binary.AppendUvarint(append(b, 0), uint64(f.skip))
		f.skip = 0
	}
	return b
}

// values appends one row's values of the next leaf, and returns the values after
// them: a row ends before the next value whose repetition level is 0.
func (f *frameCoder) values(b []byte, l *frameLeaf, values []parquet.Value) ([]byte, []parquet.Value) {
	v := &values[0]
	switch {
	case l.list:
		cells, n := f.cells[:0], 0
		for n == 0 || n < len(values) && values[n].RepetitionLevel() > 0 {
			if v := &values[n]; v.DefinitionLevel() > 0 { // else there is no element
				cells = append(cells, cellOf(l, v))
			}
			n++
		}
		f.cells = cells
		return f.leaf(b, l, cells), values[n:]
	case v.IsNull():
		f.skip++
	case l.number:
		b = binary.AppendVarint(append(f.skipped(b), 1), cellOf(l, v).Int)
	default:
		text := v.ByteArray()
		b = binary.AppendUvarint(append(f.skipped(b), 1), uint64(len(text)))
		b = append(b, text...)
	}
	return b, values[1:]
}

func cellOf(l *frameLeaf, v *parquet.Value) Cell {
	switch {
	case v.IsNull():
		return Cell{Null: true}
	case l.kind == boolean:
		if v.Boolean() {
			return Cell{Int: 1}
		}
		return Cell{}
	case l.kind == int32s:
		return Cell{Int: int64(v.Int32())}
	case l.number:
		return Cell{Int: v.Int64()}
	}
	return Cell{Bytes: v.ByteArray()}
}

// valueOf is what cellOf made a cell of.
func valueOf(l *frameLeaf, c *Cell) parquet.Value {
	switch {
	case c.Null:
		return parquet.Value{}
	case l.kind == boolean:
		return parquet.BooleanValue(c.Int != 0)
	case l.kind == int32s:
		return parquet.Int32Value(int32(c.Int))
	case l.number:
		return parquet.Int64Value(c.Int)
	case l.kind == raw:
		return parquet.ByteArrayValue(c.Bytes)
	}
	return stringValue(c.Text)
}

// read calls take for each leaf that has a value, in order, with its cells. Their
// bytes are those of the frame.
func (f *frameCoder) read(frame []byte, take func(i int, cells []Cell)) error {
	r := frameReader{rest: frame}
	for i, n := r.next(f, 0); n > 0; i, n = r.next(f, i+1) {
		if cells := r.cells(&f.leaves[i], n, f); !r.bad {
			take(i, cells)
		}
	}
	return r.end()
}

// readValues appends the values of each leaf that has one to where at tells.
func (f *frameCoder) readValues(frame []byte, at func(i int) *[]parquet.Value) error {
	r := frameReader{rest: frame}
	for i, n := r.next(f, 0); n > 0; i, n = r.next(f, i+1) {
		l, values := &f.leaves[i], at(i)
		if !l.list {
			*values = append(*values, leveled(r.one(l, n), 0, l.present))
			continue
		}
		for j, c := range r.cells(l, n, f) {
			*values = append(*values, leveled(valueOf(l, &c), min(j, 1), l.present))
		}
	}
	return r.end()
}

// leveled is a value with its levels; repetition is 1 for all but the first of a
// list.
func leveled(v parquet.Value, repetition, present int) parquet.Value {
	if v.IsNull() {
		present--
	}
	v.SetRepetitionLevel(repetition)
	v.SetDefinitionLevel(present)
	return v
}

// errFrame is a frame that is not as it was written: the temporary file was
// changed.
var errFrame = errors.New("a temporary file holds other bytes than were written to it")

// frameReader takes a frame apart.
type frameReader struct {
	rest []byte
	bad  bool
}

// next is the next leaf that has values, from i on, and how many; 0 at the end.
func (r *frameReader) next(f *frameCoder, i int) (leaf, n int) {
	for i < len(f.leaves) && !r.bad {
		if n := r.length(); n > 0 {
			return i, n
		}
		i += r.length()
	}
	return i, 0
}

// end tells whether the frame was one, and no more.
func (r *frameReader) end() error {
	if r.bad || len(r.rest) > 0 {
		return errFrame
	}
	return nil
}

// one reads the only value of a leaf.
func (r *frameReader) one(l *frameLeaf, n int) parquet.Value {
	v := r.value(l)
	if n != 1 || !l.number && v > int64(len(r.rest)) {
		r.bad = true
		return parquet.Value{}
	}
	switch {
	case l.kind == boolean:
		return parquet.BooleanValue(v != 0)
	case l.kind == int32s:
		return parquet.Int32Value(int32(v))
	case l.number:
		return parquet.Int64Value(v)
	}
	text := r.rest[:v:v]
	r.rest = r.rest[v:]
	return parquet.ByteArrayValue(text)
}

// length reads a number that cannot be more than the bytes that follow, or the
// leaves that there are; 0 where the frame is bad.
func (r *frameReader) length() int {
	if len(r.rest) > 0 && r.rest[0] < 0x80 { // most are short
		n := int(r.rest[0])
		r.rest = r.rest[1:]
		return n
	}
	n, size := binary.Uvarint(r.rest)
	if size <= 0 || n > maxFrame {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[size:]
	return int(n)
}

// maxFrame bounds a frame in bytes, more than any row has.
const maxFrame = 1 << 30

func (r *frameReader) cells(l *frameLeaf, n int, f *frameCoder) []Cell {
	if l.list && n > len(r.rest) || !l.list && n != 1 {
		r.bad = true
		return nil
	}
	cells := f.cells[:0]
	for i := range n {
		cells = append(cells, Cell{Null: l.list && r.rest[i] == 0})
	}
	f.cells = cells
	if l.list {
		r.rest = r.rest[n:]
	}
	for i := range cells {
		if c := &cells[i]; !c.Null {
			c.Int = r.value(l)
		}
	}
	if l.number {
		return cells
	}
	for i := range cells {
		c := &cells[i]
		if c.Null {
			continue
		}
		size := int(c.Int)
		if c.Int = 0; size > len(r.rest) {
			r.bad = true
			return cells
		}
		b := r.rest[:size:size]
		if r.rest = r.rest[size:]; l.kind == raw {
			c.Bytes = b
		} else {
			c.Text = unsafe.String(unsafe.SliceData(b), size) // nobody writes to a frame
		}
	}
	return cells
}

// value reads a number, or the length of bytes.
func (r *frameReader) value(l *frameLeaf) int64 {
	if !l.number {
		return int64(r.length())
	}
	v, size := binary.Varint(r.rest)
	if size <= 0 {
		r.bad = true
		return 0
	}
	r.rest = r.rest[size:]
	return v
}
