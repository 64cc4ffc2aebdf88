package evidence

import "bytes"

// Kind is a field name that extraction knows.
type Kind uint8

// The known field names. Other is every other name.
const (
	Other Kind = iota
	KindReceived
	KindReturnPath
	KindFrom
	KindSender
	KindDate
	KindMessageID
	KindListID
	KindListPost
	KindDKIMSignature
	KindDomainKey
	KindARCSeal
	KindARCMessageSignature
	KindARCResults
	KindAuthResults
	KindReceivedSPF
	KindEnvelopeFrom // X-Envelope-From, X-Original-From-like fields some MTAs add
	kindCount
)

// Field is one header field. Its slices alias the message.
type Field struct {
	Kind Kind
	// Raw is the whole field with its folding and its final line end, as kept.
	Raw []byte
	// Name is the name as written, without white space before the colon; Value
	// is everything after the colon without the final line end, folding kept.
	Name, Value []byte
}

// Header is an index over a message's header section.
type Header struct {
	Fields []Field
	counts [kindCount]int32
}

// Count returns how many fields of a kind there are.
func (h *Header) Count(k Kind) int { return int(h.counts[k]) }

// First returns the topmost field of a kind, nil where there is none.
func (h *Header) First(k Kind) *Field {
	if h.counts[k] == 0 {
		return nil
	}
	for i := range h.Fields {
		if h.Fields[i].Kind == k {
			return &h.Fields[i]
		}
	}
	return nil
}

// unfold appends v to dst with every line end removed, leaving the white space
// that follows it (RFC 5322 section 2.2.3), and without white space at its ends.
func unfold(dst, v []byte) []byte {
	v = bytes.Trim(v, " \t\r\n")
	for {
		i := bytes.IndexByte(v, '\n')
		if i < 0 {
			return append(dst, v...)
		}
		line := v[:i]
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		dst = append(dst, line...)
		v = v[i+1:]
	}
}
