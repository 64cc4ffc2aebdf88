package evidence

import (
	"encoding/binary"
	"slices"
)

// noDigit marks what is no character of base64; the value of a digit has six
// bits.
const noDigit = 0x80

var base64Digit = func() (t [256]uint8) {
	for i := range t {
		t[i] = noDigit
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = uint8(i)
	}
	return t
}()

// decodeBase64 appends the decoded value of a tag whose white space is ignored
// (RFC 6376 §2.10); false where it is no base64 or holds no byte. Signers that
// left the padding out are forgiven: every verifier in wide use decodes their
// signatures.
func decodeBase64(dst, v []byte) (decoded []byte, ok bool) {
	for n := len(v); n > 0 && (v[n-1] == '=' || isFWS(v[n-1])); n = len(v) {
		v = v[:n-1]
	}
	dst = slices.Grow(dst, len(v)/4*3+4) // one byte more than three is written at once
	for len(v) >= 4 {
		a, b, c, d := base64Digit[v[0]], base64Digit[v[1]], base64Digit[v[2]], base64Digit[v[3]]
		n := len(dst)
		if (a|b|c|d)&noDigit == 0 {
			word := uint32(a)<<26 | uint32(b)<<20 | uint32(c)<<14 | uint32(d)<<8
			binary.BigEndian.PutUint32(dst[n:n+4], word)
			dst, v = dst[:n+3], v[4:]
			continue
		}
		if dst, v, ok = decodeFolded(dst, v); !ok {
			return nil, false
		}
	}
	if len(v) > 0 {
		if dst, _, ok = decodeFolded(dst, v); !ok {
			return nil, false
		}
	}
	return dst, len(dst) > 0
}

// decodeFolded decodes the next four digits and passes over the white space
// between them; at the end there may be two or three.
func decodeFolded(dst, v []byte) (decoded, rest []byte, ok bool) {
	word, digits := uint32(0), 0
	for i, c := range v {
		d := base64Digit[c]
		switch {
		case d != noDigit:
			word = word<<6 | uint32(d)
			if digits++; digits == 4 {
				return append(dst, byte(word>>16), byte(word>>8), byte(word)), v[i+1:], true
			}
		case !isFWS(c):
			return nil, nil, false
		}
	}
	switch digits {
	case 2:
		return append(dst, byte(word>>4)), nil, true
	case 3:
		return append(dst, byte(word>>10), byte(word>>2)), nil, true
	}
	return dst, nil, digits == 0
}
