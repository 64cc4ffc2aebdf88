package evidence

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
)

// Limits on Authentication-Results fields.
const (
	// maxMethods is the most results of one field that are kept; receivers
	// write about five, and one for each signature.
	maxMethods = 64
	// maxProperties is the most properties of one result that are kept.
	maxProperties = 24
	// maxComment is the longest comment that is kept, octets.
	maxComment = 512
)

// AuthMethod is one result of an Authentication-Results field (RFC 8601 §2.2).
type AuthMethod struct {
	Method, Result  string // lower case
	Reason, Comment string // reason="..." and the comments, joined by a space
	Properties      []AuthProperty
}

// AuthProperty is one "ptype.property=value" (RFC 8601 §2.3), or a pair without
// a ptype, as several receivers write them.
type AuthProperty struct {
	Name  string // lower case
	Value string // without quotes
}

// Property returns the value of a property by its lower-case name.
func (m *AuthMethod) Property(name string) string {
	for i := range m.Properties {
		if m.Properties[i].Name == name {
			return m.Properties[i].Value
		}
	}
	return ""
}

// parseAuthResults takes an Authentication-Results value apart (RFC 8601 §2.2).
//
// Beside the grammar it reads what receivers write: fields without an
// authserv-id (Microsoft puts the receiving domain, a bare word, between the
// results), values that hold what no token may, comments in any place, empty
// parts, and a missing semicolon before a result. An id is empty where the
// field has none.
func parseAuthResults(value []byte) (id string, res []AuthMethod) {
	s := resultScanner{v: value}
	var p authResParser
	for {
		w, kind := s.word()
		switch kind {
		case wordEnded:
			p.flush()
			return p.id, p.res
		case wordBreak:
			p.flush()
			p.started = true
		case wordComment:
			p.comment(w)
		case wordPlain:
			if k, v, ok := s.pair(w); ok {
				p.pair(k, v)
			} else {
				p.bare(w)
			}
		}
	}
}

// authservID returns only the id of a field, so that fields of others cost
// nothing.
func authservID(value []byte) []byte {
	s := resultScanner{v: value}
	for {
		w, kind := s.word()
		if kind == wordEnded {
			return nil
		}
		if kind != wordPlain {
			continue
		}
		if _, _, ok := s.pair(w); !ok {
			return w
		}
	}
}

// authResParser gathers results.
type authResParser struct {
	id      string
	hasID   bool
	started bool // behind the first semicolon
	open    bool // now holds a result
	now     AuthMethod
	res     []AuthMethod
}

func (p *authResParser) flush() {
	if p.open && len(p.res) < maxMethods {
		p.res = append(p.res, p.now)
	}
	p.now, p.open = AuthMethod{}, false
}

func (p *authResParser) comment(w []byte) {
	if !p.open {
		return
	}
	words := strings.Fields(text(w, max(0, maxComment-len(p.now.Comment))))
	if len(words) == 0 {
		return
	}
	if p.now.Comment != "" {
		words = slices.Insert(words, 0, p.now.Comment)
	}
	p.now.Comment = strings.Join(words, " ")
}

// bare is a word without "=": the id, its version, "none".
func (p *authResParser) bare(w []byte) {
	if !p.hasID && !p.open {
		p.id, p.hasID = text(w, maxText), true
	}
}

func (p *authResParser) pair(k, v []byte) {
	method := bytes.IndexByte(k, '.') < 0 && knownMethod(k)
	switch {
	case method && p.open: // a semicolon is missing
		p.flush()
		fallthrough
	case !p.open && (method || p.started):
		p.open = true
		if i := bytes.IndexByte(k, '/'); i > 0 { // "dkim/1"
			k = k[:i]
		}
		p.now.Method = strings.ToLower(text(k, maxProtocol))
		p.now.Result = strings.ToLower(text(v, maxProtocol))
	case !p.open: // Yahoo's "from=example.com" behind the id
	case equalFold(k, "reason"):
		p.now.Reason = text(v, maxText)
	case len(p.now.Properties) < maxProperties:
		p.now.Properties = append(p.now.Properties, AuthProperty{strings.ToLower(text(k, maxProtocol)), text(v, maxText)})
	}
}

// knownMethod tells the methods that may begin a result where no semicolon
// does.
func knownMethod(k []byte) bool {
	if i := bytes.IndexByte(k, '/'); i > 0 {
		k = k[:i]
	}
	for _, m := range [...]string{"spf", "dkim", "dmarc", "arc", "iprev", "auth", "dkim-adsp", "domainkeys", "sender-id", "compauth"} {
		if equalFold(k, m) {
			return true
		}
	}
	return false
}

// bits reads the key size of "(2048-bit key)".
func (m *AuthMethod) bits() int32 {
	n := int32(0)
	for i := 0; i < len(m.Comment) && i < 6; i++ {
		c := m.Comment[i]
		if isDigit(c) {
			n = n*10 + int32(c-'0')
			continue
		}
		if strings.HasPrefix(m.Comment[i:], "-bit") {
			return n
		}
		break
	}
	return 0
}

// clientIP returns the client's address that a result speaks of.
func (m *AuthMethod) clientIP() netip.Addr {
	for _, name := range [...]string{"smtp.remote-ip", "smtp.client-ip", "policy.iprev"} {
		if ip, ok := parseIP([]byte(m.Property(name))); ok {
			return ip
		}
	}
	if m.Method == "spf" || m.Method == "iprev" {
		return spokenIP([]byte(m.Comment))
	}
	return netip.Addr{}
}

// commentValue returns what stands behind "key=" in the comments: Gmail's and
// OpenDMARC's "(p=reject dis=none)", rspamd's "(policy=none)".
func (m *AuthMethod) commentValue(keys ...string) string {
	for _, w := range strings.FieldsFunc(m.Comment, func(r rune) bool { return r == ' ' || r == ',' || r == ';' }) {
		k, v, ok := strings.Cut(w, "=")
		if !ok || v == "" {
			continue
		}
		for _, want := range keys {
			if strings.EqualFold(k, want) {
				return strings.ToLower(v)
			}
		}
	}
	return ""
}
