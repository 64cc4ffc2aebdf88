package impact

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/sink"
)

// changesOf runs a scenario and returns what changes, by ordinal.
func changesOf(t testing.TB, d *sink.Dataset, s Scenario, workers int) (map[int64]*sink.Change, Report) {
	t.Helper()
	j, err := Open(d, s)
	if err != nil {
		t.Fatal(err)
	}
	changes := map[int64]*sink.Change{}
	last := int64(-1)
	total, err := j.Run(t.Context(), workers, func(c *sink.Change) error {
		if c.Ordinal <= last {
			t.Errorf("row %d after row %d", c.Ordinal, last)
		}
		last, changes[c.Ordinal] = c.Ordinal, c
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return changes, total.Report()
}

// What the dataset says of RFC 9989 section 7.4 is what the what-if finds.
func TestEnforcementAgreesWithDataset(t *testing.T) {
	t.Parallel()
	before := judged(t, zoneWith(t, nil), evaluate.Profile{}, archive(t))
	d := dataset(t, evaluate.Profile{}, before)
	softer, _ := changesOf(t, d, Scenario{Enforce: Section74}, 2)
	harder, _ := changesOf(t, d, Scenario{Baseline: Section74}, 1)
	both, _ := changesOf(t, d, Scenario{Baseline: Section74, Enforce: Section74}, 1)
	for _, r := range before {
		v, n := &r.Verdict, r.Evidence.Origin.Ordinal
		if differs := v.Disposition != v.Disposition74; differs != (softer[n] != nil) || differs != (harder[n] != nil) {
			t.Errorf("row %d: %s, by section 7.4 %s; what-if %v", n, v.Disposition, v.Disposition74, softer[n])
		}
		if c := softer[n]; c != nil && (c.FromDisposition != string(v.Disposition) || c.ToDisposition != string(v.Disposition74)) {
			t.Errorf("row %d: %+v", n, c)
		}
	}
	if len(softer) < 20 || len(both) != 0 {
		t.Errorf("%d changes, %d under both", len(softer), len(both))
	}
}

// ARC and trusted forwarders are reasons to let a failing message through, never
// to take it for a pass, and nothing else changes.
func TestTrustNeverMakesAPass(t *testing.T) {
	t.Parallel()
	before := judged(t, zoneWith(t, nil), evaluate.Profile{}, archive(t))
	d := dataset(t, evaluate.Profile{}, before)
	for name, s := range map[string]Scenario{
		OverrideLocalPolicy:      {ARC: &ARCTrust{All: true}},
		OverrideTrustedForwarder: {Forwarders: &Forwarders{Domains: []string{"lists.test", "forward.test"}}},
	} {
		changes, report := changesOf(t, d, s, 2)
		for n, c := range changes {
			v := &before[n].Verdict
			if v.DMARC.Result != dmarc.Fail || c.ToCategory != string(evaluate.FailTolerated) || c.ToDisposition != "none" || c.OverrideType != name {
				t.Errorf("%s: %s becomes %+v", name, v.DMARC.Result, c)
			}
			if name == OverrideLocalPolicy && v.ARC.Result != "pass" {
				t.Errorf("a chain that is %s", v.ARC.Result)
			}
		}
		if len(changes) < 3 || report.Overrides[name] != int64(len(changes)) {
			t.Errorf("%s: %d changes, %v", name, len(changes), report.Overrides)
		}
	}
	if changes, _ := changesOf(t, d, Scenario{ARC: &ARCTrust{Sealers: []string{"nobody.test"}}}, 1); len(changes) > 0 {
		t.Errorf("sealers who are not trusted: %d changes", len(changes))
	}
}

// The report and the changed rows do not depend on the number of workers, and
// the table keeps the rows.
func TestWorkersAndTable(t *testing.T) {
	t.Parallel()
	d := dataset(t, evaluate.Profile{}, judged(t, zoneWith(t, nil), evaluate.Profile{}, archive(t)))
	s := Scenario{Policies: []Policy{{Everyone, "v=DMARC1; p=reject"}, {"acme.example", "v=DMARC1; p=quarantine; adkim=s"}}}
	one, report := changesOf(t, d, s, 1)
	four, again := changesOf(t, d, s, 4)
	if diff := cmp.Diff(one, four, addr); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(report, again, cmpopts.IgnoreUnexported(Report{})); diff != "" {
		t.Error(diff)
	}
	dir := t.TempDir()
	w, err := sink.CreateChanges(dir, "test", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range slices.Sorted(maps.Keys(one)) {
		if err := w.Write(one[n]); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Commit([]byte("{}\n")), w.Close()); err != nil {
		t.Fatal(err)
	}
	read := map[int64]*sink.Change{}
	if err := sink.ReadChanges(dir, func(c *sink.Change) bool { read[c.Ordinal] = c; return true }); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, read, addr, cmpopts.EquateEmpty()); diff != "" || len(one) < 50 {
		t.Error(len(one), diff)
	}
	if _, err := sink.CreateChanges(dir, "test", false); !errors.Is(err, sink.ErrExists) {
		t.Errorf("overwritten without being asked: %v", err)
	}
	if _, err := sink.CreateChanges(d.Dir(), "test", true); !errors.Is(err, sink.ErrExists) {
		t.Errorf("a dataset is overwritten: %v", err)
	}
}

var addr = cmp.Comparer(func(a, b netip.Addr) bool { return a == b })

// dated bounds every answer to a time, as a history does: one before and one
// after the middle of the archive.
type dated struct{ dns.Source }

var middle = time.Date(2022, 1, 1, 0, 0, 0, 0, time.UTC)

func (s dated) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	a, err := s.Source.Lookup(ctx, q)
	if err != nil {
		return nil, err
	}
	b := *a
	if q.At.Before(middle) {
		b.Until = middle
	} else {
		b.Since = middle
	}
	return &b, nil
}

// A dataset whose answers are bound to times is decided message by message.
func TestPoliciesOverDatedAnswers(t *testing.T) {
	t.Parallel()
	before := judged(t, dated{zoneWith(t, nil)}, evaluate.Profile{}, archive(t))
	d := dataset(t, evaluate.Profile{}, before)
	names, again := authorsOften(before), decided(before)
	r := rand.New(rand.NewPCG(11, 11))
	changed, open := 0, 0
	for range 8 {
		policies := randomPolicies(r, names)
		truth := judged(t, dated{zoneWith(t, policies)}, evaluate.Profile{}, again)
		c, o := compare(t, "dated", d, Scenario{Policies: policies}, before, truth)
		changed, open = changed+c, open+o
	}
	t.Logf("%d changed, %d not judged", changed, open)
	if changed < 40 || open > changed/4 {
		t.Errorf("%d changed, %d not judged", changed, open)
	}
}
