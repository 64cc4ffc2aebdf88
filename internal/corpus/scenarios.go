package corpus

import "strings"

// builder makes one message of a scenario.
type builder func(c *cast, g *gen) *Message

// own is the envelope of a message that o sends from its own host.
func (g *gen) own(o *org) envelope {
	return envelope{ip: o.ip, helo: o.host, rdns: o.host, mailFrom: pick(g, people) + "@" + o.name}
}

// stranger is the envelope of some machine that has no business with sender.
func (g *gen) stranger(sender string) envelope {
	e := envelope{mailFrom: sender}
	e.ip = "203.0.113." + itoa(128+g.r.IntN(120))
	switch g.turn(3) {
	case 0:
		e.helo, e.rdns = "localhost.localdomain", ""
	case 1:
		e.helo = "dyn-" + itoa(g.r.IntN(999)) + ".pool.test"
		e.rdns = e.helo
	default:
		e.helo, e.rdns = "mail-"+strings.ToLower(g.id(5))+".test", "host-"+itoa(g.r.IntN(999))+".pool.test"
	}
	return e
}

// policyOf is the policy that an org publishes for itself.
func policyOf(o *org) published {
	if o.policy == "" {
		return published{}
	}
	return published{domain: o.name, policy: o.policy}
}

// signedOwn is mail by o, signed by o, from o's host.
func signedOwn(c *cast, g *gen, o *org, scenario string) *Message {
	m := g.letter(g.mailbox(o.name), o.name)
	g.signAs(m, o)
	g.origin(m, o)
	return g.deliver(m, delivery{
		scenario: scenario, env: g.own(o), author: o.name, spf: o.spf,
		dkim: []authID{{true, same}}, rfc9989: policyOf(o), stamp: g.r.IntN(2) == 0,
	})
}

// unsignedOwn is mail by o from o's host, without a signature.
func unsignedOwn(c *cast, g *gen, o *org, scenario string) *Message {
	m := g.letter(g.mailbox(o.name), o.name)
	g.origin(m, o)
	return g.deliver(m, delivery{
		scenario: scenario, env: g.own(o), author: o.name, spf: o.spf,
		rfc9989: policyOf(o), stamp: g.r.IntN(2) == 0,
	})
}

// forged is mail in o's name by a stranger who uses o in the return path too.
func forged(c *cast, g *gen, o *org, author, scenario string, p published, older *published) *Message {
	m := g.letter(g.mailbox(author), author)
	spf := "none" // names below o publish no SPF record
	if author == o.name {
		spf = o.spfElse
	}
	return g.deliver(m, delivery{
		scenario: scenario, env: g.stranger(pick(g, people) + "@" + author), author: author, spf: spf,
		rfc9989: p, rfc7489: older, stamp: g.r.IntN(2) == 0,
	})
}

func dkimAligned(c *cast, g *gen) *Message {
	return signedOwn(c, g, pick(g, []*org{c.acme, c.globex, c.initech, c.sixth, c.bank, c.post}), "dkim_aligned")
}

// dkimSubdomain: d= is the parent of the author domain.
func dkimSubdomain(c *cast, g *gen) *Message {
	o := c.acme
	m := g.letter(g.mailbox("news.acme.example"), "news.acme.example")
	g.signAs(m, o)
	e := g.own(o)
	e.mailFrom = "bounce@" + o.name
	return g.deliver(m, delivery{scenario: "dkim_relaxed", env: e, author: "news.acme.example", spf: "pass",
		dkim: []authID{{true, related}}, rfc9989: published{domain: o.name, policy: "reject"}})
}

// dkimStrictModes: the author domain wants equality; the parent's signature and
// the subdomain's path do not do.
func dkimStrictModes(c *cast, g *gen) *Message {
	o := c.strict
	m := g.letter(g.mailbox(o.name), o.name)
	e := g.own(o)
	e.mailFrom = "list@lists.strict.example"
	d := delivery{scenario: "strict_modes", env: e, author: o.name, spf: "pass",
		rfc9989: published{domain: o.name, policy: "reject", strictSPF: true, strictDKIM: true}}
	if g.r.IntN(2) == 0 {
		g.signAs(m, o)
		d.dkim = []authID{{true, same}}
	}
	return g.deliver(m, d)
}

func spfOnly(c *cast, g *gen) *Message {
	return unsignedOwn(c, g, pick(g, []*org{c.acme, c.globex, c.initech, c.post}), "spf_aligned")
}

// spfSubdomain: the return path is below the author domain.
func spfSubdomain(c *cast, g *gen) *Message {
	o := c.globex
	m := g.letter(g.mailbox(o.name), o.name)
	e := envelope{ip: c.esp.ip, helo: c.esp.host, rdns: c.esp.host, mailFrom: "b-" + itoa(g.n) + "@bounce.globex.example"}
	return g.deliver(m, delivery{scenario: "spf_relaxed", env: e, author: o.name, spf: "pass", rfc9989: policyOf(o), stamp: true})
}

// ipv6 is mail over IPv6.
func ipv6(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.sixth, c.acme, c.strict})
	m := g.letter(g.mailbox(o.name), o.name)
	e := g.own(o)
	e.ip = o.ip6
	p := policyOf(o)
	p.strictSPF, p.strictDKIM = o == c.strict, o == c.strict
	return g.deliver(m, delivery{scenario: "ipv6", env: e, author: o.name, spf: "pass", rfc9989: p})
}

func noPolicy(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.hobby, c.uni, c.smallbiz, c.plain})
	if o.key != nil && g.r.IntN(2) == 0 {
		return signedOwn(c, g, o, "no_policy_signed")
	}
	return unsignedOwn(c, g, o, "no_policy")
}

func noPolicyForged(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.hobby, c.uni, c.smallbiz, c.plain})
	return forged(c, g, o, o.name, "no_policy_forged", published{}, nil)
}

// forgedPlain: in the name of domains that publish each of the policies.
func forgedPlain(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.acme, c.globex, c.initech, c.bank, c.bank, c.shop, c.post})
	return forged(c, g, o, o.name, "forged", policyOf(o), nil)
}

// forgedOtherPath: the forger's own domain in the return path, and SPF passes.
func forgedOtherPath(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.bank, c.acme, c.post})
	m := g.letter("\"Security\" <no-reply@"+o.name+">", o.name)
	m.add("Authentication-Results", RecordedBy+".evil.test; spf=pass; dkim=pass; dmarc=pass")
	return g.deliver(m, delivery{scenario: "forged_other_path", env: g.own(c.plain), author: o.name, spf: "pass",
		rfc9989: policyOf(o), stamp: true})
}

// forgedSigned: signed by the forger's own domain.
func forgedSigned(c *cast, g *gen) *Message {
	o := pick(g, []*org{c.bank, c.globex})
	m := g.letter(g.mailbox(o.name), o.name)
	g.signAs(m, c.smallbiz)
	return g.deliver(m, delivery{scenario: "forged_signed", env: g.own(c.smallbiz), author: o.name, spf: "pass",
		dkim: []authID{{true, unrelated}}, rfc9989: policyOf(o), stamp: true})
}

// forgedTrace: below the boundary's field stand fields the forger wrote.
func forgedTrace(c *cast, g *gen) *Message {
	o := c.bank
	m := g.letter(g.mailbox(o.name), o.name)
	m.prepend("Received: from " + o.host + " (" + o.host + " [" + o.ip + "])\r\n\tby mx.example.org (Postfix) with ESMTPSA id 0123456789ABCD;\r\n\t" +
		g.at.Add(-60e9).UTC().Format(rfc822) + "\r\n")
	m.prepend("Received-SPF: pass (mx.example.org: domain of info@bank.example designates 192.0.2.110 as permitted sender) client-ip=192.0.2.110;\r\n")
	return g.deliver(m, delivery{scenario: "forged_trace", env: g.stranger("info@" + o.name), author: o.name, spf: "fail", rfc9989: policyOf(o)})
}

// authenticated is a submission by a user of the receiver.
func authenticated(c *cast, g *gen) *Message {
	domain := pick(g, []string{"example.org", "example.org", "bank.example", "hobby.example"})
	m := g.letter(g.mailbox(domain), domain)
	e := envelope{ip: "198.51.100." + itoa(100+g.r.IntN(100)), helo: "[192.168.1." + itoa(g.r.IntN(250)) + "]",
		rdns: "", mailFrom: pick(g, people) + "@" + domain, user: pick(g, people)}
	return g.deliver(m, delivery{scenario: "authenticated", env: e, author: domain, spf: Any, fix: func(t *Truth) {
		t.HELO, t.SPFDomain, t.DKIM = Any, Any, Any
	}})
}

// nonexistent: neither the author domain nor the one above it exists.
func nonexistent(c *cast, g *gen) *Message {
	author := strings.ToLower(g.id(9)) + pick(g, []string{".invalid", ".nowhere.test", ".bogus.example"})
	m := g.letter(g.mailbox(author), author)
	d := delivery{scenario: "nonexistent_domain", env: g.stranger("x@" + author), author: author, spf: "none"}
	if g.r.IntN(2) == 0 {
		d.env, d.spf = g.own(c.plain), "pass"
	}
	d.fix = func(t *Truth) {
		gone := Verdict{"nonexistent_domain", Any, Any, "none", "", Any, "reject"}
		t.RFC9989, t.RFC7489 = gone, gone
	}
	return g.deliver(m, d)
}
