package evidence

import (
	"bytes"
	"net/netip"
)

// ReceivedSPF is a Received-SPF field (RFC 7208 §9.1) taken apart. Parts that
// the field lacks are empty.
type ReceivedSPF struct {
	Result string // a word of RFC 7208 §2.6, lower case; older words are translated
	// Identity is "mailfrom" or "helo" where the field says.
	Identity        string
	ClientIP        netip.Addr
	EnvelopeFrom    string // as written, without quotes and angle brackets
	HasEnvelopeFrom bool   // tells a null path from no knowledge
	HELO            string
	Receiver        string
}

// spfWords are the results, older ones with what they mean now: "error" and
// "unknown" are of the drafts before RFC 4408, "hardfail" of RFC 5451.
var spfWords = [...][2]string{
	{"pass", "pass"}, {"fail", "fail"}, {"softfail", "softfail"}, {"neutral", "neutral"}, {"none", "none"},
	{"temperror", "temperror"}, {"permerror", "permerror"},
	{"error", "temperror"}, {"unknown", "permerror"}, {"hardfail", "fail"},
}

// spfWord returns the result a word stands for, empty where it is none.
func spfWord(w []byte) string {
	for _, s := range spfWords {
		if equalFold(w, s[0]) {
			return s[1]
		}
	}
	return ""
}

// parseReceivedSPF takes a Received-SPF value apart. It reads key-value pairs
// wherever they stand, and the sentence of comments ("domain of X designates
// 192.0.2.1 as permitted sender") where there is no pair.
func parseReceivedSPF(value []byte) ReceivedSPF {
	var r ReceivedSPF
	s := resultScanner{v: value}
	first := true
	var comment []byte
	for {
		w, kind := s.word()
		switch kind {
		case wordEnded:
			r.fromComment(comment)
			return r
		case wordComment:
			if comment == nil {
				comment = w
			}
		case wordPlain:
			if k, v, ok := s.pair(w); ok {
				r.pair(k, v)
			} else if first {
				r.Result = spfWord(w)
			}
			first = false
		}
	}
}

func (r *ReceivedSPF) pair(k, v []byte) {
	switch {
	case equalFold(k, "client-ip"), equalFold(k, "client_ip"):
		r.ClientIP, _ = parseIP(v)
	case equalFold(k, "envelope-from"), equalFold(k, "envelope_from"), equalFold(k, "x-envelope-from"):
		r.EnvelopeFrom, r.HasEnvelopeFrom = text(trimAngle(v), maxText), true
	case equalFold(k, "helo"), equalFold(k, "x-helo"):
		r.HELO = text(v, maxText)
	case equalFold(k, "receiver"):
		r.Receiver = text(v, maxText)
	case equalFold(k, "identity"):
		r.Identity = spfIdentity(v)
	}
}

// spfIdentity returns the scope by its name in RFC 7208 §9.1; drafts and older
// policy servers said "mfrom".
func spfIdentity(v []byte) string {
	switch {
	case equalFold(v, "mailfrom"), equalFold(v, "mfrom"):
		return "mailfrom"
	case equalFold(v, "helo"):
		return "helo"
	}
	return text(v, maxProtocol)
}

// fromComment fills what no pair gave.
func (r *ReceivedSPF) fromComment(c []byte) {
	if c == nil {
		return
	}
	if !r.ClientIP.IsValid() {
		r.ClientIP = spokenIP(c)
	}
	if !r.HasEnvelopeFrom {
		if _, after, ok := bytes.Cut(c, []byte("domain of ")); ok {
			w, _ := nextWord(after)
			if w = bytes.Trim(w, `"'<>`); bytes.IndexByte(w, '@') > 0 && !bytes.HasPrefix(w, []byte("postmaster@")) {
				r.EnvelopeFrom, r.HasEnvelopeFrom = text(w, maxText), true
			}
		}
	}
}

// spokenIP finds the client's address in the sentences receivers write about
// SPF; the zero Addr where there is none.
func spokenIP(c []byte) netip.Addr {
	var before []byte
	for w, rest := nextWord(c); len(w) > 0; w, rest = nextWord(rest) {
		if ip, ok := parseIP(w); ok {
			next, _ := nextWord(rest)
			switch {
			case equalFold(before, "designates"), equalFold(before, "designate"), // Gmail, Microsoft, rspamd
				equalFold(before, "is"), // "sender IP is"
				equalFold(next, "is"), equalFold(next, "as"):
				return ip
			}
		}
		before = w
	}
	return netip.Addr{}
}
