package main

import "bytes"

// tagOf finds the value of a tag of one letter in a tag-list, white space at its
// ends removed.
func tagOf(list []byte, letter byte) []byte { return findTag(list, string(letter)) }

func twoLetterTag(list []byte, name string) []byte { return findTag(list, name) }

func findTag(list []byte, name string) []byte {
	for len(list) > 0 {
		var part []byte
		part, list, _ = bytes.Cut(list, []byte(";"))
		n, v, ok := bytes.Cut(part, []byte("="))
		if ok && string(bytes.TrimSpace(n)) == name {
			return bytes.TrimSpace(v)
		}
	}
	return nil
}

func withoutSpace(dst, v []byte) []byte {
	for _, c := range v {
		if c > ' ' {
			dst = append(dst, c)
		}
	}
	return dst
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, 2*n)
	}
	return b[:cap(b)]
}
