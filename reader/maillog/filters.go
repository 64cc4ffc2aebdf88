package maillog

import "bytes"

// opendkim reads the lines that OpenDKIM logs under the queue id.
func (p *postfix) opendkim(s *stream) verdict {
	id, rest, ok := queueID(s.frame.msg)
	if !ok {
		return known // starting, stopping, configuration
	}
	r := p.message(s, id, false)
	dkimLine(r, rest)
	return known
}

// dkimLine takes over a line of OpenDKIM. Its result is of the message as a
// whole; it is a signature's only where one signature was named.
func dkimLine(r *record, b []byte) {
	switch {
	case startsWith(b, "s="), startsWith(b, "signature="):
		dkimSignature(r, b)
	case startsWith(b, "DKIM verification successful"):
		dkimVerdict(r, "pass")
	case startsWith(b, "bad signature data"), startsWith(b, "signature verification failed"):
		dkimVerdict(r, "fail")
	case startsWith(b, "no signature data"):
		dkimVerdict(r, "none")
	case startsWith(b, "key retrieval failed"):
		dkimNamed(r, b, "temperror")
	case startsWith(b, "key revoked"):
		dkimNamed(r, b, "permerror")
	case startsWith(b, "syntax error"), startsWith(b, "signature processing failed"):
		dkimVerdict(r, "permerror")
	}
}

// dkimVerdict keeps the message's result, and gives it to the one signature named.
func dkimVerdict(r *record, result string) {
	r.set(&r.dkim, []byte(result))
	r.set(&r.by, []byte("opendkim"))
	if len(r.signatures) == 1 && result != "none" {
		g := &r.signatures[0]
		r.set(&g.result, []byte(result))
	}
}

// dkimSignature reads "s=sel d=dom a=rsa-sha256 SSL error..." and
// `signature=x domain=dom selector=sel result="no error"`.
func dkimSignature(r *record, b []byte) {
	if startsWith(b, "signature=") {
		result := []byte("pass")
		if v, ok := after(b, `result="`); ok && string(upTo(v, `"`)) != "no signature error" && len(upTo(v, `"`)) > 0 {
			result = []byte("fail")
		}
		r.signed(field(b, "domain=", " "), field(b, "selector=", " "), nil, result, 0)
		return
	}
	var result []byte
	if v, ok := after(b, "SSL"); ok && len(trimRight(trimLeft(v))) > 0 {
		result = []byte("fail")
	}
	r.signed(field(b, "d=", " "), field(b, "s=", " "), field(b, " a=", " "), result, 0)
}

// dkimNamed reads "...(s=sel, d=dom)..." of a key that could not be had.
func dkimNamed(r *record, b []byte, result string) {
	r.set(&r.dkim, []byte(result))
	r.set(&r.by, []byte("opendkim"))
	if names, ok := after(b, "(s="); ok {
		r.signed(field(names, "d=", ",) "), upTo(names, ", )"), nil, []byte(result), 0)
	}
}

// opendmarc reads the lines that OpenDMARC logs under the queue id: the SPF
// result it found itself, and "domain pass", where the domain is that of From.
// Its fail carries no disposition: see docs/logs.md.
func (p *postfix) opendmarc(s *stream) verdict {
	id, rest, ok := queueID(s.frame.msg)
	if !ok {
		return known
	}
	r := p.message(s, id, false)
	dmarcLine(r, rest)
	return known
}

func dmarcLine(r *record, b []byte) {
	if v, ok := skip(b, "SPF("); ok {
		scope := upTo(v, ")")
		rest, _ := after(v, "): ")
		domain, result := word(rest)
		r.setLower(&r.spf, result)
		if string(scope) == "helo" {
			r.set(&r.spfScope, scope)
		} else {
			r.set(&r.spfScope, []byte("mfrom"))
		}
		if d := domainOf(domain); d != nil {
			domain = d
		}
		r.setLower(&r.spfDomain, domain)
		return
	}
	if v, ok := skip(b, "ignoring mail from "); ok {
		r.author(trimRight(v))
		return
	}
	domain, result := word(b)
	switch string(trimRight(result)) {
	case "pass", "fail", "none", "temperror", "permerror", "bestguesspass":
		r.author(domain)
		r.dmarc = r.keep(trimRight(result))
		r.by = r.keep([]byte("opendmarc"))
	}
}

// amavis reads amavis' summary of a message, joined by Queue-ID.
func (p *postfix) amavis(s *stream) verdict {
	b := s.frame.msg
	id := field(b, "Queue-ID: ", ", ")
	if len(id) == 0 {
		return known
	}
	r := p.find(p.keyOf(s.frame.host, id))
	if r == nil {
		return known
	}
	p.touch(r, s)
	if sd, ok := after(b, "dkim_sd="); ok { // sel:domain,sel:domain of the valid signatures
		for _, one := range bytes.Split(upTo(sd, " "), []byte(",")) {
			if sel, domain, ok := bytes.Cut(one, []byte(":")); ok {
				r.signed(domain, sel, nil, []byte("pass"), 0)
			}
		}
	}
	if next := field(b, "queued_as: ", ", /"); len(next) > 0 {
		p.same(s, r, next)
	}
	return known
}
