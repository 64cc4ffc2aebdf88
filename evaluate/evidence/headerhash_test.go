package evidence

import (
	"bytes"
	"testing"
)

// relaxedValueNaive is relaxedValue word by word.
func relaxedValueNaive(v []byte) []byte {
	v = bytes.ReplaceAll(v, []byte("\r\n"), []byte("\n"))
	words := bytes.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == '\t' || r == '\n' })
	return bytes.Join(words, []byte(" "))
}

func FuzzRelaxedValue(f *testing.F) {
	for _, s := range []string{
		"", " ", "\r\n", "a", " a ", "a\r\n\tb", "a \t\r\n b\r\n", "a\rb", "a\r", "\ra", " \r ", "a\r\r\n b", "\r\n\r", "a\n b\xff\x00 \x80",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		before := []byte("x: ")
		got := relaxedValue(bytes.Clone(before), v)
		if want := append(before, relaxedValueNaive(v)...); !bytes.Equal(got, want) {
			t.Errorf("%q: %q, want %q", v, got, want)
		}
		var plain []byte
		for _, b := range v {
			if !isFWS(b) {
				plain = append(plain, b)
			}
		}
		if got := removeFWS(nil, v); !bytes.Equal(got, plain) {
			t.Errorf("%q without white space: %q, want %q", v, got, plain)
		}
	})
}

// FuzzNames: names are the same in any case, and then have one hash.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "a", "to", "cc\x00x", "from", "Subject", "received", "Message-ID", "DKIM-Signature", "k\u212a"} {
		f.Add([]byte(s), []byte("Date"))
		f.Add([]byte(s), bytes.ToUpper([]byte(s)))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		lowered := func(name []byte) []byte {
			name = bytes.Clone(name)
			for i, c := range name {
				name[i] = lower(c)
			}
			return name
		}
		for _, other := range [][]byte{b, lowered(a)} {
			want := bytes.Equal(lowered(a), lowered(other))
			if got := sameName(a, other); got != want {
				t.Errorf("%q and %q are the same: %v", a, other, got)
			}
			if want && nameHash(a) != nameHash(other) {
				t.Errorf("%q and %q have two hashes", a, other)
			}
		}
	})
}
