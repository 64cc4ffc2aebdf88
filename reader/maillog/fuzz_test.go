package maillog

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"
	"unicode/utf8"

	"mailaudit/reader"
)

// grammars are all of them, by format.
var grammars = map[reader.Format]func(*join) grammar{
	reader.Postfix: newPostfix, reader.Exim: newExim, reader.Sendmail: newSendmail, reader.Qpsmtpd: newQpsmtpd,
	reader.Rspamd: newRspamd, reader.OpenDMARCHistory: newHistory,
}

// forced reads a log in a format, as records and problems in words.
func forced(t testing.TB, f reader.Format, limit int, in io.Reader) (out []string) {
	yield := func(u reader.Unit, err error) bool {
		if p, ok := errors.AsType[*reader.Problem](err); ok {
			out = append(out, p.Error())
		} else if err != nil {
			t.Fatal(err)
		} else {
			out = append(out, brief(u)+" "+strings.Join(u.Anomalies, ","))
			if u.Offset < 0 || u.Length < 0 || u.Log == nil || u.Format != f {
				t.Fatalf("bad unit %+v", u)
			}
		}
		return true
	}
	r := logReader(Options{Until: until, MaxOpen: limit, Zone: until.Location()}, f, grammars[f])
	if err := r.Read(context.Background(), reader.LogInput{Source: "a", Format: f, Reader: in}, yield); err != nil {
		t.Fatal(err)
	}
	if err := r.Flush(yield); err != nil {
		t.Fatal(err)
	}
	return out
}

// seeds are logs of every program, whole.
func seeds() map[reader.Format][]string {
	return map[reader.Format][]string{
		reader.Postfix: {string(postfixLog(3)), stamp(in,
			"postfix/postscreen[1]: NOQUEUE: reject: RCPT from [192.0.2.66]:4711: 550 5.7.1 x; from=<s@x>, to=<b@c>, proto=ESMTP, helo=<b>",
			"postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[192.0.2.9]: 550 5.1.1 <q@c>: no; from=<s@x> to=<q@c> proto=ESMTP helo=<x>",
			"postfix/cleanup[2]: AAAAA1: milter-reject: END-OF-MESSAGE from m[192.0.2.7]: 5.7.1 rejected by DMARC policy for o; from=<a@o> to=<b@c> proto=ESMTP helo=<m>",
			"postfix/smtpd[9]: BBBBB1: client=localhost[127.0.0.1], orig_queue_id=AAAAA1, orig_client=one[192.0.2.1]",
			"opendmarc[6]: AAAAA1: SPF(mailfrom): a@example.org softfail", "rspamd[9]: <a>; task; rspamd_task_write_log: id: <1>, qid: <AAAAA1>, ip: 192.0.2.7, (default: F (x): [1/2] [R_SPF_NA(0){},DMARC_NA(0){o;}])",
			"amavis[5]: x Queue-ID: AAAAA1, queued_as: BBBBB1, dkim_sd=a:b,c:d, 1 ms"),
			`{"__REALTIME_TIMESTAMP":"1772359200000000","_HOSTNAME":"m","SYSLOG_IDENTIFIER":"postfix/smtpd","_PID":"1","MESSAGE":"AAAAA1: client=x\u005b192.0.2.1]"}`},
		reader.Exim: {"2026-03-01 10:00:00 1qWeRt-000AbC-2x DKIM: d=o s=s c=relaxed/relaxed a=rsa-sha256 b=2048 [verification succeeded]\n2026-03-01 10:00:01 1qWeRt-000AbC-2x <= a@o H=r (m) [192.0.2.7]:1 P=esmtps A=x:y DKIM=o id=1 T=\"x\"\n2026-03-01 10:00:01 1qWeRt-000AbC-2x Completed\n2026-03-01 10:00:01 H=(x) [192.0.2.7]:5 F=<a@o> rejected RCPT <b@c>: no\n"},
		reader.Sendmail: {stamp(in, "sm-mta[1]: s1NED81M017126: from=<a@o>, size=1, nrcpts=1, msgid=<1@o>, relay=m [192.0.2.7]",
			"sm-mta[1]: s1NED81M017126: Milter insert (0): header: Authentication-Results: mx; dmarc=pass header.from=o; dkim=pass header.d=o", "sm-mta[1]: s1NED81M017126: to=<b@c>, stat=Sent")},
		reader.Qpsmtpd:          {qpsmtpdSession(1, "(data_post) dmarc: fail, x.org not in DNS", "(data_post) dkim: fail, domain: o, selector: s, result: fail (x)"), "Sun Mar  1 10:00:00 2026 mx[1]: dispatching MAIL FROM:<a@b>\n"},
		reader.Rspamd:           {"2026-03-01 10:00:00 #1(normal) <a>; task; rspamd_task_write_log: id: <1>, ip: 192.0.2.7, from: <a@o>, (default: F (x): [1/2] [R_DKIM_ALLOW(0){o:s=s;}])\n", `{"ts":1,"symbols":{"DMARC_NA":{"options":["a","b"]}}}`},
		reader.OpenDMARCHistory: {"job 1\nreporter m\nreceived 1\nipaddr 192.0.2.7\nfrom o\nmfrom o\ndkim o s 0\nspf 2\npolicy 16\np 114\naction 0\n"},
	}
}

// fuzz holds for any bytes in a format: nothing panics, however the bytes come
// the outcome is the same, and a small table only adds incomplete records.
func fuzz(f *testing.F, format reader.Format) {
	for _, s := range seeds()[format] {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := forced(t, format, DefaultMaxOpen, bytes.NewReader(b))
		bits := forced(t, format, DefaultMaxOpen, iotest.HalfReader(bytes.NewReader(b)))
		if strings.Join(whole, "\n") != strings.Join(bits, "\n") {
			t.Errorf("read in pieces:\n%q\nat once:\n%q", bits, whole)
		}
		forced(t, format, 2, bytes.NewReader(b))
		detect(b)
	})
}

func FuzzPostfix(f *testing.F)  { fuzz(f, reader.Postfix) }
func FuzzExim(f *testing.F)     { fuzz(f, reader.Exim) }
func FuzzSendmail(f *testing.F) { fuzz(f, reader.Sendmail) }
func FuzzQpsmtpd(f *testing.F)  { fuzz(f, reader.Qpsmtpd) }
func FuzzRspamd(f *testing.F)   { fuzz(f, reader.Rspamd) }
func FuzzHistory(f *testing.F)  { fuzz(f, reader.OpenDMARCHistory) }

// FuzzFrame: any frame that is found has its parts inside the line.
func FuzzFrame(f *testing.F) {
	for _, s := range []string{"<22>1 2026-03-01T10:00:00Z h t 1 - [x@1 a=\"b\\\"\"] m", "Mar  1 10:00:00 h t[1]: m", `{"__REALTIME_TIMESTAMP":"1","SYSLOG_IDENTIFIER":"a","MESSAGE":"\ud83d\ude00"}`, `{"__REALTIME_TIMESTAMP":"0","SYSLOG_IDENTIFIER":"","MESSAGE":"0"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := &stream{years: years{zone: until.Location(), until: until}}
		if s.framed(b) && (len(s.frame.tag) == 0 || len(s.frame.msg) > len(b)) {
			t.Errorf("%+v", s.frame)
		}
		s.time()
	})
}

// FuzzJSON: what is an object to the library is one here, and its strings are
// the library's.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`{"a":"b\u00e4\"","c":[72,105],"d":{"e":["}"]},"f":1.5,"g":null}`, ` { } `, `{"MESSAGE":"\\\"{","x":[[]]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var j jsonBuffer
		got := map[string]string{}
		ok := j.object(b, func(k, v []byte) { got[string(k)] = string(v) })
		var want map[string]any
		if bytes.ContainsAny(b, "\b\f") || json.Unmarshal(b, &want) != nil || want == nil || strings.Contains(string(b), `\`) && !utf8.Valid(b) {
			return
		}
		if !ok {
			t.Fatalf("%q is an object", b)
		}
		for k, v := range want {
			w, isString := v.(string)
			if isString && !strings.ContainsAny(k+w, "\ufffd\b\f") && got[k] != w {
				t.Errorf("%q: %q is %q, want %q", b, k, got[k], w)
			}
		}
	})
}

// FuzzStamps: a stamp is the moment that the library reads in it.
func FuzzStamps(f *testing.F) {
	for _, s := range []string{"2026-03-01T10:00:00.123456+01:00", "2024-02-29 23:59:59", "Feb 29 10:00:00", "Mar  1 10:00:00", "2026-01-01T00:00:00Z", "Dec 31 23:59:59"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		y := years{zone: time.UTC, until: until}
		if n := isoLength(b); n > 0 && n == len(b) {
			if want, err := time.Parse(time.RFC3339Nano, strings.Replace(string(b), " ", "T", 1)); err == nil && !y.iso(b).Equal(want) && n <= 35 {
				t.Errorf("%q is %v, want %v", b, y.iso(b), want)
			}
		}
		if n := bsdLength(b); n > 0 {
			at := y.time(b[:n])
			want, err := time.Parse(time.Stamp, string(b[:n]))
			if err == nil && want.Second() < 60 && at.Format(time.Stamp) != want.Format(time.Stamp) {
				t.Errorf("%q is %v", b[:n], at)
			}
			if at.After(until.Add(slack)) {
				t.Errorf("%q is %v, past %v", b[:n], at, until)
			}
		}
		parseTAI(b)
		parseUnix(b)
		parseC(b, time.UTC)
	})
}

// TestStop: a caller that wants no more gets no more.
func TestStop(t *testing.T) {
	t.Parallel()
	n := 0
	yield := func(reader.Unit, error) bool { n++; return false }
	r := logReader(Options{Until: until, MaxOpen: 4, Zone: until.Location()}, reader.Postfix, newPostfix)
	if err := r.Read(context.Background(), reader.LogInput{Reader: bytes.NewReader(postfixLog(500))}, yield); err != nil {
		t.Fatal(err)
	}
	r.Flush(yield)
	if n != 1 {
		t.Errorf("called %d times after it wanted no more", n)
	}
}

// TestReadError: what was read before the source failed is given out, and the
// error is the source's.
func TestReadError(t *testing.T) {
	t.Parallel()
	n := 0
	yield := func(reader.Unit, error) bool { n++; return true }
	r := logReader(Options{Until: until, MaxOpen: 100, Zone: until.Location()}, reader.Postfix, newPostfix)
	in := io.MultiReader(bytes.NewReader(postfixLog(10)), iotest.ErrReader(io.ErrUnexpectedEOF))
	if err := r.Read(context.Background(), reader.LogInput{Reader: in}, yield); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
	r.Flush(yield)
	if n != 10 {
		t.Errorf("%d records, want 10", n)
	}
}
