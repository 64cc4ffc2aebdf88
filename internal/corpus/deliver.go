package corpus

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Message is one finished message and its truth.
type Message struct {
	Raw      []byte    // wire form
	Sender   string    // return path; empty: the null path
	Received time.Time // delivery, for From_ lines and Maildir names
	Truth    Truth
}

// published is the policy that applies to an author domain: the domain with the
// record and what follows from it. The zero value: none is published.
type published struct {
	domain      string
	policy      string
	strictSPF   bool
	strictDKIM  bool
	lowered     bool
	undecidable bool // the record's name fails
}

// delivery is what a builder knows of the message it made.
type delivery struct {
	scenario   string
	env        envelope
	author     string // author domain, A-labels
	spf        string // result for the MAIL FROM identity
	dkim       []authID
	dkimResult string // empty: follows from dkim
	arc        string // empty: none
	rfc9989    published
	rfc7489    *published // where the older rule book reads another policy
	stamp      bool       // the receiver writes an Authentication-Results field
	fix        func(*Truth)
}

// domainOf is the part of an address after the last "@".
func domainOf(addr string) string {
	return addr[strings.LastIndexByte(addr, '@')+1:]
}

// kinship compares names whose organizational domain is their last two labels,
// as it is for all names of generated mail but those of the scenarios about it.
func kinship(a, b string) relation {
	tail := func(s string) string {
		l := strings.Split(s, ".")
		return strings.Join(l[max(0, len(l)-2):], ".")
	}
	switch {
	case a == "" || b == "":
		return unrelated
	case a == b:
		return same
	case tail(a) == tail(b):
		return related
	}
	return unrelated
}

// deliver passes m through the boundary and works out its truth.
func (g *gen) deliver(m *mail, d delivery) *Message {
	if d.env.rcpt == "" {
		d.env.rcpt = "lists@example.org"
	}
	t := d.truth(g, m)
	m.prepend(g.received(d.env, RecordedBy, g.at))
	if d.stamp {
		m.prepend(d.stampField(&t))
	}
	g.inside(m, d.env)
	m.prepend("Return-Path: <" + d.env.mailFrom + ">\r\n")
	if d.fix != nil {
		d.fix(&t)
	}
	return &Message{Raw: m.bytes(), Sender: d.env.mailFrom, Received: g.at.Add(2 * time.Second), Truth: t}
}

func (d *delivery) truth(g *gen, m *mail) Truth {
	t := Truth{
		Scenario: d.scenario, MessageID: strings.Trim(m.get("Message-ID"), "<>"),
		SPF: d.spf, SPFDomain: domainOf(d.env.mailFrom), DKIM: d.dkimResult, ARC: orElse(d.arc, "none"),
		ClientIP: d.env.ip, ClientSource: "received", HELO: d.env.helo,
		MailFrom: domainOf(d.env.mailFrom), From: d.author, Authenticated: fmt.Sprint(d.env.user != ""),
		ListID: listID(m.get("List-Id")), ReceivedAt: g.at,
	}
	if d.env.mailFrom == "" {
		t.SPFDomain = d.env.helo // RFC 7208 section 2.4
	}
	if t.DKIM == "" {
		t.DKIM = bestWord(d.dkim)
	}
	older := d.rfc9989
	if d.rfc7489 != nil {
		older = *d.rfc7489
	}
	t.RFC9989 = d.verdict(d.rfc9989, t.SPFDomain)
	t.RFC7489 = d.verdict(older, t.SPFDomain)
	if d.env.user != "" {
		skipped := Verdict{"skipped_authenticated", Any, Any, Any, Any, Any, Any}
		t.RFC9989, t.RFC7489 = skipped, skipped
	}
	return t
}

// bestWord is the result over signatures that were left intact or broken.
func bestWord(sigs []authID) string {
	if len(sigs) == 0 {
		return "none"
	}
	for _, s := range sigs {
		if s.passed {
			return "pass"
		}
	}
	return "fail"
}

func (d *delivery) verdict(p published, spfDomain string) Verdict {
	if p.undecidable {
		return Verdict{"temperror", Any, Any, "temperror", Any, Any, Any}
	}
	f := facts{
		spf: authID{d.spf == "pass", kinship(spfDomain, d.author)}, dkim: d.dkim,
		policyDomain: p.domain, policy: p.policy,
		strictSPF: p.strictSPF, strictDKIM: p.strictDKIM, lowered: p.lowered,
	}
	return f.decide()
}

// listID is the identifier of a List-Id value.
func listID(v string) string {
	i := strings.LastIndexByte(v, '<')
	if i < 0 {
		return ""
	}
	return strings.ToLower(strings.TrimSuffix(v[i+1:], ">"))
}

// stampField is what the receiver wrote on the day: the truth, or nothing where
// the truth leaves a choice.
func (d *delivery) stampField(t *Truth) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Authentication-Results: %s", RecordedBy)
	say := func(column *string, method, word, rest string) {
		if word != "" && !strings.ContainsAny(word, "|*") {
			*column = word
			fmt.Fprintf(&b, ";\r\n\t%s=%s%s", method, word, rest)
		}
	}
	say(&t.RecordedSPF, "spf", t.SPF, " smtp.mailfrom="+orElse(d.env.mailFrom, "postmaster@"+d.env.helo))
	say(&t.RecordedDKIM, "dkim", t.DKIM, "")
	say(&t.RecordedDMARC, "dmarc", t.RFC9989.DMARC, " header.from="+d.author)
	if t.RecordedSPF+t.RecordedDKIM+t.RecordedDMARC == "" {
		b.WriteString("; none")
	}
	return b.String() + "\r\n"
}

func itoa(n int) string { return strconv.Itoa(n) }
