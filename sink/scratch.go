package sink

import (
	"unsafe"

	"github.com/parquet-go/parquet-go"
)

// emptyText is the empty string, which is not null.
var emptyText = parquet.ByteArrayValue([]byte{})

// textValue is s as the column keeps it; null where it is empty. The value
// shares the memory of s.
func textValue(s string) parquet.Value {
	if s == "" {
		return parquet.Value{}
	}
	return stringValue(EscapeText(s))
}

// wordValue is a word; null where it is empty.
func wordValue(s string) parquet.Value {
	if s == "" {
		return parquet.Value{}
	}
	return stringValue(s)
}

// noValues are what rows have in a leaf without a value.
var noValues [batchRows]parquet.Value

// stringValue is s as it is. The value keeps s alive and is only ever read, so
// that no byte needs to be copied before the column's page is built.
func stringValue(s string) parquet.Value {
	if s == "" {
		return emptyText
	}
	return parquet.ByteArrayValue(bytesOf(s))
}

// bytesOf are the bytes of s, for reading.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// scratch is the memory of one batch of rows for bytes that are made for it.
type scratch struct {
	arena   []byte
	values  []parquet.Value // of the leaf at work
	privacy *privacy
}

// arenaSize is the first size of a batch's memory in bytes.
const arenaSize = batchRows << 8

func (s *scratch) reset() { s.arena = s.arena[:0] }

// valuesFor is room for n values. All leaves have the same, so that it stays in the
// processor's cache.
func (s *scratch) valuesFor(n int) []parquet.Value {
	if cap(s.values) < n {
		s.values = make([]parquet.Value, max(n, batchRows))
	}
	return s.values[:n]
}

// room returns the end of the arena as an empty slice with room for n bytes.
func (s *scratch) room(n int) []byte {
	if cap(s.arena)-len(s.arena) < n {
		// Values point into the old memory, so it is left to them.
		s.arena = make([]byte, 0, max(arenaSize, 2*cap(s.arena), n))
	}
	return s.arena[len(s.arena):len(s.arena):cap(s.arena)]
}

// take gives what was appended to room's slice to the batch.
func (s *scratch) take(b []byte) parquet.Value {
	s.arena = s.arena[:len(s.arena)+len(b)]
	return parquet.ByteArrayValue(b[:len(b):len(b)])
}
