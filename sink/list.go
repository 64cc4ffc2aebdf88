package sink

import "github.com/parquet-go/parquet-go"

// list is a column that holds any number of elements of type E for each row.
type list[T, E any] struct {
	name, doc string
	fields    []column[E]
	count     func(T) int
	at        func(T, int) E
	grow      func(T, int) // makes room for that many elements, all zero

	// What put is at work on; kept for its memory.
	counts   []int // of elements, for each row
	elements []E   // of all rows
}

func (c *list[T, E]) info() columnInfo {
	in := columnInfo{name: c.name, doc: c.doc, list: true}
	for i := range c.fields {
		in.leaves = append(in.leaves, c.fields[i].leaf())
	}
	return in
}

func (c *list[T, E]) put(rows []T, s *scratch, write leafWriter) error {
	slots := c.gather(rows)
	if len(c.elements) == 0 {
		return c.putEmpty(slots, write)
	}
	defer clear(c.elements)
	for j := range c.fields {
		f := &c.fields[j]
		values := s.valuesFor(slots)
		f.put(values[:len(c.elements)], c.elements, levelOf(true, f.required), s)
		c.spread(values)
		if err := write.values(j, values); err != nil {
			return err
		}
	}
	return nil
}

// putEmpty is put for rows without elements.
func (c *list[T, E]) putEmpty(rows int, write leafWriter) error {
	for j := range c.fields {
		if err := write.nulls(j, rows); err != nil {
			return err
		}
	}
	return nil
}

// gather finds the elements of some rows, once for all fields, and tells how many
// values a leaf has for them: a row without elements has one too.
func (c *list[T, E]) gather(rows []T) int {
	c.counts, c.elements = c.counts[:0], c.elements[:0]
	slots := 0
	for _, r := range rows {
		n := c.count(r)
		c.counts = append(c.counts, n)
		for i := range n {
			c.elements = append(c.elements, c.at(r, i))
		}
		slots += max(n, 1)
	}
	return slots
}

// spread moves the elements' values, which stand at the beginning, from the end on
// to where they belong: behind the nulls of rows without elements.
func (c *list[T, E]) spread(values []parquet.Value) {
	to, from := len(values), len(c.elements)
	for i := len(c.counts) - 1; i >= 0; i-- {
		n := c.counts[i]
		if n == 0 {
			to--
			values[to] = parquet.Value{}
		}
		for ; n > 0; n-- {
			to, from = to-1, from-1
			values[to] = values[from]
			values[to].SetRepetitionLevel(min(n-1, 1))
		}
	}
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
