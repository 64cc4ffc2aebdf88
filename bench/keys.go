package main

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"strings"

	"filippo.io/bigmod"

	"mailaudit/internal/modexp"
)

// checkKind is how the floor checks a signature.
type checkKind int

const (
	stdRSA   checkKind = iota // crypto/rsa as it is
	keptKeys                  // as audit does: made ready once a key, by the processor's vectors
	noCheck                   // not at all
)

// checker verifies the digests of one key.
type checker func(digest, signature []byte) bool

// checkers parses all DKIM keys of a zone.
func checkers(z *zone, kind checkKind) map[string]checker {
	out := map[string]checker{}
	for name, txt := range z.txt {
		if !strings.Contains(name, "._domainkey.") || len(txt) != 1 {
			continue
		}
		if c, err := newChecker(txt[0], kind); err == nil {
			out[name] = c
		}
	}
	return out
}

func newChecker(record string, kind checkKind) (checker, error) {
	if kind == noCheck {
		return func(_, _ []byte) bool { return true }, nil
	}
	p := tagOf([]byte(record), 'p')
	der, err := base64.StdEncoding.DecodeString(string(p))
	if err != nil {
		return nil, err
	}
	if len(der) == ed25519.PublicKeySize {
		return func(digest, sig []byte) bool { return ed25519.Verify(der, digest, sig) }, nil
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		return nil, err
	}
	pub, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("neither RSA nor Ed25519")
	}
	if kind == keptKeys {
		return newKeptKey(pub)
	}
	return func(digest, sig []byte) bool {
		return rsa.VerifyPKCS1v15(pub, crypto.SHA256, digest, sig) == nil
	}, nil
}

// digestInfo is the DER in front of a SHA-256 digest (RFC 8017 §9.2 note 1).
const digestInfo = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"

// newKeptKey checks RSA signatures with a modulus that is made ready once.
func newKeptKey(pub *rsa.PublicKey) (checker, error) {
	m, err := bigmod.NewModulus(pub.N.Bytes())
	if err != nil {
		return nil, err
	}
	head := make([]byte, pub.Size()-32)
	for i := range head {
		head[i] = 0xff
	}
	head[0], head[1] = 0, 1
	head[len(head)-len(digestInfo)-1] = 0
	copy(head[len(head)-len(digestInfo):], digestInfo)
	want := make([]byte, len(head)+32)
	quick := modexp.New(pub.N)
	return func(digest, sig []byte) bool {
		copy(want, head)
		copy(want[len(head):], digest)
		if quick != nil && quick.Equal(sig, uint(pub.E), want) {
			return true
		}
		s, err := bigmod.NewNat().SetBytes(sig, m)
		if err != nil {
			return false
		}
		got := bigmod.NewNat().ExpShortVarTime(s, uint(pub.E), m)
		w, err := s.SetBytes(want, m)
		return err == nil && w.Equal(got) == 1
	}, nil
}
