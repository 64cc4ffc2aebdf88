package evidence

import (
	"net/netip"
	"testing"

	"mailaudit/reader"
)

// TestReturnPathBehindTrustedRelays: a list server of our own writes a return
// path of its own; the boundary below it knows the sender's.
func TestReturnPathBehindTrustedRelays(t *testing.T) {
	t.Parallel()
	const message = "Return-Path: <list-bounces@lists.example>\n" +
		"Received: from lists.example (lists.example [192.0.2.1])\n\tby mx.example.org (Postfix) with ESMTP id 1;\n\tMon, 6 May 2024 10:00:05 +0000\n" +
		"Authentication-Results: lists.example; spf=pass smtp.mailfrom=writer@author.example\n" +
		"Received: from mail.author.example (mail.author.example [198.51.100.7])\n\tby lists.example (Postfix) with ESMTPS id 2;\n\tMon, 6 May 2024 10:00:00 +0000\n" +
		"From: writer@author.example\n\nhello\n"
	trusted := []netip.Prefix{netip.MustParsePrefix("192.0.2.1/32")}
	for _, tt := range []struct {
		name   string
		o      Options
		client string
		domain string
	}{
		{"no relay trusted", Options{AuthservIDs: []string{"lists.example"}}, "192.0.2.1", "lists.example"},
		{"relay trusted, its results too", Options{TrustedNetworks: trusted, AuthservIDs: []string{"lists.example"}}, "198.51.100.7", "author.example"},
		{"relay trusted, its results not", Options{TrustedNetworks: trusted}, "198.51.100.7", "lists.example"},
		{"results of another", Options{TrustedNetworks: trusted, AuthservIDs: []string{"mx.example.org"}}, "198.51.100.7", "lists.example"},
	} {
		u := reader.NewUnit([]byte(message), nil)
		e, err := NewExtractor(tt.o).Extract(&u)
		if err != nil {
			t.Fatal(err)
		}
		if env := &e.Envelope; env.ClientIP.String() != tt.client || env.MailFromDomain != tt.domain || len(e.Anomalies) != 0 {
			t.Errorf("%s: client %s, path %s, anomalies %v; want %s, %s", tt.name, env.ClientIP, env.MailFromDomain, e.Anomalies, tt.client, tt.domain)
		}
	}
}
