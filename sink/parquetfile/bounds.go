package parquetfile

import (
	"bytes"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding/plain"
)

// pageBounds are the least and greatest value of the page under way; null where all
// are.
func (c *Column) pageBounds() (least, most parquet.Value) {
	p := &c.page
	switch {
	case c.kind == indexed && !c.full:
		return c.dict.bounds(p.indexes)
	case c.kind == booleans && p.bitCount > 0:
		n := 0
		for i := range p.bitCount {
			n += int(p.bits[i/8] >> (i % 8) & 1)
		}
		return parquet.BooleanValue(n == p.bitCount), parquet.BooleanValue(n > 0)
	case c.kind == int32s && len(p.indexes) > 0:
		return parquet.Int32Value(slices.Min(p.indexes)), parquet.Int32Value(slices.Max(p.indexes))
	case c.kind == int64s && len(p.numbers) > 0:
		return parquet.Int64Value(slices.Min(p.numbers)), parquet.Int64Value(slices.Max(p.numbers))
	case p.textCount > 0:
		return p.textBounds()
	}
	return least, most
}

func (p *page) textBounds() (least, most parquet.Value) {
	var lo, hi []byte
	_ = plain.RangeByteArray(p.text, func(b []byte) error { // the text is ours: no error
		if lo == nil || bytes.Compare(b, lo) < 0 {
			lo = b
		}
		if hi == nil || bytes.Compare(b, hi) > 0 {
			hi = b
		}
		return nil
	})
	return parquet.ByteArrayValue(bytes.Clone(lo)), parquet.ByteArrayValue(bytes.Clone(hi))
}

// bounds are the least and greatest of some values, by their numbers.
func (d *dictionary) bounds(numbers []int32) (least, most parquet.Value) {
	if len(numbers) == 0 {
		return least, most
	}
	lo, hi, last := d.values[numbers[0]], d.values[numbers[0]], numbers[0]
	for _, n := range numbers {
		if n == last {
			continue
		}
		last = n
		switch s := d.values[n]; {
		case s < lo:
			lo = s
		case s > hi:
			hi = s
		}
	}
	return parquet.ByteArrayValue([]byte(lo)), parquet.ByteArrayValue([]byte(hi))
}

// extend takes a page's bounds into those of the chunk.
func (k *chunk) extend(t parquet.Type, least, most parquet.Value) {
	if most.IsNull() {
		return
	}
	if k.most.IsNull() || t.Compare(most, k.most) > 0 {
		k.most = most
	}
	if k.least.IsNull() || t.Compare(least, k.least) < 0 {
		k.least = least
	}
}
