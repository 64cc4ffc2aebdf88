package evidence

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime/quotedprintable"

	"mailaudit/reader"
)

// Limits on the search for what was done to a body.
const (
	// maxTrialBody is the longest body that is looked into, bytes: each trial
	// hashes it once.
	maxTrialBody = 8 << 20
	// maxPrepended is the most lines at the top that are left out.
	maxPrepended = 40
	// maxParts is the most parts of a multipart body that are looked at.
	maxParts = 64
)

// bodyReadings are the canonical forms of one body and of what it may have been.
type bodyReadings struct {
	streamed bool // the body is not at hand
	plain    []byte
	encoding string // Content-Transfer-Encoding, lower case
	forms    [2][]byte
	known    [2]bool
}

// canonical returns the body in one of the two forms.
func (b *bodyReadings) canonical(c Canon) []byte {
	if !b.known[c] {
		b.known[c], b.forms[c] = true, canonicalBody(c, b.plain)
	}
	return b.forms[c]
}

// canonicalBody runs a body through the canonicalizer that all hashes use.
func canonicalBody(c Canon, body []byte) []byte {
	keep := new(collector)
	canon := new(bodyCanon)
	canon.reset(c == Relaxed)
	canon.hashes = append(canon.hashes, &bodyHash{h: keep, limit: -1})
	canon.Write(body)
	canon.finish()
	return keep.Bytes()
}

// collector is a hash that only keeps what it was given.
type collector struct{ bytes.Buffer }

func (*collector) Sum(b []byte) []byte { return b }
func (*collector) Size() int           { return 0 }
func (*collector) BlockSize() int      { return 1 }

// bodyTrial looks for readings of the body that give one bh=.
type bodyTrial struct {
	sig  *Signature
	want []byte
	out  []Attempt
}

// attempts returns the readings that give want; none where the plain one does.
func (b *bodyReadings) attempts(s *Signature, want []byte) []Attempt {
	t := &bodyTrial{sig: s, want: want}
	c := b.canonical(s.BodyCanon)
	if t.matches(t.signedPart(c)) || len(c) > maxTrialBody {
		return nil
	}
	if s.BodyLength >= 0 && t.matches(c) {
		t.found("length_ignored", "taken whole, whatever l= says")
	}
	t.look("", "", c)
	other, note := Relaxed, "with the body canonicalization relaxed, not simple"
	if s.BodyCanon == Relaxed {
		other, note = Simple, "with the body canonicalization simple, not relaxed"
	}
	t.look("body_canonicalization", note, b.canonical(other))
	if decoded := b.decoded(); decoded != nil {
		t.look("transfer_encoding", "before it was put into "+b.encoding, canonicalBody(s.BodyCanon, decoded))
	}
	if bytes.Contains(b.plain, []byte("\n..")) {
		undotted := bytes.ReplaceAll(b.plain, []byte("\n.."), []byte("\n."))
		t.look("dot_stuffing", "without the dots that SMTP doubles", canonicalBody(s.BodyCanon, undotted))
	}
	return t.out
}

// look tries one reading, whole and with what may have been added to it.
func (t *bodyTrial) look(word, note string, c []byte) {
	if len(c) > maxTrialBody || len(t.out) > 0 {
		return
	}
	if word != "" && t.matches(t.signedPart(c)) {
		t.found(word, note)
		return
	}
	if note != "" {
		note = ", " + note
	}
	if n, first := t.appended(c); n > 0 {
		t.found("lines_appended", fmt.Sprintf("without its last %s, from %q on%s", counted(n, "line"), cut(first), note))
		return
	}
	if t.part(c) {
		t.found("part_appended", "without its last part"+note)
		return
	}
	if n := t.prepended(c); n > 0 {
		t.found("lines_prepended", fmt.Sprintf("without its first %s%s", counted(n, "line"), note))
	}
}

// counted is a number of things.
func counted(n int, thing string) string {
	if n == 1 {
		return thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func (t *bodyTrial) found(word, note string) {
	t.out = append(t.out, Attempt{Word: word, Note: note, Digest: t.want})
}

// signedPart is what l= leaves of a canonical body.
func (t *bodyTrial) signedPart(c []byte) []byte {
	if l := t.sig.BodyLength; l >= 0 && l < int64(len(c)) {
		return c[:l]
	}
	return c
}

func (t *bodyTrial) matches(c []byte) bool {
	h := t.sig.newHash()
	h.Write(c)
	return bytes.Equal(h.Sum(nil), t.want)
}

// appended looks for a beginning of the body that matches: one pass, in which
// every line may be the last. It returns how many lines follow it, and the first
// of them that is not empty.
func (t *bodyTrial) appended(c []byte) (lines int, first []byte) {
	h := t.sig.newHash()
	for pos := 0; pos < len(c); {
		n := bytes.IndexByte(c[pos:], '\n')
		if n < 0 {
			return 0, nil
		}
		line := c[pos : pos+n+1]
		h.Write(line)
		pos += n + 1
		if len(line) > 2 && pos < len(c) && bytes.Equal(h.Sum(nil), t.want) {
			rest := c[pos:]
			return bytes.Count(rest, []byte("\n")), firstLine(rest)
		}
	}
	return 0, nil
}

func firstLine(b []byte) []byte {
	b = bytes.TrimLeft(b, "\r\n")
	line, _, _ := bytes.Cut(b, []byte("\r\n"))
	return line
}

// part looks for a multipart body that ended before its last parts.
func (t *bodyTrial) part(c []byte) bool {
	start := 0
	if !bytes.HasPrefix(c, []byte("--")) {
		start = bytes.Index(c, []byte("\r\n--")) + 2
		if start < 2 {
			return false
		}
	}
	delimiter := firstLine(c[start:])
	tried := 0
	for pos := start; tried < maxParts; tried++ {
		n := bytes.Index(c[pos:], append([]byte("\r\n"), delimiter...))
		if n < 0 {
			return false
		}
		pos += n + 2
		h := t.sig.newHash()
		h.Write(c[:pos])
		h.Write(delimiter)
		h.Write([]byte("--\r\n"))
		if bytes.Equal(h.Sum(nil), t.want) {
			return true
		}
	}
	return false
}

// prepended looks for an end of the body that matches, and returns how many
// lines stand before it.
func (t *bodyTrial) prepended(c []byte) int {
	for n := 1; n <= maxPrepended; n++ {
		_, rest, ok := bytes.Cut(c, []byte("\r\n"))
		if !ok || len(rest) == 0 {
			return 0
		}
		if c = rest; t.matches(t.signedPart(c)) {
			return n
		}
	}
	return 0
}

// decoded undoes the transfer encoding of a body that is one text; nil where it
// has none.
func (b *bodyReadings) decoded() []byte {
	var r io.Reader
	switch b.encoding {
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(b.plain))
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(b.plain))
	default:
		return nil
	}
	out, err := io.ReadAll(r)
	if err != nil {
		return nil
	}
	return out
}

func transferEncoding(h *Header) string {
	for i := range h.Fields {
		if equalFold(h.Fields[i].Name, "content-transfer-encoding") {
			return string(bytes.ToLower(trimFWS(h.Fields[i].Value)))
		}
	}
	return ""
}

// unquotedBody is a whole body as it was sent.
func unquotedBody(body []byte, q reader.Quoting) []byte {
	if q == reader.QuotingNone || !bytes.Contains(body, quotedFrom) {
		return body
	}
	out := make([]byte, 0, len(body))
	for len(body) > 0 {
		n := bytes.IndexByte(body, '\n') + 1
		if n == 0 {
			n = len(body)
		}
		line := body[:n]
		body = body[n:]
		rest := line
		if q == reader.QuotingMboxrd {
			rest = bytes.TrimLeft(line, ">")
		} else if line[0] == '>' {
			rest = line[1:]
		}
		if len(rest) < len(line) && bytes.HasPrefix(rest, []byte("From ")) {
			line = line[1:]
		}
		out = append(out, line...)
	}
	return out
}
