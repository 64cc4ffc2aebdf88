package maillog

import "bytes"

// history reads the history files of OpenDMARC and of Exim, of every version: a
// message is the lines from one "job" to the next.
type history struct {
	*join
	open *record
	p    byte // the policy published, as written
}

func newHistory(j *join) grammar { return &history{join: j} }

// end closes the last message of a source; none goes on in another.
func (h *history) end(*stream) { h.close() }

func (h *history) close() {
	if h.open == nil {
		return
	}
	r := h.open
	h.open = nil
	if w := policyWord(h.p); w != "" {
		r.set(&r.policy, []byte(w))
	}
	h.give(r)
}

func (h *history) line(s *stream, b []byte) verdict {
	if h.open != nil && untold(b) {
		h.open.end = s.end
		return known
	}
	key, value := b, []byte(nil)
	if i := either(b, ' ', ' '); i < len(b) {
		key, value = b[:i], trimRight(b[i+1:])
	}
	if len(key) == 0 {
		return known
	}
	if string(key) == "job" {
		h.job(s, value)
		return known
	}
	if h.open == nil {
		return unknown
	}
	h.open.end = s.end
	return h.entry(h.open, key, value)
}

// untold tells whether a line is one of those that every message has and that
// say nothing of it that is kept.
func untold(b []byte) bool {
	switch b[0] {
	case 'a':
		return startsWith(b, "adkim ") || startsWith(b, "aspf ") || startsWith(b, "align_dkim ") || startsWith(b, "align_spf ") ||
			startsWith(b, "arc ") || startsWith(b, "arc_policy ")
	case 'p':
		return startsWith(b, "pct ") || startsWith(b, "pdomain ")
	case 'r':
		return startsWith(b, "rua ")
	case 's':
		return startsWith(b, "sp ")
	}
	return false
}

func (h *history) job(s *stream, id []byte) {
	h.close()
	r := h.alone(s)
	r.queueID = r.keep(id)
	r.began, r.arrived = true, true
	h.open, h.p = r, 0
}

// entry reads a line of a message.
func (h *history) entry(r *record, key, v []byte) verdict {
	switch string(key) {
	case "reporter":
		r.set(&r.by, v)
	case "received":
		r.at = parseUnix(v)
	case "ipaddr":
		r.clientIP(address(v))
	case "from":
		r.author(v)
	case "mfrom":
		h.envelope(r, v)
	case "spf":
		r.spf = r.keepWord(aresWord(v))
	case "spf_scope":
		h.scope(r, v)
	case "dkim":
		h.dkim(r, v)
	case "policy":
		r.dmarc = r.keepWord(policyResult(v))
	case "action":
		r.disposition = r.keepWord(actionWord(v))
		r.ended = true
	case "p":
		h.p = code(v)
	case "rua", "sp", "pct", "adkim", "aspf", "pdomain", "align_dkim", "align_spf", "arc", "arc_policy", "fo", "np", "t", "psd",
		"discovery_method", "envto", "rf", "ri", "ruf":
	default:
		return unknown
	}
	return known
}

// envelope keeps the domain of MAIL FROM, all that is written of it. It is empty
// for a null path.
func (h *history) envelope(r *record, v []byte) {
	r.hasFrom = true
	if bytes.IndexByte(v, '@') >= 0 {
		r.from = r.keep(v)
	} else if len(v) > 0 {
		r.from = r.join('@', v)
		r.spfDomain = r.keepLower(v)
	}
}

func (h *history) scope(r *record, v []byte) {
	switch string(v) {
	case "2", "helo":
		r.spfScope = r.keepWord("helo")
	case "1", "mfrom", "mailfrom":
		r.spfScope = r.keepWord("mfrom")
	}
}

// dkim reads "domain result" and, since 1.4, "domain selector result".
func (h *history) dkim(r *record, v []byte) {
	i := bytes.LastIndexByte(v, ' ')
	if i < 0 {
		return
	}
	domain, selector, _ := bytes.Cut(v[:i], []byte(" "))
	w := []byte(aresWord(v[i+1:]))
	r.signed(domain, selector, nil, w, 0)
	if string(w) == "pass" || r.dkim.empty() {
		r.dkim = r.keep(w)
	}
}

// ares are the results of opendmarc-ar.h, by their number.
var ares = [...]string{
	"pass", "", "softfail", "neutral", "temperror", "permerror", "none", "fail", "policy", "permerror", "none", "", "fail",
}

// aresWord is the word of a result; empty for unknown and undefined (-1). As
// RFC 8601 says in section 2.7.1, discard and nxdomain are of ADSP and map to
// words of DKIM.
func aresWord(v []byte) string {
	n, ok := number(v)
	if !ok || int(n) >= len(ares) {
		return ""
	}
	return ares[n]
}

// policyResult is the DMARC result that a policy to enforce stands for:
// reject, quarantine and none are all failures.
func policyResult(v []byte) string {
	switch string(v) {
	case "14":
		return "none"
	case "15":
		return "pass"
	case "16", "17", "18":
		return "fail"
	}
	return "temperror"
}

func actionWord(v []byte) string {
	switch string(v) {
	case "0":
		return "reject"
	case "1":
		return "discard"
	case "2":
		return "none"
	case "4":
		return "quarantine"
	}
	return "tempfail"
}

// code reads a policy, written as the number of its first letter.
func code(v []byte) byte {
	n, ok := number(v)
	if !ok || n > 255 {
		return 0
	}
	return byte(n)
}

func policyWord(c byte) string {
	switch c {
	case 'n':
		return "none"
	case 'q':
		return "quarantine"
	case 'r':
		return "reject"
	}
	return ""
}
