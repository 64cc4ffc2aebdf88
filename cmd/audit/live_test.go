package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	mdns "github.com/miekg/dns"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/stats"
)

// liveZone is the DNS of the fixtures as a server has it.
var liveZone = dnstest.Source{
	"acme.example MX":         {"10 mail.acme.example"},
	"acme.example TXT":        {"v=spf1 ip4:192.0.2.10 -all"},
	"_dmarc.acme.example TXT": {"v=DMARC1; p=reject"},
	"mail.acme.example A":     {"192.0.2.10"},
}

// silent answers nothing, ever.
func silent(mdns.ResponseWriter, *mdns.Msg) bool { return true }

// summaryOf runs the command with --json and returns its summary.
func summaryOf(t *testing.T, args ...string) stats.Summary {
	t.Helper()
	var s stats.Summary
	if err := json.Unmarshal([]byte(auditRun(t, exitOK, append([]string{"run", "--json", "--progress", "none"}, args...)...)), &s); err != nil {
		t.Fatal(err)
	}
	return s
}

func fixtureFile(t *testing.T, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := writeFixtures(dir); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, name)
}

// TestLive judges by a server on the loopback, and repeats the run from what was
// recorded once the server is gone.
func TestLive(t *testing.T) {
	t.Parallel()
	srv := dnstest.Serve(t, liveZone, nil)
	in, out := fixtureFile(t, "two.mbox"), filepath.Join(t.TempDir(), "out")
	s := summaryOf(t, "--resolver", srv.Addr, "--out", out, in)
	if s.Breakdown.Of(evaluate.PassSPFStrict) != 1 || s.Breakdown.Of(evaluate.FailReject) != 1 {
		t.Errorf("breakdown %v", s.Breakdown)
	}
	srv.Stop()
	again := filepath.Join(t.TempDir(), "again")
	summaryOf(t, "--dns", "replay:"+out, "--out", again, in)
	if diff := datasetsDiffer(out, again); diff != "" {
		t.Error(diff)
	}
}

// TestLiveSilent: servers that do not answer make temporary errors. They never make
// a domain disappear.
func TestLiveSilent(t *testing.T) {
	t.Parallel()
	srv := dnstest.Serve(t, liveZone, silent)
	in, out := fixtureFile(t, "two.mbox"), filepath.Join(t.TempDir(), "out")
	s := summaryOf(t, "--resolver", srv.Addr, "--dns-timeout", "10ms", "--out", out, in)
	if s.Breakdown.Of(evaluate.TempError) != 2 || s.Breakdown.Of(evaluate.NonexistentDomain) != 0 {
		t.Errorf("breakdown %v", s.Breakdown)
	}
	if s.Coverage[stats.CoverageUnanswered] != 2 || s.Dispositions["reject"] != 0 {
		t.Errorf("coverage %v, dispositions %v", s.Coverage, s.Dispositions)
	}
}

// TestLiveFailures: whatever else a server says instead of an answer, too.
func TestLiveFailures(t *testing.T) {
	t.Parallel()
	for name, failure := range map[string]string{"servfail": dnstest.ServFail, "refused": dnstest.Refused} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := dnstest.Serve(t, dnstest.Source{"acme.example": {failure}, "_dmarc.acme.example": {failure}}, nil)
			s := summaryOf(t, "--resolver", srv.Addr, "--out", filepath.Join(t.TempDir(), "out"), fixtureFile(t, "fail.eml"))
			if s.Breakdown.Of(evaluate.TempError) != 1 || s.Breakdown.Of(evaluate.NonexistentDomain) != 0 {
				t.Errorf("breakdown %v", s.Breakdown)
			}
		})
	}
	// A name that does not exist by a server's word does not.
	srv := dnstest.Serve(t, dnstest.Source{}, nil)
	s := summaryOf(t, "--resolver", srv.Addr, "--dns-timeout", "100ms", "--out", filepath.Join(t.TempDir(), "out"), fixtureFile(t, "fail.eml"))
	if s.Breakdown.Of(evaluate.NonexistentDomain) != 1 {
		t.Errorf("nothing exists: breakdown %v", s.Breakdown)
	}
}

// TestOfflineAsksNothing: without live, no server hears of the run.
func TestOfflineAsksNothing(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	srv := dnstest.Serve(t, liveZone, func(mdns.ResponseWriter, *mdns.Msg) bool { asked.Add(1); return false })
	in, out := fixtureFile(t, "two.mbox"), filepath.Join(t.TempDir(), "out")
	zone := filepath.Join(filepath.Dir(in), "zone")
	for i, chain := range []string{"zone:" + zone, "overlay:" + zone, "replay:" + out} {
		dir := out
		if i > 0 {
			dir = filepath.Join(t.TempDir(), "out")
		}
		auditRun(t, exitOK, "run", "--resolver", srv.Addr, "--dns", chain, "--out", dir, in)
	}
	auditRun(t, exitOK, "reevaluate", out, "--resolver", srv.Addr, "--dns", "replay:"+out, "--out", filepath.Join(t.TempDir(), "re"))
	auditRun(t, exitOK, "summary", out)
	if n := asked.Load(); n != 0 {
		t.Errorf("%d questions asked", n)
	}
	// The counter does count.
	auditRun(t, exitOK, "run", "--resolver", srv.Addr, "--dns", "live", "--out", filepath.Join(t.TempDir(), "live"), in)
	if asked.Load() == 0 {
		t.Error("live asked nothing either")
	}
}

// TestLiveBehindOverlay: what an overlay speaks for is not asked.
func TestLiveBehindOverlay(t *testing.T) {
	t.Parallel()
	var names atomic.Pointer[string]
	none := ""
	names.Store(&none)
	srv := dnstest.Serve(t, liveZone, func(_ mdns.ResponseWriter, m *mdns.Msg) bool {
		for {
			old := names.Load()
			next := *old + m.Question[0].Name + " "
			if names.CompareAndSwap(old, &next) {
				return false
			}
		}
	})
	overlay := filepath.Join(t.TempDir(), "overlay.zone")
	if err := os.WriteFile(overlay, []byte("_dmarc.acme.example. 300 TXT \"v=DMARC1; p=quarantine\"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := summaryOf(t, "--resolver", srv.Addr, "--dns", "overlay:"+overlay+",live", "--out", filepath.Join(t.TempDir(), "out"), fixtureFile(t, "fail.eml"))
	if s.Breakdown.Of(evaluate.FailQuarantine) != 1 {
		t.Errorf("breakdown %v", s.Breakdown)
	}
	if asked := *names.Load(); strings.Contains(asked, "_dmarc.acme.example.") || !strings.Contains(asked, " acme.example.") && !strings.HasPrefix(asked, "acme.example.") {
		t.Errorf("asked: %s", asked)
	}
}
