package stats

import (
	"math/bits"

	"mailaudit/internal/columns"
)

// grid counts rows by the codes of two columns: a row for each place of the one,
// its columns the places of the other. The first of both is null.
type grid struct {
	cells []uint32
	shift uint // a row has that many bits
}

func (g *grid) fill(a, b *columns.Vector) {
	g.shift = uint(bits.Len(uint(len(b.Dict))))
	n := (len(a.Dict) + 1) << g.shift
	if cap(g.cells) < n {
		g.cells = make([]uint32, n)
	}
	g.cells = g.cells[:n]
	clear(g.cells)
	cells, shift, of := g.cells, g.shift&31, b.Codes[:len(a.Codes)]
	for i, code := range a.Codes {
		cells[uint32(code+1)<<shift+uint32(of[i]+1)]++
	}
}

// takeBack takes some rows back.
func (g *grid) takeBack(a, b *columns.Vector, rows []int) {
	for _, i := range rows {
		g.cells[uint32(a.Codes[i]+1)<<g.shift+uint32(b.Codes[i]+1)]--
	}
}

// sum is how many rows have the place in the second column.
func (g *grid) sum(place int) int64 {
	n := int64(0)
	for i := place; i < len(g.cells); i += 1 << g.shift {
		n += int64(g.cells[i])
	}
	return n
}

// row is a code's counts by the places of the other column.
func (g *grid) row(code int) []uint32 {
	return g.cells[(code+1)<<g.shift : (code+2)<<g.shift]
}
