package evidence

import (
	"fmt"
	"testing"
)

var receivedSPFCases = []struct{ name, in, want string }{ // result identity client from helo receiver
	{"RFC 7208 9.1, first", "pass (mybox.example.org: domain of\n myname@example.com designates 192.0.2.1 as permitted sender)\n receiver=mybox.example.org; client-ip=192.0.2.1;\n envelope-from=\"myname@example.com\"; helo=foo.example.com;",
		"pass  192.0.2.1 true myname@example.com foo.example.com mybox.example.org"},
	{"RFC 7208 9.1, second", "fail (mybox.example.org: domain of\n myname@example.com does not designate\n 192.0.2.1 as permitted sender)\n identity=mailfrom; client-ip=192.0.2.1;\n envelope-from=\"myname@example.com\";",
		"fail mailfrom 192.0.2.1 true myname@example.com  "},
	{"RFC 7208 9.1, third", "pass (x) receiver=mybox.example.org; client-ip=192.0.2.1;\n mechanism=ip4:192.0.2.1; envelope-from=\"myname@example.com\";\n helo=foo.example.com;",
		"pass  192.0.2.1 true myname@example.com foo.example.com mybox.example.org"},
	{"policyd-spf", " Pass (mailfrom) identity=mailfrom; client-ip=2001:db8::1; helo=mail.example.org; envelope-from=b@example.org; receiver=<UNKNOWN>",
		"pass mailfrom 2001:db8::1 true b@example.org mail.example.org <UNKNOWN>"},
	{"policyd-spf, older", "pass (example.org: 192.0.2.1 is authorized to use 'b@example.org' in 'mfrom' identity (mechanism 'a' matched)) receiver=mx; identity=mfrom; envelope-from=\"b@example.org\"; helo=h; client-ip=192.0.2.1",
		"pass mailfrom 192.0.2.1 true b@example.org h mx"},
	{"gmail", "pass (google.com: domain of b@example.org designates 192.0.2.1 as permitted sender) client-ip=192.0.2.1;",
		"pass  192.0.2.1 true b@example.org  "},
	{"gmail, before pairs", "pass (google.com: domain of b@example.org designates 192.0.2.1 as permitted sender)",
		"pass  192.0.2.1 true b@example.org  "},
	{"gmail, neutral", "neutral (google.com: 192.0.2.1 is neither permitted nor denied by best guess record for domain of b@example.org) client-ip=192.0.2.1;",
		"neutral  192.0.2.1 true b@example.org  "},
	{"microsoft", "Pass (protection.outlook.com: domain of example.org designates 192.0.2.1 as permitted sender) receiver=protection.outlook.com; client-ip=192.0.2.1; helo=mail.example.org; pr=C",
		"pass  192.0.2.1 false  mail.example.org protection.outlook.com"},
	{"exim", "softfail (mx.example.net: transitioning domain of example.org does not designate 192.0.2.1 as permitted sender) client-ip=192.0.2.1; envelope-from=b@example.org; helo=h;",
		"softfail  192.0.2.1 true b@example.org h "},
	{"null path", "none (x) client-ip=192.0.2.1; envelope-from=<>; helo=h", "none  192.0.2.1 true  h "},
	{"empty path", "none (x) client-ip=192.0.2.1; envelope-from=; helo=h", "none  192.0.2.1 true  h "},
	{"VERP", "pass (x) client-ip=192.0.2.1; envelope-from=prvs=012=b@example.org; helo=h", "pass  192.0.2.1 true prvs=012=b@example.org h "},
	{"before RFC 4408", "unknown (x)", "permerror  invalid IP false   "},
	{"before RFC 4408, error", "error", "temperror  invalid IP false   "},
	{"no result", "client-ip=192.0.2.1", "  192.0.2.1 false   "},
	{"empty", "", "  invalid IP false   "},
}

func TestReceivedSPF(t *testing.T) {
	t.Parallel()
	for _, c := range receivedSPFCases {
		r := parseReceivedSPF([]byte(c.in))
		if got := fmt.Sprint(r.Result, " ", r.Identity, " ", r.ClientIP, " ", r.HasEnvelopeFrom, " ", r.EnvelopeFrom, " ", r.HELO, " ", r.Receiver); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

func FuzzReceivedSPF(f *testing.F) {
	for _, c := range receivedSPFCases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r := parseReceivedSPF(b)
		if r.Result != "" && spfWord([]byte(r.Result)) != r.Result {
			t.Fatalf("%q", r.Result)
		}
		if len(r.EnvelopeFrom) > maxText || len(r.HELO) > maxText || len(r.Receiver) > maxText || !r.HasEnvelopeFrom && r.EnvelopeFrom != "" {
			t.Fatalf("%+v", r)
		}
	})
}
