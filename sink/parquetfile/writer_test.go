package parquetfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

var compression = &zstd.Codec{Level: zstd.SpeedFastest}

// leaf is a column of the test's schema, and how its values are made.
type leaf struct {
	name   string
	node   parquet.Node
	bounds bool
	value  func(r *rand.Rand) parquet.Value
}

func text(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }

// leaves are all kinds of values, from few to many different ones.
var leaves = []leaf{
	{"word", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), false, func(r *rand.Rand) parquet.Value {
		return text([]string{"pass", "fail", "none", ""}[r.IntN(4)])
	}},
	{"constant", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), true, func(*rand.Rand) parquet.Value { return text("same") }},
	{"grouped", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), true, func(r *rand.Rand) parquet.Value {
		return text(fmt.Sprintf("name-%d.example", r.IntN(3000)))
	}},
	{"shared", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), false, func(r *rand.Rand) parquet.Value {
		return text(fmt.Sprint(r.IntN(100000)))
	}},
	{"long", parquet.Encoded(parquet.String(), &parquet.RLEDictionary), false, func(r *rand.Rand) parquet.Value {
		return text(strings.Repeat("long ", r.IntN(1500)))
	}},
	{"unique", parquet.Encoded(parquet.String(), &parquet.Plain), false, func(r *rand.Rand) parquet.Value {
		return text(fmt.Sprint(r.Uint64()))
	}},
	{"raw", parquet.Encoded(parquet.Leaf(parquet.ByteArrayType), &parquet.Plain), false, func(r *rand.Rand) parquet.Value {
		b := make([]byte, 256)
		for i := 0; i < len(b); i += 8 {
			binary.LittleEndian.PutUint64(b[i:], r.Uint64())
		}
		return parquet.ByteArrayValue(b)
	}},
	{"boolean", parquet.Leaf(parquet.BooleanType), true, func(r *rand.Rand) parquet.Value { return parquet.BooleanValue(r.IntN(9) == 0) }},
	{"yes", parquet.Leaf(parquet.BooleanType), true, func(*rand.Rand) parquet.Value { return parquet.BooleanValue(true) }},
	{"int32", parquet.Encoded(parquet.Int(32), &parquet.DeltaBinaryPacked), true, func(r *rand.Rand) parquet.Value {
		return parquet.Int32Value(int32(r.Uint32()) >> (8 * r.IntN(4)))
	}},
	{"int64", parquet.Encoded(parquet.Int(64), &parquet.DeltaBinaryPacked), true, func(r *rand.Rand) parquet.Value {
		return parquet.Int64Value(int64(r.Uint64()) >> (8 * r.IntN(8)))
	}},
	{"moment", parquet.Encoded(parquet.Timestamp(parquet.Microsecond), &parquet.DeltaBinaryPacked), true, func(r *rand.Rand) parquet.Value {
		return parquet.Int64Value(1.7e15 + int64(r.IntN(1e9)))
	}},
}

// testSchema has each leaf as required, optional, and both in a list.
func testSchema() *parquet.Schema {
	root, element := parquet.Group{}, parquet.Group{}
	for _, l := range leaves {
		root["r_"+l.name], root["o_"+l.name] = l.node, parquet.Optional(l.node)
		element["r_"+l.name], element["o_"+l.name] = l.node, parquet.Optional(l.node)
	}
	root["list"] = parquet.List(element)
	root["strings"] = parquet.List(leaves[0].node)
	return parquet.NewSchema("test", root)
}

func leafOf(path []string) *leaf {
	if path[0] == "strings" {
		return &leaves[0]
	}
	for i := range leaves {
		if leaves[i].name == path[len(path)-1][2:] {
			return &leaves[i]
		}
	}
	panic("no leaf")
}

func boundsOf(path []string) bool { return leafOf(path).bounds }

// batch makes values of n rows of a column.
func batch(r *rand.Rand, s *parquet.Schema, path []string, lengths []int, null int) (values []parquet.Value) {
	column, _ := s.Lookup(path...)
	one := func(rep int) {
		v := leafOf(path).value(r)
		if column.Node.Optional() && r.IntN(100) < null {
			values = append(values, parquet.Value{}.Level(rep, column.MaxDefinitionLevel-1, 0))
			return
		}
		values = append(values, v.Level(rep, column.MaxDefinitionLevel, 0))
	}
	for _, n := range lengths {
		switch {
		case column.MaxRepetitionLevel == 0:
			one(0)
		case n == 0:
			values = append(values, parquet.Value{}.Level(0, 0, 0))
		default:
			for i := range n {
				one(min(i, 1))
			}
		}
	}
	return values
}

// columnWriter is what both writers' columns have.
type columnWriter interface {
	write(values []parquet.Value) error
	endPage() error
}

type theirs struct{ *parquet.ColumnWriter }

func (c theirs) write(values []parquet.Value) error {
	_, err := c.WriteRowValues(values)
	return err
}
func (c theirs) endPage() error { return c.Flush() }

type ours struct{ *Column }

func (c ours) write(values []parquet.Value) error {
	if c.maxDef > 0 && len(values) <= MaxNulls {
		for _, v := range values {
			if v.DefinitionLevel() > 0 {
				return c.WriteValues(values)
			}
		}
		return c.WriteNulls(len(values))
	}
	return c.WriteValues(values)
}
func (c ours) endPage() error { return c.EndPage() }

// fill writes the rows of a seed: all columns by batches, ends of pages, and of row
// groups by flush.
func fill(t *testing.T, seed uint64, s *parquet.Schema, batches int, columns func(i int) columnWriter, flush func() error) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 7))
	null := []int{0, 10, 90, 100}[r.IntN(4)]
	for b := range batches {
		lengths := make([]int, 256)
		if r.IntN(3) > 0 {
			for i := range lengths {
				lengths[i] = r.IntN(3)
			}
		}
		for i, path := range s.Columns() {
			values := batch(rand.New(rand.NewPCG(seed, uint64(b*1000+i))), s, path, lengths, null)
			if err := columns(i).write(values); err != nil {
				t.Fatal(err)
			}
		}
		if b%8 == 7 {
			for i := range s.Columns() {
				if err := columns(i).endPage(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if b%40 == 39 {
			if err := flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The library's writer is the measure: files have the same bytes, one after the
// other from the same writers.
func TestSameBytesAsTheLibrary(t *testing.T) {
	t.Parallel()
	s := testSchema()
	metadata := map[string]string{"b": "2", "a": "1"}
	options := []parquet.WriterOption{s, &parquet.WriterConfig{
		CreatedBy: "test", PageBufferSize: 64 << 10, WriteBufferSize: 4 << 10, MaxRowsPerRowGroup: 1 << 20,
		DictionaryMaxBytes: 100 << 10, Compression: compression, KeyValueMetadata: metadata,
	}, parquet.DataPageStatistics(false)}
	for _, path := range s.Columns() {
		if !boundsOf(path) {
			options = append(options, parquet.SkipPageBounds(path...))
		}
	}
	mine, err := New(io.Discard, Config{
		Schema: s, CreatedBy: "test", Metadata: metadata, Compression: compression,
		PageBytes: 64 << 10, DictionaryBytes: 100 << 10, BufferBytes: 4 << 10, Lanes: 3, Bounds: boundsOf,
	})
	if err != nil {
		t.Fatal(err)
	}
	for seed, batches := range []int{0, 1, 3, 50, 12, 7, 0, 9} {
		var want, got bytes.Buffer
		library := parquet.NewWriter(&want, options...)
		fill(t, uint64(seed), s, batches, func(i int) columnWriter { return theirs{library.ColumnWriters()[i]} }, library.Flush)
		if err := library.Close(); err != nil {
			t.Fatal(err)
		}
		mine.Reset(&got)
		fill(t, uint64(seed), s, batches, func(i int) columnWriter { return ours{mine.Columns()[i]} }, mine.Flush)
		if err := mine.Close(); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want.Bytes(), got.Bytes()) {
			t.Errorf("seed %d, %d batches: %d bytes, the library's %d, first difference at %d: %s", seed, batches, got.Len(), want.Len(),
				firstDifference(want.Bytes(), got.Bytes()), difference(t, want.Bytes(), got.Bytes()))
		}
	}
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

// difference tells where the metadata of two files differ, for whoever looks into it.
func difference(t *testing.T, want, got []byte) string {
	t.Helper()
	a, err1 := parquet.OpenFile(bytes.NewReader(want), int64(len(want)))
	b, err2 := parquet.OpenFile(bytes.NewReader(got), int64(len(got)))
	if err1 != nil || err2 != nil {
		return fmt.Sprint(err1, err2)
	}
	for i, g := range a.Metadata().RowGroups {
		if i >= len(b.Metadata().RowGroups) {
			return "fewer row groups"
		}
		for j, c := range g.Columns {
			x, y := fmt.Sprintf("%+v", c.MetaData), fmt.Sprintf("%+v", b.Metadata().RowGroups[i].Columns[j].MetaData)
			if x != y {
				return fmt.Sprintf("\n%s\n%s", x, y)
			}
		}
	}
	return "pages only"
}
