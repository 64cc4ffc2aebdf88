package evidence

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"
)

// decodeBase64Naive is decodeBase64 by the library.
func decodeBase64Naive(v []byte) ([]byte, bool) {
	plain := bytes.TrimRight(removeFWS(nil, v), "=")
	out, err := base64.RawStdEncoding.AppendDecode(nil, plain)
	return out, err == nil && len(out) > 0
}

func FuzzBase64(f *testing.F) {
	for _, s := range []string{
		"", "=", " \r\n", "A", "AB", "ABC", "ABCD", "ABCDE", "AB==", "A B = =", "AB=C", "=ABC", "AB-_", "ABCD\x00", "AB\vCD",
		"QUJD\r\n\tREVG R0hJ\n", "QU\r\n\tJDREVGR0hJ", "////++++", "/w", "\xffBCD", "ABC\n", "ABCD  \n E", "ABCD  \n EF",
		strings.Repeat("kVuRLjxqHOadPKo97FejM35M8aQhEtOvssmni+yoNiactpWe6UyGtxIs8fsXNeEwFadtDgU8\n\t ", 5),
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		want, wantOK := decodeBase64Naive(v)
		got, ok := decodeBase64(nil, v)
		if ok != wantOK || ok && !bytes.Equal(got, want) {
			t.Errorf("%q: %x %v, want %x %v", v, got, ok, want, wantOK)
		}
	})
}

func BenchmarkBase64(b *testing.B) {
	v := bytes.TrimSpace(bytes.Repeat([]byte("kVuRLjxqHOadPKo97FejM35M8aQhEtOvssmni+yoNiactpWe6UyGtxIs8fsXNeEwFadtDgU8\n\t "), 5))
	buf := make([]byte, 0, 1024)
	b.Run("own", func(b *testing.B) {
		for b.Loop() {
			if _, ok := decodeBase64(buf, v); !ok {
				b.Fatal("no base64")
			}
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			if _, ok := decodeBase64Naive(v); !ok {
				b.Fatal("no base64")
			}
		}
	})
}
