package dns

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"

	mdns "github.com/miekg/dns"
)

// The wire format (RFC 1035 section 4) is read and written here rather than by
// the library, for three reasons: names stay raw bytes, a message whose counts
// promise more than it holds is an error and never "no data", and nothing is
// allocated for what no verdict needs.

const (
	headerSize = 12
	// ednsSize is the largest UDP answer that is asked for, bytes: what passes
	// without fragments (DNS Flag Day 2020).
	ednsSize = 1232
)

// RCODEs (RFC 1035 section 4.1.1, RFC 6891 section 9).
const (
	rcodeOK       = 0
	rcodeFormErr  = 1
	rcodeServFail = 2
	rcodeNXDomain = 3
	rcodeNotImp   = 4
	rcodeRefused  = 5
	rcodeBadVers  = 16
)

const (
	typeSOA Type = 6
	typeOPT Type = 41

	classIN = 1
)

// errWire is a message that cannot be read.
var errWire = errors.New("malformed DNS message")

// appendQuery appends a recursive query, with an OPT record where edns is set.
// The name must have passed checkName.
func appendQuery(b []byte, id uint16, name string, t Type, edns bool) []byte {
	additional := byte(0)
	if edns {
		additional = 1
	}
	b = append(b, byte(id>>8), byte(id), 1 /* RD */, 0, 0, 1, 0, 0, 0, 0, 0, additional)
	length := len(b)
	b = append(b, 0)
	for i := 0; i < len(name); i++ {
		if name[i] == '.' {
			length = len(b)
			b = append(b, 0)
			continue
		}
		b[length]++
		b = append(b, name[i])
	}
	b = append(b, 0, byte(t>>8), byte(t), 0, classIN)
	if edns {
		b = append(b, 0, 0, byte(typeOPT), ednsSize>>8, ednsSize&0xff, 0, 0, 0, 0, 0, 0)
	}
	return b
}

// questionOf returns the question section of a query with one question.
func questionOf(query []byte) []byte {
	i := headerSize
	for query[i] != 0 {
		i += int(query[i]) + 1
	}
	return query[headerSize : i+5]
}

// sameQuestion tells whether a message answers the question: by its echo, letter
// case aside unless exact. A failure may come without echo, as some servers
// send only a header then.
func sameQuestion(msg, question []byte, exact bool) bool {
	switch binary.BigEndian.Uint16(msg[4:]) {
	case 0:
		rcode := msg[3] & 15
		return rcode != rcodeOK && rcode != rcodeNXDomain
	case 1:
	default:
		return false
	}
	if len(msg) < headerSize+len(question) {
		return false
	}
	echo := msg[headerSize : headerSize+len(question)]
	name := len(question) - 4
	for i, c := range echo {
		if q := question[i]; c != q && (exact || i >= name || lower(c) != lower(q)) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}

// reply is a response as far as verdicts need it.
type reply struct {
	msg       []byte
	rcode     int
	truncated bool
	answers   []wireRecord
	soa, ns   bool // in the authority section
}

// wireRecord is one record of an answer section.
type wireRecord struct {
	owner      string // raw, lower case
	t          Type
	ttl        uint32
	start, end int // of its RDATA in the message
}

// parseReply reads a response. Of a truncated one only the header counts.
func parseReply(msg []byte) (*reply, error) {
	if len(msg) < headerSize || msg[2]&0x80 == 0 {
		return nil, errWire
	}
	r := &reply{msg: msg, rcode: int(msg[3] & 15), truncated: msg[2]&2 != 0}
	if r.truncated {
		return r, nil
	}
	off := headerSize
	for range binary.BigEndian.Uint16(msg[4:]) {
		_, next, err := wireName(msg, off)
		if err != nil || next+4 > len(msg) {
			return nil, errWire
		}
		off = next + 4
	}
	for section := range 3 {
		for range binary.BigEndian.Uint16(msg[6+2*section:]) {
			var err error
			if off, err = r.record(section, off); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// record reads the record at off: section 0 is answer, 1 authority, 2 additional.
func (r *reply) record(section, off int) (int, error) {
	owner, off, err := wireName(r.msg, off)
	if err != nil || off+10 > len(r.msg) {
		return 0, errWire
	}
	h := r.msg[off:]
	t, class := Type(binary.BigEndian.Uint16(h)), binary.BigEndian.Uint16(h[2:])
	ttl := binary.BigEndian.Uint32(h[4:])
	start := off + 10
	end := start + int(binary.BigEndian.Uint16(h[8:]))
	if end > len(r.msg) {
		return 0, errWire
	}
	switch {
	case section == 0 && class == classIN:
		if ttl > 1<<31-1 {
			ttl = 0 // RFC 2181 section 8
		}
		r.answers = append(r.answers, wireRecord{owner, t, ttl, start, end})
	case section == 1:
		r.soa = r.soa || t == typeSOA
		r.ns = r.ns || t == TypeNS
	case section == 2 && t == typeOPT:
		r.rcode |= int(ttl>>24) << 4 // RFC 6891 section 6.1.3
	}
	return end, nil
}

// wireName reads a name as [Question.Name] has it, with a dot inside a label
// escaped, "" for the root. It returns the offset behind the name.
func wireName(msg []byte, off int) (string, int, error) {
	var buf [2 * 255]byte
	b, size, after := buf[:0], 1, 0
	for {
		if off >= len(msg) {
			return "", 0, errWire
		}
		n := int(msg[off])
		switch {
		case n == 0:
			if after == 0 {
				after = off + 1
			}
			return string(b), after, nil
		case n >= 0xc0:
			if off+1 >= len(msg) {
				return "", 0, errWire
			}
			to := (n&0x3f)<<8 | int(msg[off+1])
			if after == 0 {
				after = off + 2
			}
			if to >= off { // pointers lead back (RFC 1035 section 4.1.4), so they end
				return "", 0, errWire
			}
			off = to
			continue
		case n > MaxLabel || off+1+n > len(msg):
			return "", 0, errWire
		}
		if size += n + 1; size > 255 {
			return "", 0, errWire
		}
		if len(b) > 0 {
			b = append(b, '.')
		}
		for _, c := range msg[off+1 : off+1+n] {
			if c == '.' {
				b = append(b, '\\')
			}
			b = append(b, lower(c))
		}
		off += n + 1
	}
}

// text returns a record's RDATA in the form of [Answer.Records].
func (r *reply) text(w wireRecord) (string, error) {
	data := r.msg[w.start:w.end]
	switch w.t {
	case TypeA, TypeAAAA:
		if addr, ok := netip.AddrFromSlice(data); ok && addr.Is4() == (w.t == TypeA) {
			return addr.String(), nil
		}
		return "", errWire
	case TypeNS, TypeCNAME, TypePTR:
		return r.host("", w.start, w.end)
	case TypeMX:
		if len(data) < 3 {
			return "", errWire
		}
		return r.host(strconv.Itoa(int(binary.BigEndian.Uint16(data)))+" ", w.start+2, w.end)
	case TypeTXT:
		return wireStrings(data)
	}
	return otherText(r.msg, w)
}

// host reads the name that fills the rest of an RDATA.
func (r *reply) host(prefix string, start, end int) (string, error) {
	name, after, err := wireName(r.msg, start)
	if err != nil || after != end {
		return "", errWire
	}
	if name == "" {
		name = "."
	}
	return prefix + name, nil
}

// wireStrings joins character-strings, at least one (RFC 1035 section 3.3.14).
func wireStrings(data []byte) (string, error) {
	if len(data) == 0 {
		return "", errWire
	}
	b := make([]byte, 0, len(data))
	for len(data) > 0 {
		n := int(data[0]) + 1
		if n > len(data) {
			return "", errWire
		}
		b, data = append(b, data[1:n]...), data[n:]
	}
	return string(b), nil
}

// otherText leaves types that no verdict asks for to the library.
func otherText(msg []byte, w wireRecord) (string, error) {
	h := mdns.RR_Header{Name: ".", Rrtype: uint16(w.t), Class: classIN, Rdlength: uint16(w.end - w.start)}
	rr, _, err := mdns.UnpackRRWithHeader(h, msg[:w.end], w.start)
	if err != nil {
		return "", errWire
	}
	return rdataText(rr)
}
