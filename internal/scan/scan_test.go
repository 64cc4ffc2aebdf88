package scan

import (
	"bytes"
	"fmt"
	"testing"
)

// FuzzPair holds both ways against bytes.Index.
func FuzzPair(f *testing.F) {
	dense := bytes.Repeat([]byte("F"), 3*turn)
	f.Add([]byte("a\nFrom "), uint16(0), uint16(0))
	f.Add([]byte("\nF\nF"), uint16(40000), uint16(3))
	f.Add([]byte("\n\nFFrom \nFro"), uint16(turn), uint16(0))
	f.Add([]byte("\nFoo\nFrom: x\nFrom y"), uint16(0), uint16(0))
	f.Add([]byte("\n"), uint16(127), uint16(1))
	f.Add([]byte("a\x00\nFrom \x00"), uint16(60), uint16(0))
	for i := range uint16(12) { // across the border of a turn
		f.Add([]byte("\nFrom x"), turn+16+i, uint16(9))
	}
	for i := range uint16(140) { // across the borders of vectors
		f.Add([]byte("\nF"), i, i%7)
	}
	f.Fuzz(func(t *testing.T, b []byte, before, behind uint16) {
		b = append(bytes.Clone(dense[:int(before)%len(dense)]), b...)
		b = append(b, dense[:int(behind)%len(dense)]...)
		for _, p := range []string{"\nF", ">F", "FF"} {
			want := bytes.Index(b, []byte(p))
			if got := Pair(b, p[0], p[1]); got != want {
				t.Errorf("%q: %d, want %d", p, got, want)
			}
			if want, got := bytes.Index(b, []byte(p+"rom ")), Index(b, []byte(p+"rom ")); got != want {
				t.Errorf("%qrom : %d, want %d", p, got, want)
			}
			if got := pair(b, p[0], p[1]); got != want {
				t.Errorf("%q without vectors: %d, want %d", p, got, want)
			}
			checkNUL(t, b, []byte(p+"rom "))
		}
	})
}

// checkNUL holds IndexNUL against the library: it misses no byte of value 0
// before the separator, and speaks of none that is far behind it.
func checkNUL(t *testing.T, b, sep []byte) {
	t.Helper()
	want := bytes.Index(b, sep)
	got, nul := IndexNUL(b, sep)
	before, near := b, b
	if want >= 0 {
		before, near = b[:want], b[:min(len(b), want+64)]
	}
	if got != want || bytes.IndexByte(before, 0) >= 0 && !nul || nul && bytes.IndexByte(near, 0) < 0 {
		t.Errorf("%q: %d and NUL %v, want %d", sep, got, nul, want)
	}
}

// TestNULEverywhere: one byte of value 0 at each place around those where the
// vectors begin and end, with and without a separator.
func TestNULEverywhere(t *testing.T) {
	for size := range 300 {
		b := bytes.Repeat([]byte("x"), size)
		for _, sep := range []int{-1, size / 2, size - 7} {
			clear := bytes.Clone(b)
			if sep >= 0 {
				copy(clear[sep:], "\nFrom ")
			}
			checkNUL(t, clear, []byte("\nFrom "))
			for i := range clear {
				was := clear[i]
				clear[i] = 0
				checkNUL(t, clear, []byte("\nFrom "))
				clear[i] = was
			}
		}
	}
}

func BenchmarkPair(b *testing.B) {
	text := bytes.Repeat([]byte("So much text, line by line, as Friends write it\nand no more.\n"), 16<<10)
	base64 := bytes.Repeat([]byte("TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyFFFmRpcGlzY2luZyBlbGl0\n"), 16<<10)
	for _, c := range []struct {
		name string
		data []byte
	}{{"text", text}, {"base64", base64}} {
		for _, way := range []struct {
			name string
			find func([]byte) int
		}{
			{"Pair", func(d []byte) int { return Pair(d, '\n', 'F') }},
			{"pairNUL", func(d []byte) int { i, _ := pairNUL(d, '\n', 'F'); return i }},
			{"pair", func(d []byte) int { return pair(d, '\n', 'F') }},
			{"bytes.Index", func(d []byte) int { return bytes.Index(d, []byte("\nF")) }},
		} {
			b.Run(fmt.Sprintf("%s/%s", c.name, way.name), func(b *testing.B) {
				b.SetBytes(int64(len(c.data)))
				for b.Loop() {
					if way.find(c.data) >= 0 {
						b.Fatal("found")
					}
				}
			})
		}
	}
}
