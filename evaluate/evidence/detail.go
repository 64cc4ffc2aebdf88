package evidence

import (
	"bytes"
	"strings"

	"mailaudit/reader"
)

// Detail is what only explanations need. Extraction keeps it where
// Options.Detail asks for it.
type Detail struct {
	From    []string // the From fields as written, unfolded
	Subject string   // the topmost Subject as written, unfolded

	Hops     []Hop    // every Received field, topmost first
	Boundary int      // the hop that was believed last, -1 where none
	Why      []string // how it was chosen, a line for each hop looked at

	Claims []Claim // what receivers wrote, topmost first

	Signatures []SignatureDetail // parallel to Evidence.Signatures
	Sets       []SetDetail       // parallel to Evidence.ARC.Sets
}

// SetDetail is the detail of one ARC set.
type SetDetail struct{ Seal, Message SignatureDetail }

// Claim is one field in which a receiver noted results.
type Claim struct {
	Kind  Kind // KindAuthResults, KindReceivedSPF or KindARCResults
	Field int  // index in the header, 0 the topmost
	// Received counts the Received fields above it: 0 was written last.
	Received   int
	AuthservID string // lower case; empty where the field has none
	Trusted    bool   // the id is one of Options.AuthservIDs
	Methods    []AuthMethod
	SPF        *ReceivedSPF // for KindReceivedSPF
}

// SignatureDetail is how a signature's digests came about.
type SignatureDetail struct {
	Tags []Tag
	// CanonicalHeader is what was hashed for b=; empty where nothing was.
	CanonicalHeader []byte
	Signed          []SignedField
	// Uncovered are the names that h= lists less often than the header has
	// them: whoever adds such a field breaks nothing.
	Uncovered []string

	BodyClaimed []byte // bh= decoded
	// BodyBytes is the length of the canonical body, -1 where the message was
	// too large to be held.
	BodyBytes int64

	// Body are other readings of the body that give bh=, where the plain one
	// does not.
	Body []Attempt
	// Header are the digests of other readings of the header. Whether one is
	// what was signed only a key can tell.
	Header []Attempt
}

// Tag is one tag of a signature, its white space removed.
type Tag struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// SignedField is one name of h= and the field it stands for.
type SignedField struct {
	Name  string // as h= has it
	Field int    // index in the header, -1 where there is none (left)
}

// Attempt is another reading of a message.
type Attempt struct {
	Word   string // a stable word
	Note   string // for people: "without its last 4 lines"
	Digest []byte
}

// explainable fills e.Detail. streamed tells that body is not all of the body.
func (x *Extractor) explainable(e *Evidence, body []byte, q reader.Quoting, streamed bool) {
	h := &x.header
	d := &Detail{Boundary: -1, Hops: Hops(h)}
	d.Boundary, d.Why = ExplainBoundary(d.Hops, &x.opts)
	for i := range h.Fields {
		f := &h.Fields[i]
		switch {
		case f.Kind == KindFrom:
			d.From = append(d.From, string(unfold(nil, f.Value)))
		case d.Subject == "" && equalFold(f.Name, "subject"):
			d.Subject = string(unfold(nil, f.Value))
		}
	}
	d.Claims = x.claims()
	b := &bodyReadings{streamed: streamed}
	if !streamed {
		b.plain, b.encoding = unquotedBody(body, q), transferEncoding(h)
	}
	d.Signatures = make([]SignatureDetail, len(e.Signatures))
	for i := range e.Signatures {
		d.Signatures[i] = x.signatureDetail(&h.Fields[e.Signatures[i].Field], sigDKIM, b)
	}
	d.Sets = make([]SetDetail, len(e.ARC.Sets))
	for i := range e.ARC.Sets {
		at := x.arcs.sets[i+1]
		if at.message >= 0 {
			d.Sets[i].Message = x.signatureDetail(&h.Fields[at.message], sigAMS, b)
		}
		if at.seal >= 0 {
			d.Sets[i].Seal = x.sealDetail(i + 1)
		}
	}
	e.Detail = d
}

// claims reads what receivers noted.
func (x *Extractor) claims() []Claim {
	var out []Claim
	received := 0
	for i := range x.header.Fields {
		f := &x.header.Fields[i]
		c := Claim{Kind: f.Kind, Field: i, Received: received}
		switch f.Kind {
		case KindReceived:
			received++
			continue
		case KindAuthResults:
			c.AuthservID, c.Methods = parseAuthResults(f.Value)
			c.AuthservID = strings.ToLower(c.AuthservID)
			c.Trusted = trustedID(f.Value, x.opts.AuthservIDs) != ""
		case KindReceivedSPF:
			s := parseReceivedSPF(f.Value)
			c.SPF = &s
		default:
			continue
		}
		out = append(out, c)
	}
	return out
}

// signatureDetail reads a DKIM-Signature or ARC-Message-Signature again.
func (x *Extractor) signatureDetail(f *Field, kind sigKind, b *bodyReadings) SignatureDetail {
	s := Signature{}
	d := SignatureDetail{BodyBytes: -1, BodyClaimed: x.sig.parse(&s, f, kind)}
	d.Tags = x.tags()
	if s.SignedHeaders == "" {
		return d
	}
	d.CanonicalHeader = x.sig.ownField(x.sig.signedFields(nil, &x.header, &s), f, s.HeaderCanon)
	x.signedNames(&d, s.SignedHeaders)
	d.Header = x.headerAttempts(f, &s)
	if !b.streamed {
		d.BodyBytes = int64(len(b.canonical(s.BodyCanon)))
	}
	if len(d.BodyClaimed) > 0 && !b.streamed {
		d.Body = b.attempts(&s, d.BodyClaimed)
	}
	return d
}

func (x *Extractor) sealDetail(n int) SignatureDetail {
	s := Signature{}
	x.sig.parse(&s, &x.header.Fields[x.arcs.sets[n].seal], sigSeal)
	return SignatureDetail{
		Tags: x.tags(), BodyBytes: -1,
		CanonicalHeader: x.arcs.sealInput(nil, &x.header, &x.sig, n),
	}
}

// tags returns those of the field that was parsed last.
func (x *Extractor) tags() []Tag {
	out := make([]Tag, len(x.sig.tags))
	for i, t := range x.sig.tags {
		out[i] = Tag{Name: string(t.name), Value: string(removeFWS(nil, t.value))}
	}
	return out
}

// signedNames fills Signed and Uncovered.
func (x *Extractor) signedNames(d *SignatureDetail, list string) {
	h := &x.header
	x.sig.used = append(x.sig.used[:0], make([]bool, len(h.Fields))...)
	for name := range strings.SplitSeq(list, ":") {
		at := -1
		if f := x.sig.take(h, []byte(name)); f != nil {
			at = fieldIndex(h, f)
		}
		d.Signed = append(d.Signed, SignedField{Name: name, Field: at})
	}
	seen := map[string]bool{}
	for name := range strings.SplitSeq(list, ":") {
		low := strings.ToLower(name)
		if seen[low] {
			continue
		}
		seen[low] = true
		for i := range h.Fields {
			if !x.sig.used[i] && bytes.EqualFold(h.Fields[i].Name, []byte(name)) {
				d.Uncovered = append(d.Uncovered, low)
				break
			}
		}
	}
}

func fieldIndex(h *Header, f *Field) int {
	for i := range h.Fields {
		if &h.Fields[i] == f {
			return i
		}
	}
	return -1
}
