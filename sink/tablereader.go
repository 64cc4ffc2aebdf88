package sink

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// readBuffer is the size of reads from one column in bytes.
const readBuffer = 64 << 10

// tableReader reads some columns of one part, row by row.
type tableReader[T any] struct {
	columns []item[T]   // wanted
	leaves  [][]*cursor // of each wanted column; nil where a leaf is not wanted
	err     error
}

// selection is which leaves of which columns are wanted: all of a column where
// its set is nil.
type selection map[string]map[string]bool

// parseSelection reads names like "spf_result", "dkim" and "dkim.result". Every
// name must be one of the table's; no name at all selects everything.
func parseSelection(table string, infos []columnInfo, names []string) (selection, error) {
	if len(names) == 0 {
		return nil, nil
	}
	sel := make(selection)
	for _, n := range names {
		column, field, dotted := strings.Cut(n, ".")
		i := slices.IndexFunc(infos, func(in columnInfo) bool { return in.name == column })
		if i < 0 || dotted && !infos[i].has(field) {
			return nil, &UnknownColumnError{Table: table, Column: n, Known: columnNames(infos)}
		}
		fields, seen := sel[column]
		switch {
		case !dotted:
			sel[column] = nil
		case !seen:
			sel[column] = map[string]bool{field: true}
		case fields != nil:
			fields[field] = true
		}
	}
	return sel, nil
}

func (in *columnInfo) has(field string) bool {
	return in.list && field != "" && slices.ContainsFunc(in.leaves, func(l leafInfo) bool { return l.name == field })
}

func columnNames(infos []columnInfo) []string {
	var names []string
	for _, in := range infos {
		names = append(names, in.name)
	}
	return names
}

// wants tells whether a leaf is selected.
func (s selection) wants(column, leaf string) bool {
	if s == nil {
		return true
	}
	fields, ok := s[column]
	return ok && (fields == nil || fields[leaf])
}

// UnknownColumnError is a column that the table does not have.
type UnknownColumnError struct {
	Table, Column string
	Known         []string
}

func (e *UnknownColumnError) Error() string {
	return fmt.Sprintf("table %s has no column %q; it has %s", e.Table, e.Column, strings.Join(e.Known, ", "))
}

// newTableReader makes a reader for the selected columns that the schema has. A
// file of an older version may lack some: they read as absent.
func newTableReader[T any](t *table[T], sel selection, schema *parquet.Schema) *tableReader[T] {
	r := &tableReader[T]{}
	for _, c := range t.columns {
		in := c.info()
		cursors := make([]*cursor, len(in.leaves))
		wanted := false
		for i, l := range in.leaves {
			leaf, ok := schema.Lookup(in.path(i)...)
			if !ok || !sel.wants(in.name, l.name) {
				continue
			}
			cursors[i] = &cursor{
				kind: l.kind, list: in.list, name: in.dotted(i),
				present: byte(leaf.MaxDefinitionLevel), err: &r.err, index: leaf.ColumnIndex,
			}
			wanted = true
		}
		if wanted {
			r.columns = append(r.columns, c)
			r.leaves = append(r.leaves, cursors)
		}
	}
	return r
}

// open begins a row group.
func (r *tableReader[T]) open(g parquet.RowGroup) {
	chunks := g.ColumnChunks()
	for _, cursors := range r.leaves {
		for _, c := range cursors {
			if c != nil {
				c.open(chunks[c.index])
			}
		}
	}
}

// close gives the pages' memory back.
func (r *tableReader[T]) close() {
	for _, cursors := range r.leaves {
		for _, c := range cursors {
			if c != nil {
				c.close()
			}
		}
	}
}

// next fills in a row.
func (r *tableReader[T]) next(row T) error {
	for i, c := range r.columns {
		c.get(row, r.leaves[i])
	}
	return r.err
}

// partReader is an open part.
type partReader struct {
	file *os.File
	path string
	*parquet.File
}

func openPart(dir string, p Part) (*partReader, error) {
	path := filepath.Join(dir, filepath.FromSlash(p.Path))
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && st.Size() != p.Bytes {
		err = fmt.Errorf("%s has %d bytes, the manifest says %d", path, st.Size(), p.Bytes)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	pf, err := parquet.OpenFile(f, st.Size(), &parquet.FileConfig{
		SkipBloomFilters: true, SkipPageIndex: true, ReadBufferSize: readBuffer,
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), f.Close())
	}
	return &partReader{file: f, path: path, File: pf}, nil
}

// scanPart calls row for each row of a part until it returns false. fresh makes
// the memory of the next row.
func scanPart[T any](dir string, p Part, t *table[T], sel selection, fresh func() T, row func(T) bool) (more bool, err error) {
	f, err := openPart(dir, p)
	if err != nil {
		return false, err
	}
	defer f.file.Close()
	r := newTableReader(t, sel, f.Schema())
	defer r.close()
	for _, g := range f.RowGroups() {
		r.open(g)
		for range g.NumRows() {
			v := fresh()
			if err := r.next(v); err != nil {
				return false, fmt.Errorf("%s: %w", f.path, err)
			}
			if !row(v) {
				return false, nil
			}
		}
	}
	return true, nil
}
