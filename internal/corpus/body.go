package corpus

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"mime/quotedprintable"
	"strings"
	"sync"
)

// words is what text is made of.
var words = strings.Fields(`the a of to and in that it is was for on are as with his they at be this have from or
one had by word but not what all were we when your can said there use an each which she do how their if will up
other about out many then them these so some her would make like him into time has look two more write go see
number no way could people my than first water been call who oil its now find long down day did get come made
may part patch kernel review merge release branch tests build driver meeting agenda invoice order shipping
account delivery question answer thanks regards attached update schedule report server network domain queue
buffer header parser zone record signature policy archive mailing list subscriber moderator`)

// sentences is a pool of wrapped lines that bodies are cut from: drawing words
// for each message would cost more than signing it.
var sentences = sync.OnceValue(func() [][]byte {
	r := rand.New(rand.NewPCG(0x5e47, 1))
	lines := make([][]byte, 6000)
	for i := range lines {
		var b strings.Builder
		width := 30 + r.IntN(45)
		for b.Len() < width {
			if b.Len() > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(words[r.IntN(len(words))])
			if r.IntN(11) == 0 {
				b.WriteString([]string{",", ".", ";", "?"}[r.IntN(4)])
			}
		}
		b.WriteString("\r\n")
		lines[i] = []byte(b.String())
	}
	return lines
})

// noise is a pool of base64 lines of 76.
var noise = sync.OnceValue(func() []byte {
	r := rand.New(rand.NewPCG(0xba5e, 64))
	raw := make([]byte, 57*12000)
	for i := range raw {
		raw[i] = byte(r.Uint32())
	}
	var b bytes.Buffer
	for ; len(raw) > 0; raw = raw[57:] {
		b.WriteString(base64.StdEncoding.EncodeToString(raw[:57]))
		b.WriteString("\r\n")
	}
	return b.Bytes()
})

// prose is about n bytes of wrapped text with paragraphs.
func prose(r *rand.Rand, n int) []byte {
	pool := sentences()
	out := make([]byte, 0, n+100)
	at := r.IntN(len(pool))
	left := 2 + r.IntN(8)
	for len(out) < n {
		out = append(out, pool[at]...)
		if at++; at == len(pool) {
			at = 0
		}
		if left--; left == 0 && len(out) < n {
			out = append(out, "\r\n"...)
			left = 2 + r.IntN(8)
			at = r.IntN(len(pool))
		}
	}
	return out
}

// blob is about n bytes of base64 lines.
func blob(r *rand.Rand, n int) []byte {
	pool := noise()
	const line = 78
	out := make([]byte, 0, n+line)
	for len(out) < n {
		from := line * r.IntN(len(pool)/line)
		out = append(out, pool[from:min(len(pool), from+max(line, (n-len(out))/line*line))]...)
	}
	return out
}

// content is a body and the MIME fields it needs.
type content struct {
	mimeType, encoding string // field values; empty: no such field
	body               []byte
}

// bodyKind names a way of writing bodies.
type bodyKind int

const (
	plainText bodyKind = iota
	flowed
	htmlQP
	alternative
	attachment
	patch
	eightBit
	latin1
	base64Text
	bodyKinds // their number
)

// makeBody writes a body of about n bytes.
func makeBody(r *rand.Rand, kind bodyKind, n int) content {
	switch kind {
	case flowed:
		return content{"text/plain; charset=utf-8; format=flowed", "7bit", flow(prose(r, n))}
	case htmlQP:
		return content{"text/html; charset=utf-8", "quoted-printable", qp(html(prose(r, n*9/10), "— naïve café"))}
	case alternative:
		return multipart(r, "alternative", part("text/plain; charset=utf-8", "8bit", prose(r, n/2)),
			part("text/html; charset=utf-8", "quoted-printable", qp(html(prose(r, n*2/5), "grüße"))))
	case attachment:
		return multipart(r, "mixed", part("text/plain; charset=us-ascii", "7bit", prose(r, max(80, n/10))),
			part("application/pdf; name=\"report.pdf\"", "base64", blob(r, n*9/10)))
	case patch:
		return content{"text/plain; charset=UTF-8", "8bit", diff(r, n)}
	case eightBit:
		return content{"text/plain; charset=utf-8", "8bit", append(prose(r, n), "Viele Grüße aus Köln — 再见\r\n"...)}
	case latin1:
		return content{"text/plain; charset=iso-8859-1", "8bit", append(prose(r, n), "tr\xe8s cordialement, Ren\xe9\r\n"...)}
	case base64Text:
		return content{"text/plain; charset=\"utf-8\"", "base64", blob(r, n)}
	default:
		return content{"text/plain; charset=us-ascii", "7bit", prose(r, n)}
	}
}

// flow marks soft line breaks by a trailing space (RFC 3676 section 4) and adds
// the signature separator.
func flow(text []byte) []byte {
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte(" \r\n"))
	text = bytes.ReplaceAll(text, []byte("\r\n \r\n"), []byte("\r\n\r\n"))
	return append(text, "-- \r\nsent from a test\r\n"...)
}

func html(text []byte, extra string) []byte {
	out := []byte("<!DOCTYPE html>\r\n<html><body style=\"margin:0\">\r\n<p>")
	out = append(out, bytes.ReplaceAll(text, []byte("\r\n\r\n"), []byte("</p>\r\n<p>"))...)
	return append(out, extra+"</p>\r\n<a href=\"https://www.shop.example/?a=1&amp;b=2\">more</a>\r\n</body></html>\r\n"...)
}

func qp(text []byte) []byte {
	var b bytes.Buffer
	w := quotedprintable.NewWriter(&b)
	_, _ = w.Write(text) // a bytes.Buffer takes everything
	_ = w.Close()
	return b.Bytes()
}

func part(mimeType, encoding string, body []byte) []byte {
	head := fmt.Sprintf("Content-Type: %s\r\nContent-Transfer-Encoding: %s\r\n\r\n", mimeType, encoding)
	return append([]byte(head), body...)
}

func multipart(r *rand.Rand, subtype string, parts ...[]byte) content {
	boundary := fmt.Sprintf("=_%016x", r.Uint64())
	out := []byte("This is a multi-part message in MIME format.\r\n")
	for _, p := range parts {
		out = append(out, "--"+boundary+"\r\n"...)
		out = append(out, p...)
	}
	out = append(out, "--"+boundary+"--\r\n"...)
	return content{fmt.Sprintf("multipart/%s;\r\n boundary=\"%s\"", subtype, boundary), "8bit", out}
}

// diff is a patch as mailing lists carry them: trailing blanks, tabs, and a line
// that begins with "From " now and then.
func diff(r *rand.Rand, n int) []byte {
	var b bytes.Buffer
	b.Write(prose(r, n/3))
	fmt.Fprintf(&b, "\r\nSigned-off-by: Test Author <author@kernel.example>\r\n---\r\n drivers/net/test.c | %d +-\r\n", 2+r.IntN(40))
	pool := sentences()
	for hunk := 0; b.Len() < n || hunk == 0; hunk++ {
		line := 1 + r.IntN(900)
		fmt.Fprintf(&b, "\r\ndiff --git a/f%d.c b/f%d.c\r\n@@ -%d,7 +%d,8 @@\r\n", hunk, hunk, line, line)
		for range 8 {
			text := bytes.TrimSpace(pool[r.IntN(len(pool))])
			fmt.Fprintf(&b, "%c\t%s;%s\r\n", " +-"[r.IntN(3)], text, "  \t "[:r.IntN(5)])
		}
	}
	if r.IntN(3) == 0 {
		b.WriteString("From here on the old code is gone.\r\n>From the tree it came.\r\n")
	}
	b.WriteString("-- \r\n2.43.0\r\n\r\n")
	return b.Bytes()
}
