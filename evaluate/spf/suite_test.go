package spf

import (
	"net/netip"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mailaudit/internal/openspf"
)

// suiteDir is where the module go/spf keeps the suites.
func suiteDir(t *testing.T) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "blitiri.com.ar/go/spf").Output()
	dir := strings.TrimSpace(string(out))
	if err != nil || dir == "" {
		t.Skip("the module blitiri.com.ar/go/spf, which carries the suites, is absent")
	}
	return filepath.Join(dir, "testdata")
}

func readSuites(t *testing.T, file string) []openspf.Suite {
	t.Helper()
	suites, err := openspf.Read(filepath.Join(suiteDir(t), file))
	if err != nil {
		t.Fatal(err)
	}
	return suites
}

// query is the check_host() call of a case.
func suiteQuery(t *testing.T, c *openspf.Case) Query {
	t.Helper()
	client, err := netip.ParseAddr(c.Host)
	if err != nil {
		t.Fatal(err)
	}
	local, domain := c.Sender()
	return Query{Client: client, Scope: MailFrom, Local: local, Domain: domain, HELO: c.Helo}
}

// runSuites runs every case of a file and returns how many there were. asWanted
// may change what a case wants.
func runSuites(t *testing.T, file string, suites []openspf.Suite, asWanted func(name string, c *openspf.Case)) {
	cases, differ := 0, 0
	for _, s := range suites {
		zone := openspf.NewZone(s.ZoneData)
		for name, c := range s.Tests {
			cases++
			t.Run(strconv.Itoa(cases)+" "+name, func(t *testing.T) {
				published := c.Result
				if asWanted(name, &c); !slices.Equal(c.Result, published) {
					differ++
				}
				checker := NewChecker(zone, Options{Explain: true, Trace: true, Receiver: c.Receiver})
				o, err := checker.Check(t.Context(), suiteQuery(t, &c))
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Contains(c.Result, string(o.Result)) {
					t.Errorf("got %s (%s: %s), want %v", o.Result, o.Reason, o.Detail, c.Result)
				}
				checkExplanation(t, &c, o)
			})
		}
	}
	if cases == 0 {
		t.Fatalf("no case in %s", file)
	}
	t.Logf("conformance: cases=%d differ=%d", cases, differ)
}

// checkExplanation judges the explanation where the suite gives one. DEFAULT
// means that none was published that may be used.
func checkExplanation(t *testing.T, c *openspf.Case, o *Outcome) {
	t.Helper()
	switch c.Explanation {
	case "":
	case "DEFAULT":
		if o.Explanation != "" {
			t.Errorf("explanation %q, want none", o.Explanation)
		}
	default:
		// The suite spells the nibbles of %{i} in capitals, RFC 7208 section
		// 7.4 does not.
		if !strings.EqualFold(o.Explanation, c.Explanation) {
			t.Errorf("explanation %q, want %q", o.Explanation, c.Explanation)
		}
	}
}

func asPublished(string, *openspf.Case) {}

func TestOpenSPF7208(t *testing.T) {
	t.Parallel()
	const file = "rfc7208-tests.yml"
	runSuites(t, file, readSuites(t, file), asPublished)
}

func TestOpenSPF4408(t *testing.T) {
	t.Parallel()
	const file = "rfc4408-tests.yml"
	runSuites(t, file, readSuites(t, file), asPublished)
}

// pyspf judges some records by its own modes, which RFC 7208 does not have.
var pyspfByRFC = map[string]string{
	// RFC 7208 section 6: unrecognized modifiers MUST be ignored, default= of
	// early drafts among them.
	"default-modifier":       "neutral",
	"default-modifier-harsh": "neutral",
}

func TestPySPF(t *testing.T) {
	t.Parallel()
	const file = "pyspf-tests.yml"
	runSuites(t, file, readSuites(t, file), func(name string, c *openspf.Case) {
		if want, ok := pyspfByRFC[name]; ok {
			c.Result = openspf.Strings{want}
		}
	})
}

// The suite of go/spf names its domains with single labels, which have no SPF
// (RFC 7208 section 4.3) and are no domain-spec (section 7.1). Each gets a
// second label here, so that what its cases are about can be judged.
var singleLabel = regexp.MustCompile(`(include:|a:|mx:|exists:|redirect=)([a-z0-9-]+)( |$)`)

func twoLabels(name string) string {
	if strings.Contains(name, ".") {
		return name
	}
	return name + ".test"
}

func TestGoSPF(t *testing.T) {
	t.Parallel()
	const file = "blitirispf-tests.yml"
	suites := readSuites(t, file)
	for i := range suites {
		zone := map[string][]openspf.Record{}
		for name, records := range suites[i].ZoneData {
			for j := range records {
				r := &records[j]
				for k, text := range r.SPF {
					r.SPF[k] = singleLabel.ReplaceAllString(text, "$1$2.test$3")
				}
				if r.MX != nil {
					r.MX[1] = twoLabels(r.MX[1])
				}
			}
			zone[twoLabels(name)] = records
		}
		suites[i].ZoneData = zone
	}
	runSuites(t, file, suites, func(_ string, c *openspf.Case) {
		local, domain, _ := strings.Cut(c.MailFrom, "@")
		if domain != "" {
			c.MailFrom = local + "@" + twoLabels(domain)
		}
	})
}
