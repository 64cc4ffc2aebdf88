package history

import (
	"encoding/binary"
	"errors"

	"mailaudit/evaluate/dns"
)

// errDamaged says that a store holds what nobody wrote.
var errDamaged = errors.New("the history is damaged")

// keyOf appends the key of a name and type: the type has two bytes at the end,
// so no two questions share a key, and all types of a name stand together.
func keyOf(b []byte, name string, t dns.Type) []byte {
	return binary.BigEndian.AppendUint16(append(b, name...), uint16(t))
}

func splitKey(key []byte) (name string, t dns.Type, err error) {
	n := len(key) - 2
	if n < 1 {
		return "", 0, errDamaged
	}
	return string(key[:n]), dns.Type(binary.BigEndian.Uint16(key[n:])), nil
}

// encode appends the sights of one name and type: for each its state, origins,
// times, count and records.
func encode(b []byte, list []seen) []byte {
	for i := range list {
		s := &list[i]
		state := byte(s.status) << 1
		if s.whole {
			state |= 1
		}
		b = append(b, state, byte(s.origins))
		b = binary.AppendVarint(b, s.first)
		b = binary.AppendVarint(b, s.last)
		b = binary.AppendUvarint(b, s.count)
		b = binary.AppendUvarint(b, uint64(len(s.records)))
		for _, r := range s.records {
			b = binary.AppendUvarint(b, uint64(len(r)))
			b = append(b, r...)
		}
	}
	return b
}

// decode reads what encode wrote. Nothing of b is kept.
func decode(b []byte) ([]seen, error) {
	d := decoder{text: string(b)}
	list := make([]seen, 0, 1)
	for d.text != "" && !d.broken {
		list = append(list, d.seen())
	}
	if d.broken {
		return nil, errDamaged
	}
	return list, nil
}

// decoder takes values off a text that it shares with the records it returns.
type decoder struct {
	text   string
	broken bool
}

func (d *decoder) seen() seen {
	state := d.byte()
	s := seen{status: dns.Status(state >> 1), whole: state&1 != 0, origins: Origins(d.byte())}
	s.first, s.last, s.count = d.varint(), d.varint(), d.uvarint()
	n := d.uvarint()
	switch {
	case n > uint64(len(d.text)), s.status > dns.NXDomain, s.status == dns.NotRecorded,
		(n > 0) != (s.status == dns.Success), s.first > s.last, s.first < always, s.last > forever:
		d.broken = true
		return s
	case n == 0:
		return s
	}
	s.records = make([]string, n)
	for i := range s.records {
		s.records[i] = d.take(d.uvarint())
	}
	return s
}

func (d *decoder) byte() byte {
	s := d.take(1)
	if d.broken {
		return 0
	}
	return s[0]
}

func (d *decoder) take(n uint64) string {
	if d.broken || n > uint64(len(d.text)) {
		d.broken = true
		return ""
	}
	s := d.text[:n]
	d.text = d.text[n:]
	return s
}

func (d *decoder) uvarint() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		c := d.byte()
		if d.broken {
			return 0
		}
		n |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return n
		}
	}
	d.broken = true
	return 0
}

// varint reads the zigzag form of [binary.AppendVarint].
func (d *decoder) varint() int64 {
	u := d.uvarint()
	n := int64(u >> 1)
	if u&1 != 0 {
		n = ^n
	}
	return n
}
