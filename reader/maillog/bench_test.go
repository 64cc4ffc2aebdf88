package maillog

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"testing"
	"time"

	"mailaudit/internal/cputime"
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
	begin, n := cputime.Used(), 0
	for b.Loop() {
		n++
		if got := count(b, log); got != want {
			b.Fatalf("%d records, want %d", got, want)
		}
	}
	if used := cputime.Used() - begin; used > 0 { // what a core does, however many share it
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

// benchLogs are the logs that are measured, of n messages each.
var benchLogs = map[string]func(n int) []byte{
	"PostfixFilters": postfixLog,
	"PostfixRspamd":  func(n int) []byte { return render("BSD", overlaid(n, filtered)) },
	"PostfixBare":    func(n int) []byte { return render("BSD", overlaid(n, bare)) },
	"PostfixISO":     func(n int) []byte { return render("ISO", overlaid(n, bare)) },
	"PostfixRFC5424": func(n int) []byte { return render("RFC5424", overlaid(n, bare)) },
	"PostfixJournal": func(n int) []byte { return render("Journal", overlaid(n, bare)) },
	"Exim":           eximLog,
	"Sendmail":       func(n int) []byte { return render("BSD", overlaid(n, sendmailSession)) },
	"SendmailBare":   func(n int) []byte { return render("BSD", overlaid(n, sendmailBare)) },
	"Qpsmtpd":        qpsmtpdLog,
	"Rspamd":         func(n int) []byte { return rspamdLog(n, false) },
	"RspamdJSON":     func(n int) []byte { return rspamdLog(n, true) },
	"RspamdRows":     rspamdRows,
	"History":        historyFile,
}

func BenchmarkLogs(b *testing.B) {
	const n = 20000
	for _, name := range slices.Sorted(maps.Keys(benchLogs)) {
		b.Run(name, func(b *testing.B) { benchmark(b, benchLogs[name](n), n) })
	}
}

func qpsmtpdLog(n int) []byte {
	var l bytes.Buffer
	for i := range n {
		l.WriteString(qpsmtpdSession(1000+i, "(data_post) dkim: pass, valid signature, neutral policy", "(data_post) dmarc: v=DMARC1; p=reject", "(data_post) dmarc: pass, DKIM aligned"))
	}
	return l.Bytes()
}

func historyFile(n int) []byte {
	var l bytes.Buffer
	w := NewHistoryWriter(&l)
	for i := range n {
		w.Write(&HistoryEntry{
			Job: fmt.Sprintf("%X", 0xA0000000+i), Reporter: "mx.example.com", Received: until, ClientIP: netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}),
			From: "example.org", MailFrom: "bounce.example.org", SPF: "pass", Signatures: []HistorySignature{{"example.org", "s1", "pass"}},
			DMARC: "pass", RUA: []string{"mailto:d@example.org"}, PCT: 100, ADKIM: "r", ASPF: "r", P: "reject", AlignDKIM: true, Disposition: "none",
		})
	}
	w.Flush()
	return l.Bytes()
}
