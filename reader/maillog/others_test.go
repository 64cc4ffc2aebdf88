package maillog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mailaudit/reader"
)

func TestExim(t *testing.T) {
	t.Parallel()
	const id = "1qWeRt-000AbC-2x"
	for _, c := range []struct{ name, log, want string }{
		{"arrival with DKIM, HELO given", `2026-03-01 10:00:00 ` + id + ` DKIM: d=example.org s=s1 c=relaxed/relaxed a=rsa-sha256 b=2048 t=1772359200 [verification succeeded]
2026-03-01 10:00:01 ` + id + ` <= a@example.org H=rev.example.org (mail.example.org) [192.0.2.7]:4711 I=[192.0.2.1]:25 P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=1234 DKIM=example.org id=1@example.org T="H=evil [203.0.113.1] A=x" for b@example.com
2026-03-01 10:00:01 ` + id + ` => b <b@example.com> R=local T=mail
2026-03-01 10:00:01 ` + id + ` Completed
`, id + " 192.0.2.7 rev.example.org helo=mail.example.org <a@example.org> id=1@example.org sig=example.org/s1/rsa-sha256/2048/pass by=exim dkim=pass"},
		{"EHLO was the name of the address", `2026-03-01 10:00:01 ` + id + ` <= a@example.org H=mail.example.org [192.0.2.7] P=esmtp S=1 id=1@example.org
2026-03-01 10:00:01 ` + id + ` Completed
`, id + " 192.0.2.7 mail.example.org helo=mail.example.org <a@example.org> id=1@example.org by=exim"},
		{"no reverse name, literal, bounce", `2026-03-01 10:00:01 ` + id + ` <= <> H=([192.0.2.9]) [192.0.2.7] P=smtp S=1
2026-03-01 10:00:01 ` + id + ` Completed
`, id + " 192.0.2.7  helo=[192.0.2.9] <> by=exim"},
		{"a HELO that looks like an address", `2026-03-01 10:00:01 ` + id + ` <= a@example.org H=(a) [203.0.113.1]) [192.0.2.7]:25 P=esmtp S=1
2026-03-01 10:00:01 ` + id + ` Completed
`, id + " 192.0.2.7  helo=a) [203.0.113.1] <a@example.org> by=exim"},
		{"authenticated, IPv6", `2026-03-01 10:00:01 ` + id + ` <= a@example.org H=(pc) [2001:db8::1]:1 P=esmtpsa A=plain:user S=1
2026-03-01 10:00:01 ` + id + ` Completed
`, id + " 2001:db8::1  helo=pc <a@example.org> auth by=exim"},
		{"local", `2026-03-01 10:00:01 ` + id + ` <= root@example.com U=root P=local S=1
2026-03-01 10:00:01 ` + id + ` Completed
`, id + " -  helo= <root@example.com> auth by=exim"},
		{"long id, body changed, key gone", `2026-03-01 10:00:00.123 [99] 1qWeRt-0000000AbCd-2xYz DKIM: d=example.org s=s1 c=simple/simple a=rsa-sha1 b=1024 [verification failed - body hash mismatch (body probably modified in transit)]
2026-03-01 10:00:00.124 [99] 1qWeRt-0000000AbCd-2xYz DKIM: d=example.net s=s2 [failed key import]
2026-03-01 10:00:00.124 [99] 1qWeRt-0000000AbCd-2xYz DKIM: d=example.net s=s2 c=simple/simple a=rsa-sha256 b=0 [invalid - public key record (currently?) unavailable]
2026-03-01 10:00:01.125 [99] 1qWeRt-0000000AbCd-2xYz <= a@example.org H=(x) [192.0.2.7] P=esmtp S=1
2026-03-01 10:00:01.126 [99] 1qWeRt-0000000AbCd-2xYz Completed
`, "1qWeRt-0000000AbCd-2xYz 192.0.2.7  helo=x <a@example.org> sig=example.org/s1/rsa-sha1/1024/fail sig=example.net/s2/rsa-sha256/0/temperror by=exim dkim=fail"},
		{"DMARC results and refusal after DATA", `2026-03-01 10:00:00 ` + id + ` DMARC results: spf_domain=example.net dmarc_domain=example.org spf_align=no dkim_align=no enforcement='Reject'
2026-03-01 10:00:01 ` + id + ` H=(x) [192.0.2.7] F=<a@example.net> rejected after DATA: DMARC policy
`, id + " 192.0.2.7  helo=x <a@example.net> by=exim spfdomain=example.net dmarc=Reject did=reject"},
		{"SPF and DMARC as log tokens", `2026-03-01 10:00:01 ` + id + ` <= a@example.org H=(x) [192.0.2.7] P=esmtp S=1 SPF=softfail DMARC=none
2026-03-01 10:00:01 ` + id + ` Completed
`, id + " 192.0.2.7  helo=x <a@example.org> by=exim spf=softfail dmarc=none"},
		{"refused recipient", `2026-03-01 10:00:01 H=(x) [192.0.2.7]:5 F=<a@example.org> rejected RCPT <b@example.com>: no
2026-03-01 10:00:01 H=(x) [192.0.2.7]:5 F=<a@example.org> temporarily rejected RCPT <c@example.com>: no
`, " 192.0.2.7  helo=x <a@example.org> by=exim"},
		{"through syslog", `Mar  1 10:00:01 mx1 exim[12]: 2026-03-01 10:00:01 ` + id + ` <= a@example.org H=(x) [192.0.2.7] P=esmtp S=1
Mar  1 10:00:01 mx1 exim[12]: 2026-03-01 10:00:01 ` + id + ` Completed
`, id + " 192.0.2.7  helo=x <a@example.org> by=exim"},
		{"Completed is missing", `2026-03-01 10:00:01 ` + id + " <= a@example.org H=(x) [192.0.2.7] P=esmtp S=1\n",
			id + " 192.0.2.7  helo=x <a@example.org> by=exim incomplete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := readLogs(t, Options{}, c.log)
			noProblems(t, got)
			if got.format != reader.Exim {
				t.Errorf("format %q", got.format)
			}
			expect(t, got, c.want)
		})
	}
}

func TestSendmail(t *testing.T) {
	t.Parallel()
	got := readLogs(t, Options{}, stamp("Feb 23 14:13:08",
		"sm-mta[17126]: s1NED81M017126: from=<a@example.org>, size=1234, class=0, nrcpts=1, msgid=<1@example.org>, proto=ESMTP, daemon=MTA, relay=mail.example.org [192.0.2.7] (may be forged)",
		"opendkim[5]: s1NED81M017126: s=s1 d=example.org a=rsa-sha256 SSL ", "opendkim[5]: s1NED81M017126: DKIM verification successful",
		"opendmarc[6]: s1NED81M017126: example.org pass",
		"sm-mta[17126]: s1NED81M017126: Milter insert (0): header: Authentication-Results: mx.example.com; dmarc=pass (p=reject dis=none) header.from=example.org",
		"sm-mta[17127]: s1NED81M017126: to=<b@example.com>, delay=00:00:01, mailer=local, pri=1, dsn=2.0.0, stat=Sent",
		"sm-mta[17130]: s1NED81M017130: AUTH=server, relay=pc [192.0.2.8], authid=u, mech=PLAIN, bits=0",
		"sm-mta[17130]: s1NED81M017130: from=<u@example.com>, size=1, class=0, nrcpts=1, msgid=<2@example.com>, relay=pc [192.0.2.8]",
		"sm-mta[17131]: s1NED81M017130: to=<x@example.net>, delay=00:00:01, stat=Sent",
	))
	noProblems(t, got)
	expect(t, got,
		"s1NED81M017126 192.0.2.7 mail.example.org helo= <a@example.org> id=1@example.org author=example.org sig=example.org/s1/rsa-sha256/0/pass by=opendmarc dkim=pass dmarc=pass",
		"s1NED81M017130 192.0.2.8 pc helo= <u@example.com> auth id=2@example.com")
	// The id holds the second in UTC: s is 54 to base 60, 1954 or 2014; 1 is February.
	if at := got.units[0].Log.ReceivedAt; !at.Equal(time.Date(2014, 2, 23, 14, 13, 8, 0, time.UTC)) {
		t.Errorf("received at %v", at)
	}
}

// TestSendmailChosen: what a client puts into its address and message id is not
// taken for what Sendmail itself says.
func TestSendmailChosen(t *testing.T) {
	t.Parallel()
	got := readLogs(t, Options{}, stamp("Feb 23 14:13:08",
		`sm-mta[1]: s1NED81M017126: from=<"relay=x [198.51.100.66], auth=PLAIN,"@example.org>, size=1, class=0, nrcpts=1, msgid=<1,nrcpts=0, auth=PLAIN, relay=y [198.51.100.67]>, proto=ESMTP, daemon=MTA, relay=mail.example.org [192.0.2.7]`,
		"sm-mta[2]: s1NED81M017126: to=<b@example.com>, stat=Sent",
		"sm-mta[1]: s1NED81M017127: from=<a@example.org>, size=1, class=0, nrcpts=1, msgid=<2@example.org>, proto=ESMTPSA, daemon=MSA, tls_verify=NO, auth=PLAIN, relay=mail.example.org [192.0.2.8]",
		"sm-mta[2]: s1NED81M017127: to=<b@example.com>, stat=Sent",
	))
	expect(t, got,
		`s1NED81M017126 192.0.2.7 mail.example.org helo= <"relay=x [198.51.100.66], auth=PLAIN,"@example.org> id=<1`,
		"s1NED81M017127 192.0.2.8 mail.example.org helo= <a@example.org> auth id=2@example.org")
}

// TestSendmailFolded: fields that milters fold are logged with \n and \t, and may
// be the only word of OpenDKIM.
func TestSendmailFolded(t *testing.T) {
	t.Parallel()
	got := readLogs(t, Options{}, stamp("Feb 23 14:13:08",
		"sm-mta[1]: s1NED81M017126: from=<a@example.org>, size=1, class=0, nrcpts=1, msgid=<1@example.org>, proto=ESMTP, daemon=MTA, relay=[192.0.2.7]",
		`sm-mta[1]: s1NED81M017126: Milter (filter0) insert (0): header: Authentication-Results:  mx.example;\n\tdkim=fail reason="signature verification failed" header.d=example.org header.i=@example.org header.a=ed25519-sha256 header.s=sel header.b=a8D1rIiu;\n\tdkim-atps=neutral`,
		"sm-mta[2]: s1NED81M017126: to=<b@example.com>, stat=Sent"))
	expect(t, got, "s1NED81M017126 192.0.2.7  helo= <a@example.org> id=1@example.org sig=example.org/sel/ed25519-sha256/0/fail by=mx.example dkim=fail")
}

// TestSendmailZone: a stamp of a zone five hours west, and the moment its id holds.
func TestSendmailZone(t *testing.T) {
	t.Parallel()
	got := readLogs(t, Options{}, stamp("Feb 23 04:36:21", "sm-mta[1]: s1N9aKAw012603: from=<a@example.org>, size=1, nrcpts=0, relay=m [192.0.2.7]"))
	if at := got.units[0].Log.ReceivedAt; !at.Equal(time.Date(2014, 2, 23, 9, 36, 20, 0, time.UTC)) || len(got.units[0].Anomalies) > 0 {
		t.Errorf("received at %v, %v", at, got.units[0].Anomalies)
	}
}

func TestRspamd(t *testing.T) {
	t.Parallel()
	const task = `id: <1@example.org>, qid: <4104E3D>, ip: 192.0.2.7, from: <a@bounce.example.org>, (default: F (reject): [20.00/15.00] [DMARC_POLICY_REJECT(2.00){example.org : No valid SPF, No valid DKIM;reject;},R_SPF_SOFTFAIL(0.00){~all;},R_DKIM_NA(0.00){},FROM_NEQ_ENVFROM(0.00){x@example.org;a@bounce.example.org;}]), len: 1, time: 1ms`
	const want = "4104E3D 192.0.2.7  helo= <a@bounce.example.org> id=1@example.org author=example.org by=rspamd spf=softfail dkim=none dmarc=fail policy=reject"
	for name, log := range map[string]string{
		"file":        "2026-03-01 10:00:00 #1234(normal) <a1b2c3>; task; rspamd_task_write_log: " + task + "\n",
		"syslog":      stamp(in, "rspamd[9]: <a1b2c3>; task; rspamd_task_write_log: "+task),
		"json":        `{"ts": 1772359200.25, "pid": 1, "severity_level": "info", "worker_type": "normal", "id": "a1b2c3", "module": "task", "function": "rspamd_task_write_log", "message": "` + task + `"}` + "\n",
		"severity":    "2026-03-01 10:00:00.123 [info] #1234(normal) <a1b2c3>; task; rspamd_task_write_log: " + task + "\n",
		"color":       "\x1b[0;37m2026-03-01 10:00:00 #1234(normal) <a1b2c3>; task; rspamd_task_write_log: " + task + "\x1b[0m\n",
		"systemd":     stamp(in, "rspamd[9]: (normal) <a1b2c3>; task; rspamd_task_write_log: "+task),
		"syslog JSON": stamp(in, `rspamd[9]: {"ts": 1772359200, "pid": 1, "severity": "info", "worker_type": "normal", "id": "a1b2c3", "module": "task", "function": "rspamd_task_write_log", "message": "`+task+`"}`),
		"journal, JSON": `{"__REALTIME_TIMESTAMP":"1772359200000000","SYSLOG_IDENTIFIER":"rspamd","MESSAGE":"{\"ts\": 1772359200, \"pid\": 1, \"id\": \"a1b2c3\", \"module\": \"task\", \"function\": \"rspamd_task_write_log\", \"message\": \"` +
			task + `\"}"}` + "\n",
		"history": `{"message-id":"1@example.org","qid":"4104E3D","ip":"192.0.2.7","sender_smtp":"a@bounce.example.org","sender_mime":"x@example.org","unix_time":1772359200.25,"required_score":15,"action":"reject","symbols":{"DMARC_POLICY_REJECT":{"name":"DMARC_POLICY_REJECT","score":2,"options":["example.org : No valid SPF, No valid DKIM","reject"]},"R_SPF_SOFTFAIL":{"score":0},"R_DKIM_NA":{"score":0}}}` + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := readLogs(t, Options{}, log)
			noProblems(t, got)
			if got.format != reader.Rspamd {
				t.Errorf("format %q", got.format)
			}
			expect(t, got, want)
			if at := got.units[0].Log.ReceivedAt.Truncate(time.Second); !at.Equal(time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)) {
				t.Errorf("received at %v", at)
			}
		})
	}
}

// TestHistoryVersions holds one message in the form of each version.
func TestHistoryVersions(t *testing.T) {
	t.Parallel()
	const head = "job 4104E3D\nreporter mx.example.com\nreceived 1772359200\nipaddr 192.0.2.7\nfrom example.org\nmfrom bounce.example.org\n"
	const tail = "pdomain example.org\npolicy 16\nrua mailto:d@example.org\npct 100\nadkim 114\naspf 114\np 114\nsp 0\nalign_dkim 5\nalign_spf 5\n"
	const want = "4104E3D 192.0.2.7  helo= <@bounce.example.org> author=example.org"
	const rest = " by=mx.example.com spf=softfail spfdomain=bounce.example.org"
	for _, c := range []struct{ name, log, want string }{
		{"1.0: two fields", head + "dkim example.net 7\nspf 2\n" + tail + "action 0\n",
			want + " sig=example.net///0/fail" + rest + " dkim=fail dmarc=fail policy=reject did=reject"},
		{"1.4: selector, ARC", head + "dkim example.net s1 0\nspf 2\n" + tail + "arc 6\narc_policy 1 json:[]\naction 2\n",
			want + " sig=example.net/s1//0/pass" + rest + " dkim=pass dmarc=fail policy=reject did=none"},
		{"Exim", head + "spf 2\ndkim example.net s1 5\n" + tail + "action 4\narc 11\narc_policy 1 json[ ]\n",
			want + " sig=example.net/s1//0/permerror" + rest + " dkim=permerror dmarc=fail policy=reject did=quarantine"},
		{"scope and fo", head + "spf 2\nspf_scope 2\n" + tail + "fo 1\naction 0\n",
			want + rest + " scope=helo dmarc=fail policy=reject did=reject"},
		{"cut off", head + "spf 2\n", want + rest + " incomplete"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := readLogs(t, Options{}, c.log)
			noProblems(t, got)
			if got.format != reader.OpenDMARCHistory {
				t.Errorf("format %q", got.format)
			}
			expect(t, got, c.want)
		})
	}
}

// TestHistoryWriter: what is written is byte for byte what OpenDMARC 1.4.2 wrote
// for the same message, and reads back.
func TestHistoryWriter(t *testing.T) {
	t.Parallel()
	const want = `job 28DA69C8076
reporter mx.example
received 1772359200
ipaddr 198.51.100.1
from none.example
mfrom none.example
dkim none.example sel 0
spf 6
pdomain none.example
policy 15
rua -
pct 100
adkim 114
aspf 114
p 110
sp 0
align_dkim 4
align_spf 5
arc 11
arc_policy 1 json:[]
action 2
`
	e := &HistoryEntry{
		Job: "28DA69C8076", Reporter: "mx.example", Received: time.Unix(1772359200, 0), ClientIP: netip.MustParseAddr("::ffff:198.51.100.1"),
		From: "none.example", MailFrom: "none.example", SPF: "none", Signatures: []HistorySignature{{"none.example", "sel", "pass"}},
		DMARC: "pass", PCT: 100, ADKIM: "r", ASPF: "r", P: "none", AlignDKIM: true, Disposition: "none",
	}
	var b bytes.Buffer
	w := NewHistoryWriter(&b)
	if err := w.Write(e); err != nil {
		t.Fatal(err)
	}
	if err := w.Write(&HistoryEntry{Job: "no author"}); err != nil {
		t.Fatal(err)
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	expect(t, readLogs(t, Options{}, b.String()),
		"28DA69C8076 198.51.100.1  helo= <@none.example> author=none.example sig=none.example/sel//0/pass by=mx.example spf=none spfdomain=none.example dkim=pass dmarc=pass policy=none did=none")
}

// TestHistoryInjection: no value can begin a line or a field of its own.
func TestHistoryInjection(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := NewHistoryWriter(&b)
	w.Write(&HistoryEntry{Job: "1\njob 2", ClientIP: netip.MustParseAddr("192.0.2.1"), From: "a\u2028b c", MailFrom: "x\raction 0",
		Signatures: []HistorySignature{{"d 0", "s\n", "pass"}}, RUA: []string{"mailto:a b"}})
	w.Flush()
	got := readLogs(t, Options{}, "job 0\nreporter x\n"+b.String())
	if len(got.units) != 2 || len(got.problems) > 0 || strings.Count(b.String(), "\n") != 21 {
		t.Errorf("%d records, %v:\n%s", len(got.units), got.problems, b.String())
	}
}

// TestQpsmtpdWordings holds the wordings of the plugins dmarc,
// sender_permitted_from and dkim, from the first (2013) to the last.
func TestQpsmtpdWordings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ plugin, text, want, category string }{
		{"dmarc", "pass, DKIM aligned", " dmarc=pass, DKIM aligned", "pass_dkim_strict"},
		{"dmarc", "pass, DKIM aligned, relaxed", " dmarc=pass, DKIM aligned, relaxed", "pass_relaxed"},
		{"dmarc", "pass, SPF aligned", " dmarc=pass, SPF aligned", "pass_spf_strict"},
		{"dmarc", "pass, SPF aligned, relaxed", " dmarc=pass, SPF aligned, relaxed", "pass_relaxed"},
		{"dmarc", "pass, tld policy", " dmarc=pass, tld policy", "pass_relaxed"},
		{"dmarc", "pass", " dmarc=pass", ""},
		{"dmarc", "skip, no policy", " dmarc=skip, no policy", "no_policy"},
		{"dmarc", "skip, no policy for example.org (same org)", " author=example.org dmarc=skip, no policy", "no_policy"},
		{"dmarc", "skip, no policy for www.example.org", " author=www.example.org dmarc=skip, no policy", "no_policy"},
		{"dmarc", "skip, no valid record for example.org", " author=example.org dmarc=skip, no valid record", "no_policy"},
		{"dmarc", "skip, too many records", " dmarc=skip, too many records", "no_policy"},
		{"dmarc", "skip, no valid reporting rua", " dmarc=skip, no valid reporting rua", "no_policy"},
		{"dmarc", "skip, relay client", " auth dmarc=skip, relay client", "skipped_authenticated"},
		{"dmarc", "skip, null sender", " dmarc=skip, null sender", "invalid_from"},
		{"dmarc", "unparseable from header: <@>", " dmarc=unparseable from header", "invalid_from"},
		{"dmarc", "error, unable to retrieve From header!", " dmarc=error, unable to retrieve From header!", "invalid_from"},
		{"dmarc", "fail", " dmarc=fail did=reject", "fail_reject"},
		{"dmarc", "fail, NAUGHTY", " dmarc=fail, NAUGHTY did=reject", "fail_reject"},
		{"dmarc", "fail, tolerated", " dmarc=fail, tolerated did=none", "fail_tolerated"},
		{"dmarc", "fail, tolerated, local_policy, mailing list", " dmarc=fail, tolerated, local_policy, mailing list did=none", "fail_tolerated"},
		{"dmarc", "fail, example.org not in DNS", " author=example.org dmarc=fail, not in DNS", "nonexistent_domain"},
		{"dmarc", "v=DMARC1; p=reject", " policy=v=DMARC1; p=reject", ""},
		{"sender_permitted_from", "pass, example.org: 192.0.2.7 is authorized", " spf=pass spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "fail, example.org: not authorized", " spf=fail spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "fail, tolerated, not authorized", " spf=fail spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "fail, tolerated, soft, why", " spf=softfail spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "fail, soft, why", " spf=softfail spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "fail, neutral, why", " spf=neutral spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "fail, tolerated, permerror, why", " spf=permerror spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "fail, temperror, why", " spf=temperror spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "skip, tolerated, none, no record", " spf=none spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "skip, tolerated (softfail: why)", " spf=softfail spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "SPF from a@example.org was neutral: why", " spf=neutral spfdomain=example.org scope=mfrom", ""},
		{"sender_permitted_from", "skip, null sender", "", ""},
		{"sender_permitted_from", "fail, no result", "", ""},
		{"sender_permitted_from", "pass", "", ""},
		{"dmarc", "skip, whitelisted host", " dmarc=skip, whitelisted host", ""},
		{"dkim", "pass, valid signature, neutral policy", " dkim=pass", ""},
		{"dkim", "pass, no signature, neutral policy", " dkim=none", ""},
		{"dkim", "domain: example.org, selector: s1, result: pass", " sig=example.org/s1//0/pass", ""},
		{"dkim", "fail, tolerated, domain: example.org, selector: s1, result: fail (body has been altered)", " sig=example.org/s1//0/fail dkim=fail", ""},
		{"dkim", "error, domain: example.org, selector: s1, result: temperror (dns)", " sig=example.org/s1//0/temperror dkim=temperror", ""},
		{"dkim", "pass, we signed the message", "", ""},
	} {
		t.Run(c.plugin+" "+c.text, func(t *testing.T) {
			t.Parallel()
			got := readLogs(t, Options{}, qpsmtpdSession(1, "(data_post) "+c.plugin+": "+c.text))
			noProblems(t, got)
			want := " 192.0.2.7 mail.example.org helo=ehlo.example.org <a@example.org>" + withBy(c.want)
			expect(t, got, want)
			if word, ok := RecordedCategory(got.units[0].Log); word != c.category || ok != (c.category != "") {
				t.Errorf("category %q, want %q", word, c.category)
			}
		})
	}
}

// withBy puts by=qpsmtpd where brief has it: behind identities and signatures.
func withBy(s string) string {
	for _, k := range []string{" spf=", " dkim=", " dmarc=", " policy="} {
		if i := strings.Index(s, k); i >= 0 {
			return s[:i] + " by=qpsmtpd" + s[i:]
		}
	}
	return s + " by=qpsmtpd"
}

// qpsmtpdSession is a connection as multilog keeps it, with lines of plugins.
func qpsmtpdSession(pid int, plugins ...string) string {
	lines := append([]string{
		"Connection from mail.example.org [192.0.2.7]", "(connect) relay: skip, no match", "220 mx ESMTP",
		"dispatching EHLO ehlo.example.org", "250-mx", "dispatching MAIL FROM:<a@example.org> SIZE=100",
		"250 <a@example.org>, sender OK", "dispatching RCPT TO:<b@example.com>", "250 <b@example.com>, recipient ok", "dispatching DATA", "354 go ahead",
	}, plugins...)
	lines = append(lines, "(queue) queue::qmail_2dqueue: (for 1) Queuing to /var/qmail/bin/qmail-queue", "250 Queued! 1 qp 2 <1@example.org>", "dispatching QUIT", "221 bye",
		"click, disconnecting")
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "@400000005330b4a51dcd6500 %d %s\n", pid, l)
	}
	return b.String()
}

// TestQpsmtpdBreakdown: a month of a list server, interleaved, gives the numbers
// of its own log from the words it recorded.
func TestQpsmtpdBreakdown(t *testing.T) {
	t.Parallel()
	want := map[string]int{
		"no_policy": 11095, "skipped_authenticated": 1024, "pass_dkim_strict": 881, "pass_spf_strict": 61,
		"pass_relaxed": 27, "nonexistent_domain": 367, "fail_reject": 3685,
	}
	lines := map[string][]string{
		"no_policy": {"(data_post) dmarc: skip, no policy for example.org (same org)"}, "skipped_authenticated": {"(data_post) dmarc: skip, relay client"},
		"pass_dkim_strict":   {"(data_post) dmarc: v=DMARC1; p=reject", "(data_post) dmarc: pass, DKIM aligned"},
		"pass_spf_strict":    {"(data_post) dmarc: v=DMARC1; p=reject", "(data_post) dmarc: pass, SPF aligned"},
		"pass_relaxed":       {"(data_post) dmarc: pass, DKIM aligned, relaxed"},
		"nonexistent_domain": {"(data_post) dmarc: fail, example.invalid not in DNS", "(data_post) dmarc: fail"},
		"fail_reject":        {"(data_post) dmarc: v=DMARC1; p=reject", "(data_post) dmarc: fail"},
	}
	var sessions [][]string
	for _, word := range []string{"no_policy", "skipped_authenticated", "pass_dkim_strict", "pass_spf_strict", "pass_relaxed", "nonexistent_domain", "fail_reject"} {
		for range want[word] {
			sessions = append(sessions, strings.SplitAfter(qpsmtpdSession(1000+len(sessions), lines[word]...), "\n"))
		}
	}
	got := readLogs(t, Options{}, interleave(sessions))
	noProblems(t, got)
	have := map[string]int{}
	for _, u := range got.units {
		word, _ := RecordedCategory(u.Log)
		have[word]++
	}
	if fmt.Sprint(have) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", have, want)
	}
}

// interleave mixes sessions, each in its own order, twenty at a time.
func interleave(sessions [][]string) string {
	r := rand.New(rand.NewPCG(17140, 0))
	r.Shuffle(len(sessions), func(i, j int) { sessions[i], sessions[j] = sessions[j], sessions[i] })
	var b strings.Builder
	var open [][]string
	for len(open) > 0 || len(sessions) > 0 {
		for len(open) < 20 && len(sessions) > 0 {
			open, sessions = append(open, sessions[0]), sessions[1:]
		}
		i := r.IntN(len(open))
		b.WriteString(open[i][0])
		if open[i] = open[i][1:]; len(open[i]) == 0 {
			open[i] = open[len(open)-1]
			open = open[:len(open)-1]
		}
	}
	return b.String()
}

// TestQpsmtpdMessages: several messages of a connection are several records.
func TestQpsmtpdMessages(t *testing.T) {
	t.Parallel()
	log := qpsmtpdSession(7, "(data_post) dmarc: pass, SPF aligned", "250 Queued!", "dispatching MAIL FROM:<>", "250 ok", "dispatching DATA", "(data_post) dmarc: fail")
	got := readLogs(t, Options{}, log)
	noProblems(t, got)
	const head = " 192.0.2.7 mail.example.org helo=ehlo.example.org "
	expect(t, got, head+"<a@example.org> by=qpsmtpd dmarc=pass, SPF aligned", head+"<> by=qpsmtpd dmarc=fail did=reject")
	// 0x5330b4a5 is 2014-03-24 22:41:41 UTC; TAI labels are ten seconds ahead.
	if at := got.units[0].Log.ReceivedAt.Truncate(time.Second); !at.Equal(time.Date(2014, 3, 24, 22, 41, 31, 0, time.UTC)) {
		t.Errorf("received at %v", at)
	}
}
