package evidence

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit/reader"
)

var noStore = &reader.Envelope{}

// header parses fields; one without a name is a Received field.
func header(t testing.TB, fields ...string) *Header {
	t.Helper()
	var b strings.Builder
	for _, f := range fields {
		if name, _, ok := strings.Cut(f, ": "); !ok || strings.ContainsAny(name, " [") {
			f = "Received: " + f
		}
		b.WriteString(f + "\r\n")
	}
	h := new(Header)
	h.parse([]byte(b.String() + "\r\n"))
	if len(h.Fields) != len(fields) {
		t.Fatalf("%d fields of %d", len(h.Fields), len(fields))
	}
	return h
}

func TestEnvelope(t *testing.T) {
	t.Parallel()
	const hop = "from mail.Example.ORG (mx1.example.org [192.0.2.1]) by mx.example.net (Postfix) with ESMTP id 1; Mon, 29 Apr 2019 16:22:03 +0200"
	arrival := time.Date(2019, 4, 29, 14, 22, 3, 0, time.UTC)
	store := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name      string
		fields    []string
		env       reader.Envelope
		opts      Options
		from      string // MAIL FROM, "-" where unknown
		client    string
		basis     Basis
		helo      string
		at        time.Time
		anomalies string
	}{
		{name: "postfix", fields: []string{"Return-Path: <b@Example.ORG>", hop}, from: "b@example.org", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "null path", fields: []string{"Return-Path: <>", hop}, from: "@", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "null path by name", fields: []string{"Return-Path: <MAILER-DAEMON>", hop}, from: "@", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "Return-Path before the store", fields: []string{"Return-Path: <b@example.org>", hop}, env: reader.Envelope{MailFrom: "x@example.com", HasMailFrom: true, ReceivedAt: store},
			from: "b@example.org", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "store", fields: []string{hop}, env: reader.Envelope{MailFrom: "x@example.com", HasMailFrom: true}, from: "x@example.com", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "store, null path", fields: []string{hop}, env: reader.Envelope{MailFrom: "MAILER-DAEMON", HasMailFrom: true}, from: "@", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "store, public-inbox", fields: []string{hop}, env: reader.Envelope{MailFrom: "mboxrd@z", HasMailFrom: true}, from: "-", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "store, Eudora", fields: []string{hop}, env: reader.Envelope{MailFrom: "???@???", HasMailFrom: true}, from: "-", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "store, Mozilla", fields: []string{hop}, env: reader.Envelope{MailFrom: "-", HasMailFrom: true}, from: "-", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "X-Envelope-From", fields: []string{hop, "X-Envelope-From: <x@example.com>"}, from: "x@example.com", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "the hop's own word", fields: []string{"from [192.0.2.1] (helo=[10.0.0.9]) by mx with esmtp (Exim 4.94) (envelope-from <x@example.com>) id 1"}, env: reader.Envelope{ReceivedAt: store},
			from: "x@example.com", client: "192.0.2.1", basis: BasisReceived, helo: "[10.0.0.9]", at: store},
		{name: "the word of a hop above the boundary does not count", fields: []string{"from a (a [10.0.0.1]) by mx with LMTP (envelope-from <x@example.com>)", hop}, from: "-", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival},
		{name: "date of the topmost field that has one", fields: []string{"by store with LMTP; Mon, 29 Apr 2019 14:22:03 +0000", "from a ([192.0.2.1]) by mx with SMTP"}, env: reader.Envelope{ReceivedAt: store}, from: "-", client: "192.0.2.1", basis: BasisReceived, helo: "a", at: arrival},
		{name: "Received-SPF", fields: []string{"Received-SPF: pass (x) client-ip=192.0.2.7; envelope-from=\"x@example.com\"; helo=h.example.com;", "by mx with SMTP"},
			from: "x@example.com", client: "192.0.2.7", basis: BasisSPF, helo: "h.example.com", anomalies: "no_boundary"},
		{name: "Authentication-Results", opts: Options{AuthservIDs: []string{"mx.example.net"}},
			fields: []string{"Authentication-Results: mx.example.net; spf=pass (sender IP is 192.0.2.8) smtp.mailfrom=example.com smtp.helo=h.example.com"},
			from:   "@example.com", client: "192.0.2.8", basis: BasisAuthRes, helo: "h.example.com", anomalies: "no_received"},
		{name: "Authentication-Results of somebody", opts: Options{AuthservIDs: []string{"mx.example.net"}},
			fields: []string{"Authentication-Results: mx.example.com; spf=pass (sender IP is 192.0.2.8) smtp.mailfrom=example.com"},
			from:   "-", basis: BasisNone, anomalies: "no_received"},
		{name: "iprev", opts: Options{AuthservIDs: []string{"mx.example.net"}},
			fields: []string{"Authentication-Results: MX.example.net; iprev=pass policy.iprev=192.0.2.9 (a.example.org)"},
			from:   "-", client: "192.0.2.9", basis: BasisAuthRes, anomalies: "no_received"},
		{name: "inside", fields: []string{"from a (a [10.0.0.1]) by mx with SMTP"}, from: "-", client: "10.0.0.1", basis: BasisReceived, helo: "a", anomalies: "internal_client"},
		{name: "odd fields", fields: []string{"Return-Path: <a@b@c>", "Return-Path: <x@example.com>", "hello world", hop}, from: "-", client: "192.0.2.1", basis: BasisReceived, helo: "mail.example.org", at: arrival,
			anomalies: "received_unparsable several_return_paths return_path_invalid"},
		{name: "nothing", fields: []string{"Subject: x"}, env: reader.Envelope{ReceivedAt: store}, from: "-", basis: BasisNone, at: store, anomalies: "no_received"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			e, odd := readEnvelope(header(t, c.fields...), &c.env, &c.opts)
			from := "-"
			if e.HasMailFrom {
				from = e.MailFromLocal + "@" + e.MailFromDomain
			}
			client := ""
			if e.ClientIP.IsValid() {
				client = e.ClientIP.String()
			}
			if from != c.from || client != c.client || e.Basis != c.basis || e.HELO != c.helo || !e.ReceivedAt.Equal(c.at) {
				t.Errorf("%+v", e)
			}
			if got := strings.Join(odd, " "); got != c.anomalies {
				t.Errorf("anomalies %q, want %q", got, c.anomalies)
			}
		})
	}
}

func TestEnvelopeBoundsHops(t *testing.T) {
	t.Parallel()
	h := header(t, slices.Repeat([]string{"by mx with LMTP"}, maxHops+1)...)
	e, odd := readEnvelope(h, noStore, &Options{})
	if e.Hops != maxHops+1 || !slices.Contains(odd, anomalyTooManyReceived) {
		t.Errorf("%+v %v", e, odd)
	}
	if n := len(Hops(h)); n != maxHops {
		t.Errorf("%d hops", n)
	}
}

func FuzzEnvelope(f *testing.F) {
	for _, c := range boundaryCases {
		f.Add([]byte("Received: " + strings.Join(c.hops, "\nReceived: ") + "\n\n"))
	}
	f.Add([]byte("Return-Path: <>\nReceived-SPF: pass client-ip=::1\nAuthentication-Results: mx; spf=pass smtp.mailfrom=a@b; iprev=pass policy.iprev=1.2.3.4\n\n"))
	o := &Options{AuthservIDs: []string{"mx"}}
	f.Fuzz(func(t *testing.T, b []byte) {
		h := new(Header)
		h.parse(b)
		e, _ := readEnvelope(h, noStore, o)
		for _, d := range []string{e.MailFromDomain, e.HELO} {
			if d != "" && d[0] != '[' {
				checkDomain(t, d)
			}
		}
		if e.ClientIP.IsValid() != (e.Basis != BasisNone) || e.Hop >= e.Hops || e.ClientIP.Is4In6() {
			t.Fatalf("%+v", e)
		}
		if !e.HasMailFrom && e.MailFromLocal+e.MailFromDomain != "" {
			t.Fatalf("%+v", e)
		}
		if index, _ := ExplainBoundary(Hops(h), o); index != int(e.Hop) {
			t.Fatalf("explained %d, chosen %d", index, e.Hop)
		}
		ev := Evidence{Envelope: e}
		ev.recordResults(h, o.AuthservIDs)
		if len(ev.Recorded.Signatures) > maxMethods {
			t.Fatal("too many recorded signatures")
		}
	})
}

func BenchmarkEnvelope(b *testing.B) {
	h := header(b, "Return-Path: <bounces+1@example.org>",
		"from mail.example.net by store with LMTP id EIX (envelope-from <bounces+1@example.org>) for <a@example.net>; Tue, 20 Jan 2026 19:52:34 +0100",
		receivedCases[3].value+" for <a@example.net>; Mon, 29 Apr 2019 16:22:03 +0200 (CEST)", receivedCases[0].value, receivedCases[1].value)
	b.ReportAllocs()
	for b.Loop() {
		readEnvelope(h, noStore, &Options{})
	}
}
