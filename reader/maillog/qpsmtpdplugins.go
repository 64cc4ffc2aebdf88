package maillog

import (
	"bytes"
	"strings"

	"mailaudit/reader"
)

// qpsmtpdDMARC reads what the plugin dmarc logs. Its first verdict stands; what
// get_reject says after it ("fail", "fail, tolerated", "fail, NAUGHTY") is the
// disposition. Domains go where domains belong, the words stay as they are.
func qpsmtpdDMARC(r *record, b []byte) {
	b = trimRight(b)
	switch {
	case len(b) >= 7 && bytes.EqualFold(b[:7], []byte("v=DMARC")):
		r.set(&r.policy, b)
		return
	case startsWith(b, "skip, relay client"), startsWith(b, "skip, authenticated"):
		r.authenticated = true
	case startsWith(b, "TODO"), startsWith(b, "karma "), startsWith(b, "info, "), startsWith(b, "has policy"):
		return
	}
	first := r.dmarc.empty()
	if v, ok := skip(b, "skip, no policy for "); ok {
		r.author(upTo(v, " "))
		b = b[:len("skip, no policy")]
	} else if v, ok := skip(b, "skip, no valid record for "); ok {
		r.author(upTo(v, " "))
		b = b[:len("skip, no valid record")]
	} else if v, ok := skip(b, "fail, "); ok && indexOf(v, " not in DNS") > 0 {
		r.author(upTo(v, " "))
		b = []byte("fail, not in DNS")
	} else if startsWith(b, "unparseable from header") {
		b = b[:len("unparseable from header")]
	}
	r.set(&r.dmarc, b)
	if !startsWith(b, "fail") || first && string(b) == "fail, not in DNS" {
		return
	}
	if indexOf(b, "tolerated") > 0 {
		r.disposition = r.keep([]byte("none"))
	} else {
		r.set(&r.disposition, []byte("reject"))
	}
}

// qpsmtpdSPF reads what the plugin sender_permitted_from logs. The word of the
// result stands in many places; a bare "fail, why" is fail.
func qpsmtpdSPF(r *record, b []byte) {
	if !r.spf.empty() || string(trimRight(b)) == "pass" { // a bare pass says that no_dmarc_policy let it through
		return
	}
	code := b
	if v, ok := skip(b, "skip, tolerated ("); ok { // "skip, tolerated (softfail: why)"
		code = upTo(v, ":)")
	} else if _, v, ok := bytes.Cut(b, []byte(" was ")); ok && startsWith(b, "SPF from ") {
		code = upTo(v, ":")
	} else {
		code, _ = skip(code, "skip, ")
		fail := startsWith(code, "fail")
		code, _ = skip(code, "fail, ")
		code, _ = skip(code, "tolerated, ")
		code = upTo(code, ",:")
		switch {
		case string(code) == "soft":
			code = []byte("softfail")
		case string(code) == "error":
			code = []byte("permerror")
		case fail && !isResult(code):
			code = []byte("fail")
		}
	}
	if isResult(code) && indexOf(b, "fail, no re") != 0 { // "fail, no result" is not of SPF
		r.setLower(&r.spf, code)
		r.set(&r.spfScope, []byte("mfrom"))
		r.setLower(&r.spfDomain, domainOf(r.bytes(r.from)))
	}
}

// qpsmtpdDKIM reads what the plugin dkim logs: a verdict, and "domain: d,
// selector: s, result: pass" with it or on a line of its own.
func qpsmtpdDKIM(r *record, b []byte) {
	word := ""
	switch {
	case startsWith(b, "pass, we signed"), startsWith(b, "skip"):
		return
	case indexOf(b, "no signature") >= 0:
		word = "none"
	case startsWith(b, "pass, valid sig"):
		word = "pass"
	case startsWith(b, "fail, valid sig"): // the signature passed, ADSP did not
		word = "pass"
	case startsWith(b, "fail"):
		word = "fail"
	case startsWith(b, "error, invalid sig"):
		word = "permerror"
	case startsWith(b, "error, domain"), startsWith(b, "error, result"):
		word = "temperror"
	}
	r.set(&r.dkim, []byte(word))
	domain := field(b, "domain: ", ", ")
	if domain == nil {
		return
	}
	result := field(b, "result: ", " ,(")
	switch string(result) {
	case "pass", "fail", "none", "temperror":
	case "invalid":
		result = []byte("permerror")
	default:
		result = []byte(word)
	}
	r.signed(domain, field(b, "selector: ", ", "), nil, result, 0)
}

// RecordedCategory is the word of the breakdown that the words a log recorded
// for a message stand for, and whether they stand for one. It is for the words
// of qpsmtpd's plugin dmarc, in all its wordings; those of other programs say
// too little.
func RecordedCategory(l *reader.LogRecord) (category string, ok bool) {
	w := l.Recorded.DMARC
	verdict, rest, _ := strings.Cut(w, ", ")
	switch verdict {
	case "pass":
		return passCategory(strings.ToLower(rest))
	case "skip":
		return skipCategory(rest)
	case "fail":
		if rest == "not in DNS" {
			return "nonexistent_domain", true
		}
		if l.Recorded.Disposition == "none" || strings.Contains(rest, "tolerated") {
			return "fail_tolerated", true
		}
		return "fail_reject", true
	case "unparseable from header":
		return "invalid_from", true
	case "error":
		if strings.Contains(rest, "From header") {
			return "invalid_from", true
		}
		return "temperror", true
	}
	return "", false
}

// passCategory reads "DKIM aligned", "SPF aligned, relaxed", "tld policy". A
// bare pass says nothing of alignment.
func passCategory(rest string) (string, bool) {
	switch {
	case strings.Contains(rest, "relaxed"), strings.Contains(rest, "tld policy"):
		return "pass_relaxed", true
	case strings.HasPrefix(rest, "dkim"):
		return "pass_dkim_strict", true
	case strings.HasPrefix(rest, "spf"):
		return "pass_spf_strict", true
	}
	return "", false
}

func skipCategory(rest string) (string, bool) {
	switch {
	case strings.HasPrefix(rest, "relay client"), strings.HasPrefix(rest, "authenticated"):
		return "skipped_authenticated", true
	case strings.HasPrefix(rest, "no policy"), strings.HasPrefix(rest, "no valid"), strings.HasPrefix(rest, "too many records"):
		return "no_policy", true
	case strings.HasPrefix(rest, "null sender"): // the plugin's name for a message without From
		return "invalid_from", true
	}
	return "", false
}
