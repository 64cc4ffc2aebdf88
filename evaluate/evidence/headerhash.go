package evidence

import "bytes"

// nameHash is the FNV-1a hash of a name in lower case, as the index keeps it.
func nameHash(name []byte) uint32 {
	h := uint32(2166136261)
	for _, b := range name {
		h = (h ^ uint32(lower(b))) * 16777619
	}
	return h
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
		if f.hash == hash && !p.used[i] && bytes.EqualFold(f.Name, name) {
			p.used[i] = true
			return f
		}
	}
	return nil
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
