package maillog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"
)

// entry is what a program told the syslog daemon.
type entry struct {
	at  time.Time
	tag string
	pid int
	msg string
}

// frames are the forms in which syslog daemons keep an entry.
var frames = map[string]func(*bytes.Buffer, *entry){
	"BSD": func(b *bytes.Buffer, e *entry) {
		fmt.Fprintf(b, "%s mx1 %s[%d]: %s\n", e.at.Format(time.Stamp), e.tag, e.pid, e.msg)
	},
	"ISO": func(b *bytes.Buffer, e *entry) {
		fmt.Fprintf(b, "%s mx1 %s[%d]: %s\n", e.at.In(time.FixedZone("", 3600)).Format("2006-01-02T15:04:05.000000-07:00"), e.tag, e.pid, e.msg)
	},
	"RFC5424": func(b *bytes.Buffer, e *entry) {
		fmt.Fprintf(b, "<22>1 %s mx1 %s %d - - %s\n", e.at.Format("2006-01-02T15:04:05.000000Z07:00"), e.tag, e.pid, e.msg)
	},
	"Journal": journalFrame,
}

// journalFrame writes an entry with the fields that journalctl -o json gives.
func journalFrame(b *bytes.Buffer, e *entry) {
	msg := quoted(e.msg)
	us := e.at.UnixMicro()
	fmt.Fprintf(b, `{"_CAP_EFFECTIVE":"1ffffffffff","_TRANSPORT":"syslog","__CURSOR":"s=0639f0be0a0b4f5c8b9e2f3d6a1c7e58;i=%[1]x;b=5f1c2d3e4a5b6c7d8e9f0a1b2c3d4e5f;m=%[2]x;t=%[2]x;x=a1b2c3d4e5f60718",`+
		`"_SYSTEMD_CGROUP":"/system.slice/system-postfix.slice/postfix@-.service","PRIORITY":"6","_BOOT_ID":"5f1c2d3e4a5b6c7d8e9f0a1b2c3d4e5f","SYSLOG_FACILITY":"2",`+
		`"_SYSTEMD_SLICE":"system-postfix.slice","_SELINUX_CONTEXT":"unconfined\n","_MACHINE_ID":"0123456789abcdef0123456789abcdef","SYSLOG_TIMESTAMP":"%[3]s ","_HOSTNAME":"mx1",`+
		`"_SOURCE_REALTIME_TIMESTAMP":"%[2]d","SYSLOG_IDENTIFIER":"%[4]s","_UID":"104","MESSAGE":%[5]s,"__MONOTONIC_TIMESTAMP":"%[1]d","_COMM":"smtpd","_PID":"%[6]d","SYSLOG_PID":"%[6]d",`+
		`"_EXE":"/usr/lib/postfix/sbin/smtpd","_CMDLINE":"smtpd -n smtp -t inet -u -c -o stress= -s 2","_SYSTEMD_UNIT":"postfix@-.service","__REALTIME_TIMESTAMP":"%[7]d","_GID":"111",`+
		`"_SYSTEMD_INVOCATION_ID":"00112233445566778899aabbccddeeff"}`+"\n",
		us%1e12, us, e.at.Format(time.Stamp), e.tag, msg, e.pid, us+211)
}

// quoted makes a JSON string as loggers do, without the escapes for HTML.
func quoted(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.Encode(s)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// overlaid lays the sessions of a server over each other: the lines of one lie
// between those of its neighbours, as those of a busy server do.
func overlaid(n int, session func(i int) []entry) (out []entry) {
	const overlap = 9
	open := make([][]entry, 0, overlap+1)
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := 0; i < n || len(open) > 0; {
		if i < n && len(open) <= overlap {
			open = append(open, session(i))
			i++
			continue
		}
		k := len(out) * 7 % len(open)
		e := open[k][0]
		at = at.Add(23_456_789 * time.Nanosecond)
		e.at = at
		out = append(out, e)
		if open[k] = open[k][1:]; len(open[k]) == 0 {
			open = append(open[:k], open[k+1:]...)
		}
	}
	return out
}

func render(frame string, entries []entry) []byte {
	var b bytes.Buffer
	for i := range entries {
		frames[frame](&b, &entries[i])
	}
	return b.Bytes()
}

// bare is a session at a Postfix that no filter stands beside.
func bare(i int) []entry {
	pid := 30000 + i%40
	peer := fmt.Sprintf("mail%d.example%d.org[198.51.100.%d]", i%97, i%1000, i%250)
	smtpd := func(format string, a ...any) entry {
		return entry{tag: "postfix/smtpd", pid: pid, msg: fmt.Sprintf(format, a...)}
	}
	s := []entry{smtpd("connect from %s", peer)}
	if i%5 == 4 { // no message comes of every fifth
		return append(s,
			smtpd("NOQUEUE: reject: RCPT from %s: 554 5.7.1 Service unavailable; Client host [198.51.100.%d] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/198.51.100.%[2]d; from=<x%d@example.net> to=<me@example.com> proto=ESMTP helo=<win-%[3]d>", peer, i%250, i),
			smtpd("lost connection after RCPT from %s", peer), smtpd("disconnect from %s ehlo=1 mail=1 rcpt=0/1 commands=2/3", peer))
	}
	id := fmt.Sprintf("%X", 0xA0000000+i)
	s = append(s, smtpd("Anonymous TLS connection established from %s: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256", peer),
		smtpd("%s: client=%s", id, peer),
		entry{tag: "postfix/cleanup", pid: 40000 + i%20, msg: fmt.Sprintf("%s: message-id=<%x.%d.JavaMail.app@mail%d.example%d.org>", id, i*7919, i, i%97, i%1000)},
		entry{tag: "postfix/qmgr", pid: 1313, msg: fmt.Sprintf("%s: from=<bounce-%d@example%d.org>, size=%d, nrcpt=1 (queue active)", id, i, i%1000, 2000+i*31%90000)},
		smtpd("disconnect from %s ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7", peer),
		entry{tag: "postfix/smtp", pid: 41000 + i%20, msg: fmt.Sprintf("%s: to=<user%d@example.com>, relay=mailbox.example.com[192.0.2.40]:25, delay=0.52, delays=0.21/0.01/0.1/0.2, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4X%07dz2N)", id, i%500, i)},
		entry{tag: "postfix/qmgr", pid: 1313, msg: id + ": removed"})
	if i%50 == 0 {
		s = append(s, entry{tag: "postfix/anvil", pid: 777, msg: fmt.Sprintf("statistics: max connection rate %d/60s for (smtp:198.51.100.%d) at Mar  1 00:00:00", i%9, i%250)})
	}
	return s
}

// filtered is a session at a Postfix with rspamd as its milter and amavis behind it.
func filtered(i int) []entry {
	s := bare(i)
	if len(s) < 6 {
		return s
	}
	id := fmt.Sprintf("%X", 0xA0000000+i)
	r := entry{tag: "rspamd", pid: 555, msg: fmt.Sprintf("<%06x>; task; rspamd_task_write_log: ", i) + rspamdSummary(i, id)}
	a := entry{tag: "amavis", pid: 666, msg: fmt.Sprintf("(00666-%02d) Passed CLEAN {RelayedInbound}, [198.51.100.%d]:41234 [198.51.100.%[2]d] <bounce-%d@example%d.org> -> <user%d@example.com>, Queue-ID: %s, Message-ID: <%x.%[3]d.JavaMail.app@mail%d.example%[4]d.org>, mail_id: Ab%dCd, Hits: -1.5, size: 4711, queued_as: 4Y%07[3]dz, dkim_sd=s1:example%[4]d.org, 512 ms",
		i%97, i%250, i, i%1000, i%500, id, i*7919, i%97, i)}
	return append(s[:4:4], append([]entry{r, a}, s[4:]...)...)
}

// rspamdSummary is what rspamd_task_write_log gives for a message by default.
func rspamdSummary(i int, queueID string) string {
	return fmt.Sprintf("id: <%x.%d.JavaMail.app@mail%d.example%d.org>, qid: <%s>, ip: 198.51.100.%d, from: <bounce-%[2]d@example%[4]d.org>, (default: F (no action): [-1.31/15.00] "+
		"[BAYES_HAM(-3.00){99.99%%;},DMARC_POLICY_ALLOW(-0.50){example%[4]d.org;reject;},R_DKIM_ALLOW(-0.20){example%[4]d.org:s=s1;},R_SPF_ALLOW(-0.20){+ip4:198.51.100.0/24:c;},MIME_GOOD(-0.10){multipart/alternative;text/plain;},"+
		"ARC_NA(0.00){},ASN(0.00){asn:64500, ipnet:198.51.100.0/24, country:XX;},DKIM_TRACE(0.00){example%[4]d.org:+;},FROM_HAS_DN(0.00){},FROM_NEQ_ENVFROM(0.00){news@example%[4]d.org;bounce-%[2]d@example%[4]d.org;},"+
		"MIME_TRACE(0.00){0:+;1:+;2:~;},RCPT_COUNT_ONE(0.00){1;},RCVD_COUNT_TWO(0.00){2;},RCVD_TLS_LAST(0.00){},TO_DN_NONE(0.00){},TO_MATCH_ENVRCPT_ALL(0.00){}]), len: %[7]d, time: 412.512ms, dns req: 31, "+
		"digest: <0f1e2d3c4b5a69788796a5b4c3d2e1f0>, rcpts: <user%[8]d@example.com>, mime_rcpts: <user%[8]d@example.com>", i*7919, i, i%97, i%1000, queueID, i%250, 2000+i*31%90000, i%500)
}

// rspamdNoise is what rspamd's workers log beside.
func rspamdNoise(i int) []string {
	return []string{
		"milter; rspamd_milter_process_command: got connection from 198.51.100.7:41234",
		fmt.Sprintf("task; rspamd_message_parse: loaded message; id: <%x.%d.JavaMail.app@mail.example.org>; queue-id: <%X>; size: %d; checksum: <0f1e2d3c4b5a69788796a5b4c3d2e1f0>", i*7919, i, 0xA0000000+i, 2000+i*31%90000),
		"lua; spf.lua:188: skip SPF checks for local networks and authorized users",
	}
}

// rspamdLog is rspamd's own log, as text or as JSON (log_json).
func rspamdLog(n int, asJSON bool) []byte {
	var b bytes.Buffer
	at := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		at = at.Add(123456 * time.Microsecond)
		for _, m := range append(rspamdNoise(i), "task; rspamd_task_write_log: "+rspamdSummary(i, fmt.Sprintf("%X", 0xA0000000+i))) {
			if asJSON {
				rspamdJSONEntry(&b, at, i, m)
			} else {
				fmt.Fprintf(&b, "%s #%d(rspamd_proxy) <%06x>; %s\n", at.Format("2006-01-02 15:04:05.000"), 555+i%4, i, m)
			}
		}
	}
	return b.Bytes()
}

// rspamdJSONEntry writes an entry of the JSON log.
func rspamdJSONEntry(b *bytes.Buffer, at time.Time, i int, m string) {
	module, rest, _ := bytes.Cut([]byte(m), []byte("; "))
	function, text, _ := bytes.Cut(rest, []byte(": "))
	fmt.Fprintf(b, `{"ts": %d.%06d, "pid": %d, "severity": "info", "worker_type": "rspamd_proxy", "id": "%06x", "module": "%s", "function": "%s", "message": %s}`+"\n",
		at.Unix(), at.Nanosecond()/1000, 555+i%4, i, module, function, quoted(string(text)))
}

// rspamdRows are rows of rspamd's history, one a line.
func rspamdRows(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, `{"unix_time":%d,"message-id":"%x.%d.JavaMail.app@mail.example.org","ip":"198.51.100.%d","size":%d,"score":-1.31,"required_score":15,"action":"no action","user":"unknown","sender_smtp":"bounce-%[3]d@example%[6]d.org","sender_mime":"news@example%[6]d.org",`+
			`"rcpt_smtp":["user@example.com"],"subject":"Your \"order\" %[3]d","time_real":0.412,"qid":"%[7]X","thresholds":{"reject":15,"add header":6,"greylist":4},"symbols":{"R_SPF_ALLOW":{"score":-0.2,"metric_score":-0.2,"name":"R_SPF_ALLOW","options":["+ip4:198.51.100.0/24:c"]},`+
			`"R_DKIM_ALLOW":{"score":-0.2,"metric_score":-0.2,"name":"R_DKIM_ALLOW","options":["example%[6]d.org:s=s1"]},"DMARC_POLICY_ALLOW":{"score":-0.5,"metric_score":-0.5,"name":"DMARC_POLICY_ALLOW","options":["example%[6]d.org","reject"]},`+
			`"MIME_TRACE":{"score":0,"metric_score":0,"name":"MIME_TRACE","options":["0:+","1:+"]},"BAYES_HAM":{"score":-3,"metric_score":-3,"name":"BAYES_HAM","options":["99.99%%"]}}}`+"\n",
			1772323200+i, i*7919, i, i%250, 2000+i*31%90000, i%1000, 0xA0000000+i)
	}
	return b.Bytes()
}

// eximLog is Exim's main log: deliveries, rejections and connections among the
// messages, whose lines lie between each other's.
func eximLog(n int) []byte {
	var b bytes.Buffer
	for _, e := range overlaid(n, eximSession) {
		fmt.Fprintf(&b, "%s %s\n", e.at.Format(time.DateTime), e.msg)
	}
	return b.Bytes()
}

func eximSession(i int) []entry {
	id := fmt.Sprintf("1t%04x-000A%02d-2x", i&0xffff, i>>16)
	host := fmt.Sprintf("H=mail%d.example%d.org [198.51.100.%d]:%d", i%97, i%1000, i%250, 20000+i%40000)
	if i%3 == 0 {
		host = fmt.Sprintf("H=mail%d.example%d.org (mx.example%[2]d.org) [198.51.100.%[3]d]:%d", i%97, i%1000, i%250, 20000+i%40000)
	}
	if i%5 == 4 {
		return []entry{
			{msg: "SMTP connection from [198.51.100.9]:41234 lost"},
			{msg: host + fmt.Sprintf(" X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 CV=no F=<x%d@example.net> rejected RCPT <me@example.com>: 198.51.100.9 is listed at zen.spamhaus.org", i)},
		}
	}
	return []entry{
		{msg: fmt.Sprintf("%s DKIM: d=example%d.org s=s1 c=relaxed/relaxed a=rsa-sha256 b=2048 [verification succeeded]", id, i%1000)},
		{msg: fmt.Sprintf("%s <= bounce-%d@example%d.org %s P=esmtps X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 CV=no K S=%d DKIM=example%[3]d.org id=%x.%[2]d.JavaMail.app@mail.example%[3]d.org", id, i, i%1000, host, 2000+i*31%90000, i*7919)},
		{msg: fmt.Sprintf("%s => user%d <user%[2]d@example.com> R=virtual_user T=dovecot_lmtp S=%d C=\"250 2.0.0 <user%[2]d@example.com> kPOfAbc Saved\" QT=1s DT=0s", id, i%500, 2400+i*31%90000)},
		{msg: id + " Completed QT=1s"},
	}
}

// sendmailSession is a message through Sendmail with OpenDKIM and OpenDMARC.
func sendmailSession(i int) []entry {
	id := fmt.Sprintf("621%c%c%c%06d", digits60(i/3600), digits60(i/60), digits60(i), 10000+i%100000)
	relay := fmt.Sprintf("mail%d.example%d.org [198.51.100.%d]", i%97, i%1000, i%250)
	mta := func(format string, a ...any) entry {
		return entry{tag: "sendmail", pid: 10000 + i%100000, msg: id + ": " + fmt.Sprintf(format, a...)}
	}
	if i%5 == 4 {
		return []entry{
			mta("ruleset=check_rcpt, arg1=<me@example.com>, relay=%s, reject=550 5.7.1 <me@example.com>... Rejected: 198.51.100.9 listed at zen.spamhaus.org", relay),
			mta("from=<x%d@example.net>, size=0, class=0, nrcpts=0, proto=ESMTP, daemon=MTA, relay=%s", i, relay),
		}
	}
	return []entry{
		{tag: "sendmail", pid: 10000 + i%100000, msg: fmt.Sprintf("STARTTLS=server, relay=%s, version=TLSv1.3, verify=NO, cipher=TLS_AES_256_GCM_SHA384, bits=256/256", relay)},
		mta("from=<bounce-%d@example%d.org>, size=%d, class=0, nrcpts=1, msgid=<%x.%[1]d.JavaMail.app@mail.example%[2]d.org>, bodytype=8BITMIME, proto=ESMTPS, daemon=MTA, relay=%[5]s", i, i%1000, 2000+i*31%90000, i*7919, relay),
		{tag: "opendkim", pid: 555, msg: fmt.Sprintf("%s: s=s1 d=example%d.org a=rsa-sha256 SSL ", id, i%1000)},
		{tag: "opendkim", pid: 555, msg: id + ": DKIM verification successful"},
		{tag: "opendmarc", pid: 556, msg: fmt.Sprintf("%s: example%d.org pass", id, i%1000)},
		mta("Milter insert (1): header: Authentication-Results:  mx1.example.com;\\n\\tdkim=pass (2048-bit key) header.d=example%d.org header.i=@example%[1]d.org header.b=abcdefgh", i%1000),
		mta("to=<user%d@example.com>, delay=00:00:01, xdelay=00:00:00, mailer=local, pri=31234, dsn=2.0.0, stat=Sent", i%500),
	}
}

// sendmailBare is a message through Sendmail alone.
func sendmailBare(i int) []entry {
	s := sendmailSession(i)
	if len(s) < 3 {
		return s
	}
	return []entry{s[1], s[len(s)-1]}
}

func digits60(n int) byte {
	return "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwx"[n%60]
}

// TestBenchLogs: the logs that are measured are read whole, without a line that
// nothing knows.
func TestBenchLogs(t *testing.T) {
	t.Parallel()
	const n = 2000
	for name, log := range benchLogs {
		out := readLogs(t, Options{}, string(log(n)))
		complete := 0
		for _, u := range out.units {
			if u.Log.Complete {
				complete++
			}
		}
		if len(out.units) != n || complete != n || len(out.problems) > 0 {
			t.Errorf("%s: %d records, %d complete, problems %v", name, len(out.units), complete, out.problems)
		}
	}
}
