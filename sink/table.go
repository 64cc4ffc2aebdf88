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
	// put appends the values of some rows to the batch of one of the leaves.
	put(rows []T, leaf int, b *leafBatch, s *scratch)
	// get puts the next value of each leaf into the row; leaves that nobody
	// asked for are nil.
	get(row T, leaves []*cursor)
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

// leafBatch are the values of one physical column of a batch of rows.
type leafBatch struct {
	values  []parquet.Value
	present int // definition level of a value that is not null
}

func newLeafBatch(in *columnInfo, l *leafInfo) leafBatch {
	var b leafBatch
	if in.list {
		b.present++
	}
	if !l.required {
		b.present++
	}
	return b
}

// write gives the values to their column.
func (b *leafBatch) write(column *parquet.ColumnWriter) error {
	_, err := column.WriteRowValues(b.values)
	b.values = b.values[:0]
	return err
}

// leveled appends a value with its levels; repetition is 1 for all but the first
// of a list.
func leveled(values []parquet.Value, v parquet.Value, repetition, present int) []parquet.Value {
	values = append(values, v)
	last := &values[len(values)-1]
	if v.IsNull() {
		present--
	}
	last.SetRepetitionLevel(repetition)
	last.SetDefinitionLevel(present)
	return values
}

// scalar is a column of one value for each row.
type scalar[T any] struct{ column[T] }

func (c *scalar[T]) info() columnInfo {
	return columnInfo{name: c.name, doc: c.doc, words: c.words, leaves: []leafInfo{c.leaf()}}
}

func (c *scalar[T]) put(rows []T, _ int, b *leafBatch, s *scratch) {
	if c.fill != nil {
		b.values = c.fill(b.values, rows, b.present)
		return
	}
	values, put := b.values, c.column.put
	for _, r := range rows {
		values = leveled(values, put(r, s), 0, b.present)
	}
	b.values = values
}

func (c *scalar[T]) get(row T, leaves []*cursor) {
	if l := leaves[0]; l != nil {
		c.column.get(row, l.next())
	}
}

// list is a column that holds any number of elements of type E for each row.
type list[T, E any] struct {
	name, doc string
	fields    []column[E]
	count     func(T) int
	at        func(T, int) E
	grow      func(T, int) // makes room for that many elements, all zero
}

func (c *list[T, E]) info() columnInfo {
	in := columnInfo{name: c.name, doc: c.doc, list: true}
	for i := range c.fields {
		in.leaves = append(in.leaves, c.fields[i].leaf())
	}
	return in
}

func (c *list[T, E]) put(rows []T, leaf int, b *leafBatch, s *scratch) {
	values, put := b.values, c.fields[leaf].put
	for _, r := range rows {
		n := c.count(r)
		if n == 0 {
			values = append(values, parquet.Value{})
		}
		for i := range n {
			values = leveled(values, put(c.at(r, i), s), min(i, 1), b.present)
		}
	}
	b.values = values
}

func (c *list[T, E]) get(row T, leaves []*cursor) {
	n := -1
	for _, l := range leaves {
		if l != nil {
			n = l.elements()
			break
		}
	}
	if n < 0 {
		return
	}
	if c.grow(row, n); n == 0 {
		for _, l := range leaves {
			if l != nil {
				l.skipEmpty()
			}
		}
		return
	}
	for i := range n {
		e := c.at(row, i)
		for j, l := range leaves {
			if l != nil {
				c.fields[j].get(e, l.next())
			}
		}
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

// stringList is a list of strings.
func stringList[T any](name string, k kind, doc string, at func(T) *[]string) item[T] {
	element := textColumn("", k, "", func(p *string) *string { return p })
	return &list[T, *string]{
		name: name, doc: doc, fields: []column[*string]{always(element)},
		count: func(row T) int {
			if p := at(row); p != nil {
				return len(*p)
			}
			return 0
		},
		at: func(row T, i int) *string { return &(*at(row))[i] },
		grow: func(row T, n int) {
			if p := at(row); p != nil {
				*p = grown(*p, n)
			}
		},
	}
}

// grown returns s with n zero elements, in its own memory where that is enough;
// nil for none where s is nil.
func grown[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	s = s[:n]
	clear(s)
	return s
}
