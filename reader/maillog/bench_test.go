package maillog

import (
	"bytes"
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"mailaudit/reader"
)

// postfixLog is a day of a server with filters: messages overlap, and what the
// lines say is spread over programs as it is on real ones.
func postfixLog(n int) []byte {
	var b bytes.Buffer
	const overlap = 7
	for i := range n + overlap {
		at := time.Date(2026, 3, 1, 0, 0, i/2, 0, time.UTC).Format(time.Stamp)
		if i < n {
			ip := fmt.Sprintf("192.0.2.%d", i%250)
			fmt.Fprintf(&b, "%s mx1 postfix/smtpd[%d]: connect from mail%d.example.org[%s]\n", at, 900+i%9, i%250, ip)
			fmt.Fprintf(&b, "%s mx1 policyd-spf[77]: prepend Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=%s; helo=mail%d.example.org; envelope-from=user%d@example.org; receiver=me@example.com \n", at, ip, i%250, i)
			fmt.Fprintf(&b, "%s mx1 postfix/smtpd[%d]: %X: client=mail%d.example.org[%s]\n", at, 900+i%9, 0xA0000000+i, i%250, ip)
			fmt.Fprintf(&b, "%s mx1 postfix/cleanup[12]: %X: message-id=<%d.abcdef@example.org>\n", at, 0xA0000000+i, i)
			fmt.Fprintf(&b, "%s mx1 opendkim[5]: %X: mail%d.example.org [%s] not internal\n", at, 0xA0000000+i, i%250, ip)
			fmt.Fprintf(&b, "%s mx1 opendkim[5]: %X: s=sel1 d=example.org a=rsa-sha256 SSL \n", at, 0xA0000000+i)
			fmt.Fprintf(&b, "%s mx1 opendkim[5]: %X: DKIM verification successful\n", at, 0xA0000000+i)
			fmt.Fprintf(&b, "%s mx1 opendmarc[6]: %X: example.org pass\n", at, 0xA0000000+i)
			fmt.Fprintf(&b, "%s mx1 postfix/qmgr[13]: %X: from=<user%d@example.org>, size=12345, nrcpt=1 (queue active)\n", at, 0xA0000000+i, i)
			fmt.Fprintf(&b, "%s mx1 postfix/smtpd[%d]: disconnect from mail%d.example.org[%s] ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7\n", at, 900+i%9, i%250, ip)
			fmt.Fprintf(&b, "%s mx1 dovecot: imap-login: Login: user=<me>, method=PLAIN, rip=198.51.100.7, lip=192.0.2.1, mpid=4711, TLS, session=<abc>\n", at)
		}
		if j := i - overlap; j >= 0 {
			fmt.Fprintf(&b, "%s mx1 postfix/lmtp[14]: %X: to=<me@example.com>, relay=mx1[private/dovecot-lmtp], delay=0.5, delays=0.1/0.2/0.1/0.1, dsn=2.0.0, status=sent (250 2.0.0 <me@example.com> kPOfAbc Saved)\n", at, 0xA0000000+j)
			fmt.Fprintf(&b, "%s mx1 postfix/qmgr[13]: %X: removed\n", at, 0xA0000000+j)
		}
	}
	return b.Bytes()
}

func benchmark(b *testing.B, log []byte, want int) {
	b.ReportAllocs()
	b.SetBytes(int64(len(log)))
	begin, n := cpuTime(), 0
	for b.Loop() {
		n++
		if got := count(b, log); got != want {
			b.Fatalf("%d records, want %d", got, want)
		}
	}
	if used := cpuTime() - begin; used > 0 { // what a core does, however many share it
		b.ReportMetric(float64(len(log)*n)/1e6/used.Seconds(), "MB/core-s")
	}
	b.ReportMetric(float64(want)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

// count reads a log and counts its records.
func count(t testing.TB, log []byte) (n int) {
	yield := func(_ reader.Unit, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		n++
		return true
	}
	for _, r := range Readers(Options{Until: until}) {
		f := r.Detect(log[:min(len(log), 32<<10)])
		if f == "" {
			continue
		}
		if err := r.Read(context.Background(), reader.LogInput{Format: f, Reader: bytes.NewReader(log)}, yield); err != nil {
			t.Fatal(err)
		}
		if err := r.Flush(yield); err != nil {
			t.Fatal(err)
		}
		break
	}
	return n
}

func BenchmarkPostfix(b *testing.B) { benchmark(b, postfixLog(20000), 20000) }

func BenchmarkExim(b *testing.B) {
	var l bytes.Buffer
	for i := range 20000 {
		at := time.Date(2026, 3, 1, 0, 0, i/2, 0, time.UTC).Format(time.DateTime)
		id := fmt.Sprintf("1%05d-000AbC-2x", i)
		fmt.Fprintf(&l, "%s %s DKIM: d=example.org s=s1 c=relaxed/relaxed a=rsa-sha256 b=2048 [verification succeeded]\n", at, id)
		fmt.Fprintf(&l, "%s %s <= a%d@example.org H=rev.example.org (mail.example.org) [192.0.2.7]:4711 I=[192.0.2.1]:25 P=esmtps X=TLS1.3:TLS_AES_256_GCM_SHA384:256 CV=no S=1234 DKIM=example.org id=%d@example.org\n", at, id, i, i)
		fmt.Fprintf(&l, "%s %s => b <b@example.com> R=local_user T=mail_spool S=1300 QT=1s DT=0s\n%s %s Completed QT=1s\n", at, id, at, id)
	}
	benchmark(b, l.Bytes(), 20000)
}

func BenchmarkQpsmtpd(b *testing.B) {
	var l bytes.Buffer
	for i := range 20000 {
		l.WriteString(qpsmtpdSession(1000+i, "(data_post) dkim: pass, valid signature, neutral policy", "(data_post) dmarc: v=DMARC1; p=reject", "(data_post) dmarc: pass, DKIM aligned"))
	}
	benchmark(b, l.Bytes(), 20000)
}

func BenchmarkHistory(b *testing.B) {
	var l bytes.Buffer
	w := NewHistoryWriter(&l)
	for i := range 20000 {
		w.Write(&HistoryEntry{
			Job: fmt.Sprintf("%X", 0xA0000000+i), Reporter: "mx.example.com", Received: until, ClientIP: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}),
			From: "example.org", MailFrom: "bounce.example.org", SPF: "pass", Signatures: []HistorySignature{{"example.org", "s1", "pass"}},
			DMARC: "pass", RUA: []string{"mailto:d@example.org"}, PCT: 100, ADKIM: "r", ASPF: "r", P: "reject", AlignDKIM: true, Disposition: "none",
		})
	}
	w.Flush()
	benchmark(b, l.Bytes(), 20000)
}

func BenchmarkSendmail(b *testing.B) {
	var l bytes.Buffer
	for i := range 20000 {
		at := time.Date(2026, 3, 1, 0, 0, i/2, 0, time.UTC).Format(time.Stamp)
		id := fmt.Sprintf("621A%05d012345", i)
		fmt.Fprintf(&l, "%s mx1 sendmail[77]: %s: from=<a%d@example.org>, size=1234, class=0, nrcpts=1, msgid=<%d@example.org>, proto=ESMTPS, daemon=MTA, relay=mail.example.org [192.0.2.7]\n", at, id, i, i)
		fmt.Fprintf(&l, "%s mx1 sendmail[78]: %s: to=<b@example.com>, delay=00:00:01, xdelay=00:00:00, mailer=local, pri=31234, dsn=2.0.0, stat=Sent\n", at, id)
	}
	benchmark(b, l.Bytes(), 20000)
}
