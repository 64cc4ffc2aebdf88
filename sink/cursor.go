package sink

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
)

// cursor goes through one physical column of one row group, value by value,
// over the decoded arrays of its pages.
type cursor struct {
	kind    kind
	list    bool
	present byte // definition level of a value that is not null; 0 where every value is one
	name    string
	index   int // of the physical column

	pages parquet.Pages
	page  parquet.Page
	err   *error // the reader's, shared by its cursors

	pos, count int    // in the page's levels
	defs, reps []byte // nil where all are the same
	val        int    // next in the arrays below, which have no nulls

	dict       parquet.Dictionary
	dictText   []string
	dictPlain  bool    // nothing in it is escaped
	indexes    []int32 // into dictText, where the page has a dictionary
	text       string
	bytes      []byte
	offsets    []uint32
	int32s     []int32
	int64s     []int64
	booleans   []byte
	dictionary bool

	merged bool   // values do not come from pages, but from given
	given  []Cell // of the row

	v value
}

// open begins a row group's column.
func (c *cursor) open(chunk parquet.ColumnChunk) {
	c.close()
	c.pages = chunk.Pages()
	c.dict = nil
}

func (c *cursor) close() {
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	if c.pages != nil {
		_ = c.pages.Close()
		c.pages = nil
	}
	c.pos, c.count = 0, 0
}

// load decodes the next page. It tells whether there is a value.
func (c *cursor) load() bool {
	if *c.err != nil {
		return false
	}
	if c.page != nil {
		parquet.Release(c.page)
		c.page = nil
	}
	p, err := c.pages.ReadPage()
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		*c.err = fmt.Errorf("column %s: %w", c.name, err)
		return false
	}
	c.page = p
	c.pos, c.val, c.count = 0, 0, int(p.NumValues())
	c.defs, c.reps = p.DefinitionLevels(), p.RepetitionLevels()
	c.take(p)
	return c.count > 0 || c.load()
}

// take points the arrays at the page's values.
func (c *cursor) take(p parquet.Page) {
	data := p.Data()
	d := p.Dictionary()
	if c.dictionary = d != nil; c.dictionary {
		c.indexes = data.Int32()
		if d != c.dict {
			c.dict = d
			c.dictText, c.dictPlain = dictionaryText(c.dictText, d)
		}
		return
	}
	switch c.kind {
	case boolean:
		c.booleans = data.Boolean()
	case int32s:
		c.int32s = data.Int32()
	case int64s, moment:
		c.int64s = data.Int64()
	case raw:
		b, offsets := data.ByteArray()
		// Copied once for the page: the values may be kept, the page may not.
		c.bytes, c.offsets = append([]byte(nil), b...), offsets
	default:
		b, offsets := data.ByteArray()
		c.text, c.offsets = string(b), offsets
	}
}

// dictionaryText is the texts of a dictionary, in the memory of those before, and
// whether all of them are ASCII.
func dictionaryText(into []string, d parquet.Dictionary) (texts []string, plain bool) {
	b, offsets := dictionaryBytesOf(d)
	all := string(b)
	texts = slices.Grow(into[:0], d.Len())[:d.Len()]
	for i := range texts {
		texts[i] = all[offsets[i]:offsets[i+1]]
	}
	return texts, plainASCII(all)
}

func dictionaryBytesOf(d parquet.Dictionary) ([]byte, []uint32) {
	data := d.Page().Data()
	return data.ByteArray()
}

// next returns the next value; it is good until the next call.
func (c *cursor) next() *value {
	if c.merged {
		return c.nextGiven()
	}
	c.v = value{null: true}
	if c.pos >= c.count && !c.load() {
		return &c.v
	}
	i := c.pos
	c.pos++
	if c.defs != nil && c.defs[i] != c.present {
		return &c.v
	}
	c.v.null = false
	j := c.val
	c.val++
	if c.dictionary {
		c.v.s = c.dictText[c.indexes[j]]
		return &c.v
	}
	switch c.kind {
	case boolean:
		c.v.n = int64(c.booleans[j/8] >> (j % 8) & 1)
	case int32s:
		c.v.n = int64(c.int32s[j])
	case int64s, moment:
		c.v.n = c.int64s[j]
	case raw:
		c.v.b = c.bytes[c.offsets[j]:c.offsets[j+1]:c.offsets[j+1]]
	default:
		c.v.s = c.text[c.offsets[j]:c.offsets[j+1]]
	}
	return &c.v
}

// elements is how many values the list has that begins here. A row never goes
// over the end of a page.
func (c *cursor) elements() int {
	if c.merged {
		return len(c.given)
	}
	if c.pos >= c.count && !c.load() {
		return 0
	}
	if c.defs[c.pos] == 0 {
		return 0
	}
	n := 1
	for c.pos+n < c.count && c.reps[c.pos+n] != 0 {
		n++
	}
	return n
}

// skipEmpty passes over the place of a list without elements.
func (c *cursor) skipEmpty() {
	if c.merged {
		return
	}
	if c.pos < c.count || c.load() {
		c.pos++
	}
}

// nextGiven is next where values are given, a row's at a time.
func (c *cursor) nextGiven() *value {
	g := &c.given[c.pos]
	if c.pos++; c.pos == len(c.given) {
		c.pos = 0 // those of the next row come
	}
	c.v = value{null: g.Null, n: g.Int, s: g.Text, b: g.Bytes}
	return &c.v
}
