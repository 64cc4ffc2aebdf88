package corpus

import (
	"bytes"
	"fmt"
	"strings"
	"time"
)

// oddFrom delivers mail from plain.test with a From of its own. author is empty
// where From gives no single domain.
func oddFrom(c *cast, g *gen, scenario, from, author string) *Message {
	o := c.plain
	m := g.letter(from, o.name)
	if from == "" {
		m.remove("From")
	}
	d := delivery{scenario: scenario, env: g.own(o), author: author, spf: "pass"}
	if author == "" {
		d.fix = func(t *Truth) {
			bad := Verdict{"invalid_from", Any, Any, "none|permerror", "", Any, Any}
			t.RFC9989, t.RFC7489, t.From = bad, bad, Any
		}
	}
	return g.deliver(m, d)
}

// badFrom: From fields that name no author domain, or several.
func badFrom(c *cast, g *gen) *Message {
	switch g.turn(6) {
	case 0:
		return oddFrom(c, g, "from_missing", "", "")
	case 1:
		return oddFrom(c, g, "from_several", "alice@plain.test, bob@bank.example", "")
	case 2:
		return oddFrom(c, g, "from_group", "undisclosed: ;", "")
	case 3:
		return oddFrom(c, g, "from_no_domain", "root", "")
	case 4:
		return twoFrom(c, g)
	}
	return oddFrom(c, g, "from_garbage", "\"unclosed <>>>,,,", "")
}

// twoFrom: two fields of different domains.
func twoFrom(c *cast, g *gen) *Message {
	msg := oddFrom(c, g, "from_twice", "alice@plain.test", "")
	msg.Raw = bytes.Replace(msg.Raw, []byte("\r\nSubject: "), []byte("\r\nFrom: service@bank.example\r\nSubject: "), 1)
	return msg
}

// fineFrom: odd, and with one author domain all the same.
func fineFrom(c *cast, g *gen) *Message {
	forms := []struct{ scenario, value string }{
		{"from_several_same", "alice@plain.test, \"Bob B.\" <bob@plain.test>"},
		{"from_comment", "(the (nested) one) alice (a) @ (b) plain.test (c)"},
		{"from_quoted", "\"bank.example <service@bank.example>\" <\"odd name@home\"@plain.test>"},
		{"from_case", "Alice <ALICE@Plain.TEST>"},
		{"from_route", "<@relay.example,@hobby.example:alice@plain.test>"},
		{"from_folded", "Alice\r\n\tExample\r\n <alice@plain.test>"},
		{"from_group_member", "Team: alice@plain.test;"},
	}
	turn := g.turn(len(forms) + 1)
	if turn == len(forms) {
		return bareDisplayName(c, g)
	}
	from := forms[turn]
	return oddFrom(c, g, from.scenario, from.value, "plain.test")
}

// bareDisplayName: an unquoted "@" in a display name breaks RFC 5322 section 3.4,
// and most readers do not mind.
func bareDisplayName(c *cast, g *gen) *Message {
	msg := oddFrom(c, g, "from_display_address", "service@bank.example <alice@plain.test>", "plain.test")
	t := &msg.Truth
	t.From = "plain.test|"
	for _, v := range []*Verdict{&t.RFC9989, &t.RFC7489} {
		v.Category, v.SPFAlignment = "no_policy|invalid_from", Any
	}
	return msg
}

// uLabel: an internationalized author domain in its own letters (RFC 6532).
func uLabel(c *cast, g *gen) *Message {
	o := c.idn
	m := g.letter("Büchertisch <post@bücher.example>", o.name)
	e := g.own(o)
	d := delivery{scenario: "u_label", env: e, author: o.name, spf: "pass", rfc9989: policyOf(o)}
	if g.turn(2) == 0 {
		g.signAs(m, o)
		d.dkim = []authID{{true, same}}
	}
	return g.deliver(m, d)
}

// fromLines: bodies whose lines look like separators of mbox files; signed, so
// that a wrong unquoting shows.
func fromLines(c *cast, g *gen) *Message {
	o := c.acme
	m := g.letter(g.mailbox(o.name), o.name)
	m.body = []byte("From here on the text is odd.\r\n>From one level.\r\n>>From two levels.\r\nFromage is cheese.\r\n From with a blank.\r\n\r\n" +
		"From alice@acme.example Tue Mar  3 10:00:01 2026\r\nFrom: not a header\r\n\r\n>From the end\r\n")
	m.set("Content-Transfer-Encoding", "7bit")
	m.set("Content-Type", "text/plain")
	g.signAs(m, o)
	return g.deliver(m, delivery{scenario: "from_lines", env: g.own(o), author: o.name, spf: "pass",
		dkim: []authID{{true, same}}, rfc9989: policyOf(o)})
}

// bulky: a header with very many and very long fields.
func bulky(c *cast, g *gen) *Message {
	o := c.acme
	m := g.letter(g.mailbox(o.name), o.name)
	for i := range 100 {
		m.add(fmt.Sprintf("X-Note-%d", i), strings.Join(words[:8+g.r.IntN(12)], " "))
	}
	m.add("References", strings.TrimSpace(strings.Repeat("<0123456789abcdef@acme.example>\r\n ", 200)))
	g.signAs(m, o)
	return g.deliver(m, delivery{scenario: "huge_header", env: g.own(o), author: o.name, spf: "pass",
		dkim: []authID{{true, same}}, rfc9989: policyOf(o)})
}

// bytesOdd: bytes that text has no business to hold, signed as they are.
func bytesOdd(c *cast, g *gen) *Message {
	bodies := []struct{ scenario, body string }{
		{"nul_bytes", "a\x00b\x00\x00c\r\n\x00\r\n"},
		{"bare_cr", "one\rtwo\r three \r\r\nfour\r\n"},
		{"no_final_newline", "the end comes without a line end"},
		{"empty_body", ""},
		{"blank_body", "\r\n\r\n\r\n"},
		{"long_line", strings.Repeat("0123456789", 500) + "\r\n"},
		{"high_bytes", "\xff\xfe\x80\r\n\xa0\x0b\x0c\r\n"},
	}
	b := bodies[g.turn(len(bodies))]
	o := c.acme
	m := g.letter(g.mailbox(o.name), o.name)
	m.body = []byte(b.body)
	m.sign(signing{domain: o.name, selector: o.selector, key: o.key, canon: pick(g, []string{"simple/simple", "relaxed/relaxed"})})
	return g.deliver(m, delivery{scenario: b.scenario, env: g.own(o), author: o.name, spf: "pass",
		dkim: []authID{{true, same}}, rfc9989: policyOf(o)})
}

// untraced: no Received field; the store kept Received-SPF, or nothing.
func untraced(c *cast, g *gen) *Message {
	o := c.bank
	m := g.letter(g.mailbox(o.name), o.name)
	t := Truth{Scenario: "untraced", SPF: "none", DKIM: "none", ARC: "none", ClientSource: "none",
		MailFrom: o.name, From: o.name, SPFDomain: Any, HELO: Any, Authenticated: "false", MessageID: strings.Trim(m.get("Message-ID"), "<>")}
	f := facts{policyDomain: o.name, policy: o.policy}
	f.spf.rel = same
	if g.turn(2) == 0 {
		t.Scenario, t.SPF, t.ClientIP, t.ClientSource, t.SPFDomain, f.spf.passed = "received_spf_only", "pass", o.ip, "received_spf", o.name, true
		t.RecordedSPF = "pass|" // whether this field counts as a record of the day is the auditor's choice
		m.prepend("Received-SPF: pass (mx.example.org: domain of a@bank.example designates " + o.ip + " as permitted sender)\r\n" +
			"\treceiver=mx.example.org; client-ip=" + o.ip + "; helo=" + o.host + "; envelope-from=\"a@bank.example\";\r\n")
	}
	m.prepend("Return-Path: <a@bank.example>\r\n")
	t.RFC9989 = f.decide()
	t.RFC9989.SPFAlignment = Any
	t.RFC7489 = t.RFC9989
	return &Message{Raw: m.bytes(), Sender: "a@" + o.name, Received: g.at, Truth: t}
}

// malformedForms are files that hold no usable message.
var malformedForms = []struct{ name, raw string }{
	{"empty", ""},
	{"one_newline", "\n"},
	{"no_header", "this is not mail\r\nand it has no header at all\r\n"},
	{"binary", "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00>\x00"},
	{"body_only", "\r\nA blank line first, so the header is empty.\r\n"},
}

// malformed returns those messages.
func malformed(at time.Time) []*Message {
	var out []*Message
	for _, f := range malformedForms {
		v := Verdict{"malformed", Any, Any, Any, Any, Any, Any}
		out = append(out, &Message{Raw: []byte(f.raw), Received: at, Truth: Truth{
			Scenario: "malformed_" + f.name, SPF: Any, SPFDomain: Any, DKIM: Any, ARC: Any, ClientSource: Any, ClientIP: Any,
			HELO: Any, MailFrom: Any, From: Any, Authenticated: "false", RFC9989: v, RFC7489: v,
		}})
	}
	return out
}
