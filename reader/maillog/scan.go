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
func afterLast(b []byte, mark string) (rest []byte, ok bool) {
	for {
		i := indexOf(b, mark)
		if i < 0 {
			return rest, ok
		}
		b = b[i+len(mark):]
		rest, ok = b, true
	}
}

// indexOf is where the first mark in b is, -1 where there is none.
func indexOf(b []byte, mark string) int {
	pivot := pivotOf(mark)
	for at := pivot; at < len(b); at++ {
		i := bytes.IndexByte(b[at:], mark[pivot])
		if i < 0 {
			break
		}
		if at += i; startsWith(b[at-pivot:], mark) {
			return at - pivot
		}
	}
	return -1
}

// pivotOf is the byte of a mark to look for: the last but blanks. Most marks are
// keys and end in = or :, which lines have few of; bytes.Index looks for the first.
func pivotOf(mark string) int {
	i := len(mark) - 1
	for i > 0 && mark[i] == ' ' {
		i--
	}
	return i
}

// lastIndex is where the last mark in b is, found from the end.
func lastIndex(b []byte, mark string) int {
	for end := len(b); ; {
		i := bytes.LastIndexByte(b[:end], mark[0])
		if i < 0 || startsWith(b[i:], mark) {
			return i
		}
		end = i
	}
}

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
	if i := either(b, ' ', '\t'); i < len(b) {
		return b[:i], trimLeft(b[i+1:])
	}
	return b, nil
}

// either is where the first of two bytes is in b, its length where there is
// none. It looks at eight bytes at a time, which for short texts is faster than
// two searches by the library; for the rest of long ones it leaves it to that.
func either(b []byte, x, y byte) int {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	i := 0
	for ; i+8 <= len(b) && i < 64; i += 8 {
		w := binary.LittleEndian.Uint64(b[i:])
		v, w := w^ones*uint64(x), w^ones*uint64(y)
		if hit := ((v-ones)&^v | (w-ones)&^w) & tops; hit != 0 { // bytes that are zero; the lowest is exact
			return i + bits.TrailingZeros64(hit)>>3
		}
	}
	if len(b)-i >= 8 {
		return i + min(indexByte(b[i:], x), indexByte(b[i:], y))
	}
	for ; i < len(b); i++ {
		if b[i] == x || b[i] == y {
			return i
		}
	}
	return i
}

// indexByte is bytes.IndexByte with the length for a byte that is not there.
func indexByte(b []byte, c byte) int {
	if i := bytes.IndexByte(b, c); i >= 0 {
		return i
	}
	return len(b)
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
		case b == ' ', b == '\t':
			t[c] = tagEnd | valueEnd
		case b == '[', b == ':':
			t[c] = tagEnd
		case b == ',', b == ']', b == '}', b == '\r', b == '\n':
			t[c] = valueEnd
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
	tagEnd             // what ends the name of a program
	valueEnd           // what ends a number, true, false or null in JSON
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
