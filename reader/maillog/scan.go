package maillog

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"net/netip"
)

// after returns what follows the first mark in b.
func after(b []byte, mark string) ([]byte, bool) {
	i := indexOf(b, mark)
	if i < 0 {
		return nil, false
	}
	return b[i+len(mark):], true
}

// afterLast returns what follows the last mark in b.
func afterLast(b []byte, mark string) ([]byte, bool) {
	for end := len(b); ; {
		i := bytes.LastIndexByte(b[:end], mark[0])
		if i < 0 {
			return nil, false
		}
		if startsWith(b[i:], mark) {
			return b[i+len(mark):], true
		}
		end = i
	}
}

// indexOf is bytes.Index for a string; the conversion stays on the stack.
func indexOf(b []byte, mark string) int { return bytes.Index(b, []byte(mark)) }

func startsWith(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// skip takes a prefix off b where b has it.
func skip(b []byte, prefix string) ([]byte, bool) {
	if !startsWith(b, prefix) {
		return b, false
	}
	return b[len(prefix):], true
}

// upTo returns b before the first of the bytes in stops.
func upTo(b []byte, stops string) []byte {
	for i := range len(stops) {
		if n := bytes.IndexByte(b, stops[i]); n >= 0 {
			b = b[:n]
		}
	}
	return b
}

// word cuts the first word off b, which blanks end.
func word(b []byte) (first, rest []byte) {
	b = trimLeft(b)
	if i := blank(b); i >= 0 {
		return b[:i], trimLeft(b[i+1:])
	}
	return b, nil
}

// blank is where the first blank or tab of b is, -1 where there is none. It
// looks at eight bytes at a time: words are too short for bytes.IndexByte to
// gain on two searches.
func blank(b []byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b); i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		sp, tab := w^ones*' ', w^ones*'\t'
		if hit := ((sp-ones)&^sp | (tab-ones)&^tab) & tops; hit != 0 { // a byte of zeros; the lowest is exact
			return i + bits.TrailingZeros64(hit)>>3
		}
	}
	for ; i < len(b); i++ {
		if b[i] == ' ' || b[i] == '\t' {
			return i
		}
	}
	return -1
}

func trimLeft(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	return b
}

func trimRight(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t' || b[len(b)-1] == '\r') {
		b = b[:len(b)-1]
	}
	return b
}

// unquote takes one pair of marks off b.
func unquote(b []byte, open, end byte) []byte {
	if len(b) >= 2 && b[0] == open && b[len(b)-1] == end {
		return b[1 : len(b)-1]
	}
	return b
}

// field returns the value behind key in a list "a=b; c=d": up to a byte of stops.
func field(b []byte, key, stops string) []byte {
	v, ok := after(b, key)
	if !ok {
		return nil
	}
	return upTo(v, stops)
}

// domainOf is what stands behind the last @ of an address.
func domainOf(addr []byte) []byte {
	i := bytes.LastIndexByte(addr, '@')
	if i < 0 {
		return nil
	}
	return upTo(addr[i+1:], "> \t,;\")")
}

// number reads an unsigned decimal of at most 18 digits.
func number(b []byte) (n int64, ok bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}

// address reads an IP address as logs have it: perhaps with IPv6: before it.
func address(b []byte) netip.Addr {
	if len(b) > 64 || len(b) < 2 {
		return netip.Addr{}
	}
	if len(b) > 5 && (b[0] == 'I' || b[0] == 'i') && b[4] == ':' {
		b = b[5:]
	}
	if a, ok := ipv4(b); ok {
		return a
	}
	a, err := netip.ParseAddr(string(b))
	if err != nil {
		return netip.Addr{}
	}
	return a.WithZone("").Unmap()
}

// ipv4 reads a dotted quad without allocating.
func ipv4(b []byte) (netip.Addr, bool) {
	var q [4]byte
	at, n, digits := 0, 0, 0
	for i := 0; ; i++ {
		if i < len(b) && b[i] >= '0' && b[i] <= '9' {
			n, digits = n*10+int(b[i]-'0'), digits+1
			if digits > 3 || n > 255 {
				return netip.Addr{}, false
			}
			continue
		}
		if digits == 0 || at > 3 || i < len(b) && b[i] != '.' {
			return netip.Addr{}, false
		}
		q[at], at, n, digits = byte(n), at+1, 0, 0
		if i == len(b) {
			return netip.AddrFrom4(q), at == 4
		}
	}
}

// peer reads "name[ip]" and returns what follows the bracket.
func peer(b []byte) (name []byte, ip netip.Addr, rest []byte, ok bool) {
	i := bytes.IndexByte(b, '[')
	if i < 0 {
		return nil, ip, b, false
	}
	j := bytes.IndexByte(b[i:], ']')
	if j < 0 {
		return nil, ip, b, false
	}
	return b[:i], address(b[i+1 : i+j]), b[i+j+1:], true
}

// classes tell what a byte can be part of.
var classes = func() (t [256]class) {
	for c := range t {
		switch b := byte(c); {
		case isDigit(b):
			t[c] = alnum | shortQueueID | longQueueID | inDomain
		case b >= 'A' && b <= 'Z', b >= 'a' && b <= 'z':
			t[c] = alnum | inDomain
			if b >= 'A' && b <= 'F' {
				t[c] |= shortQueueID
			}
			if !isVowel(b) {
				t[c] |= longQueueID
			}
		case b == '.', b == '-', b == '_', b >= 0x80:
			t[c] = inDomain
		}
	}
	return t
}()

type class uint8

const (
	alnum        class = 1 << iota
	shortQueueID       // a queue id of Postfix, in hex
	longQueueID        // a long one, which has no vowels
	inDomain           // a domain name as a log has one
)

func isAlnum(c byte) bool { return classes[c]&alnum != 0 }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isDomain tells whether b can be a domain name as a log has one.
func isDomain(b []byte) bool {
	if len(b) == 0 || len(b) > 253 {
		return false
	}
	for _, c := range b {
		if classes[c]&inDomain == 0 {
			return false
		}
	}
	return true
}

// lower appends b in ASCII lower case to dst.
func lower(dst, b []byte) []byte {
	for _, c := range b {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}
