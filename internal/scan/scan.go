// Package scan finds things in bytes faster than the standard library does, where
// every byte of an archive is looked at.
package scan

import "bytes"

// Index is bytes.Index for a separator of two bytes or more whose first two are
// rare together, the second rarer than the first.
func Index(b, sep []byte) int {
	for at := 0; ; at++ {
		i := Pair(b[at:], sep[0], sep[1])
		if i < 0 {
			return -1
		}
		at += i
		if bytes.HasPrefix(b[at:], sep) {
			return at
		}
	}
}

// IndexNUL is Index that keeps an eye on bytes of value 0: where nul is false,
// none lies before the separator, or in b where there is no separator. Where it
// is true, one lies there or close behind.
func IndexNUL(b, sep []byte) (at int, nul bool) {
	for ; ; at++ {
		i, met := pairNUL(b[at:], sep[0], sep[1])
		nul = nul || met
		if i < 0 {
			return -1, nul
		}
		at += i
		if bytes.HasPrefix(b[at:], sep) {
			return at, nul
		}
	}
}

// Pair returns the index of the first place in b where second follows first, or
// -1.
func Pair(b []byte, first, second byte) int {
	at, n, _ := ahead(b, first, second)
	if at >= 0 {
		return at
	}
	if i := pair(b[n:], first, second); i >= 0 {
		return n + i
	}
	return -1
}

func pairNUL(b []byte, first, second byte) (at int, nul bool) {
	at, n, nul := ahead(b, first, second)
	if at >= 0 {
		return at, nul
	}
	at = pair(b[n:], first, second)
	if at < 0 {
		return at, nul || bytes.IndexByte(b[n:], 0) >= 0
	}
	at += n
	return at, nul || bytes.IndexByte(b[n:at+1], 0) >= 0
}

// How pair tells when to look for the other byte: a call of IndexByte pays from
// some 48 bytes on, and a kilobyte of loss is enough to change.
const (
	gap  = 48
	loss = 1024
	turn = 16 << 10
)

// pair looks for the second byte, which should be the rarer one; where many come,
// it looks for the first one for a while.
func pair(b []byte, first, second byte) int {
	lost := 0
	for at := 1; at < len(b); at++ {
		i := bytes.IndexByte(b[at:], second)
		if i < 0 {
			return -1
		}
		at += i
		if b[at-1] == first {
			return at - 1
		}
		if lost = max(0, lost+gap-i); lost < loss {
			continue
		}
		lost = 0
		end := min(len(b), at+turn)
		if i := pairByFirst(b[at:end], first, second); i >= 0 {
			return at + i
		}
		at = end - 1 // a pair that crosses the border begins with the last byte
	}
	return -1
}

func pairByFirst(b []byte, first, second byte) int {
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:], first)
		if i < 0 {
			return -1
		}
		at += i
		if at+1 < len(b) && b[at+1] == second {
			return at
		}
	}
}
