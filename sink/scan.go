package sink

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
)

// NoNumber is what a [Vector] holds where a number or a time is null.
const NoNumber = math.MinInt64

// Vector is one column of a row group: a value for each row, or, for a field of
// a list, the values of all rows one after the other. It is good until the next
// call of [Scan.Next].
type Vector struct {
	// Codes are the values of a column of text, as places in Dict; -1 is null.
	// Equal codes are equal texts; unequal codes may be equal texts too.
	Codes []int32
	Dict  []string
	// Numbers are the values of every other column but bytes: numbers,
	// booleans (0 and 1), times (microseconds since 1970 in UTC). Null is
	// NoNumber.
	Numbers []int64
	// First, for a field of a list, has a place for each row and one more: the
	// values of row i are those from First[i] up to First[i+1].
	First []int32

	base int32 // where the row group's dictionary begins in Dict; -1: not there yet
}

// Text is value i of a column of text; empty where it is null.
func (v *Vector) Text(i int) string {
	if c := v.Codes[i]; c >= 0 {
		return v.Dict[c]
	}
	return ""
}

// Bool is value i of a column of booleans; false where it is null.
func (v *Vector) Bool(i int) bool { return v.Numbers[i] == 1 }

// Time is value i of a column of times; zero where it is null.
func (v *Vector) Time(i int) time.Time {
	if v.Numbers[i] == NoNumber {
		return time.Time{}
	}
	return time.UnixMicro(v.Numbers[i]).UTC()
}

// Span is where the values of row i are, for a field of a list.
func (v *Vector) Span(i int) (from, to int) { return int(v.First[i]), int(v.First[i+1]) }

// Scan reads the table messages column by column: many times quicker than
// [Dataset.Records] where a question needs few columns, or some of them only
// for some row groups. It must be closed. The zero Scan is ready for Reopen.
type Scan struct {
	part    *partReader
	groups  []parquet.RowGroup
	next    int
	columns map[string]*scanned
	err     error
}

// scanned is a column that was asked for.
type scanned struct {
	cursor *cursor // nil where the file has no such column
	word   bool
	read   bool // of the current row group
	vector Vector
}

// Scan opens one part of the table messages, from 0. Parts may be scanned side
// by side.
func (d *Dataset) Scan(part int) (*Scan, error) {
	s := new(Scan)
	if err := s.Reopen(d, part); err != nil {
		return nil, err
	}
	return s, nil
}

// Reopen goes on with another part, whose vectors take the memory of those of
// the part before. After an error the Scan is closed.
func (s *Scan) Reopen(d *Dataset, part int) error {
	if err := s.Close(); err != nil {
		return err
	}
	f, err := openPart(d.dir, d.Manifest.Tables.Messages[part])
	if err != nil {
		return err
	}
	s.part, s.groups, s.next, s.err = f, f.RowGroups(), -1, nil
	if s.columns == nil {
		s.columns = make(map[string]*scanned)
	}
	for name, c := range s.columns {
		s.find(name, c)
	}
	return nil
}

// Next goes to the next row group, and tells whether there is one.
func (s *Scan) Next() bool {
	if s.next++; s.err != nil || s.next >= len(s.groups) {
		return false
	}
	for _, c := range s.columns {
		c.read = false
	}
	return true
}

// Rows is how many rows the row group has.
func (s *Scan) Rows() int { return int(s.groups[s.next].NumRows()) }

// Err is the first error of reading.
func (s *Scan) Err() error { return s.err }

// Close gives the file back.
func (s *Scan) Close() error {
	for _, c := range s.columns {
		if c.cursor != nil {
			c.cursor.close()
		}
	}
	if s.part == nil {
		return nil
	}
	f := s.part.file
	s.part = nil
	return f.Close()
}

// Column is a column, or with a dot a field of a list, for the whole row group:
// "spf_result", "dkim.result". It is read when it is first asked for. A column
// that an older file lacks is all null, its lists are empty. After an error,
// which Err tells, it is the same.
func (s *Scan) Column(name string) *Vector {
	c := s.columns[name]
	if c == nil {
		c = new(scanned)
		s.find(name, c)
		s.columns[name] = c
	}
	if !c.read {
		c.read = true
		s.read(c)
	}
	return &c.vector
}

// find finds what is to be read for a column.
func (s *Scan) find(name string, c *scanned) {
	c.cursor, c.read = nil, false
	t := messagesTable()
	sel, err := parseSelection(t.name, t.infos(), []string{name})
	if err != nil {
		s.fail(err)
		return
	}
	for _, leaves := range newTableReader(t, sel, s.part.Schema()).leaves {
		for _, leaf := range leaves {
			if leaf != nil {
				leaf.err = &s.err
				c.cursor, c.word = leaf, leaf.kind == word
				return
			}
		}
	}
}

func (s *Scan) fail(err error) {
	if s.err == nil {
		s.err = fmt.Errorf("%s: %w", s.part.path, err)
	}
}

// read fills the vector in from the pages of the row group.
func (s *Scan) read(c *scanned) {
	v, rows := &c.vector, s.Rows()
	v.Codes, v.Numbers, v.First, v.Dict, v.base = v.Codes[:0], v.Numbers[:0], v.First[:0], nil, -1
	if c.cursor == nil || s.err != nil {
		v.pad(rows)
		return
	}
	chunk := s.groups[s.next].ColumnChunks()[c.cursor.index]
	c.cursor.open(chunk)
	for left := chunk.NumValues(); left > 0 && c.cursor.load(); left -= int64(c.cursor.count) {
		v.take(c.cursor, c.word)
	}
	c.cursor.close()
	switch {
	case s.err != nil:
		s.err = fmt.Errorf("%s: %w", s.part.path, s.err)
		v.pad(rows)
	case c.cursor.list:
		v.First = append(v.First, int32(len(v.Codes)+len(v.Numbers)))
	}
}

// pad makes the vector complete where it was not read: all null.
func (v *Vector) pad(rows int) {
	v.Codes, v.Numbers, v.First = v.Codes[:0], v.Numbers[:0], append(v.First[:0], 0)
	for range rows {
		v.Codes, v.Numbers, v.First = append(v.Codes, -1), append(v.Numbers, NoNumber), append(v.First, 0)
	}
}

// take adds the values of a page.
func (v *Vector) take(c *cursor, isWord bool) {
	switch {
	case c.kind == raw:
	case c.kind == boolean || c.kind == int32s || c.kind == int64s || c.kind == moment:
		v.numbers(c)
	case c.dictionary:
		v.dictionary(c, isWord)
	default:
		v.texts(c, isWord)
	}
}

// place tells whether level i of the page has a value. For lists it notes where
// rows begin, and absent tells that there is no element at all.
func (v *Vector) place(c *cursor, i int) (present, absent bool) {
	if c.list {
		if c.reps[i] == 0 {
			v.First = append(v.First, int32(len(v.Codes)+len(v.Numbers)))
		}
		if c.defs[i] == 0 {
			return false, true
		}
	}
	return c.defs == nil || c.defs[i] == c.present, false
}

// dictionary adds a page of places in the row group's dictionary.
func (v *Vector) dictionary(c *cursor, isWord bool) {
	if v.base < 0 {
		v.base = int32(len(v.Dict))
		v.Dict = appendTexts(v.Dict, c.dictText, isWord)
	}
	switch {
	case c.list:
		v.listedCodes(c)
	case len(c.indexes) == c.count && v.base == 0: // no nulls
		v.Codes = append(v.Codes, c.indexes...)
	default:
		v.nullableCodes(c)
	}
}

// nullableCodes adds the codes of a page of values.
func (v *Vector) nullableCodes(c *cursor) {
	n, next := len(v.Codes), 0
	v.Codes = slices.Grow(v.Codes, c.count)[:n+c.count]
	out := v.Codes[n:]
	for i := range out {
		if c.defs != nil && c.defs[i] != c.present {
			out[i] = -1
			continue
		}
		out[i] = v.base + c.indexes[next]
		next++
	}
}

// listedCodes adds the codes of a page of lists.
func (v *Vector) listedCodes(c *cursor) {
	codes, first, next := slices.Grow(v.Codes, c.count), v.First, 0
	for i, def := range c.defs[:c.count] {
		if c.reps[i] == 0 {
			first = append(first, int32(len(codes)))
		}
		switch def {
		case c.present:
			codes = append(codes, v.base+c.indexes[next])
			next++
		case 0: // no element at all
		default:
			codes = append(codes, -1)
		}
	}
	v.Codes, v.First = codes, first
}

func appendTexts(dict, texts []string, isWord bool) []string {
	if isWord {
		return append(dict, texts...)
	}
	for _, t := range texts {
		dict = append(dict, UnescapeText(t))
	}
	return dict
}

// texts adds a page of texts, each with a code of its own.
func (v *Vector) texts(c *cursor, isWord bool) {
	next := 0
	for i := range c.count {
		present, absent := v.place(c, i)
		switch {
		case present:
			t := c.text[c.offsets[next]:c.offsets[next+1]]
			if next++; !isWord {
				t = UnescapeText(t)
			}
			v.Codes = append(v.Codes, int32(len(v.Dict)))
			v.Dict = append(v.Dict, t)
		case !absent:
			v.Codes = append(v.Codes, -1)
		}
	}
}

// numbers adds a page of numbers.
func (v *Vector) numbers(c *cursor) {
	if !c.list && len(c.int64s) == c.count && (c.kind == int64s || c.kind == moment) { // no nulls
		v.Numbers = append(v.Numbers, c.int64s...)
		return
	}
	next := 0
	for i := range c.count {
		present, absent := v.place(c, i)
		switch {
		case present:
			v.Numbers = append(v.Numbers, c.number(next))
			next++
		case !absent:
			v.Numbers = append(v.Numbers, NoNumber)
		}
	}
}

// number is present value j of the page.
func (c *cursor) number(j int) int64 {
	switch c.kind {
	case boolean:
		return int64(c.booleans[j/8] >> (j % 8) & 1)
	case int32s:
		return int64(c.int32s[j])
	}
	return c.int64s[j]
}
