package sink

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Format is a form in which rows are exported.
type Format string

// The formats. Arrow streams are made by package sink/arrow.
const (
	JSONLines Format = "jsonl" // one object for each row; null where there is no value
	CSV       Format = "csv"   // RFC 4180, with a header; lists as JSON in their cell
)

// exportBuffer is the size of writes of an export in bytes.
const exportBuffer = 64 << 10

// Type is the type of an exported value.
type Type uint8

// The types. Moments are microseconds since 1970 in UTC.
const (
	TypeString Type = iota
	TypeBytes
	TypeBool
	TypeInt32
	TypeInt64
	TypeMoment
)

// Column describes a column of a table.
type Column struct {
	Name        string
	Description string
	Words       []string // the closed list of words, where there is one
	List        bool     // of structs, or of values where the one field has no name
	Fields      []Field  // one for a value, without a name
}

// Field is a value, or one field of a struct.
type Field struct {
	Name        string
	Description string
	Words       []string
	Type        Type
	Nullable    bool
}

// TableNames lists the tables of a dataset.
func TableNames() []string { return slices.Clone(tableNames[:]) }

// UnknownTableError is a table that neither datasets nor what-ifs have.
type UnknownTableError struct{ Table string }

func (e *UnknownTableError) Error() string {
	return fmt.Sprintf("no table %q; there are %s, %s", e.Table, strings.Join(tableNames[:], ", "), ChangesTable)
}

// Columns describes the columns of a table, in order. The error is an
// *UnknownTableError.
func Columns(table string) ([]Column, error) {
	infos, _, err := tableInfos(table)
	if err != nil {
		return nil, err
	}
	return describeColumns(infos, nil), nil
}

func tableInfos(table string) (infos []columnInfo, doc string, err error) {
	switch table {
	case "messages":
		t := messagesTable()
		return t.infos(), t.doc, nil
	case "dns":
		t := dnsTable()
		return t.infos(), t.doc, nil
	case "problems":
		t := problemsTable()
		return t.infos(), t.doc, nil
	case ChangesTable:
		t := changesTable()
		return t.infos(), t.doc, nil
	}
	return nil, "", &UnknownTableError{Table: table}
}

func describeColumns(infos []columnInfo, sel selection) []Column {
	var out []Column
	for _, in := range infos {
		c := Column{Name: in.name, Description: in.doc, Words: strings.Fields(in.words), List: in.list}
		for _, l := range in.leaves {
			if !sel.wants(in.name, l.name) {
				continue
			}
			f := Field{Description: l.doc, Words: strings.Fields(l.words), Type: l.kind.exported(), Nullable: !l.required}
			if in.list {
				f.Name = l.name
			}
			c.Fields = append(c.Fields, f)
		}
		if len(c.Fields) > 0 {
			out = append(out, c)
		}
	}
	return out
}

func (k kind) exported() Type {
	switch k {
	case raw:
		return TypeBytes
	case boolean:
		return TypeBool
	case int32s:
		return TypeInt32
	case int64s:
		return TypeInt64
	case moment:
		return TypeMoment
	}
	return TypeString
}

// Cell is one value of an exported row. Its fields hold what its Field's Type
// says: Text, Bytes, or Int (booleans are 0 and 1). It is good until the next row.
type Cell struct {
	Null  bool
	Int   int64
	Text  string
	Bytes []byte
}

// RowWriter takes exported rows: cells[i][j] are the values of field j of column
// i, one for a plain column, any number for a list. Fields of a list all have as
// many.
type RowWriter interface {
	WriteRow(cells [][][]Cell) error
}

// Export writes a table of a dataset in a format. Columns are chosen as in
// [Dataset.Records], but come in the order named; none means all.
//
// The error is an *UnknownTableError, an *UnknownColumnError, one of OpenTable,
// or one of w.
func Export(dir, table string, columns []string, format Format, w io.Writer) error {
	d, err := OpenTable(dir, table)
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(w, exportBuffer)
	err = d.Export(table, columns, func(cs []Column) (RowWriter, error) {
		switch format {
		case JSONLines:
			return newJSONWriter(buf, cs), nil
		case CSV:
			return newCSVWriter(buf, cs)
		}
		return nil, fmt.Errorf("no format %q; there are %s, %s, arrow", string(format), JSONLines, CSV)
	})
	return errors.Join(err, buf.Flush())
}

// parts are the parts of a table.
func (d *Dataset) parts(table string) []Part {
	if table == ChangesTable {
		return d.changes
	}
	return d.Manifest.Tables.byName(table)
}

// Export gives each row of a table to the writer that begin makes for its
// columns.
func (d *Dataset) Export(table string, columns []string, begin func([]Column) (RowWriter, error)) error {
	infos, _, err := tableInfos(table)
	if err != nil {
		return err
	}
	infos, sel, err := chooseColumns(table, infos, columns)
	if err != nil {
		return err
	}
	w, err := begin(describeColumns(infos, sel))
	if err != nil {
		return err
	}
	for _, parts := range inOrder(d.parts(table)) {
		if len(parts) == 1 {
			err = exportPart(d.dir, parts[0], infos, sel, w.WriteRow)
		} else {
			err = d.exportMerged(table, parts, infos, sel, w)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// exportMerged gives the rows of parts that lie between each other to w.
func (d *Dataset) exportMerged(table string, parts []Part, chosen []columnInfo, sel selection, w RowWriter) error {
	all, _, err := tableInfos(table)
	if err != nil {
		return err
	}
	m := newMerger(d.dir, all, sel)
	cells := make([][][]Cell, len(chosen))
	places := make([]*[]Cell, len(m.coder.leaves))
	for i, in := range chosen {
		cells[i] = make([][]Cell, 0, len(in.leaves)) // is not moved
		for j, l := range in.leaves {
			if sel.wants(in.name, l.name) {
				cells[i] = append(cells[i], nil)
				places[m.coder.find(in.dotted(j))] = &cells[i][len(cells[i])-1]
			}
		}
	}
	var written error
	_, err = m.merge(parts, places, func() bool { written = w.WriteRow(cells); return written == nil })
	return errors.Join(written, err)
}

// chooseColumns puts the chosen columns into the order in which they were named.
func chooseColumns(table string, infos []columnInfo, names []string) ([]columnInfo, selection, error) {
	sel, err := parseSelection(table, infos, names)
	if err != nil || sel == nil {
		return infos, nil, err
	}
	var chosen []columnInfo
	for _, n := range names {
		name, _, _ := strings.Cut(n, ".")
		if slices.ContainsFunc(chosen, func(in columnInfo) bool { return in.name == name }) {
			continue
		}
		chosen = append(chosen, infos[slices.IndexFunc(infos, func(in columnInfo) bool { return in.name == name })])
	}
	return chosen, sel, nil
}

// exporter reads the leaves of a part into cells.
type exporter struct {
	columns []exportColumn
	cells   [][][]Cell
	err     error
}

type exportColumn struct {
	list    bool
	cursors []*cursor // nil where an older file lacks the leaf
}

func newExporter(infos []columnInfo, sel selection, schema *parquet.Schema) *exporter {
	e := &exporter{}
	for _, in := range infos {
		c := exportColumn{list: in.list}
		for i, l := range in.leaves {
			if !sel.wants(in.name, l.name) {
				continue
			}
			var cur *cursor
			if leaf, ok := schema.Lookup(in.path(i)...); ok {
				cur = &cursor{
					kind: l.kind, list: in.list, name: in.dotted(i), index: leaf.ColumnIndex,
					present: byte(leaf.MaxDefinitionLevel), err: &e.err,
				}
			}
			c.cursors = append(c.cursors, cur)
		}
		e.columns = append(e.columns, c)
		e.cells = append(e.cells, make([][]Cell, len(c.cursors)))
	}
	return e
}

func (e *exporter) each(do func(*cursor)) {
	for _, c := range e.columns {
		for _, cur := range c.cursors {
			if cur != nil {
				do(cur)
			}
		}
	}
}

// next fills the cells with the next row.
func (e *exporter) next() error {
	for i := range e.columns {
		c := &e.columns[i]
		n := 1
		if c.list {
			n = c.elements()
		}
		for j, cur := range c.cursors {
			e.cells[i][j] = cur.cells(e.cells[i][j][:0], n)
		}
	}
	return e.err
}

// elements is how many elements the next list has.
func (c *exportColumn) elements() int {
	for _, cur := range c.cursors {
		if cur != nil {
			return cur.elements()
		}
	}
	return 0
}

// cells appends the next n values.
func (c *cursor) cells(dst []Cell, n int) []Cell {
	if c == nil {
		for range n {
			dst = append(dst, Cell{Null: true})
		}
		return dst
	}
	if n == 0 {
		c.skipEmpty()
	}
	for range n {
		dst = append(dst, Cell{})
		v, cell := c.next(), &dst[len(dst)-1]
		cell.Null, cell.Int, cell.Text, cell.Bytes = v.null, v.n, v.s, v.b
	}
	return dst
}

// exportPart calls row with the cells of each row of a part.
func exportPart(dir string, p Part, infos []columnInfo, sel selection, row func([][][]Cell) error) error {
	f, err := openPart(dir, p)
	if err != nil {
		return err
	}
	defer f.file.Close()
	e := newExporter(infos, sel, f.Schema())
	defer e.each((*cursor).close)
	for _, g := range f.RowGroups() {
		chunks := g.ColumnChunks()
		e.each(func(c *cursor) { c.open(chunks[c.index]) })
		for range g.NumRows() {
			if err := e.next(); err != nil {
				return fmt.Errorf("%s: %w", f.path, err)
			}
			if err := row(e.cells); err != nil {
				return err
			}
		}
	}
	return nil
}

// appendJSONString appends s as a JSON string. The characters that HTML and
// JavaScript treat specially stay as they are.
func appendJSONString(dst []byte, s string) []byte {
	if plainJSON(s) {
		return append(append(append(dst, '"'), s...), '"')
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string and a Builder have no errors
	return append(dst, strings.TrimSuffix(b.String(), "\n")...)
}

// plainJSON tells whether nothing in s needs escaping: it is printable ASCII
// without quotes and backslashes.
func plainJSON(s string) bool {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(s); i += 8 {
		w := load64(s, i)
		quote, slash, del := w^'"'*ones, w^'\\'*ones, w^0x7F*ones
		// The high bit is set by a byte from 0x80 and by one below 0x20; in the
		// others, after a byte that is zero.
		if (w|(w-' '*ones)|(quote-ones)|(slash-ones)|(del-ones))&highs != 0 {
			// A borrow may have set it for the byte after: the loop below tells.
			break
		}
	}
	for ; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7F {
			return false
		}
	}
	return true
}
