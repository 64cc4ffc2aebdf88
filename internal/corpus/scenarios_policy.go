package corpus

// subdomainPolicy: sp= of the parent speaks for an existing subdomain, np= for
// one that does not exist (RFC 9989 section 4.7); RFC 7489 knows sp= alone.
func subdomainPolicy(c *cast, g *gen) *Message {
	switch g.turn(6) {
	case 0: // sp= is milder than p=
		return forged(c, g, c.parent, "branch.parent.example", "sp", published{domain: "parent.example", policy: "quarantine"}, nil)
	case 1: // sp= is stricter than p=
		return forged(c, g, c.orphan, "real.orphan.example", "sp", published{domain: "orphan.example", policy: "quarantine"}, nil)
	case 2:
		return forged(c, g, c.orphan, "ghost.orphan.example", "np", published{domain: "orphan.example", policy: "reject"},
			&published{domain: "orphan.example", policy: "quarantine"})
	case 3: // without np=, sp= rules there too
		return forged(c, g, c.parent, "a.b.c.ghost.parent.example", "np_absent", published{domain: "parent.example", policy: "quarantine"}, nil)
	case 4:
		return forged(c, g, c.orphan, "orphan.example", "sp_parent", published{domain: "orphan.example", policy: "none"}, nil)
	}
	return forged(c, g, c.parent, "parent.example", "sp_parent", published{domain: "parent.example", policy: "reject"}, nil)
}

// milder: t= lowers under RFC 9989 alone, pct= under RFC 7489 alone.
func milder(c *cast, g *gen) *Message {
	switch g.turn(4) {
	case 0:
		return lowered(c, g, c.test, "t", true)
	case 1:
		return lowered(c, g, c.testQ, "t", true)
	case 2:
		return lowered(c, g, c.pct0, "pct", false)
	}
	return lowered(c, g, c.pctQuarantine, "pct", false)
}

func lowered(c *cast, g *gen, o *org, scenario string, byT bool) *Message {
	newer, older := policyOf(o), policyOf(o)
	newer.lowered, older.lowered = byT, !byT
	return forged(c, g, o, o.name, scenario, newer, &older)
}

// sampled: whether pct=50 takes a message is the auditor's deterministic choice.
func sampled(c *cast, g *gen) *Message {
	msg := forged(c, g, c.pct50, c.pct50.name, "pct50", policyOf(c.pct50), nil)
	msg.Truth.RFC7489.Category = "fail_reject|fail_quarantine|fail_tolerated"
	msg.Truth.RFC7489.Disposition = "reject|quarantine"
	return msg
}

// oddPolicy: records that count for nothing, or for p=none.
func oddPolicy(c *cast, g *gen) *Message {
	if g.turn(2) == 0 {
		return forged(c, g, c.twice, c.twice.name, "policy_twice", published{}, nil)
	}
	return forged(c, g, c.badpolicy, c.badpolicy.name, "policy_invalid_p", published{domain: c.badpolicy.name, policy: "none"}, nil)
}

// boundaries: where the rule books draw the organizational domain differently.
func boundaries(c *cast, g *gen) *Message {
	switch g.turn(3) {
	case 0:
		return neighbours(c, g)
	case 1:
		return standsAlone(c, g)
	}
	return belowRegistry(c, g)
}

// neighbours: another customer of a registry that says psd=y. The Public Suffix
// List does not know the registry and takes both for one organization.
func neighbours(c *cast, g *gen) *Message {
	o, author := c.registry, "other.co.test"
	m := g.letter(g.mailbox(author), author)
	g.signAs(m, o)
	msg := g.deliver(m, delivery{scenario: "psd_neighbour", env: g.own(o), author: author, spf: "pass", dkim: []authID{{true, related}}})
	msg.Truth.RFC9989 = Verdict{"fail_reject", "none", "none", "fail", "co.test", "reject", "reject"}
	msg.Truth.RFC7489 = Verdict{"pass_relaxed", "relaxed", "relaxed", "pass", "co.test", "reject", "none"}
	return msg
}

// standsAlone: psd=n makes a name its own organization.
func standsAlone(c *cast, g *gen) *Message {
	o, author := c.parted, "parted.example"
	m := g.letter(g.mailbox(author), author)
	g.signAs(m, o)
	msg := g.deliver(m, delivery{scenario: "psd_n", env: g.own(o), author: author, spf: "pass", dkim: []authID{{true, related}}})
	msg.Truth.RFC9989 = Verdict{"fail_reject", "none", "none", "fail", author, "reject", "reject"}
	msg.Truth.RFC7489 = Verdict{"pass_relaxed", "relaxed", "relaxed", "pass", author, "reject", "none"}
	return msg
}

// belowRegistry: a subdomain of the registry's customer; the older rule book
// asks the registry for the policy.
func belowRegistry(c *cast, g *gen) *Message {
	o, author := c.registry, "news.firm.co.test"
	m := g.letter(g.mailbox(author), author)
	g.signAs(m, o)
	msg := g.deliver(m, delivery{scenario: "psd_below", env: g.own(o), author: author, spf: "pass", dkim: []authID{{true, related}}})
	msg.Truth.RFC9989 = Verdict{"pass_relaxed", "relaxed", "relaxed", "pass", o.name, "quarantine", "none"}
	msg.Truth.RFC7489 = Verdict{"pass_relaxed", "relaxed", "relaxed", "pass", "co.test", "reject", "none"}
	return msg
}

// undecided: DNS failures, those that decide and those that do not.
func undecided(c *cast, g *gen) *Message {
	switch g.turn(4) {
	case 0: // the policy cannot be read
		o := &org{name: "flaky.example", ip: "192.0.2.150", host: "mail.flaky.example"}
		m := g.letter(g.mailbox(o.name), o.name)
		return g.deliver(m, delivery{scenario: "dns_policy", env: g.own(o), author: o.name, spf: "pass", rfc9989: published{undecidable: true}})
	case 1: // the key cannot be read, and nothing else passes
		return keyUnreadable(c, g, g.stranger("x@flaky.test"), "fail", "dns_key")
	case 2: // the key cannot be read, but SPF passes
		o := &org{name: "flaky.test", ip: "192.0.2.151", host: "mail.flaky.test"}
		return keyUnreadable(c, g, g.own(o), "pass", "dns_key_spf_passes")
	}
	m := g.letter(g.mailbox("flakyspf.example"), "flakyspf.example")
	return g.deliver(m, delivery{scenario: "dns_spf", env: g.stranger("x@flakyspf.example"), author: "flakyspf.example", spf: "temperror",
		rfc9989: published{undecidable: true}})
}

func keyUnreadable(c *cast, g *gen, e envelope, spf, scenario string) *Message {
	const author = "flaky.test"
	m := g.letter(g.mailbox(author), author)
	m.sign(signing{domain: author, selector: "s1", key: key("rsa2048a")})
	d := delivery{scenario: scenario, env: e, author: author, spf: spf, dkimResult: "temperror",
		rfc9989: published{domain: author, policy: "reject"}}
	if spf != "pass" {
		d.rfc9989 = published{undecidable: true}
	}
	return g.deliver(m, d)
}

// spfBroken: records that are wrong as a whole (RFC 7208 sections 4.5, 4.6).
func spfBroken(c *cast, g *gen) *Message {
	names := []string{"spfsyntax.example", "spfword.example", "spfloop.example", "spfvoid.example", "spfempty.example", "spftwo.example", "spfmany.example"}
	name := names[g.turn(len(names))]
	o := &org{name: name, ip: "192.0.2.160", host: "mail." + name}
	m := g.letter(g.mailbox(name), name)
	return g.deliver(m, delivery{scenario: "spf_permerror", env: g.own(o), author: name, spf: "permerror"})
}
