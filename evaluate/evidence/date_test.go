package evidence

import (
	"net/mail"
	"strings"
	"testing"
	"time"
)

var dateCases = []struct{ in, want string }{
	// RFC 5322 appendix A
	{"Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06Z"},
	{"Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37Z"},
	{"Thu, 13 Feb 1969 23:32:54 -0330", ""}, // before 1970
	{"Thu,\r\n      13\r\n        Feb\r\n          1979\r\n      23:32\r\n               -0330 (Newfoundland Time)", "1979-02-14T03:02:00Z"},
	{"21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06Z"},
	{"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06Z"},

	{"Mon, 29 Apr 2019 16:22:03 +0200 (CEST)", "2019-04-29T14:22:03Z"},
	{"Mon, 29 Apr 2019 16:22:03 +0200 (a (b) \\) c)", "2019-04-29T14:22:03Z"},
	{"(x) Mon (y), 29 (z) Apr 2019 16:22:03 +0200", "2019-04-29T14:22:03Z"},
	{"29 Apr 2019 16:22 +0200", "2019-04-29T14:22:00Z"},
	{"Sun, 29 Apr 2019 16:22:03 +0200", "2019-04-29T14:22:03Z"}, // it was a Monday
	{"Thu, 20 Mar 03 10:06:43 +0100", "2003-03-20T09:06:43Z"},
	{"1 Jan 49 00:00:00 Z", "2049-01-01T00:00:00Z"},  // §4.3: 00 to 49 are 20xx
	{"1 Jan 99 00:00:00 Z", "1999-01-01T00:00:00Z"},  // 50 to 99 are 19xx
	{"1 Jan 103 00:00:00 Z", "2003-01-01T00:00:00Z"}, // three digits count from 1900
	{"Mon, 5 Jan 2004 12:00:00 EST", "2004-01-05T17:00:00Z"},
	{"Mon, 5 Jul 2004 12:00:00 edt", "2004-07-05T16:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 CST", "2004-01-05T18:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 MDT", "2004-01-05T18:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 PST", "2004-01-05T20:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 UT", "2004-01-05T12:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 K", "2004-01-05T12:00:00Z"},    // military: -0000
	{"Mon, 5 Jan 2004 12:00:00 XYZT", "2004-01-05T12:00:00Z"}, // unknown: -0000
	{"Mon, 5 Jan 2004 12:00:00", "2004-01-05T12:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 GMT+0100", "2004-01-05T11:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 +01:00", "2004-01-05T11:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 --0100", "2004-01-05T13:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 -9999", "2004-01-05T12:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 +0160", "2004-01-05T12:00:00Z"},
	{"Mon, 5 Jan 2004 12:00:00 -00700", "2004-01-05T12:00:00Z"},
	{"Mon, 5 Jan 2004 01:00:00 PM +0000", "2004-01-05T13:00:00Z"},
	{"Thu, 02 Apr 2020 07:53:55.516 +0000 (UTC)", "2020-04-02T07:53:55Z"},
	{"Sun, 31 Dec 2017 23:59:60 +0000", "2018-01-01T00:00:00Z"},
	{"Sun Nov 13 14:50:12 2005", "2005-11-13T14:50:12Z"},
	{"Fri Sep 14 14:36:56 EDT 2018", "2018-09-14T18:36:56Z"},
	{"Fri Feb 07 10:18:12 2003 -0800", "2003-02-07T18:18:12Z"},
	{"Friday, 07-Feb-03 10:18:12 GMT", "2003-02-07T10:18:12Z"},
	{"7-Feb-2003 10:18:12 +0000", "2003-02-07T10:18:12Z"},
	{"2003-02-07T10:18:12Z", "2003-02-07T10:18:12Z"},
	{"2003-02-07 10:18:12 +0100", "2003-02-07T09:18:12Z"},
	{"Mon,  7 February 2003 10:18:12 +0000", "2003-02-07T10:18:12Z"},
	{"Thu, 20 Mar 03 10:06:43 +0100 for <a@example.org>", "2003-03-20T09:06:43Z"},
	{"29 Feb 2004 00:00:00 +0000", "2004-02-29T00:00:00Z"},
	{"29 Feb 2003 00:00:00 +0000", ""},
	{"29 Feb 1900 00:00:00 +0000", ""},
	{"31 Apr 2003 00:00:00 +0000", ""},
	{"0 Apr 2003 00:00:00 +0000", ""},
	{"1 Foo 2003 00:00:00 +0000", ""},
	{"1 Jan 2003 24:00:00 +0000", ""},
	{"1 Jan 2003 00:60:00 +0000", ""},
	{"1 Jan 2003 00:00:61 +0000", ""},
	{"1 Jan 2003", ""},
	{"00:00:00 +0000", ""},
	{"1 Jan 10000 00:00:00 +0000", ""},
	{"1 Jan 99999999999 00:00:00 +0000", ""},
	{"31 Dec 9999 23:00:00 -0200", ""},
	{"1 Jan 1970 00:00:00 +0100", ""},
	{"", ""},
	{"garbage", ""},
}

func TestDate(t *testing.T) {
	t.Parallel()
	for _, c := range dateCases {
		got, ok := parseDate([]byte(c.in))
		have := ""
		if ok {
			have = got.Format(time.RFC3339)
		}
		if have != c.want {
			t.Errorf("%q: %q, want %q", c.in, have, c.want)
		}
		if ok && got.Location() != time.UTC {
			t.Errorf("%q: not in UTC", c.in)
		}
	}
}

// checkDate compares with net/mail wherever that reads a date. Where the zone
// is a name they differ on purpose: net/mail gives "EST" and its like no offset
// unless the machine's own zone has that name, and reads "GMT" and a number.
func checkDate(t *testing.T, in string) (compared bool) {
	want, err := mail.ParseDate(in)
	if err != nil || want.UTC().Year() < minYear || want.UTC().Year() > maxYear {
		return false
	}
	if i := strings.LastIndexAny(in, "+-"); i < 0 || len(in) < i+5 || in[i-1] != ' ' {
		return false
	}
	if h := want.Format("-0700"); h[1:3] > "23" || in[strings.LastIndexAny(in, "+-")+3:][:2] > "59" {
		return false
	}
	// A zone of 60 minutes or more is none. Two digits of a year: net/mail takes 69 for 1969 (POSIX), RFC 5322 §4.3
	// counts from 50.
	if got, ok := parseDate([]byte(in)); !ok || !got.Equal(want) && got.Year() < 2050 {
		t.Errorf("%q: %v %v, net/mail has %v", in, got, ok, want.UTC())
	}
	return true
}

func TestDateAgreesWithNetMail(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range dateCases {
		if checkDate(t, c.in) {
			n++
		}
	}
	for d := time.Date(1970, 1, 2, 3, 4, 5, 0, time.UTC); d.Year() < 2100; d = d.Add(997 * time.Hour) {
		if checkDate(t, d.Format(time.RFC1123Z)) {
			n++
		}
		if checkDate(t, d.In(time.FixedZone("", -12600)).Format("2 Jan 2006 15:04 -0700")) {
			n++
		}
	}
	if n < 2000 {
		t.Errorf("only %d dates compared", n)
	}
}

func FuzzDate(f *testing.F) {
	for _, c := range dateCases {
		f.Add([]byte(c.in))
	}
	for _, s := range []string{
		"Mon, 02 Jan 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 +0000", " Sun, 31 Dec 2023 18:59:60 -05000", "Mar, 2 Jan 2006 15:04:05 -0700",
		"Mon, 2 Jan 2006 15:04:05 -2460 (x)", "Mon, 2 Feb 1969 24:04:05 +2359", "Fri, 1 Jan 1970 00:00:00 +0100", "Mon, ; Jan 2006 15:04:05 -0700",
		"2 Jan 2006 15:04:05 +01:00", "31 Dec 9999 23:59:59 -0001 pm", "Mon, 1 Jan 2024 00:00:00 GMT",
		"Mon, 1 Jan 2024 00:00:00 GMT +0100", "Mon, 1 Jan 2024 00:00:00 GMT+0100", "Mon, 1 Jan 2024 00:00:00 GMTX", "Mon, 2 Jan 2006 15:04:05 -0700\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, ok := parseDate(b)
		if long, longOK := anyDate(b); ok != longOK || !d.Equal(long) || d.Location() != long.Location() {
			t.Fatalf("%q: %v %v, the long way %v %v", b, d, ok, long, longOK)
		}
		if ok != !d.IsZero() || ok && (d.Year() < minYear || d.Year() > maxYear) {
			t.Fatalf("%q: %v %v", b, d, ok)
		}
		if !ok {
			return
		}
		if again, ok := parseDate([]byte(d.Format(time.RFC1123Z))); !ok || !again.Equal(d.Truncate(time.Second)) {
			t.Fatalf("%q: %v, again %v", b, d, again)
		}
	})
}

func TestDateAllocatesNothing(t *testing.T) {
	v := []byte("Mon, 29 Apr 2019 16:22:03 +0200 (CEST)")
	if n := testing.AllocsPerRun(100, func() { parseDate(v) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDate(b *testing.B) {
	v := []byte("Mon, 29 Apr 2019 16:22:03 +0200 (CEST)")
	b.ReportAllocs()
	for b.Loop() {
		parseDate(v)
	}
}
