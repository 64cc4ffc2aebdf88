package evidence

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/emersion/go-msgauth/authres"
)

// A result is written as "method=result (comment) name=value ...".
var authResCases = []struct{ name, in, id, want string }{
	{"RFC 8601 B.2", "example.org 1; none", "example.org", ""},
	{"RFC 8601 B.3", "example.com;\n spf=pass smtp.mailfrom=example.net", "example.com", "spf=pass smtp.mailfrom=example.net"},
	{"RFC 8601 B.4", "example.com;\n auth=pass (cram-md5) smtp.auth=sender@example.net;\n spf=pass smtp.mailfrom=example.net", "example.com",
		"auth=pass (cram-md5) smtp.auth=sender@example.net; spf=pass smtp.mailfrom=example.net"},
	{"RFC 8601 B.6", "example.com;\n dkim=pass reason=\"good signature\"\n header.i=@mail-router.example.net;\n dkim=fail reason=\"bad signature\"\n header.i=@newyork.example.com", "example.com",
		"dkim=pass [good signature] header.i=@mail-router.example.net; dkim=fail [bad signature] header.i=@newyork.example.com"},
	{"RFC 8601 B.7", "foo.example.net (foobar) 1 (baz);\n dkim (Because I like it) / 1 (One yay) = (wait for it) fail\n policy (A dot can go here) . (like that) expired\n (this surprised me) = (as I wasn't expecting it) 1362471462", "foo.example.net", "dkim=fail policy.expired=1362471462"},
	{"gmail", "mx.google.com;\r\n       dkim=pass header.i=@example.org header.s=s1 header.b=abcDEF12;\r\n       spf=pass (google.com: domain of b@example.org designates 192.0.2.1 as permitted sender) smtp.mailfrom=\"b@example.org\";\r\n       dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.org",
		"mx.google.com", "dkim=pass header.i=@example.org header.s=s1 header.b=abcDEF12; spf=pass (google.com: domain of b@example.org designates 192.0.2.1 as permitted sender) smtp.mailfrom=b@example.org; dmarc=pass (p=REJECT sp=REJECT dis=NONE) header.from=example.org"},
	{"opendkim", "mx.example.net; dkim=pass (2048-bit key; unprotected) header.d=example.org header.i=@example.org header.a=rsa-sha256 header.s=s1 header.b=\"rK+OnYx1\"",
		"mx.example.net", "dkim=pass (2048-bit key; unprotected) header.d=example.org header.i=@example.org header.a=rsa-sha256 header.s=s1 header.b=rK+OnYx1"},
	{"microsoft", "spf=pass (sender IP is 192.0.2.1)\r\n smtp.mailfrom=example.org; dkim=pass (signature was verified)\r\n header.d=example.org;dmarc=pass action=none\r\n header.from=example.org;compauth=pass reason=100",
		"", "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.org; dkim=pass (signature was verified) header.d=example.org; dmarc=pass action=none header.from=example.org; compauth=pass [100]"},
	{"microsoft, older", "spf=pass (sender IP is 192.0.2.1)\n smtp.mailfrom=example.org; hotmail.com; dkim=pass (signature was verified)\n header.d=example.org;hotmail.com; dmarc=bestguesspass action=none\n header.from=example.org;",
		"hotmail.com", "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=example.org; dkim=pass (signature was verified) header.d=example.org; dmarc=bestguesspass action=none header.from=example.org"},
	{"yahoo", "atlas.omega.yahoo.com;\n dkim=pass header.i=@example.org header.s=s1;\n spf=pass smtp.mailfrom=example.org;\n dmarc=pass(p=REJECT) header.from=example.org;",
		"atlas.omega.yahoo.com", "dkim=pass header.i=@example.org header.s=s1; spf=pass smtp.mailfrom=example.org; dmarc=pass (p=REJECT) header.from=example.org"},
	{"yahoo, older", "mta1.mail.yahoo.com  from=example.org; domainkeys=neutral (no sig);  from=example.org; dkim=pass (ok)",
		"mta1.mail.yahoo.com", "domainkeys=neutral (no sig); from=example.org; dkim=pass (ok)"},
	{"rspamd", "mx.example.net;\n\tspf=pass (mx.example.net: domain of \"b+x=y@example.org\" designates 192.0.2.1 as permitted sender) smtp.mailfrom=\"b+x=y@example.org\";\n\tarc=pass (\"example.org:s=arc:i=1\")",
		"mx.example.net", "spf=pass (mx.example.net: domain of \"b+x=y@example.org\" designates 192.0.2.1 as permitted sender) smtp.mailfrom=b+x=y@example.org; arc=pass (\"example.org:s=arc:i=1\")"},
	{"missing semicolon", "mx.example.net; spf=pass smtp.mailfrom=a dkim=pass header.d=b", "mx.example.net", "spf=pass smtp.mailfrom=a; dkim=pass header.d=b"},
	{"method version", "mx.example.net; dkim/1=pass header.d=b", "mx.example.net", "dkim=pass header.d=b"},
	{"quoted id", "\"mx.example.net\"; spf=none", "mx.example.net", "spf=none"},
	{"upper case", "mx.example.net; SPF=Pass SMTP.MailFrom=A@B", "mx.example.net", "spf=pass smtp.mailfrom=A@B"},
	{"comment without an end", "mx.example.net; spf=pass (oops smtp.mailfrom=a; dkim=pass", "mx.example.net", "spf=pass smtp.mailfrom=a; dkim=pass"},
	{"quoted local part", "mx.example.net; spf=pass smtp.mailfrom=\"a b\"@example.org", "mx.example.net", "spf=pass smtp.mailfrom=a b@example.org"},
	{"comments with nothing in them", "mx.example.net; spf=pass () ( a ) ( ) smtp.mailfrom=b ()", "mx.example.net", "spf=pass (a) smtp.mailfrom=b"},
	{"a comment as long as is kept, and more", "mx.example.net; spf=pass (" + strings.Repeat("x", 600) + ")(y)()(z)", "mx.example.net", "spf=pass (" + strings.Repeat("x", 512) + ")"},
	{"a comment nearly as long", "mx.example.net; spf=pass (" + strings.Repeat("x", 511) + ")(yy)(z)", "mx.example.net", "spf=pass (" + strings.Repeat("x", 511) + " y)"},
	{"empty", "", "", ""},
}

func describeResults(res []AuthMethod) string {
	var all []string
	for _, m := range res {
		s := m.Method + "=" + m.Result
		if m.Reason != "" {
			s += " [" + m.Reason + "]"
		}
		if m.Comment != "" {
			s += " (" + m.Comment + ")"
		}
		for _, p := range m.Properties {
			s += " " + p.Name + "=" + p.Value
		}
		all = append(all, s)
	}
	return strings.Join(all, "; ")
}

func TestAuthResults(t *testing.T) {
	t.Parallel()
	for _, c := range authResCases {
		id, res := parseAuthResults([]byte(c.in))
		if id != c.id {
			t.Errorf("%s: id %q, want %q", c.name, id, c.id)
		}
		if only := authservID([]byte(c.in)); string(only) != c.id {
			t.Errorf("%s: authservID %q, want %q", c.name, only, c.id)
		}
		if got := describeResults(res); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

// Where a field has no comments and no quotes, go-msgauth reads it too, and
// both must read the same.
func TestAuthResultsAgreesWithMsgauth(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range authResCases {
		if strings.ContainsAny(c.in, "(\"") || c.id == "" || c.name == "missing semicolon" || c.name == "method version" {
			continue // what it does not know: RFC 8601 §2.2 comments, quoted strings, versions
		}
		id, theirs, err := authres.Parse(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		ours := map[string]string{}
		_, res := parseAuthResults([]byte(c.in))
		for _, m := range res {
			ours[m.Method+"="+m.Result] = m.mailFrom() + m.Property("header.d")
		}
		if id != c.id || len(theirs) != len(res) {
			t.Errorf("%s: %q %d results, we have %q %d", c.name, id, len(theirs), c.id, len(res))
		}
		for _, r := range theirs {
			switch r := r.(type) {
			case *authres.SPFResult:
				if v, ok := ours["spf="+string(r.Value)]; !ok || v != r.From {
					t.Errorf("%s: %+v, we have %v", c.name, r, ours)
				}
			case *authres.DKIMResult:
				if v, ok := ours["dkim="+string(r.Value)]; !ok || v != r.Domain {
					t.Errorf("%s: %+v, we have %v", c.name, r, ours)
				}
			}
		}
		n++
	}
	if n < 3 {
		t.Errorf("only %d fields compared", n)
	}
}

func FuzzAuthResults(f *testing.F) {
	for _, c := range authResCases {
		f.Add([]byte(c.in))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		id, res := parseAuthResults(b)
		if len(res) > maxMethods || len(id) > maxText || !utf8.ValidString(id) {
			t.Fatalf("%q %d", id, len(res))
		}
		for i := range res {
			m := &res[i]
			if len(m.Properties) > maxProperties || len(m.Comment) > maxComment+1 || m.Method != strings.ToLower(m.Method) {
				t.Fatalf("%+v", m)
			}
			if ip := m.clientIP(); ip.IsValid() && ip.Is4In6() {
				t.Fatal(ip)
			}
			m.bits()
		}
	})
}

func BenchmarkAuthResults(b *testing.B) {
	v := []byte(authResCases[5].in)
	b.SetBytes(int64(len(v)))
	b.ReportAllocs()
	for b.Loop() {
		parseAuthResults(v)
	}
}
