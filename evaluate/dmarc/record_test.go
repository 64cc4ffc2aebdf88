package dmarc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	upstream "github.com/emersion/go-msgauth/dmarc"
	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dmarc"
)

// effective is p, sp, np as a verdict uses them.
func effective(r *dmarc.Record) string {
	return string(r.EffectiveP) + " " + string(r.EffectiveSP) + " " + string(r.EffectiveNP)
}

func TestParseRecord(t *testing.T) {
	t.Parallel()
	const unusable = "  "
	cases := []struct {
		name, text  string
		want, old   string // effective policies under RFC 9989, and RFC 7489 where it differs
		problems    []string
		oldProblems []string // under RFC 7489 where they differ
	}{
		{name: "example of RFC 9989 B.2.1", text: "v=DMARC1; p=none; rua=mailto:dmarc-feedback@example.com", want: "none none none"},
		{name: "everything", text: "v=DMARC1;p=reject;sp=quarantine;np=none;adkim=s;aspf=r;t=n;psd=u;fo=1:d:s;rua=mailto:a@b.example!10m, https://c.example/%20;ruf=mailto:x@y.example", want: "reject quarantine none", old: "reject quarantine quarantine"},
		{name: "white space", text: "v \t= DMARC1\t ; p =\treject ;  ", want: "reject reject reject"},
		{name: "no blank, no final semicolon", text: "v=DMARC1;p=reject", want: "reject reject reject"},
		{name: "capitals", text: "V=DMARC1; P=Reject; Sp=NONE", want: "reject none none", problems: []string{dmarc.ProblemTagCase}},
		{name: "empty tags", text: "v=DMARC1;; p=reject;;", want: "reject reject reject", oldProblems: []string{dmarc.ProblemPPosition}},
		{name: "unknown tags", text: "v=DMARC1; p=reject; foo=bar", want: "reject reject reject", problems: []string{dmarc.ProblemUnknownTag}},
		{name: "removed tags", text: "v=DMARC1; p=reject; rf=afrf; ri=86400; pct=50", want: "reject reject reject"},
		{name: "pct out of range", text: "v=DMARC1; p=reject; pct=101", want: "reject reject reject", oldProblems: []string{dmarc.ProblemPCTInvalid}},
		{name: "pct no number", text: "v=DMARC1; p=reject; pct=+5", want: "reject reject reject", oldProblems: []string{dmarc.ProblemPCTInvalid}},
		{name: "p not second", text: "v=DMARC1; sp=none; p=reject", want: "reject none none", oldProblems: []string{dmarc.ProblemPPosition}},
		{name: "garbage is ignored", text: "v=DMARC1; p=reject; nonsense; a1=b; =x", want: "reject reject reject", problems: []string{dmarc.ProblemTagSyntax}},
		{name: "the first of duplicates", text: "v=DMARC1; p=reject; p=none", want: "reject reject reject", problems: []string{dmarc.ProblemDuplicate}},
		{name: "v again", text: "v=DMARC1; p=reject; v=DMARC2", want: "reject reject reject", problems: []string{dmarc.ProblemDuplicate}},
		{name: "no p", text: "v=DMARC1", want: unusable, problems: []string{dmarc.ProblemPMissing, dmarc.ProblemUnusable}},
		{name: "no p with rua", text: "v=DMARC1; sp=reject; rua=mailto:d@example.com", want: "none none none", problems: []string{dmarc.ProblemPMissing, dmarc.ProblemAsNone}},
		{name: "no p, rua without a valid URI", text: "v=DMARC1; rua=d@example.com", want: unusable, problems: []string{dmarc.ProblemRUA, dmarc.ProblemPMissing, dmarc.ProblemUnusable}},
		{name: "no p, one of two URIs valid", text: "v=DMARC1; rua=d@example.com,mailto:e@example.com", want: "none none none", problems: []string{dmarc.ProblemRUA, dmarc.ProblemPMissing, dmarc.ProblemAsNone}},
		{name: "ruf is not rua", text: "v=DMARC1; ruf=mailto:d@example.com", want: unusable, problems: []string{dmarc.ProblemPMissing, dmarc.ProblemUnusable}},
		{name: "invalid p", text: "v=DMARC1; p=monitor", want: unusable, problems: []string{dmarc.ProblemPInvalid, dmarc.ProblemUnusable}},
		{name: "empty p", text: "v=DMARC1; p=; rua=mailto:d@example.com", want: "none none none", problems: []string{dmarc.ProblemTagSyntax, dmarc.ProblemPInvalid, dmarc.ProblemAsNone}},
		{name: "invalid sp", text: "v=DMARC1; p=reject; sp=rejct; rua=mailto:d@example.com", want: "none none none", problems: []string{dmarc.ProblemSPInvalid, dmarc.ProblemAsNone}},
		{name: "invalid np", text: "v=DMARC1; p=reject; np=rejct", want: unusable, old: "reject reject reject", problems: []string{dmarc.ProblemNPInvalid, dmarc.ProblemUnusable}, oldProblems: []string{}},
		{name: "invalid modes", text: "v=DMARC1; p=reject; adkim=strict; aspf=x; t=1; psd=yes; fo=2", want: "reject reject reject",
			problems:    []string{dmarc.ProblemADKIM, dmarc.ProblemASPF, dmarc.ProblemT, dmarc.ProblemPSD, dmarc.ProblemFO},
			oldProblems: []string{dmarc.ProblemADKIM, dmarc.ProblemASPF, dmarc.ProblemFO}},
		{name: "not printable", text: "v=DMARC1; p=reject; rua=mailto:b\xc3\xb6se@example.com", want: "reject reject reject", problems: []string{dmarc.ProblemTagSyntax, dmarc.ProblemRUA}},
		{name: "report size", text: "v=DMARC1; rua=mailto:d@example.com!10q", want: unusable, problems: []string{dmarc.ProblemRUA, dmarc.ProblemPMissing, dmarc.ProblemUnusable}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if c.old == "" {
				c.old = c.want
			}
			if c.oldProblems == nil {
				c.oldProblems = c.problems
			}
			checkRecord(t, c.text, dmarc.RFC9989, c.want, c.problems)
			checkRecord(t, c.text, dmarc.RFC7489, c.old, c.oldProblems)
		})
	}
}

func checkRecord(t *testing.T, text string, rules dmarc.Rules, want string, problems []string) {
	t.Helper()
	r, err := dmarc.ParseRecord(text, rules)
	if err != nil {
		t.Fatal(err)
	}
	if got := effective(r); got != want {
		t.Errorf("%s: policies %q, want %q", rules, got, want)
	}
	if !slices.Equal(r.Problems, problems) {
		t.Errorf("%s: problems %q, want %q", rules, r.Problems, problems)
	}
	if r.Usable() != (strings.TrimSpace(want) != "") {
		t.Errorf("%s: usable %v", rules, r.Usable())
	}
}

func TestPublishedValues(t *testing.T) {
	t.Parallel()
	r, err := dmarc.ParseRecord("v=DMARC1; p=REJECT; sp=x; adkim=S; aspf=r; pct=7; t=Y; psd=n; fo=0:d; rua=mailto:A@b.example; ruf=q", "")
	if err != nil {
		t.Fatal(err)
	}
	got := []any{r.Rules, r.P, r.SP, r.NP, r.ADKIM, r.ASPF, r.PCT, r.T, r.PSD, r.FO, r.RUA, r.RUF}
	want := []any{dmarc.RFC9989, "reject", "x", "", "s", "r", int32(7), "y", "n", "0:d", "mailto:A@b.example", "q"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNotRecords(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "v", "v=", "v=DMARC", "v=dmarc1; p=none", "v=DMARC12; p=none", "v=DMARC1 p=none", "v=DMARC1, p=none",
		"p=none; v=DMARC1", " v=DMARC1; p=none", ";v=DMARC1", "v=spf1 -all", "\"v=DMARC1\"; p=none", "v:DMARC1; p=none",
	} {
		if r, err := dmarc.ParseRecord(text, dmarc.RFC9989); !errors.Is(err, dmarc.ErrNotRecord) {
			t.Errorf("%q: %v, %v", text, r, err)
		}
	}
}

// go-msgauth reads records of RFC 7489 strictly. Where it accepts one with a
// valid policy, this package must read the same; the table holds what it
// refuses and this package reads on purpose.
func TestAgainstGoMsgauth(t *testing.T) {
	t.Parallel()
	values := map[string][]string{
		"p": {"none", "quarantine", "reject"}, "sp": {"", "none", "reject"}, "adkim": {"", "r", "s"}, "aspf": {"", "r", "s"},
		"pct": {"", "0", "50", "100"}, "fo": {"", "1:d"}, "rua": {"", "mailto:a@b.example"},
	}
	order := []string{"p", "sp", "adkim", "aspf", "pct", "fo", "rua"}
	texts := []string{"v=DMARC1"}
	for _, tag := range order {
		var next []string
		for _, t := range texts {
			for _, v := range values[tag] {
				if v == "" {
					next = append(next, t)
				} else {
					next = append(next, t+"; "+tag+"="+v)
				}
			}
		}
		texts = next
	}
	for _, text := range texts {
		sameAsGoMsgauth(t, text)
	}
	for text, why := range map[string]string{
		"v=DMARC1; p=reject; adkim=x":            "RFC 7489 section 6.3: a syntax error gives the default",
		"v=DMARC1; p=reject; pct=200":            "the same",
		"v=DMARC1; p=reject; rf=other":           "the same",
		"v=DMARC1; p=Reject":                     "RFC 5234 section 2.3: ABNF strings have no case",
		"v=DMARC1; p=reject; junk":               "RFC 7489 section 6.3: ignored",
		"v=DMARC1; p=x; rua=mailto:d@b.example":  "RFC 7489 section 6.6.3 step 6",
		"v=DMARC1; rua=mailto:dmarc@example.com": "the same",
	} {
		r, err := dmarc.ParseRecord(text, dmarc.RFC7489)
		if _, theirs := upstream.Parse(text); theirs == nil || err != nil || !r.Usable() {
			t.Errorf("%q: no longer a difference (%s)", text, why)
		}
	}
}

func sameAsGoMsgauth(t *testing.T, text string) {
	t.Helper()
	theirs, err := upstream.Parse(text)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	r, err := dmarc.ParseRecord(text, dmarc.RFC7489)
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	pct := int32(-1)
	if theirs.Percent != nil {
		pct = int32(*theirs.Percent)
	}
	same := r.P == string(theirs.Policy) && r.SP == string(theirs.SubdomainPolicy) && r.PCT == pct &&
		(r.ADKIM == "s") == (theirs.DKIMAlignment == upstream.AlignmentStrict) &&
		(r.ASPF == "s") == (theirs.SPFAlignment == upstream.AlignmentStrict) &&
		r.RUA == strings.Join(theirs.ReportURIAggregate, ",")
	if !same {
		t.Errorf("%q: %+v, go-msgauth %+v", text, r, theirs)
	}
}

func FuzzParseRecord(f *testing.F) {
	for _, s := range []string{
		"v=DMARC1; p=reject; sp=; np=none; rua=mailto:a@b.example!10m,https://c.example/%20",
		"v=DMARC1;p=none;pct=100;fo=1:d:s;t=y;psd=n;adkim=s;aspf=s;ruf=mailto:x@y.example",
		"V \t=DMARC1 ; P=\x00; p=x;;;=;a=b=c", "v=DMARC1; pct=0099; sp=reject; sp=none", "v=DMARC1;rua=,!,:",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, rules := range []dmarc.Rules{dmarc.RFC9989, dmarc.RFC7489} {
			r, err := dmarc.ParseRecord(text, rules)
			if err != nil {
				continue
			}
			again, err := dmarc.ParseRecord(r.String(), rules)
			if err != nil {
				t.Fatalf("%q from %q: %v", r.String(), text, err)
			}
			if again.String() != r.String() || effective(again) != effective(r) {
				t.Errorf("%q: %q %q, again %q %q", text, r.String(), effective(r), again.String(), effective(again))
			}
			if slices.Contains(r.Problems, dmarc.ProblemUnusable) == r.Usable() {
				t.Errorf("%q: usable %v with problems %q", text, r.Usable(), r.Problems)
			}
		}
	})
}
