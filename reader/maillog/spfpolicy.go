package maillog

import (
	"bytes"
	"net/netip"
)

// notes are SPF results of policy services. Those run before the message has a
// queue id, so they wait here until a message of the same client and sender is
// met. Where too many wait, the oldest is forgotten.
type notes struct {
	open map[string]*record
	ring [maxPending]*record
	at   int
	key  []byte
}

func (n *notes) init() { n.open = make(map[string]*record) }

func (n *notes) keyOf(host []byte, ip netip.Addr, from []byte) []byte {
	a := ip.As16()
	n.key = append(append(append(n.key[:0], host...), 0), a[:]...)
	n.key = lower(n.key, from)
	return n.key
}

// put keeps a result. A later one of the same client and sender replaces it,
// but one of HELO does not replace one of MAIL FROM.
func (n *notes) put(key []byte) *record {
	if r := n.open[string(key)]; r != nil {
		return r
	}
	old := n.ring[n.at]
	if old != nil {
		n.forget(old)
		old.reset()
	} else {
		old = new(record)
	}
	k := string(key)
	n.ring[n.at], n.open[k] = old, old
	old.keys = append(old.keys, k)
	n.at = (n.at + 1) % maxPending
	return old
}

func (n *notes) forget(r *record) {
	for _, k := range r.keys {
		if n.open[k] == r {
			delete(n.open, k)
		}
	}
	r.keys = r.keys[:0]
}

// adopt gives a message the result that waits for it.
func (p *postfix) adopt(s *stream, r *record) {
	if !r.ip.IsValid() || !r.hasFrom || !r.spf.empty() || len(p.notes.open) == 0 {
		return
	}
	n := p.notes.open[string(p.notes.keyOf(s.frame.host, r.ip, r.bytes(r.from)))]
	if n == nil {
		return
	}
	r.set(&r.spf, n.bytes(n.spf))
	r.set(&r.spfScope, n.bytes(n.spfScope))
	r.set(&r.spfDomain, n.bytes(n.spfDomain))
	r.set(&r.helo, n.bytes(n.helo))
	r.set(&r.by, n.bytes(n.by))
	p.notes.forget(n)
}

// result is an SPF result as a policy service logs it.
type result struct {
	word, scope, helo, from []byte
	ip                      netip.Addr
}

// policy reads the lines of policyd-spf in Python and in Perl: a Received-SPF or
// Authentication-Results field in one form or other, or the text of a rejection.
func (p *postfix) policy(s *stream) verdict {
	msg := s.frame.msg
	id, rest, joined := queueID(msg)
	if !joined {
		rest = msg
		rest, _ = skip(rest, "None: ")
	}
	var v result
	if !v.parse(rest) {
		return known // what it does beside: its configuration, handlers, errors
	}
	if joined {
		r := p.message(s, id, false)
		v.fill(r)
		return known
	}
	if !v.ip.IsValid() {
		return known
	}
	n := p.notes.put(p.notes.keyOf(s.frame.host, v.ip, v.from))
	if string(v.scope) == "helo" && !n.spf.empty() && string(n.bytes(n.spfScope)) != "helo" {
		return known
	}
	n.mem = n.mem[:0]
	n.spf, n.spfScope, n.spfDomain, n.helo, n.by = text{}, text{}, text{}, text{}, text{}
	v.fill(n)
	return known
}

func (v *result) fill(r *record) {
	r.setLower(&r.spf, v.word)
	r.set(&r.helo, v.helo)
	r.set(&r.by, []byte("policyd-spf"))
	if string(v.scope) == "helo" {
		r.set(&r.spfScope, []byte("helo"))
		r.set(&r.spfDomain, v.helo)
		return
	}
	r.set(&r.spfScope, []byte("mfrom"))
	r.setLower(&r.spfDomain, domainOf(v.from))
}

func (v *result) parse(b []byte) bool {
	if text, ok := after(b, "Received-SPF: "); ok {
		v.word, _ = word(text)
		v.pairs(text)
		return isResult(v.word)
	}
	if text, ok := after(b, "Authentication-Results: "); ok {
		return v.authres(text)
	}
	if text, ok := after(b, "/Why?s="); ok {
		return v.why(b, text)
	}
	if i := indexOf(b, "; identity="); i > 0 { // "Pass; identity=mailfrom; ..."
		v.word = b[:i]
		v.pairs(b[i:])
		return isResult(v.word)
	}
	return false
}

// pairs reads "identity=mailfrom; client-ip=; helo=; envelope-from=;".
func (v *result) pairs(b []byte) {
	if string(field(b, "identity=", "; ")) == "helo" {
		v.scope = []byte("helo")
	}
	v.ip = address(field(b, "client-ip=", "; "))
	v.helo = unquote(field(b, "helo=", "; "), '"', '"')
	v.from = unquote(unquote(field(b, "envelope-from=", "; )"), '"', '"'), '<', '>')
}

// authres reads "id; spf=pass (text) smtp.mailfrom=domain (client-ip=...; ...)".
func (v *result) authres(b []byte) bool {
	rest, ok := after(b, "spf=")
	if !ok {
		return false
	}
	v.word = upTo(rest, " ;(")
	if i := indexOf(rest, "(client-ip="); i >= 0 {
		v.pairs(rest[i+1:])
	}
	if indexOf(rest, "smtp.helo=") >= 0 {
		v.scope = []byte("helo")
	}
	return isResult(v.word)
}

// why reads "... SPF fail - not authorized. Please see
// http://www.openspf.net/Why?s=mfrom;id=a@b;ip=1.2.3.4;r=c".
func (v *result) why(b, text []byte) bool {
	v.word = []byte("fail")
	if w, ok := after(b, "SPF "); ok && isResult(upTo(w, " ")) {
		v.word = upTo(w, " ")
	}
	if startsWith(text, "helo") {
		v.scope = []byte("helo")
	}
	id := unescaped(field(text, "id=", "; &"))
	if v.scope != nil {
		v.helo = id
	} else {
		v.from = id
	}
	v.ip = address(field(text, "ip=", "; &"))
	return true
}

// unescaped undoes the %40 of an address in a URL.
func unescaped(b []byte) []byte {
	i := bytes.IndexByte(b, '%')
	if i < 0 {
		return b
	}
	out := append(make([]byte, 0, len(b)), b[:i]...)
	for ; i < len(b); i++ {
		if b[i] == '%' && i+2 < len(b) {
			if c, ok := hexAny(b[i+1 : i+3]); ok {
				out = append(out, byte(c))
				i += 2
				continue
			}
		}
		out = append(out, b[i])
	}
	return out
}

// isResult tells whether b is a word of RFC 7208 section 2.6, in any case.
func isResult(b []byte) bool {
	var l [16]byte
	if len(b) > 10 {
		return false
	}
	switch string(lower(l[:0], b)) {
	case "none", "neutral", "pass", "fail", "softfail", "temperror", "permerror":
		return true
	}
	return false
}
