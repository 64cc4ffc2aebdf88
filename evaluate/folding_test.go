package evaluate_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"strings"
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// TestHeaderFolding: a relay that folds a signed field breaks a signature with
// simple header canonicalization; the outcome says so, and stays a failure.
func TestHeaderFolding(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	source := dnstest.Source{"s._domainkey.a.example TXT": {"v=DKIM1; p=" + base64.StdEncoding.EncodeToString(der)}}
	body := sha256.Sum256([]byte("hello\r\n"))
	subject := "Subject: one two three four five"
	field := "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=s; h=From:Subject;\r\n bh=" +
		base64.StdEncoding.EncodeToString(body[:]) + "; b="
	signed := sha256.Sum256([]byte("From: <a@a.example>\r\n" + subject + "\r\n" + field))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, signed[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		subject, damage string
		result          dkim.Result
	}{
		{subject, "", dkim.Pass},
		{"Subject: one two\r\n three four five", evaluate.DamageHeaderFolding, dkim.Fail},
		{"Subject: one two three\r\n four\r\n five", evaluate.DamageHeaderFolding, dkim.Fail},
		{"Subject: one two\r\n  three four five", "", dkim.Fail}, // a space more
		{"Subject: other words", "", dkim.Fail},
	} {
		for _, eol := range []string{"\r\n", "\n"} {
			msg := field + base64.StdEncoding.EncodeToString(sig) + "\r\nFrom: <a@a.example>\r\n" + tt.subject + "\r\n\r\nhello\r\n"
			u := reader.NewUnit([]byte(strings.ReplaceAll(msg, "\r\n", eol)), nil)
			e, err := evidence.NewExtractor(evidence.Options{}).Extract(&u)
			if err != nil {
				t.Fatal(err)
			}
			v, err := evaluate.New(source, evaluate.Profile{IgnoreExistence: true}).Evaluate(context.Background(), e)
			if err != nil {
				t.Fatal(err)
			}
			if o := v.DKIM[0]; o.Result != tt.result || o.Damage != tt.damage {
				t.Errorf("%q: %s (%s), damage %q; want %s, %q", tt.subject, o.Result, o.Reason, o.Damage, tt.result, tt.damage)
			}
		}
	}
}
