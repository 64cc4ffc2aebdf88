package main

import (
	"net/netip"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/evaluate/evidence"
	"mailaudit/internal/pipeline"
	"mailaudit/internal/sha256pair"
	"mailaudit/reader"
)

// A message gives the same evidence whether its body is hashed alone or beside
// another.
func TestExtractorsAgree(t *testing.T) {
	t.Parallel()
	if !sha256pair.Available() {
		t.Skip("the processor has no SHA instructions")
	}
	got := map[bool][]*evidence.Evidence{}
	for _, sideBySide := range []bool{false, true} {
		r := &run{set: &settings{}}
		units := reader.Units(t.Context(), []string{filepath.FromSlash("../../testdata/archive")}, reader.Options{})
		o := pipeline.CrewOptions[reader.Unit]{Options: pipeline.Options{Workers: 2, Window: 64}}
		all := pipeline.MapCrews(t.Context(), units, o, func() crewOf[*evidence.Evidence] { return crew(r, sideBySide, asIs) })
		for e, err := range all {
			if err == nil {
				got[sideBySide] = append(got[sideBySide], e)
			}
		}
	}
	signed := 0
	for _, e := range got[true] {
		signed += len(e.Signatures)
	}
	if signed < 100 {
		t.Fatalf("%d messages with %d signatures prove little", len(got[true]), signed)
	}
	if d := cmp.Diff(got[false], got[true], cmpopts.EquateComparable(netip.Addr{})); d != "" {
		t.Errorf("alone, side by side:\n%s", d)
	}
}
