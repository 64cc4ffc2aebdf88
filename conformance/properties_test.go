package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// kept is a message as it was sent, and what its store knows of it.
type kept struct {
	wire []byte
	env  reader.Envelope
}

// judge judges it; the message is whole, so no quoting is undone.
func (k kept) judge(t testing.TB, x *evidence.Extractor, ev *evaluate.Evaluator) message {
	t.Helper()
	u := reader.NewUnit(k.wire, nil)
	u.Envelope = k.env
	m := message{wire: k.wire}
	m.evidence, m.verdict = judgeUnit(t, x, ev, &u)
	return m
}

// archived reads every message of the repository's archive.
func archived(t *testing.T) []kept {
	t.Helper()
	var out []kept
	for u, err := range reader.Units(t.Context(), []string{filepath.Join(testdata, "archive")}, reader.Options{}) {
		var p *reader.Problem
		if errors.As(err, &p) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, kept{asSent(&u), u.Envelope})
		u.Release()
	}
	return out
}

// columns are the verdict columns, and those of the identities they rest on: of
// the table messages all but digest, source, offsets, sizes and anomalies.
func columns(m *message) string {
	e, v := m.evidence, &m.verdict
	var b strings.Builder
	fmt.Fprintln(&b, e.Malformed, e.MessageID, e.Date.UTC(), v.AsOf.UTC(), e.Author.Domains, e.Author.Problem, e.ListID)
	fmt.Fprintln(&b, e.Envelope.ClientIP, e.Envelope.Basis, e.Envelope.HELO, e.Envelope.MailFromDomain, e.Envelope.HasMailFrom, e.Envelope.Authenticated, e.Envelope.ReceivedAt.UTC())
	fmt.Fprintln(&b, v.SPF.Result, v.SPF.Domain, v.SPF.Scope, v.SPF.Mechanism, v.SPF.Reason)
	if v.SPFHelo != nil {
		fmt.Fprintln(&b, v.SPFHelo.Result, v.SPFHelo.Domain, v.SPFHelo.Mechanism, v.SPFHelo.Reason)
	}
	for i := range v.DKIM {
		s := &e.Signatures[i]
		fmt.Fprintln(&b, s.Domain, s.Selector, s.Algorithm, s.Canonicalization(), s.BodyHashMatch, v.DKIM[i].Result, v.DKIM[i].Reason, v.DKIM[i].KeyBits)
	}
	fmt.Fprintln(&b, v.DKIMBest, v.ARC.Result, v.ARC.Reason, v.ARC.OldestPass, v.ARC.Sets)
	d := &v.DMARC
	fmt.Fprintln(&b, d.Result, d.Reason, d.OrganizationalDomain, d.PolicyDomain, d.SPFAlignment, d.DKIMAlignments, d.Policy, d.PolicyTag, d.Disposition, d.Override)
	fmt.Fprintln(&b, v.Category, v.Disposition, v.Disposition74, v.OverrideType, v.Existence.Absent, e.Recorded)
	return b.String()
}

// change is something done to a message that no verdict may see.
type change struct {
	name string
	// clause is why it must not.
	clause string
	// applies tells for which messages that holds.
	applies func(*message) bool
	do      func(wire []byte) []byte
}

var changes = []change{
	{"line ends LF instead of CRLF", "RFC 6376 §5.3: what is signed has CRLF, however it is kept", plainLineEnds, func(w []byte) []byte {
		return bytes.ReplaceAll(w, []byte("\r\n"), []byte("\n"))
	}},
	{"an unrelated field on top", "RFC 6376 §5.4: only the fields of h= are signed", hasHeader, func(w []byte) []byte {
		return append([]byte("X-Nobody-Signs-This: yes\r\n"), w...)
	}},
	{"an unrelated field below the others", "RFC 6376 §5.4", hasHeader, func(w []byte) []byte {
		head, body := split(w)
		return append(append(bytes.Clone(head), "X-Nobody-Signs-This: yes\r\n"...), body...)
	}},
	{"a Received field of a private relay on top", "RFC 5321 §4.4: the boundary is further down", boundaryReceived, func(w []byte) []byte {
		return append([]byte("Received: from relay.example.org (relay.example.org [10.1.2.3])\r\n\tby store.example.org with ESMTP id 7; Wed, 1 Jan 2031 00:00:00 +0000\r\n"), w...)
	}},
	{"somebody else's Authentication-Results on top", "RFC 8601 §5: only the trusted receiver's count", hasHeader, func(w []byte) []byte {
		return append([]byte("Authentication-Results: elsewhere.example; spf=fail smtp.mailfrom=evil.example; dmarc=fail header.from=evil.example\r\n"), w...)
	}},
	{"blank lines at the end", "RFC 6376 §3.4.3, §3.4.4", endsInLine, func(w []byte) []byte {
		return append(bytes.Clone(w), "\r\n\r\n"...)
	}},
	{"names of fields in capitals, relaxed", "RFC 6376 §3.4.2", relaxedHeaders, eachField(func(f []byte) []byte {
		i := bytes.IndexByte(f, ':')
		return append(bytes.ToUpper(f[:i]), f[i:]...)
	})},
	{"fields unfolded, relaxed", "RFC 6376 §3.4.2", relaxedHeaders, eachField(func(f []byte) []byte {
		for _, fold := range []string{"\r\n ", "\r\n\t"} {
			f = bytes.ReplaceAll(f, []byte(fold), []byte(fold[2:]))
		}
		return f
	})},
	{"fields folded at each space, relaxed", "RFC 6376 §3.4.2", relaxedHeaders, eachField(func(f []byte) []byte {
		return refold(f)
	})},
	{"spaces at line ends of the body, relaxed", "RFC 6376 §3.4.4", relaxedBodies, func(w []byte) []byte {
		head, body := split(w)
		return append(bytes.Clone(head), append([]byte("\r\n"), bytes.ReplaceAll(body[2:], []byte("\r\n"), []byte(" \t\r\n"))...)...)
	}},
}

// plainLineEnds: with LF for line ends, a CR in front of one would be part of it.
func plainLineEnds(m *message) bool { return !bytes.Contains(m.wire, []byte("\r\r\n")) }

func hasHeader(m *message) bool { return m.evidence.Malformed == "" }

// endsInLine: without a final line end the first one added would end the line.
func endsInLine(m *message) bool { return hasHeader(m) && bytes.HasSuffix(m.wire, []byte("\r\n")) }

func boundaryReceived(m *message) bool {
	return m.evidence.Envelope.Basis == evidence.BasisReceived && !signs(m, "received") && !m.evidence.Envelope.ClientIP.IsPrivate()
}

// signs tells whether a signature covers a field.
func signs(m *message, name string) bool {
	for s := range signaturesOf(m) {
		if strings.Contains(":"+strings.ToLower(s.SignedHeaders)+":", ":"+name+":") {
			return true
		}
	}
	return false
}

// signaturesOf yields the DKIM signatures and those of the ARC sets.
func signaturesOf(m *message) func(func(*evidence.Signature) bool) {
	return func(yield func(*evidence.Signature) bool) {
		for i := range m.evidence.Signatures {
			if !yield(&m.evidence.Signatures[i]) {
				return
			}
		}
		for i := range m.evidence.ARC.Sets {
			if !yield(&m.evidence.ARC.Sets[i].Message) {
				return
			}
		}
	}
}

// relaxedHeaders: every signature canonicalizes the header relaxed, and every
// line above the body is a field.
func relaxedHeaders(m *message) bool {
	for s := range signaturesOf(m) {
		if s.HeaderCanon != evidence.Relaxed {
			return false
		}
	}
	return hasHeader(m) && wholeHeader(m.wire)
}

// relaxedBodies: every signature canonicalizes the body relaxed and none has l=.
func relaxedBodies(m *message) bool {
	for s := range signaturesOf(m) {
		if s.BodyCanon != evidence.Relaxed || s.BodyLength >= 0 {
			return false
		}
	}
	_, body := split(m.wire)
	return hasHeader(m) && len(body) >= 2
}

// split parts a message before the empty line.
func split(w []byte) (head, body []byte) {
	if i := bytes.Index(w, []byte("\r\n\r\n")); i >= 0 {
		return w[:i+2], w[i+2:]
	}
	return w, nil
}

func wholeHeader(w []byte) bool {
	head, body := split(w)
	if len(body) == 0 {
		return false
	}
	for line := range bytes.Lines(head) {
		name, _, found := bytes.Cut(line, []byte(":"))
		if line[0] != ' ' && line[0] != '\t' && (!found || bytes.ContainsAny(name, " \t\r") || len(name) == 0) {
			return false
		}
	}
	return true
}

// eachField changes field by field.
func eachField(do func([]byte) []byte) func([]byte) []byte {
	return func(w []byte) []byte {
		head, body := split(w)
		var out, field []byte
		flush := func() {
			if len(field) > 0 {
				out = append(out, do(field)...)
			}
			field = nil
		}
		for line := range bytes.Lines(head) {
			if line[0] != ' ' && line[0] != '\t' {
				flush()
			}
			field = append(field, line...)
		}
		flush()
		return append(out, body...)
	}
}

// refold folds a field at each space between two words.
func refold(f []byte) []byte {
	start := bytes.IndexByte(f, ':') + 1
	out := bytes.Clone(f[:start])
	for i := start; i < len(f); i++ {
		word := func(j int) bool { return j > start && j < len(f) && f[j] > ' ' }
		if f[i] == ' ' && word(i-1) && word(i+1) {
			out = append(out, '\r', '\n')
		}
		out = append(out, f[i])
	}
	return out
}

// TestNothingSeen does to every message of testdata, and to a fifth of a public
// list, what no verdict may see.
func TestNothingSeen(t *testing.T) {
	t.Parallel()
	nothingSeen(t, "testdata", archived(t), testdataZone(t))
}

func TestNothingSeenInList(t *testing.T) {
	t.Parallel()
	l := readList(t)
	var all []kept
	for i := 0; i < len(l.units); i += 5 {
		all = append(all, kept{asSent(&l.units[i]), l.units[i].Envelope})
	}
	nothingSeen(t, "a public list", all, listKeys(t))
}

func nothingSeen(t *testing.T, archive string, all []kept, source dns.Source) {
	x := evidence.NewExtractor(evidence.Options{AuthservIDs: []string{"mx.example.org", listServer}})
	ev := evaluate.New(source, evaluate.Profile{})
	for _, c := range changes {
		s := Score{Group: "Properties", Name: c.name + ", " + archive, With: c.clause}
		for _, k := range all {
			s.Cases++
			m := k.judge(t, x, ev)
			if !c.applies(&m) {
				s.Skipped++
				continue
			}
			changed := kept{c.do(k.wire), k.env}.judge(t, x, ev)
			if was, is := columns(&m), columns(&changed); was != is {
				t.Errorf("%s: %s:\n%s\n%s", c.name, m.evidence.MessageID, was, is)
				continue
			}
			s.Agree++
		}
		publish(t, s)
	}
}
