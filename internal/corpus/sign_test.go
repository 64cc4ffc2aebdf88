package corpus

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"
)

// voice asks go-msgauth, with keys from z, how many signatures verify.
func voice(t *testing.T, z *Zone, raw []byte) (passed, total int) {
	t.Helper()
	results, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{
		LookupTXT: func(name string) ([]string, error) {
			txt, exists, failed := z.TXT(name)
			if failed {
				return nil, errors.New("servfail")
			}
			if !exists {
				return nil, errors.New("nxdomain")
			}
			return txt, nil
		},
	})
	if err != nil {
		t.Fatalf("%v in %q", err, raw)
	}
	for _, v := range results {
		if v.Err == nil {
			passed++
		}
	}
	return passed, len(results)
}

// TestSignerAgainstMsgauth signs bodies of every kind with every key and
// canonicalization that go-msgauth takes.
func TestSignerAgainstMsgauth(t *testing.T) {
	t.Parallel()
	z := newZone()
	for name := range keyring() {
		z.add(name+"._domainkey.acme.example", "TXT", key(name).Record())
	}
	odd := []string{"", "\r\n", " \r\n\t\r\n", "x", "x \t y\t\r\n\r\n \r\n", " lead\r\n", "a\x00b\r\n", "\xff\xfe \r\n"}
	g := newGen(1, 1, time.Unix(1700000000, 0))
	for kind := range bodyKinds {
		odd = append(odd, string(makeBody(g.r, kind, 900).body))
	}
	for _, name := range []string{"rsa2048a", "rsa1024b", "ed25519a", "ed25519b"} {
		for _, canon := range []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed", "simple", "relaxed"} {
			for i, body := range odd {
				m := g.letter(g.mailbox("acme.example"), "acme.example")
				m.add("Comments", " \t two  blanks\r\n\t folded ")
				m.body = []byte(body)
				m.sign(signing{domain: "acme.example", selector: name, key: key(name), canon: canon})
				if n, _ := voice(t, z, m.bytes()); n != 1 {
					t.Errorf("%s %s body %d: go-msgauth does not verify %q", name, canon, i, m.bytes())
				}
			}
		}
	}
}

// voiceDiffers are the scenarios where go-msgauth and the truth differ on
// purpose, each with the reason.
var voiceDiffers = map[string]string{
	"l_appended":    "RFC 6376 §3.5 defines l=; go-msgauth refuses it",
	"expires_later": "x= was in the future at arrival (RFC 6376 §3.5); go-msgauth judges by its own clock",
	"bare_cr":       "RFC 6376 §3.4.4 knows SP and HTAB as WSP; go-msgauth takes a bare CR for one too",
	"auid_nosub":    "RFC 6376 §3.6.1 t=s; go-msgauth does not look at it",
	"key_test":      "RFC 6376 §3.6.1 t=y leaves the choice open",
}

// TestTruthAgainstMsgauth compares the DKIM column of every shipped message
// with what go-msgauth finds.
func TestTruthAgainstMsgauth(t *testing.T) {
	t.Parallel()
	w := &testdataWriter{cast: newCast(), made: make([]int, len(shares))}
	messages := w.messages(func(s share) int { return s.mbox + s.inbox + s.eml })
	checked := 0
	for _, m := range messages {
		if m.Truth.DKIM == Any {
			continue
		}
		passed, total := voice(t, w.cast.zone, m.Raw)
		got := "none"
		switch {
		case passed > 0:
			got = "pass"
		case total > 0:
			got = "fail"
		}
		want := m.Truth.DKIM
		differs := (want == "pass") != (got == "pass") || (want == "none") != (got == "none")
		if excused := voiceDiffers[m.Truth.Scenario] != ""; differs != excused {
			t.Errorf("%s: truth %q, go-msgauth finds %d of %d\n%s", m.Truth.Scenario, want, passed, total, m.Raw)
		}
		checked++
	}
	if checked < 250 {
		t.Errorf("only %d messages compared", checked)
	}
}

// TestSHA1AndShortKeys verifies with other means what go-msgauth refuses.
func TestSHA1AndShortKeys(t *testing.T) {
	t.Parallel()
	sum := digest("sha1", []byte("abc"))
	k := key("rsa1024a")
	if err := rsa.VerifyPKCS1v15(&k.rsa.PublicKey, crypto.SHA1, sum, k.sign("sha1", sum)); err != nil {
		t.Error("sha1:", err)
	}
	// The textbook signer agrees with crypto/rsa where both can sign, so it is
	// right for the key that only it takes.
	for _, hash := range []string{"sha1", "sha256"} {
		sum := digest(hash, []byte("abc"))
		if !bytes.Equal(k.sign(hash, sum), textbookSign(k.rsa, hash, sum)) {
			t.Errorf("%s: textbook signature differs from that of crypto/rsa", hash)
		}
	}
	if short := key("rsa512a"); len(short.sign("sha256", digest("sha256", nil))) != 64 {
		t.Error("the 512-bit key does not give 64 octets")
	}
}

// TestCanonRFC6376 is the example of RFC 6376 §3.4.5.
func TestCanonRFC6376(t *testing.T) {
	t.Parallel()
	fields := []string{"A: X\r\n", "B : Y\t\r\n\tZ  \r\n"}
	body := []byte(" C \r\nD \t E\r\n\r\n\r\n")
	if got := relaxedHeader(fields[0]) + relaxedHeader(fields[1]); got != "a:X\r\nb:Y Z\r\n" {
		t.Errorf("relaxed header: %q", got)
	}
	if got := string(relaxedBody(body)); got != " C\r\nD E\r\n" {
		t.Errorf("relaxed body: %q", got)
	}
	if got := simpleHeader(fields[0]) + simpleHeader(fields[1]); got != strings.Join(fields, "") {
		t.Errorf("simple header: %q", got)
	}
	if got := string(simpleBody(body)); got != " C \r\nD \t E\r\n" {
		t.Errorf("simple body: %q", got)
	}
}

// TestGenIsItsSeed: another order of making gives the same messages.
func TestGenIsItsSeed(t *testing.T) {
	t.Parallel()
	c := newCast()
	at := time.Unix(1700000000, 0)
	var first [][]byte
	for n := range 40 {
		first = append(first, dkimAligned(c, newGen(7, n, at)).Raw)
	}
	for _, n := range rand.Perm(40) {
		if !bytes.Equal(dkimAligned(c, newGen(7, n, at)).Raw, first[n]) {
			t.Errorf("message %d differs when made alone", n)
		}
	}
}
