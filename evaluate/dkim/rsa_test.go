//go:debug rsa1024min=0

package dkim

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"math/big"
	mathrand "math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// testKeys are one private key for each modulus size, generated once.
var testKeys = struct {
	sync.Mutex
	byBits map[int]*rsa.PrivateKey
}{byBits: map[int]*rsa.PrivateKey{}}

func testKey(t testing.TB, bits int) *rsa.PrivateKey {
	t.Helper()
	testKeys.Lock()
	defer testKeys.Unlock()
	if k := testKeys.byBits[bits]; k != nil {
		return k
	}
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	testKeys.byBits[bits] = k
	return k
}

func publicOf(t testing.TB, k *rsa.PrivateKey) *rsaKey {
	t.Helper()
	pub, reason, detail := newRSA(k.N, big.NewInt(int64(k.E)))
	if reason != "" {
		t.Fatal(reason, detail)
	}
	return pub
}

// Two implementations must agree on every signature: good ones, and good ones
// with one thing changed.
func TestRSAAgreesWithCryptoRSA(t *testing.T) {
	t.Parallel()
	for _, bits := range []int{512, 768, 1024, 1025, 1031, 1032, 2048} {
		t.Run(fmt.Sprint(bits), func(t *testing.T) {
			t.Parallel()
			priv := testKey(t, bits)
			pub := publicOf(t, priv)
			slow := publicOf(t, priv)
			slow.quick = nil
			rnd := mathrand.New(mathrand.NewPCG(1, uint64(bits)))
			passes := 0
			for round := range 40 {
				digest := sha256.Sum256([]byte{byte(round)})
				good, err := rsa.SignPKCS1v15(nil, priv, crypto.SHA256, digest[:])
				if err != nil {
					t.Fatal(err)
				}
				for _, sig := range mutations(rnd, good, priv.N) {
					got := pub.verify(prefixSHA256, digest[:], sig)
					want := rsa.VerifyPKCS1v15(&priv.PublicKey, crypto.SHA256, digest[:], sig) == nil
					if got != want {
						t.Fatalf("signature %x: got %v, crypto/rsa says %v", sig, got, want)
					}
					if slow.verify(prefixSHA256, digest[:], sig) != want {
						t.Fatalf("signature %x: without the quicker way not what crypto/rsa says", sig)
					}
					if got {
						passes++
					}
				}
				other := sha256.Sum256([]byte{byte(round), 1})
				if pub.verify(prefixSHA256, other[:], good) {
					t.Fatal("verifies another digest")
				}
				if pub.verify(prefixSHA1, digest[:20], good) {
					t.Fatal("verifies as sha1")
				}
			}
			if passes != 40 {
				t.Errorf("%d signatures verify, want the 40 untouched ones", passes)
			}
		})
	}
}

// mutations returns the signature itself, and what is not one any more.
func mutations(rnd *mathrand.Rand, sig []byte, n *big.Int) [][]byte {
	out := [][]byte{sig, {}, nil, sig[1:], sig[:len(sig)-1], append([]byte{0}, sig...), append(slices.Clone(sig), 0),
		make([]byte, len(sig)), n.FillBytes(make([]byte, len(sig)))}
	if s := new(big.Int).Add(new(big.Int).SetBytes(sig), n); s.BitLen() <= 8*len(sig) {
		out = append(out, s.FillBytes(make([]byte, len(sig)))) // same residue, out of range
	}
	minus := new(big.Int).Sub(n, new(big.Int).SetBytes(sig))
	out = append(out, minus.FillBytes(make([]byte, len(sig))), bytes.Repeat([]byte{0xff}, len(sig)))
	for range 40 {
		m := slices.Clone(sig)
		m[rnd.IntN(len(m))] ^= 1 << rnd.IntN(8)
		out = append(out, m)
	}
	for range 10 {
		m := make([]byte, len(sig))
		for i := range m {
			m[i] = byte(rnd.Uint32())
		}
		out = append(out, m)
	}
	return out
}

// Signatures whose encoded message is not the one of RFC 8017 §9.2: what
// forgeries against lax verifiers look like. They are made with the private key.
func TestRSARefusesOtherEncodings(t *testing.T) {
	t.Parallel()
	digest := sha256.Sum256([]byte("message"))
	d := digest[:]
	oid := []byte{0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01}
	info := append([]byte(prefixSHA256), d...)
	cat := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	ff := func(n int) []byte { return bytes.Repeat([]byte{0xff}, n) }
	const k = 128
	pad := func(t []byte) []byte { return cat([]byte{0, 1}, ff(k-3-len(t)), []byte{0}, t) }
	sha1Digest := sha1.Sum([]byte("message"))
	cases := []struct {
		name string
		em   []byte
		ok   bool
	}{
		{"as it should be", pad(info), true},
		{"no NULL parameters", pad(cat([]byte{0x30, 0x2f, 0x30, 0x0b}, oid, []byte{4, 32}, d)), false},
		{"BER length of the sequence", pad(cat([]byte{0x30, 0x81, 0x31}, info[2:])), false},
		{"BER length of the algorithm", pad(cat([]byte{0x30, 0x32, 0x30, 0x81, 0x0d}, info[4:])), false},
		{"BER length of the digest", pad(cat([]byte{0x30, 0x32}, info[2:17], []byte{5, 0, 4, 0x81, 0x20}, d)), false},
		{"BER length of NULL", pad(cat([]byte{0x30, 0x32, 0x30, 0x0e}, oid, []byte{5, 0x81, 0, 4, 32}, d)), false},
		{"indefinite length", pad(cat([]byte{0x30, 0x80}, info[2:], []byte{0, 0})), false},
		{"junk after the digest", pad(cat(info, []byte{0xca, 0xfe})), false},
		{"junk as parameters", pad(cat([]byte{0x30, 0x33, 0x30, 0x0f}, oid, []byte{4, 2, 0xca, 0xfe, 4, 32}, d)), false},
		{"no DigestInfo", pad(d), false},
		{"short padding, junk behind", cat([]byte{0, 1}, ff(8), []byte{0}, info, bytes.Repeat([]byte{0xaa}, k-11-len(info))), false},
		{"no padding at all", cat([]byte{0, 1, 0}, info, make([]byte, k-3-len(info))), false},
		{"block type 2", cat([]byte{0, 2}, ff(k-3-len(info)), []byte{0}, info), false},
		{"block type 0", cat([]byte{0, 0}, make([]byte, k-3-len(info)), []byte{0}, info), false},
		{"padding of zeroes", cat([]byte{0, 1}, make([]byte, k-2-len(info)), info), false},
		{"one padding byte off", cat([]byte{0, 1}, ff(40), []byte{0xfe}, ff(k-44-len(info)), []byte{0}, info), false},
		{"no separator", cat([]byte{0, 1}, ff(k-2-len(info)), info), false},
		{"separator of one", cat([]byte{0, 1}, ff(k-3-len(info)), []byte{1}, info), false},
		{"sha1", pad(append([]byte(prefixSHA1), sha1Digest[:]...)), false},
		{"sha1 identifier, sha256 digest", pad(append([]byte(prefixSHA1), d...)), false},
		{"sha512 identifier", pad(cat(info[:14], []byte{3}, info[15:])), false},
		{"digest cut", pad(info[:len(info)-1]), false},
		{"digest lengthened", pad(append(slices.Clone(info), 0)), false},
		{"zero", make([]byte, k), false},
		{"one", append(make([]byte, k-1), 1), false},
	}
	priv := testKey(t, 8*k)
	pub := publicOf(t, priv)
	for _, c := range cases {
		if len(c.em) != k {
			t.Fatalf("%s: the case is %d bytes long", c.name, len(c.em))
		}
		sig := new(big.Int).Exp(new(big.Int).SetBytes(c.em), priv.D, priv.N).FillBytes(make([]byte, k))
		if got := pub.verify(prefixSHA256, d, sig); got != c.ok {
			t.Errorf("%s: got %v", c.name, got)
		}
		if got := rsa.VerifyPKCS1v15(&priv.PublicKey, crypto.SHA256, d, sig) == nil; got != c.ok {
			t.Errorf("%s: crypto/rsa disagrees with the case: %v", c.name, got)
		}
	}
}

// With e=3 a cube can be made whose top looks right (Bleichenbacher 2006): only
// a comparison of the whole encoded message refuses it.
func TestRSARefusesCubeForgery(t *testing.T) {
	t.Parallel()
	priv := testKey(t, 2048)
	pub, reason, _ := newRSA(priv.N, big.NewInt(3))
	if reason != "" {
		t.Fatal(reason)
	}
	digest := sha256.Sum256([]byte("message"))
	em := append([]byte{0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0}, prefixSHA256...)
	em = append(em, digest[:]...)
	top := len(em)
	em = append(em, bytes.Repeat([]byte{0x80}, 256-len(em))...)
	root := cubeRoot(new(big.Int).SetBytes(em))
	cube := new(big.Int).Exp(root, big.NewInt(3), nil).FillBytes(make([]byte, 256))
	if !bytes.Equal(cube[:top], em[:top]) {
		t.Fatal("the forgery is not one")
	}
	if pub.verify(prefixSHA256, digest[:], root.FillBytes(make([]byte, 256))) {
		t.Error("a forged signature verifies")
	}
}

// cubeRoot is the greatest integer whose cube is at most n.
func cubeRoot(n *big.Int) *big.Int {
	lo, hi := big.NewInt(0), new(big.Int).Lsh(big.NewInt(1), uint(n.BitLen()/3+1))
	for new(big.Int).Sub(hi, lo).Cmp(big.NewInt(1)) > 0 {
		mid := new(big.Int).Rsh(new(big.Int).Add(lo, hi), 1)
		if new(big.Int).Exp(mid, big.NewInt(3), nil).Cmp(n) <= 0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

func TestParseRSA(t *testing.T) {
	t.Parallel()
	priv := testKey(t, 1024)
	spki, err := x509.MarshalPKIXPublicKey(&priv.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := x509.MarshalPKCS1PublicKey(&priv.PublicKey)
	numbers := func(n, e *big.Int) []byte {
		b, err := asn1.Marshal(struct{ N, E *big.Int }{n, e})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	wrap := func(oid asn1.ObjectIdentifier, params []byte, key []byte) []byte {
		type alg struct {
			OID    asn1.ObjectIdentifier
			Params asn1.RawValue `asn1:"optional"`
		}
		b, err := asn1.Marshal(struct {
			Alg alg
			Key asn1.BitString
		}{alg{oid, asn1.RawValue{FullBytes: params}}, asn1.BitString{Bytes: key, BitLength: 8 * len(key)}})
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	n, e := priv.N, big.NewInt(65537)
	huge := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(1), MaxRSABits), big.NewInt(1))
	largest := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), MaxRSABits), big.NewInt(1))
	cases := []struct {
		name   string
		der    []byte
		reason Reason
	}{
		{"SubjectPublicKeyInfo", spki, ""},
		{"RSAPublicKey", pkcs1, ""},
		{"without parameters", wrap(oidRSA, nil, pkcs1), ""},
		{"with NULL", wrap(oidRSA, []byte{5, 0}, pkcs1), ""},
		{"parameters that are not NULL", wrap(oidRSA, []byte{2, 1, 7}, pkcs1), KeySyntax},
		{"another algorithm", wrap(asn1.ObjectIdentifier{1, 3, 101, 112}, nil, pkcs1), KeySyntax},
		{"the largest modulus", numbers(largest, e), ""},
		{"modulus too large", numbers(huge, e), KeyTooLarge},
		{"modulus even", numbers(new(big.Int).Lsh(n, 1), e), KeySyntax},
		{"modulus negative", numbers(new(big.Int).Neg(n), e), KeySyntax},
		{"modulus zero", numbers(big.NewInt(0), e), KeySyntax},
		{"modulus one", numbers(big.NewInt(1), e), KeySyntax},
		{"exponent one", numbers(n, big.NewInt(1)), KeySyntax},
		{"exponent zero", numbers(n, big.NewInt(0)), KeySyntax},
		{"exponent negative", numbers(n, big.NewInt(-3)), KeySyntax},
		{"exponent even", numbers(n, big.NewInt(65536)), KeySyntax},
		{"exponent three", numbers(n, big.NewInt(3)), ""},
		{"the largest exponent", numbers(n, big.NewInt(MaxRSAExponent)), ""},
		{"exponent too large", numbers(n, big.NewInt(MaxRSAExponent+2)), KeyTooLarge},
		{"exponent over 64 bits", numbers(n, new(big.Int).SetBit(big.NewInt(1), 80, 1)), KeyTooLarge},
		{"bytes after the key", append(slices.Clone(spki), 0), KeySyntax},
		{"bytes after the inner key", append(slices.Clone(pkcs1), 0), KeySyntax},
		{"cut", spki[:len(spki)-1], KeySyntax},
		{"empty", nil, KeySyntax},
		{"text", []byte("no key"), KeySyntax},
	}
	for _, c := range cases {
		k, reason, _ := parseRSA(c.der)
		if reason != c.reason {
			t.Errorf("%s: reason %q, want %q", c.name, reason, c.reason)
		}
		if (k == nil) != (reason != "") {
			t.Errorf("%s: a key and a reason, or neither", c.name)
		}
	}
	if k, _, _ := parseRSA(spki); k.bits != 1024 || k.size != 128 || k.exponent != 65537 {
		t.Errorf("read %d bits, %d bytes, exponent %d", k.bits, k.size, k.exponent)
	}
}

func FuzzParseRSA(f *testing.F) {
	priv := testKey(f, 512)
	spki, _ := x509.MarshalPKIXPublicKey(&priv.PublicKey)
	f.Add(spki)
	f.Add(x509.MarshalPKCS1PublicKey(&priv.PublicKey))
	f.Add([]byte{0x30, 0x06, 2, 1, 15, 2, 1, 3})
	digest := sha256.Sum256(nil)
	f.Fuzz(func(t *testing.T, der []byte) {
		k, reason, _ := parseRSA(der)
		if (k == nil) == (reason == "") {
			t.Fatal("a key and a reason, or neither")
		}
		if k != nil && k.verify(prefixSHA256, digest[:], make([]byte, k.size)) {
			t.Fatal("a signature of zeroes verifies")
		}
		// What the standard library takes for a key of usual size is one here.
		if pub, err := x509.ParsePKCS1PublicKey(der); err == nil && pub.N.Bit(0) == 1 && pub.E > 2 && pub.E%2 == 1 &&
			pub.N.BitLen() > 1 && pub.N.BitLen() <= MaxRSABits && int64(pub.E) <= MaxRSAExponent && k == nil {
			t.Fatalf("refused with %s", reason)
		}
	})
}

func BenchmarkRSAVerify(b *testing.B) {
	for _, bits := range []int{1024, 2048, 4096} {
		priv := testKey(b, bits)
		pub := publicOf(b, priv)
		digest := sha256.Sum256(nil)
		sig, err := rsa.SignPKCS1v15(nil, priv, crypto.SHA256, digest[:])
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprint(bits), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !pub.verify(prefixSHA256, digest[:], sig) {
					b.Fatal("does not verify")
				}
			}
		})
		b.Run(fmt.Sprintf("%d/cryptorsa", bits), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if rsa.VerifyPKCS1v15(&priv.PublicKey, crypto.SHA256, digest[:], sig) != nil {
					b.Fatal("does not verify")
				}
			}
		})
	}
}
