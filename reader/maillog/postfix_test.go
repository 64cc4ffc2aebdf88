package maillog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mailaudit/reader"
)

// brief gives the fields that joining is about, in one line.
func brief(u reader.Unit) string {
	l, r := u.Log, u.Log.Recorded
	from := "?"
	if l.HasMailFrom {
		from = "<" + l.MailFrom + ">"
	}
	ip := "-"
	if l.ClientIP.IsValid() {
		ip = l.ClientIP.String()
	}
	s := fmt.Sprintf("%s %s %s helo=%s %s", l.QueueID, ip, l.ClientName, l.HELO, from)
	if l.Authenticated {
		s += " auth"
	}
	if l.MessageID != "" {
		s += " id=" + l.MessageID
	}
	for _, d := range l.HeaderFrom {
		s += " author=" + d
	}
	for _, g := range l.Signatures {
		s += fmt.Sprintf(" sig=%s/%s/%s/%d/%s", g.Domain, g.Selector, g.Algorithm, g.Bits, g.Result)
	}
	for _, f := range []struct{ k, v string }{
		{"by", r.By}, {"spf", r.SPF}, {"spfdomain", r.SPFDomain}, {"scope", r.SPFScope}, {"dkim", r.DKIM}, {"dmarc", r.DMARC},
		{"policy", r.Policy}, {"did", r.Disposition},
	} {
		if f.v != "" {
			s += " " + f.k + "=" + f.v
		}
	}
	if !l.Complete {
		s += " incomplete"
	}
	return s
}

// expect compares what logs gave with lines of brief.
func expect(t *testing.T, got outcome, want ...string) {
	t.Helper()
	for i := range max(len(got.units), len(want)) {
		switch {
		case i >= len(got.units):
			t.Errorf("record %d is missing: %s", i, want[i])
		case i >= len(want):
			t.Errorf("record %d is too many: %s", i, brief(got.units[i]))
		case brief(got.units[i]) != want[i]:
			t.Errorf("record %d:\n got %s\nwant %s", i, brief(got.units[i]), want[i])
		}
	}
}

// noProblems fails on any problem.
func noProblems(t *testing.T, got outcome) {
	t.Helper()
	for _, p := range got.problems {
		t.Errorf("problem: %v", p)
	}
}

// stamp puts a BSD stamp and a host before each line of a program.
func stamp(at string, lines ...string) string {
	return at + " mx1 " + strings.Join(lines, "\n"+at+" mx1 ") + "\n"
}

const in = "Mar  1 10:00:00"

func TestPostfix(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		lines []string
		want  []string
	}{
		{"plain", []string{
			"postfix/smtpd[1]: connect from mail.example.org[192.0.2.7]",
			"postfix/smtpd[1]: 4104E3D: client=mail.example.org[192.0.2.7]",
			"postfix/cleanup[2]: 4104E3D: message-id=<1@example.org>",
			"postfix/qmgr[3]: 4104E3D: from=<a@example.org>, size=1, nrcpt=1 (queue active)",
			"postfix/lmtp[4]: 4104E3D: to=<b@example.com>, relay=x, delay=0, status=sent (250 ok)",
			"postfix/qmgr[3]: 4104E3D: removed",
		}, []string{"4104E3D 192.0.2.7 mail.example.org helo= <a@example.org> id=1@example.org"}},
		{"submission over IPv6, null path", []string{
			"postfix/submission/smtpd[1]: 4104E3D: client=unknown[2001:db8::1], sasl_method=PLAIN, sasl_username=u@example.org",
			"postfix/qmgr[3]: 4104E3D: from=<>, size=1, nrcpt=1 (queue active)",
			"postfix/qmgr[3]: 4104E3D: removed",
		}, []string{"4104E3D 2001:db8::1 unknown helo= <> auth"}},
		{"lines out of order", []string{
			"postfix/cleanup[2]: 4104E3D: message-id=<1@example.org>",
			"opendmarc[6]: 4104E3D: example.org pass",
			"postfix/smtpd[1]: 4104E3D: client=mail.example.org[192.0.2.7]",
			"postfix/qmgr[3]: 4104E3D: removed",
			"postfix/qmgr[3]: 4104E3D: from=<a@example.org>, size=1, nrcpt=1 (queue active)",
		}, []string{"4104E3D 192.0.2.7 mail.example.org helo= <a@example.org> id=1@example.org author=example.org by=opendmarc dmarc=pass"}},
		{"two messages interleaved", []string{
			"postfix/smtpd[1]: AAAAA1: client=one[192.0.2.1]",
			"postfix/smtpd[2]: AAAAA2: client=two[192.0.2.2]",
			"postfix/qmgr[3]: AAAAA2: from=<two@example.org>, size=1, nrcpt=1 (queue active)",
			"postfix/qmgr[3]: AAAAA1: from=<one@example.org>, size=1, nrcpt=1 (queue active)",
			"postfix/qmgr[3]: AAAAA2: removed", "postfix/qmgr[3]: AAAAA1: removed",
		}, []string{"AAAAA2 192.0.2.2 two helo= <two@example.org>", "AAAAA1 192.0.2.1 one helo= <one@example.org>"}},
		{"queue id used again", []string{
			"postfix/smtpd[1]: AAAAA1: client=one[192.0.2.1]",
			"postfix/qmgr[3]: AAAAA1: from=<one@example.org>, size=1, nrcpt=1 (queue active)",
			"postfix/qmgr[3]: AAAAA1: removed",
			"postfix/smtpd[1]: AAAAA1: client=two[192.0.2.2]",
			"postfix/qmgr[3]: AAAAA1: from=<two@example.org>, size=1, nrcpt=1 (queue active)",
		}, []string{"AAAAA1 192.0.2.1 one helo= <one@example.org>", "AAAAA1 192.0.2.2 two helo= <two@example.org> incomplete"}},
		{"rejected recipients are one record", []string{
			"postfix/smtpd[1]: NOQUEUE: reject: RCPT from x.example[192.0.2.9]: 550 5.1.1 <q@example.com>: Recipient address rejected: User unknown; from=<s@x.example> to=<q@example.com> proto=ESMTP helo=<x.example>",
			"postfix/smtpd[1]: NOQUEUE: reject: RCPT from x.example[192.0.2.9]: 550 5.1.1 <r@example.com>: Recipient address rejected: User unknown; from=<s@x.example> to=<r@example.com> proto=ESMTP helo=<x.example>",
			"postfix/smtpd[1]: disconnect from x.example[192.0.2.9]",
			"postfix/smtpd[1]: NOQUEUE: reject: EHLO from y[192.0.2.10]: 504 5.5.2 <User>: Helo command rejected: need fully-qualified hostname; proto=SMTP helo=<User>",
		}, []string{" 192.0.2.9 x.example helo=x.example <s@x.example>"}},
		{"postscreen", []string{
			"postfix/postscreen[1]: CONNECT from [192.0.2.66]:4711 to [192.0.2.1]:25",
			"postfix/postscreen[1]: NOQUEUE: reject: RCPT from [192.0.2.66]:4711: 550 5.7.1 Service unavailable; client [192.0.2.66] blocked using x; from=<spam@example.net>, to=<b@example.com>, proto=ESMTP, helo=<bad.example>",
			"postfix/postscreen[1]: DISCONNECT [192.0.2.66]:4711",
		}, []string{" 192.0.2.66  helo=bad.example <spam@example.net>"}},
		{"milter rejects at the end", []string{
			"postfix/smtpd[1]: 4104E3D: client=mail.example.org[192.0.2.7]",
			"opendmarc[6]: 4104E3D: example.org fail",
			"postfix/cleanup[2]: 4104E3D: milter-reject: END-OF-MESSAGE from mail.example.org[192.0.2.7]: 5.7.1 rejected by DMARC policy for example.org; from=<a@example.org> to=<b@example.com> proto=ESMTP helo=<mail.example.org>",
		}, []string{"4104E3D 192.0.2.7 mail.example.org helo=mail.example.org <a@example.org> author=example.org by=opendmarc dmarc=fail did=reject"}},
		{"a trailer in free text is not believed", []string{
			"postfix/cleanup[2]: 4104E3D: warning: header Subject: x from evil[203.0.113.1]; from=<fake@evil.example> to=<b@c> helo=<evil> from mail.example.org[192.0.2.7]; from=<a@example.org> to=<b@example.com> proto=ESMTP helo=<mail.example.org>",
			"postfix/smtpd[1]: 4104E3D: client=mail.example.org[192.0.2.7]",
			"postfix/qmgr[3]: 4104E3D: removed",
		}, []string{"4104E3D 192.0.2.7 mail.example.org helo=mail.example.org <a@example.org>"}},
		{"From field logged by header_checks", []string{
			"postfix/smtpd[1]: 4104E3D: client=mail.example.org[192.0.2.7]",
			"postfix/cleanup[2]: 4104E3D: info: header From: \"A B\" <a@Shop.Example> from mail.example.org[192.0.2.7]; from=<a@example.org> to=<b@example.com> proto=ESMTP helo=<mail.example.org>",
			"postfix/qmgr[3]: 4104E3D: removed",
		}, []string{"4104E3D 192.0.2.7 mail.example.org helo=mail.example.org <a@example.org> author=shop.example"}},
		{"back from a content filter, by queue id", []string{
			"postfix/smtpd[1]: AAAAA1: client=one[192.0.2.1]",
			"postfix/qmgr[3]: AAAAA1: from=<a@example.org>, size=1, nrcpt=1 (queue active)",
			"postfix/smtpd[9]: BBBBB1: client=localhost[127.0.0.1], orig_queue_id=AAAAA1, orig_client=one[192.0.2.1]",
			"postfix/smtp[4]: AAAAA1: to=<b@example.com>, relay=127.0.0.1[127.0.0.1]:10024, status=sent (250 2.0.0 from MTA: 250 2.0.0 Ok: queued as BBBBB1)",
			"postfix/qmgr[3]: AAAAA1: removed",
			"postfix/qmgr[3]: BBBBB1: from=<a@example.org>, size=1, nrcpt=1 (queue active)",
			"postfix/qmgr[3]: BBBBB1: removed",
		}, []string{"AAAAA1 192.0.2.1 one helo= <a@example.org>"}},
		{"back from a content filter that says nothing", []string{
			"postfix/smtpd[1]: AAAAA1: client=one[192.0.2.1]",
			"postfix/qmgr[3]: AAAAA1: from=<a@example.org>, size=1, nrcpt=1 (queue active)",
			"postfix/smtpd[9]: BBBBB1: client=localhost[127.0.0.1]",
			"amavis[5]: (00005-01) Passed CLEAN {RelayedInbound}, [192.0.2.1]:5 [192.0.2.1] <a@example.org> -> <b@example.com>, Queue-ID: AAAAA1, Message-ID: <1@example.org>, mail_id: x, Hits: -, size: 1, queued_as: BBBBB1, dkim_sd=sel:example.org, 100 ms",
			"postfix/smtp[4]: AAAAA1: to=<b@example.com>, relay=127.0.0.1[127.0.0.1]:10024, status=sent (250 2.0.0 from MTA: 250 2.0.0 Ok: queued as BBBBB1)",
			"postfix/qmgr[3]: AAAAA1: removed", "postfix/qmgr[3]: BBBBB1: removed",
		}, []string{"AAAAA1 192.0.2.1 one helo= <a@example.org> sig=example.org/sel//0/pass"}},
		{"a local user's", []string{
			"postfix/pickup[1]: AAAAA1: uid=0 from=<root>",
			"postfix/qmgr[3]: AAAAA1: from=<root@example.com>, size=1, nrcpt=1 (queue active)", "postfix/qmgr[3]: AAAAA1: removed",
		}, []string{"AAAAA1 -  helo= <root@example.com> auth"}},
		{"the log begins in the middle", []string{
			"postfix/qmgr[3]: AAAAA1: from=<a@example.org>, size=1, nrcpt=1 (queue active)", "postfix/qmgr[3]: AAAAA1: removed",
		}, []string{"AAAAA1 -  helo= <a@example.org> incomplete"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := readLogs(t, Options{}, stamp(in, c.lines...))
			noProblems(t, got)
			if got.format != reader.Postfix {
				t.Errorf("format %q", got.format)
			}
			expect(t, got, c.want...)
		})
	}
}

// TestFilters holds the lines of the programs beside Postfix.
func TestFilters(t *testing.T) {
	t.Parallel()
	const head, tail = "4104E3D 192.0.2.7 mail.example.org helo=", " <a@example.org>"
	for _, c := range []struct {
		name          string
		before, after []string
		helo, want    string
	}{
		{"opendkim, good", nil, []string{
			"opendkim[5]: 4104E3D: mail.example.org [192.0.2.7] not internal", "opendkim[5]: 4104E3D: not authenticated",
			`opendkim[5]: 4104E3D: signature=oyrrNkBk domain=example.org selector=s1 result="no signature error"`,
			"opendkim[5]: 4104E3D: DKIM verification successful", "opendkim[5]: 4104E3D: s=s1 d=example.org a=rsa-sha256 SSL ",
		}, "", " sig=example.org/s1/rsa-sha256/0/pass by=opendkim dkim=pass"},
		{"opendkim, bad, without LogResults", nil, []string{
			"opendkim[5]: 4104E3D: s=s1 d=example.org a=rsa-sha256 SSL error:04091068:rsa routines:INT_RSA_VERIFY:bad signature",
			"opendkim[5]: 4104E3D: bad signature data",
		}, "", " sig=example.org/s1/rsa-sha256/0/fail by=opendkim dkim=fail"},
		{"opendkim, no key", nil, []string{
			"opendkim[5]: 4104E3D: key retrieval failed (s=s1, d=example.org): 's1._domainkey.example.org' query timed out",
		}, "", " sig=example.org/s1//0/temperror by=opendkim dkim=temperror"},
		{"opendkim, two signatures and one result: no guess", nil, []string{
			"opendkim[5]: 4104E3D: s=s1 d=example.org SSL ", "opendkim[5]: 4104E3D: s=s2 d=example.net SSL ",
			"opendkim[5]: 4104E3D: DKIM verification successful",
		}, "", " by=opendkim dkim=pass"},
		{"opendmarc with its own SPF", nil, []string{
			"opendmarc[6]: 4104E3D: SPF(mailfrom): a@example.org softfail", "opendmarc[6]: 4104E3D: shop.example fail",
		}, "", " author=shop.example by=opendmarc spf=softfail spfdomain=example.org scope=mfrom dmarc=fail"},
		{"opendmarc, SPF of HELO", nil, []string{"opendmarc[6]: 4104E3D: SPF(helo): mail.example.org none"},
			"", " spf=none spfdomain=mail.example.org scope=helo"},
		{"policyd-spf, Received-SPF", []string{
			"policyd-spf[7]: prepend Received-SPF: Softfail (mailfrom) identity=mailfrom; client-ip=192.0.2.7; helo=mail.example.org; envelope-from=a@example.org; receiver=b@example.com ",
		}, nil, "mail.example.org", " by=policyd-spf spf=softfail spfdomain=example.org scope=mfrom"},
		{"policyd-spf 3.0.4 with QueueID, as it is before there is one", []string{
			"policyd-spf[24555]: : prepend Received-SPF: None (mailfrom) identity=mailfrom; client-ip=192.0.2.7; helo=mail.example.org; envelope-from=a@example.org; receiver=example.com ",
		}, nil, "mail.example.org", " by=policyd-spf spf=none spfdomain=example.org scope=mfrom"},
		{"policyd-spf, debug level 2, HELO first", []string{
			"policyd-spf[7]: None; identity=helo; client-ip=192.0.2.7; helo=mail.example.org; envelope-from=a@example.org; receiver=b@example.com ",
			"policyd-spf[7]: Pass; identity=mailfrom; client-ip=192.0.2.7; helo=mail.example.org; envelope-from=a@example.org; receiver=b@example.com ",
		}, nil, "mail.example.org", " by=policyd-spf spf=pass spfdomain=example.org scope=mfrom"},
		{"policyd-spf, Authentication-Results", []string{
			"policyd-spf[7]: prepend Authentication-Results: mx.example.com; spf=pass (sender SPF authorized) smtp.mailfrom=example.org (client-ip=192.0.2.7; helo=mail.example.org; envelope-from=a@example.org; receiver=b@example.com)",
		}, nil, "mail.example.org", " by=policyd-spf spf=pass spfdomain=example.org scope=mfrom"},
		{"policyd-spf in Perl", []string{
			`postfix/policy-spf[8]: Policy action=PREPEND Received-SPF: pass (example.org: 192.0.2.7 is authorized to use 'a@example.org' in 'mfrom' identity (mechanism 'a' matched)) receiver=mx; identity=mailfrom; envelope-from="a@example.org"; helo=mail.example.org; client-ip=192.0.2.7`,
		}, nil, "mail.example.org", " by=policyd-spf spf=pass spfdomain=example.org scope=mfrom"},
		{"SPF of another sender is not this one's", []string{
			"policyd-spf[7]: prepend Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=192.0.2.7; helo=h; envelope-from=other@example.org; receiver=b ",
		}, nil, "", ""},
		{"rspamd", nil, []string{
			"rspamd[9]: <a1b2c3>; task; rspamd_task_write_log: id: <1@example.org>, qid: <4104E3D>, ip: 192.0.2.7, from: <a@example.org>, (default: F (no action): [-1.00/15.00] [R_SPF_ALLOW(-0.20){+ip4:192.0.2.0/24;},R_DKIM_ALLOW(-0.20){example.org:s=s1;},DMARC_POLICY_ALLOW(-0.50){example.org;reject;},FROM_EQ_ENVFROM(0.00){},MIME_TRACE(0.00){0:+;}]), len: 1, time: 1ms, dns req: 1, digest: <ab>, rcpts: <b@example.com>, mime_rcpts: <b@example.com>",
		}, "", " id=1@example.org author=example.org sig=example.org/s1//0/pass by=rspamd spf=pass dkim=pass dmarc=pass policy=reject"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lines := append(c.before, "postfix/smtpd[1]: 4104E3D: client=mail.example.org[192.0.2.7]")
			lines = append(append(lines, c.after...), "postfix/qmgr[3]: 4104E3D: from=<a@example.org>, size=1, nrcpt=1 (queue active)",
				"postfix/qmgr[3]: 4104E3D: removed")
			got := readLogs(t, Options{}, stamp(in, lines...))
			noProblems(t, got)
			expect(t, got, head+c.helo+tail+c.want)
		})
	}
}

// TestPolicyReject: the policy service's rejection and Postfix's are one record.
// The one in Perl writes the sender as a URL has it.
func TestPolicyReject(t *testing.T) {
	t.Parallel()
	for _, said := range []string{
		"policyd-spf[7]: 550 5.7.23 Message rejected due to: SPF fail - not authorized. Please see http://www.openspf.net/Why?s=mfrom;id=a@example.org;ip=192.0.2.7;r=b@example.com",
		"postfix/policy-spf[7]: Policy action=550 Please see http://www.openspf.org/Why?s=mfrom;id=a%40example.org;ip=192.0.2.7;r=mx",
	} {
		got := readLogs(t, Options{}, stamp(in, said,
			"postfix/smtpd[1]: NOQUEUE: reject: RCPT from mail[192.0.2.7]: 550 5.7.23 <b@example.com>: Recipient address rejected: Message rejected due to: SPF fail; from=<a@example.org> to=<b@example.com> proto=ESMTP helo=<mail.example.org>",
		))
		noProblems(t, got)
		expect(t, got, " 192.0.2.7 mail helo=mail.example.org <a@example.org> by=policyd-spf spf=fail spfdomain=example.org scope=mfrom")
	}
}

// TestRotated: a message whose lines lie in two files is one record, whichever is read first.
func TestRotated(t *testing.T) {
	t.Parallel()
	older := stamp(in, "postfix/smtpd[1]: AAAAA1: client=one[192.0.2.1]", "postfix/cleanup[2]: AAAAA1: message-id=<1@example.org>")
	newer := stamp("Mar  1 10:00:09", "postfix/qmgr[3]: AAAAA1: from=<a@example.org>, size=1, nrcpt=1 (queue active)", "postfix/qmgr[3]: AAAAA1: removed")
	const want = "AAAAA1 192.0.2.1 one helo= <a@example.org> id=1@example.org"
	for _, order := range [][]string{{older, newer}, {newer, older}} {
		got := readLogs(t, Options{}, order...)
		noProblems(t, got)
		expect(t, got, want)
	}
}

// TestBounded: a full table gives out the record touched least recently.
func TestBounded(t *testing.T) {
	t.Parallel()
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("postfix/smtpd[1]: %X: client=one[192.0.2.1]", 0xAAAA00+i))
	}
	got := readLogs(t, Options{MaxOpen: 10}, stamp(in, lines...))
	if len(got.units) != 100 {
		t.Fatalf("%d records, want 100", len(got.units))
	}
	for i, u := range got.units {
		if want := fmt.Sprintf("%X", 0xAAAA00+i); u.Log.QueueID != want || u.Log.Complete || u.Anomalies[0] != AnomalyEndMissing {
			t.Errorf("record %d: %s %v", i, line(u), u.Anomalies)
		}
	}
}

// TestUnknownLines: they are counted and sampled, and what is around them is read.
func TestUnknownLines(t *testing.T) {
	t.Parallel()
	const garbage = "\x00\xffgarbage that is no syslog line\n"
	b := stamp(in, "postfix/smtpd[1]: connect from one[192.0.2.1]", "postfix/smtpd[1]: AAAAA1: client=one[192.0.2.1]")
	begin := int64(len(b))
	for range 20 {
		b += garbage
	}
	b += strings.Repeat("x", 3*maxLine) + "\n" + stamp(in, "cron[3]: (root) CMD (true)", "postfix/qmgr[3]: AAAAA1: from=<a@example.org>, size=1, nrcpt=1 (queue active)", "postfix/qmgr[3]: AAAAA1: removed")
	got := readLogs(t, Options{}, b)
	expect(t, got, "AAAAA1 192.0.2.1 one helo= <a@example.org>")
	if len(got.problems) != maxSamples {
		t.Fatalf("%d problems, want %d", len(got.problems), maxSamples)
	}
	for i, p := range got.problems {
		if p.Code != CodeUnknownLine || p.Offset != begin+int64(i*len(garbage)) {
			t.Errorf("problem %d: %v", i, p)
		}
	}
	if last := got.problems[maxSamples-1].Detail; !strings.HasSuffix(last, "and 17 more such lines") {
		t.Errorf("last problem: %s", last)
	}
}

func TestOffsets(t *testing.T) {
	t.Parallel()
	before := stamp(in, "postfix/anvil[1]: statistics: max connection count 1")
	log := before + stamp(in, "postfix/smtpd[1]: AAAAA1: client=one[192.0.2.1]", "postfix/qmgr[3]: AAAAA1: removed")
	got := readLogs(t, Options{}, log+stamp(in, "postfix/anvil[1]: statistics: max connection count 1"))
	if u := got.units[0]; u.Source != "a" || u.Offset != int64(len(before)) || u.Length != int64(len(log)-len(before)) || u.Format != reader.Postfix {
		t.Errorf("%+v", u)
	}
}

// TestLongQueueID: enable_long_queue_ids; the id of Postfix's own documentation
// style holds the second at which the message came in.
func TestLongQueueID(t *testing.T) {
	t.Parallel()
	at := time.Date(2019, 12, 31, 23, 59, 58, 0, time.UTC)
	id := longID(at)
	if got, ok := longIDTime([]byte(id)); !ok || !got.Equal(at) {
		t.Fatalf("%s is %v", id, got)
	}
	log := "Dec 31 23:59:58 mx1 postfix/smtpd[1]: " + id + ": client=one[192.0.2.1]\n" + "Jan  1 00:00:03 mx1 postfix/smtpd[1]: " +
		longID(at.Add(5*time.Second)) + ": client=one[192.0.2.1]\n"
	got := readLogs(t, Options{}, log)
	for i, want := range []time.Time{at, at.Add(5 * time.Second)} {
		if !got.units[i].Log.ReceivedAt.Equal(want) {
			t.Errorf("record %d at %v, want %v", i, got.units[i].Log.ReceivedAt, want)
		}
	}
}

// longID writes a long queue id as Postfix does (src/global/mail_queue.h).
func longID(at time.Time) string {
	const digits = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"
	var sec []byte
	for n := at.Unix(); n > 0; n /= 52 {
		sec = append([]byte{digits[n%52]}, sec...)
	}
	return string(sec) + "0bcdz1Mx3"
}
