package maillog

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailaudit/reader"
)

// TestRealExim sends mail through Exim and reads the main log that it writes.
func TestRealExim(t *testing.T) {
	if testing.Short() {
		t.Skip("runs mail servers")
	}
	exim, err := exec.LookPath("exim4")
	if err != nil {
		t.Skip("needs exim4 installed")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root, to run Exim")
	}
	u, err := user.Lookup("Debian-exim")
	if err != nil {
		t.Skip("needs Exim's user")
	}
	dir, port := startExim(t, exim, u), ""
	dir, port, _ = strings.Cut(dir, " ")
	want := map[string]string{}
	for i := range 12 {
		m := eximSent{n: i, ip: fmt.Sprintf("198.51.100.%d", i+1), refused: i%4 == 3, signed: i%4 == 1, null: i%4 == 2}
		want[m.ip] = m.want()
		m.send(t, port)
	}
	log := waitExim(filepath.Join(dir, "mainlog"), 9)
	got := readLogs(t, Options{Zone: time.Local}, log)
	if got.format != reader.Exim || len(got.units) != len(want) || len(got.problems) > 0 {
		t.Errorf("format %q, %d records, problems %v", got.format, len(got.units), got.problems)
	}
	for _, u := range got.units {
		if have := eximHave(u.Log); have != want[u.Log.ClientIP.String()] {
			t.Errorf("%s:\n got %s\nwant %s", u.Log.ClientIP, have, want[u.Log.ClientIP.String()])
		}
		if d := time.Since(u.Log.ReceivedAt); d < -time.Second || d > time.Minute {
			t.Errorf("%s came in %v ago", u.Log.ClientIP, d)
		}
	}
	if t.Failed() {
		t.Log(log)
	}
}

// eximSent is a message of the run.
type eximSent struct {
	n                     int
	ip                    string
	refused, signed, null bool
}

func (m eximSent) from() string {
	if m.null {
		return ""
	}
	return fmt.Sprintf("u%d@none.example", m.n)
}

func (m eximSent) want() string {
	id, dkim := fmt.Sprintf("%d@none.example", m.n), ""
	if m.refused {
		id = ""
	}
	if m.signed { // no name server has the key
		dkim = "none.example/sel/temperror"
	}
	return fmt.Sprintf("<%s> helo=out%d.example.net id=%s dkim=%s true", m.from(), m.n, id, dkim)
}

func eximHave(l *reader.LogRecord) string {
	dkim := ""
	for _, s := range l.Signatures {
		dkim += s.Domain + "/" + s.Selector + "/" + s.Result
	}
	return fmt.Sprintf("<%s> helo=%s id=%s dkim=%s %t", l.MailFrom, l.HELO, l.MessageID, dkim, l.Complete)
}

func (m eximSent) send(t *testing.T, port string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(60 * time.Second))
	fmt.Fprintf(c, "PROXY TCP4 %s 127.0.0.1 4711 25\r\n", m.ip) // where it says it comes from
	to, body := "b", fmt.Sprintf("From: a@none.example\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\nMessage-ID: <%d@none.example>\r\nSubject: x\r\n\r\nHello\r\n.", m.n)
	if m.signed {
		hash := sha256.Sum256([]byte("Hello\r\n"))
		body = "DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=none.example; s=sel; h=From; bh=" +
			base64.StdEncoding.EncodeToString(hash[:]) + "; b=AAAA\r\n" + body
	}
	commands := []string{"", fmt.Sprintf("EHLO out%d.example.net", m.n), "MAIL FROM:<" + m.from() + ">", "RCPT TO:<" + to + "@example.com>", "DATA", body, "QUIT"}
	if m.refused {
		commands = append(commands[:3], "RCPT TO:<refused@example.com>", "RCPT TO:<refused@example.com>", "QUIT")
	}
	reply := make([]byte, 4096)
	for _, cmd := range commands {
		if cmd != "" {
			fmt.Fprintf(c, "%s\r\n", cmd)
		}
		if _, err := c.Read(reply); err != nil {
			t.Fatal(m.n, cmd, err)
		}
	}
}

// startExim runs Exim and returns its folder and port.
func startExim(t *testing.T, exim string, u *user.User) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "maillog")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	os.Chmod(dir, 0o755)
	os.Mkdir(dir+"/spool", 0o750)
	for _, d := range []string{dir, dir + "/spool"} {
		os.Chown(d, uid, gid)
	}
	port := freePort(t)
	conf := fmt.Sprintf(`primary_hostname = mx.example
exim_path = %s
keep_environment =
daemon_smtp_ports = %s
local_interfaces = 127.0.0.1
hosts_proxy = 127.0.0.1
spool_directory = %s/spool
log_file_path = %s/%%slog
log_selector = +dkim +dkim_verbose
host_lookup =
rfc1413_hosts =
dns_retrans = 1s
dns_retry = 1
acl_smtp_rcpt = rcpt
acl_smtp_data = data
begin acl
rcpt:
  deny local_parts = refused
  accept
data:
  accept
begin routers
all:
  driver = accept
  transport = null
begin transports
null:
  driver = appendfile
  file = /dev/null
  user = %s
`, exim, port, dir, dir, u.Username)
	if err := os.WriteFile(dir+"/exim.conf", []byte(conf), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exim, "-C", dir+"/exim.conf", "-bdf")
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Skipf("Exim does not start: %v", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			panics, _ := os.ReadFile(dir + "/paniclog")
			t.Log(out.String(), string(panics))
		}
	})
	for range 100 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			return dir + " " + port
		}
		time.Sleep(50 * time.Millisecond)
	}
	panics, _ := os.ReadFile(dir + "/paniclog")
	t.Skipf("Exim does not start here: %s %s", out.String(), panics)
	return ""
}

// waitExim returns the log when n messages are done with.
func waitExim(path string, n int) (log string) {
	for range 200 {
		b, _ := os.ReadFile(path)
		if log = string(b); strings.Count(log, " Completed") >= n {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return log
}
