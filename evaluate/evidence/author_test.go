package evidence

import (
	"net/mail"
	"strings"
	"testing"
)

func values(s ...string) [][]byte {
	var out [][]byte
	for _, v := range s {
		out = append(out, []byte(v))
	}
	return out
}

var authorCases = []struct {
	name    string
	fields  []string
	domains string // space between
	local   string
	boxes   int32
	problem AuthorProblem
}{
	{"name and address", []string{" Name <local@example.com>"}, "example.com", "local", 1, ""},
	{"bare", []string{" local@example.com"}, "example.com", "local", 1, ""},
	{"upper case", []string{"Name <Local@EXAMPLE.Com>"}, "example.com", "Local", 1, ""},
	{"angle only, no space", []string{"Name<local@example.com>"}, "example.com", "local", 1, ""},
	{"folded", []string{" Name\r\n <local@example.com>\r\n"}, "example.com", "local", 1, ""},
	{"quoted name with an address", []string{`"a@good.example" <b@evil.example>`}, "evil.example", "b", 1, ""},
	{"quoted name with brackets and comma", []string{`"x <a@good.example>, y" <b@evil.example>`}, "evil.example", "b", 1, ""},
	{"quoted pair in a name", []string{`"a\" <a@good.example>" <b@evil.example>`}, "evil.example", "b", 1, ""},
	{"unquoted address as a name", []string{`foo@good.example <b@evil.example>`}, "evil.example", "b", 1, ""},
	{"address in a comment", []string{`(a@good.example) b@evil.example (c@good.example)`}, "evil.example", "b", 1, ""},
	{"nested comments", []string{`(x (y) \) <a@good.example>) b@evil.example`}, "evil.example", "b", 1, ""},
	{"RFC 5322 appendix A.5", []string{"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"}, "silly.test", "pete", 1, ""},
	{"RFC 5322 appendix A.6.3", []string{"John Doe <jdoe@machine(comment).  example>"}, "machine.example", "jdoe", 1, ""},
	{"obsolete dots", []string{"a . b @ example . com"}, "example.com", "a.b", 1, ""},
	{"route", []string{"Mary <@machine.tld:mary@example.net>"}, "example.net", "mary", 1, ""},
	{"route of several", []string{"<@a.example,@b.example:mary@example.net>"}, "example.net", "mary", 1, ""},
	{"quoted local part", []string{`"Joe Q" <"joe q"@example.com>`}, "example.com", "joe q", 1, ""},
	{"quoted local part with an at", []string{`<"a@good.example"@evil.example>`}, "evil.example", "a@good.example", 1, ""},
	{"encoded word", []string{"=?utf-8?q?a=40good.example?= <b@evil.example>"}, "evil.example", "b", 1, ""},
	{"encoded word with brackets inside", []string{"=?utf-8?b?PGFAZ29vZC5leGFtcGxlPg==?= <b@evil.example>"}, "evil.example", "b", 1, ""},
	{"encoded word as the address", []string{"<=?utf-8?q?a=40good.example?=>"}, "", "", 1, AuthorNoDomain},
	{"group", []string{"A Group:Ed Jones <joe@where.test>;"}, "where.test", "joe", 1, ""},
	{"empty group", []string{"Undisclosed recipients:;"}, "", "", 0, AuthorUnparsable},
	{"two, one domain", []string{"a@example.com, B <b@example.com>"}, "example.com", "a", 2, ""},
	{"two domains", []string{"a@example.com, b@example.net"}, "example.com example.net", "a", 2, AuthorSeveralDomains},
	{"two fields", []string{"a@example.com", "b@example.net"}, "example.com example.net", "a", 2, AuthorSeveralDomains},
	{"two fields, one domain", []string{"a@example.com", "b@EXAMPLE.com"}, "example.com", "a", 2, ""},
	{"two angles without a comma", []string{"<a@example.com> <b@example.net>"}, "example.com example.net", "a", 2, AuthorSeveralDomains},
	{"semicolon between", []string{"a@example.com; b@example.net"}, "example.com example.net", "a", 2, AuthorSeveralDomains},
	{"unquoted comma in a name", []string{"Doe, John <john@example.com>"}, "example.com", "john", 1, ""},
	{"brackets in a name", []string{"[Tracker] Bug <bug@example.com>"}, "example.com", "bug", 1, ""},
	{"no closing angle", []string{"Name <local@example.com"}, "example.com", "local", 1, ""},
	{"no angles around the address", []string{"John Doe local@example.com"}, "example.com", "local", 1, ""},
	{"name behind the address", []string{"local@example.com John Doe"}, "example.com", "local", 1, ""},
	{"double angles", []string{"<<local@example.com>>"}, "example.com", "local", 1, ""},
	{"mailto", []string{"<mailto:local@example.com>"}, "example.com", "local", 1, ""},
	{"quote without an end", []string{`"Name <local@example.com>`}, "example.com", "local", 1, ""},
	{"comment without an end", []string{`Name ( <local@example.com>`}, "example.com", "local", 1, ""},
	{"final dot", []string{"<local@example.com.>"}, "example.com", "local", 1, ""},
	{"U-label", []string{"<local@bücher.example>"}, "xn--bcher-kva.example", "local", 1, ""},
	{"U-label, upper case", []string{"<local@BÜCHER.example>"}, "xn--bcher-kva.example", "local", 1, ""},
	{"8-bit name", []string{"J\xf6rg <local@example.com>"}, "example.com", "local", 1, ""},
	{"8-bit domain", []string{"<local@b\xfccher.example>"}, "", "local", 1, AuthorNoDomain},
	{"NUL in the domain", []string{"<local@good.example\x00.evil.example>"}, "", "local", 1, AuthorNoDomain},
	{"domain literal", []string{"<local@[192.0.2.1]>"}, "", "local", 1, AuthorNoDomain},
	{"empty label", []string{"<local@example..com>"}, "", "local", 1, AuthorNoDomain},
	{"invalid beside valid", []string{"<a@good.example\x00>, <b@evil.example>"}, "evil.example", "a", 2, AuthorNoDomain},
	{"two at", []string{"<a@good.example@evil.example>"}, "good.example@evil.example", "", 0, AuthorUnparsable},
	{"two bare addresses without a comma", []string{"a@good.example b@evil.example"}, "", "", 0, AuthorUnparsable},
	{"address behind the angle", []string{"<a@good.example> b@evil.example"}, "", "", 0, AuthorUnparsable},
	{"port", []string{"a@good.example:b@evil.example"}, "", "", 0, AuthorUnparsable},
	{"word behind the domain", []string{"<a@good.example evil>"}, "", "", 0, AuthorUnparsable},
	{"no local part", []string{"<@example.com>"}, "", "", 0, AuthorUnparsable},
	{"no domain", []string{"root"}, "", "", 0, AuthorNoDomain},
	{"no domain, angle", []string{"<root>"}, "", "", 1, AuthorNoDomain},
	{"only words", []string{"John Doe"}, "", "", 0, AuthorUnparsable},
	{"null", []string{"<>"}, "", "", 0, AuthorUnparsable},
	{"empty", []string{""}, "", "", 0, AuthorUnparsable},
	{"missing", nil, "", "", 0, AuthorMissing},
}

func TestAuthor(t *testing.T) {
	t.Parallel()
	for _, c := range authorCases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			a := parseAuthor(values(c.fields...))
			if a.Problem != c.problem || int(a.Fields) != len(c.fields) {
				t.Fatalf("%q: %+v, want problem %q", c.fields, a, c.problem)
			}
			if a.Problem == AuthorUnparsable {
				return // what else was read does not matter
			}
			if got := strings.Join(a.Domains, " "); got != c.domains || a.Local != c.local || a.Mailboxes != c.boxes {
				t.Errorf("%q: %+v, want %q %q %d", c.fields, a, c.domains, c.local, c.boxes)
			}
		})
	}
}

// Wherever the standard library reads an address list, the domains must be
// those it reads.
func agreesWithStd(t *testing.T, field string) {
	list, err := mail.ParseAddressList(field)
	if err != nil {
		return
	}
	a := parseAuthor(values(field))
	var want []string
	for _, m := range list {
		d, ok := domainOf([]byte(m.Address[strings.LastIndexByte(m.Address, '@')+1:]))
		if !ok {
			return // literals, invalid names
		}
		if len(want) == 0 || want[len(want)-1] != d {
			want = append(want, d)
		}
	}
	if len(want) > 0 && (a.Problem == AuthorNoDomain || a.Problem == AuthorUnparsable) {
		t.Errorf("%q: %+v, net/mail reads %v", field, a, want)
		return
	}
	have := map[string]bool{}
	for _, d := range a.Domains {
		have[d] = true
	}
	for i, d := range want {
		if !have[d] && i < maxAuthorDomains {
			t.Errorf("%q: %v, net/mail reads %v", field, a.Domains, want)
		}
	}
}

func TestAuthorAgreesWithNetMail(t *testing.T) {
	t.Parallel()
	n := 0
	for _, c := range authorCases {
		for _, f := range c.fields {
			if _, err := mail.ParseAddressList(f); err == nil {
				n++
			}
			agreesWithStd(t, f)
		}
	}
	if n < 20 {
		t.Errorf("net/mail reads only %d of the cases: nothing is compared", n)
	}
}

func FuzzAuthor(f *testing.F) {
	for _, c := range authorCases {
		f.Add([]byte(strings.Join(c.fields, ",")))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a := parseAuthor([][]byte{b})
		if len(a.Domains) > maxAuthorDomains || a.Mailboxes > maxMailboxes {
			t.Fatalf("%+v", a)
		}
		for _, d := range a.Domains {
			checkDomain(t, d)
		}
		if a.Problem == AuthorOK && len(a.Domains) != 1 {
			t.Fatalf("%+v", a)
		}
	})
}

// Constructs without an end must not make the scan quadratic: over so many
// pairs that would outlast the deadline of the tests.
func TestScannersAreLinear(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"(", "\"", "[", "<", "(a", "<a@b", ",", ";(", "a@", "\\", "(\"", "x=(", "a=\"", ": ", "1 "} {
		v := []byte(strings.Repeat(unit, 1<<18/len(unit)))
		if a := parseAuthor([][]byte{v}); a.Problem == AuthorOK {
			t.Errorf("%q: an author %+v", unit, a)
		}
		parsePath(v)
		parseDate(v)
		parseAuthResults(v)
		parseReceivedSPF(v)
		authservID(v)
		listID(v)
		parseReceived(v)
	}
}

func BenchmarkAuthor(b *testing.B) {
	v := values(" \"Doe, John\" <john.doe@example.com>")
	b.ReportAllocs()
	for b.Loop() {
		parseAuthor(v)
	}
}
