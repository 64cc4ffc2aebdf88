package parquetfile

import (
	"fmt"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/plain"
	"github.com/parquet-go/parquet-go/format"
)

// kind is how a column's values are kept and encoded.
type kind uint8

const (
	indexed kind = iota // bytes by a dictionary
	plainly             // bytes
	booleans
	int32s
	int64s
)

// Column is one leaf of the schema.
type Column struct {
	file           *Writer
	path           []string
	typ            parquet.Type
	kind           kind
	maxRep, maxDef byte
	bounds         bool

	// full tells that the dictionary is not added to any more: values are plain.
	full bool
	dict dictionary

	page  page
	chunk chunk
}

// newColumn makes the column of a leaf.
func newColumn(w *Writer, path []string) (*Column, error) {
	leaf, ok := w.config.Schema.Lookup(path...)
	if !ok {
		return nil, fmt.Errorf("column %v: not in the schema", path)
	}
	c := &Column{
		file: w, path: path, typ: leaf.Node.Type(), bounds: w.config.Bounds(path),
		maxRep: byte(leaf.MaxRepetitionLevel), maxDef: byte(leaf.MaxDefinitionLevel),
	}
	e := format.Plain
	if leaf.Node.Encoding() != nil {
		e = leaf.Node.Encoding().Encoding()
	}
	switch k := c.typ.Kind(); {
	case k == parquet.ByteArray && e == format.RLEDictionary:
		c.kind = indexed
	case k == parquet.ByteArray && e == format.Plain && leaf.Node.Encoding() != nil:
		c.kind = plainly
	case k == parquet.Boolean && e == format.Plain:
		c.kind = booleans
	case k == parquet.Int32 && e == format.DeltaBinaryPacked:
		c.kind = int32s
	case k == parquet.Int64 && e == format.DeltaBinaryPacked:
		c.kind = int64s
	default:
		return nil, fmt.Errorf("column %v: %v in %v is not written", path, k, e)
	}
	if c.maxRep > 1 || c.maxDef > 2 {
		return nil, fmt.Errorf("column %v: lists of lists, and optional lists, are not written", path)
	}
	c.chunk.init(c)
	return c, nil
}

// page is the values since the last end of a page.
type page struct {
	repetitions, definitions []byte // levels, where the column has any
	rows, values             int    // values: with nulls

	indexes   []int32 // of the dictionary, or numbers
	numbers   []int64
	bits      []byte
	bitCount  int
	text      []byte // as the page has it
	textCount int
}

func (p *page) reset() {
	*p = page{
		repetitions: p.repetitions[:0], definitions: p.definitions[:0],
		indexes: p.indexes[:0], numbers: p.numbers[:0], bits: p.bits[:0], text: p.text[:0],
	}
}

// grown returns s with room for n more, at first for a page: what is not written to
// costs nothing, and what would be left behind by growing costs a page of memory for
// each of the system's.
func grown[E any](s []E, n, page int) []E {
	if cap(s) == 0 && n > 0 {
		return make([]E, 0, max(n, page))
	}
	return slices.Grow(s, n)
}

// WriteValues adds the values of whole rows: their levels say where a row begins and
// what is null. Bytes are copied.
func (c *Column) WriteValues(values []parquet.Value) error {
	switch present := c.addLevels(values); {
	case !present:
	case c.kind == indexed && !c.full:
		c.addIndexes(values)
	case c.kind == indexed, c.kind == plainly:
		c.addText(values)
	case c.kind == booleans:
		c.addBooleans(values)
	case c.kind == int32s:
		c.page.indexes = grown(c.page.indexes, len(values), c.file.config.PageRows)
		for i := range values {
			if c.present(&values[i]) {
				c.page.indexes = append(c.page.indexes, values[i].Int32())
			}
		}
	default:
		c.page.numbers = grown(c.page.numbers, len(values), c.file.config.PageRows)
		for i := range values {
			if c.present(&values[i]) {
				c.page.numbers = append(c.page.numbers, values[i].Int64())
			}
		}
	}
	return c.endLarge()
}

// WriteNulls adds n rows without a value, up to MaxNulls, to a column that is optional
// or in a list.
func (c *Column) WriteNulls(n int) error {
	p := &c.page
	p.rows += n
	p.values += n
	if c.maxRep > 0 {
		p.repetitions = append(grown(p.repetitions, n, c.file.config.PageRows), zeros[:n]...)
	}
	p.definitions = append(grown(p.definitions, n, c.file.config.PageRows), zeros[:n]...)
	return c.endLarge()
}

// MaxNulls is the most rows that WriteNulls takes.
const MaxNulls = len(zeros)

var zeros [1024]byte

// endLarge ends the page where its size in memory is that of Config.PageBytes, as
// the library reckons it.
func (c *Column) endLarge() error {
	if c.page.size(c) < int(float64(c.file.config.PageBytes)*0.98) {
		return nil
	}
	return c.EndPage()
}

// size is the library's: with the places of rows, which it keeps.
func (p *page) size(c *Column) int {
	size := 4*len(p.indexes) + 8*len(p.numbers) + len(p.bits) + len(p.text)
	switch {
	case c.maxRep > 0:
		size += 8*p.rows + 2*p.values
	case c.maxDef > 0:
		size += 5 * p.values
	}
	return size
}

func (c *Column) present(v *parquet.Value) bool { return byte(v.DefinitionLevel()) == c.maxDef }

// addLevels tells whether one of the values is not null.
func (c *Column) addLevels(values []parquet.Value) (present bool) {
	p, n := &c.page, len(values)
	p.values += n
	most := c.maxDef
	if c.maxDef > 0 {
		at := len(p.definitions)
		p.definitions = grown(p.definitions, n, c.file.config.PageRows)[:at+n]
		for i, to := 0, p.definitions[at:]; i < n && i < len(to); i++ {
			to[i] = byte(values[i].DefinitionLevel())
			present = present || to[i] == most
		}
	} else {
		present = n > 0
	}
	if c.maxRep == 0 {
		p.rows += n
		return present
	}
	at := len(p.repetitions)
	p.repetitions = grown(p.repetitions, n, c.file.config.PageRows)[:at+n]
	for i, to := 0, p.repetitions[at:]; i < n && i < len(to); i++ {
		r := byte(values[i].RepetitionLevel())
		to[i] = r
		p.rows += int(1 - r)
	}
	return present
}

func (c *Column) addIndexes(values []parquet.Value) {
	c.page.indexes = grown(c.page.indexes, len(values), c.file.config.PageRows)
	for i := range values {
		if c.present(&values[i]) {
			c.page.indexes = append(c.page.indexes, c.dict.number(values[i].ByteArray()))
		}
	}
}

func (c *Column) addText(values []parquet.Value) {
	c.page.text = grown(c.page.text, 1, c.file.config.PageBytes)
	for i := range values {
		if c.present(&values[i]) {
			c.page.text = plain.AppendByteArray(c.page.text, values[i].ByteArray())
			c.page.textCount++
		}
	}
}

func (c *Column) addBooleans(values []parquet.Value) {
	p := &c.page
	for i := range values {
		if !c.present(&values[i]) {
			continue
		}
		if p.bitCount%8 == 0 {
			p.bits = append(p.bits, 0)
		}
		if values[i].Boolean() {
			p.bits[len(p.bits)-1] |= 1 << (p.bitCount % 8)
		}
		p.bitCount++
	}
}

// rowCount is that of the row group.
func (c *Column) rowCount() int64 { return c.chunk.rows + int64(c.page.rows) }

// EndPage ends the page under way, if it has values.
func (c *Column) EndPage() error {
	if c.page.values == 0 {
		return nil
	}
	// As the library does it: the page that made the dictionary too large still uses it.
	full := c.kind == indexed && !c.full && c.file.config.DictionaryBytes > 0 && c.dict.size > c.file.config.DictionaryBytes
	err := c.writePage()
	c.page.reset()
	c.full = c.full || full
	return err
}

// endChunk ends the page under way and makes the dictionary's: what is left of the
// chunk is to write what is there.
func (c *Column) endChunk() error {
	if err := c.EndPage(); err != nil || c.kind != indexed {
		return err
	}
	return c.makeDictionary()
}

func (c *Column) reset() {
	c.page.reset()
	c.dict.reset()
	c.full = false
	c.chunk.reset()
}
