package maillog

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mailaudit/reader"
)

// policySent is a message that a policy service judges.
type policySent struct {
	ip, helo, from string
	spf, scope     string
	refused        bool
}

var policyMessages = []policySent{
	{ip: "198.51.100.1", helo: "out.example.net", from: "a@strict.example", spf: "pass", scope: "mfrom"},
	{ip: "203.0.113.2", helo: "out.example.net", from: "b@strict.example", spf: "fail", scope: "mfrom", refused: true},
	{ip: "203.0.113.3", helo: "out.example.net", from: "c@soft.example", spf: "softfail", scope: "mfrom"},
	{ip: "203.0.113.4", helo: "out.example.net", from: "d@quiet.example", spf: "neutral", scope: "mfrom"},
	{ip: "203.0.113.5", helo: "out.example.net", from: "e@silent.example", spf: "none", scope: "mfrom"},
	{ip: "198.51.100.6", helo: "strict.example", from: "", spf: "pass", scope: "helo"},
}

// TestRealPolicySPF sends mail through Postfix with each of the two policyd-spf
// and reads what they log.
func TestRealPolicySPF(t *testing.T) {
	if testing.Short() {
		t.Skip("runs mail servers")
	}
	for _, c := range []struct {
		name    string
		command func(dns, dir string) *exec.Cmd
	}{{"policyd-spf", policyPython}, {"postfix-policyd-spf-perl", policyPerl}} {
		t.Run(c.name, func(t *testing.T) {
			needsPostfix(t, c.name)
			dns := serveTXT(t, map[string]string{
				"strict.example": "v=spf1 ip4:198.51.100.0/24 ip6:2001:db8::/32 -all", "soft.example": "v=spf1 ~all", "quiet.example": "v=spf1 ?all", "silent.example": "nothing",
			})
			r := newRun(t)
			r.more = "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:" + spawn(t, func() *exec.Cmd { return c.command(dns, r.dir) }) + "\n"
			r.postfix("")
			waitFor(t, r.smtp)
			for i, m := range policyMessages {
				commands := []string{"XCLIENT NAME=[UNAVAILABLE] ADDR=" + m.ip, "EHLO " + m.helo, "MAIL FROM:<" + m.from + ">", "RCPT TO:<b@example.com>"}
				if !m.refused {
					commands = append(commands, "DATA", fmt.Sprintf("From: a@x.example\r\nMessage-ID: <%d@x>\r\n\r\nHello\r\n.", i))
				}
				r.talk(i, nil, append(commands, "QUIT")...)
			}
			log := r.log.until(func(log string) bool {
				return strings.Count(log, ": removed")+strings.Count(log, "NOQUEUE: reject: ") >= len(policyMessages)
			})
			checkPolicy(t, readLogs(t, Options{Until: time.Now()}, log))
			if t.Failed() {
				t.Log(log)
			}
		})
	}
}

func checkPolicy(t *testing.T, got outcome) {
	t.Helper()
	if got.format != reader.Postfix || len(got.units) != len(policyMessages) || len(got.problems) > 0 {
		t.Errorf("format %q, %d records, problems %v", got.format, len(got.units), got.problems)
	}
	byIP := map[string]*reader.LogRecord{}
	for _, u := range got.units {
		byIP[u.Log.ClientIP.String()] = u.Log
	}
	for i, m := range policyMessages {
		l := byIP[m.ip]
		if l == nil {
			t.Errorf("message %d has no record", i)
			continue
		}
		if have, want := fmt.Sprintf("<%s> %s %s helo=%s %t", l.MailFrom, l.Recorded.SPF, l.Recorded.SPFScope, l.HELO, l.Complete),
			fmt.Sprintf("<%s> %s %s helo=%s true", m.from, m.spf, m.scope, m.helo); have != want {
			t.Errorf("message %d:\n got %s\nwant %s", i, have, want)
		}
	}
}

// needsPostfix skips a test where Postfix, or what else it needs, cannot run.
func needsPostfix(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range append(programs, "postfix") {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("needs %s installed", p)
		}
	}
	if os.Getuid() != 0 {
		t.Skip("needs root, to run Postfix")
	}
	if _, err := os.Lstat("/dev/log"); err == nil {
		t.Skip("needs the place of the syslog socket, which a daemon has")
	}
}

// policyPython is the policy service in Python, told which name server to ask.
func policyPython(dns, dir string) *exec.Cmd {
	conf := dir + "/policyd.conf"
	os.WriteFile(conf, []byte("debugLevel = 1\nskip_addresses = 127.0.0.0/8\n"), 0o644)
	return exec.Command(interpreter("policyd-spf"), "-c", `import sys
try:
    import dns.resolver
    dns.resolver.default_resolver = dns.resolver.Resolver(configure=False)
    dns.resolver.default_resolver.nameservers, dns.resolver.default_resolver.port = ['127.0.0.1'], int(sys.argv[1])
except ImportError:
    import DNS
    DNS.defaults['server'], DNS.defaults['port'] = ['127.0.0.1'], int(sys.argv[1])
sys.argv = ['policyd-spf', sys.argv[2]]
from spf_engine.policyd_spf import main
main()`, dns, conf)
}

// interpreter is the Python that a program names in its first line.
func interpreter(program string) string {
	path, _ := exec.LookPath(program)
	text, _ := os.ReadFile(path)
	first, _, _ := strings.Cut(string(text), "\n")
	if name, ok := strings.CutPrefix(first, "#!"); ok && !strings.Contains(name, " ") {
		return name
	}
	return "python3"
}

// policyPerl is the one in Perl.
func policyPerl(dns, _ string) *exec.Cmd {
	cmd := exec.Command("postfix-policyd-spf-perl")
	cmd.Env = append(os.Environ(), "RES_NAMESERVERS=127.0.0.1", "RES_OPTIONS=port:"+dns)
	return cmd
}

// spawn runs a program for each connection, as Postfix's spawn does, and returns
// the port.
func spawn(t *testing.T, command func() *exec.Cmd) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			f, _ := c.(*net.TCPConn).File()
			c.Close()
			cmd := command()
			cmd.Stdin, cmd.Stdout = f, f
			if cmd.Start() == nil {
				time.AfterFunc(30*time.Second, func() { cmd.Process.Kill() })
				go cmd.Wait()
			}
			f.Close()
		}
	}()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
