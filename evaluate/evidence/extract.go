package evidence

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"fmt"
	"hash"
	"net/netip"

	"github.com/zeebo/xxh3"

	"mailaudit/reader"
)

// Extractor turns units into evidence. It keeps scratch memory from one message
// to the next: use one for each goroutine.
type Extractor struct {
	opts    Options
	trusted func(netip.Addr) bool

	header  Header
	sig     sigParser
	arcs    arcCollector
	bodies  bodyHashes
	pending []pending
	buf     []byte // canonical headers
	large   *largeReader
}

// NewExtractor returns an Extractor with the choices of a run.
func NewExtractor(o Options) *Extractor {
	x := &Extractor{opts: o, trusted: trustedFunc(&o)}
	x.sig.sha1, x.sig.sha256 = sha1.New(), sha256.New()
	x.bodies.new256 = sha256.New
	return x
}

// HashBodies has the SHA-256 over bodies computed by what new returns, from the
// next message on; the rest keeps the library's.
func (x *Extractor) HashBodies(new func() hash.Hash) {
	x.bodies = bodyHashes{new256: new}
}

// Extract reads a unit's bytes once. The evidence shares no memory with them.
// The error is that of reading a streamed unit, a *reader.Problem; for a unit
// held in memory it is always nil. It does not release the unit.
func (x *Extractor) Extract(u *reader.Unit) (*Evidence, error) {
	e := &Evidence{Origin: Origin{
		Ordinal: u.Ordinal, Source: u.Source, Format: string(u.Format), Offset: u.Offset, Length: u.Length,
	}, Envelope: Envelope{Basis: BasisNone, Hop: -1}, // all that is known where there is no header
		// Written before it is read: of memory that is new to the process, the system
		// makes a page at the first read, and another one at the first write.
		Anomalies: append([]string(nil), u.Anomalies...)}
	switch {
	case u.Log != nil:
		fromLog(e, u)
		return e, nil
	case u.Open != nil:
		return e, x.stream(e, u)
	}
	e.Digest, e.HasDigest = digest(u.Data), true
	x.message(e, u, u.Data, nil)
	return e, nil
}

func digest(b []byte) [16]byte { return xxh3.Hash128(b).Bytes() }

// message extracts from the bytes at hand; more, where not nil, gives the rest
// of the body.
func (x *Extractor) message(e *Evidence, u *reader.Unit, data []byte, more func(*bodyHashes) error) error {
	h := &x.header
	bodyAt, end := h.parse(data)
	switch {
	case len(data) == 0:
		e.Malformed = "empty"
		return nil
	case len(h.Fields) == 0:
		e.Malformed = "no_header"
		return nil
	case end == endNotAField:
		e.AddAnomaly("header_line_unparsable")
	case end == endLimit, end == endInput && more != nil && len(data) >= MaxHeaderBytes:
		e.AddAnomaly("header_too_large")
	}
	x.identities(e, u)
	x.signatures(e)
	x.chain(e)
	body := data[bodyAt:]
	if x.opts.Detail {
		x.explainable(e, body, u.Quoting, more != nil)
	}
	if len(x.pending) == 0 {
		return nil
	}
	if err := x.hashBody(body, u.Quoting, more); err != nil {
		return err
	}
	x.settle()
	if more == nil {
		x.repair(e, body, u.Quoting)
	}
	return nil
}

// identities reads who sent the message.
func (x *Extractor) identities(e *Evidence, u *reader.Unit) {
	h := &x.header
	var froms [8][]byte
	from := froms[:0]
	for i := range h.Fields {
		f := &h.Fields[i]
		switch f.Kind {
		case KindFrom:
			from = append(from, f.Value)
		case KindDomainKey:
			e.DomainKeys++
		}
	}
	e.Author = parseAuthor(from)
	if f := h.First(KindDate); f != nil {
		e.Date, _ = parseDate(f.Value)
	}
	if f := h.First(KindMessageID); f != nil {
		e.MessageID = messageID(f.Value)
	}
	if f := h.First(KindListID); f != nil {
		e.ListID = listID(f.Value)
	}
	var anomalies []string
	e.Envelope, anomalies = readEnvelope(h, &u.Envelope, &x.opts)
	for _, a := range anomalies {
		e.AddAnomaly(a)
	}
	if len(x.opts.AuthservIDs) > 0 {
		e.recordResults(h, x.opts.AuthservIDs)
	}
}

// signatures reads the DKIM-Signature fields and digests their headers.
func (x *Extractor) signatures(e *Evidence) {
	h := &x.header
	x.pending = x.pending[:0]
	x.bodies.reset()
	n := h.Count(KindDKIMSignature)
	if n == 0 {
		return
	}
	if n > MaxSignatures {
		e.AddAnomaly("too_many_signatures")
		n = MaxSignatures
	}
	e.Signatures = make([]Signature, 0, n) // never grows: pending points into it
	for i := range h.Fields {
		f := &h.Fields[i]
		if f.Kind != KindDKIMSignature || len(e.Signatures) == n {
			continue
		}
		e.Signatures = append(e.Signatures, Signature{Field: int32(i)})
		x.signature(&e.Signatures[len(e.Signatures)-1], f, sigDKIM)
	}
}

// signature reads one DKIM-Signature or ARC-Message-Signature.
func (x *Extractor) signature(s *Signature, f *Field, kind sigKind) {
	bh := x.sig.parse(s, f, kind)
	if s.SignedHeaders == "" || len(bh) == 0 {
		return
	}
	x.buf = x.sig.headerHash(&x.header, f, s, x.buf)
	body, canon := x.bodies.want(s)
	x.pending = append(x.pending, pending{sig: s, bh: bh, body: body, canon: canon})
}

// chain reads the ARC sets.
func (x *Extractor) chain(e *Evidence) {
	h := &x.header
	if h.Count(KindARCSeal)+h.Count(KindARCMessageSignature)+h.Count(KindARCResults) == 0 {
		return
	}
	n, problem := x.arcs.collect(h, &x.sig)
	e.ARC.Problem = problem
	if n == 0 {
		return
	}
	e.ARC.Sets = make([]ARCSet, n)
	for i := range e.ARC.Sets {
		x.arcSet(&e.ARC.Sets[i], i+1)
	}
}

func (x *Extractor) arcSet(set *ARCSet, n int) {
	at := x.arcs.sets[n]
	set.Instance = int32(n)
	set.Seal.Field, set.Message.Field = int32(at.seal), int32(at.message)
	set.Seal.BodyLength, set.Message.BodyLength = -1, -1
	if at.message >= 0 {
		x.signature(&set.Message, &x.header.Fields[at.message], sigAMS)
	}
	if at.results >= 0 {
		set.Results = arcResults(x.header.Fields[at.results].Value)
	}
	if at.seal < 0 {
		return
	}
	x.sig.parse(&set.Seal, &x.header.Fields[at.seal], sigSeal)
	cv, _ := x.sig.tags.get("cv")
	set.CV = cut(bytes.ToLower(cv))
	if _, ok := x.sig.tags.get("h"); ok {
		set.Seal.fail(problemSyntax, "h= in a seal") // RFC 8617 §4.1.3
	}
	x.buf = x.arcs.sealInput(x.buf[:0], &x.header, &x.sig, n)
	set.Seal.HeaderHash = x.sig.digest(&set.Seal, x.buf)
}

// maxResults bounds the text of an ARC-Authentication-Results that is kept.
const maxResults = 4096

func arcResults(v []byte) string {
	_, v, _ = bytes.Cut(v, []byte(";"))
	v = unfold(nil, v)
	if len(v) > maxResults {
		v = v[:maxResults]
	}
	return string(v)
}

// settle gives each signature the outcome of its body hash.
func (x *Extractor) settle() {
	for _, p := range x.pending {
		p.sig.BodyHash = x.sig.kept.clone(p.body.sum)
		p.sig.BodyHashMatch = bytes.Equal(p.body.sum, p.bh)
		if p.sig.BodyLength >= 0 {
			p.sig.BodyUnsigned = max(0, p.canon.length-p.sig.BodyLength)
			// RFC 6376 §3.5 l=: a length beyond the body is no match.
			if p.sig.BodyLength > p.canon.length {
				p.sig.BodyHashMatch = false
				p.sig.Detail = fmt.Sprintf("l=%d is beyond the body of %d bytes", p.sig.BodyLength, p.canon.length)
			}
		}
	}
}

// stream extracts from a unit that is too large to hold.
func (x *Extractor) stream(e *Evidence, u *reader.Unit) error {
	if x.large == nil {
		x.large = newLargeReader()
	}
	l := x.large
	r, err := u.Open()
	if err != nil {
		return unreadable(u, err)
	}
	defer r.Close()
	head, err := l.head(r)
	if err != nil {
		return unreadable(u, err)
	}
	if err := x.message(e, u, head, l.rest); err != nil {
		return unreadable(u, err)
	}
	if err := l.drain(); err != nil {
		return unreadable(u, err)
	}
	e.Digest, e.HasDigest = l.sum.Sum128().Bytes(), true
	return nil
}

func unreadable(u *reader.Unit, err error) error {
	return &reader.Problem{Source: u.Source, Offset: u.Offset, Length: u.Length, Code: "unreadable",
		Detail: err.Error(), Err: err}
}
