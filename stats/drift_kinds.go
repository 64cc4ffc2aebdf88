package stats

import (
	"math/bits"

	"mailaudit/internal/columns"
)

// driftKinds tell the rows of a row group apart by all that is compared.
type driftKinds struct {
	of    []driftKind
	byKey map[uint64]int32
	keys  []uint64 // of rows
	// recent are the kinds of keys that were looked up, by some bits of the key.
	recent [256]struct {
		key  uint64
		kind int32 // 0: none; one more than the place in of
	}
}

// driftKind are rows that are the same in all that is compared.
type driftKind struct {
	count int64
	rows  [driftExamples]int32 // the first in the order of examples
}

// first are the rows that may be examples.
func (k *driftKind) first() []int32 { return k.rows[:min(k.count, driftExamples)] }

// find sorts the rows into kinds.
func (d *driftKinds) find(c *driftColumns, rows int) {
	d.of, d.byKey = d.of[:0], make(map[uint64]int32)
	clear(d.recent[:])
	d.number(c, rows)
	ordinals := c.ordinal.Numbers
	for i, key := range d.keys {
		k := d.kind(key)
		k.count++
		if k.count > driftExamples && ordinals[i] > ordinals[k.rows[driftExamples-1]] {
			continue
		}
		k.keep(c, int32(i))
	}
}

// keep keeps a row that may be an example; it is counted already.
func (k *driftKind) keep(c *driftColumns, row int32) {
	n := int(min(k.count, driftExamples))
	if k.count > driftExamples && c.compare(row, k.rows[n-1]) >= 0 {
		return
	}
	j := n - 1
	for ; j > 0 && c.compare(row, k.rows[j-1]) < 0; j-- {
		k.rows[j] = k.rows[j-1]
	}
	k.rows[j] = row
}

func (d *driftKinds) kind(key uint64) *driftKind {
	slot := &d.recent[key*0x9e3779b97f4a7c15>>56]
	if slot.kind > 0 && slot.key == key {
		return &d.of[slot.kind-1]
	}
	n := d.byKey[key]
	if n == 0 {
		d.of = append(d.of, driftKind{})
		n = int32(len(d.of))
		d.byKey[key] = n
	}
	slot.key, slot.kind = key, n
	return &d.of[n-1]
}

// number gives each row a number that tells its kind: digits in a system of
// mixed bases, one for each column.
func (d *driftKinds) number(c *driftColumns, rows int) {
	if cap(d.keys) < rows {
		d.keys = make([]uint64, rows)
	}
	d.keys = d.keys[:rows]
	clear(d.keys)
	span := uint64(1)
	for _, v := range []*columns.Vector{
		c.recorded[0], c.recorded[1], c.recorded[2], c.recorded[3],
		c.category, c.disposition, c.spf, c.spfReason, c.helo, c.dmarc,
	} {
		if len(v.Dict) == 0 {
			continue
		}
		base := uint64(len(v.Dict) + 1)
		span = d.room(span, base)
		for i, code := range v.Codes[:rows] {
			d.keys[i] = d.keys[i]*base + uint64(code+1)
		}
	}
	reasons, results := uint64(len(c.dkimReason.Dict)+1), uint64(len(c.dkim.Dict)+1)
	base := 2*reasons*results + 1
	d.room(span, base)
	for i := range d.keys {
		d.keys[i] *= base
		if j := c.best(i); j >= 0 {
			digit := uint64(c.dkim.Codes[j]+1)*reasons + uint64(c.dkimReason.Codes[j]+1)
			if digit *= 2; c.repaired != nil && c.repaired.Bool(j) {
				digit++
			}
			d.keys[i] += digit + 1
		}
	}
}

// room makes room for one more digit in numbers below span, and tells what they
// are below then.
func (d *driftKinds) room(span, base uint64) uint64 {
	if hi, lo := bits.Mul64(span, base); hi == 0 {
		return lo
	}
	dense := make(map[uint64]uint64)
	for i, key := range d.keys {
		n, ok := dense[key]
		if !ok {
			n = uint64(len(dense))
			dense[key] = n
		}
		d.keys[i] = n
	}
	return uint64(len(dense)) * base
}
