package parquetfile

import (
	"unsafe"

	"github.com/parquet-go/parquet-go/encoding/plain"
)

// dictionary is the distinct values of a column chunk, in the order of their first
// appearance.
type dictionary struct {
	values  []string
	numbers map[string]int32
	size    int64  // bytes of all values
	page    []byte // the values as the dictionary's page has them
	arena   []byte // what is left of the memory that values are copied to

	// recent has the number of a value that lately came from an address: words are
	// constants, and domains kept by caches. It is only a guess.
	recent [recentSize]int32
}

const (
	recentSize = 64
	arenaSize  = 8 << 10
)

// number returns the value's, which it has from now on.
func (d *dictionary) number(b []byte) int32 {
	guess := &d.recent[addressHash(b)]
	if n := *guess; int(n) < len(d.values) && d.values[n] == string(b) {
		return n
	}
	n, ok := d.numbers[string(b)]
	if !ok {
		n = d.add(b)
	}
	*guess = n
	return n
}

// addressHash is a place in recent.
func addressHash(b []byte) int {
	h := uint64(uintptr(unsafe.Pointer(unsafe.SliceData(b)))) ^ uint64(len(b))<<7
	return int(h * 0x9e3779b97f4a7c15 >> 58) // of 64 bits those that recentSize wants
}

func (d *dictionary) add(b []byte) int32 {
	if d.numbers == nil {
		d.numbers = make(map[string]int32)
	}
	n, s := int32(len(d.values)), d.keep(b)
	d.values, d.numbers[s] = append(d.values, s), n
	d.size += int64(len(s))
	d.page = plain.AppendByteArray(d.page, b)
	return n
}

// keep copies b, whose memory is the caller's.
func (d *dictionary) keep(b []byte) string {
	if len(b) > len(d.arena) {
		if len(b) > arenaSize/4 {
			return string(b)
		}
		d.arena = make([]byte, arenaSize)
	}
	n := copy(d.arena, b)
	s := unsafe.String(unsafe.SliceData(d.arena), n) // nothing writes there again
	d.arena = d.arena[n:]
	return s
}

func (d *dictionary) reset() {
	clear(d.values)
	clear(d.numbers)
	d.values, d.size, d.page = d.values[:0], 0, d.page[:0]
}
