package dkim_test

import (
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// RFC 6376 §A.2, with the key of §C.
const rfc6376Message = `DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;
      c=simple/simple; q=dns/txt; i=joe@football.example.com;
      h=Received : From : To : Subject : Date : Message-ID;
      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB
      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut
      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV
      4bmp/YzhwvcubU4=;
Received: from client1.football.example.com  [192.0.2.1]
      by submitserver.example.com with SUBMISSION;
      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game. Are you hungry yet?

Joe.
`

const rfc6376Key = "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYt" +
	"IxN2SnFCjxOCKG9v3b4jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhi" +
	"tdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2QIDAQAB"

// RFC 8463 §A.3: two signatures, by the keys of §A.2.
const rfc8463Message = `DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
`

var rfcZone = dnstest.Source{
	"brisbane._domainkey.example.com TXT":          {rfc6376Key},
	"brisbane._domainkey.football.example.com TXT": {"v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="},
	"test._domainkey.football.example.com TXT": {"v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3id" +
		"Y6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLz" +
		"BfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"},
}

func TestRFCExamples(t *testing.T) {
	t.Parallel()
	crlf := strings.NewReplacer("\n", "\r\n")
	cases := []struct {
		name, message string
		reasons       []dkim.Reason
	}{
		{"RFC 6376", rfc6376Message, []dkim.Reason{""}},
		{"RFC 8463", rfc8463Message, []dkim.Reason{"", ""}},
		{"header changed", strings.Replace(rfc8463Message, "dinner", "lunch", 1), []dkim.Reason{dkim.SignatureMismatch, dkim.SignatureMismatch}},
		{"body changed", strings.Replace(rfc8463Message, "lost", "won", 1), []dkim.Reason{dkim.BodyHashMismatch, dkim.BodyHashMismatch}},
		{"white space changed, simple", strings.Replace(rfc6376Message, "game. ", "game.  ", 1), []dkim.Reason{dkim.BodyHashMismatch}},
		{"white space changed, relaxed", strings.Replace(rfc8463Message, "game.  ", "game. ", 1), []dkim.Reason{"", ""}},
		{"second From", strings.Replace(rfc8463Message, "From:", "From: eve@example.net\nFrom:", 1), []dkim.Reason{dkim.SignatureMismatch, dkim.SignatureMismatch}},
		{"empty lines at the end", rfc6376Message + "\n\n", []dkim.Reason{""}},
	}
	for _, c := range cases {
		for form, msg := range map[string]string{"LF": c.message, "CRLF": crlf.Replace(c.message)} {
			e := extract(t, evidence.NewExtractor(evidence.Options{}), []byte(msg), reader.QuotingNone)
			v := dkim.New(rfcZone, dkim.Profile{})
			if len(e.Signatures) != len(c.reasons) {
				t.Fatalf("%s, %s: %d signatures", c.name, form, len(e.Signatures))
			}
			for i := range e.Signatures {
				o := mustVerify(t, v, &e.Signatures[i], time.Unix(1528637909, 0))
				if o.Reason != c.reasons[i] {
					t.Errorf("%s, %s, signature %d: got %s %q, want %q", c.name, form, i, o.Result, o.Reason, c.reasons[i])
				}
			}
		}
	}
	t.Logf("conformance: cases=%d", 2*len(cases))
}

// An explanation names every check with its clause.
func TestTrace(t *testing.T) {
	t.Parallel()
	e := extract(t, evidence.NewExtractor(evidence.Options{}), []byte(strings.Replace(rfc6376Message, "lost", "won", 1)), reader.QuotingNone)
	v := dkim.New(rfcZone, dkim.Profile{})
	v.Trace = true
	o := mustVerify(t, v, &e.Signatures[0], time.Time{})
	want := []dkim.Step{
		{Clause: "RFC 6376 §6.1.1", Check: "signature field", OK: true},
		{Clause: "RFC 6376 §6.1.2", Check: "key record", OK: true},
		{Clause: "RFC 6376 §6.1.3", Check: "body hash", Note: "body_hash_mismatch"},
		{Clause: "RFC 6376 §6.1.3", Check: "signature, for information", Note: "the header is as signed; only the body differs", OK: true},
	}
	if len(o.Steps) != len(want) {
		t.Fatalf("%+v", o.Steps)
	}
	for i := range want {
		if o.Steps[i] != want[i] {
			t.Errorf("step %d: %+v, want %+v", i, o.Steps[i], want[i])
		}
	}
}
