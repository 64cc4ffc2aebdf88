package explain

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/width"
)

// safe makes text from mail or DNS harmless for a terminal: control characters,
// bytes that are no UTF-8, and whatever has no width or changes the direction of
// writing are shown escaped. What is left takes one column, or two.
func safe(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case r < 0x80 && (r < ' ' || r == 0x7f):
			b.WriteString(controlName(byte(r)))
		case harmless(r):
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// plain tells whether all is printable ASCII.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

func controlName(b byte) string {
	switch b {
	case '\t':
		return `\t`
	case '\r':
		return `\r`
	case '\n':
		return `\n`
	}
	return fmt.Sprintf(`\x%02x`, b)
}

// harmless tells whether a character is printed as it is. Marks are not: they
// pile up on the character before.
func harmless(r rune) bool {
	return r != utf8.RuneError && unicode.IsPrint(r) && !unicode.Is(unicode.M, r) && !unicode.Is(unicode.Cf, r)
}

// columns is the width of safe text.
func columns(s string) int {
	n := 0
	for _, r := range s {
		n += runeColumns(r)
	}
	return n
}

func runeColumns(r rune) int {
	if r < 0x1100 {
		return 1
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	case width.EastAsianAmbiguous:
		return 2 // some terminals take two
	}
	return 1
}

// Bounds on what the text shows of one thing.
const (
	maxBlob = 44  // the longest base64 that is shown whole: a SHA-256 digest is
	maxShow = 400 // the longest value that is shown whole
)

// elide shortens long base64 within a text, and the text itself where it is
// longer than maxShow bytes; the rest is in the JSON.
func elide(s string) string {
	s = elideBlobs(s)
	if len(s) <= maxShow {
		return s
	}
	cut := maxShow
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return fmt.Sprintf("%s... (%d bytes)", s[:cut], len(s))
}

// elideBlobs shortens each run of base64; padding belongs to the run, an equal
// sign before it does not.
func elideBlobs(s string) string {
	if len(s) <= maxBlob {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		j := i
		for j < len(s) && isBase64(s[j]) {
			j++
		}
		if j == i {
			b.WriteByte(s[i])
			i++
			continue
		}
		for k := 0; k < 2 && j < len(s) && s[j] == '='; k++ {
			j++
		}
		if run := s[i:j]; len(run) > maxBlob {
			fmt.Fprintf(&b, "%s...%s (%d)", run[:16], run[len(run)-8:], len(run))
		} else {
			b.WriteString(run)
		}
		i = j
	}
	return b.String()
}

func isBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}
