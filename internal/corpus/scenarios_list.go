package corpus

import (
	"fmt"
	"strings"
	"time"
)

// forwarded passes on unchanged mail: SPF breaks, DKIM holds.
func forwarded(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.acme, c.bank, c.globex, c.initech})
	m := g.letter(g.mailbox(o.name), o.name)
	g.signAs(m, o)
	m.prepend(g.postfix(envelope{ip: o.ip, helo: o.host, rdns: o.host, rcpt: "me@forward.test"}, "mail.forward.test", g.at.Add(-4*time.Second)))
	e := g.own(c.forward)
	d := delivery{scenario: "forwarded", author: o.name, dkim: []authID{{true, same}}, rfc9989: policyOf(o)}
	if g.turn(2) == 0 {
		d.scenario, d.spf = "forwarded_srs", "pass"
		e.mailFrom = fmt.Sprintf("SRS0=%s=%s=%s=%s@forward.test", g.id(4), g.id(2), o.name, pick(g, people))
	} else {
		e.mailFrom, d.spf = "bounces@"+o.name, o.spfElse
	}
	d.env = e
	return g.deliver(m, d)
}

// forwardedUnsigned: what forwarding does to mail that rests on SPF alone.
func forwardedUnsigned(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.acme, c.globex})
	m := g.letter(g.mailbox(o.name), o.name)
	e := g.own(c.forward)
	e.mailFrom = "bounces@" + o.name
	return g.deliver(m, delivery{scenario: "forwarded_unsigned", env: e, author: o.name, spf: o.spfElse, rfc9989: policyOf(o)})
}

// toList is what a mailing list does to a message: a tag, a footer, its fields.
func (g *gen) toList(m *mail) {
	m.set("Subject", "[Dev] "+m.get("Subject"))
	m.body = append(m.body, footer...)
	m.add("Sender", "\"Dev\" <dev-bounces@lists.test>")
	m.add("List-Id", "Development talk <dev.lists.test>")
	m.add("List-Post", "<mailto:dev@lists.test>")
	m.add("List-Unsubscribe", "<mailto:dev-leave@lists.test>")
	m.add("Precedence", "list")
	m.prepend("Received: from mail.lists.test (localhost [127.0.0.1])\r\n\tby mail.lists.test (Postfix) with ESMTP id " + g.id(14) + ";\r\n\t" +
		g.at.Add(-3*time.Second).UTC().Format(rfc822) + " (UTC)\r\n")
}

// listEnvelope is the list host's.
func (g *gen) listEnvelope(c *cast) envelope {
	o := c.lists
	e := envelope{ip: o.ip, helo: o.host, rdns: o.host, mailFrom: "dev-bounces+me=example.org@" + o.name}
	if g.r.IntN(3) == 0 {
		e.ip = o.ip6
	}
	return e
}

// listBroken: the author's signature does not survive the list; the list's own
// is not aligned.
func listBroken(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.acme, c.globex, c.initech, c.plain})
	m := g.letter(g.mailbox(o.name), o.name)
	g.signAs(m, o)
	g.toList(m)
	d := delivery{scenario: "list_broken", env: g.listEnvelope(c), author: o.name, spf: "pass",
		dkim: []authID{{false, same}}, rfc9989: policyOf(o), stamp: g.r.IntN(2) == 0}
	if g.turn(2) == 0 {
		g.signAs(m, c.lists)
		d.dkim = append(d.dkim, authID{true, unrelated})
	}
	return g.deliver(m, d)
}

// listKept: a list that changes nothing signed.
func listKept(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.acme, c.globex, c.bank})
	m := g.letter(g.mailbox(o.name), o.name)
	g.signAs(m, o)
	body, subject := m.body, m.get("Subject")
	g.toList(m)
	m.body = body
	for i, f := range m.fields {
		if fieldName(f) == "subject" {
			m.fields[i] = "Subject: " + subject + "\r\n"
		}
	}
	return g.deliver(m, delivery{scenario: "list_kept", env: g.listEnvelope(c), author: o.name, spf: "pass",
		dkim: []authID{{true, same}}, rfc9989: policyOf(o)})
}

// listRewritten: the list puts its own address into From.
func listRewritten(c *cast, g *gen) *Message {
	o := c.acme
	m := g.letter("alice@"+o.name, o.name)
	g.signAs(m, o)
	g.toList(m)
	m.set("From", "\"alice--- via Dev\" <dev@lists.test>")
	m.add("X-Original-From", "alice@"+o.name)
	d := delivery{scenario: "list_rewritten", env: g.listEnvelope(c), author: c.lists.name, spf: "pass",
		dkim: []authID{{false, unrelated}}, rfc9989: policyOf(c.lists)}
	if g.turn(2) == 0 {
		g.signAs(m, c.lists)
		d.dkim = append(d.dkim, authID{true, same})
	}
	return g.deliver(m, d)
}

// sealAs adds an ARC set by o that saw what results say.
func (g *gen) sealAs(m *mail, o *org, instance int, cv, results string) {
	m.addARC(arcSet{
		signing:  signing{domain: o.name, selector: o.selector, key: o.key, at: g.at.Add(-3 * time.Second)},
		instance: instance, cv: cv, results: o.host + ";\r\n\t" + results,
	})
}

// listSealed: ARC tells what the list saw before it broke the signature. It may
// excuse the failure, never undo it.
func listSealed(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.acme, c.globex})
	m := g.letter(g.mailbox(o.name), o.name)
	g.signAs(m, o)
	g.toList(m)
	g.sealAs(m, c.lists, 1, "none", "dkim=pass header.d="+o.name+";\r\n\tspf=pass smtp.mailfrom="+o.name)
	d := delivery{scenario: "arc_pass", env: g.listEnvelope(c), author: o.name, spf: "pass", arc: "pass",
		dkim: []authID{{false, same}}, rfc9989: policyOf(o)}
	switch g.turn(5) {
	case 0:
		g.sealAs(m, c.forward, 2, "pass", "arc=pass; dkim=fail header.d="+o.name)
		d.scenario, d.env = "arc_pass_2", g.own(c.forward)
	case 1:
		m.body = append(m.body, "added after the seal\r\n"...)
		d.scenario, d.arc = "arc_body_changed", "fail"
	case 2: // a later sealer saw the chain broken
		g.sealAs(m, c.forward, 2, "fail", "arc=fail")
		d.scenario, d.env, d.arc = "arc_cv_fail", g.own(c.forward), "fail"
	case 3:
		m.remove("arc-message-signature")
		d.scenario, d.arc = "arc_incomplete", "fail"
	}
	return g.deliver(m, d)
}

// provider sends in a customer's name: with the customer's key by CNAME, or
// under its own.
func provider(c *cast, g *gen) *Message {
	o := c.globex
	m := g.letter("Globex News <news@"+o.name+">", o.name)
	m.add("List-Unsubscribe", "<https://mailer.example/u/"+g.id(12)+">")
	m.add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
	e := g.own(c.esp)
	e.mailFrom = "b." + strings.ToLower(g.id(8)) + "@mailer.example"
	g.signAs(m, c.esp)
	d := delivery{scenario: "provider_own_key", env: e, author: o.name, spf: "pass",
		dkim: []authID{{true, unrelated}}, rfc9989: policyOf(o)}
	if g.r.IntN(3) > 0 {
		m.sign(signing{domain: o.name, selector: "esp1", key: c.esp.key})
		d.scenario = "provider_customer_key"
		d.dkim = append(d.dkim, authID{true, same})
	}
	return g.deliver(m, d)
}

// bounce has the null return path: SPF is about postmaster@HELO (RFC 7208
// section 2.4).
func bounce(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.acme, c.hobby})
	m := g.letter("Mail Delivery System <MAILER-DAEMON@"+o.host+">", o.host)
	m.set("Subject", "Undelivered Mail Returned to Sender")
	m.add("Auto-Submitted", "auto-replied")
	g.fill(m, multipart(g.r, "report; report-type=delivery-status",
		part("text/plain", "7bit", prose(g.r, 300)),
		part("message/delivery-status", "7bit", []byte("Reporting-MTA: dns; "+o.host+"\r\n\r\nFinal-Recipient: rfc822; x@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"))))
	d := delivery{scenario: "null_path", env: envelope{ip: o.ip, helo: o.host, rdns: o.host}, author: o.host, spf: "none"}
	if o.policy != "" {
		d.spf = "pass"
		d.rfc9989 = policyOf(o)
	}
	return g.deliver(m, d)
}
