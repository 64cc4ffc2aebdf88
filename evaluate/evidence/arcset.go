package evidence

import "bytes"

// MaxARCSets is the most sets of a chain (RFC 8617 §4.2.1: i= is at most 50).
const MaxARCSets = 50

// Problems of a chain's structure: words of arc.Reason.
const (
	arcBadInstance = "instance_range"  // i= is missing, no number, or not in 1..50
	arcDuplicate   = "duplicate_field" // two fields of one kind with one instance
	arcMissing     = "missing_field"   // an instance lacks one of its three fields
	arcGap         = "instance_gap"    // the instances are not 1..n
	arcTooMany     = "too_many_sets"
)

// arcFields are the three fields of one instance, by index into the header; -1
// where missing.
type arcFields struct{ seal, message, results int }

// arcCollector finds the chain; its scratch is reused.
type arcCollector struct{ sets [MaxARCSets + 1]arcFields }

// collect groups the ARC fields by instance. It returns the highest instance
// and the first structural problem (RFC 8617 §5.2 step 3).
func (c *arcCollector) collect(h *Header, p *sigParser) (n int, problem string) {
	for i := range c.sets {
		c.sets[i] = arcFields{-1, -1, -1}
	}
	note := func(w string) {
		if problem == "" {
			problem = w
		}
	}
	for i := range h.Fields {
		f := &h.Fields[i]
		if f.Kind != KindARCSeal && f.Kind != KindARCMessageSignature && f.Kind != KindARCResults {
			continue
		}
		inst := arcInstance(f, p)
		if inst == 0 {
			note(arcBadInstance)
			continue
		}
		n = max(n, inst)
		slot := c.sets[inst].slot(f.Kind)
		if *slot >= 0 {
			note(arcDuplicate)
			continue
		}
		*slot = i
	}
	for i := 1; i <= n; i++ {
		s := c.sets[i]
		switch {
		case s.seal < 0 && s.message < 0 && s.results < 0:
			note(arcGap)
		case s.seal < 0 || s.message < 0 || s.results < 0:
			note(arcMissing)
		}
	}
	return n, problem
}

func (a *arcFields) slot(k Kind) *int {
	switch k {
	case KindARCSeal:
		return &a.seal
	case KindARCMessageSignature:
		return &a.message
	}
	return &a.results
}

// arcInstance reads i= (RFC 8617 §4.2.1), 0 where there is no valid one. In
// ARC-Authentication-Results it is the first part of the value (§4.1.1).
func arcInstance(f *Field, p *sigParser) int {
	v := f.Value
	if f.Kind == KindARCResults {
		v, _, _ = bytes.Cut(v, []byte(";"))
	}
	p.tags, _ = parseTags(p.tags[:0], v)
	i, ok := p.tags.get("i")
	if !ok || len(i) > 3 {
		return 0
	}
	n, ok := parseNumber(i)
	if !ok || n < 1 || n > MaxARCSets {
		return 0
	}
	return int(n)
}

// sealInput appends what the seal of instance n signs: the fields of sets 1 to
// n in relaxed form, in each set ARC-Authentication-Results,
// ARC-Message-Signature, ARC-Seal, the last one with b= emptied and without a
// line end (RFC 8617 §5.1.1).
func (c *arcCollector) sealInput(dst []byte, h *Header, p *sigParser, n int) []byte {
	for i := 1; i <= n; i++ {
		s := &c.sets[i]
		for _, at := range [...]int{s.results, s.message} {
			if at >= 0 {
				dst = append(relaxedField(dst, &h.Fields[at]), '\r', '\n')
			}
		}
		if i < n && s.seal >= 0 {
			dst = append(relaxedField(dst, &h.Fields[s.seal]), '\r', '\n')
		}
	}
	return p.ownField(dst, &h.Fields[c.sets[n].seal], Relaxed)
}
