package sink

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"

	"github.com/parquet-go/parquet-go"
)

// Addresses says what becomes of the local parts of mail addresses.
type Addresses string

// The choices. The zero value is AddressesNone.
const (
	AddressesNone Addresses = "none" // left out
	AddressesHash Addresses = "hash" // HMAC-SHA-256 under the user's key, the first 128 bits in hex
	AddressesFull Addresses = "full" // as written
)

// minHashKey is the least length of a key for AddressesHash in bytes. Local
// parts are easily guessed: the key is all that hides them.
const minHashKey = 16

// hashBytes is how much of a hash is kept.
const hashBytes = 16

// privacy puts local parts into columns as the run's choice wants.
type privacy struct {
	mode Addresses
	kept bool // for AddressesHash: local parts are hashes already
	key  []byte
	mac  hash.Hash
	sum  [sha256.Size]byte
}

func newPrivacy(mode Addresses, key []byte) (*privacy, error) {
	switch mode {
	case "", AddressesNone:
		return &privacy{mode: AddressesNone}, nil
	case AddressesFull:
		return &privacy{mode: mode}, nil
	case AddressesHash:
		if len(key) < minHashKey {
			return nil, fmt.Errorf("the key that hashes addresses has %d bytes, %d are needed", len(key), minHashKey)
		}
		return (&privacy{mode: mode, key: key}).clone(), nil
	}
	return nil, fmt.Errorf("addresses: %q is not one of none, hash, full", string(mode))
}

// clone is for another goroutine.
func (p *privacy) clone() *privacy {
	c := &privacy{mode: p.mode, key: p.key, kept: p.kept}
	if p.mode == AddressesHash && !p.kept {
		c.mac = hmac.New(sha256.New, p.key)
	}
	return c
}

// keyCheck tells two keys apart without telling anything of them.
func (p *privacy) keyCheck() string {
	if p.mac == nil {
		return ""
	}
	return string(p.appendHash(nil, "", "key check"))
}

// appendHash appends the hash of local@domain. The domain is part of it, so that
// the same local part at two domains does not show as the same person.
func (p *privacy) appendHash(dst []byte, local, domain string) []byte {
	if p.kept {
		return append(dst, local...)
	}
	p.mac.Reset()
	p.mac.Write([]byte(local))
	p.mac.Write([]byte{'@'})
	p.mac.Write([]byte(domain))
	return hex.AppendEncode(dst, p.mac.Sum(p.sum[:0])[:hashBytes])
}

// appendLocal appends what the dataset may know of a local part.
func (p *privacy) appendLocal(dst []byte, local, domain string) []byte {
	switch {
	case local == "" || p.mode == AddressesNone:
		return dst
	case p.mode == AddressesHash:
		return p.appendHash(dst, local, domain)
	}
	return append(dst, local...)
}

// localPart is the value of a column that holds a local part.
func (s *scratch) localPart(local, domain string) parquet.Value {
	switch {
	case local == "" || s.privacy.mode == AddressesNone:
		return parquet.Value{}
	case s.privacy.mode == AddressesHash:
		return s.take(s.privacy.appendHash(s.room(max(2*hashBytes, len(local))), local, domain))
	}
	return textValue(local)
}

// address is the value of a column that holds local@domain.
func (s *scratch) address(local, domain string) parquet.Value {
	local, domain = EscapeText(local), EscapeText(domain)
	b := s.room(len(local) + len(domain) + 2*hashBytes + 1)
	b = append(s.privacy.appendLocal(b, local, domain), '@')
	return s.take(append(b, domain...))
}

// textWithAddresses is the value of a column of free text: every address in it
// is treated as the run's choice wants.
func (s *scratch) textWithAddresses(t string) parquet.Value {
	if s.privacy.mode == AddressesFull || strings.IndexByte(t, '@') < 0 {
		return textValue(t)
	}
	return textValue(s.privacy.redact(t))
}

// redact replaces what stands before each at sign. Whatever may belong to a
// local part is taken for one: rather a word too many than an address.
func (p *privacy) redact(t string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(t, '@')
		if at < 0 {
			b.WriteString(t)
			return b.String()
		}
		start := localStart(t, at)
		end := at + 1
		for end < len(t) && domainByte(t[end]) {
			end++
		}
		b.WriteString(t[:start])
		b.Write(p.appendLocal(nil, t[start:at], t[at+1:end]))
		b.WriteString(t[at:end])
		t = t[end:]
	}
}

// localStart is where the local part begins that ends before at: behind a
// quoted string's first quote, or the run of bytes an atom may have.
func localStart(t string, at int) int {
	if at > 1 && t[at-1] == '"' {
		if q := strings.LastIndexByte(t[:at-1], '"'); q >= 0 {
			return q
		}
		return 0
	}
	i := at
	for i > 0 && !strings.ContainsRune(" \t\r\n<>()[],;:\"", rune(t[i-1])) {
		i--
	}
	// smtp.mailfrom=user@example.org: the part before the last "=" is a name,
	// unless nothing would be left (BATV, SRS: prvs=tag=user@example.org).
	if eq := strings.IndexByte(t[i:at], '='); eq >= 0 && propertyName(t[i:i+eq]) {
		i += eq + 1
	}
	return i
}

// propertyName tells whether s is a name before an equals sign in an
// Authentication-Results field: "smtp.mailfrom", "header.i" (RFC 8601 section 2.2).
func propertyName(s string) bool {
	kind, name, ok := strings.Cut(s, ".")
	return ok && name != "" && (kind == "smtp" || kind == "header" || kind == "policy" || kind == "body")
}

func domainByte(c byte) bool {
	return c == '.' || c == '-' || c == '_' || c >= '0' && c <= '9' ||
		c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// addressText is a column of free text that may quote addresses.
func addressText[T any](name, doc string, at func(T) *string) column[T] {
	c := textColumn(name, long, doc, at)
	c.put = putAddressText(at)
	return c
}
