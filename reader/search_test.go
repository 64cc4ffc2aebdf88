package reader

import (
	"bytes"
	"testing"
)

// FuzzIndexFrom holds the search against bytes.Index.
func FuzzIndexFrom(f *testing.F) {
	dense := bytes.Repeat([]byte("F"), 3*searchTurn)
	f.Add([]byte("a\nFrom "), uint16(0), uint16(0))
	f.Add([]byte("\nFrom \nFrom "), uint16(40000), uint16(3))
	f.Add([]byte("\n\nFFrom \nFro"), uint16(searchTurn), uint16(0))
	for i := range uint16(12) { // across the border of a turn
		f.Add([]byte("\nFrom x"), searchTurn+16+i, uint16(9))
	}
	f.Fuzz(func(t *testing.T, b []byte, before, behind uint16) {
		b = append(bytes.Clone(dense[:int(before)%len(dense)]), b...)
		b = append(b, dense[:int(behind)%len(dense)]...)
		if got, want := indexFrom(b), bytes.Index(b, newlineFrom); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	})
}
