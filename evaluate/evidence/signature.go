package evidence

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"hash"
	"strings"
	"time"
)

// MaxSignatures is the most DKIM signatures of a message that are judged. Real
// mail carries up to four; RFC 6376 §6.1 lets a verifier limit them.
const MaxSignatures = 20

// Problems of signatures that no key can mend: words of dkim.Reason.
const (
	problemSyntax       = "syntax"                       // the tag-list, or a value in it, breaks RFC 6376 §3.2, §3.5
	problemMissingTag   = "missing_tag"                  // a required tag is not there: RFC 6376 §6.1.1
	problemVersion      = "unsupported_version"          // v= is not 1: RFC 6376 §6.1.1
	problemAlgorithm    = "unsupported_algorithm"        // a= is unknown
	problemCanon        = "unsupported_canonicalization" // c= is unknown
	problemQuery        = "unsupported_query"            // q= names no method known here: RFC 6376 §3.5
	problemDomain       = "domain_mismatch"              // i= is not in d=: RFC 6376 §6.1.1
	problemFromUnsigned = "from_not_signed"              // h= lacks From: RFC 6376 §6.1.1
	problemExpiry       = "expiry_before_signing"        // x= is not after t=: RFC 6376 §3.5
	problemSealSigned   = "arc_seal_signed"              // h= of an AMS names ARC-Seal: RFC 8617 §4.1.2
)

// sigKind tells the three fields that carry signatures apart.
type sigKind uint8

const (
	sigDKIM sigKind = iota
	sigAMS          // ARC-Message-Signature, RFC 8617 §4.1.2
	sigSeal         // ARC-Seal, RFC 8617 §4.1.3
)

// pending is a signature whose body hash is still being computed.
type pending struct {
	sig   *Signature
	bh    []byte // bh= decoded
	body  *bodyHash
	canon *bodyCanon
}

// sigParser reads signature fields; its scratch is reused from message to message.
type sigParser struct {
	tags    tagList
	scratch []byte
	used    []bool
	emptied []byte // a signature's own field without b=
	sha1    hash.Hash
	sha256  hash.Hash
	kept    slab
}

// slab makes the small byte slices that evidence keeps from larger pieces of
// memory, each of which lives as long as one of them.
type slab struct{ free []byte }

// slabSize is such a piece: the hashes and values of a dozen signatures.
const slabSize = 4 << 10

// take returns an empty slice with room for n bytes.
func (s *slab) take(n int) []byte {
	if n > len(s.free) {
		s.free = make([]byte, max(n, slabSize))
	}
	b := s.free[:0:n]
	s.free = s.free[n:]
	return b
}

func (s *slab) clone(b []byte) []byte { return append(s.take(len(b)), b...) }

// parse fills s from one field's tags and returns bh= decoded. Problems are set
// in the order of RFC 6376 §6.1.1; whatever can be read is kept beside them.
func (p *sigParser) parse(s *Signature, f *Field, kind sigKind) (bh []byte) {
	s.BodyLength = -1
	var wellFormed bool
	p.tags, wellFormed = parseTags(p.tags[:0], f.Value)
	if !wellFormed {
		s.fail(problemSyntax, "tag list")
	}
	p.checkVersion(s, kind)
	p.identity(s, kind)
	p.algorithm(s)
	p.times(s)
	s.Signature = p.bytes(s, "b")
	if kind == sigSeal {
		s.HeaderCanon, s.BodyCanon = Relaxed, Relaxed // RFC 8617 §5.1.1
		return nil
	}
	p.canonicalization(s)
	p.headers(s, kind)
	p.query(s)
	p.bodyLength(s)
	return p.bytes(s, "bh")
}

// fail sets the first problem.
func (s *Signature) fail(problem, detail string) {
	if s.Problem == "" {
		s.Problem, s.Detail = problem, detail
	}
}

func (p *sigParser) checkVersion(s *Signature, kind sigKind) {
	v, ok := p.tags.get("v")
	if kind != sigDKIM {
		return // RFC 8617 §4.1.2, §4.1.3: no version tag
	}
	switch {
	case !ok:
		s.fail(problemMissingTag, "v=")
	case string(v) != "1":
		s.fail(problemVersion, "v="+cut(v))
	}
}

// identity reads d=, s= and i=.
func (p *sigParser) identity(s *Signature, kind sigKind) {
	d, ok := p.tags.get("d")
	if !ok {
		s.fail(problemMissingTag, "d=")
	} else if s.Domain, ok = p.domain(d); !ok {
		s.fail(problemSyntax, "d="+cut(d))
	}
	sel, ok := p.tags.get("s")
	if !ok {
		s.fail(problemMissingTag, "s=")
	} else if s.Selector, ok = p.domain(sel); !ok {
		s.fail(problemSyntax, "s="+cut(sel))
	}
	s.AUIDDomain = s.Domain
	i, ok := p.tags.get("i")
	if !ok || kind != sigDKIM {
		return
	}
	p.auid(s, i)
}

// auid reads i=: an optional local part and a domain that is d= or below it
// (RFC 6376 §3.5, §6.1.1). The whole value is dkim-quoted-printable, so even the
// "@" may be written as an escape.
func (p *sigParser) auid(s *Signature, v []byte) {
	p.scratch = dkimQuotedPrintable(removeFWS(p.scratch[:0], v))
	at := bytes.LastIndexByte(p.scratch, '@')
	if at < 0 {
		s.fail(problemSyntax, "i= "+cut(v))
		return
	}
	s.HasAUID = true
	s.AUIDLocal = string(p.scratch[:at])
	domain := p.scratch[at+1:]
	if string(domain) == s.Domain {
		return
	}
	var ok bool
	if s.AUIDDomain, ok = domainOf(domain); !ok {
		s.AUIDDomain = ""
		s.fail(problemSyntax, "i= "+cut(v))
		return
	}
	if s.AUIDDomain != s.Domain && !strings.HasSuffix(s.AUIDDomain, "."+s.Domain) {
		s.fail(problemDomain, "i= "+cut(v))
	}
}

// dkimQuotedPrintable undoes RFC 6376 §2.11, in place; what is no valid escape
// stays.
func dkimQuotedPrintable(v []byte) []byte {
	if bytes.IndexByte(v, '=') < 0 {
		return v
	}
	out := v[:0]
	for i := 0; i < len(v); i++ {
		if v[i] == '=' && i+2 < len(v) {
			hi, lo := unhex(v[i+1]), unhex(v[i+2])
			if hi >= 0 && lo >= 0 {
				out = append(out, byte(hi<<4|lo))
				i += 2
				continue
			}
		}
		out = append(out, v[i])
	}
	return out
}

func unhex(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case 'A' <= b && b <= 'F':
		return int(b-'A') + 10
	}
	return -1
}

// domain reads a domain or selector, in which folding may stand.
func (p *sigParser) domain(v []byte) (string, bool) {
	p.scratch = removeFWS(p.scratch[:0], v)
	return domainOf(p.scratch)
}

// algorithm reads a= (RFC 6376 §3.3, RFC 8463 §3).
func (p *sigParser) algorithm(s *Signature) {
	v, ok := p.tags.get("a")
	if !ok {
		s.fail(problemMissingTag, "a=")
		return
	}
	s.Algorithm = algorithmName(v)
	switch s.Algorithm {
	case "rsa-sha256", "rsa-sha1", "ed25519-sha256":
	default:
		s.fail(problemAlgorithm, "a="+cut(v))
	}
}

// algorithmName is a= in lower case, without allocation for the known ones.
func algorithmName(v []byte) string {
	for _, known := range [...]string{"rsa-sha256", "rsa-sha1", "ed25519-sha256"} {
		if equalFold(v, known) {
			return known
		}
	}
	return cut(bytes.ToLower(v))
}

// times reads t= and x=.
func (p *sigParser) times(s *Signature) {
	if v, ok := p.tags.get("t"); ok {
		n, ok := parseNumber(v)
		if !ok {
			s.fail(problemSyntax, "t="+cut(v))
		}
		s.SignedAt = unixTime(n)
	}
	v, ok := p.tags.get("x")
	if !ok {
		return
	}
	n, ok := parseNumber(v)
	if !ok {
		s.fail(problemSyntax, "x="+cut(v))
		return
	}
	s.ExpiresAt = unixTime(n)
	if !s.SignedAt.IsZero() && !s.ExpiresAt.After(s.SignedAt) {
		s.fail(problemExpiry, "x="+cut(v))
	}
}

// maxTime is the last second of the year 9999: later stamps stand for it, so
// that every table can hold them.
const maxTime = 253402300799

func unixTime(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.Unix(min(n, maxTime), 0).UTC()
}

// bytes decodes a required base64 tag.
func (p *sigParser) bytes(s *Signature, name string) []byte {
	v, ok := p.tags.get(name)
	if !ok {
		s.fail(problemMissingTag, name+"=")
		return nil
	}
	p.scratch, ok = decodeBase64(p.scratch[:0], v)
	if !ok {
		s.fail(problemSyntax, name+"=")
		return nil
	}
	return p.kept.clone(p.scratch)
}

// canonicalization reads c=: "header/body", either part simple where left out
// (RFC 6376 §3.5).
func (p *sigParser) canonicalization(s *Signature) {
	v, ok := p.tags.get("c")
	if !ok {
		return
	}
	head, body, two := bytes.Cut(v, []byte("/"))
	var ok1, ok2 bool
	s.HeaderCanon, ok1 = canonOf(trimFWS(head))
	ok2 = true
	if two {
		s.BodyCanon, ok2 = canonOf(trimFWS(body))
	}
	if !ok1 || !ok2 {
		s.fail(problemCanon, "c="+cut(v))
	}
}

func canonOf(v []byte) (Canon, bool) {
	switch {
	case equalFold(v, "relaxed"):
		return Relaxed, true
	case equalFold(v, "simple"):
		return Simple, true
	}
	return Simple, false
}

// headers reads h=: required, with From in it (RFC 6376 §3.5, §5.4, §6.1.1).
func (p *sigParser) headers(s *Signature, kind sigKind) {
	v, ok := p.tags.get("h")
	if !ok {
		s.fail(problemMissingTag, "h=")
		return
	}
	p.scratch = removeFWS(p.scratch[:0], v)
	s.SignedHeaders = string(p.scratch)
	if len(p.scratch) == 0 {
		s.fail(problemSyntax, "h= is empty")
		return
	}
	from, seal := false, false
	for rest := p.scratch; len(rest) > 0; {
		var name []byte
		name, rest, _ = bytes.Cut(rest, []byte(":"))
		from = from || equalFold(name, "from")
		seal = seal || equalFold(name, "arc-seal")
	}
	if !from {
		s.fail(problemFromUnsigned, "")
	}
	if seal && kind == sigAMS {
		s.fail(problemSealSigned, "")
	}
}

// query reads q=: of the methods listed one must be known (RFC 6376 §3.5).
func (p *sigParser) query(s *Signature) {
	v, ok := p.tags.get("q")
	if !ok {
		return
	}
	for rest, more := v, true; more; {
		var method []byte
		method, rest, more = bytes.Cut(rest, []byte(":"))
		method = trimFWS(method)
		if equalFold(method, "dns/txt") || equalFold(method, "dns") { // "dns": RFC 4870 and early drafts
			return
		}
	}
	s.fail(problemQuery, "q="+cut(v))
}

func (p *sigParser) bodyLength(s *Signature) {
	v, ok := p.tags.get("l")
	if !ok {
		return
	}
	n, ok := parseNumber(v)
	if !ok {
		s.fail(problemSyntax, "l="+cut(v))
		return
	}
	s.BodyLength = n
}

// newHash returns the hash of a signature's algorithm.
func (s *Signature) newHash() hash.Hash {
	if s.Algorithm == "rsa-sha1" {
		return sha1.New()
	}
	return sha256.New()
}

// maxDetail bounds what of a bad value is quoted.
const maxDetail = 80

func cut(v []byte) string {
	if len(v) > maxDetail {
		v = v[:maxDetail]
	}
	return string(v)
}
