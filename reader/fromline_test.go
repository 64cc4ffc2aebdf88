package reader

import (
	"testing"
	"time"
)

func TestFromLine(t *testing.T) {
	t.Parallel()
	const none = "none"
	tests := []struct {
		line   string
		kind   fromKind
		sender string // of the envelope; none where the line does not tell
		date   string // of the envelope
		zoned  bool
	}{
		// RFC 4155 appendix A and mbox(5).
		{"From example@example.com Fri Jun 23 02:56:55 2000", fromDated, "example@example.com", "2000-06-23T02:56:55Z", false},
		{"From who@host.example Tue Jan  2 19:40:12 1996", fromDated, "who@host.example", "1996-01-02T19:40:12Z", false},
		{"From MAILER-DAEMON Fri Jul  8 12:08:34 2011", fromDated, "", "2011-07-08T12:08:34Z", false},
		{"From  Fri Jul  8 12:08:34 2011", fromDated, "", "2011-07-08T12:08:34Z", false},
		{"From <> Fri Jul  8 12:08:34 2011", fromDated, "", "2011-07-08T12:08:34Z", false},
		{"From <a@b.example> Fri Jul  8 12:08:34 2011", fromDated, "a@b.example", "2011-07-08T12:08:34Z", false},
		{"From root Fri Jul  8 12:08 2011", fromDated, "root", "2011-07-08T12:08:00Z", false},
		{"From a@b.example Fri Jul  8 12:08:34 EDT 2011", fromDated, "a@b.example", "2011-07-08T16:08:34Z", true},
		{"From a@b.example Fri Jul  8 12:08:34 2011 +0200", fromDated, "a@b.example", "2011-07-08T10:08:34Z", true},
		{"From a@b.example Fri Jul  8 12:08:34 MET DST 1992", fromDated, "a@b.example", "1992-07-08T10:08:34Z", true},
		{"From a@b.example Fri Jul  8 12:08:34 XYZ 2011", fromDated, "a@b.example", "2011-07-08T12:08:34Z", false},
		{"From a@b.example Thu, 21 Nov 1997 09:55:06 -0600", fromDated, "a@b.example", "1997-11-21T15:55:06Z", true},
		{"From a@b.example 21 Nov 97 09:55:06 GMT", fromDated, "a@b.example", "1997-11-21T09:55:06Z", true},
		{"From uu Fri Jul  8 12:08:34 1988 remote from ihnp4", fromDated, "uu", "1988-07-08T12:08:34Z", false},
		{`From "Mon Key"@b.example Fri Jul  8 12:08:34 2011`, fromDated, `"Mon Key"@b.example`, "2011-07-08T12:08:34Z", false},
		{"From ???@??? Wed Mar 08 20:03:48 2000", fromDated, none, "2000-03-08T20:03:48Z", false},
		{"From - Mon Jun  3 12:50:27 1996", fromMozilla, none, "1996-06-03T12:50:27Z", false},
		{"From - ", fromMozilla, none, "", false},
		{"From -", fromMozilla, none, "", false},
		{"From user at example.com  Thu Apr 14 11:06:56 2016", fromArchived, none, "2016-04-14T11:06:56Z", false},
		{"From christian at \u201cexample.org\u201d  Thu Jan 15 13:22:25 2015", fromArchived, none, "2015-01-15T13:22:25Z", false},
		{"From 1844347792267117879@xxx Fri Sep 26 17:18:40 +0000 2025", fromTakeout, none, "2025-09-26T17:18:40Z", true},
		{"From 1844347792267117879@xxx", fromTakeout, none, "", false},
		{"From mboxrd@z Thu Jan  1 00:00:00 1970", fromPublicInbox, none, "", false},
		{"From 76a9394d3fda34849d27038614048509bb725b6a Mon Sep 17 00:00:00 2001", fromPatch, none, "", false},
		{"From a@b.example", fromBare, "a@b.example", "", false},
	}
	for _, tt := range tests {
		for _, end := range []string{"\n", "\r\n", ""} {
			l, ok := parseFromLine([]byte(tt.line + end))
			if !ok || l.kind != tt.kind || l.length != len(tt.line+end) {
				t.Errorf("%q: %+v, %v", tt.line+end, l, ok)
				continue
			}
			e := l.envelope()
			if e.HasMailFrom != (tt.sender != none) || e.HasMailFrom && e.MailFrom != tt.sender {
				t.Errorf("%q: sender %q, %v", tt.line, e.MailFrom, e.HasMailFrom)
			}
			got := ""
			if !e.ReceivedAt.IsZero() {
				got = e.ReceivedAt.Format(time.RFC3339)
			}
			if got != tt.date || e.Zoned != tt.zoned {
				t.Errorf("%q: date %s, zoned %v", tt.line, got, e.Zoned)
			}
		}
	}
}

func TestNotFromLine(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"From here on", "From Russia with love", "From: a@b.example", "from a@b.example Fri Jul  8 12:08:34 2011",
		"From", "From ", "From Monday on we meet at 12:08", "From what I saw on Fri Jul  8 12:08:34 2011 it works",
		"From a@b.example Fri Jul 88 12:08:34 2011", "From a@b.example Fri Jul  8 25:08:34 2011",
		"From a@b.example Fri Jul  8 12:08:34", ">From a@b.example Fri Jul  8 12:08:34 2011",
		"From Alice, who said on Fri Jul  8 12:08:34 2011:", "From me to you on 8 Jul 2011",
	} {
		if l, ok := parseFromLine([]byte(line + "\n")); ok {
			t.Errorf("%q: %+v", line, l)
		}
	}
}

func FuzzFromLine(f *testing.F) {
	f.Add([]byte("From a@b.example Fri Jul  8 12:08:34 2011\n"))
	f.Add([]byte("From - \r\n"))
	f.Add([]byte("From a Thu, 21 Nov 1997 09:55:06 -0600 (CST)\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, ok := parseFromLine(b)
		if !ok {
			return
		}
		if l.length <= len(fromWord) || l.length > len(b) {
			t.Fatalf("length %d of %d", l.length, len(b))
		}
		if e := l.envelope(); !e.ReceivedAt.IsZero() && e.ReceivedAt.Year() < 1969 {
			t.Fatalf("date %v", e.ReceivedAt)
		}
	})
}
