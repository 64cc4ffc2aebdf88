package parquetfile

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"math"
	"math/bits"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/delta"
	"github.com/parquet-go/parquet-go/encoding/rle"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// chunk is the pages of a column since the last end of a row group, and what is
// counted of them.
type chunk struct {
	pages     blocks
	dict      []byte // the dictionary's page
	rows      int64
	meta      format.ColumnMetaData // path, encodings and the like, and what is counted
	locations []format.PageLocation
	indexer   parquet.ColumnIndexer
	least     parquet.Value
	most      parquet.Value

	repetitions, definitions         []int64 // values of each level
	pageRepetitions, pageDefinitions []int64 // the same, page after page
}

// indexLimit is how many bytes of a bound the index keeps: the library's default.
const indexLimit = parquet.DefaultColumnIndexSizeLimit

func (k *chunk) init(c *Column) {
	k.indexer = c.typ.NewColumnIndexer(indexLimit)
	encodings := []format.Encoding{c.encoding()}
	if c.maxDef > 0 {
		encodings = append(encodings, format.RLE)
		k.definitions = make([]int64, int(c.maxDef)+1)
	}
	if c.maxRep > 0 {
		k.repetitions = make([]int64, int(c.maxRep)+1)
	}
	if c.kind == indexed {
		encodings = append(encodings, format.Plain)
	}
	slices.Sort(encodings)
	k.meta = format.ColumnMetaData{
		Type: format.Type(c.typ.Kind()), Encoding: slices.Compact(encodings), PathInSchema: c.path,
		Codec: c.file.config.Compression.CompressionCodec(),
	}
}

func (k *chunk) reset() {
	m := &k.meta
	*m = format.ColumnMetaData{Type: m.Type, Encoding: m.Encoding, PathInSchema: m.PathInSchema, Codec: m.Codec}
	k.pages.reset()
	k.rows, k.locations = 0, k.locations[:0]
	k.least, k.most = parquet.Value{}, parquet.Value{}
	k.indexer.Reset()
	clear(k.repetitions)
	clear(k.definitions)
	k.pageRepetitions, k.pageDefinitions = k.pageRepetitions[:0], k.pageDefinitions[:0]
}

// encoding is that of the page under way.
func (c *Column) encoding() format.Encoding {
	switch {
	case c.kind == indexed && !c.full:
		return format.RLEDictionary
	case c.kind == int32s, c.kind == int64s:
		return format.DeltaBinaryPacked
	}
	return format.Plain
}

// buffers are the memory in which a page is made.
type buffers struct {
	repetitions, definitions, page, pressed []byte
	header                                  bytes.Buffer
	protocol                                thrift.CompactProtocol
	encoder                                 *thrift.Encoder
}

func newBuffers() *buffers {
	b := new(buffers)
	b.encoder = thrift.NewEncoder(b.protocol.NewWriter(&b.header))
	return b
}

// levelEncodings are those of levels up to 1, and up to 2.
var levelEncodings = [...]rle.Encoding{{BitWidth: 1}, {BitWidth: 2}}

func encodeLevels(dst, levels []byte, most byte) ([]byte, error) {
	if most == 0 {
		return dst[:0], nil
	}
	return levelEncodings[bits.Len8(most)-1].EncodeLevels(dst[:0], levels)
}

// writePage encodes the page under way and adds it to the chunk.
func (c *Column) writePage() (err error) {
	b := c.file.buffers.Get().(*buffers)
	defer c.file.buffers.Put(b)
	if b.repetitions, err = encodeLevels(b.repetitions, c.page.repetitions, c.maxRep); err != nil {
		return err
	}
	if b.definitions, err = encodeLevels(b.definitions, c.page.definitions, c.maxDef); err != nil {
		return err
	}
	values, err := c.encode(b)
	if err != nil {
		return fmt.Errorf("column %v: %w", c.path, err)
	}
	plainSize := len(b.repetitions) + len(b.definitions) + len(values)
	if plainSize > math.MaxInt32 {
		return fmt.Errorf("column %v: a page of %d bytes", c.path, plainSize)
	}
	if b.pressed, err = c.file.config.Compression.Encode(b.pressed[:0], values); err != nil {
		return fmt.Errorf("column %v: %w", c.path, err)
	}
	nulls := c.nulls()
	header := format.PageHeader{
		Type: format.DataPageV2, UncompressedPageSize: int32(plainSize),
		CompressedPageSize: int32(len(b.repetitions) + len(b.definitions) + len(b.pressed)),
		CRC:                int32(checksum(b.repetitions, b.definitions, b.pressed)),
	}
	header.DataPageHeaderV2.Valid = true
	header.DataPageHeaderV2.V = format.DataPageHeaderV2{
		NumValues: int32(c.page.values), NumNulls: int32(nulls), NumRows: int32(c.page.rows),
		Encoding:                   c.encoding(),
		DefinitionLevelsByteLength: int32(len(b.definitions)),
		RepetitionLevelsByteLength: int32(len(b.repetitions)),
		IsCompressed:               thrift.New(true),
	}
	if err := b.encodeHeader(&header); err != nil {
		return err
	}
	for _, part := range [][]byte{b.header.Bytes(), b.repetitions, b.definitions, b.pressed} {
		c.chunk.pages.add(part)
	}
	c.account(b.header.Len(), &header, nulls)
	return nil
}

func (b *buffers) encodeHeader(h *format.PageHeader) error {
	b.header.Reset()
	return b.encoder.Encode(h)
}

func checksum(parts ...[]byte) (sum uint32) {
	for _, p := range parts {
		sum = crc32.Update(sum, crc32.IEEETable, p)
	}
	return sum
}

// encode returns the values of the page under way, in their own memory or in b's.
func (c *Column) encode(b *buffers) (_ []byte, err error) {
	switch p := &c.page; {
	case c.kind == indexed && !c.full:
		b.page, err = new(rle.DictionaryEncoding).EncodeInt32(b.page[:0], p.indexes)
	case c.kind == int32s:
		b.page, err = new(delta.BinaryPackedEncoding).EncodeInt32(b.page[:0], p.indexes)
	case c.kind == int64s:
		b.page, err = new(delta.BinaryPackedEncoding).EncodeInt64(b.page[:0], p.numbers)
	case c.kind == booleans:
		return p.bits, nil
	default:
		return p.text, nil
	}
	return b.page, err
}

// nulls is how many values of the page are null, or elements that are not there.
func (c *Column) nulls() int {
	p := &c.page
	switch {
	case c.maxDef == 0:
		return 0
	case c.kind == indexed && !c.full, c.kind == int32s:
		return p.values - len(p.indexes)
	case c.kind == int64s:
		return p.values - len(p.numbers)
	case c.kind == booleans:
		return p.values - p.bitCount
	}
	return p.values - p.textCount
}

// account counts a data page that was added.
func (c *Column) account(headerSize int, header *format.PageHeader, nulls int) {
	k, p := &c.chunk, &c.page
	var least, most parquet.Value
	if c.bounds {
		least, most = c.pageBounds()
		k.extend(c.typ, least, most)
	}
	k.indexer.IndexPage(int64(p.values), int64(nulls), least, most)
	k.meta.NumValues += int64(p.values)
	k.meta.Statistics.NullCount += int64(nulls)
	k.locations = append(k.locations, format.PageLocation{
		Offset: k.meta.TotalCompressedSize, CompressedPageSize: int32(headerSize) + header.CompressedPageSize,
		FirstRowIndex: k.rows,
	})
	k.rows += int64(p.rows)
	k.meta.SizeStatistics.UnencodedByteArrayDataBytes += int64(len(p.text) - 4*p.textCount)
	c.countLevels(nulls)
	k.add(headerSize, header, header.DataPageHeaderV2.V.Encoding)
}

// add counts the bytes of a page.
func (k *chunk) add(headerSize int, header *format.PageHeader, e format.Encoding) {
	k.meta.TotalUncompressedSize += int64(headerSize) + int64(header.UncompressedPageSize)
	k.meta.TotalCompressedSize += int64(headerSize) + int64(header.CompressedPageSize)
	for i := range k.meta.EncodingStats {
		if s := &k.meta.EncodingStats[i]; s.PageType == header.Type && s.Encoding == e {
			s.Count++
			return
		}
	}
	k.meta.EncodingStats = append(k.meta.EncodingStats, format.PageEncodingStats{PageType: header.Type, Encoding: e, Count: 1})
}

// countLevels counts the values of each level.
func (c *Column) countLevels(nulls int) {
	k, p := &c.chunk, &c.page
	if c.maxRep > 0 {
		k.pageRepetitions = count(k.repetitions, k.pageRepetitions, p.rows, p.values-p.rows)
	}
	switch c.maxDef {
	case 1:
		k.pageDefinitions = count(k.definitions, k.pageDefinitions, nulls, p.values-nulls)
	case 2:
		ones := bytes.Count(p.definitions, []byte{1})
		k.pageDefinitions = count(k.definitions, k.pageDefinitions, nulls-ones, ones, p.values-nulls)
	}
}

// count adds to the counts of all pages, and appends those of this page.
func count(all, pages []int64, levels ...int) []int64 {
	for i, n := range levels {
		all[i] += int64(n)
		pages = append(pages, int64(n))
	}
	return pages
}

// columnIndex is that of the pages so far.
func (k *chunk) columnIndex() format.ColumnIndex {
	x := k.indexer.ColumnIndex()
	x.RepetitionLevelHistogram = append(x.RepetitionLevelHistogram[:0], k.pageRepetitions...)
	x.DefinitionLevelHistogram = append(x.DefinitionLevelHistogram[:0], k.pageDefinitions...)
	// The indexer's memory is the next row group's.
	x.MinValues, x.MaxValues = cloned(x.MinValues), cloned(x.MaxValues)
	return x
}

func cloned(values [][]byte) [][]byte {
	out := make([][]byte, len(values))
	for i, v := range values {
		out[i] = bytes.Clone(v)
	}
	return out
}

// writeChunk writes the chunk, its dictionary first, and returns what the footer
// says of it.
func (c *Column) writeChunk(w *Writer) (format.ColumnMetaData, error) {
	k := &c.chunk
	if c.kind == indexed {
		k.meta.DictionaryPageOffset = w.offset
		if _, err := w.Write(k.dict); err != nil {
			return k.meta, err
		}
	}
	k.meta.DataPageOffset = w.offset
	for i := range k.locations {
		k.locations[i].Offset += w.offset
	}
	if err := k.pages.writeTo(w); err != nil {
		return k.meta, err
	}
	m := k.meta
	m.EncodingStats = sortedStats(m.EncodingStats)
	m.SizeStatistics.RepetitionLevelHistogram = slices.Clone(k.repetitions)
	m.SizeStatistics.DefinitionLevelHistogram = slices.Clone(k.definitions)
	if !k.most.IsNull() {
		m.Statistics.MinValue = k.least.AppendBytes([]byte{})
		m.Statistics.MaxValue = k.most.AppendBytes([]byte{})
	}
	return m, nil
}

// makeDictionary makes the dictionary's page.
func (c *Column) makeDictionary() (err error) {
	w := c.file
	b := w.buffers.Get().(*buffers)
	defer w.buffers.Put(b)
	if len(c.dict.page) > math.MaxInt32 {
		return fmt.Errorf("column %v: a dictionary of %d bytes", c.path, len(c.dict.page))
	}
	if b.pressed, err = w.config.Compression.Encode(b.pressed[:0], c.dict.page); err != nil {
		return fmt.Errorf("column %v: %w", c.path, err)
	}
	header := format.PageHeader{
		Type: format.DictionaryPage, UncompressedPageSize: int32(len(c.dict.page)),
		CompressedPageSize: int32(len(b.pressed)), CRC: int32(checksum(b.pressed)),
	}
	header.DictionaryPageHeader.Valid = true
	header.DictionaryPageHeader.V = format.DictionaryPageHeader{NumValues: int32(len(c.dict.values)), Encoding: format.Plain}
	if err := b.encodeHeader(&header); err != nil {
		return err
	}
	c.chunk.add(b.header.Len(), &header, format.Plain)
	c.chunk.dict = append(append(c.chunk.dict[:0], b.header.Bytes()...), b.pressed...)
	return nil
}
