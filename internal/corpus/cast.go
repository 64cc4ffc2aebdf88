package corpus

import "fmt"

// cast is the domains of the shipped archive, each there for what it publishes.
type cast struct {
	zone *Zone

	acme, globex, initech       *org // p=reject, p=quarantine, p=none
	strict                      *org // adkim=s, aspf=s
	sixth                       *org // IPv6
	hobby, uni, smallbiz, plain *org // no policy; no SPF, redirect, exists, p=... elsewhere
	bank, shop, post            *org // p=reject, forged often
	parent, orphan, test, pct0  *org // sp, np, t, pct
	pct50, pctQuarantine, testQ *org
	idn                         *org // internationalized name
	ed, dual, old, tiny         *org // kinds of keys
	esp, lists, forward         *org // senders for others
	twice, badpolicy            *org // DMARC records that count for nothing or little
	registry                    *org // below a name with psd=y
	parted                      *org // psd=n below another name
	none                        *org // p=none, for what a profile may choose
}

// simple is an org with the record "v=spf1 ip4:… -all", key s1 and a policy.
func (c *cast) simple(name, ip, key, dmarc string) *org {
	return c.zone.addOrg(orgSpec{name: name, ip: ip, spf: "v=spf1 ip4:$IP -all", selector: "s1", key: key, dmarc: dmarc})
}

// newCast registers everybody.
func newCast() *cast {
	c := &cast{zone: newZone()}
	c.senders()
	c.policies()
	c.keys()
	c.trouble()
	return c
}

// senders registers the domains with a plain policy or none, each with another
// form of SPF record.
func (c *cast) senders() {
	z := c.zone
	c.acme = z.addOrg(orgSpec{"acme.example", "192.0.2.10", "2001:db8:10::25", "v=spf1 mx -all", "s2023", "rsa2048a", "v=DMARC1; p=reject; rua=mailto:dmarc@acme.example"})
	c.globex = z.addOrg(orgSpec{"globex.example", "192.0.2.20", "", "v=spf1 include:_spf.mailer.example ~all", "k1", "rsa2048b", "v=DMARC1; p=quarantine"})
	c.initech = z.addOrg(orgSpec{"initech.example", "192.0.2.30", "", "v=spf1 a:mail.initech.example ?all", "default", "rsa1024a", "v=DMARC1; p=none; rua=mailto:d@initech.example"})
	c.strict = z.addOrg(orgSpec{"strict.example", "192.0.2.40", "2001:db8:40::25", "v=spf1 ip4:$IP ip6:$IP6 -all", "s1", "rsa2048c", "v=DMARC1; p=reject; adkim=s; aspf=s"})
	c.sixth = z.addOrg(orgSpec{"sixth.test", "192.0.2.60", "2001:db8:60::1", "v=spf1 mx ip6:2001:db8:60::/48 -all", "s1", "rsa2048d", "v=DMARC1; p=reject"})
	c.hobby = z.addOrg(orgSpec{"hobby.example", "192.0.2.70", "", "", "", "", ""})
	c.uni = z.addOrg(orgSpec{"uni.test", "192.0.2.80", "", "v=spf1 redirect=_spf.uni.test", "a", "rsa2048d", ""})
	c.uni.spfElse = "fail"
	c.smallbiz = z.addOrg(orgSpec{"smallbiz.example", "192.0.2.90", "", "v=spf1 exists:%{ir}.%{v}._spf.%{d} -all", "s1", "rsa1024b", ""})
	c.plain = z.addOrg(orgSpec{"plain.test", "192.0.2.95", "", "v=spf1 +a:mail.%{d2}/28 mx ~all", "s1", "rsa2048a", ""})
	z.add("_spf.mailer.example", "TXT", "v=spf1 ip4:192.0.2.16/28 ip4:203.0.113.16/28 -all")
	z.add("_spf.uni.test", "TXT", "v=spf1 ip4:192.0.2.80/30 -all")
	z.add("90.2.0.192.in-addr._spf.smallbiz.example", "A", "127.0.0.2")
	// An internationalized domain publishes under its A-labels.
	c.idn = c.simple("xn--bcher-kva.example", "192.0.2.100", "rsa2048b", "v=DMARC1; p=reject")
	c.esp = z.addOrg(orgSpec{"mailer.example", "203.0.113.20", "", "v=spf1 include:_spf.mailer.example -all", "esp1", "rsa2048c", "v=DMARC1; p=reject"})
	c.lists = z.addOrg(orgSpec{"lists.test", "203.0.113.40", "2001:db8:4040::1", "v=spf1 ip4:$IP ip6:$IP6 ~all", "l1", "rsa2048a", "v=DMARC1; p=none"})
	c.forward = z.addOrg(orgSpec{"forward.test", "203.0.113.50", "", "v=spf1 a:mail.forward.test -all", "f1", "rsa2048b", ""})
	// A customer's selector points into the provider's zone.
	z.add("esp1._domainkey.globex.example", "CNAME", "esp1._domainkey.mailer.example")
	z.add("mail.acme.example", "TXT", "v=spf1 a -all") // for its bounces
	z.add("news.acme.example", "MX", "10 mail.acme.example")
	z.add("news.acme.example", "TXT", "v=spf1 ip4:192.0.2.10 -all")
	z.add("bounce.globex.example", "MX", "10 mail.globex.example")
	z.add("bounce.globex.example", "TXT", "v=spf1 include:_spf.mailer.example -all")
	z.add("lists.strict.example", "MX", "10 mail.strict.example")
	z.add("lists.strict.example", "TXT", "v=spf1 ip4:192.0.2.40 -all")
	for _, host := range []string{"example.org", "team.example.org"} {
		z.add(host, "MX", "10 mx.example.org")
	}
	z.add("mx.example.org", "A", "198.51.100.5")
}

// policies registers the domains whose policy has a twist.
func (c *cast) policies() {
	z := c.zone
	c.bank = c.simple("bank.example", "192.0.2.110", "rsa2048a", "v=DMARC1; p=reject; sp=reject; fo=1")
	c.shop = c.simple("shop.example", "192.0.2.111", "rsa2048b", "v=DMARC1;p=quarantine;sp=none")
	c.post = c.simple("post.test", "192.0.2.112", "rsa2048c", "v=DMARC1 ; p = reject ; rua = mailto:a@post.test")
	c.parent = c.simple("parent.example", "192.0.2.120", "rsa2048d", "v=DMARC1; p=reject; sp=quarantine")
	z.add("branch.parent.example", "MX", "10 mail.parent.example")
	c.orphan = c.simple("orphan.example", "192.0.2.121", "rsa2048a", "v=DMARC1; p=none; sp=quarantine; np=reject")
	z.add("real.orphan.example", "A", "192.0.2.121")
	c.test = c.simple("testing.example", "192.0.2.122", "rsa2048b", "v=DMARC1; p=reject; t=y")
	c.testQ = c.simple("testing.test", "192.0.2.123", "rsa2048b", "v=DMARC1; p=quarantine; t=y")
	c.pct0 = c.simple("pct0.example", "192.0.2.124", "rsa2048c", "v=DMARC1; p=reject; pct=0")
	c.pctQuarantine = c.simple("pct0.test", "192.0.2.125", "rsa2048c", "v=DMARC1; p=quarantine; pct=0")
	c.pct50 = c.simple("pct50.example", "192.0.2.126", "rsa2048d", "v=DMARC1; p=reject; pct=50")
	c.twice = c.simple("twice.example", "192.0.2.127", "rsa2048d", "v=DMARC1; p=reject")
	z.add("_dmarc.twice.example", "TXT", "v=DMARC1; p=none")
	c.badpolicy = c.simple("badpolicy.example", "192.0.2.128", "rsa2048a", "v=DMARC1; p=refuse; rua=mailto:d@badpolicy.example")
	// "co.test" is a public suffix domain by its own word, which only RFC 9989 hears.
	z.add("co.test", "NS", "ns.co.test")
	z.add("ns.co.test", "A", "198.51.100.53")
	z.add("_dmarc.co.test", "TXT", "v=DMARC1; p=reject; psd=y")
	c.registry = c.simple("firm.co.test", "192.0.2.130", "rsa2048b", "v=DMARC1; p=quarantine")
	z.add("other.co.test", "MX", "10 mail.firm.co.test")
	z.add("news.firm.co.test", "MX", "10 mail.firm.co.test")
	// "unit.parted.example" stands on its own by psd=n, though below another.
	z.addOrg(orgSpec{name: "parted.example", ip: "192.0.2.131", spf: "v=spf1 ip4:$IP -all", dmarc: "v=DMARC1; p=reject"})
	c.parted = c.simple("unit.parted.example", "192.0.2.132", "rsa2048c", "v=DMARC1; p=reject; psd=n")
}

// keys registers the domains whose keys have a twist.
func (c *cast) keys() {
	z := c.zone
	c.ed = c.simple("curve.example", "192.0.2.140", "ed25519a", "v=DMARC1; p=reject")
	c.dual = c.simple("dual.example", "192.0.2.141", "ed25519b", "v=DMARC1; p=reject")
	z.add("rsa._domainkey.dual.example", "TXT", key("rsa2048b").Record())
	c.old = c.simple("old.example", "192.0.2.142", "rsa1024a", "")
	c.tiny = c.simple("tiny.example", "192.0.2.143", "rsa512a", "")
	c.none = c.simple("relay.example", "192.0.2.144", "rsa2048a", "v=DMARC1; p=none")
	z.add("revoked._domainkey.acme.example", "TXT", "v=DKIM1; p=")
	z.add("test._domainkey.acme.example", "TXT", "v=DKIM1; t=y; k=rsa; p="+key("rsa2048b").pub)
	z.add("bare._domainkey.acme.example", "TXT", "p="+key("rsa2048b").pub)
	z.add("sha1only._domainkey.acme.example", "TXT", "v=DKIM1; h=sha1; p="+key("rsa2048b").pub)
	z.add("nosub._domainkey.acme.example", "TXT", "v=DKIM1; t=s; p="+key("rsa2048b").pub)
	z.add("garbage._domainkey.acme.example", "TXT", "v=DKIM1; k=rsa; p=MIIBnotakey")
}

// trouble registers names that fail and SPF records that are wrong.
func (c *cast) trouble() {
	z := c.zone
	c.simple("flaky.example", "192.0.2.150", "rsa2048a", "")
	z.fail("_dmarc.flaky.example")
	c.simple("flaky.test", "192.0.2.151", "rsa2048a", "v=DMARC1; p=reject")
	z.fail("s1._domainkey.flaky.test")
	z.addOrg(orgSpec{name: "flakyspf.example", ip: "192.0.2.152", spf: "v=spf1 include:_spf.flakyspf.example -all", dmarc: "v=DMARC1; p=reject"})
	z.fail("_spf.flakyspf.example")
	for name, record := range map[string]string{
		"spfsyntax.example": "v=spf1 ip4:192.0.2.999 -all",
		"spfword.example":   "v=spf1 ip4:192.0.2.160 foo:bar -all",
		"spfloop.example":   "v=spf1 include:spfloop.example -all",
		"spfvoid.example":   "v=spf1 a:v1.spfvoid.example a:v2.spfvoid.example a:v3.spfvoid.example ip4:192.0.2.160 -all",
		"spfempty.example":  "v=spf1 include:hobby.example -all",
		"spftwo.example":    "v=spf1 ip4:192.0.2.160 -all",
		"spfmany.example":   "v=spf1",
	} {
		if name == "spfmany.example" {
			for i := range 11 {
				record += fmt.Sprintf(" include:i%d.spfmany.example", i)
				z.add(fmt.Sprintf("i%d.spfmany.example", i), "TXT", "v=spf1 ip4:203.0.113.254 -all")
			}
			record += " ip4:192.0.2.160 -all"
		}
		z.addOrg(orgSpec{name: name, ip: "192.0.2.160", spf: record})
	}
	z.add("spftwo.example", "TXT", "v=spf1 ~all")
}
