package explain

import (
	"bytes"
	"strings"
	"testing"
)

func TestSafe(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain":          "plain",
		"Grüße 漢字":       "Grüße 漢字",
		"\x1b[31m":       `\x1b[31m`,
		"a\tb\r\n":       `a\tb\r\n`,
		"\x7f\x00":       `\x7f\x00`,
		"\xff":           `\xff`,
		"\u202egnp.exe":  `\u202egnp.exe`,
		"\u009b31m":      `\u009b31m`,
		"e\u0301":        `e\u0301`,
		"\u200b\ufeff":   `\u200b\ufeff`,
		"\U000e0041":     `\U000e0041`,
		"a\u00a0b\u2028": `a\u00a0b\u2028`,
	} {
		if got := safe(in); got != want {
			t.Errorf("safe(%q) is %q, want %q", in, got, want)
		}
	}
}

func TestElide(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("A", 43) + "="
	for in, want := range map[string]string{
		"bh=" + digest: "bh=" + digest, // a SHA-256 digest is shown whole
		"p=" + strings.Repeat("QUJD", 40) + "==; t=s": "p=QUJDQUJDQUJDQUJD...JDQUJD== (162); t=s",
		"short":                   "short",
		strings.Repeat("x ", 300): strings.Repeat("x ", 200) + "... (600 bytes)",
	} {
		if got := elide(in); got != want {
			t.Errorf("elide(%.40q) is %q, want %q", in, got, want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("  label      ", "one two three")
	f.Add("", strings.Repeat("漢", 100))
	f.Add("  ", strings.Repeat("a=b;", 60))
	f.Add("\x1b", "\xff\u202e\U0001f600")
	f.Fuzz(func(t *testing.T, mark, value string) {
		if len(mark) > 20 {
			mark = mark[:20] // marks are the renderer's own
		}
		var b bytes.Buffer
		p := newPrinter(&b)
		p.text(mark, "%s", value)
		p.pair("    ", value, value)
		p.field("label", "%s", value)
		p.w.Flush()
		for line := range strings.Lines(b.String()) {
			line = strings.TrimSuffix(line, "\n")
			if columns(line) > screen && columns(safe(mark)) < screen/2 {
				t.Errorf("%d columns: %q", columns(line), line)
			}
			if safe(line) != line {
				t.Errorf("not safe: %q", line)
			}
		}
	})
}
