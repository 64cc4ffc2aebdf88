package maillog

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailaudit/reader"
)

// TestRealAmavis sends mail through Postfix and amavis, which gives it back to
// Postfix: each message has two queue ids and is one record.
func TestRealAmavis(t *testing.T) {
	if testing.Short() {
		t.Skip("runs mail servers")
	}
	needsPostfix(t, "amavisd")
	u, err := user.Lookup("amavis")
	if err != nil {
		t.Skip("needs amavis' user")
	}
	key := newRSAKey(t)
	dns := serveTXT(t, map[string]string{"sel._domainkey.signed.example": key.record})
	r := newRun(t)
	filter := freePort(t)
	r.back = freePort(t)
	r.more = "content_filter = smtp:[127.0.0.1]:" + filter + "\nsmtp_send_xforward_command = yes\nsmtpd_authorized_xforward_hosts = 127.0.0.1\n"
	r.amavis(u, filter, dns)
	r.postfix("")
	waitFor(t, r.smtp)
	const n = 6
	for i := range n {
		body := fmt.Sprintf("From: A <a@signed.example>\r\nTo: b@example.com\r\nSubject: %d\r\nDate: %s\r\nMessage-ID: <%d@x>\r\n\r\nHello\r\n", i, time.Now().Format(time.RFC1123Z), i)
		if i%2 == 0 {
			body = key.sign(t, "signed.example", body)
		}
		r.talk(i, nil, fmt.Sprintf("XCLIENT NAME=[UNAVAILABLE] ADDR=198.51.100.%d", i+1), "EHLO out.example.net", fmt.Sprintf("MAIL FROM:<u%d@signed.example>", i),
			"RCPT TO:<b@example.com>", "DATA", body+".", "QUIT")
	}
	log := r.log.until(func(log string) bool { return strings.Count(log, ": removed") >= 2*n })
	got := readLogs(t, Options{Until: time.Now()}, log)
	checkAmavis(t, n, got)
	if t.Failed() {
		t.Log(log)
	}
}

func checkAmavis(t *testing.T, n int, got outcome) {
	t.Helper()
	if got.format != reader.Postfix || len(got.units) != n || len(got.problems) > 0 {
		t.Errorf("format %q, %d records of %d messages, problems %v", got.format, len(got.units), n, got.problems)
	}
	for _, u := range got.units {
		l := u.Log
		i, _ := strconv.Atoi(strings.TrimSuffix(l.MessageID, "@x"))
		signed := ""
		for _, s := range l.Signatures {
			signed += s.Domain + "/" + s.Selector + "/" + s.Result
		}
		want := fmt.Sprintf("198.51.100.%d <u%d@signed.example>  true", i+1, i)
		if i%2 == 0 {
			want = strings.Replace(want, ">  ", "> signed.example/sel/pass ", 1)
		}
		if have := fmt.Sprintf("%s <%s> %s %t", l.ClientIP, l.MailFrom, signed, l.Complete); have != want {
			t.Errorf("message %d:\n got %s\nwant %s", i, have, want)
		}
	}
}

// amavis runs amavis without scanners: what is left is DKIM.
func (r *realRun) amavis(u *user.User, port, dns string) {
	r.t.Helper()
	home := r.dir + "/amavis"
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	for _, d := range []string{home, home + "/tmp", home + "/db", home + "/quarantine"} {
		os.Mkdir(d, 0o750)
		os.Chown(d, uid, gid)
	}
	r.file("amavisd.conf", fmt.Sprintf(`use strict;
$daemon_user = 'amavis'; $daemon_group = '%[4]s'; $myhostname = 'mx.example'; $mydomain = 'example.com';
$MYHOME = '%[1]s'; $TEMPBASE = '%[1]s/tmp'; $db_home = '%[1]s/db'; $QUARANTINEDIR = '%[1]s/quarantine';
$pid_file = '%[1]s/pid'; $lock_file = '%[1]s/lock'; $enable_db = 0; $max_servers = 2; $inet_socket_bind = '127.0.0.1'; $inet_socket_port = %[2]s;
$do_syslog = 1; $syslog_facility = 'mail'; $log_level = 0; $enable_dkim_verification = 1;
@bypass_virus_checks_maps = (1); @bypass_spam_checks_maps = (1); @bypass_banned_checks_maps = (1); @bypass_header_checks_maps = (1);
@local_domains_maps = (1); $forward_method = 'smtp:[127.0.0.1]:%[3]s'; $notify_method = $forward_method;
$virus_admin = undef; @decoders = (); @av_scanners = ();
use Net::DNS::Resolver; # which name server to ask
my $new = Net::DNS::Resolver->can('new');
no warnings;
*Net::DNS::Resolver::new = sub { my $r = $new->(@_); $r->nameservers('127.0.0.1'); $r->port(%[5]s); $r };
1;
`, home, port, r.back, groupOf(u), dns))
	startDaemon(r.t, "amavisd", "-c", r.dir+"/amavisd.conf", "foreground")
	waitFor(r.t, port)
}

func groupOf(u *user.User) string {
	if g, err := user.LookupGroupId(u.Gid); err == nil {
		return g.Name
	}
	return u.Username
}
