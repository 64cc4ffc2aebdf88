package sink

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

func TestRedact(t *testing.T) {
	t.Parallel()
	p, err := newPrivacy(AddressesNone, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ text, want string }{
		{"no address", "no address"},
		{"mx.example; spf=pass smtp.mailfrom=ann@example.org; dkim=pass", "mx.example; spf=pass smtp.mailfrom=@example.org; dkim=pass"},
		{"smtp.mailfrom=prvs=123=ann@example.org", "smtp.mailfrom=@example.org"},
		{"prvs=123=ann@example.org", "@example.org"},
		{`<"ann lee"@example.org>`, "<@example.org>"},
		{`"x\"y ann"@example.org`, `"x\@example.org`},
		{"i=@example.org", "@example.org"},
		{"header.i=@example.org", "header.i=@example.org"},
		{"ann@a@b and bob@c.example", "@a@b and @c.example"},
		{"@", "@"},
	} {
		if got := p.redact(c.text); got != c.want {
			t.Errorf("redact(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

// secretRecord has a local part everywhere one can be.
func secretRecord() *evaluate.Record {
	const secret = "s3cr3t"
	e := &evidence.Evidence{Origin: evidence.Origin{Source: "x", Format: "mbox"}}
	e.Author = evidence.Author{Domains: []string{"example.org"}, Local: secret}
	e.Envelope.MailFromLocal, e.Envelope.MailFromDomain = secret, "example.org"
	text := "smtp.mailfrom=" + secret + "@example.org"
	sig := evidence.Signature{Domain: "example.org", HasAUID: true, AUIDLocal: secret, AUIDDomain: "example.org", Detail: text, BodyLength: -1}
	e.Signatures = []evidence.Signature{sig}
	e.ARC.Sets = []evidence.ARCSet{{Instance: 1, Seal: sig, Message: sig, Results: text}}
	e.Recorded.HeaderFrom = text
	r := &evaluate.Record{Evidence: e}
	v := &r.Verdict
	v.DKIMBest = -1
	v.DKIM = []dkim.Outcome{{Detail: text}}
	v.SPF = &spf.Outcome{Detail: text, Answers: []*dns.Answer{
		{Name: "example.org", Type: dns.TypeTXT, Status: dns.Success, Records: []string{"v=spf1 exists:%{l}._spf.example.org -all"}},
		{Name: secret + "._spf.example.org", Type: dns.TypeA, Status: dns.NXDomain},
	}}
	v.ARC.Detail, v.DMARC.Detail, v.OverrideComment, v.DMARC.OverrideComment = text, text, text, text
	return r
}

// TestAddresses looks for a local part in the decompressed text of every table.
func TestAddresses(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdef")
	for _, c := range []struct {
		mode     Addresses
		shows    bool
		withheld int64
	}{{AddressesNone, false, 1}, {AddressesHash, false, 1}, {AddressesFull, true, 0}} {
		dir := filepath.Join(t.TempDir(), "d")
		w, err := Create(dir, Options{Addresses: c.mode, HashKey: key})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(secretRecord()); err != nil {
			t.Fatal(err)
		}
		problem := &Problem{Ordinal: 0, Stage: StageExtract}
		problem.Detail = "cannot parse s3cr3t@example.org"
		if err := w.WriteProblem(problem); err != nil {
			t.Fatal(err)
		}
		if err := w.Commit(Manifest{}); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, table := range tableNames {
			if err := Export(dir, table, nil, JSONLines, &all); err != nil {
				t.Fatal(err)
			}
		}
		if shows := strings.Contains(all.String(), "s3cr3t"); shows != c.shows {
			t.Errorf("%s: local part shows: %v\n%s", c.mode, shows, all.String())
		}
		d, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		if d.Manifest.DNSWithheld != c.withheld {
			t.Errorf("%s: %d answers withheld, want %d", c.mode, d.Manifest.DNSWithheld, c.withheld)
		}
		for r, err := range d.Records() {
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			if c.shows {
				want = "s3cr3t"
			}
			if got := r.Evidence.Envelope.MailFromLocal; got != want {
				t.Errorf("%s: local part read back as %q", c.mode, got)
			}
			if s := r.Evidence.Signatures[0]; s.AUIDLocal != want || s.AUIDDomain != "example.org" || !s.HasAUID {
				t.Errorf("%s: identity read back as %q @ %q", c.mode, s.AUIDLocal, s.AUIDDomain)
			}
		}
	}
}

// TestHash: the value is that of openssl dgst -sha256 -hmac, cut to 128 bits:
//
//	printf 'ann@example.org' | openssl dgst -sha256 -hmac 0123456789abcdef
func TestHash(t *testing.T) {
	t.Parallel()
	p, err := newPrivacy(AddressesHash, []byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	const want = "b2eadfbaaca8f7b30b76563378bedc2f"
	if got := string(p.appendLocal(nil, "ann", "example.org")); got != want {
		t.Errorf("hash is %s, want %s", got, want)
	}
	if _, err := newPrivacy(AddressesHash, []byte("short")); err == nil {
		t.Error("a short key was taken")
	}
	if _, err := newPrivacy("some", nil); err == nil {
		t.Error("an unknown choice was taken")
	}
}

func TestKeyIsNotStored(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := Create(dir, Options{Addresses: AddressesHash, HashKey: []byte("0123456789abcdef")})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	b, err := os.ReadFile(filepath.Join(dir, checkpointName))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "0123456789abcdef") {
		t.Error("the key is in the checkpoint")
	}
}
