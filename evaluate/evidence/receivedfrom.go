package evidence

import (
	"bytes"
	"net/netip"
)

// comment reads a comment of a clause: who the client is, how it said hello,
// whether it authenticated, whom it sent for.
func (r *rawHop) comment(part clause, c []byte) {
	first, rest := nextWord(c)
	switch {
	case len(first) == 0:
	case isHello(first):
		r.helo, _ = nextWord(rest)
		r.hasHELO = true
	case equalFold(first, "envelope-from"), equalFold(first, "envelope-sender"):
		r.sender(rest)
	case r.authComment(first, rest):
		if equalFold(first, "account") { // CommuniGate: the address follows
			_, rest = nextWord(rest)
			r.client(rest)
		}
	case part == clauseNone && equalFold(first, "from"): // Sendmail's Submit
		r.from, rest = nextWord(rest)
		r.clauses |= 1 << clauseFrom
		r.client(rest)
	case part == clauseFrom && !r.ip.IsValid():
		r.client(c)
	default:
		r.keys(c)
	}
}

func (r *rawHop) sender(rest []byte) {
	if w, _ := nextWord(rest); r.envFrom == nil {
		r.envFrom = w
	}
}

func isHello(w []byte) bool {
	return equalFold(w, "helo") || equalFold(w, "ehlo") || equalFold(w, "lhlo")
}

// authComment recognises the comments that MTAs write for a client that
// authenticated. The word must lead the comment, or follow a program's name
// (SquirrelMail): a client cannot put it there.
func (r *rawHop) authComment(first, rest []byte) bool {
	switch {
	case equalFold(first, "authenticated"):
		r.authBasis = "authenticated"
	case equalFold(first, "account"):
		r.authBasis = "account"
	case equalFold(first, "auth:"):
		r.authBasis = "auth:"
	case equalFold(first, "smtp-auth"), equalFold(first, "smtpauth"):
		r.authBasis = "smtp-auth"
	case isProgram(first):
		second, more := nextWord(rest)
		if !equalFold(second, "authenticated") || len(more) == 0 {
			return false
		}
		r.authBasis = "authenticated"
	default:
		return false
	}
	return true
}

// isProgram tells a program's name from a host's, and from "not".
func isProgram(w []byte) bool {
	return bytes.IndexByte(w, '.') < 0 && bytes.IndexByte(w, '[') < 0 && !equalFold(w, "not")
}

// keys reads "key=value" in a comment that is not about the client.
func (r *rawHop) keys(c []byte) {
	if bytes.IndexByte(c, '=') < 0 {
		return
	}
	for w, rest := nextWord(c); len(w) > 0; w, rest = nextWord(rest) {
		r.key(w)
	}
}

// key reads one "key=value"; false where the word is none.
func (r *rawHop) key(w []byte) bool {
	i := bytes.IndexByte(w, '=')
	if i <= 0 || w[0] == '[' || w[0] == '<' {
		return false
	}
	k, value := w[:i], w[i+1:]
	switch {
	case equalFold(k, "helo"), equalFold(k, "ehlo"):
		r.helo, r.hasHELO = value, true
	case equalFold(k, "envelope-from"), equalFold(k, "envelope-sender"):
		r.envFrom = value
	case equalFold(k, "auth"), equalFold(k, "smtp.auth"):
		if len(value) > 0 && !isNegative(value) {
			r.authBasis = "auth="
		}
	}
	return true
}

// client reads the comment that names the client: "name [address]" and its
// many variants.
func (r *rawHop) client(c []byte) {
	words, name, peer := 0, []byte(nil), false // peer: something in brackets follows the name
	for w, rest := nextWord(c); len(w) > 0; w, rest = nextWord(rest) {
		words++
		switch {
		case w[0] == '(': // "(may be forged)"
		case w[0] == '"':
			r.quotedHello(w)
		case isHello(w):
			r.helo, rest = nextWord(rest)
			r.hasHELO = true
		case r.key(w):
		case equalFold(w, "with") && words == 2 && bytes.IndexByte(c, '@') >= 0:
			r.authBasis = "with" // Yahoo: "(user@192.0.2.1 with login)"
		default:
			had := r.ip.IsValid()
			n := r.clientWord(w)
			if words == 1 {
				name = n
			}
			peer = peer || !had && r.ip.IsValid() || equalFold(w, "[local]") // OpenSMTPD
		}
	}
	if r.name == nil && isHostName(name) && (peer || words == 1 && bytes.IndexByte(name, '.') > 0) {
		r.name = name
	}
}

// clientWord reads one word of the client's comment and returns the name in it:
// "name[address]", "ident@name", "ident@[address]".
func (r *rawHop) clientWord(w []byte) (name []byte) {
	if !r.ip.IsValid() && r.setIP(w) {
		return nil
	}
	if i := bytes.IndexByte(w, '['); i > 0 {
		if !r.ip.IsValid() {
			r.setIP(w[i:])
		}
		w = w[:i]
	}
	if i := bytes.LastIndexByte(w, '@'); i >= 0 {
		w = w[i+1:]
		if !r.ip.IsValid() && r.setIP(w) {
			return nil
		}
	}
	return trimAngle(w)
}

// quotedHello reads vger's "EHLO name".
func (r *rawHop) quotedHello(w []byte) {
	if len(w) < 2 {
		return
	}
	first, rest := nextWord(w[1 : len(w)-1])
	if isHello(first) {
		r.helo, _ = nextWord(rest)
		r.hasHELO = true
	}
}

// nextWord splits the first word off a comment's text. A comment within it is
// one word, parentheses included.
func nextWord(c []byte) (w, rest []byte) {
	for len(c) > 0 && (wordClass[c[0]] == between || wordClass[c[0]] == semicolon) {
		c = c[1:]
	}
	if len(c) == 0 {
		return nil, nil
	}
	if c[0] == '(' {
		if e := commentEnd(c, 0); e > 0 {
			return c[:e], c[e:]
		}
		c = c[1:] // cannot be: parentheses within a comment balance
		if len(c) == 0 {
			return nil, nil
		}
	}
	e := wordEnd(c, 0)
	return c[:e], c[e:]
}

// isHostName tells what can be a host's name from the other words of comments.
func isHostName(w []byte) bool {
	if len(w) == 0 {
		return false
	}
	for _, c := range w {
		if !ldh[c] && c != '.' {
			return false
		}
	}
	_, isIP := parseIP(w)
	return !isIP
}

// isUnknown tells the words that MTAs write for a name they did not find.
func isUnknown(w []byte) bool {
	for _, u := range [...]string{"unknown", "unverified", "nodnsquery", "softdnserr"} {
		if equalFold(w, u) {
			return true
		}
	}
	return false
}

// setIP takes a word as the client's address where it is one.
func (r *rawHop) setIP(w []byte) bool {
	ip, ok := parseIP(w)
	if ok {
		r.ip = ip
	}
	return ok
}

// settle ends the reading: where nothing but the word behind "from" has an
// address, that one is the client's.
func (r *rawHop) settle() {
	if !r.ip.IsValid() && len(r.from) > 0 {
		r.setIP(r.from)
	}
}

// withWord takes words of a "with" clause until one is a protocol; else the
// first stays.
func (r *rawHop) withWord(w []byte) clause {
	if len(w) > 1 && w[0] == '[' { // "[XMail 1.20 ESMTP Server]"
		for x, rest := nextWord(w[1 : len(w)-1]); len(x) > 0; x, rest = nextWord(rest) {
			if r.withWord(x) == clauseDone {
				return clauseDone
			}
		}
		return clauseWith
	}
	if known := knownProtocol(w); known != "" {
		r.protocol = known
		r.protocolAuth()
		return clauseDone
	}
	if r.protocol == "" {
		r.setProtocol(w)
	} else {
		r.trailing(w, nil)
	}
	return clauseWith
}

func (r *rawHop) setProtocol(w []byte) {
	if r.protocol = knownProtocol(w); r.protocol == "" {
		r.protocol = text(w, maxProtocol)
	}
	r.protocolAuth()
}

// protocolAuth marks the protocols that only an authenticated client speaks:
// those of RFC 3848 and RFC 6531 with an A, Exim's older ASMTP, and the ways in
// which a mailbox's own user hands mail in: HTTP (web mail) and MAPI (Exchange).
func (r *rawHop) protocolAuth() {
	switch r.protocol {
	case "ESMTPA", "ESMTPSA", "UTF8SMTPA", "UTF8SMTPSA", "ASMTP", "ASMTPS", "SMTPA", "SMTPSA", "HTTP", "HTTPS", "HTTPREST", "MAPI":
		if r.authBasis == "" {
			r.authBasis = r.protocol
		}
	}
}

// maxProtocol bounds a "with" word that is not known, octets.
const maxProtocol = 32

// knownProtocol returns the upper-case name of a transmission type, empty where
// the word is none.
func knownProtocol(w []byte) string {
	if i := bytes.IndexByte(w, '/'); i > 0 { // "ESMTP/TLS/DHE-RSA-AES256"
		w = w[:i]
	}
	var buf [16]byte
	if len(w) > len(buf) {
		return ""
	}
	for i, c := range w {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		buf[i] = c
	}
	return protocols[string(buf[:len(w)])]
}

// protocols are the registered transmission types (IANA, "Mail Transmission
// Types") and those that MTAs made up, with the name each is kept under.
var protocols = func() map[string]string {
	m := map[string]string{
		"SMTPSVC": "SMTP", "LOCAL-SMTP": "SMTP", "LOCAL-ESMTP": "ESMTP", "LOCAL-ESMTPS": "ESMTPS",
		"LOCAL-BSMTP": "BSMTP", "ESMTP-TLS": "ESMTPS", "IMAP4": "IMAP",
	}
	for _, p := range []string{
		"SMTP", "ESMTP", "ESMTPA", "ESMTPS", "ESMTPSA", "LMTP", "LMTPA", "LMTPS", "LMTPSA", "MMS",
		"UTF8SMTP", "UTF8SMTPA", "UTF8SMTPS", "UTF8SMTPSA", "UTF8LMTP", "UTF8LMTPA", "UTF8LMTPS", "UTF8LMTPSA",
		"SMTPS", "SMTPA", "SMTPSA", "ASMTP", "ASMTPS", "BSMTP", "LOCAL", "HTTP", "HTTPS", "HTTPREST",
		"MAPI", "UUCP", "NNFMP", "POP2", "POP3", "APOP", "KPOP", "RPOP", "SDPS", "IMAP",
	} {
		m[p] = p
	}
	return m
}()

// parseIP reads an address as MTAs write it: bare, in brackets, with "IPv6:"
// before it (RFC 5321 §4.1.3), a zone or a port behind it.
func parseIP(b []byte) (netip.Addr, bool) {
	if len(b) > 0 && b[0] == '[' {
		b = b[1:]
		if i := bytes.IndexByte(b, ']'); i >= 0 {
			b = b[:i]
		}
		if n := len(b); n > 1 && b[0] == '(' && b[n-1] == ')' {
			b = b[1 : n-1]
		}
	}
	b = trimSpace(b)
	if len(b) > 5 && equalFold(b[:5], "ipv6:") {
		b = b[5:]
	}
	if i := bytes.IndexByte(b, '%'); i > 0 {
		b = b[:i]
	}
	if len(b) < 2 || len(b) > 45 {
		return netip.Addr{}, false
	}
	colons := 0
	for _, c := range b {
		switch {
		case c == ':':
			colons++
		case isDigit(c), c == '.', 'a' <= c|0x20 && c|0x20 <= 'f':
		default:
			return netip.Addr{}, false
		}
	}
	if colons > 1 {
		ip, err := netip.ParseAddr(string(b))
		return ip.Unmap(), err == nil && !ip.IsUnspecified()
	}
	return parseIPv4(b)
}

// parseIPv4 reads four octets and, perhaps, a port.
func parseIPv4(b []byte) (netip.Addr, bool) {
	if i := bytes.IndexByte(b, ':'); i > 0 {
		b = b[:i]
	}
	var ip [4]byte
	part, value, n := 0, 0, 0
	for _, c := range b {
		switch {
		case c == '.' && n > 0 && part < 3:
			ip[part] = byte(value)
			part, value, n = part+1, 0, 0
		case isDigit(c) && n < 3:
			value = value*10 + int(c-'0')
			n++
		default:
			return netip.Addr{}, false
		}
		if value > 255 {
			return netip.Addr{}, false
		}
	}
	if part != 3 || n == 0 {
		return netip.Addr{}, false
	}
	ip[3] = byte(value)
	a := netip.AddrFrom4(ip)
	return a, !a.IsUnspecified()
}
