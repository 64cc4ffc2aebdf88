package sink

import (
	"fmt"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// SchemaVersion is the version of the columns. It rises when one is added; none
// is ever renamed or dropped.
const SchemaVersion = 1

// Metadata keys of every part. Descriptions are under columnKey and the
// column's dotted name.
const (
	versionKey = "audit.schema_version"
	tableKey   = "audit.table"
	tableDoc   = "audit.description"
	columnKey  = "audit.column."
)

// ordered is a group that keeps its fields in the order given; parquet.Group
// sorts them.
type ordered struct {
	parquet.Group
	fields []parquet.Field
}

func (g ordered) Fields() []parquet.Field { return g.fields }

// String is called by the library for diagnostics.
func (g ordered) String() string { return fmt.Sprintf("group of %d fields", len(g.fields)) }

// add takes the field itself from a group of one.
func (g *ordered) add(name string, n parquet.Node) {
	g.fields = append(g.fields, parquet.Group{name: n}.Fields()[0])
}

// schema is the table's Parquet schema.
func (t *table[T]) schema() *parquet.Schema {
	var root ordered
	for _, c := range t.columns {
		in := c.info()
		root.add(in.name, in.node())
	}
	return parquet.NewSchema(t.name, root)
}

func (in *columnInfo) node() parquet.Node {
	if !in.list {
		return in.leaves[0].node()
	}
	if len(in.leaves) == 1 && in.leaves[0].name == "" {
		return parquet.List(in.leaves[0].node())
	}
	var element ordered
	for i := range in.leaves {
		element.add(in.leaves[i].name, in.leaves[i].node())
	}
	return parquet.List(element)
}

func (l *leafInfo) node() parquet.Node {
	n := l.kind.node()
	if !l.required {
		n = parquet.Optional(n)
	}
	return n
}

// node is the type and encoding of a kind.
func (k kind) node() parquet.Node {
	switch k {
	case word, grouped, shared, long:
		return parquet.Encoded(parquet.String(), &parquet.RLEDictionary)
	case unique:
		return parquet.Encoded(parquet.String(), &parquet.Plain)
	case raw:
		return parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.Plain)
	case boolean:
		return parquet.Leaf(parquet.BooleanType)
	case int32s:
		return parquet.Encoded(parquet.Int(32), &parquet.DeltaBinaryPacked)
	case int64s:
		return parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked)
	default:
		return parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked)
	}
}

// bounded tells whether the least and greatest value of a page help a filter:
// not where values lie about in no order.
func (k kind) bounded() bool {
	return k == grouped || k == boolean || k == int32s || k == int64s || k == moment
}

// path is where leaf i of the column is in the schema.
func (in *columnInfo) path(i int) []string {
	switch {
	case !in.list:
		return []string{in.name}
	case in.leaves[i].name == "":
		return []string{in.name, "list", "element"}
	}
	return []string{in.name, "list", "element", in.leaves[i].name}
}

// dotted is the name of leaf i for people and in selections: "dkim.result".
func (in *columnInfo) dotted(i int) string {
	if !in.list || in.leaves[i].name == "" {
		return in.name
	}
	return in.name + "." + in.leaves[i].name
}

// infos describes the table's columns.
func (t *table[T]) infos() []columnInfo {
	out := make([]columnInfo, len(t.columns))
	for i, c := range t.columns {
		out[i] = c.info()
	}
	return out
}

// metadata is what each part says of its columns.
func (t *table[T]) metadata(version int) map[string]string {
	m := map[string]string{
		versionKey: fmt.Sprint(version),
		tableKey:   t.name,
		tableDoc:   t.doc,
	}
	for _, in := range t.infos() {
		m[columnKey+in.name] = describe(in.doc, in.words)
		if !in.list || in.leaves[0].name == "" {
			continue
		}
		for i, l := range in.leaves {
			m[columnKey+in.dotted(i)] = describe(l.doc, l.words)
		}
	}
	return m
}

func describe(doc, words string) string {
	if words == "" {
		return doc
	}
	return doc + " Words: " + strings.Join(strings.Fields(words), ", ") + "."
}
