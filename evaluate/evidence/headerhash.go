package evidence

import (
	"bytes"
	"encoding/binary"
)

// nameHash tells most names apart, and is the same in any case: of the beginning
// and the end, with the bit set that letters differ by.
func nameHash(name []byte) uint32 {
	const caseless, odd = 0x2020202020202020, 0x9e3779b97f4a7c15
	n := len(name)
	var first, last uint64
	switch {
	case n >= 8:
		first, last = binary.LittleEndian.Uint64(name), binary.LittleEndian.Uint64(name[n-8:])
	case n >= 4:
		first, last = uint64(binary.LittleEndian.Uint32(name)), uint64(binary.LittleEndian.Uint32(name[n-4:]))
	case n > 0:
		first, last = uint64(name[0]), uint64(name[n/2])<<8|uint64(name[n-1])
	}
	h := ((first|caseless)*odd ^ (last | caseless) ^ uint64(n)) * odd
	return uint32(h >> 32)
}

// signedFields appends the canonical form of the fields that h= names, each
// with its line end: for a name that is listed more than once, the fields are
// taken from the bottom up; a name with no field left stands for nothing (RFC
// 6376 §5.4.2).
func (p *sigParser) signedFields(dst []byte, h *Header, s *Signature) []byte {
	if cap(p.used) < len(h.Fields) {
		p.used = make([]bool, len(h.Fields), 2*len(h.Fields))
	}
	p.used = p.used[:len(h.Fields)]
	clear(p.used)
	p.scratch = append(p.scratch[:0], s.SignedHeaders...)
	for rest := p.scratch; len(rest) > 0; {
		var name []byte
		name, rest, _ = bytes.Cut(rest, []byte(":"))
		if f := p.take(h, name); f != nil {
			dst = append(canonField(dst, f, s.HeaderCanon), '\r', '\n')
		}
	}
	return dst
}

// take returns the lowest field of that name that was not taken yet.
func (p *sigParser) take(h *Header, name []byte) *Field {
	hash := nameHash(name)
	for i := len(h.Fields) - 1; i >= 0; i-- {
		f := &h.Fields[i]
		if f.hash == hash && !p.used[i] && sameName(f.Name, name) {
			p.used[i] = true
			return f
		}
	}
	return nil
}

// sameName compares names in any case of ASCII, as RFC 5322 §1.2.2 has it.
func sameName(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if c != b[i] && lower(c) != lower(b[i]) {
			return false
		}
	}
	return true
}

func canonField(dst []byte, f *Field, c Canon) []byte {
	if c == Relaxed {
		return relaxedField(dst, f)
	}
	return simpleField(dst, f.Raw)
}

// ownField appends a signature's own field with the value of b= taken out and no
// line end (RFC 6376 §3.5 b=, §3.7).
func (p *sigParser) ownField(dst []byte, f *Field, c Canon) []byte {
	b := p.tags.find("b")
	if b == nil {
		return canonField(dst, f, c)
	}
	// White space around the value goes with it, but for what precedes the
	// next tag: "b=" is left, then ";" or the end.
	valueAt := len(f.Raw) - len(trimmedTail(f)) - len(f.Value)
	raw := append(p.emptied[:0], f.Raw[:valueAt+b.start]...)
	raw = append(raw, f.Raw[valueAt+b.end:]...)
	p.emptied = raw
	own := Field{Name: f.Name, Raw: raw, Value: raw[valueAt : len(raw)-len(trimmedTail(f))]}
	return canonField(dst, &own, c)
}

// trimmedTail is the line end of a field.
func trimmedTail(f *Field) []byte { return f.Raw[len(trimLineEnd(f.Raw)):] }

// headerHash computes the digest that b= signs, for DKIM-Signature and
// ARC-Message-Signature.
func (p *sigParser) headerHash(h *Header, f *Field, s *Signature, buf []byte) []byte {
	buf = p.signedFields(buf[:0], h, s)
	if s.HeaderCanon == Simple {
		p.unfoldedHash(buf, f, s)
	}
	buf = p.ownField(buf, f, s.HeaderCanon)
	s.HeaderHash = p.digest(s, buf)
	return buf
}

// unfoldedHash computes Signature.UnfoldedHash from the signed fields.
func (p *sigParser) unfoldedHash(signed []byte, f *Field, s *Signature) {
	if !bytes.Contains(signed, []byte("\r\n ")) && !bytes.Contains(signed, []byte("\r\n\t")) {
		return
	}
	flat := make([]byte, 0, len(signed)+len(f.Raw))
	for i, b := range signed {
		fold := b == '\r' && i+2 < len(signed) && signed[i+1] == '\n' && (signed[i+2] == ' ' || signed[i+2] == '\t')
		if !fold && !(b == '\n' && i+1 < len(signed) && (signed[i+1] == ' ' || signed[i+1] == '\t')) {
			flat = append(flat, b)
		}
	}
	s.UnfoldedHash = p.digest(s, p.ownField(flat, f, Simple))
}

// digest hashes with the signature's algorithm.
func (p *sigParser) digest(s *Signature, b []byte) []byte {
	h := p.sha256
	if s.Algorithm == "rsa-sha1" {
		h = p.sha1
	}
	h.Reset()
	h.Write(b)
	return h.Sum(p.kept.take(h.Size()))
}
