package dkim

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"

	"mailaudit/evaluate/evidence"
)

// keyRecord is one parsed key record (RFC 6376 §3.6.1). It is read-only.
type keyRecord struct {
	// problem is KeySyntax where the record cannot be used by any signature.
	problem Reason
	detail  string

	email       bool    // s= admits mail
	hashes      hashSet // h=
	revoked     bool    // p= is empty
	keyType     string  // k=
	testing     bool    // t=y
	strict      bool    // t=s
	granularity string  // g=; "*" where absent

	// keyProblem is why p= holds no key that can be used, with what it says.
	keyProblem Reason
	keyDetail  string
	rsa        *rsaKey
	ed25519    ed25519.PublicKey
	bits       int32
}

// MaxKeyRecordBytes is the longest key record that is read. A key of MaxRSABits
// takes 1,400 bytes of base64; the rest is for notes.
const MaxKeyRecordBytes = 16 << 10

// parseKey reads a key record. White space is free where the grammar has FWS;
// tags that are unknown are ignored; everything else that breaks the grammar is
// KeySyntax, as RFC 6376 §6.1.2 item 5 advises.
func parseKey(txt string) *keyRecord {
	k := &keyRecord{email: true, hashes: hashAny, keyType: "rsa", granularity: "*"}
	if len(txt) > MaxKeyRecordBytes {
		return k.bad("too long")
	}
	var tags keyTags
	if why := tags.parse(txt); why != "" {
		return k.bad(why)
	}
	// RFC 6376 §3.6.1 v=: a record that begins with another version MUST be
	// discarded, and the tag MUST be the first. The comparison is of strings.
	version := tags[tagV]
	if version.set && version.value != "DKIM1" {
		return k.bad("v=" + shorten(version.value))
	}
	if version.set && version.index != 0 {
		return k.bad("v= is not the first tag")
	}
	if !tags[tagP].set {
		return k.bad("no p=")
	}
	k.lists(&tags)
	if t := tags[tagK]; t.set {
		k.keyType = t.value
	}
	if t := tags[tagG]; t.set {
		k.granularity = removeFWS(t.value)
		// RFC 4871 errata 1532: without v= the record may be one of
		// DomainKeys, where an empty g= stands for "*".
		if k.granularity == "" && !version.set {
			k.granularity = "*"
		}
	}
	k.publicKey(tags[tagP].value)
	return k
}

func (k *keyRecord) bad(why string) *keyRecord {
	k.problem, k.detail = KeySyntax, why
	return k
}

// lists reads the colon-separated tags. Words that are unknown are ignored (RFC
// 6376 §3.6.1 h=, s=, t=).
func (k *keyRecord) lists(tags *keyTags) {
	if t := tags[tagH]; t.set {
		k.hashes = 0
		for w := range strings.SplitSeq(t.value, ":") {
			switch trimFWS(w) {
			case "sha1":
				k.hashes |= hashSHA1
			case "sha256":
				k.hashes |= hashSHA256
			}
		}
	}
	if t := tags[tagS]; t.set {
		k.email = false
		for w := range strings.SplitSeq(t.value, ":") {
			w = trimFWS(w)
			k.email = k.email || w == "email" || w == "*"
		}
	}
	for w := range strings.SplitSeq(tags[tagT].value, ":") {
		w = trimFWS(w)
		k.testing = k.testing || w == "y"
		k.strict = k.strict || w == "s"
	}
}

// publicKey reads p= by k=. RFC 6376 §3.6.1 asks for the type's own form, so
// p= of an unknown type is not looked into.
func (k *keyRecord) publicKey(p string) {
	p = removeFWS(p)
	if p == "" {
		k.revoked = true
		return
	}
	if k.keyType != "rsa" && k.keyType != "ed25519" {
		return
	}
	// The grammar of RFC 6376 §2.10 lets the padding be left out.
	der, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(p, "="))
	if err != nil {
		k.keyProblem, k.keyDetail = KeySyntax, "p= is no base64"
		return
	}
	if k.keyType == "rsa" {
		k.rsa, k.keyProblem, k.keyDetail = parseRSA(der)
		if k.rsa != nil {
			k.bits = k.rsa.bits
		}
		return
	}
	// RFC 8463 §4: the 32 bytes alone, not wrapped in SubjectPublicKeyInfo.
	if len(der) != ed25519.PublicKeySize {
		k.keyProblem, k.keyDetail = KeySyntax, "p= is no 32-byte Ed25519 key"
		return
	}
	k.ed25519, k.bits = der, 256
}

// admits tells why this record must be ignored for a signature, in the order of
// RFC 6376 §6.1.2; empty where its key may be used.
func (k *keyRecord) admits(s *evidence.Signature, a algorithm, r rules) (Reason, string) {
	switch {
	case k.problem != "":
		return k.problem, k.detail
	case !k.email:
		return KeyService, ""
	case k.hashes&a.hash == 0:
		return KeyHash, ""
	case k.revoked:
		return KeyRevoked, ""
	case k.keyType != a.keyType:
		return KeyType, "k=" + shorten(k.keyType)
	case k.keyProblem != "":
		return k.keyProblem, k.keyDetail
	case k.rsa != nil && k.bits < r.minBits:
		return KeyTooSmall, ""
	case k.strict && s.AUIDDomain != s.Domain:
		return AUIDMismatch, "i= is in " + s.AUIDDomain
	case r.granularity && !granted(k.granularity, s.AUIDLocal):
		return KeyGranularity, "g=" + shorten(k.granularity)
	}
	return "", ""
}

// granted matches g= with the local part of i= (RFC 4871 §3.6.1): a single "*"
// matches any run of characters, an empty g= matches nothing.
func granted(g, local string) bool {
	before, after, wild := strings.Cut(g, "*")
	if !wild {
		return g != "" && g == local
	}
	return len(local) >= len(before)+len(after) &&
		strings.HasPrefix(local, before) && strings.HasSuffix(local, after)
}

// maxQuoted bounds what of a bad value is quoted, in bytes.
const maxQuoted = 80

func shorten(s string) string {
	if len(s) > maxQuoted {
		return s[:maxQuoted] + "..."
	}
	return s
}
