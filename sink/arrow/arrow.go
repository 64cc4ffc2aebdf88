// Package arrow exports tables of a dataset as Arrow IPC streams. It is apart
// from package sink so that only who needs it brings the Arrow library in.
package arrow

import (
	"errors"
	"io"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/ipc"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"mailaudit/sink"
)

// batchRows is how many rows a record batch has.
const batchRows = 16 << 10

// Export writes a table of a dataset as an Arrow IPC stream: strings as utf8,
// moments as timestamp[us, UTC], lists as list<struct>. Columns are chosen as in
// [sink.Export], whose errors it has. A table without rows is a stream with only
// a schema.
func Export(dir, table string, columns []string, w io.Writer) error {
	d, err := sink.OpenTable(dir, table)
	if err != nil {
		return err
	}
	var s *stream
	err = d.Export(table, columns, func(cs []sink.Column) (sink.RowWriter, error) {
		s = newStream(w, cs)
		return s, nil
	})
	if s == nil {
		return err
	}
	return errors.Join(err, s.close(err == nil))
}

// stream builds record batches of rows.
type stream struct {
	columns []sink.Column
	builder *array.RecordBuilder
	w       *ipc.Writer
	rows    int
}

func newStream(w io.Writer, columns []sink.Column) *stream {
	fields := make([]arrow.Field, len(columns))
	for i := range columns {
		fields[i] = field(&columns[i])
	}
	schema := arrow.NewSchema(fields, nil)
	return &stream{
		columns: columns,
		builder: array.NewRecordBuilder(memory.DefaultAllocator, schema),
		w:       ipc.NewWriter(w, ipc.WithSchema(schema)),
	}
}

func field(c *sink.Column) arrow.Field {
	f := arrow.Field{Name: c.Name, Metadata: described(c.Description)}
	if !c.List {
		f.Type, f.Nullable = typeOf(c.Fields[0].Type), c.Fields[0].Nullable
		return f
	}
	if c.Fields[0].Name == "" {
		f.Type = arrow.ListOfNonNullable(typeOf(c.Fields[0].Type))
		return f
	}
	of := make([]arrow.Field, len(c.Fields))
	for i, e := range c.Fields {
		of[i] = arrow.Field{Name: e.Name, Type: typeOf(e.Type), Nullable: e.Nullable, Metadata: described(e.Description)}
	}
	f.Type = arrow.ListOfNonNullable(arrow.StructOf(of...))
	return f
}

func described(doc string) arrow.Metadata {
	return arrow.NewMetadata([]string{"description"}, []string{doc})
}

func typeOf(t sink.Type) arrow.DataType {
	switch t {
	case sink.TypeBytes:
		return arrow.BinaryTypes.Binary
	case sink.TypeBool:
		return arrow.FixedWidthTypes.Boolean
	case sink.TypeInt32:
		return arrow.PrimitiveTypes.Int32
	case sink.TypeInt64:
		return arrow.PrimitiveTypes.Int64
	case sink.TypeMoment:
		return arrow.FixedWidthTypes.Timestamp_us
	}
	return arrow.BinaryTypes.String
}

// WriteRow implements sink.RowWriter.
func (s *stream) WriteRow(cells [][][]sink.Cell) error {
	for i := range s.columns {
		appendColumn(s.builder.Field(i), &s.columns[i], cells[i])
	}
	s.rows++
	if s.rows == batchRows {
		return s.flush()
	}
	return nil
}

func appendColumn(b array.Builder, c *sink.Column, fields [][]sink.Cell) {
	if !c.List {
		appendCell(b, &fields[0][0])
		return
	}
	l := b.(*array.ListBuilder)
	l.Append(true)
	if c.Fields[0].Name == "" {
		for e := range fields[0] {
			appendCell(l.ValueBuilder(), &fields[0][e])
		}
		return
	}
	st := l.ValueBuilder().(*array.StructBuilder)
	for e := range fields[0] {
		st.Append(true)
		for f := range fields {
			appendCell(st.FieldBuilder(f), &fields[f][e])
		}
	}
}

func appendCell(b array.Builder, c *sink.Cell) {
	if c.Null {
		b.AppendNull()
		return
	}
	switch b := b.(type) {
	case *array.StringBuilder:
		b.Append(c.Text)
	case *array.BinaryBuilder:
		b.Append(c.Bytes)
	case *array.BooleanBuilder:
		b.Append(c.Int != 0)
	case *array.Int32Builder:
		b.Append(int32(c.Int))
	case *array.Int64Builder:
		b.Append(c.Int)
	case *array.TimestampBuilder:
		b.Append(arrow.Timestamp(c.Int))
	}
}

func (s *stream) flush() error {
	if s.rows == 0 {
		return nil
	}
	s.rows = 0
	batch := s.builder.NewRecordBatch()
	defer batch.Release()
	return s.w.Write(batch)
}

// close ends the stream; what is left is written only where all went well.
func (s *stream) close(whole bool) error {
	defer s.builder.Release()
	if !whole {
		return nil
	}
	return errors.Join(s.flush(), s.w.Close())
}
