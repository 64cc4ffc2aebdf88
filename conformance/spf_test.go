package conformance

import (
	"fmt"
	"net/netip"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/internal/openspf"
)

// moduleDir is where a module lies; the test is skipped where it is absent.
func moduleDir(t *testing.T, module string) string {
	t.Helper()
	cmd := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module)
	cmd.Dir = ".."
	out, err := cmd.Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skipf("the module %s is absent", module)
	}
	return dir
}

// TestOpenSPF runs the suites as messages: what a case gives to check_host() is
// the envelope, and the verdict's SPF is its result.
func TestOpenSPF(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(moduleDir(t, "blitiri.com.ar/go/spf"), "testdata")
	for _, s := range []struct{ file, name, with string }{
		{"rfc4408-tests.yml", "OpenSPF suite, RFC 4408", "rfc4408-tests.yml"},
		{"rfc7208-tests.yml", "OpenSPF suite, RFC 7208", "rfc7208-tests.yml"},
	} {
		t.Run(s.file, func(t *testing.T) {
			suites, err := openspf.Read(filepath.Join(dir, s.file))
			if err != nil {
				t.Fatal(err)
			}
			score := Score{Group: "Suites", Name: s.name, With: s.with}
			for i := range suites {
				zone := openspf.NewZone(suites[i].ZoneData)
				for name, c := range suites[i].Tests {
					score.Cases++
					if got := suiteResult(t, zone, &c); slices.Contains(c.Result, got) {
						score.Agree++
					} else {
						t.Errorf("%s: got %s, want %v", name, got, c.Result)
					}
				}
			}
			publish(t, score)
		})
	}
}

func suiteResult(t *testing.T, zone dns.Source, c *openspf.Case) string {
	t.Helper()
	client, err := netip.ParseAddr(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	e := &evidence.Evidence{Envelope: evidence.Envelope{ClientIP: client.Unmap(), HELO: c.Helo, HasMailFrom: true}}
	if c.MailFrom != "" {
		e.Envelope.MailFromLocal, e.Envelope.MailFromDomain = c.Sender()
	}
	v, err := evaluate.New(zone, evaluate.Profile{Receiver: c.Receiver}).Evaluate(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(v.SPF.Result)
}
