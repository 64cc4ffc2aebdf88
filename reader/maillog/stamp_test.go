package maillog

import (
	"testing"
	"time"
)

func date(y int, m time.Month, d, h, mi, s int) time.Time {
	return time.Date(y, m, d, h, mi, s, 0, time.UTC)
}

// TestYears: stamps without a year, given the moment that none is later than.
func TestYears(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		until  time.Time
		stamps []string
		want   []time.Time
		late   bool
	}{
		{"this year", date(2026, 11, 22, 0, 0, 0), []string{"Mar  1 10:00:00"}, []time.Time{date(2026, 3, 1, 10, 0, 0)}, false},
		{"a day without padding", date(2026, 11, 22, 0, 0, 0), []string{"Mar 7 10:00:00"}, []time.Time{date(2026, 3, 7, 10, 0, 0)}, false},
		{"last year", date(2026, 1, 5, 0, 0, 0), []string{"Dec 30 10:00:00"}, []time.Time{date(2025, 12, 30, 10, 0, 0)}, false},
		{"clocks may be off", date(2026, 1, 5, 0, 0, 0), []string{"Jan  5 20:00:00"}, []time.Time{date(2026, 1, 5, 20, 0, 0)}, false},
		{"over New Year", date(2026, 1, 5, 0, 0, 0), []string{"Dec 31 23:59:59", "Jan  1 00:00:00", "Jan  4 00:00:00"},
			[]time.Time{date(2025, 12, 31, 23, 59, 59), date(2026, 1, 1, 0, 0, 0), date(2026, 1, 4, 0, 0, 0)}, false},
		{"late lines over New Year", date(2026, 1, 5, 0, 0, 0), []string{"Dec 31 23:59:59", "Jan  1 00:00:00", "Dec 31 23:59:58", "Jan  1 00:00:01"},
			[]time.Time{date(2025, 12, 31, 23, 59, 59), date(2026, 1, 1, 0, 0, 0), date(2025, 12, 31, 23, 59, 58), date(2026, 1, 1, 0, 0, 1)}, false},
		{"disorder within a month's end", date(2026, 11, 5, 0, 0, 0), []string{"Mar  1 00:00:00", "Feb 28 23:59:59"},
			[]time.Time{date(2026, 3, 1, 0, 0, 0), date(2026, 2, 28, 23, 59, 59)}, false},
		{"a leap day was in the latest leap year", date(2026, 11, 22, 0, 0, 0), []string{"Feb 29 10:00:00"}, []time.Time{date(2024, 2, 29, 10, 0, 0)}, false},
		{"nothing known", time.Time{}, []string{"Mar  1 10:00:00"}, []time.Time{{}}, false},
		{"the file is older than thought", date(2026, 11, 22, 0, 0, 0), []string{"Nov 20 00:00:00", "Dec 30 00:00:00", "Jan  2 00:00:00"},
			[]time.Time{date(2026, 11, 20, 0, 0, 0), date(2025, 12, 30, 0, 0, 0), date(2026, 1, 2, 0, 0, 0)}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			y := years{zone: time.UTC, until: c.until}
			for i, s := range c.stamps {
				if n := bsdLength([]byte(s)); n != len(s) {
					t.Fatalf("%q has length %d", s, n)
				}
				if got := y.time([]byte(s)); !got.Equal(c.want[i]) {
					t.Errorf("%q is %v, want %v", s, got, c.want[i])
				}
			}
			if y.late != c.late {
				t.Errorf("late %v", y.late)
			}
		})
	}
}

// TestFrames: the same line in every frame.
func TestFrames(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 3600)
	for name, c := range map[string]struct {
		line string
		at   time.Time
	}{
		"BSD":                {"Mar  1 11:00:00 mx1 postfix/smtpd[1]: text", date(2026, 3, 1, 10, 0, 0)},
		"BSD with priority":  {"<22>Mar  1 11:00:00 mx1 postfix/smtpd[1]: text", date(2026, 3, 1, 10, 0, 0)},
		"Solaris":            {"Mar  1 11:00:00 mx1 postfix/smtpd[1]: [ID 197553 mail.info] text", date(2026, 3, 1, 10, 0, 0)},
		"ISO":                {"2026-03-01T11:00:00.5+01:00 mx1 postfix/smtpd[1]: text", date(2026, 3, 1, 10, 0, 0)},
		"ISO, Z":             {"2026-03-01T10:00:00Z mx1 postfix/smtpd[1]: text", date(2026, 3, 1, 10, 0, 0)},
		"ISO without zone":   {"2026-03-01T11:00:00.123456 mx1 postfix/smtpd[1]: text", date(2026, 3, 1, 10, 0, 0)},
		"RFC 5424":           {"<22>1 2026-03-01T10:00:00.003Z mx1 postfix/smtpd 1 - - text", date(2026, 3, 1, 10, 0, 0)},
		"RFC 5424 with data": {`<22>1 2026-03-01T10:00:00.003Z mx1 postfix/smtpd 1 ID47 [x@1 a="b] \" c"][y@1] ` + "\ufefftext", date(2026, 3, 1, 10, 0, 0)},
		"journald":           {`{"__REALTIME_TIMESTAMP":"1772359201000000","_SOURCE_REALTIME_TIMESTAMP":"1772359200000000","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtpd","_PID":"1","MESSAGE":"te\u0078t","X":null,"Y":["a","b"]}`, date(2026, 3, 1, 10, 0, 0)},
		"journald, bytes":    {`{"__REALTIME_TIMESTAMP":"1772359200000000","_HOSTNAME":"mx1","SYSLOG_IDENTIFIER":"postfix/smtpd","_PID":"1","MESSAGE":[116,101,120,116]}`, date(2026, 3, 1, 10, 0, 0)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &stream{years: years{zone: zone, until: until}}
			f := &s.frame
			if !s.framed([]byte(c.line)) || string(f.host) != "mx1" || string(f.tag) != "postfix/smtpd" || string(f.pid) != "1" || string(f.msg) != "text" {
				t.Fatalf("host %q tag %q pid %q msg %q", f.host, f.tag, f.pid, f.msg)
			}
			if at := s.time().Truncate(time.Second); !at.Equal(c.at) {
				t.Errorf("at %v, want %v", at, c.at)
			}
		})
	}
}

func TestNoFrame(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "Mar", "Mar  1 10:00:00", "Mar  1 10:00:00 ", "Mar  1 10:00:00 host", "Mar  1 25:00:00 mx1 a[1]: b", "2026-13-01T10:00:00Z mx1 a[1]: b",
		"Xxx  1 10:00:00 mx1 a[1]: b", `{"MESSAGE":"only"}`, `{"MESSAGE":`,
		`{"__REALTIME_TIMESTAMP":"1","SYSLOG_IDENTIFIER":"","MESSAGE":"m"}`, `{"__REALTIME_TIMESTAMP":"","SYSLOG_IDENTIFIER":"a","MESSAGE":"m"}`,
		"<22>1 x mx1 a 1 - - b", "From a@b Mon Mar  1 10:00:00 2026",
	} {
		s := &stream{years: years{zone: time.UTC}}
		if s.framed([]byte(line)) {
			t.Errorf("%q: %+v", line, s.frame)
		}
	}
}

// TestDetectOthers: what is no log of these is left to others.
func TestDetectOthers(t *testing.T) {
	t.Parallel()
	for _, head := range []string{
		"", "\n", "From a@b Mon Mar  1 10:00:00 2026\nSubject: x\n\n", "Return-Path: <a@b>\nReceived: from x by y; Mon, 2 Mar 2026 10:00:00 +0000\n",
		"Mar  1 10:00:00 mx1 sshd[1]: Accepted publickey\n", "2026-03-01 10:00:00 some application: started\n", `{"a": 1}` + "\n",
	} {
		for _, r := range Readers(Options{}) {
			if f := r.Detect([]byte(head)); f != "" {
				t.Errorf("%q is taken for %s", head, f)
			}
		}
	}
}
