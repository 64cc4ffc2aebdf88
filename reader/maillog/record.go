package maillog

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailaudit/reader"
)

// text is a piece of a record's own memory.
type text struct{ from, to uint32 }

func (t text) empty() bool { return t.from == t.to }

// signature is a DKIM result as a line gave it.
type signature struct {
	domain, selector, algorithm, result text
	bits                                int32
}

// record is what is known so far of one message. Its texts lie in mem, so that
// a line costs no allocation and a record only few.
type record struct {
	keys       []string // under which it is open
	prev, next *record
	ended      bool // the lines say that all is said
	slot       int  // where it stands among the ended ones, plus one
	refs       int  // keys that have not ended

	source      string
	offset, end int64
	at          time.Time
	yearless    bool
	began       bool // the log saw the message from its beginning
	whole       bool // one line tells all there is: a rejection
	claimed     bool // the line with which messages come in was seen
	arrived     bool // the message is known to be one, not only a connection

	mem                                                            []byte
	queueID, client, helo, from, messageID                         text
	by, spf, dkim, dmarc, disposition, spfDomain, spfScope, policy text
	ip                                                             netip.Addr
	hasFrom, authenticated                                         bool
	authors                                                        []text
	signatures                                                     []signature
}

// reset makes r new, with its memory kept.
func (r *record) reset() {
	*r = record{
		keys: r.keys[:0], mem: r.mem[:0], authors: r.authors[:0], signatures: r.signatures[:0],
	}
}

// keep copies b into the record. Past maxRecord nothing is kept.
func (r *record) keep(b []byte) text {
	if len(b) == 0 || len(r.mem)+len(b) > maxRecord {
		return text{}
	}
	from := len(r.mem)
	r.mem = append(r.mem, b...)
	return text{uint32(from), uint32(len(r.mem))}
}

// keepWord is keep of a word of ours.
func (r *record) keepWord(w string) text {
	if len(w) == 0 || len(r.mem)+len(w) > maxRecord {
		return text{}
	}
	from := len(r.mem)
	r.mem = append(r.mem, w...)
	return text{uint32(from), uint32(len(r.mem))}
}

// join is keep with a byte put before b.
func (r *record) join(c byte, b []byte) text {
	if len(r.mem)+1+len(b) > maxRecord {
		return text{}
	}
	from := len(r.mem)
	r.mem = append(append(r.mem, c), b...)
	return text{uint32(from), uint32(len(r.mem))}
}

// keepLower is keep in ASCII lower case.
func (r *record) keepLower(b []byte) text {
	t := r.keep(b)
	lower(r.mem[t.from:t.from], r.mem[t.from:t.to])
	return t
}

// set keeps b in a field that has nothing yet.
func (r *record) set(t *text, b []byte) {
	if t.empty() {
		*t = r.keep(b)
	}
}

func (r *record) setLower(t *text, b []byte) {
	if t.empty() {
		*t = r.keepLower(b)
	}
}

// used tells whether another message that comes in with the line at hand cannot
// be this one: it had such a line, or it ended before.
func (r *record) used(s *stream) bool {
	return r.claimed || r.ended && s.time().After(r.at)
}

// bytes gives a field's text.
func (r *record) bytes(t text) []byte { return r.mem[t.from:t.to] }

// mailFrom sets the reverse path, given without or with angle brackets.
func (r *record) mailFrom(b []byte) {
	if r.hasFrom {
		return
	}
	r.hasFrom = true
	r.from = r.keep(unquote(b, '<', '>'))
}

func (r *record) clientIP(ip netip.Addr) {
	if !r.ip.IsValid() {
		r.ip = ip
	}
}

// author adds a From domain that some line told.
func (r *record) author(domain []byte) {
	if !isDomain(domain) || len(r.authors) >= maxSignatures {
		return
	}
	for _, a := range r.authors {
		if strings.EqualFold(string(r.bytes(a)), string(domain)) {
			return
		}
	}
	if t := r.keepLower(domain); !t.empty() {
		r.authors = append(r.authors, t)
	}
}

// signed adds a signature's result, or makes an earlier one of the same domain
// and selector more precise.
func (r *record) signed(domain, selector, algorithm, result []byte, bits int32) {
	for i := range r.signatures {
		s := &r.signatures[i]
		if r.same(s, domain, selector, result) {
			r.set(&s.selector, selector)
			r.set(&s.algorithm, algorithm)
			r.setLower(&s.result, result)
			s.bits = max(s.bits, bits)
			return
		}
	}
	if len(r.signatures) >= maxSignatures || len(domain) == 0 {
		return
	}
	r.signatures = append(r.signatures, signature{
		domain: r.keep(domain), selector: r.keep(selector), algorithm: r.keep(algorithm),
		result: r.keepLower(result), bits: bits,
	})
}

// same tells whether a result is of a signature known already: of the same
// domain, and neither another selector nor another result.
func (r *record) same(s *signature, domain, selector, result []byte) bool {
	return string(r.bytes(s.domain)) == string(domain) &&
		(s.selector.empty() || len(selector) == 0 || string(r.bytes(s.selector)) == string(selector)) &&
		(s.result.empty() || len(result) == 0 || string(r.bytes(s.result)) == string(result))
}

// unit makes the record what the reader gives out, in w and with its text.
func (r *record) unit(format reader.Format, w *whole, mem string) reader.Unit {
	get := func(t text) string { return mem[t.from:t.to] }
	l, c := &w.log, &w.log.Recorded // field by field: a literal is built elsewhere and copied
	l.QueueID, l.ReceivedAt, l.ClientIP, l.ClientName, l.HELO = get(r.queueID), r.at, r.ip, get(r.client), get(r.helo)
	l.MailFrom, l.HasMailFrom, l.Authenticated, l.MessageID = get(r.from), r.hasFrom, r.authenticated, get(r.messageID)
	l.Complete = r.began && (r.ended || r.whole)
	c.By, c.SPF, c.DKIM, c.DMARC, c.Disposition = get(r.by), get(r.spf), get(r.dkim), get(r.dmarc), get(r.disposition)
	c.SPFDomain, c.SPFScope, c.Policy = get(r.spfDomain), get(r.spfScope), get(r.policy)
	if format == reader.Qpsmtpd {
		l.Recorded.Category, _ = RecordedCategory(l)
	}
	if len(r.authors) > 0 {
		l.HeaderFrom = w.author[:0:1]
	}
	for _, a := range r.authors {
		l.HeaderFrom = append(l.HeaderFrom, get(a))
	}
	for _, s := range r.signatures {
		if s.result.empty() { // named, but nothing says how it fared
			continue
		}
		if l.Signatures == nil {
			l.Signatures = w.signature[:0:1]
		}
		l.Signatures = append(l.Signatures, reader.LoggedSignature{
			Domain: get(s.domain), Selector: get(s.selector), Algorithm: get(s.algorithm), Result: get(s.result), Bits: s.bits,
		})
	}
	return reader.Unit{
		Source: r.source, Format: format, Offset: r.offset, Length: max(r.end-r.offset, 0), Log: l,
	}
}

// oddities are the anomalies of a record as bits, in the order of their names.
func (r *record) oddities() (bits uint8) {
	if !r.began {
		bits |= 1
	}
	if !r.ended && !r.whole {
		bits |= 2
	}
	switch {
	case r.at.IsZero():
		bits |= 8
	case r.yearless:
		bits |= 4
	}
	return bits
}

// anomalies are the lists of all sets of anomalies, so that records share them.
type anomalies [16][]string

func newAnomalies() (a anomalies) {
	for bits := range a {
		for i, name := range [...]string{AnomalyStartMissing, AnomalyEndMissing, AnomalyYearInferred, AnomalyYearUnknown} {
			if bits>>i&1 == 1 {
				a[bits] = append(a[bits], name)
			}
		}
		a[bits] = slices.Clip(a[bits])
	}
	return a
}
