//go:build unix

package impact

import (
	"strings"
	"testing"

	"mailaudit/evaluate/dmarc"
	"mailaudit/internal/benchset"
	"mailaudit/internal/cputime"
)

// BenchmarkRun reports rows for each second of one processor.
func BenchmarkRun(b *testing.B) {
	d, err := benchset.Write(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		s    Scenario
	}{
		{"rare domain", Scenario{Policies: []Policy{{"d4001.example", "v=DMARC1; p=reject"}}}},
		{"frequent domain", Scenario{Policies: []Policy{{"d1.example", "v=DMARC1; p=reject; adkim=s"}}}},
		{"everyone", Scenario{Policies: []Policy{{Everyone, "v=DMARC1; p=reject"}}}},
		{"rules", Scenario{Rules: dmarc.RFC7489}},
		{"enforce", Scenario{Enforce: Section74}},
		{"forwarders", Scenario{Forwarders: &Forwarders{Domains: []string{"forward.example"}}}},
	} {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			before := cputime.Used()
			var changed int64
			for b.Loop() {
				j, err := Open(d, c.s)
				if err != nil {
					b.Fatal(err)
				}
				t, err := j.Run(b.Context(), 1, nil)
				if err != nil || t.messages != benchset.Rows {
					b.Fatal(t, err)
				}
				report := t.Report()
				changed = report.changed()
			}
			used := cputime.Used() - before
			b.ReportMetric(float64(benchset.Rows*b.N)/used.Seconds()/1e6, "Mrows/cpu-s")
			b.ReportMetric(100*float64(changed)/benchset.Rows, "%changed")
		})
	}
}
