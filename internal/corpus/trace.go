package corpus

import (
	"fmt"
	"strings"
	"time"
)

// styles are the MTAs whose Received fields the boundary writes.
var styles = []string{"postfix", "exim", "sendmail", "qmail", "qpsmtpd", "gmail", "exchange"}

// envelope is one SMTP transaction at the boundary.
type envelope struct {
	ip       string
	helo     string
	rdns     string // empty: none
	mailFrom string // address; empty: the null path
	user     string // authenticated as; empty: not
	rcpt     string
}

// rfc822 is how most MTAs write dates.
const rfc822 = "Mon, 02 Jan 2006 15:04:05 -0700"

// id draws a queue identifier.
func (g *gen) id(n int) string {
	const digits = "0123456789ABCDEFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
	b := make([]byte, n)
	for i := range b {
		b[i] = digits[g.r.IntN(len(digits))]
	}
	return string(b)
}

// received is the boundary's Received field, as its MTA writes it.
func (g *gen) received(e envelope, by string, at time.Time) string {
	switch g.style {
	case "exim":
		return g.exim(e, by, at)
	case "sendmail":
		return g.sendmail(e, by, at)
	case "qmail":
		return g.qmail(e, by, at)
	case "qpsmtpd":
		return g.qpsmtpd(e, by, at)
	case "gmail":
		return g.gmail(e, by, at)
	case "exchange":
		return g.exchange(e, by, at)
	}
	return g.postfix(e, by, at)
}

func isIPv6(ip string) bool { return strings.Contains(ip, ":") }

// literal is the address between brackets as Postfix and Sendmail write it.
func literal(ip string) string {
	if isIPv6(ip) {
		return "[IPv6:" + ip + "]"
	}
	return "[" + ip + "]"
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (g *gen) postfix(e envelope, by string, at time.Time) string {
	auth, proto := "", "ESMTPS"
	if e.user != "" {
		auth, proto = "\r\n\t(Authenticated sender: "+e.user+")", "ESMTPSA"
	}
	tls := "\r\n\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\r\n\t" +
		" key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)" +
		"\r\n\t(No client certificate requested)"
	if g.r.IntN(3) == 0 {
		tls, proto = "", strings.Replace(proto, "S", "", 1)
		if proto == "EMTPSA" {
			proto = "ESMTPA"
		}
	}
	if tls == "" && e.user == "" {
		proto = "ESMTP"
	}
	return fmt.Sprintf("Received: from %s (%s %s)%s%s\r\n\tby %s (Postfix) with %s id %s\r\n\tfor <%s>; %s (UTC)\r\n",
		e.helo, orElse(e.rdns, "unknown"), literal(e.ip), tls, auth, by, proto, g.id(14), e.rcpt, at.UTC().Format(rfc822))
}

func (g *gen) exim(e envelope, by string, at time.Time) string {
	who := fmt.Sprintf("%s ([%s]", e.rdns, e.ip)
	switch {
	case e.rdns == "":
		who = fmt.Sprintf("[%s] (helo=%s", e.ip, e.helo)
	case e.rdns != e.helo:
		who += " helo=" + e.helo
	}
	if g.r.IntN(2) == 0 && e.rdns != "" {
		who = strings.Replace(who, "["+e.ip+"]", fmt.Sprintf("[%s]:%d", e.ip, 1024+g.r.IntN(60000)), 1)
	}
	proto := "esmtps"
	if e.user != "" {
		proto = "esmtpsa"
	}
	return fmt.Sprintf("Received: from %s)\r\n\tby %s with %s  (TLS1.3) tls TLS_AES_256_GCM_SHA384\r\n\t(Exim 4.97.1)\r\n\t(envelope-from <%s>)\r\n\tid 1r%s-00000%s-%s\r\n\tfor %s;\r\n\t%s\r\n",
		who, by, proto, e.mailFrom, g.id(4), g.id(6), g.id(4), e.rcpt, at.UTC().Format(rfc822))
}

func (g *gen) sendmail(e envelope, by string, at time.Time) string {
	who := literal(e.ip)
	if e.rdns != "" {
		who = e.rdns + " " + who
		if g.r.IntN(8) == 0 {
			who += " (may be forged)"
		}
	}
	auth, proto := "", "ESMTPS"
	if e.user != "" {
		auth, proto = "\r\n\t(authenticated bits=0)", "ESMTPSA"
	}
	return fmt.Sprintf("Received: from %s (%s)%s\r\n\tby %s (8.17.2/8.17.2) with %s id 3%s\r\n\t(version=TLSv1.3 cipher=TLS_AES_256_GCM_SHA384 bits=256 verify=NOT)\r\n\tfor <%s>; %s GMT\r\n",
		e.helo, who, auth, by, proto, g.id(13), e.rcpt, at.UTC().Format("Mon, 2 Jan 2006 15:04:05"))
}

// qmail says nothing of authentication; its patched cousin below does.
func (g *gen) qmail(e envelope, by string, at time.Time) string {
	if e.user != "" {
		return g.qpsmtpd(e, by, at)
	}
	stamp := at.UTC().Format("2 Jan 2006 15:04:05") + " -0000"
	return fmt.Sprintf("Received: (qmail %d invoked by alias); %s\r\nReceived: from %s (HELO %s) (%s)\r\n  by %s with SMTP; %s\r\n",
		1000+g.r.IntN(60000), stamp, orElse(e.rdns, "unknown"), e.helo, e.ip, by, stamp)
}

func (g *gen) qpsmtpd(e envelope, by string, at time.Time) string {
	auth, proto := "", "ESMTPS"
	if e.user != "" {
		auth, proto = fmt.Sprintf(" (smtp-auth username %s, mechanism login)", e.user), "ESMTPSA"
	}
	return fmt.Sprintf("Received: from %s (HELO %s) (%s)%s\r\n    by %s (qpsmtpd/0.96) with (ECDHE-RSA-AES256-GCM-SHA384 encrypted) %s; %s\r\n",
		orElse(e.rdns, "Unknown"), e.helo, e.ip, auth, by, proto, at.UTC().Format(rfc822))
}

func (g *gen) gmail(e envelope, by string, at time.Time) string {
	pacific := time.FixedZone("PST", -8*3600)
	stamp := at.In(pacific).Format("Mon, 02 Jan 2006 15:04:05 -0700 (MST)")
	rdns, proto := "", "ESMTPS"
	if e.rdns != "" {
		rdns = e.rdns + ". "
	}
	if e.user != "" {
		proto = "ESMTPSA"
	}
	local := fmt.Sprintf("Received: by 2001:db8:a05:%x:b0:%x:%x:%x with SMTP id %s;\r\n        %s\r\n",
		g.r.IntN(65536), g.r.IntN(65536), g.r.IntN(65536), g.r.IntN(65536), strings.ToLower(g.id(14)), stamp)
	return local + fmt.Sprintf("Received: from %s (%s[%s])\r\n        by %s with %s id %s.%d.%s\r\n        for <%s>\r\n        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);\r\n        %s\r\n",
		e.helo, rdns, e.ip, by, proto, strings.ToLower(g.id(24)), g.r.IntN(99), at.In(pacific).Format("2006.01.02.15.04.05"), e.rcpt, stamp)
}

// exchange has no words for authentication either.
func (g *gen) exchange(e envelope, by string, at time.Time) string {
	if e.user != "" {
		return g.postfix(e, by, at)
	}
	return fmt.Sprintf("Received: from %s (%s) by\r\n %s (10.20.0.4) with Microsoft SMTP Server (version=TLS1_2,\r\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.7339.35 via Frontend\r\n Transport; %s\r\n",
		e.helo, e.ip, by, at.UTC().Format("Mon, 2 Jan 2006 15:04:05 -0700"))
}

// inside adds the hops behind the boundary: a filter, a store. Their addresses
// are private or loopback, so no reader takes them for the client.
func (g *gen) inside(m *mail, e envelope) {
	at := g.at.Add(time.Second).UTC()
	switch g.style {
	case "postfix":
		m.prepend(fmt.Sprintf("Received: from mx.example.org ([127.0.0.1])\r\n\tby localhost (mx.example.org [127.0.0.1]) (amavis, port 10024)\r\n\twith ESMTP id %s for <%s>;\r\n\t%s (UTC)\r\n", g.id(12), e.rcpt, at.Format(rfc822)))
		m.prepend(fmt.Sprintf("Received: from localhost (localhost [127.0.0.1])\r\n\tby mx.example.org (Postfix) with ESMTP id %s\r\n\tfor <%s>; %s (UTC)\r\n", g.id(14), e.rcpt, at.Format(rfc822)))
		if g.r.IntN(2) == 0 {
			m.prepend(fmt.Sprintf("Received: from mx.example.org ([10.0.0.5])\r\n\tby store.example.org with LMTP\r\n\tid %s\r\n\t(envelope-from <%s>)\r\n\tfor <%s>; %s\r\n", g.id(22), e.mailFrom, e.rcpt, at.Format(rfc822)))
		}
	case "exim":
		if g.r.IntN(2) == 0 {
			m.prepend(fmt.Sprintf("Received: from mail by store.example.org with local (Exim 4.97.1)\r\n\t(envelope-from <%s>)\r\n\tid 1r%s-00000%s-%s;\r\n\t%s\r\n", e.mailFrom, g.id(4), g.id(6), g.id(4), at.Format(rfc822)))
		}
	case "exchange":
		m.prepend(fmt.Sprintf("Received: from EXCH01.example.org (10.20.0.4) by EXCH02.example.org\r\n (10.20.0.5) with Microsoft SMTP Server (version=TLS1_2,\r\n cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.7339.35; %s\r\n", at.Format("Mon, 2 Jan 2006 15:04:05 -0700")))
	case "sendmail":
		if g.r.IntN(2) == 0 {
			m.prepend(fmt.Sprintf("Received: from mx.example.org (mx.example.org [192.168.7.25])\r\n\tby store.example.org (8.17.2/8.17.2) with ESMTP id 3%s\r\n\tfor <%s>; %s GMT\r\n", g.id(13), e.rcpt, at.Format("Mon, 2 Jan 2006 15:04:05")))
		}
	}
}

// origin adds a hop inside the sender's own network, below the boundary: an
// authenticated submission there says nothing about the boundary.
func (g *gen) origin(m *mail, o *org) {
	if g.r.IntN(3) > 0 {
		m.prepend(fmt.Sprintf("Received: from [10.%d.%d.%d] (unknown [10.9.8.7])\r\n\t(Authenticated sender: somebody@%s)\r\n\tby %s (Postfix) with ESMTPSA id %s;\r\n\t%s\r\n",
			g.r.IntN(255), g.r.IntN(255), g.r.IntN(255), o.name, o.host, g.id(14), g.at.Add(-2*time.Second).UTC().Format(rfc822)))
	}
}
