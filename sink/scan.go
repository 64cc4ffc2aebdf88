package sink

import (
	"fmt"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Scan reads the table messages column by column: many times quicker than
// [Dataset.Records] where a question needs few columns, or some of them only
// for some row groups. It must be closed. The zero Scan is ready for Reopen.
type Scan struct {
	part    *partReader
	groups  []parquet.RowGroup
	next    int
	columns map[string]*scanned
	// firsts are the places of rows in each list: the same for all its fields.
	firsts map[string]*first
	err    error
}

// scanned is a column that was asked for.
type scanned struct {
	info   columnInfo
	leaf   int     // of info
	cursor *cursor // nil where the file has no such column
	read   bool    // of the current row group, as what follows
	vector vector

	counted bool
	counts  Counts
	worded  bool
	words   []string // the dictionary
}

// first is the First of a list's fields.
type first struct {
	read bool // of the current row group
	rows []int32
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
		s.columns, s.firsts = make(map[string]*scanned), make(map[string]*first)
	}
	for _, c := range s.columns {
		s.find(c)
	}
	return nil
}

// Next goes to the next row group, and tells whether there is one.
func (s *Scan) Next() bool {
	if s.next++; s.err != nil || s.next >= len(s.groups) {
		return false
	}
	for _, c := range s.columns {
		c.read, c.counted, c.worded = false, false, false
	}
	for _, f := range s.firsts {
		f.read = false
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
	c := s.column(name)
	if !c.read {
		c.read = true
		s.read(c)
	}
	return &c.vector.Vector
}

// column is a column that may not be read yet.
func (s *Scan) column(name string) *scanned {
	c := s.columns[name]
	if c == nil {
		c = s.describe(name)
		s.find(c)
		s.columns[name] = c
	}
	return c
}

// describe finds out what a column is, whatever the file.
func (s *Scan) describe(name string) *scanned {
	c := new(scanned)
	t := messagesTable()
	infos := t.infos()
	sel, err := parseSelection(t.name, infos, []string{name})
	if err != nil {
		s.fail(err)
		return c
	}
	column, _, _ := strings.Cut(name, ".")
	c.info = infos[slices.IndexFunc(infos, func(in columnInfo) bool { return in.name == column })]
	c.leaf = slices.IndexFunc(c.info.leaves, func(l leafInfo) bool { return sel.wants(column, l.name) })
	return c
}

// find finds a column in the file.
func (s *Scan) find(c *scanned) {
	var texts []string
	if c.cursor != nil {
		texts = c.cursor.dictText
	}
	c.cursor, c.read, c.counted, c.worded = nil, false, false, false
	if c.info.name == "" {
		return
	}
	leaf, ok := s.part.Schema().Lookup(c.info.path(c.leaf)...)
	if !ok {
		return
	}
	c.cursor = &cursor{
		kind: c.info.leaves[c.leaf].kind, list: c.info.list, name: c.info.dotted(c.leaf),
		present: byte(leaf.MaxDefinitionLevel), err: &s.err, index: leaf.ColumnIndex,
		dictText: texts,
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
	v.Codes, v.Numbers, v.Dict, v.base = v.Codes[:0], v.Numbers[:0], nil, -1
	v.First, v.placed = nil, false
	if c.cursor == nil || s.err != nil {
		if f := s.firsts[c.info.name]; f != nil && f.read {
			v.First, v.placed = f.rows, true
		}
		v.pad(rows)
		return
	}
	if c.info.list {
		f := s.first(c.info.name)
		v.First, v.placed = f.rows, f.read
		defer func() { f.rows, f.read = v.First, v.placed || s.err == nil }()
	}
	if s.allNull(c) {
		v.nulls(c.cursor.kind, rows)
		return
	}
	if s.allSame(c) {
		v.same(s.dictionary(c), rows)
		return
	}
	v.grow(c.cursor.kind, int(s.told(c).NumValues))
	s.pages(c, func() { v.take(c.cursor, c.cursor.kind == word) })
	switch {
	case s.err != nil:
		v.pad(rows)
	case c.info.list && !v.placed:
		v.First = append(v.First, v.values())
	}
}

// pages loads the column's pages one after the other.
func (s *Scan) pages(c *scanned, take func()) {
	chunk := s.groups[s.next].ColumnChunks()[c.cursor.index]
	c.cursor.open(chunk)
	for left := chunk.NumValues(); left > 0 && c.cursor.load(); left -= int64(c.cursor.count) {
		take()
	}
	c.cursor.close()
	if s.err != nil {
		s.err = fmt.Errorf("%s: %w", s.part.path, s.err)
	}
}

// allNull tells whether the column has no value in the row group, by what the
// file says of it. Of a list that counts only where its elements are known.
func (s *Scan) allNull(c *scanned) bool {
	m := s.told(c)
	return m.NumValues > 0 && m.Statistics.NullCount == m.NumValues && (!c.info.list || c.vector.placed)
}

// first is the places of rows in a list.
func (s *Scan) first(list string) *first {
	f := s.firsts[list]
	if f == nil {
		f = new(first)
		s.firsts[list] = f
	}
	if !f.read {
		f.rows = f.rows[:0]
	}
	return f
}
