package maillog

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"mailaudit/reader"
)

// sendmailRoot is where Sendmail is looked for: the root, or the folder that
// AUDIT_SENDMAIL_ROOT names, for a package that is unpacked and not installed.
func sendmailRoot() string {
	if root := os.Getenv("AUDIT_SENDMAIL_ROOT"); root != "" {
		return root
	}
	return "/"
}

// TestRealSendmail sends mail through Sendmail with OpenDKIM and OpenDMARC and
// reads what they log.
func TestRealSendmail(t *testing.T) {
	if testing.Short() {
		t.Skip("runs mail servers")
	}
	binary, cf := sendmailRoot()+"/usr/libexec/sendmail/sendmail", sendmailRoot()+"/usr/share/sendmail/cf"
	for _, p := range []string{binary, "m4", "unshare", "opendkim", "opendmarc"} {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s", p)
		}
	}
	if _, err := os.Stat(cf + "/m4/cf.m4"); err != nil {
		t.Skip("needs Sendmail's configuration macros")
	}
	if os.Getuid() != 0 {
		t.Skip("needs root, to run Sendmail")
	}
	if _, err := os.Lstat("/dev/log"); err == nil {
		t.Skip("needs the place of the syslog socket, which a daemon has")
	}
	r, milters := newFilters(t)
	r.sendmail(binary, cf, milters)
	messages := realMessages()
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; i < len(messages); i += 4 {
				r.sendFrom(&messages[i], fmt.Sprintf("127.0.1.%d", i+1))
			}
		})
	}
	wg.Wait()
	r.talk(99, &net.TCPAddr{IP: net.ParseIP("127.0.2.1")}, "EHLO out.example.net", "MAIL FROM:<x@none.example>", "RCPT TO:<nobody-here@example.com>",
		"RCPT TO:<b@elsewhere.example>", "QUIT")
	log := r.log.until(func(log string) bool {
		return strings.Count(log, " stat=") >= len(messages) && strings.Contains(log, "x@none.example")
	})
	got := readLogs(t, Options{Until: time.Now()}, log)
	checkSendmail(t, messages, got)
	if t.Failed() {
		t.Log(log)
	}
}

// sendFrom sends a message from an address of this host: Sendmail believes
// nobody who names another client. Every other one has a recipient too many.
func (r *realRun) sendFrom(m *sent, ip string) {
	m.ip = ip
	commands := []string{"EHLO " + m.helo, fmt.Sprintf("MAIL FROM:<u%d@%s>", m.n, m.from)}
	if m.n%2 == 1 {
		commands = append(commands, "RCPT TO:<nobody-here@example.com>")
	}
	r.talk(m.n, &net.TCPAddr{IP: net.ParseIP(ip)}, append(commands, "RCPT TO:<b@example.com>", "DATA", r.message(*m)+".", "QUIT")...)
}

func checkSendmail(t *testing.T, messages []sent, got outcome) {
	t.Helper()
	if got.format != reader.Sendmail || len(got.problems) > 0 || len(got.units) != len(messages)+1 {
		t.Errorf("format %q, %d records, problems %v", got.format, len(got.units), got.problems)
	}
	byIP := map[string]*reader.LogRecord{}
	for _, u := range got.units {
		byIP[u.Log.ClientIP.String()] = u.Log
		if d := time.Since(u.Log.ReceivedAt); d < -2*time.Second || d > time.Minute {
			t.Errorf("%s came in %v ago", u.Log.QueueID, d)
		}
	}
	if l := byIP["127.0.2.1"]; l == nil || l.MailFrom != "x@none.example" || !l.Complete {
		t.Errorf("the refused one: %+v", l)
	}
	for _, m := range messages {
		l := byIP[m.ip]
		if l == nil {
			t.Errorf("message %d has no record", m.n)
			continue
		}
		if m.dkim == "" { // OpenDKIM logs nothing, but Sendmail the field that it inserts
			m.dkim = "none"
		}
		want := fmt.Sprintf("%d@%s %s [%s] %s %s %s true", m.n, m.from, "u"+strconv.Itoa(m.n)+"@"+m.from, m.from, m.dmarc, m.dkim, m.disposition)
		have := fmt.Sprintf("%s %s %v %s %s %s %t", l.MessageID, l.MailFrom, l.HeaderFrom, l.Recorded.DMARC, l.Recorded.DKIM, l.Recorded.Disposition, l.Complete)
		if have != want || l.Authenticated {
			t.Errorf("message %d:\n got %s\nwant %s", m.n, have, want)
		}
	}
}

// sendmail runs Sendmail with filters.
func (r *realRun) sendmail(binary, cf string, milters []string) {
	r.t.Helper()
	for _, d := range []string{"/queue", "/sm"} {
		os.Mkdir(r.dir+d, 0o755)
	}
	r.file("switch", "hosts files\naliases files\n")
	r.file("names", "example.com\n")
	r.file("aliases", "b: /dev/null\npostmaster: /dev/null\nmailer-daemon: /dev/null\nroot: /dev/null\n")
	mc := fmt.Sprintf("define(`_CF_DIR_', `%[1]s/')dnl\ninclude(`%[1]s/m4/cf.m4')dnl\nOSTYPE(`linux')dnl\n", cf)
	for k, v := range map[string]string{
		"confCW_FILE": r.dir + "/names", "QUEUE_DIR": r.dir + "/queue", "ALIAS_FILE": r.dir + "/aliases", "STATUS_FILE": r.dir + "/sm/status",
		"confPID_FILE": r.dir + "/sm/pid", "confSERVICE_SWITCH_FILE": r.dir + "/switch", "confDOMAIN_NAME": "mx.example", "confTO_IDENT": "0s",
		"confDONT_BLAME_SENDMAIL": "GroupWritableDirPathSafe,ClassFileInUnsafeDirPath,MapInUnsafeDirPath,ErrorHeaderInUnsafeDirPath,ForwardFileInUnsafeDirPath,HelpFileInUnsafeDirPath,IncludeFileInUnsafeDirPath,NonRootSafeAddr,WorldWritableAliasFile,GroupWritableAliasFile,LinkedAliasFileInWritableDir,TrustStickyBit", "confLOG_LEVEL": "9",
		"confDEF_USER_ID": "1:1", "confTRUSTED_USER": "root", "confHOST_STATUS_DIRECTORY": "", "confCONTROL_SOCKET_NAME": "",
	} {
		mc += fmt.Sprintf("define(`%s', `%s')dnl\n", k, v)
	}
	mc += "FEATURE(`no_default_msa')dnl\nFEATURE(`use_cw_file')dnl\nFEATURE(`nocanonify')dnl\nFEATURE(`accept_unresolvable_domains')dnl\n" +
		fmt.Sprintf("DAEMON_OPTIONS(`Port=%s, Addr=127.0.0.1, Name=MTA')dnl\n", r.smtp)
	for i, m := range milters { // inet:127.0.0.1:port → inet:port@127.0.0.1
		mc += fmt.Sprintf("INPUT_MAIL_FILTER(`filter%d', `S=inet:%s@127.0.0.1, F=T, T=S:10s;R:10s;E:30s')dnl\n", i, m[strings.LastIndex(m, ":")+1:])
	}
	r.file("mc", mc+"MAILER(`local')dnl\nMAILER(`smtp')dnl\n")
	out, err := exec.Command("m4", r.dir+"/mc").Output()
	if err != nil {
		r.t.Skipf("m4: %v", err)
	}
	r.file("cf", string(out))
	run := func(args ...string) *exec.Cmd {
		// It waits a minute on hosts whose name has no domain, so it gets a name of its own.
		named := []string{"-u", "sh", "-c", `hostname mx.example && exec "$0" "$@"`, binary, "-C" + r.dir + "/cf"}
		cmd := exec.Command("unshare", append(named, args...)...)
		cmd.Env = append(os.Environ(), "RES_OPTIONS=timeout:1 attempts:1")
		return cmd
	}
	if out, err := run("-bi").CombinedOutput(); err != nil {
		r.t.Skipf("Sendmail does not start here: %v %s", err, out)
	}
	startCmd(r.t, run("-bD", "-L", "sm-mta"))
	waitFor(r.t, r.smtp)
}
