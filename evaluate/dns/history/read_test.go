package history_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/history"
)

// read returns the observations of a text as lines, and what was unusable.
func read(t testing.TB, text string, o history.ReadOptions) (lines, unusable []string) {
	t.Helper()
	o.Name = "f"
	o.Unusable = func(e *history.LineError) { unusable = append(unusable, e.Error()) }
	for ob, err := range history.Read(strings.NewReader(text), o) {
		if err != nil {
			return lines, append(unusable, err.Error())
		}
		lines = append(lines, line(&ob))
	}
	return lines, unusable
}

func line(o *history.Observation) string {
	form := func(s string) string { return s }
	first, last := "-", "-"
	if !o.First.IsZero() {
		first = o.First.Format("2006-01-02T15:04:05")
	}
	if !o.Last.IsZero() {
		last = o.Last.Format("2006-01-02T15:04:05")
	}
	kind := "one"
	if o.Whole {
		kind = "set"
	}
	return form(strings.Join([]string{o.Name, o.Type.String(), o.Status.String(), kind, strings.Join(o.Records, "|"), first, last}, " "))
}

func TestRead(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text  string
		want, wrong []string
		options     history.ReadOptions
	}{
		{name: "passive, one record", text: `{"rrname":"Example.COM.","rrtype":"TXT","rdata":"v=spf1 -all","time_first":1577836800,"time_last":1577923200,"count":3}`,
			want: []string{"example.com TXT success one v=spf1 -all 2020-01-01T00:00:00 2020-01-02T00:00:00"}},
		{name: "passive, a set, in quotes", text: `{"rrname":"example.com","rrtype":"TXT","rdata":["\"v=spf1 \" \"-all\"","\"a\\\"b\\255\""],"time_first":1577836800,"time_last":1577923200}`,
			want: []string{"example.com TXT success set a\"b\xff|v=spf1 -all 2020-01-01T00:00:00 2020-01-02T00:00:00"}},
		{name: "passive, wire and zone", text: `{"rrname":"example.com","rrtype":"MX","rdata":["20 B.example.","10 a.example."],"time_first":1577836800,"time_last":1577923200,"zone_time_first":1609459200,"zone_time_last":1609545600}`,
			want: []string{"example.com MX success set 10 a.example|20 b.example 2020-01-01T00:00:00 2020-01-02T00:00:00",
				"example.com MX success set 10 a.example|20 b.example 2021-01-01T00:00:00 2021-01-02T00:00:00"}},
		{name: "a stream in envelopes", text: `{"cond":"begin"}` + "\n" + `{"obj":{"rrname":"example.com.","rrtype":"A","rdata":["192.0.2.1"],"time_first":1577836800,"time_last":1577923200}}` + "\n" + `{"cond":"succeeded"}`,
			want: []string{"example.com A success set 192.0.2.1 2020-01-01T00:00:00 2020-01-02T00:00:00"}},
		{name: "a list", text: ` [{"rrname":"e.example","rrtype":16,"rdata":"x","time_first":"2020-01-01T00:00:00Z","time_last":"2020-01-02"},` + "\n" + `{"rrname":"e.example","rrtype":"SOA","rdata":"x","time_first":1}]`,
			want: []string{"e.example TXT success one x 2020-01-01T00:00:00 2020-01-02T23:59:59"}},
		{name: "broken lines cost nobody else", text: "{\"rrname\":\n" + `{"rrname":"e.example","rrtype":"A","rdata":"192.0.2.300","time_first":1}` + "\n" + `{"a":1}` + "\n" +
			`{"rrname":"e.example","rrtype":"TXT","rdata":"x"}` + "\n" + `{"rrname":"e.example","rrtype":"TXT","rdata":"x","time_first":9,"time_last":8}` + "\n" +
			`{"rrname":"e.example","rrtype":"TXT","rdata":"x","time_first":1577836800}`,
			want: []string{"e.example TXT success one x 2020-01-01T00:00:00 2020-01-01T00:00:00"},
			wrong: []string{"f:1: unexpected end of JSON input", `f:2: "192.0.2.300" is no A record`, "f:3: neither passive DNS (rrname) nor a DKIM key (domain, selector)",
				"f:4: no time at which it was seen", "f:5: it was seen last before it was seen first"}},
		{name: "keys as JSON", text: `[{"domain":"Example.com","selector":"s1","firstSeenAt":"2020-01-01T00:00:00.000Z","lastSeenAt":"2021-01-01T00:00:00.000Z","value":"v=DKIM1; p=MIIB"},` +
			`{"domain":"example.com","selector":"s2","first_seen":1577836800000,"last_seen":null,"key":"MIGfMA0GCSqGSIb3DQEBAQUAA4GNAD=="}]`,
			want: []string{"s1._domainkey.example.com TXT success one v=DKIM1; p=MIIB 2020-01-01T00:00:00 2021-01-01T00:00:00",
				"s2._domainkey.example.com TXT success one v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNAD== 2020-01-01T00:00:00 2020-01-01T00:00:00"}},
		{name: "keys as TSV", text: "# an archive\nexample.com\ts1\tv=DKIM1; p=MIIBIjANBg\t2020-01-01\t2020-02-01 12:00:00\nexample.com\ts2\n",
			want:  []string{"s1._domainkey.example.com TXT success one v=DKIM1; p=MIIBIjANBg 2020-01-01T00:00:00 2020-02-01T12:00:00"},
			wrong: []string{"f:3: domain, selector or key is missing"}},
		{name: "keys as TSV with a head", text: "Selector\tDomain\tLast Seen\tfirst_seen\tpublic_key\ns1\texample.com\t1577923200\t1577836800\tMIGfMA0GCSqGSIb3DQEBAQUAA4GNAD=\r\n",
			want: []string{"s1._domainkey.example.com TXT success one v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNAD= 2020-01-01T00:00:00 2020-01-02T00:00:00"}},
		{name: "a zone", text: "$ORIGIN example.com.\n$TTL 60\n@\tIN\tSOA ns h 1 1 1 1 1\n@ TXT \"v=spf1 \" \"-all\"\n* TXT \"any\"\n; @nxdomain gone\nwww CNAME @\n",
			options: history.ReadOptions{From: day("2020-01-01"), Until: day("2021-01-01")},
			want: []string{"example.com TXT success set v=spf1 -all 2020-01-01T00:00:00 2020-12-31T23:59:59",
				"www.example.com CNAME success set example.com 2020-01-01T00:00:00 2020-12-31T23:59:59"}},
		{name: "a broken zone", text: "example.com. TXT \"\n", wrong: []string{"f:2: bad TXT Txt: \"unbalanced quotes\""}},
		{name: "an undated zone", text: "example.com. TXT x\n", wrong: []string{"f: a zone file does not tell when it was in force"}},
		{name: "kind unknown", text: "", options: history.ReadOptions{Kind: "odd"}, wrong: []string{`f: nothing is known of files of kind "odd"`}},
		{name: "empty", text: ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, wrong := read(t, test.text, test.options)
			if d := cmp.Diff(test.want, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			if d := cmp.Diff(test.wrong, wrong); d != "" && test.name != "a broken zone" {
				t.Errorf("unusable (-want +got):\n%s", d)
			}
			if test.name == "a broken zone" && len(wrong) != 1 {
				t.Errorf("unusable: %q", wrong)
			}
		})
	}
}

func TestReadCompressed(t *testing.T) {
	t.Parallel()
	const text = `{"rrname":"e.example","rrtype":"TXT","rdata":"x","time_first":1577836800}`
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	want, _ := read(t, text, history.ReadOptions{})
	if got, wrong := read(t, b.String(), history.ReadOptions{}); cmp.Diff(want, got) != "" || wrong != nil {
		t.Errorf("%q %q, want %q", got, wrong, want)
	}
	if _, wrong := read(t, b.String()[:20], history.ReadOptions{}); wrong == nil {
		t.Error("a cut file gives no error")
	}
}

// TestExportImport: what is exported comes back, but for absence and the
// origins.
func TestExportImport(t *testing.T) {
	t.Parallel()
	list := []history.Observation{
		txts("a.example", "2020-01-01", "2020-02-01", "", "long "+strings.Repeat("x", 300)+"\x00\xff\"\\;", "v=spf1 -all"),
		txt("s._domainkey.a.example", "2020-01-01", "2020-02-01", "v=DKIM1; p=x"),
		cname("b.example", "2020-01-01", "2020-02-01", "a.example"),
		txts("odd \xff(name).example", "2020-01-01", "2020-02-01", "plain"),
		{Name: "m.example", Type: dns.TypeMX, Status: dns.Success, Whole: true, Records: []string{"0 .", "10 a.example"}, First: day("2020-01-01"), Last: day("2020-01-01"), Count: 4},
	}
	for i := range list {
		list[i].Count = max(list[i].Count, 1)
		list[i].Origins = history.FromPassive
	}
	var b bytes.Buffer
	done, err := history.WriteCOF(&b, seq(append(list, gone("c.example", "2020-01-01", "2020-01-01", dns.NoData))...))
	if want := (history.Exported{Written: 5, Absent: 1}); err != nil || done != want {
		t.Fatalf("%+v, %v", done, err)
	}
	for _, c := range b.Bytes() {
		if c >= 0x7f {
			t.Fatalf("not ASCII: %s", &b)
		}
	}
	var got []history.Observation
	for o, err := range history.Read(&b, history.ReadOptions{Unusable: func(e *history.LineError) { t.Error(e) }}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, o)
	}
	if d := cmp.Diff(list, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestOfAnswers(t *testing.T) {
	t.Parallel()
	at := day("2020-01-01")
	answers := []*dns.Answer{
		{Name: "a.example", Type: dns.TypeA, Status: dns.Success, Records: []string{"192.0.2.1"}, CNAMEs: []string{"b.example", "c.example"}, ObservedAt: at, Source: "live 127.0.0.1:53"},
		{Name: "n.example", Type: dns.TypeMX, Status: dns.NXDomain, ObservedAt: at},
		{Name: "h.example", Type: dns.TypeTXT, Status: dns.Success, Records: []string{"x"}, Since: at, Until: day("2020-02-01"), ObservedAt: day("2019-01-01")},
		{Name: "k.example", Type: dns.TypeTXT, Status: dns.Success, Records: []string{"x"}, Since: at, Until: at, ObservedAt: day("2020-03-01")},
		// What proves nothing.
		{Name: "f.example", Type: dns.TypeTXT, Status: dns.Failure, Kind: dns.ServFail, ObservedAt: at},
		{Name: "o.example", Type: dns.TypeTXT, Status: dns.Success, Records: []string{"x"}, ObservedAt: at, Source: "overlay"},
		{Name: "z.example", Type: dns.TypeTXT, Status: dns.Success, Records: []string{"x"}, Source: "zone"},
		{Name: "w.example", Type: dns.TypeTXT, Status: dns.Success, Records: []string{"x"}, ObservedAt: at, Nearest: true},
		{Name: "r.example", Type: dns.TypeTXT},
	}
	passed := ""
	var got []string
	for o, err := range history.OfAnswers(func(yield func(*dns.Answer, error) bool) {
		for _, a := range answers {
			if !yield(a, nil) {
				return
			}
		}
	}, func(a *dns.Answer) { passed += a.Name[:1] }) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, line(&o))
	}
	want := []string{
		"a.example CNAME success set b.example 2020-01-01T00:00:00 2020-01-01T00:00:00",
		"b.example CNAME success set c.example 2020-01-01T00:00:00 2020-01-01T00:00:00",
		"c.example A success set 192.0.2.1 2020-01-01T00:00:00 2020-01-01T00:00:00",
		"n.example MX nxdomain set  2020-01-01T00:00:00 2020-01-01T00:00:00",
		"h.example TXT success set x 2020-01-01T00:00:00 2020-01-31T23:59:59",
		"k.example TXT success set x 2020-01-01T00:00:00 2020-03-01T00:00:00",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if passed != "fozwr" {
		t.Errorf("passed over %q", passed)
	}
}

// FuzzRead: no text ends the program, and what is read can be kept and written.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"rrname":"e.example","rrtype":"TXT","rdata":["\"a\" \"b\\001\"","c"],"time_first":1577836800,"time_last":"2021-01-01"}`,
		`[{"domain":"e.example","selector":"s","key":"MIGf","firstSeenAt":"2020-01-01"}]`,
		"e.example\ts\tMIGfMA0GCSqGSIb3DQEB\t1577836800\t1577836900\n", "domain\tselector\tkey\ne.example\ts\tv=DKIM1; p=\n",
		"$ORIGIN e.example.\n@ 60 TXT \"x\"\n", `{"cond":"begin"}`, "{\n\"rrname\":\"e.example\"}", "\x1f\x8b\x08",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var list []history.Observation
		for o, err := range history.Read(bytes.NewReader(text), history.ReadOptions{}) {
			if err != nil {
				return
			}
			list = append(list, o)
		}
		src, err := history.Memory(seq(list...), history.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list {
			a, err := src.Lookup(context.Background(), dns.Question{Name: o.Name, Type: o.Type, At: o.First})
			if err != nil {
				t.Fatal(err)
			}
			if a.Status == dns.NotRecorded && len(a.CNAMEs) == 0 && o.Type != dns.TypeCNAME {
				t.Errorf("%+v is not found", o)
			}
		}
		if _, err := history.WriteCOF(new(bytes.Buffer), seq(list...)); err != nil {
			t.Error(err)
		}
	})
}
