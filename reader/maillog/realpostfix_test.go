package maillog

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"mailaudit/reader"
)

// sent is a message of the real run, and what the programs must have logged.
type sent struct {
	n                        int
	from, ip, helo           string
	signed, broken, spf      bool
	dmarc, dkim, disposition string
}

// realMessages are all combinations that the filters tell apart.
func realMessages() (out []sent) {
	for i := range 24 {
		m := sent{n: i, ip: fmt.Sprintf("198.51.100.%d", i+1), helo: fmt.Sprintf("out%d.example.net", i)}
		switch i % 6 {
		case 0:
			m.from, m.signed, m.dmarc, m.dkim, m.disposition = "none.example", true, "pass", "pass", ""
		case 1:
			m.from, m.dmarc, m.dkim = "none.example", "fail", ""
		case 2:
			m.from, m.dmarc, m.dkim, m.disposition = "reject.example", "fail", "", "reject"
		case 3:
			m.from, m.spf, m.dmarc, m.dkim = "reject.example", true, "pass", ""
		case 4:
			m.from, m.signed, m.dmarc, m.dkim = "silent.example", true, "none", "pass"
		case 5:
			m.from, m.signed, m.broken, m.dmarc, m.dkim = "none.example", true, true, "fail", "fail"
		}
		out = append(out, m)
	}
	return out
}

// TestRealPostfix sends mail through Postfix with OpenDKIM and OpenDMARC, reads
// what they log, and the history file that OpenDMARC writes.
func TestRealPostfix(t *testing.T) {
	if testing.Short() {
		t.Skip("runs mail servers")
	}
	needsPostfix(t, "opendkim", "opendmarc")
	r := newRealRun(t)
	messages := realMessages()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for _, m := range messages {
				if m.n%4 == w {
					r.send(m)
				}
			}
		})
	}
	wg.Wait()
	log := r.log.wait(len(messages))
	checkReal(t, messages, readLogs(t, Options{Until: time.Now()}, log), log)
	history, _ := os.ReadFile(filepath.Join(r.dir, "history"))
	checkRealHistory(t, messages, string(history))
}

func checkReal(t *testing.T, messages []sent, got outcome, log string) {
	t.Helper()
	if got.format != reader.Postfix || len(got.problems) > 0 {
		t.Errorf("format %q, problems %v", got.format, got.problems)
	}
	byID := map[string]*reader.LogRecord{}
	for _, u := range got.units {
		byID[u.Log.MessageID] = u.Log
	}
	if len(got.units) != len(messages) {
		t.Errorf("%d records of %d messages", len(got.units), len(messages))
	}
	for _, m := range messages {
		l := byID[fmt.Sprintf("%d@%s", m.n, m.from)]
		if l == nil {
			t.Errorf("message %d has no record", m.n)
			continue
		}
		want := fmt.Sprintf("%s %s@%s [%s] %s %s %s true", m.ip, "u"+strconv.Itoa(m.n), m.from, m.from, m.dmarc, m.dkim, m.disposition)
		have := fmt.Sprintf("%s %s %v %s %s %s %t", l.ClientIP, l.MailFrom, l.HeaderFrom, l.Recorded.DMARC, l.Recorded.DKIM, l.Recorded.Disposition, l.Complete)
		if have != want {
			t.Errorf("message %d:\n got %s\nwant %s", m.n, have, want)
		}
	}
	if t.Failed() {
		t.Log(log)
	}
}

func checkRealHistory(t *testing.T, messages []sent, history string) {
	t.Helper()
	got := readLogs(t, Options{}, history)
	if got.format != reader.OpenDMARCHistory || len(got.units) != len(messages) || len(got.problems) > 0 {
		t.Errorf("history: format %q, %d records, problems %v", got.format, len(got.units), got.problems)
	}
	byIP := map[string]*reader.LogRecord{}
	for _, u := range got.units {
		byIP[u.Log.ClientIP.String()] = u.Log
	}
	for _, m := range messages {
		if l := byIP[m.ip]; l == nil || l.Recorded.DMARC != m.dmarc || l.HeaderFrom[0] != m.from || !l.Complete {
			t.Errorf("history of message %d: %+v", m.n, l)
		}
	}
	if t.Failed() {
		t.Log(history)
	}
}

// realRun is Postfix, OpenDKIM and OpenDMARC on the loopback interface.
type realRun struct {
	t    *testing.T
	dir  string
	smtp string
	key  ed25519.PrivateKey
	log  *syslogd
	more string // of main.cf
	back string // the port where mail comes back from a content filter, if it does
}

func newRealRun(t *testing.T) *realRun {
	t.Helper()
	r, milters := newFilters(t)
	r.postfix(milters[0] + ", " + milters[1])
	waitFor(t, r.smtp)
	return r
}

// newRun has a folder, a syslog daemon and a port, and runs nothing yet.
func newRun(t *testing.T) *realRun {
	t.Helper()
	dir, err := os.MkdirTemp("", "maillog")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	os.Chmod(dir, 0o755)
	r := &realRun{t: t, dir: dir, smtp: freePort(t), key: ed25519.NewKeyFromSeed(make([]byte, 32))}
	r.log = newSyslogd(t)
	return r
}

// newFilters runs the filters alone and returns their sockets.
func newFilters(t *testing.T) (*realRun, []string) {
	t.Helper()
	r := newRun(t)
	dir := r.dir
	pub := base64.StdEncoding.EncodeToString(r.key.Public().(ed25519.PublicKey))
	key := "v=DKIM1; k=ed25519; p=" + pub
	r.file("keys", "sel._domainkey.none.example "+key+"\nsel._domainkey.silent.example "+key+"\n")
	r.file("dns", "_dmarc.none.example v=DMARC1; p=none\n_dmarc.reject.example v=DMARC1; p=reject\n")
	r.file("hosts", "192.0.2.1\n")
	dkimPort, dmarcPort := freePort(t), freePort(t)
	r.file("opendkim.conf", "Syslog yes\nSyslogSuccess yes\nLogResults yes\nMode v\nInternalHosts "+dir+"/hosts\nTestPublicKeys "+dir+"/keys\n"+
		"AuthservID mx.example\nAlwaysAddARHeader yes\nSocket inet:"+dkimPort+"@127.0.0.1\n")
	r.file("opendmarc.conf", "Syslog true\nAuthservID mx.example\nTrustedAuthservIDs mx.example\nRejectFailures true\nIgnoreHosts "+dir+"/hosts\n"+
		"TestDNSData "+dir+"/dns\nRecordAllMessages true\nHistoryFile "+dir+"/history\nSocket inet:"+dmarcPort+"@127.0.0.1\n")
	r.daemon("opendkim", "-f", "-x", dir+"/opendkim.conf")
	r.daemon("opendmarc", "-f", "-c", dir+"/opendmarc.conf")
	waitFor(t, dkimPort)
	waitFor(t, dmarcPort)
	return r, []string{"inet:127.0.0.1:" + dkimPort, "inet:127.0.0.1:" + dmarcPort}
}

func (r *realRun) file(name, text string) {
	if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *realRun) daemon(name string, args ...string) {
	r.t.Helper()
	cmd := exec.Command(name, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if r.t.Failed() {
			r.t.Log(name, out.String())
		}
	})
}

func (r *realRun) postfix(milters string) {
	r.t.Helper()
	conf := filepath.Join(r.dir, "postfix")
	for _, d := range []string{conf, conf + "/queue", conf + "/data"} {
		os.MkdirAll(d, 0o755)
	}
	if u, err := user.Lookup("postfix"); err == nil {
		uid, _ := strconv.Atoi(u.Uid)
		os.Chown(conf+"/data", uid, -1)
	}
	r.file("postfix/main.cf", fmt.Sprintf(`compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.example
mydestination =
relay_domains = example.com
relay_transport = discard:
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_milters = %[2]s
milter_default_action = tempfail
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
alias_maps =
`, conf, milters)+r.more)
	master := "127.0.0.1:" + r.smtp + " inet n - n - - smtpd\n"
	for _, s := range []string{"pickup pickup 60 1", "cleanup cleanup - 0", "qmgr qmgr 300 1", "rewrite trivial-rewrite - -", "bounce bounce - 0",
		"defer bounce - 0", "trace bounce - 0", "proxymap proxymap - -", "error error - -", "retry error - -", "discard discard - -",
		"local local - -", "anvil anvil - 1"} {
		f := strings.Fields(s)
		private := "-"
		if f[0] == "pickup" || f[0] == "cleanup" || f[0] == "qmgr" {
			private = "n"
		}
		master += fmt.Sprintf("%s unix %s - n %s %s %s\n", f[0], private, f[2], f[3], f[1])
	}
	if r.back != "" {
		master += "smtp unix - - n - - smtp\n127.0.0.1:" + r.back + " inet n - n - - smtpd\n -o content_filter= -o smtpd_milters=\n"
	}
	r.file("postfix/master.cf", master)
	if out, err := exec.Command("postfix", "-c", conf, "start").CombinedOutput(); err != nil {
		r.t.Skipf("Postfix does not start here: %v %s %s", err, out, r.log.text())
	}
	r.t.Cleanup(func() { exec.Command("postfix", "-c", conf, "stop").Run() })
}

// message is a message as it is sent.
func (r *realRun) message(m sent) string {
	body := fmt.Sprintf("From: A <a@%s>\r\nTo: b@example.com\r\nSubject: %d\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMessage-ID: <%d@%s>\r\n\r\nHello\r\n",
		m.from, m.n, m.n, m.from)
	if m.spf {
		body = "Received-SPF: pass (mailfrom) identity=mailfrom; client-ip=" + m.ip + "; envelope-from=u@" + m.from + "\r\n" + body
	}
	if m.signed {
		var b bytes.Buffer
		o := &dkim.SignOptions{Domain: m.from, Selector: "sel", Signer: r.key}
		if err := dkim.Sign(&b, strings.NewReader(body), o); err != nil {
			r.t.Error(err)
		}
		body = b.String()
	}
	if m.broken {
		body = strings.Replace(body, "Hello", "Hullo", 1)
	}
	return body
}

// send hands a message over as a client elsewhere would.
func (r *realRun) send(m sent) {
	r.talk(m.n, nil, "XCLIENT NAME="+m.helo+" ADDR="+m.ip, "EHLO "+m.helo, fmt.Sprintf("MAIL FROM:<u%d@%s>", m.n, m.from),
		"RCPT TO:<b@example.com>", "DATA", r.message(m)+".", "QUIT")
}

// talk gives commands to the mail server, from an address of this host.
func (r *realRun) talk(n int, from net.Addr, commands ...string) {
	d := net.Dialer{Timeout: 5 * time.Second, LocalAddr: from}
	c, err := d.Dial("tcp", "127.0.0.1:"+r.smtp)
	if err != nil {
		r.t.Error(err)
		return
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(30 * time.Second))
	reply := make([]byte, 4096)
	for _, cmd := range append([]string{""}, commands...) {
		if cmd != "" {
			fmt.Fprintf(c, "%s\r\n", cmd)
		}
		if _, err := c.Read(reply); err != nil {
			r.t.Error(n, cmd, err)
			return
		}
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func waitFor(t *testing.T, port string) {
	t.Helper()
	for range 100 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("nothing listens on port %s", port)
}

// syslogd is the syslog daemon of the run.
type syslogd struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func newSyslogd(t *testing.T) *syslogd {
	t.Helper()
	c, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: "/dev/log", Net: "unixgram"})
	if err != nil {
		t.Skipf("needs a syslog socket: %v", err)
	}
	os.Chmod("/dev/log", 0o666)
	t.Cleanup(func() { c.Close(); os.Remove("/dev/log") })
	s := new(syslogd)
	go func() {
		b := make([]byte, 64<<10)
		for {
			n, err := c.Read(b)
			if err != nil {
				return
			}
			s.add(string(b[:n]))
		}
	}()
	return s
}

// add writes a line as a syslog daemon does: without priority, with the host.
func (s *syslogd) add(m string) {
	if i := strings.IndexByte(m, '>'); strings.HasPrefix(m, "<") && i > 0 {
		m = m[i+1:]
	}
	m = strings.TrimRight(m, "\n\x00")
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(m) > 16 {
		s.b.WriteString(m[:16] + "mx " + m[16:] + "\n")
	}
}

func (s *syslogd) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// wait returns the log when the programs are done with n messages.
func (s *syslogd) wait(n int) string {
	return s.until(func(log string) bool {
		return strings.Count(log, ": removed")+strings.Count(log, ": milter-reject: ") >= n
	})
}

// until returns the log when it tells what is waited for, or after ten seconds.
func (s *syslogd) until(enough func(log string) bool) string {
	for range 200 {
		if log := s.text(); enough(log) {
			return log
		}
		time.Sleep(50 * time.Millisecond)
	}
	return s.text()
}
