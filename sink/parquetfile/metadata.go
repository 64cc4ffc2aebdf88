package parquetfile

import (
	"maps"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// formatVersion is that of the specification which has version 2 data pages.
const formatVersion = 2

// metadata is what the footer says of every file: all but its rows.
func (c *Config) metadata() format.FileMetaData {
	m := format.FileMetaData{Version: formatVersion, CreatedBy: c.CreatedBy}
	for _, key := range slices.Sorted(maps.Keys(c.Metadata)) {
		m.KeyValueMetadata = append(m.KeyValueMetadata, format.KeyValue{Key: key, Value: c.Metadata[key]})
	}
	root := element(c.Schema.Name(), c.Schema)
	root.RepetitionType = thrift.Null[format.FieldRepetitionType]{} // the root has none
	m.Schema = append(append(m.Schema, root), elements(c.Schema)...)
	for _, path := range c.Schema.Columns() {
		leaf, _ := c.Schema.Lookup(path...)
		m.ColumnOrders = append(m.ColumnOrders, *leaf.Node.Type().ColumnOrder())
	}
	return m
}

// elements are those of what is below a node, in depth first.
func elements(n parquet.Node) (all []format.SchemaElement) {
	for _, f := range n.Fields() {
		all = append(append(all, element(f.Name(), f)), elements(f)...)
	}
	return all
}

func element(name string, n parquet.Node) format.SchemaElement {
	e, t := format.SchemaElement{Name: name, FieldID: int32(n.ID())}, n.Type()
	switch {
	case n.Required():
		e.RepetitionType.Set(format.Required)
	case n.Optional():
		e.RepetitionType.Set(format.Optional)
	case n.Repeated():
		e.RepetitionType.Set(format.Repeated)
	}
	if l := t.LogicalType(); l != nil {
		e.LogicalType = *l
	}
	if l := t.Length(); l > 0 {
		e.TypeLength.Set(int32(l)) // readers look at it for fixed lengths only
	}
	if !n.Leaf() {
		e.NumChildren.Set(int32(len(n.Fields())))
	}
	if p := t.PhysicalType(); p != nil {
		e.Type.Set(*p)
	}
	if k := t.ConvertedType(); k != nil {
		e.ConvertedType.Set(*k)
	}
	return e
}
