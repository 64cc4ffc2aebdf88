package corpus

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"embed"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"sync"
)

//go:embed keys/*.pem
var keyFiles embed.FS

// Key is one of the committed test keys.
type Key struct {
	Name string // its file's name without ".pem"
	rsa  *rsa.PrivateKey
	ed   ed25519.PrivateKey
	pub  string // the p= value of its key record
}

// keyring holds every committed key by name; it is built once and never changes.
var keyring = sync.OnceValue(func() map[string]*Key {
	files, err := keyFiles.ReadDir("keys")
	if err != nil {
		panic(err) // the files are compiled in
	}
	ring := make(map[string]*Key)
	for _, f := range files {
		name := f.Name()[:len(f.Name())-len(".pem")]
		ring[name] = readKey(name)
	}
	return ring
})

// key returns the committed key of that name and panics where there is none.
func key(name string) *Key {
	k := keyring()[name]
	if k == nil {
		panic("corpus: no key " + name)
	}
	return k
}

func readKey(name string) *Key {
	data, err := keyFiles.ReadFile("keys/" + name + ".pem")
	if err != nil {
		panic(err)
	}
	block, _ := pem.Decode(data)
	k := &Key{Name: name}
	if block.Type == "RSA PRIVATE KEY" {
		if k.rsa, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			panic(err)
		}
		der, err := x509.MarshalPKIXPublicKey(&k.rsa.PublicKey)
		if err != nil {
			panic(err)
		}
		k.pub = base64.StdEncoding.EncodeToString(der)
		return k
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		panic(err)
	}
	k.ed = parsed.(ed25519.PrivateKey)
	// RFC 8463 section 4.2: the bare 32 octets, no SubjectPublicKeyInfo.
	k.pub = base64.StdEncoding.EncodeToString(k.ed.Public().(ed25519.PublicKey))
	return k
}

// Record is the key record that a domain publishes for k (RFC 6376 section 3.6.1).
func (k *Key) Record() string {
	if k.ed != nil {
		return "v=DKIM1; k=ed25519; p=" + k.pub
	}
	return "v=DKIM1; k=rsa; p=" + k.pub
}

// algorithm is the a= value under hash "sha256" or "sha1".
func (k *Key) algorithm(hash string) string {
	if k.ed != nil {
		return "ed25519-" + hash
	}
	return "rsa-" + hash
}

// digest hashes data with "sha256" or "sha1".
func digest(hash string, data []byte) []byte {
	if hash == "sha1" {
		sum := sha1.Sum(data)
		return sum[:]
	}
	sum := sha256.Sum256(data)
	return sum[:]
}

// sign signs a digest: RSASSA-PKCS1-v1_5 (RFC 8017 section 8.2) or, by RFC 8463
// section 3, PureEdDSA over the digest's octets.
func (k *Key) sign(hash string, sum []byte) []byte {
	if k.ed != nil {
		return ed25519.Sign(k.ed, sum)
	}
	if k.rsa.N.BitLen() < 1024 {
		return textbookSign(k.rsa, hash, sum)
	}
	h := crypto.SHA256
	if hash == "sha1" {
		h = crypto.SHA1
	}
	// The random source only blinds; PKCS #1 v1.5 signatures are deterministic.
	sig, err := rsa.SignPKCS1v15(rand.Reader, k.rsa, h, sum)
	if err != nil {
		panic(err)
	}
	return sig
}

// textbookSign is RSASSA-PKCS1-v1_5 with math/big, because crypto/rsa refuses
// the short keys that old mail was signed with.
func textbookSign(k *rsa.PrivateKey, hash string, sum []byte) []byte {
	oid := asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1} // SHA-256
	if hash == "sha1" {
		oid = asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}
	}
	type algorithm struct {
		OID  asn1.ObjectIdentifier
		Null asn1.RawValue
	}
	info, err := asn1.Marshal(struct {
		Algorithm algorithm
		Digest    []byte
	}{algorithm{oid, asn1.NullRawValue}, sum})
	if err != nil {
		panic(err)
	}
	em := make([]byte, k.Size())
	em[1] = 1
	fill := em[2 : len(em)-len(info)-1]
	for i := range fill {
		fill[i] = 0xff
	}
	copy(em[len(em)-len(info):], info)
	s := new(big.Int).Exp(new(big.Int).SetBytes(em), k.D, k.N)
	return s.FillBytes(make([]byte, k.Size()))
}
