package sink

import "github.com/parquet-go/parquet-go"

// table is the definition of a table: its columns in order, and how a row of
// type T is taken apart and put together by them.
type table[T any] struct {
	name    string // of the table and of its directory
	doc     string
	columns []item[T]
}

// item is one top-level column of a table: a value or a list.
type item[T any] interface {
	// info describes the column and its leaves, in order.
	info() columnInfo
	// put makes the values of some rows, and gives them to write, leaf by leaf:
	// the memory is the next leaf's then.
	put(rows []T, s *scratch, write leafWriter) error
	// get puts the next value of each leaf into the row; leaves that nobody
	// asked for are nil.
	get(row T, leaves []*cursor)
}

// leafWriter takes the values of a column's leaves for some rows, leaf by leaf.
type leafWriter interface {
	values(leaf int, values []parquet.Value) error
	// nulls takes the values of so many rows that have none.
	nulls(leaf, rows int) error
}

// columnInfo describes a column without its row type.
type columnInfo struct {
	name, doc, words string
	list             bool // of structs, or of values where the only leaf has no name
	leaves           []leafInfo
}

// leafInfo describes a physical column.
type leafInfo struct {
	name, doc, words string
	kind             kind
	required         bool
}

func (c *column[T]) leaf() leafInfo {
	return leafInfo{name: c.name, doc: c.doc, words: c.words, kind: c.kind, required: c.required}
}

// scalar is a column of one value for each row.
type scalar[T any] struct{ column[T] }

func (c *scalar[T]) info() columnInfo {
	return columnInfo{name: c.name, doc: c.doc, words: c.words, leaves: []leafInfo{c.leaf()}}
}

func (c *scalar[T]) put(rows []T, s *scratch, write leafWriter) error {
	values := s.valuesFor(len(rows))
	c.column.put(values, rows, levelOf(false, c.required), s)
	return write.values(0, values)
}

func (c *scalar[T]) get(row T, leaves []*cursor) {
	if l := leaves[0]; l != nil {
		c.column.get(row, l.next())
	}
}

// items makes scalars of columns.
func items[T any](columns ...column[T]) []item[T] {
	out := make([]item[T], len(columns))
	for i, c := range columns {
		out[i] = &scalar[T]{c}
	}
	return out
}
