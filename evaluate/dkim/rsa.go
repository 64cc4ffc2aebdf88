package dkim

import (
	"encoding/asn1"
	"math/big"

	"filippo.io/bigmod"

	"mailaudit/internal/modexp"
)

// MaxRSABits is the largest RSA modulus that is used, in bits. RFC 8301 §3.2
// obliges verifiers up to 4096; twice that still costs under a millisecond, and
// a hostile key cannot cost more.
const MaxRSABits = 8192

// MaxRSAExponent is the largest public exponent that is used. Real keys have
// 65537 or 3; crypto/rsa has the same bound.
const MaxRSAExponent = 1<<31 - 1

// rsaKey is a public key made ready once for many verifications. It is
// read-only, so goroutines share it.
type rsaKey struct {
	modulus  *bigmod.Modulus
	quick    *modexp.Modulus // nil where there is no quicker way
	size     int             // of a signature, bytes
	bits     int32
	exponent uint
}

// Prefixes of PKCS #1 v1.5 (RFC 8017 §9.2 note 1): the DER of DigestInfo up to
// the digest.
const (
	prefixSHA1   = "\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14"
	prefixSHA256 = "\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
)

// verify is RSASSA-PKCS1-v1_5 verification (RFC 8017 §8.2.2): the encoded
// message is built anew and compared whole, so no variant of padding or DER can
// pass.
func (k *rsaKey) verify(prefix string, digest, signature []byte) bool {
	// Step 1: a signature has exactly the modulus's length.
	if len(signature) != k.size {
		return false
	}
	// RFC 8017 §9.2 step 3: at least eight bytes of padding.
	if k.size < len(prefix)+len(digest)+11 {
		return false
	}
	var buf [MaxRSABits / 8]byte
	em := encoded(buf[:k.size], prefix, digest)
	if k.quick != nil && k.quick.Equal(signature, k.exponent, em) {
		return true
	}
	s, err := bigmod.NewNat().SetBytes(signature, k.modulus)
	if err != nil {
		return false // not in 0..n-1: RFC 8017 §5.2.2 step 1
	}
	got := bigmod.NewNat().ExpShortVarTime(s, k.exponent, k.modulus)
	// EM starts with 0x00 0x01, so it is less than the modulus.
	want, err := s.SetBytes(em, k.modulus)
	return err == nil && want.Equal(got) == 1
}

// encoded makes the encoded message of a digest (RFC 8017 §9.2) in em, which is
// zero.
func encoded(em []byte, prefix string, digest []byte) []byte {
	tail := len(prefix) + len(digest)
	em[1] = 1
	pad := em[2 : len(em)-tail-1]
	for i := range pad {
		pad[i] = 0xff
	}
	copy(em[len(em)-tail:], prefix)
	copy(em[len(em)-len(digest):], digest)
	return em
}

var oidRSA = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}

// parseRSA reads a public key as SubjectPublicKeyInfo or as bare RSAPublicKey:
// RFC 6376 §3.6.1 says the latter and its examples show the former (errata 3017
// allows both). The reason is empty for a usable key.
func parseRSA(der []byte) (*rsaKey, Reason, string) {
	if inner, ok := unwrapSPKI(der); ok {
		der = inner
	}
	var pub struct {
		N, E *big.Int
	}
	if rest, err := asn1.Unmarshal(der, &pub); err != nil || len(rest) > 0 {
		return nil, KeySyntax, "p= is no DER RSA public key"
	}
	return newRSA(pub.N, pub.E)
}

// unwrapSPKI returns the RSAPublicKey in a SubjectPublicKeyInfo. Parameters that
// are absent are taken for the NULL that RFC 3279 §2.3.1 asks for: nothing else
// they could mean.
func unwrapSPKI(der []byte) ([]byte, bool) {
	var info struct {
		Algorithm struct {
			OID        asn1.ObjectIdentifier
			Parameters asn1.RawValue `asn1:"optional"`
		}
		Key asn1.BitString
	}
	rest, err := asn1.Unmarshal(der, &info)
	if err != nil || len(rest) > 0 || !info.Algorithm.OID.Equal(oidRSA) || info.Key.BitLength%8 != 0 {
		return nil, false
	}
	if p := info.Algorithm.Parameters; len(p.FullBytes) > 0 && (p.Tag != asn1.TagNull || p.Class != asn1.ClassUniversal) {
		return nil, false
	}
	return info.Key.Bytes, true
}

// newRSA checks the numbers. An even modulus is no product of two odd primes,
// and an exponent that is even or under 3 is no RSA exponent (RFC 8017 §3.1).
func newRSA(n, e *big.Int) (*rsaKey, Reason, string) {
	if n.Sign() <= 0 || n.Bit(0) == 0 || n.BitLen() < 2 {
		return nil, KeySyntax, "p= has an impossible modulus"
	}
	if e.Sign() <= 0 || e.Bit(0) == 0 || e.Cmp(big.NewInt(3)) < 0 {
		return nil, KeySyntax, "p= has an impossible exponent"
	}
	if n.BitLen() > MaxRSABits {
		return nil, KeyTooLarge, "modulus over the limit"
	}
	if !e.IsInt64() || e.Int64() > MaxRSAExponent {
		return nil, KeyTooLarge, "exponent over the limit"
	}
	m, err := bigmod.NewModulus(n.Bytes())
	if err != nil {
		return nil, KeySyntax, "p= has an impossible modulus"
	}
	return &rsaKey{modulus: m, quick: modexp.New(n), size: m.Size(), bits: int32(m.BitLen()), exponent: uint(e.Uint64())}, "", ""
}
