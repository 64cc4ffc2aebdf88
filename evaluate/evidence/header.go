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
	KindEnvelopeFrom // X-Envelope-From, as some MTAs add it
	kindCount
)

// Limits on headers.
const (
	// MaxHeaderBytes is the longest header section that is read as one. The
	// largest in real archives (long recipient lists) stay under 1 MiB;
	// Postfix cuts a header at 100 KiB by default.
	MaxHeaderBytes = 4 << 20
	// MaxFields is the most fields that are indexed; those below are body-less
	// noise of an attack and make selection by name quadratic.
	MaxFields = 4096
)

// Field is one header field. Its slices alias the message.
type Field struct {
	Kind Kind
	hash uint32 // of the name in any case
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

// headerEnd says how a header section ended.
type headerEnd uint8

const (
	endBlank     headerEnd = iota // at the empty line
	endInput                      // at the end of the message: no body
	endNotAField                  // at a line that is no field: it is taken for the body's first
	endLimit                      // at a limit
)

// parse indexes the header section of msg and returns where the body begins.
//
// A line without a colon ends the header and belongs to the body, as Postfix
// and Sendmail treat it; a From_ line, quoted or not, among the fields (left by
// mail stores) is passed over.
func (h *Header) parse(msg []byte) (body int, end headerEnd) {
	h.Fields = h.Fields[:0]
	h.counts = [kindCount]int32{}
	pos := 0
	for pos < len(msg) {
		if n := emptyLine(msg[pos:]); n > 0 {
			return pos + n, endBlank
		}
		if pos > MaxHeaderBytes || len(h.Fields) == MaxFields {
			return pos, endLimit
		}
		next := fieldEnd(msg, pos)
		if !h.add(msg[pos:next]) && !isFromLine(msg[pos:next]) {
			return pos, endNotAField
		}
		pos = next
	}
	return pos, endInput
}

// emptyLine returns the length of the line end that b begins with, else 0.
func emptyLine(b []byte) int {
	if b[0] == '\n' {
		return 1
	}
	if b[0] == '\r' && len(b) > 1 && b[1] == '\n' {
		return 2
	}
	return 0
}

// fieldEnd returns where the field at pos ends: after the first line end that
// no white space follows (RFC 5322 §2.2.3).
func fieldEnd(msg []byte, pos int) int {
	for {
		i := bytes.IndexByte(msg[pos:], '\n')
		if i < 0 {
			return len(msg)
		}
		pos += i + 1
		if pos == len(msg) || (msg[pos] != ' ' && msg[pos] != '\t') {
			return pos
		}
	}
}

func isFromLine(b []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(b, ">"), []byte("From "))
}

// add indexes one field; it reports whether raw is one (RFC 5322 §2.2: printable
// ASCII except the colon, then a colon; §4.5 allows white space before it).
func (h *Header) add(raw []byte) bool {
	i := 0
	for i < len(raw) && nameOctet[raw[i]] {
		i++
	}
	name := raw[:i]
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t') {
		i++
	}
	if i == len(raw) || raw[i] != ':' || len(name) == 0 {
		return false
	}
	k := kindOf(name)
	h.counts[k]++
	h.Fields = append(h.Fields, Field{Kind: k, hash: nameHash(name), Raw: raw, Name: name, Value: trimLineEnd(raw[i+1:])})
	return true
}

// nameOctet marks what names consist of (RFC 5322 §2.2, §3.6.8).
var nameOctet = func() (t [256]bool) {
	for c := 33; c < 127; c++ {
		t[c] = c != ':'
	}
	return t
}()

func trimLineEnd(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
		if n > 1 && b[n-2] == '\r' {
			b = b[:n-2]
		}
	}
	return b
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// kindNames lists the known names by length, so that most fields are told apart
// from them without a comparison.
var kindNames = func() (t [28][]struct {
	name string
	kind Kind
}) {
	for name, k := range map[string]Kind{
		"received": KindReceived, "return-path": KindReturnPath, "from": KindFrom, "sender": KindSender,
		"date": KindDate, "message-id": KindMessageID, "list-id": KindListID, "list-post": KindListPost,
		"dkim-signature": KindDKIMSignature, "domainkey-signature": KindDomainKey,
		"arc-seal": KindARCSeal, "arc-message-signature": KindARCMessageSignature,
		"arc-authentication-results": KindARCResults, "authentication-results": KindAuthResults,
		"received-spf": KindReceivedSPF, "x-envelope-from": KindEnvelopeFrom,
	} {
		t[len(name)] = append(t[len(name)], struct {
			name string
			kind Kind
		}{name, k})
	}
	return t
}()

func kindOf(name []byte) Kind {
	if len(name) >= len(kindNames) {
		return Other
	}
	for _, n := range kindNames[len(name)] {
		if equalFold(name, n.name) {
			return n.kind
		}
	}
	return Other
}

// equalFold compares b, in any case, with s, which is lower case.
func equalFold(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower(b[i]) != s[i] {
			return false
		}
	}
	return true
}

// unfold appends v to dst with every line end removed, leaving the white space
// that follows it (RFC 5322 §2.2.3), and without white space at its ends.
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
