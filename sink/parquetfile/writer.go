// Package parquetfile writes Parquet files column by column. It is the way of
// github.com/parquet-go/parquet-go from values to bytes for the few types that the
// tables have, and writes the very bytes that the library's writer does: schema,
// encodings, compression and the structures of the format are the library's. What it
// saves is the way between: no row's place is kept, nulls cost a level each, a word
// that was just looked up is not hashed again, and memory is taken for what there is.
package parquetfile

import (
	"bufio"
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// Config is what a file is besides its rows.
type Config struct {
	// Schema may have columns of text or bytes, plain or with a dictionary;
	// booleans, plain; numbers of 32 and 64 bits in DELTA_BINARY_PACKED. Its lists
	// are not nested, and not optional.
	Schema      *parquet.Schema
	CreatedBy   string
	Metadata    map[string]string
	Compression compress.Codec // of every column
	// PageBytes is the size, in memory, from which on a column ends its page by
	// itself, after the values of a call.
	PageBytes int
	// PageRows is how many rows the caller means to put into a page: memory is taken
	// for as many at once, where a column has values.
	PageRows int
	// DictionaryBytes is how many bytes of values a column chunk's dictionary may
	// have when a page ends: pages after that are plain.
	DictionaryBytes int64
	BufferBytes     int // of writes
	// Lanes is how many goroutines end the columns of a row group; 0 is one.
	Lanes int
	// Bounds tells which columns have the least and greatest value of each page.
	Bounds func(path []string) bool
}

// Writer writes one file after the other in the same memory. Columns may be written
// side by side; its own methods are called alone.
type Writer struct {
	config  Config
	out     *bufio.Writer
	offset  int64 // bytes written
	columns []*Column
	buffers sync.Pool // of *buffers

	file    format.FileMetaData // RowGroups are those written
	columnI [][]format.ColumnIndex
	offsetI [][]format.OffsetIndex
}

// New begins a file. The error is about columns that the package does not write.
func New(out io.Writer, config Config) (*Writer, error) {
	w := &Writer{config: config, out: bufio.NewWriterSize(out, config.BufferBytes), file: config.metadata()}
	w.buffers.New = func() any { return newBuffers() }
	for _, path := range config.Schema.Columns() {
		c, err := newColumn(w, path)
		if err != nil {
			return nil, err
		}
		w.columns = append(w.columns, c)
	}
	return w, nil
}

// Reset begins another file. What the last one had and Close did not finish is gone.
func (w *Writer) Reset(out io.Writer) {
	w.out.Reset(out)
	w.offset = 0
	w.file.RowGroups, w.columnI, w.offsetI = nil, nil, nil
	for _, c := range w.columns {
		c.reset()
	}
}

// Columns are those of the schema's leaves, in order.
func (w *Writer) Columns() []*Column { return w.columns }

// Write implements io.Writer for what stands between pages.
func (w *Writer) Write(b []byte) (int, error) {
	n, err := w.out.Write(b)
	w.offset += int64(n)
	return n, err
}

// magic begins and ends a file.
const magic = "PAR1"

func (w *Writer) begin() error {
	if w.offset > 0 {
		return nil
	}
	_, err := w.Write([]byte(magic))
	return err
}

// Flush ends the row group, if it has rows: all columns must have as many.
func (w *Writer) Flush() error {
	if len(w.columns) == 0 || w.columns[0].rowCount() == 0 {
		return nil
	}
	if err := w.begin(); err != nil {
		return err
	}
	group := format.RowGroup{
		NumRows: w.columns[0].rowCount(), FileOffset: w.offset,
		SortingColumns: []format.SortingColumn{}, Ordinal: int16(len(w.file.RowGroups)),
	}
	columnI, offsetI := make([]format.ColumnIndex, len(w.columns)), make([]format.OffsetIndex, len(w.columns))
	err := w.endChunks(func(i int, c *Column) error {
		if c.chunk.rows != group.NumRows {
			return fmt.Errorf("column %v has %d rows, the first %d", c.path, c.chunk.rows, group.NumRows)
		}
		meta, err := c.writeChunk(w)
		if err != nil {
			return err
		}
		group.Columns = append(group.Columns, format.ColumnChunk{MetaData: meta})
		group.TotalByteSize += meta.TotalUncompressedSize
		group.TotalCompressedSize += meta.TotalCompressedSize
		columnI[i], offsetI[i] = c.chunk.columnIndex(), format.OffsetIndex{PageLocations: slices.Clone(c.chunk.locations)}
		c.reset()
		return nil
	})
	if err != nil {
		return err
	}
	w.file.RowGroups = append(w.file.RowGroups, group)
	w.columnI, w.offsetI = append(w.columnI, columnI), append(w.offsetI, offsetI)
	return nil
}

// endChunks ends the columns' chunks, side by side, and gives them to write one after
// the other, each as soon as it and those before it are there.
func (w *Writer) endChunks(write func(i int, c *Column) error) error {
	var next atomic.Int64
	ended := make([]chan error, len(w.columns))
	for i := range ended {
		ended[i] = make(chan error, 1)
	}
	one := func() bool {
		i := int(next.Add(1)) - 1
		if i < len(ended) {
			ended[i] <- w.columns[i].endChunk()
		}
		return i < len(ended)
	}
	var lanes sync.WaitGroup
	defer lanes.Wait()
	for range w.config.Lanes - 1 {
		lanes.Go(func() {
			for one() {
			}
		})
	}
	for i, c := range w.columns {
		for len(ended[i]) == 0 && one() {
		}
		if err := <-ended[i]; err != nil {
			return err
		}
		if err := write(i, c); err != nil {
			return err
		}
	}
	return nil
}

// Close finishes the file.
func (w *Writer) Close() error {
	if err := w.begin(); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := w.writeFooter(); err != nil {
		return err
	}
	return w.out.Flush()
}

// writeFooter writes the page index and the metadata.
func (w *Writer) writeFooter() error {
	encoder := thrift.NewEncoder(new(thrift.CompactProtocol).NewWriter(w))
	encode := func(v any) (offset int64, length int32, err error) {
		offset = w.offset
		err = encoder.Encode(v)
		return offset, int32(w.offset - offset), err
	}
	var err error
	for i, group := range w.columnI {
		for j := range group {
			c := &w.file.RowGroups[i].Columns[j]
			if c.ColumnIndexOffset, c.ColumnIndexLength, err = encode(&group[j]); err != nil {
				return err
			}
		}
	}
	for i, group := range w.offsetI {
		for j := range group {
			c := &w.file.RowGroups[i].Columns[j]
			if c.OffsetIndexOffset, c.OffsetIndexLength, err = encode(&group[j]); err != nil {
				return err
			}
		}
	}
	w.file.NumRows = 0
	for i := range w.file.RowGroups {
		w.file.NumRows += w.file.RowGroups[i].NumRows
	}
	_, length, err := encode(&w.file)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(length)), magic...))
	return err
}

// sortedStats are the counts of pages, in the library's order.
func sortedStats(stats []format.PageEncodingStats) []format.PageEncodingStats {
	stats = slices.Clone(stats)
	slices.SortFunc(stats, func(a, b format.PageEncodingStats) int {
		return cmp.Or(cmp.Compare(a.PageType, b.PageType), cmp.Compare(a.Encoding, b.Encoding))
	})
	return stats
}
