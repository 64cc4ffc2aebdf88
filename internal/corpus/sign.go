package corpus

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// defaultSigned is what most signers cover.
var defaultSigned = []string{
	"From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type",
	"Content-Transfer-Encoding", "In-Reply-To", "References",
}

// signing says how one signature is made. Zero fields mean rsa-sha256 or
// ed25519-sha256, relaxed/relaxed, the default fields, no l=, no t=, no x=.
type signing struct {
	domain, selector string
	key              *Key
	canon            string // "relaxed/simple"; "relaxed" alone means relaxed/simple
	hash             string
	signed           []string // h=, as written
	identity         string   // i=
	length           int      // l= where limited
	limited          bool
	at, expires      time.Time // t=, x=
	algorithm        string    // a= where it is to be written otherwise
}

// canons splits c= (RFC 6376 §3.5: both default to simple).
func canons(c string) (header, body string) {
	header, body, _ = strings.Cut(c, "/")
	if header == "" {
		header = "simple"
	}
	if body == "" {
		body = "simple"
	}
	return header, body
}

func canonHeader(canon, field string) string {
	if canon == "relaxed" {
		return relaxedHeader(field)
	}
	return simpleHeader(field)
}

func canonBody(canon string, body []byte) []byte {
	if canon == "relaxed" {
		return relaxedBody(body)
	}
	return simpleBody(body)
}

// signedFields is the canonical form of the fields named in h=: for each name
// the bottommost instance not yet taken (RFC 6376 §5.4.2), nothing where there
// is none left (§3.5, h=).
func signedFields(m *mail, names []string, canon string) string {
	taken := make([]bool, len(m.fields))
	var b strings.Builder
	for _, name := range names {
		for i := len(m.fields) - 1; i >= 0; i-- {
			if taken[i] || fieldName(m.fields[i]) != strings.ToLower(name) {
				continue
			}
			taken[i] = true
			b.WriteString(canonHeader(canon, m.fields[i]))
			break
		}
	}
	return b.String()
}

// sign prepends a DKIM-Signature (RFC 6376 §3.7, §5).
func (m *mail) sign(s signing) {
	if s.canon == "" {
		s.canon = "relaxed/relaxed"
	}
	if s.hash == "" {
		s.hash = "sha256"
	}
	if s.signed == nil {
		s.signed = present(m, defaultSigned)
	}
	_, bodyCanon := canons(s.canon)
	body := canonBody(bodyCanon, m.body)
	if s.limited {
		body = body[:min(s.length, len(body))]
	}
	field := "DKIM-Signature: " + s.tags(digest(s.hash, body)) + ";\r\n\tb="
	m.prepend(field + m.seal(field, s) + "\r\n")
}

// seal computes the folded b= value over the signed fields and field itself,
// which ends in "b=" (RFC 6376 §3.7).
func (m *mail) seal(field string, s signing) string {
	headerCanon, _ := canons(s.canon)
	input := signedFields(m, s.signed, headerCanon) + canonHeader(headerCanon, field)
	sig := s.key.sign(s.hash, digest(s.hash, []byte(input)))
	return foldBase64(base64Std(sig))
}

// tags is the tag list without b=.
func (s *signing) tags(bodyHash []byte) string {
	a := s.algorithm
	if a == "" {
		a = s.key.algorithm(s.hash)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "v=1; a=%s; c=%s; d=%s;\r\n\ts=%s;", a, s.canon, s.domain, s.selector)
	if s.identity != "" {
		fmt.Fprintf(&b, " i=%s;", s.identity)
	}
	if !s.at.IsZero() {
		fmt.Fprintf(&b, " t=%d;", s.at.Unix())
	}
	if !s.expires.IsZero() {
		fmt.Fprintf(&b, " x=%d;", s.expires.Unix())
	}
	if s.limited {
		fmt.Fprintf(&b, " l=%d;", s.length)
	}
	fmt.Fprintf(&b, "\r\n\th=%s;\r\n\tbh=%s", foldNames(s.signed), base64.StdEncoding.EncodeToString(bodyHash))
	return b.String()
}

// present keeps the names that m has fields of, in order.
func present(m *mail, names []string) []string {
	var out []string
	for _, n := range names {
		for _, f := range m.fields {
			if fieldName(f) == strings.ToLower(n) {
				out = append(out, n)
				break
			}
		}
	}
	return out
}

// foldNames joins names by colons, folded so that no line passes 78 bytes.
func foldNames(names []string) string {
	var b strings.Builder
	col := 3
	for i, n := range names {
		if i > 0 {
			b.WriteByte(':')
		}
		if col += len(n) + 1; col > 76 {
			b.WriteString("\r\n\t ")
			col = len(n) + 2
		}
		b.WriteString(n)
	}
	return b.String()
}

// foldBase64 folds into lines of 72.
func foldBase64(s string) string {
	var b strings.Builder
	for len(s) > 72 {
		b.WriteString(s[:72] + "\r\n\t ")
		s = s[72:]
	}
	return b.String() + s
}

func base64Std(b []byte) string { return base64.StdEncoding.EncodeToString(b) }
