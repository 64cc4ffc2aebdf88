package corpus

import (
	"fmt"
	"strings"
)

// arcSet says how one ARC set is made (RFC 8617 section 4.1).
type arcSet struct {
	signing
	instance int
	cv       string // none, pass, fail
	results  string // authserv-id and the results, after "i=N; "
}

// addARC prepends the three fields of a set: AAR, AMS, AS (RFC 8617 section 5.1).
func (m *mail) addARC(a arcSet) {
	if a.canon == "" {
		a.canon = "relaxed/relaxed"
	}
	a.hash = "sha256"
	if a.signed == nil {
		// RFC 8617 section 4.1.2: DKIM-Signature fields should be covered; ARC-Seal must not be.
		a.signed = append(present(m, defaultSigned), present(m, []string{"DKIM-Signature", "Sender", "List-Id"})...)
	}
	_, bodyCanon := canons(a.canon)
	bh := digest("sha256", canonBody(bodyCanon, m.body))
	ams := fmt.Sprintf("ARC-Message-Signature: i=%d; %s;\r\n\tb=", a.instance, strings.TrimPrefix(a.tags(bh), "v=1; "))
	ams += m.seal(ams, a.signing) + "\r\n"
	m.prepend(ams)
	m.prepend(fmt.Sprintf("ARC-Authentication-Results: i=%d; %s\r\n", a.instance, a.results))
	as := fmt.Sprintf("ARC-Seal: i=%d; a=%s; t=%d; cv=%s;\r\n\td=%s; s=%s;\r\n\tb=",
		a.instance, a.key.algorithm("sha256"), a.at.Unix(), a.cv, a.domain, a.selector)
	m.prepend(as + m.sealChain(as, a) + "\r\n")
}

// sealChain computes b= of an ARC-Seal: relaxed header canonicalization over all
// sets by rising instance, in each AAR, AMS, AS, the own seal last with an empty
// b= (RFC 8617 section 5.1.1).
func (m *mail) sealChain(as string, a arcSet) string {
	var input strings.Builder
	first := 1
	if a.cv == "fail" {
		first = a.instance // RFC 8617 section 5.1.2: as if this set were the only one
	}
	for i := first; i <= a.instance; i++ {
		for _, name := range []string{"arc-authentication-results", "arc-message-signature", "arc-seal"} {
			if f := m.arcField(name, i); f != "" {
				input.WriteString(relaxedHeader(f))
			}
		}
	}
	input.WriteString(relaxedHeader(as))
	sig := a.key.sign("sha256", digest("sha256", []byte(input.String())))
	return foldBase64(base64Std(sig))
}

// arcField finds the field of that name and instance, "" where there is none.
func (m *mail) arcField(name string, instance int) string {
	want := fmt.Sprintf("i=%d;", instance)
	for _, f := range m.fields {
		_, value, _ := strings.Cut(f, ":")
		if fieldName(f) == name && strings.HasPrefix(strings.TrimSpace(value), want) {
			return f
		}
	}
	return ""
}
