package dkim_test

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	msgauth "github.com/emersion/go-msgauth/dkim"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// signer makes signatures from the words of RFC 6376 §3.4 and §3.7 alone,
// slowly; it shares nothing with what it tests.
type signer struct {
	selector, algorithm, record string
	key                         crypto.Signer
}

func signers(t testing.TB) []signer {
	t.Helper()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&rsaKey.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	edKey := ed25519.NewKeyFromSeed([]byte("thirty-two bytes of fixed secret"))
	edPub := edKey.Public().(ed25519.PublicKey)
	return []signer{
		{"rsa", "rsa-sha256", "v=DKIM1; p=" + base64.StdEncoding.EncodeToString(der), rsaKey},
		{"ed", "ed25519-sha256", "v=DKIM1; k=ed25519; p=" + base64.StdEncoding.EncodeToString(edPub), edKey},
	}
}

func zoneOf(signers []signer) dnstest.Source {
	zone := dnstest.Source{}
	for _, s := range signers {
		zone[s.selector+"._domainkey.example.com TXT"] = []string{s.record}
	}
	return zone
}

func (s *signer) sign(header []string, body, head, tail string, names []string, length int) string {
	canonical := naiveBody(body, tail)
	limit := ""
	if length >= 0 {
		canonical = canonical[:min(length, len(canonical))]
		limit = fmt.Sprintf(" l=%d;", len(canonical))
	}
	bodyHash := sha256.Sum256([]byte(canonical))
	field := fmt.Sprintf("DKIM-Signature: v=1; a=%s; c=%s/%s; d=example.com; s=%s;%s\r\n\th=%s;\r\n\tbh=%s; b=",
		s.algorithm, head, tail, s.selector, limit, strings.Join(names, ":"), base64.StdEncoding.EncodeToString(bodyHash[:]))
	input := naiveHeader(header, names, head) + naiveField(field, head)
	digest := sha256.Sum256([]byte(input))
	opts := crypto.SignerOpts(crypto.SHA256)
	if s.algorithm == "ed25519-sha256" {
		opts = crypto.Hash(0)
	}
	sig, err := s.key.Sign(rand.Reader, digest[:], opts)
	if err != nil {
		panic(err)
	}
	return field + base64.StdEncoding.EncodeToString(sig) + "\r\n"
}

// naiveHeader picks the fields of h= from the bottom up (RFC 6376 §5.4.2).
func naiveHeader(header, names []string, canon string) string {
	used := make([]bool, len(header))
	var b strings.Builder
	for _, n := range names {
		for i := len(header) - 1; i >= 0; i-- {
			name, _, _ := strings.Cut(header[i], ":")
			if !used[i] && strings.EqualFold(strings.TrimRight(name, " \t"), n) {
				used[i] = true
				b.WriteString(naiveField(header[i], canon))
				break
			}
		}
	}
	return b.String()
}

func naiveField(f, canon string) string {
	if canon == "simple" {
		return f
	}
	end := ""
	if strings.HasSuffix(f, "\r\n") {
		f, end = f[:len(f)-2], "\r\n"
	}
	name, value, _ := strings.Cut(f, ":")
	value = squeeze(strings.ReplaceAll(value, "\r\n", ""))
	return strings.ToLower(strings.Trim(name, " \t")) + ":" + strings.Trim(value, " ") + end
}

func naiveBody(body, canon string) string {
	if canon == "relaxed" {
		lines := strings.Split(body, "\r\n")
		for i, l := range lines {
			lines[i] = strings.TrimRight(squeeze(l), " ")
		}
		body = strings.Join(lines, "\r\n")
	}
	for strings.HasSuffix(body, "\r\n") {
		body = body[:len(body)-2]
	}
	if body == "" && canon == "relaxed" {
		return "" // RFC 6376 §3.4.4: an empty body stays empty
	}
	return body + "\r\n"
}

// squeeze makes each run of spaces and tabs one space.
func squeeze(s string) string {
	s = strings.ReplaceAll(s, "\t", " ")
	for strings.Contains(s, "  ") {
		s = strings.ReplaceAll(s, "  ", " ")
	}
	return s
}

// pick returns one of the choices.
func pick[T any](r *mathrand.Rand, choices ...T) T { return choices[r.IntN(len(choices))] }

// randomMail is a header and a body with everything that canonicalization
// cares about.
func randomMail(r *mathrand.Rand) (header []string, body string) {
	header = []string{"From: joe@example.com\r\n"}
	for range r.IntN(8) {
		header = append(header, pick(r,
			"To: a@example.net,\r\n\t b@example.net\r\n", "Subject:  two  spaces \t \r\n", "Subject: again\r\n", "subject : spaced colon\r\n",
			"X-Empty:\r\n", "X-Empty: \r\n", "X-Fold:\r\n \r\n  only folding\r\n", "DATE: Tue, 1 Jul 2025 10:00:00 +0000\r\n",
			"X-Bytes: \xe4\xf6\xfc \x01\r\n", "X-Long: "+strings.Repeat("word ", 300)+"\r\n", "X-Colon: a:b:c\r\n", "From: second@example.com\r\n"))
	}
	var b strings.Builder
	for range r.IntN(12) {
		b.WriteString(pick(r, "text", " leading", "trailing \t", "in  side\tof it", "\t", "  ", "", "", ".", "From here", "\xff\x00\x01", strings.Repeat("long line ", 500)))
		b.WriteString("\r\n")
	}
	b.WriteString(strings.Repeat("\r\n", r.IntN(3)))
	body = b.String()
	if r.IntN(6) == 0 {
		body += "no final newline"
	}
	return header, body
}

// randomNames is h=: From, some others, some twice (oversigned), some absent.
func randomNames(r *mathrand.Rand) []string {
	names := []string{pick(r, "From", "from", "FROM")}
	for range r.IntN(7) {
		names = append(names, pick(r, "To", "Subject", "subject", "Date", "X-Empty", "X-Fold", "X-Bytes", "X-Long", "From", "Not-There", "X-Colon"))
	}
	return names
}

func msgauthPasses(t testing.TB, zone dnstest.Source, msg []byte) (bool, error) {
	t.Helper()
	v, err := msgauth.VerifyWithOptions(bytes.NewReader(msg), &msgauth.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if r := zone[name+" TXT"]; r != nil {
			return r, nil
		}
		return nil, errors.New("no such name")
	}})
	if err != nil || len(v) == 0 {
		return false, err
	}
	return v[0].Err == nil, v[0].Err
}

// Every signature that was made must verify, in CRLF and in LF; go-msgauth
// agrees where it takes part at all.
func TestGeneratedSignatures(t *testing.T) {
	t.Parallel()
	keys := signers(t)
	zone := zoneOf(keys)
	v := dkim.New(zone, dkim.Profile{})
	x := evidence.NewExtractor(evidence.Options{})
	r := mathrand.New(mathrand.NewPCG(6376, 8463))
	for round := range 400 {
		header, body := randomMail(r)
		length := -1
		if r.IntN(4) == 0 {
			length = r.IntN(len(body) + 2)
		}
		s := &keys[round%2]
		field := s.sign(header, body, pick(r, "simple", "relaxed"), pick(r, "simple", "relaxed"), randomNames(r), length)
		msg := field + strings.Join(header, "") + "\r\n" + body
		for form, text := range map[string]string{"CRLF": msg, "LF": strings.ReplaceAll(msg, "\r\n", "\n")} {
			e := extract(t, x, []byte(text), reader.QuotingNone)
			if len(e.Signatures) != 1 {
				t.Fatalf("round %d, %s: %d signatures\n%q", round, form, len(e.Signatures), text)
			}
			o := mustVerify(t, v, &e.Signatures[0], time.Time{})
			if o.Result != dkim.Pass {
				t.Errorf("round %d, %s: %s %q %s\n%q", round, form, o.Result, o.Reason, o.Detail, text)
			}
			if (o.Reason == dkim.BodyLengthPartial) != (e.Signatures[0].BodyUnsigned > 0) {
				t.Errorf("round %d: reason %q, %d bytes unsigned", round, o.Reason, e.Signatures[0].BodyUnsigned)
			}
		}
		if ok, err := msgauthPasses(t, zone, []byte(msg)); !ok && difference(msg) == "" {
			t.Errorf("round %d: go-msgauth refuses: %v\n%q", round, err, msg)
		}
	}
}

// Damaged messages: both verifiers must refuse, or both accept, but for what
// the table of differences says.
func TestDamagedMessages(t *testing.T) {
	t.Parallel()
	keys := signers(t)
	zone := zoneOf(keys)
	v := dkim.New(zone, dkim.Profile{})
	x := evidence.NewExtractor(evidence.Options{})
	r := mathrand.New(mathrand.NewPCG(1, 2))
	passes, accepted := 0, map[string]int{}
	for round := range 1500 {
		header, body := randomMail(r)
		s := &keys[round%2]
		field := s.sign(header, body, pick(r, "simple", "relaxed"), pick(r, "simple", "relaxed"), randomNames(r), -1)
		msg := damage(r, field+strings.Join(header, "")+"\r\n"+body)
		e := extract(t, x, []byte(msg), reader.QuotingNone)
		got := false
		var o dkim.Outcome
		if len(e.Signatures) > 0 {
			o = mustVerify(t, v, &e.Signatures[0], time.Time{})
			got = o.Result == dkim.Pass && !e.Signatures[0].Repaired
		}
		want, err := msgauthPasses(t, zone, []byte(msg))
		if got {
			passes++
		}
		if got == want {
			continue
		}
		if why := difference(msg); why != "" {
			accepted[why]++
			continue
		}
		t.Errorf("round %d: got %s %q %s, go-msgauth %v %v\n%q", round, o.Result, o.Reason, o.Detail, want, err, msg)
	}
	t.Logf("%d of 1500 still pass; accepted differences: %v", passes, accepted)
}

// damage changes a message in one or two ways that mail suffers.
func damage(r *mathrand.Rand, msg string) string {
	for range 1 + r.IntN(2) {
		i := r.IntN(len(msg))
		switch r.IntN(8) {
		case 0: // one byte flipped
			msg = msg[:i] + string([]byte{msg[i] ^ 1<<r.IntN(7)}) + msg[i+1:]
		case 1: // one byte lost
			msg = msg[:i] + msg[i+1:]
		case 2: // white space doubled
			if i = strings.IndexByte(msg[i:], ' ') + i; i >= 0 {
				msg = msg[:i] + pick(r, " ", "\t", "  ") + msg[i:]
			}
		case 3: // blank lines at the end
			msg += pick(r, "\r\n", "\r\n\r\n", " \r\n", "\r\n \t\r\n")
		case 4: // a footer
			msg += "-- \r\nlist footer\r\n"
		case 5: // a field added
			msg = pick(r, "X-New: 1\r\n", "Subject: new\r\n", "From: new@example.org\r\n", "To: new@example.org\r\n") + msg
		case 6: // a field added below the others
			head, body, _ := strings.Cut(msg, "\r\n\r\n")
			msg = head + "\r\n" + pick(r, "X-New: 1", "Subject: new", "From: new@example.org") + "\r\n\r\n" + body
		case 7: // the end lost
			msg = msg[:len(msg)-r.IntN(min(len(msg), 8))]
		}
	}
	return msg
}

// difference tells why go-msgauth may judge a message otherwise; empty where it
// must not. This is the table of accepted differences.
func difference(msg string) string {
	_, field, _ := strings.Cut(msg, "DKIM-Signature:")
	head, _, hasBody := strings.Cut(msg, "\r\n\r\n")
	switch {
	case strings.Contains(field, " l="):
		return "l=: go-msgauth fails each, RFC 6376 §3.5 has it verified"
	case !hasBody:
		return "no empty line: go-msgauth reads no message, RFC 5322 §3.5 has the body optional"
	case strings.Contains(strings.ReplaceAll(msg, "\r\n", ""), "\r"):
		return "bare CR: white space for go-msgauth, RFC 6376 §2.8 knows SP and HTAB only"
	case strings.Contains(strings.ReplaceAll(head, "\r\n", ""), "\n"):
		return "bare LF in the header"
	case !allFields(head):
		return "a header line that is no field: it ends the header here, go-msgauth reads on; RFC 5322 §2.2 has no such line"
	case unpadded(field):
		return "base64 without padding: the grammar of RFC 6376 §2.10 lets it be left out, go-msgauth refuses"
	}
	return ""
}

// allFields tells whether every line of a header begins a field or folds one
// (RFC 5322 §2.2, §4.5).
func allFields(head string) bool {
	for l := range strings.SplitSeq(head, "\r\n") {
		if strings.HasPrefix(l, " ") || strings.HasPrefix(l, "\t") {
			continue
		}
		name, _, found := strings.Cut(l, ":")
		name = strings.TrimRight(name, " \t")
		if !found || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return false
		}
	}
	return true
}

// unpadded tells whether a base64 value of the field has lost its padding.
func unpadded(field string) bool {
	for _, tag := range []string{" b=", "bh="} {
		_, v, _ := strings.Cut(field, tag)
		v, _, _ = strings.Cut(v, "\r\n")
		v, _, _ = strings.Cut(v, ";")
		if len(v)%4 != 0 {
			return true
		}
	}
	return false
}
