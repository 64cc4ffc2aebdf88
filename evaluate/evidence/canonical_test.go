package evidence

import (
	"bytes"
	"crypto/sha256"
	"math/rand/v2"
	"strings"
	"testing"

	"mailaudit/reader"
)

// naiveBody is RFC 6376 §3.4.3 and §3.4.4 by the letter, over CRLF or LF text.
func naiveBody(body string, relaxed bool) string {
	body = strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n")
	lines := strings.Split(body, "\r\n")
	if relaxed {
		for i, l := range lines {
			l = strings.ReplaceAll(l, "\t", " ")
			for strings.Contains(l, "  ") {
				l = strings.ReplaceAll(l, "  ", " ")
			}
			lines[i] = strings.TrimSuffix(l, " ")
		}
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	if len(lines) == 0 {
		if relaxed {
			return ""
		}
		return "\r\n"
	}
	return strings.Join(lines, "\r\n") + "\r\n"
}

// canonical runs a body through a canonicalizer in pieces that next chooses,
// and returns what reaches the hash.
func canonical(body []byte, relaxed bool, w way, next func(n int) int) (string, int64) {
	var got bytes.Buffer
	c := new(bodyCanon)
	c.reset(relaxed)
	c.way = w
	c.hashes = append(c.hashes, &bodyHash{h: &capture{&got}, limit: -1})
	for len(body) > 0 {
		k := min(max(next(len(body)), 1), len(body))
		c.Write(body[:k])
		body = body[k:]
	}
	c.finish()
	return got.String(), c.length
}

// capture is a hash.Hash that keeps what it is fed.
type capture struct{ *bytes.Buffer }

func (c *capture) Sum(b []byte) []byte { return b }
func (c *capture) Size() int           { return sha256.Size }
func (c *capture) BlockSize() int      { return sha256.BlockSize }

func whole(n int) int { return n }

// ways are those that a canonicalizer can go on this processor.
func ways() (all []way) {
	for w := wayPlain; w <= vectors; w++ {
		all = append(all, w)
	}
	return all
}

func TestBodyCanonicalizationExamples(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, body, simple, relaxed string }{
		{"RFC 6376 §3.4.5", " C \r\nD \t E\r\n\r\n\r\n", " C \r\nD \t E\r\n", " C\r\nD E\r\n"},
		{"empty", "", "\r\n", ""},
		{"one line end", "\r\n", "\r\n", ""},
		{"no final line end", "a", "a\r\n", "a\r\n"},
		{"white space only", " \t \r\n", " \t \r\n", ""},
		{"white space only without line end", " \t ", " \t \r\n", ""},
		{"LF", "a  b\n\nc\n\n", "a  b\r\n\r\nc\r\n", "a b\r\n\r\nc\r\n"},
		{"bare CR is a character", "a\rb\r\r\n\r", "a\rb\r\r\n\r\r\n", "a\rb\r\r\n\r\r\n"},
		{"space before bare CR", "a \r \r\n", "a \r \r\n", "a \r\r\n"},
	} {
		for _, w := range ways() {
			if got, _ := canonical([]byte(tt.body), false, w, whole); got != tt.simple {
				t.Errorf("%s: simple %q, want %q", tt.name, got, tt.simple)
			}
			if got, _ := canonical([]byte(tt.body), true, w, whole); got != tt.relaxed {
				t.Errorf("%s: relaxed %q, want %q", tt.name, got, tt.relaxed)
			}
		}
	}
}

// randomBody favours what canonicalization looks at.
func randomBody(r *rand.Rand) []byte {
	words := []string{" ", "\t", "\n", "\r\n", "\r", "a", "bc", "longer words", "\n\n", " \n", "  ", "\xc3\xa9", ".",
		"abcdefgh", "01234567890123456789", strings.Repeat("x", 70), "\x00", ">From ", "From ",
		strings.Repeat(strings.Repeat("b", 76)+"\n", 9), strings.Repeat(strings.Repeat("c", 59)+"\r\n", 6),
		strings.Repeat("d", 300) + "\r\r\n", strings.Repeat("e\n", 200), strings.Repeat("f\n\n", 100)}
	var b []byte
	for range r.IntN(60) {
		b = append(b, words[r.IntN(len(words))]...)
	}
	if r.IntN(50) == 0 {
		b = append(b, bytes.Repeat([]byte("y z"), r.IntN(3*canonBuffer))...)
	}
	if r.IntN(50) == 0 {
		b = append(b, bytes.Repeat([]byte("z"), r.IntN(3*canonBuffer))...)
	}
	return b
}

func TestBodyCanonicalizationEqualsNaive(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		checkBody(t, randomBody(r), func(n int) int { return r.IntN(n) + 1 })
		checkBody(t, denseBody(r), func(n int) int { return r.IntN(n) + 1 })
	}
}

// denseBody has hardly anything but what canonicalization looks at.
func denseBody(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(400))
	for i := range b {
		b[i] = " \t\n\r\r\nab"[r.IntN(8)]
	}
	return b
}

func checkBody(t *testing.T, body []byte, next func(int) int) {
	t.Helper()
	for _, relaxed := range []bool{false, true} {
		want := naiveBody(string(body), relaxed)
		for _, w := range ways() {
			for _, pieces := range []func(int) int{whole, next, func(int) int { return 1 }} {
				if got, n := canonical(body, relaxed, w, pieces); got != want || n != int64(len(want)) {
					t.Fatalf("relaxed=%v way=%d body %q:\n got %q (%d)\nwant %q", relaxed, w, body, got, n, want)
				}
			}
		}
	}
}

// What needs a second look, at every place of a vector, behind and before text,
// white space and itself.
func TestBodyCanonicalizationAtEveryPlace(t *testing.T) {
	t.Parallel()
	events := []string{" ", "  ", "\t", " \t ", "\n", "\r\n", "\r", " \n", "\t\r\n", "\n\n", "\n ", "\n \n", "\r\r\n", "\x00", "\x1f", "\xa0", "\x7f"}
	text := strings.Repeat("x", 2*vectorSpan)
	for _, first := range events {
		for _, second := range events {
			for at := range vectorSpan + 4 {
				body := text[:at] + first + text[:at%5] + second + text
				checkBody(t, []byte(body), func(n int) int { return n/2 + 1 })
			}
		}
	}
}

// The end of the buffer at every place of a line.
func TestBodyCanonicalizationAtBufferEnd(t *testing.T) {
	t.Parallel()
	line := "some words  in a line, then a space \n"
	for at := range len(line) + 3 {
		body := strings.Repeat("y", canonBuffer-at-vectorSpan) + strings.Repeat(line, 4)
		checkBody(t, []byte(body), func(n int) int { return n/3 + 1 })
	}
}

// vectorSpan is about what a step of the longest vectors looks at.
const vectorSpan = 64

func FuzzBodyCanonicalization(f *testing.F) {
	f.Add([]byte(" C \r\nD \t E\r\n\r\n\r\n"), 3)
	f.Add([]byte("a \r\r\n \n\t\n"), 1)
	f.Add([]byte("\xaf"), 1)
	f.Add(bytes.Repeat([]byte("ab  c\n"), 4000), 777)
	f.Add(bytes.Repeat([]byte("0123456789abcdef\n"), 2000), 5000)
	f.Add(bytes.Repeat([]byte("0123456789abcdef\r\n"), 2000), 4999)
	f.Fuzz(func(t *testing.T, body []byte, step int) {
		if len(body) > 1<<16 {
			t.Skip()
		}
		checkBody(t, body, func(int) int { return step })
	})
}

func TestBodyLengthLimit(t *testing.T) {
	t.Parallel()
	body := []byte("one two\r\nthree\r\n")
	for limit := range int64(20) {
		var got bytes.Buffer
		c := new(bodyCanon)
		c.reset(false)
		c.hashes = append(c.hashes, &bodyHash{h: &capture{&got}, limit: limit})
		c.Write(body)
		c.finish()
		if want := string(body[:min(limit, int64(len(body)))]); got.String() != want {
			t.Errorf("l=%d: hashed %q, want %q", limit, got.String(), want)
		}
	}
}

// naiveHeader is RFC 6376 §3.4.2 by the letter.
func naiveHeader(raw string) string {
	name, value, _ := strings.Cut(strings.ReplaceAll(raw, "\r\n", "\n"), ":")
	value = strings.ReplaceAll(value, "\n", "")
	value = strings.Join(strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == '\t' }), " ")
	return strings.ToLower(strings.TrimRight(name, " \t")) + ":" + value
}

func TestHeaderCanonicalization(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ raw, simple, relaxed string }{
		// RFC 6376 §3.4.5.
		{"A: X\r\n", "A: X", "a:X"},
		{"B : Y\t\r\n\tZ  \r\n", "B : Y\t\r\n\tZ  ", "b:Y Z"},
		{"SubjeCT:\n  a\n b\n", "SubjeCT:\r\n  a\r\n b", "subject:a b"},
		{"X:\r\n", "X:", "x:"},
	} {
		var h Header
		if !h.add([]byte(tt.raw)) {
			t.Fatalf("%q is no field", tt.raw)
		}
		if got := string(canonField(nil, &h.Fields[0], Simple)); got != tt.simple {
			t.Errorf("%q: simple %q, want %q", tt.raw, got, tt.simple)
		}
		if got := string(canonField(nil, &h.Fields[0], Relaxed)); got != tt.relaxed || got != naiveHeader(tt.raw) {
			t.Errorf("%q: relaxed %q, want %q, naive %q", tt.raw, got, tt.relaxed, naiveHeader(tt.raw))
		}
	}
}

// naiveUnquote undoes quoting line by line.
func naiveUnquote(body string, q reader.Quoting) string {
	lines := strings.SplitAfter(body, "\n")
	for i, l := range lines {
		run := strings.TrimLeft(l, ">")
		n := len(l) - len(run)
		if strings.HasPrefix(run, "From ") && (n == 1 && q == reader.QuotingMboxo || n >= 1 && q == reader.QuotingMboxrd) {
			lines[i] = l[1:]
		}
	}
	return strings.Join(lines, "")
}

func TestUnquoteEqualsNaive(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	words := []string{">From ", "From ", ">", ">>", "\n", "\r\n", "a", ">From", "F", "Fro", "m ", ">Fro", "text "}
	for range 4000 {
		var b []byte
		for range r.IntN(25) {
			b = append(b, words[r.IntN(len(words))]...)
		}
		for _, q := range []reader.Quoting{reader.QuotingNone, reader.QuotingMboxo, reader.QuotingMboxrd} {
			want := naiveUnquote(string(b), q)
			for _, step := range []int{1 << 20, 1 + r.IntN(7), 1} {
				if got := unquoted(b, q, step); got != naiveBody(want, false) {
					t.Fatalf("quoting %d, step %d, body %q:\n got %q\nwant %q", q, step, b, got, naiveBody(want, false))
				}
			}
		}
	}
}

// unquoted is the simple canonical form of a body after undoing the quoting.
func unquoted(body []byte, q reader.Quoting, step int) string {
	var got bytes.Buffer
	var b bodyHashes
	b.canons[0], b.wanted[0] = new(bodyCanon), true
	b.canons[0].reset(false)
	b.canons[0].hashes = []*bodyHash{{h: &capture{&got}, limit: -1}}
	b.unquote.reset(q)
	for len(body) > 0 {
		k := min(step, len(body))
		b.unquote.write(body[:k], &b)
		body = body[k:]
	}
	b.unquote.finish(&b)
	b.finish()
	return got.String()
}

// sampleBody is text of real shape: lines of 60 to 76 characters.
func sampleBody(eol string) []byte {
	var b []byte
	for i := range 20000 {
		switch i % 12 {
		case 5:
			b = append(b, eol...)
		case 7:
			b = append(b, "  indented  by two, and with a double space"+eol...)
		default:
			b = append(b, "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do."+eol...)
		}
	}
	return b
}

type discard struct{ capture }

func (*discard) Write(p []byte) (int, error) { return len(p), nil }
func (*discard) Reset()                      {}

func BenchmarkBodyCanonicalization(b *testing.B) {
	base64 := bytes.Repeat([]byte("TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2NpbmcgZWxpdC4gTG9y\n"), 16000)
	for _, bb := range []struct {
		name string
		body []byte
	}{{"text-lf", sampleBody("\n")}, {"text-crlf", sampleBody("\r\n")}, {"base64", base64}} {
		for _, relaxed := range []bool{false, true} {
			b.Run(bb.name+map[bool]string{false: "/simple", true: "/relaxed"}[relaxed], func(b *testing.B) {
				c := new(bodyCanon)
				b.SetBytes(int64(len(bb.body)))
				b.ReportAllocs()
				for b.Loop() {
					c.reset(relaxed)
					c.hashes = append(c.hashes[:0], &bodyHash{h: &discard{}, limit: -1})
					c.Write(bb.body)
					c.finish()
				}
			})
		}
	}
}
