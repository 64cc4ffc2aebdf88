package sink

import (
	"encoding/binary"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// What the file tells of a column's row group, so that it need not be read.

// Nulls counts the rows without a value; the column is no list's.
func (s *Scan) Nulls(name string) int64 {
	c := s.column(name)
	if n, ok := s.present(c); ok {
		return int64(s.Rows()) - n
	}
	v, n := s.Column(name), int64(0)
	for _, code := range v.Codes {
		n += int64(uint32(code) >> 31)
	}
	for _, k := range v.Numbers {
		if k == NoNumber {
			n++
		}
	}
	return n
}

// Trues counts what is true: rows, or elements of lists.
func (s *Scan) Trues(name string) int64 {
	c := s.column(name)
	least, greatest, ok := s.bounds(c)
	if ok && greatest == 0 {
		return 0
	}
	if n, known := s.present(c); ok && least == 1 && known {
		return n
	}
	n := int64(0)
	for _, k := range s.Column(name).Numbers {
		if k == 1 {
			n++
		}
	}
	return n
}

// Range is the least and the greatest value of a column of numbers or times;
// both are NoNumber where there is none.
func (s *Scan) Range(name string) (least, greatest int64) {
	least, greatest, ok := s.bounds(s.column(name))
	if ok {
		return least, greatest
	}
	least, greatest = NoNumber, NoNumber
	for _, k := range s.Column(name).Numbers {
		if greatest = max(greatest, k); k != NoNumber && (least == NoNumber || k < least) {
			least = k
		}
	}
	return least, greatest
}

// Words are the texts that the column may have: no other is in it.
func (s *Scan) Words(name string) []string {
	switch c := s.column(name); {
	case c.read:
		return c.vector.Dict
	case c.counted:
		return c.counts.Dict
	case s.indexed(c):
		return s.dictionary(c)
	}
	return s.Column(name).Dict
}

// told is what the file tells of a column; nil where the column is not there.
func (s *Scan) told(c *scanned) *format.ColumnMetaData {
	if c.cursor == nil || s.err != nil {
		return nil
	}
	return &s.part.Metadata().RowGroups[s.next].Columns[c.cursor.index].MetaData
}

// present is how many values are not null, where that is told.
func (s *Scan) present(c *scanned) (n int64, ok bool) {
	m := s.told(c)
	if m == nil {
		return 0, s.err == nil
	}
	levels, top := m.SizeStatistics.DefinitionLevelHistogram, int(c.cursor.present)
	switch {
	case m.NumValues > 0 && m.Statistics.NullCount == m.NumValues:
		return 0, true
	case top == 0:
		return m.NumValues, true
	case len(levels) != top+1:
		return 0, false
	}
	all := int64(0)
	for _, k := range levels {
		all += k
	}
	return levels[top], all == m.NumValues
}

// allSame tells whether the column has one text and no null in the row group. Of
// a list that counts only where its elements are known.
func (s *Scan) allSame(c *scanned) bool {
	if c.cursor.kind.number() || c.cursor.kind == raw || !s.indexed(c) || c.info.list && !c.vector.placed {
		return false
	}
	n, ok := s.present(c)
	all := s.Rows()
	if c.info.list {
		all = int(c.vector.First[s.Rows()])
	}
	return ok && n == int64(all) && n > 0 && s.oneWord(c)
}

// oneWord tells whether the dictionary has one text. One with more room than that
// takes is not looked at: it would be read twice.
func (s *Scan) oneWord(c *scanned) bool {
	m := s.told(c)
	size := m.DataPageOffset - m.DictionaryPageOffset
	return m.DictionaryPageOffset > 0 && size > 0 && size < 256 && len(s.dictionary(c)) == 1
}

// bounds are the least and the greatest value, where they are told.
func (s *Scan) bounds(c *scanned) (least, greatest int64, ok bool) {
	m := s.told(c)
	if m == nil {
		return 0, 0, false
	}
	lo, hi := m.Statistics.MinValue, m.Statistics.MaxValue
	switch k := c.cursor.kind; {
	case k == boolean && len(lo) == 1 && len(hi) == 1:
		return int64(lo[0]), int64(hi[0]), true
	case (k == int64s || k == moment) && len(lo) == 8 && len(hi) == 8:
		return int64(binary.LittleEndian.Uint64(lo)), int64(binary.LittleEndian.Uint64(hi)), true
	}
	return 0, 0, false
}

// indexed tells whether all pages of a column of text hold places in the
// dictionary.
func (s *Scan) indexed(c *scanned) bool {
	m := s.told(c)
	if m == nil {
		return false
	}
	for _, e := range m.EncodingStats {
		data := e.PageType == format.DataPage || e.PageType == format.DataPageV2
		if data && e.Encoding != format.RLEDictionary {
			return false
		}
	}
	return len(m.EncodingStats) > 0
}

// dictionary reads the dictionary alone.
func (s *Scan) dictionary(c *scanned) []string {
	if c.worded || s.err != nil {
		return c.words
	}
	c.worded, c.words = true, nil
	pages := s.groups[s.next].ColumnChunks()[c.cursor.index].Pages()
	defer pages.Close()
	p, ok := pages.(interface {
		ReadDictionary() (parquet.Dictionary, error)
	})
	if !ok {
		c.words = s.Column(c.info.dotted(c.leaf)).Dict
		return c.words
	}
	d, err := p.ReadDictionary()
	if err != nil {
		s.fail(err)
	}
	if err == nil && d != nil {
		var plain bool
		c.cursor.dictText, plain = dictionaryText(c.cursor.dictText, d)
		c.words = appendTexts(nil, c.cursor.dictText, plain || c.cursor.kind == word)
	}
	return c.words
}
