package corpus

import (
	"bytes"
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"blitiri.com.ar/go/spf"
	"github.com/emersion/go-mbox"
	"github.com/miekg/dns"
)

// resolver answers go/spf from a zone.
type resolver struct{ z *Zone }

func (r resolver) lookup(typ, name string) ([]string, error) {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	if r.z.failures[name] {
		return nil, &net.DNSError{Err: "servfail", Name: name, IsTemporary: true}
	}
	if data := r.z.records[name][typ]; data != nil {
		return data, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (r resolver) LookupTXT(_ context.Context, name string) ([]string, error) {
	return r.lookup("TXT", name)
}

func (r resolver) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	data, err := r.lookup("MX", name)
	var out []*net.MX
	for _, d := range data {
		out = append(out, &net.MX{Host: strings.Fields(d)[1], Pref: 10})
	}
	return out, err
}

func (r resolver) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	v4, err := r.lookup("A", name)
	v6, err6 := r.lookup("AAAA", name)
	if err != nil && err6 != nil {
		return nil, err
	}
	var out []net.IPAddr
	for _, a := range append(slices.Clone(v4), v6...) {
		out = append(out, net.IPAddr{IP: net.ParseIP(a)})
	}
	return out, nil
}

func (r resolver) LookupAddr(_ context.Context, addr string) ([]string, error) {
	return nil, &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}
}

// spfDiffers are client domains where go/spf and the truth differ on purpose.
var spfDiffers = map[string]string{
	"spfword.example": "RFC 7208 §4.6: a syntax error anywhere in the record is a permerror; go/spf stops at the first match",
}

// checkSPF compares the SPF column with go/spf and tells whether it could.
func checkSPF(t *testing.T, z *Zone, m *Message) bool {
	t.Helper()
	want := m.Truth.SPF
	if strings.ContainsAny(want, "|*") || m.Truth.ClientIP == "" {
		return false
	}
	sender := orElse(m.Sender, "postmaster@"+m.Truth.HELO)
	got, _ := spf.CheckHostWithSender(net.ParseIP(m.Truth.ClientIP), m.Truth.HELO, sender, spf.WithResolver(resolver{z}))
	if excused := spfDiffers[m.Truth.MailFrom] != ""; (string(got) != want) != excused {
		t.Errorf("%s: truth %q, go/spf says %q for %s from %s", m.Truth.Scenario, want, got, sender, m.Truth.ClientIP)
	}
	return true
}

func TestTruthAgainstGoSPF(t *testing.T) {
	t.Parallel()
	w := &testdataWriter{cast: newCast(), made: make([]int, len(shares))}
	checked := 0
	for _, m := range w.messages(func(s share) int { return s.mbox + s.inbox + s.eml }) {
		if checkSPF(t, w.cast.zone, m) {
			checked++
		}
	}
	if checked < 250 {
		t.Errorf("only %d messages compared", checked)
	}
}

// TestZoneFileAgainstMiekg reads the master files of all archives back.
func TestZoneFileAgainstMiekg(t *testing.T) {
	t.Parallel()
	for name, z := range map[string]*Zone{"testdata": newCast().zone, "forum": ForumPost().Zone, "bench": Bench(1).Zone} {
		var file bytes.Buffer
		if err := z.WriteMaster(&file, ""); err != nil {
			t.Fatal(err)
		}
		got := newZone()
		p := dns.NewZoneParser(&file, ".", name)
		for rr, ok := p.Next(); ok; rr, ok = p.Next() {
			typ, data := plainRecord(t, rr)
			got.add(strings.TrimSuffix(rr.Header().Name, "."), typ, data)
		}
		if err := p.Err(); err != nil {
			t.Fatal(err)
		}
		for n, types := range z.records {
			for typ, data := range types {
				if !slices.Equal(got.records[n][typ], data) {
					t.Errorf("%s: %s %s is %q in the file, not %q", name, n, typ, got.records[n][typ], data)
				}
			}
		}
		if len(got.records) != len(z.records) {
			t.Errorf("%s: %d names in the file, not %d", name, len(got.records), len(z.records))
		}
	}
}

// plainRecord is a record as Zone keeps it.
func plainRecord(t *testing.T, rr dns.RR) (typ, data string) {
	switch rr := rr.(type) {
	case *dns.A:
		return "A", rr.A.String()
	case *dns.AAAA:
		return "AAAA", rr.AAAA.String()
	case *dns.MX:
		return "MX", strings.TrimSuffix(strings.TrimPrefix(rr.String(), rr.Hdr.String()), ".")
	case *dns.NS:
		return "NS", strings.TrimSuffix(rr.Ns, ".")
	case *dns.CNAME:
		return "CNAME", strings.TrimSuffix(rr.Target, ".")
	case *dns.TXT:
		return "TXT", strings.Join(rr.Txt, "")
	}
	t.Fatalf("a record of type %T", rr)
	return "", ""
}

// TestMboxAgainstGoMbox reads both dialects with go-mbox, which knows mboxo and
// writes CRLF.
func TestMboxAgainstGoMbox(t *testing.T) {
	t.Parallel()
	c := newCast()
	var messages []*Message
	for n, build := range []builder{dkimAligned, fromLines, noPolicy, bounce, forgedPlain} {
		messages = append(messages, build(c, newGen(3, n, time.Unix(1700000000, 0))))
	}
	for _, dialect := range []Dialect{MboxO, MboxRD} {
		var file bytes.Buffer
		w := NewMboxWriter(&file, dialect)
		for _, m := range messages {
			offset, err := w.Add(m)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Flush(); err != nil {
				t.Fatal(err)
			}
			if !bytes.HasPrefix(file.Bytes()[offset:], []byte(fromLine(m))) {
				t.Errorf("no From_ line at offset %d", offset)
			}
		}
		r := mbox.NewReader(&file)
		for i, m := range messages {
			mr, err := r.NextMessage()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(mr)
			if err != nil {
				t.Fatal(err)
			}
			if want := asGoMboxReads(m.Raw, dialect); !bytes.Equal(got, want) {
				t.Errorf("dialect %d, message %d: %q, want %q", dialect, i, got, want)
			}
		}
	}
}

// asGoMboxReads is what mboxo unquoting leaves: one ">" less before "From "
// alone. In mboxrd, deeper quotings keep the one that was added; in mboxo, what
// was ">From " from the start loses its own.
func asGoMboxReads(raw []byte, d Dialect) []byte {
	if d == MboxO {
		return bytes.ReplaceAll(raw, []byte("\r\n>From "), []byte("\r\nFrom "))
	}
	raw = bytes.ReplaceAll(raw, []byte("\r\n>>From "), []byte("\r\n>>>From "))
	return bytes.ReplaceAll(raw, []byte("\r\n>From "), []byte("\r\n>>From "))
}
