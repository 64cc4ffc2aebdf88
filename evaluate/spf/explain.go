package spf

import "mailaudit/evaluate/dns"

// explain returns the explanation of a fail, empty where there is none: no exp
// modifier, any DNS trouble, no or several records, a syntax error in the text
// (RFC 7208 section 6.2: proceed as if no exp modifier was given), or a local
// part that was not stored.
func (e *evaluation) explain(v *verdict) (string, error) {
	if v.result != Fail || v.exp == nil {
		return "", nil
	}
	e.explaining = true
	text, err := e.explanation(v)
	if _, ok := err.(*stop); ok {
		return "", nil
	}
	return text, err
}

func (e *evaluation) explanation(v *verdict) (string, error) {
	target, err := e.target(v.exp, v.expDomain)
	if err != nil || !isAskable(target) {
		return "", err
	}
	a, err := e.ask(target, dns.TypeTXT)
	if err != nil || a.Status != dns.Success || len(a.Records) != 1 {
		return "", err
	}
	text, err := parseMacro(a.Records[0], inExplanation)
	if err != nil {
		return "", nil
	}
	var b []byte
	for i := range text.segments {
		s := &text.segments[i]
		value, err := e.value(s, v.expDomain)
		if err != nil {
			return "", err
		}
		b = s.expand(b, value)
		if len(b) > MaxExplanation {
			b = b[:MaxExplanation]
			break
		}
	}
	for _, c := range b {
		if c >= 0x80 {
			// RFC 7208 section 6.2: MUST be limited to US-ASCII.
			return "", nil
		}
	}
	return string(b), nil
}
