package sink

import (
	"errors"
	"fmt"

	"mailaudit/internal/columns"
)

// Counts are how often each value of a column of text occurs in a row group.
// They are good until the next call of [Scan.Next].
type Counts = columns.Counts

// Counts counts a column of text. It makes no vector where what the file says of
// the column, or its pages as they are, is enough.
func (s *Scan) Counts(name string) *Counts {
	c := s.column(name)
	if !c.counted {
		c.counted = true
		c.counts.Dict, c.counts.Of, c.counts.Null = nil, c.counts.Of[:0], 0
		if c.read || !s.indexed(c) {
			countVector(&c.counts, s.Column(name), c.info.list)
		} else if !s.countTold(c) {
			s.countPages(c)
		}
	}
	return &c.counts
}

// countTold counts a column of which the file tells enough.
func (s *Scan) countTold(c *scanned) bool {
	present, ok := s.present(c)
	if !ok || c.info.list && present > 0 {
		return false
	}
	n := &c.counts
	if !c.info.list {
		n.Null = int64(s.Rows()) - present
	}
	if present == 0 {
		return true
	}
	if s.oneWord(c) {
		n.Dict, n.Of = s.dictionary(c), append(n.Of, present)
		return true
	}
	return false
}

// countPages counts the places in the dictionary page by page.
func (s *Scan) countPages(c *scanned) {
	n, cur := &c.counts, c.cursor
	n.Null = 0
	s.pages(c, func() {
		if n.Dict == nil {
			n.Dict = appendTexts(nil, cur.dictText, cur.kind == word || cur.dictPlain)
			n.Of = zeros(n.Of, len(n.Dict))
		}
		if !tally(n.Of, cur.indexes, 0) {
			s.err = fmt.Errorf("column %s: %w", cur.name, errOutside)
		}
		if !c.info.list {
			n.Null += int64(cur.count - len(cur.indexes))
		}
	})
}

// errOutside is of a place beyond the end of a dictionary.
var errOutside = errors.New("a value is not in its dictionary")

// countVector counts what was read already.
func countVector(n *Counts, v *Vector, list bool) {
	n.Dict, n.Of = v.Dict, zeros(n.Of, len(v.Dict)+1)
	tally(n.Of, v.Codes, 1)
	n.Null, n.Of = n.Of[0], n.Of[1:]
	if list {
		n.Null = 0
	}
}

func zeros(s []int64, n int) []int64 {
	if cap(s) < n {
		return make([]int64, n)
	}
	s = s[:n]
	clear(s)
	return s
}

const (
	// fewWords is the size of the dictionaries that several counters are kept
	// for: equal values in a row do not wait for each other.
	fewWords = 64
	// fewest is the size of those whose codes are counted by fours.
	fewest = 4
)

// tally adds how often each code occurs, whose place is off beyond it. It tells
// whether all of them have one.
func tally(of []int64, codes []int32, off int32) bool {
	if len(of) > fewWords {
		for _, code := range codes {
			if uint32(code+off) >= uint32(len(of)) {
				return false
			}
			of[code+off]++
		}
		return true
	}
	if len(of) <= fewest {
		return tallyFew(of, codes, off)
	}
	const mask = fewWords - 1
	var lanes [4][fewWords]uint32
	var any int32
	for ; len(codes) >= 4; codes = codes[4:] {
		a, b, c, d := codes[0]+off, codes[1]+off, codes[2]+off, codes[3]+off
		lanes[0][a&mask]++
		lanes[1][b&mask]++
		lanes[2][c&mask]++
		lanes[3][d&mask]++
		any |= a | b | c | d
	}
	for _, code := range codes {
		lanes[0][(code+off)&mask]++
		any |= code + off
	}
	for i := range fewWords {
		n := int64(lanes[0][i]) + int64(lanes[1][i]) + int64(lanes[2][i]) + int64(lanes[3][i])
		if i < len(of) {
			of[i] += n
		} else if n > 0 {
			return false
		}
	}
	return uint32(any) < fewWords
}

// tallyFew is tally for the smallest dictionaries: four codes at a time.
func tallyFew(of []int64, codes []int32, off int32) bool {
	var fours [2][1 << 8]uint32
	var any int32
	for ; len(codes) >= 8; codes = codes[8:] {
		a, b, c, d := codes[0]+off, codes[1]+off, codes[2]+off, codes[3]+off
		fours[0][uint8(a|b<<2|c<<4|d<<6)]++
		e, f, g, h := codes[4]+off, codes[5]+off, codes[6]+off, codes[7]+off
		fours[1][uint8(e|f<<2|g<<4|h<<6)]++
		any |= a | b | c | d | e | f | g | h
	}
	if uint32(any) >= fewest {
		return false
	}
	var sums [fewest]int64
	for i := range fours[0] {
		n := int64(fours[0][i]) + int64(fours[1][i])
		sums[i&3] += n
		sums[i>>2&3] += n
		sums[i>>4&3] += n
		sums[i>>6] += n
	}
	for _, code := range codes {
		if uint32(code+off) >= fewest {
			return false
		}
		sums[code+off]++
	}
	for i, n := range sums {
		if i < len(of) {
			of[i] += n
		} else if n > 0 {
			return false
		}
	}
	return true
}
