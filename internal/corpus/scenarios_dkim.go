package corpus

import (
	"bytes"
	"strings"
	"time"
)

// permanent is what the standards leave open for a signature that can never
// verify: RFC 6376 section 6.1.2 says PERMFAIL, RFC 8601 section 2.7.1 has
// several words for it.
const permanent = "permerror|fail|neutral|policy"

// variant signs acme's mail in a special way and delivers it from acme's host,
// so that SPF passes whatever becomes of the signature.
func variant(c *cast, g *gen, scenario, result string, change func(m *mail, s *signing), after func(m *mail)) *Message {
	o := c.acme
	m := g.letter(g.mailbox(o.name), o.name)
	s := signing{domain: o.name, selector: o.selector, key: o.key, at: g.at.Add(-5 * time.Second)}
	change(m, &s)
	m.sign(s)
	if after != nil {
		after(m)
	}
	return g.deliver(m, delivery{scenario: scenario, env: g.own(o), author: o.name, spf: "pass",
		dkim: []authID{{strings.HasPrefix(result, "pass"), same}}, dkimResult: result, rfc9989: policyOf(o)})
}

// keyTrouble: key records that cannot confirm anything, and some that can.
func keyTrouble(c *cast, g *gen) *Message {
	cases := []struct{ selector, result string }{
		{"revoked", permanent}, {"nosuchkey", permanent}, {"garbage", permanent}, {"sha1only", permanent},
		{"bare", "pass"}, {"test", "pass|none"},
	}
	k := cases[g.turn(len(cases))]
	msg := variant(c, g, "key_"+k.selector, k.result, func(m *mail, s *signing) {
		s.selector, s.key = k.selector, key("rsa2048b")
	}, nil)
	if k.selector == "test" {
		// RFC 6376 section 3.6.1: t=y asks to be treated as unsigned; SPF decides then.
		for _, v := range []*Verdict{&msg.Truth.RFC9989, &msg.Truth.RFC7489} {
			v.Category, v.DKIMAlignment = "pass_dkim_strict|pass_spf_strict", "strict|none"
		}
	}
	return msg
}

// identities: i= below d=, allowed by one key and forbidden by the other's t=s.
func identities(c *cast, g *gen) *Message {
	selector, result := "bare", "pass"
	if g.turn(2) == 0 {
		selector, result = "nosub", permanent
	}
	return variant(c, g, "auid_"+selector, result, func(m *mail, s *signing) {
		s.selector, s.key, s.identity = selector, key("rsa2048b"), "@dept.acme.example"
	}, nil)
}

// expiry: past at arrival, or only long after.
func expiry(c *cast, g *gen) *Message {
	if g.turn(2) == 0 {
		return variant(c, g, "expired", permanent, func(m *mail, s *signing) {
			s.at, s.expires = g.at.Add(-30*24*time.Hour), g.at.Add(-23*24*time.Hour)
		}, nil)
	}
	return variant(c, g, "expires_later", "pass", func(m *mail, s *signing) { s.expires = g.at.Add(7 * 24 * time.Hour) }, nil)
}

// bodyLength: l= with text appended behind it, and l= changed before it.
func bodyLength(c *cast, g *gen) *Message {
	limit := func(m *mail, s *signing) {
		s.canon, s.limited = "relaxed/simple", true
		s.length = len(simpleBody(m.body))
	}
	if g.turn(3) == 0 {
		return variant(c, g, "l_changed", "fail", limit, func(m *mail) { m.body[0] ^= 1 })
	}
	return variant(c, g, "l_appended", "pass", limit, func(m *mail) { m.body = append(m.body, footer...) })
}

const footer = "_______________________________________________\r\nDev mailing list -- dev@lists.test\r\nTo unsubscribe send an email to dev-leave@lists.test\r\n"

// damaged: what breaks a signature, and what must not.
func damaged(c *cast, g *gen) *Message {
	canon := func(c string) func(*mail, *signing) {
		return func(_ *mail, s *signing) { s.canon = c }
	}
	switch g.turn(6) {
	case 0:
		return variant(c, g, "body_changed", "fail", canon("relaxed/relaxed"), func(m *mail) {
			m.body = append(m.body, "P.S. something else\r\n"...)
		})
	case 1:
		return variant(c, g, "subject_changed", "fail", canon("relaxed/relaxed"), func(m *mail) { m.set("Subject", "[tag] "+m.get("Subject")) })
	case 2:
		return variant(c, g, "refolded_relaxed", "pass", canon("relaxed/relaxed"), refold)
	case 3:
		return variant(c, g, "refolded_simple", "fail", canon("simple/simple"), refold)
	case 4:
		return variant(c, g, "spaces_relaxed", "pass", canon("simple/relaxed"), func(m *mail) {
			m.body = bytes.Replace(m.body, []byte("\r\n"), []byte(" \t\r\n"), 1)
			m.body = append(m.body, "\r\n\r\n"...)
		})
	}
	return variant(c, g, "trailing_blank_simple", "pass", canon("simple/simple"), func(m *mail) {
		m.body = append(m.body, "\r\n\r\n\r\n"...)
	})
}

// refold folds the Subject where it was not, and changes a field name's case.
func refold(m *mail) {
	for i, f := range m.fields {
		if fieldName(f) == "subject" {
			name, value, _ := strings.Cut(f, ":")
			m.fields[i] = strings.ToUpper(name) + ":\r\n\t" + strings.TrimLeft(value, " ")
		}
	}
}

// coverage: fields signed more often than they stand there, and fields that
// stand there more often than they are signed (RFC 6376 sections 5.4.2, 8.15).
func coverage(c *cast, g *gen) *Message {
	over := func(m *mail, s *signing) {
		s.signed = append(present(m, defaultSigned), "From", "Subject", "Date", "To", "X-Never-There")
	}
	switch g.turn(4) {
	case 0:
		return variant(c, g, "oversigned", "pass", over, nil)
	case 1:
		return variant(c, g, "oversigned_subject_added", "fail", over, func(m *mail) { m.prepend("Subject: another one\r\n") })
	case 2: // the signature covers the lower of the two
		return variant(c, g, "duplicate_subject", "pass", func(*mail, *signing) {}, func(m *mail) { m.prepend("Subject: another one\r\n") })
	}
	return variant(c, g, "duplicate_signed_twice", "pass", func(m *mail, s *signing) {
		m.add("Comments", "first")
		m.add("Comments", "second \t  with blanks ")
		s.signed = []string{"From", "Comments", "comments", "Subject", "Message-ID"}
	}, nil)
}

// canonForms: every c= there is, the short ones too.
func canonForms(c *cast, g *gen) *Message {
	forms := []string{"simple/simple", "simple/relaxed", "relaxed/simple", "relaxed/relaxed", "relaxed", "simple"}
	form := forms[g.turn(len(forms))]
	return variant(c, g, "c_"+strings.ReplaceAll(form, "/", "_"), "pass", func(_ *mail, s *signing) { s.canon = form }, nil)
}

// fromUnsigned: h= lacks From, which RFC 6376 section 5.4 requires.
func fromUnsigned(c *cast, g *gen) *Message {
	return variant(c, g, "from_not_signed", permanent, func(_ *mail, s *signing) { s.signed = []string{"Subject", "To", "Date"} }, nil)
}

// keyKinds: Ed25519, both kinds beside each other, and those of old mail that
// RFC 8301 no longer takes.
func keyKinds(c *cast, g *gen) *Message {
	switch g.turn(4) {
	case 0:
		return signedOwn(c, g, c.ed, "ed25519")
	case 1:
		o := c.dual
		m := g.letter(g.mailbox(o.name), o.name)
		g.signAs(m, o)
		m.sign(signing{domain: o.name, selector: "rsa", key: key("rsa2048b")})
		return g.deliver(m, delivery{scenario: "dual_signed", env: g.stranger("x@hobby.example"), author: o.name, spf: "none",
			dkim: []authID{{true, same}, {true, same}}, rfc9989: policyOf(o)})
	case 2:
		return historic(c, g, c.old, "rsa_sha1", "sha1")
	}
	return historic(c, g, c.tiny, "rsa512", "sha256")
}

// historic signs in a way that today's rules refuse (RFC 8301 sections 3.1, 3.2)
// and those of the day did not.
func historic(c *cast, g *gen, o *org, scenario, hash string) *Message {
	m := g.letter(g.mailbox(o.name), o.name)
	m.sign(signing{domain: o.name, selector: o.selector, key: o.key, hash: hash})
	return g.deliver(m, delivery{scenario: scenario, env: g.own(o), author: o.name, spf: "pass",
		dkim: []authID{{false, same}}, dkimResult: permanent, rfc9989: policyOf(o)})
}
