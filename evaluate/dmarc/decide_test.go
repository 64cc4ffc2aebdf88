package dmarc

import (
	"testing"
)

func mustParse(t testing.TB, text string, rules Rules) *Record {
	t.Helper()
	r, err := ParseRecord(text, rules)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Another policy on the facts of a row, as a what-if asks it.
func TestDecideFromRows(t *testing.T) {
	t.Parallel()
	facts := Case{
		Record:    mustParse(t, "v=DMARC1; p=none", RFC9989),
		Subdomain: true, Existence: NonExistent, Sample: 42,
		DKIM: Support(0).With(NotAligned, true, false).With(Strict, false, false),
		SPF:  Support(0).With(Relaxed, true, false),
	}
	for _, c := range []struct {
		text  string
		rules Rules
		want  Decision
	}{
		{"v=DMARC1; p=none", RFC9989, Decision{Result: Pass, Reason: ReasonSPFAligned, PassedSPF: true, Policy: "none", PolicyTag: "p", Disposition: "none"}},
		{"v=DMARC1; p=reject; aspf=s", RFC9989, Decision{Result: Fail, Reason: ReasonStrictMode, Policy: "reject", PolicyTag: "p", Disposition: "reject"}},
		{"v=DMARC1; p=none; sp=quarantine; np=reject; aspf=s; t=y", RFC9989,
			Decision{Result: Fail, Reason: ReasonStrictMode, Policy: "reject", PolicyTag: "np", Disposition: "quarantine", Override: OverrideTestMode, OverrideComment: "t=y"}},
		{"v=DMARC1; p=none; sp=quarantine; np=reject; aspf=s; t=y; pct=42", RFC7489,
			Decision{Result: Fail, Reason: ReasonStrictMode, Policy: "quarantine", PolicyTag: "sp", Disposition: "none", Override: OverrideSampledOut, OverrideComment: "pct=42"}},
		{"v=DMARC1; p=rejct; aspf=s", RFC9989, Decision{Result: None, Reason: ReasonRecordUnusable, Disposition: "none"}},
	} {
		row := facts
		row.Record = mustParse(t, c.text, c.rules)
		if got := Decide(&row); got != c.want {
			t.Errorf("%s %s:\n%+v, want\n%+v", c.rules, c.text, got, c.want)
		}
	}
}

// A pass anywhere in relaxed alignment, with aspf=s and adkim=r and the other
// way round: the modes bind their own mechanism only.
func TestModesBindTheirMechanism(t *testing.T) {
	t.Parallel()
	one := Support(0).With(Relaxed, true, false)
	for _, c := range []struct {
		text      string
		spf, dkim Support
		want      Result
	}{
		{"v=DMARC1; p=reject; aspf=s", one, 0, Fail},
		{"v=DMARC1; p=reject; aspf=s", 0, one, Pass},
		{"v=DMARC1; p=reject; adkim=s", one, 0, Pass},
		{"v=DMARC1; p=reject; adkim=s", 0, one, Fail},
	} {
		if got := Decide(&Case{Record: mustParse(t, c.text, RFC9989), SPF: c.spf, DKIM: c.dkim}); got.Result != c.want {
			t.Errorf("%s with %b, %b: %s", c.text, c.spf, c.dkim, got.Result)
		}
	}
}

func TestDecideAllocatesNothing(t *testing.T) {
	c := Case{Record: mustParse(t, "v=DMARC1; p=reject; pct=10", RFC7489), Sample: 50, SPF: Support(0).With(NotAligned, true, false)}
	if n := testing.AllocsPerRun(100, func() { Decide(&c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecide(b *testing.B) {
	c := Case{Record: mustParse(b, "v=DMARC1; p=reject; sp=quarantine; np=reject; t=y", RFC9989), Subdomain: true, Existence: Exists}
	c.DKIM = c.DKIM.With(NotAligned, true, false)
	b.ReportAllocs()
	for b.Loop() {
		Decide(&c)
	}
}
