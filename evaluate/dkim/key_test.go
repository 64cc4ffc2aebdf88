package dkim

import (
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"mailaudit/evaluate/evidence"
)

// spkiOf is p= of a key in the form that everybody publishes.
func spkiOf(t testing.TB, bits int) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&testKey(t, bits).PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(der)
}

const (
	ed25519P    = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="                 // RFC 8463 §A.2
	ed25519SPKI = "MCowBQYDK2VwAyEA3SUqa9UbfciWkk7tlcJ9P1VD5pXAasg0JUn/OgjVbKE=" // wrapped: RFC 8463 §4 forbids
)

// What a record is worth to a signature of the given algorithm.
func TestParseKey(t *testing.T) {
	t.Parallel()
	p := spkiOf(t, 1024)
	small := spkiOf(t, 512)
	folded := p[:40] + " \t\r\n " + p[40:80] + "\r\n " + p[80:]
	cases := []struct {
		name, txt, a string
		reason       Reason
	}{
		// RFC 6376 §3.6.1, the tags.
		{"all defaults", "p=" + p, "rsa-sha256", ""},
		{"usual", "v=DKIM1; k=rsa; p=" + p, "rsa-sha256", ""},
		{"trailing semicolon", "v=DKIM1; p=" + p + ";", "rsa-sha256", ""},
		{"trailing semicolon and space", "v=DKIM1; p=" + p + "; ", "rsa-sha256", ""},
		{"white space everywhere", " v = DKIM1 ;\tk\r\n = rsa ; p = " + p + " ", "rsa-sha256", ""},
		{"folded key", "v=DKIM1; p=" + folded, "rsa-sha256", ""},
		{"no padding", "v=DKIM1; p=" + strings.TrimRight(p, "="), "rsa-sha256", ""},
		{"PKCS 1", "v=DKIM1; p=" + base64.StdEncoding.EncodeToString(x509.MarshalPKCS1PublicKey(&testKey(t, 1024).PublicKey)), "rsa-sha256", ""},
		{"unknown tags", "v=DKIM1; foo=bar; x_1=; p=" + p, "rsa-sha256", ""},
		{"notes", "v=DKIM1; n=send=20mail; p=" + p, "rsa-sha256", ""},
		{"notes in UTF-8", "v=DKIM1; n=cl\u00e9; p=" + p, "rsa-sha256", ""},
		{"tag names are case-sensitive", "V=DKIM1; P=" + p, "rsa-sha256", KeySyntax},

		{"version not first", "k=rsa; v=DKIM1; p=" + p, "rsa-sha256", KeySyntax},
		{"version is a string", "v=DKIM1.0; p=" + p, "rsa-sha256", KeySyntax},
		{"version is case-sensitive", "v=dkim1; p=" + p, "rsa-sha256", KeySyntax},
		{"later version", "v=DKIM2; p=" + p, "rsa-sha256", KeySyntax},
		{"empty version", "v=; p=" + p, "rsa-sha256", KeySyntax},
		{"escaped semicolons", `v=DKIM1\; k=rsa\; p=` + p, "rsa-sha256", KeySyntax},
		{"another record", "v=spf1 -all", "rsa-sha256", KeySyntax},
		{"text", "hello", "rsa-sha256", KeySyntax},
		{"empty", "", "rsa-sha256", KeySyntax},
		{"blank", "  ", "rsa-sha256", KeySyntax},
		{"semicolon", ";", "rsa-sha256", KeySyntax},
		{"no p=", "v=DKIM1; k=rsa", "rsa-sha256", KeySyntax},
		{"duplicate p=", "p=" + p + "; p=" + p, "rsa-sha256", KeySyntax},
		{"duplicate unknown", "p=" + p + "; z=1; z=2", "rsa-sha256", KeySyntax},
		{"tag without value", "k=rsa; t; p=" + p, "rsa-sha256", KeySyntax},
		{"empty tag", "v=DKIM1;; p=" + p, "rsa-sha256", KeySyntax},
		{"bad tag name", "v=DKIM1; 1a=b; p=" + p, "rsa-sha256", KeySyntax},
		{"control character", "v=DKIM1; n=\x00; p=" + p, "rsa-sha256", KeySyntax},
		{"too many tags", "v=DKIM1" + manyTags(40) + "; p=" + p, "rsa-sha256", KeySyntax},
		{"too long", "v=DKIM1; n=" + strings.Repeat("x", MaxKeyRecordBytes) + "; p=" + p, "rsa-sha256", KeySyntax},

		{"revoked", "v=DKIM1; p=", "rsa-sha256", KeyRevoked},
		{"revoked, white space", "v=DKIM1; p= \t", "rsa-sha256", KeyRevoked},
		{"revoked, no type", "p=;", "ed25519-sha256", KeyRevoked},
		{"no base64", "v=DKIM1; p=%%%", "rsa-sha256", KeySyntax},
		{"no DER", "v=DKIM1; p=AAAA", "rsa-sha256", KeySyntax},

		{"hash listed", "h=sha1:sha256; p=" + p, "rsa-sha256", ""},
		{"hash listed with space", "h= sha1 : sha256 ; p=" + p, "rsa-sha256", ""},
		{"hash not listed", "h=sha1; p=" + p, "rsa-sha256", KeyHash},
		{"hash unknown", "h=md5:sha512; p=" + p, "rsa-sha256", KeyHash},
		{"hash list empty", "h=; p=" + p, "rsa-sha256", KeyHash},
		{"hash before revocation", "h=sha1; p=", "rsa-sha256", KeyHash},

		{"service email", "s=email; p=" + p, "rsa-sha256", ""},
		{"service any", "s=*; p=" + p, "rsa-sha256", ""},
		{"services", "s=chat : email; p=" + p, "rsa-sha256", ""},
		{"other service", "s=chat; p=" + p, "rsa-sha256", KeyService},
		{"service empty", "s=; p=" + p, "rsa-sha256", KeyService},

		{"type unknown", "k=dsa; p=" + p, "rsa-sha256", KeyType},
		{"type is case-sensitive", "k=RSA; p=" + p, "rsa-sha256", KeyType},
		{"rsa key for ed25519", "k=rsa; p=" + p, "ed25519-sha256", KeyType},
		{"default type for ed25519", "p=" + ed25519P, "ed25519-sha256", KeyType},
		{"ed25519", "v=DKIM1; k=ed25519; p=" + ed25519P, "ed25519-sha256", ""},
		{"ed25519 key for rsa", "v=DKIM1; k=ed25519; p=" + ed25519P, "rsa-sha256", KeyType},
		{"ed25519 wrapped", "v=DKIM1; k=ed25519; p=" + ed25519SPKI, "ed25519-sha256", KeySyntax},
		{"ed25519 short", "v=DKIM1; k=ed25519; p=AAAA", "ed25519-sha256", KeySyntax},

		{"too small", "p=" + small, "rsa-sha256", KeyTooSmall},
		{"testing", "t=y; p=" + p, "rsa-sha256", ""},
		{"unknown flags", "t=n:z; p=" + p, "rsa-sha256", ""},
		{"strict, same domain", "t=s; p=" + p, "rsa-sha256", ""},
		{"granularity is ignored", "g=nobody; p=" + p, "rsa-sha256", ""},
	}
	profile := Profile{}
	for _, c := range cases {
		alg, known := algorithmOf(c.a)
		if !known {
			t.Fatal(c.a)
		}
		sig := evidence.Signature{Domain: "example.com", AUIDDomain: "example.com", AUIDLocal: "joe"}
		reason, detail := parseKey(c.txt).admits(&sig, alg, profile.rulesAt(sig.SignedAt, false))
		if reason != c.reason {
			t.Errorf("%s: got %q (%s), want %q", c.name, reason, detail, c.reason)
		}
	}
}

func manyTags(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString("; x" + strings.Repeat("y", i) + "=1")
	}
	return b.String()
}

func TestKeyFlags(t *testing.T) {
	t.Parallel()
	p := "; p=" + spkiOf(t, 1024)
	for txt, want := range map[string][2]bool{
		"v=DKIM1": {}, "t=y": {true, false}, "t=s": {false, true}, "t= y : s": {true, true},
		"t=Y:S": {}, "t=n:y:extra": {true, false}, "t=": {}, "t=ys": {},
	} {
		if k := parseKey(txt + p); k.testing != want[0] || k.strict != want[1] {
			t.Errorf("%s: testing %v, strict %v", txt, k.testing, k.strict)
		}
	}
}

// RFC 4871 §3.6.1 g=, with errata 1532 for records without a version.
func TestGranularity(t *testing.T) {
	t.Parallel()
	p := "p=" + spkiOf(t, 1024)
	cases := []struct {
		record, local string
		want          bool
	}{
		{"v=DKIM1;", "", true},
		{"v=DKIM1;", "joe", true},
		{"v=DKIM1; g=*;", "", true},
		{"v=DKIM1; g=joe;", "joe", true},
		{"v=DKIM1; g=joe;", "Joe", false},
		{"v=DKIM1; g=joe;", "", false},
		{"v=DKIM1; g=joe;", "joey", false},
		{"v=DKIM1; g=jo*;", "joey", true},
		{"v=DKIM1; g=*y;", "joey", true},
		{"v=DKIM1; g=j*y;", "joey", true},
		{"v=DKIM1; g=j*y;", "jy", true},
		{"v=DKIM1; g=joe*oey;", "joey", false}, // the two ends may not overlap
		{"v=DKIM1; g=j*y;", "joe", false},
		{"v=DKIM1; g= j*y ;", "joey", true},
		{"v=DKIM1; g=;", "", false}, // "an empty g= value never matches any addresses"
		{"v=DKIM1; g=;", "joe", false},
		{"g=;", "joe", true}, // errata 1532: a DomainKeys record
		{"g=; k=rsa;", "", true},
	}
	for _, c := range cases {
		if got := granted(parseKey(c.record+p).granularity, c.local); got != c.want {
			t.Errorf("%s for %q: %v", c.record, c.local, got)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	p := spkiOf(f, 512)
	for _, s := range []string{
		"", ";", "p=", "v=DKIM1; k=rsa; p=" + p, "v=DKIM1; k=ed25519; p=" + ed25519P, "v=DKIM1; k=ed25519; p=" + ed25519SPKI,
		"v=DKIM1; g=*; h=sha1:sha256; s=email:*; t=y:s; n=note; p=" + p, "v=DKIM1; x1 = extra ; t = y:n:extra; h=md5:sha1; p=",
		"v=DKIM3; p=AAAA", "p=AAAA;p=AAAA", "k=rsa; t; p=" + p, "\x00=\x00", "v=DKIM1;;p=", "p=MAYCAQ8CAQM=",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, txt string) {
		k := parseKey(txt)
		if k.problem == "" && !k.revoked && k.keyProblem == "" && (k.keyType == "rsa") != (k.rsa != nil) {
			t.Fatal("an RSA record without a key")
		}
		if (k.bits != 0) != (k.rsa != nil || k.ed25519 != nil) {
			t.Fatal("bits without a key")
		}
		if k.ed25519 != nil && len(k.ed25519) != ed25519.PublicKeySize {
			t.Fatal("an Ed25519 key of another size") // crypto/ed25519 would panic
		}
		// White space around tags means nothing.
		if again := parseKey(" " + strings.ReplaceAll(txt, ";", " ; ") + "\t"); len(txt) < 1000 && again.problem != k.problem {
			t.Fatalf("with white space %q, without %q", again.problem, k.problem)
		}
	})
}

func BenchmarkParseKey(b *testing.B) {
	txt := "v=DKIM1; k=rsa; p=" + spkiOf(b, 2048)
	b.ReportAllocs()
	for b.Loop() {
		if parseKey(txt).rsa == nil {
			b.Fatal("no key")
		}
	}
}
