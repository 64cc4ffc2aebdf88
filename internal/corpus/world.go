package corpus

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// org is a domain that sends mail, with what it publishes.
type org struct {
	name     string // also its MAIL FROM domain
	host     string // its mail host, HELO and reverse name
	ip, ip6  string
	selector string
	key      *Key
	spf      string // result for its own host: "pass" or "none"
	spfElse  string // result for everybody else's
	policy   string // p= of its DMARC record; empty where it publishes none
}

// orgSpec says what an org publishes.
type orgSpec struct {
	name     string
	ip, ip6  string
	spf      string // SPF record; $IP stands for ip
	selector string
	key      string // a committed key's name; empty: no key record
	dmarc    string // the DMARC record; empty: none
}

// addOrg registers a sending domain in the zone.
func (z *Zone) addOrg(s orgSpec) *org {
	o := &org{name: s.name, host: "mail." + s.name, ip: s.ip, ip6: s.ip6, spf: "none", spfElse: "none"}
	z.add(s.name, "MX", "10 "+o.host)
	z.add(o.host, "A", s.ip)
	if s.ip6 != "" {
		z.add(o.host, "AAAA", s.ip6)
	}
	if s.spf != "" {
		z.add(s.name, "TXT", strings.NewReplacer("$IP6", s.ip6, "$IP", s.ip).Replace(s.spf))
		o.spf, o.spfElse = "pass", allResult(s.spf)
	}
	if s.key != "" {
		o.selector, o.key = s.selector, key(s.key)
		z.add(s.selector+"._domainkey."+s.name, "TXT", o.key.Record())
	}
	if s.dmarc != "" {
		z.add("_dmarc."+s.name, "TXT", s.dmarc)
		_, p, _ := strings.Cut(strings.ReplaceAll(s.dmarc, " ", ""), "p=")
		o.policy, _, _ = strings.Cut(p, ";")
	}
	return o
}

// allResult is the result of the "all" that ends a record (RFC 7208 §5.1);
// neutral where there is none (§4.7).
func allResult(record string) string {
	switch {
	case strings.HasSuffix(record, "-all"):
		return "fail"
	case strings.HasSuffix(record, "~all"):
		return "softfail"
	case strings.HasSuffix(record, "?all"):
		return "neutral"
	}
	return "neutral"
}

// gen makes one message. It is a function of the archive's seed and the
// message's number alone, so messages can be made in any order.
type gen struct {
	r     *rand.Rand
	n     int       // the message's number
	nth   int       // how manieth message of its builder, from 0
	at    time.Time // arrival at the boundary
	style string    // the boundary's MTA
	size  int       // about the body's size, bytes
	kind  bodyKind
}

// newGen returns the generator of message n of the archive with that seed.
func newGen(seed uint64, n int, at time.Time) *gen {
	r := rand.New(rand.NewPCG(seed, uint64(n)*0x9e3779b97f4a7c15+1))
	return &gen{
		r: r, n: n, at: at,
		style: styles[r.IntN(len(styles))],
		size:  300 + r.IntN(900),
		kind:  bodyKind(r.IntN(int(bodyKinds))),
	}
}

// turn goes round the variants of a builder, so that a few messages show all.
func (g *gen) turn(variants int) int { return g.nth % variants }

// pick draws one of a list.
func pick[T any](g *gen, list []T) T { return list[g.r.IntN(len(list))] }

var people = []string{
	"alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy", "mallory", "niaj",
	"olivia", "peggy", "rupert", "sybil", "trent", "victor", "walter", "info", "newsletter", "billing",
}

// mailbox is a display name and an address of a person at domain.
func (g *gen) mailbox(domain string) string {
	who := pick(g, people)
	addr := who + "@" + domain
	switch g.r.IntN(6) {
	case 0:
		return addr
	case 1:
		return "<" + addr + ">"
	case 2:
		return fmt.Sprintf("\"%s, %s (work)\" <%s>", strings.ToUpper(who), pick(g, words), addr)
	case 3:
		return fmt.Sprintf("=?UTF-8?B?w4lsb8Ovc2U=?= %s\r\n <%s>", who, addr)
	case 4:
		return fmt.Sprintf("%s (%s)", addr, who)
	}
	return strings.ToUpper(who[:1]) + who[1:] + " Example <" + addr + ">"
}

// subject is a few words.
func (g *gen) subject() string {
	n := 2 + g.r.IntN(6)
	s := make([]string, n)
	for i := range s {
		s[i] = pick(g, words)
	}
	out := strings.Join(s, " ")
	switch g.r.IntN(5) {
	case 0:
		return "Re: " + out
	case 1:
		return "[PATCH v2 " + fmt.Sprint(1+g.r.IntN(9)) + "/9] " + out
	case 2:
		return "=?utf-8?Q?Gr=C3=BC=C3=9Fe_" + strings.ReplaceAll(out, " ", "_") + "?="
	}
	return out
}

// rfc5322Date writes a date in one of the zones that mail has.
func (g *gen) date(t time.Time) string {
	zones := []string{"+0000", "+0100", "-0500", "-0800", "+0530", "+0900"}
	z, _ := time.Parse("-0700", pick(g, zones))
	return t.In(z.Location()).Format("Mon, 02 Jan 2006 15:04:05 -0700")
}

// letter writes a message as its author's program does. from is a From value.
func (g *gen) letter(from, idDomain string) *mail {
	m := &mail{}
	sent := g.at.Add(-time.Duration(3+g.r.IntN(40)) * time.Second)
	m.add("Date", g.date(sent))
	m.add("From", from)
	m.add("To", pick(g, []string{"lists@example.org", "Team <team@example.org>", "\"Doe, J.\" <jd@example.org>,\r\n\tteam@example.org"}))
	m.add("Subject", g.subject())
	m.add("Message-ID", fmt.Sprintf("<%s.%d.%08x@%s>", sent.UTC().Format("20060102150405"), g.n, g.r.Uint32(), idDomain))
	if g.r.IntN(3) == 0 {
		ref := fmt.Sprintf("<%08x@%s>", g.r.Uint32(), idDomain)
		m.add("References", ref)
		m.add("In-Reply-To", ref)
	}
	if g.r.IntN(2) == 0 {
		m.add("User-Agent", pick(g, []string{"Mutt/2.2.12 (2023-09-09)", "Mozilla Thunderbird", "K-9 Mail for Android", "git-send-email 2.43.0"}))
	}
	m.add("MIME-Version", "1.0")
	g.fill(m, makeBody(g.r, g.kind, g.size))
	return m
}

// fill sets the body and its MIME fields.
func (g *gen) fill(m *mail, c content) {
	if c.mimeType != "" {
		m.set("Content-Type", c.mimeType)
	}
	if c.encoding != "" {
		m.set("Content-Transfer-Encoding", c.encoding)
	}
	m.body = c.body
}

// signAs signs as the org does, relaxed/relaxed mostly.
func (g *gen) signAs(m *mail, o *org, more ...func(*signing)) {
	s := signing{domain: o.name, selector: o.selector, key: o.key}
	s.canon = pick(g, []string{"relaxed/relaxed", "relaxed/relaxed", "relaxed/relaxed", "relaxed/simple", "simple/simple", "simple/relaxed"})
	if g.r.IntN(2) == 0 {
		s.at = g.at.Add(-2 * time.Second)
	}
	for _, f := range more {
		f(&s)
	}
	m.sign(s)
}
