package evaluate_test

import (
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// TestAheadIsAsked: whatever is asked ahead is asked by the evaluation, under
// every profile, so nothing is asked in vain.
func TestAheadIsAsked(t *testing.T) {
	t.Parallel()
	zone, err := dns.Zone("../testdata/zone")
	if err != nil {
		t.Fatal(err)
	}
	x := evidence.NewExtractor(evidence.Options{})
	messages, ahead, all := 0, 0, 0
	for u, err := range reader.Units(t.Context(), []string{"../testdata/archive"}, reader.Options{}) {
		if err != nil {
			continue // archives with damage are there on purpose
		}
		e, err := x.Extract(&u)
		u.Release()
		if err != nil {
			continue
		}
		messages++
		for _, p := range []evaluate.Profile{{}, {Rules: dmarc.RFC7489, IgnoreExistence: true}} {
			src := &dnstest.Recorder{Base: zone}
			ev := evaluate.New(src, p)
			if _, err := ev.Evaluate(t.Context(), e); err != nil {
				t.Fatal(err)
			}
			asked := map[string]bool{}
			for _, q := range src.Asked() {
				asked[q] = true
			}
			first := map[string]bool{}
			ev.Ahead(e, func(q dns.Question) {
				first[q.Name+" "+q.Type.String()] = true
			})
			for q := range first {
				if !asked[q] {
					t.Errorf("%s at %d: %s is asked in vain", e.Origin.Source, e.Origin.Offset, q)
				}
			}
			ahead += len(first)
			all += len(asked)
		}
	}
	t.Logf("%d messages: %d of %d questions are known ahead", messages, ahead, all)
	if messages == 0 || ahead*4 < all {
		t.Errorf("%d of %d questions are known ahead", ahead, all)
	}
}
