package maillog

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mailaudit/reader"
)

// rspamdSent is a message given to rspamd, and what it must have found.
type rspamdSent struct {
	n                  int
	from, author       string // domains
	ip                 string
	signed, broken     bool
	keyless            bool // signed with a key that no name server has
	spf, dkim, dmarc   string
	policy             string
	authenticated, nil bool // nil: a null path
}

func rspamdMessages() []rspamdSent {
	m := []rspamdSent{
		{from: "strict.example", author: "strict.example", ip: "198.51.100.7", spf: "pass", dkim: "none", dmarc: "pass", policy: "reject"},
		{from: "strict.example", author: "strict.example", ip: "203.0.113.7", spf: "fail", dkim: "none", dmarc: "fail", policy: "reject"},
		{from: "strict.example", author: "strict.example", ip: "203.0.113.7", signed: true, spf: "fail", dkim: "pass", dmarc: "pass", policy: "reject"},
		{from: "soft.example", author: "strict.example", ip: "203.0.113.8", signed: true, broken: true, spf: "softfail", dkim: "fail", dmarc: "fail", policy: "reject"},
		{from: "soft.example", author: "soft.example", ip: "203.0.113.8", spf: "softfail", dkim: "none", dmarc: "fail", policy: "none"},
		{from: "soft.example", author: "silent.example", ip: "203.0.113.8", spf: "softfail", dkim: "none", dmarc: "none"},
		{from: "quiet.example", author: "quiet.example", ip: "2001:db8::7", spf: "neutral", dkim: "none", dmarc: "fail", policy: "quarantine"},
		{from: "silent.example", author: "silent.example", ip: "203.0.113.9", spf: "none", dkim: "none", dmarc: "none"},
		{from: "silent.example", author: "silent.example", ip: "203.0.113.9", signed: true, keyless: true, spf: "none", dkim: "permerror", dmarc: "none"},
		{nil: true, author: "strict.example", ip: "198.51.100.7", spf: "none", dkim: "none", dmarc: "fail", policy: "reject"},
	}
	for i := range m {
		m[i].n = i
	}
	return m
}

// TestRealRspamd gives messages to rspamd and reads its own log, as text and as
// JSON, against what it answered.
func TestRealRspamd(t *testing.T) {
	if testing.Short() {
		t.Skip("runs mail servers")
	}
	if _, err := exec.LookPath("rspamd"); err != nil {
		t.Skip("needs rspamd installed")
	}
	key := newRSAKey(t)
	texts := rspamdZone(key)
	for _, c := range []struct{ name, logging string }{
		{"text", ""}, {"severity and microseconds", "log_severity = true; log_usec = true;"}, {"color", "log_color = true;"}, {"JSON", "json = true;"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := startRspamd(t, serveTXT(t, texts), c.logging)
			messages := rspamdMessages()
			for _, m := range messages {
				r.scan(t, m, key)
			}
			log := r.wait(len(messages))
			if strings.HasPrefix(c.name, "JSON") && !strings.HasPrefix(log, "{") {
				t.Skip("this rspamd writes no JSON log")
			}
			checkRspamd(t, messages, readLogs(t, Options{Until: time.Now(), Zone: time.Local}, log))
			if t.Failed() {
				t.Log(log)
			}
		})
	}
}

// rspamdZone is what the name server of the run has.
func rspamdZone(key *rsaKey) map[string]string {
	return map[string]string{
		"strict.example": "v=spf1 ip4:198.51.100.0/24 -all", "_dmarc.strict.example": "v=DMARC1; p=reject", "sel._domainkey.strict.example": key.record,
		"soft.example": "v=spf1 ~all", "_dmarc.soft.example": "v=DMARC1; p=none",
		"quiet.example": "v=spf1 ?all", "_dmarc.quiet.example": "v=DMARC1; p=quarantine",
		"silent.example": "nothing",
	}
}

// TestRealRspamdMilter sends mail through Postfix with rspamd as its milter and
// reads what both log.
func TestRealRspamdMilter(t *testing.T) {
	if testing.Short() {
		t.Skip("runs mail servers")
	}
	needsPostfix(t, "rspamd")
	key := newRSAKey(t)
	r := newRun(t)
	port := freePort(t)
	runRspamd(t, r.dir, serveTXT(t, rspamdZone(key)), `type = "syslog"; facility = "mail";`,
		fmt.Sprintf(`worker "rspamd_proxy" { bind_socket = "127.0.0.1:%s"; milter = yes; count = 1; upstream "local" { default = yes; self_scan = yes; } }`, port))
	waitFor(t, port)
	r.postfix("inet:127.0.0.1:" + port)
	waitFor(t, r.smtp)
	var messages []rspamdSent
	for _, m := range rspamdMessages() {
		if strings.Contains(m.ip, ":") { // Postfix has IPv4 alone here
			continue
		}
		messages = append(messages, m)
		r.talk(m.n, nil, "XCLIENT NAME=[UNAVAILABLE] ADDR="+m.ip, "EHLO mail.example.net", "MAIL FROM:<"+m.path()+">", "RCPT TO:<b@example.com>", "DATA",
			m.message(t, key)+".", "QUIT")
	}
	log := r.log.until(func(log string) bool {
		return strings.Count(log, ": removed")+strings.Count(log, ": milter-reject: ") >= len(messages)
	})
	got := readLogs(t, Options{Until: time.Now()}, log)
	if got.format != reader.Postfix || len(got.units) != len(messages) || len(got.problems) > 0 {
		t.Errorf("format %q, %d records of %d messages, problems %v", got.format, len(got.units), len(messages), got.problems)
	}
	byID := map[string]*reader.LogRecord{}
	for _, u := range got.units {
		byID[u.Log.MessageID] = u.Log
	}
	for _, m := range messages {
		l := byID[fmt.Sprintf("%d@x", m.n)]
		if l == nil {
			t.Errorf("message %d has no record", m.n)
		} else if have, want := rspamdHave(l), m.want(); have != want {
			t.Errorf("message %d:\n got %s\nwant %s", m.n, have, want)
		}
	}
	if t.Failed() {
		t.Log(log)
	}
}

func checkRspamd(t *testing.T, messages []rspamdSent, got outcome) {
	t.Helper()
	if got.format != reader.Rspamd || len(got.units) != len(messages) || len(got.problems) > 0 {
		t.Errorf("format %q, %d records of %d messages, problems %v", got.format, len(got.units), len(messages), got.problems)
	}
	byID := map[string]*reader.LogRecord{}
	for _, u := range got.units {
		byID[u.Log.QueueID] = u.Log
	}
	for _, m := range messages {
		l := byID[fmt.Sprintf("Q%d", m.n)]
		if l == nil {
			t.Errorf("message %d has no record", m.n)
			continue
		}
		if have, want := rspamdHave(l), m.want(); have != want {
			t.Errorf("message %d:\n got %s\nwant %s", m.n, have, want)
		}
		if d := time.Since(l.ReceivedAt); d < -time.Second || d > time.Minute {
			t.Errorf("message %d came in %v ago", m.n, d)
		}
	}
}

func (m *rspamdSent) path() string {
	if m.nil {
		return ""
	}
	return fmt.Sprintf("u%d@%s", m.n, m.from)
}

func (m *rspamdSent) want() string {
	signed, author := "", m.author
	if m.signed {
		signed = m.author + "/sel/" + m.dkim
	}
	if m.nil { // no symbol tells it
		author = ""
	}
	return fmt.Sprintf("%s <%s> id=%d@x [%s] spf=%s dkim=%s (%s) dmarc=%s %s auth=%t true", m.ip, m.path(), m.n, author, m.spf, m.dkim, signed, m.dmarc,
		m.policy, m.authenticated)
}

func rspamdHave(l *reader.LogRecord) string {
	signed := ""
	for _, s := range l.Signatures {
		signed += s.Domain + "/" + s.Selector + "/" + s.Result
	}
	return fmt.Sprintf("%s <%s> id=%s %v spf=%s dkim=%s (%s) dmarc=%s %s auth=%t %t", l.ClientIP, l.MailFrom, l.MessageID, l.HeaderFrom, l.Recorded.SPF,
		l.Recorded.DKIM, signed, l.Recorded.DMARC, l.Recorded.Policy, l.Authenticated, l.Complete)
}

// rspamdRun is an rspamd on the loopback interface.
type rspamdRun struct{ dir, url string }

func startRspamd(t *testing.T, dns, logging string) *rspamdRun {
	t.Helper()
	dir, err := os.MkdirTemp("", "maillog")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	port := freePort(t)
	runRspamd(t, dir, dns, fmt.Sprintf("type = \"file\"; filename = \"%s/log\"; %s", dir, logging),
		fmt.Sprintf("worker \"normal\" { bind_socket = \"127.0.0.1:%s\"; count = 1; }", port))
	r := &rspamdRun{dir: dir, url: "http://127.0.0.1:" + port}
	for range 200 {
		if resp, err := http.Get(r.url + "/ping"); err == nil {
			resp.Body.Close()
			return r
		}
		time.Sleep(50 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	t.Skipf("rspamd does not start here: %s", log)
	return nil
}

// runRspamd runs rspamd with a worker and what it needs for SPF, DKIM and DMARC.
func runRspamd(t *testing.T, dir, dns, logging, worker string) {
	t.Helper()
	write(t, dir+"/tld", []byte("example\ncom\nnet\n"))
	write(t, dir+"/conf", fmt.Appendf(nil, `options { filters = "dkim,regexp"; url_tld = "%[1]s/tld"; disable_hyperscan = true; pidfile = "%[1]s/pid";
  control_socket = "%[1]s/sock mode=0600"; dns { nameserver = ["127.0.0.1:%[2]s"]; timeout = 1s; retransmits = 1; } }
logging { .include "$CONFDIR/logging.inc"
  %[3]s }
%[4]s
lua = "$RULESDIR/rspamd.lua";
spf { } dkim { } dmarc { }
.include "$CONFDIR/metrics.conf"
.include "$CONFDIR/actions.conf"
modules { path = "${PLUGINSDIR}/spf.lua"; path = "${PLUGINSDIR}/dmarc.lua"; }
`, dir, dns, logging, worker))
	args := []string{"-f", "-c", dir + "/conf", "--var=DBDIR=" + dir, "--var=RUNDIR=" + dir, "--var=LOGDIR=" + dir}
	if os.Getuid() == 0 {
		args = append(args, "-i")
	}
	startDaemon(t, "rspamd", args...)
}

// message is a message as it is sent.
func (m *rspamdSent) message(t *testing.T, key *rsaKey) string {
	t.Helper()
	body := fmt.Sprintf("From: A <a@%s>\r\nTo: b@example.com\r\nSubject: %d\r\nDate: %s\r\nMessage-ID: <%d@x>\r\n\r\nHello\r\n", m.author, m.n,
		time.Now().Format(time.RFC1123Z), m.n)
	if m.signed {
		body = key.sign(t, m.author, body)
	}
	if m.broken {
		body = strings.Replace(body, "Hello", "Hullo", 1)
	}
	return body
}

// scan has rspamd judge a message.
func (r *rspamdRun) scan(t *testing.T, m rspamdSent, key *rsaKey) {
	t.Helper()
	req, _ := http.NewRequest("POST", r.url+"/checkv2", strings.NewReader(m.message(t, key)))
	for k, v := range map[string]string{"IP": m.ip, "Helo": "mail.example.net", "From": m.path(), "Rcpt": "b@example.com", "Queue-Id": fmt.Sprintf("Q%d", m.n)} {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Error(err)
		return
	}
	defer resp.Body.Close()
	if answer, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 {
		t.Errorf("message %d: %s", m.n, answer)
	}
}

// wait returns the log when n messages are in it.
func (r *rspamdRun) wait(n int) (log string) {
	for range 100 {
		b, _ := os.ReadFile(filepath.Join(r.dir, "log"))
		if log = string(b); strings.Count(log, "rspamd_task_write_log") >= n {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return log
}
