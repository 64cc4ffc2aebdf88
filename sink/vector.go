package sink

import (
	"bytes"
	"slices"

	"mailaudit/internal/columns"
)

// NoNumber is what a [Vector] holds where a number or a time is null.
const NoNumber = columns.NoNumber

// Vector is one column of a row group. It is good until the next call of
// [Scan.Next].
type Vector = columns.Vector

// vector is a Vector under way.
type vector struct {
	Vector
	base   int32 // where the row group's dictionary begins in Dict; -1: not there yet
	placed bool  // First is there already, from another field of the list
}

// values is how many values are there so far.
func (v *vector) values() int32 { return int32(len(v.Codes) + len(v.Numbers)) }

// grow makes room for n values.
func (v *vector) grow(k kind, n int) {
	switch {
	case k == raw:
	case k.number():
		v.Numbers = slices.Grow(v.Numbers, n)
	default:
		v.Codes = slices.Grow(v.Codes, n)
	}
}

// nulls makes the vector complete where no value is there.
func (v *vector) nulls(k kind, rows int) {
	if v.placed {
		rows = int(v.First[len(v.First)-1])
	}
	v.grow(k, rows)
	switch {
	case k == raw:
	case k.number():
		v.Numbers = v.Numbers[:rows]
		for i := range v.Numbers {
			v.Numbers[i] = NoNumber
		}
	default:
		v.Codes = v.Codes[:rows]
		for i := range v.Codes {
			v.Codes[i] = -1
		}
	}
}

// same makes the vector complete where all values are the first of the
// dictionary.
func (v *vector) same(dict []string, rows int) {
	if v.placed {
		rows = int(v.First[len(v.First)-1])
	}
	v.grow(word, rows)
	v.Codes, v.Dict, v.base = v.Codes[:rows], dict, 0
	clear(v.Codes)
}

// number tells whether values of the kind are numbers, in a [Vector] and in a [Cell].
func (k kind) number() bool {
	return k == boolean || k == int32s || k == int64s || k == moment
}

// pad makes the vector complete where it was not read: all null, and as many as
// another field of the list has.
func (v *vector) pad(rows int) {
	v.Codes, v.Numbers, v.Dict = v.Codes[:0], v.Numbers[:0], nil
	if !v.placed {
		v.First = make([]int32, rows+1)
	} else {
		rows = max(rows, int(v.First[len(v.First)-1]))
	}
	for range rows {
		v.Codes, v.Numbers = append(v.Codes, -1), append(v.Numbers, NoNumber)
	}
}

// take adds the values of a page.
func (v *vector) take(c *cursor, isWord bool) {
	switch {
	case c.kind == raw:
	case c.kind.number():
		v.numbers(c)
	case c.dictionary:
		v.dictionary(c, isWord)
	default:
		v.texts(c, isWord)
	}
}

// place tells whether level i of the page has a value. For lists it notes where
// rows begin, and absent tells that there is no element at all.
func (v *vector) place(c *cursor, i int) (present, absent bool) {
	if c.list {
		if c.reps[i] == 0 && !v.placed {
			v.First = append(v.First, v.values())
		}
		if c.defs[i] == 0 {
			return false, true
		}
	}
	return c.defs == nil || c.defs[i] == c.present, false
}

// dictionary adds a page of places in the row group's dictionary.
func (v *vector) dictionary(c *cursor, isWord bool) {
	if v.base < 0 {
		v.base = int32(len(v.Dict))
		v.Dict = appendTexts(v.Dict, c.dictText, isWord || c.dictPlain)
	}
	switch {
	case c.list:
		v.listedCodes(c)
	case len(c.indexes) == c.count && v.base == 0: // no nulls
		v.Codes = append(v.Codes, c.indexes...)
	default:
		v.nullableCodes(c)
	}
}

// nullableCodes adds the codes of a page of values. It has no branches: where
// nulls are cannot be foretold.
func (v *vector) nullableCodes(c *cursor) {
	n := len(v.Codes)
	v.Codes = v.Codes[:n+c.count]
	out, indexes, after := v.Codes[n:], c.indexes, v.base+1
	if c.defs == nil {
		for i := range out {
			out[i] = v.base + indexes[i]
		}
		return
	}
	i, next, defs := 0, 0, c.defs[:len(out)]
	for ; i < len(out) && next < len(indexes); i++ {
		def := int32(defs[i]) // 1 is a value
		out[i] = (after+indexes[next])*def - 1
		next += int(def)
	}
	for ; i < len(out); i++ {
		out[i] = -1
	}
}

// listedCodes adds the codes of a page of lists.
func (v *vector) listedCodes(c *cursor) {
	if !v.placed {
		v.rows(c)
	}
	if len(c.indexes) == c.count && v.base == 0 { // neither nulls nor empty lists
		v.Codes = append(v.Codes, c.indexes...)
		return
	}
	n, next := len(v.Codes), 0
	codes := v.Codes[:n+c.count]
	for _, def := range c.defs[:c.count] {
		code := int32(-1)
		if def == c.present {
			code = v.base + c.indexes[next]
			next++
		}
		codes[n] = code
		n += min(int(def), 1) // no element at all: the next one takes its place
	}
	v.Codes = codes[:n]
}

// rows notes where the rows of a page of lists begin. It has no branches: how
// many values a row has cannot be foretold.
func (v *vector) rows(c *cursor) {
	n, at := len(v.First), v.values()
	first := slices.Grow(v.First, c.count)[:n+c.count]
	defs := c.defs[:c.count]
	if bytes.IndexByte(defs, 0) < 0 { // no row without elements
		for i, rep := range c.reps[:c.count] {
			first[n] = at + int32(i)
			n += 1 - int(min(rep, 1))
		}
		v.First = first[:n]
		return
	}
	for i, rep := range c.reps[:c.count] {
		first[n] = at
		n += 1 - int(min(rep, 1))
		at += int32(min(defs[i], 1))
	}
	v.First = first[:n]
}

// appendTexts adds a dictionary; a plain one has nothing that is escaped. The
// texts are not copied where there is nothing to add them to.
func appendTexts(dict, texts []string, plain bool) []string {
	if plain && dict == nil {
		return slices.Clip(texts)
	}
	if plain {
		return append(dict, texts...)
	}
	for _, t := range texts {
		dict = append(dict, UnescapeText(t))
	}
	return dict
}

// texts adds a page of texts, each with a code of its own.
func (v *vector) texts(c *cursor, isWord bool) {
	next := 0
	for i := range c.count {
		present, absent := v.place(c, i)
		switch {
		case present:
			t := c.text[c.offsets[next]:c.offsets[next+1]]
			if next++; !isWord {
				t = UnescapeText(t)
			}
			v.Codes = append(v.Codes, int32(len(v.Dict)))
			v.Dict = append(v.Dict, t)
		case !absent:
			v.Codes = append(v.Codes, -1)
		}
	}
}

// numbers adds a page of numbers.
func (v *vector) numbers(c *cursor) {
	if !c.list && len(c.int64s) == c.count && (c.kind == int64s || c.kind == moment) { // no nulls
		v.Numbers = append(v.Numbers, c.int64s...)
		return
	}
	if c.list && !v.placed {
		v.rows(c)
	}
	n, next := len(v.Numbers), 0
	numbers := v.Numbers[:n+c.count]
	for i := range c.count {
		switch {
		case c.defs == nil || c.defs[i] == c.present:
			numbers[n] = c.number(next)
			next++
		case c.list && c.defs[i] == 0: // no element at all
			continue
		default:
			numbers[n] = NoNumber
		}
		n++
	}
	v.Numbers = numbers[:n]
}

// number is present value j of the page.
func (c *cursor) number(j int) int64 {
	switch c.kind {
	case boolean:
		return int64(c.booleans[j/8] >> (j % 8) & 1)
	case int32s:
		return int64(c.int32s[j])
	}
	return c.int64s[j]
}
