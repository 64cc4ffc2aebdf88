package conformance

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// roomSuite is a suite that a room runs itself, because what it tests is not
// visible in a verdict. The test logs "conformance: cases=N differ=M".
type roomSuite struct {
	pkg, test    string
	name, with   string
	what, clause string // of its differences
}

var roomSuites = []roomSuite{
	{pkg: "evaluate/spf", test: "TestAppendixA", name: "RFC 7208 appendix A, records", with: "the RFC"},
	{pkg: "evaluate/spf", test: "TestAppendixADomains", name: "RFC 7208 appendix A, domains", with: "the RFC"},
	{pkg: "evaluate/spf", test: "TestExpansionExamples", name: "RFC 7208 section 7.4, macros", with: "the RFC"},
	{pkg: "evaluate/spf", test: "TestOpenSPF7208", name: "OpenSPF suite, RFC 7208, with explanations", with: "rfc7208-tests.yml"},
	{pkg: "evaluate/spf", test: "TestOpenSPF4408", name: "OpenSPF suite, RFC 4408, with explanations", with: "rfc4408-tests.yml"},
	{pkg: "evaluate/spf", test: "TestPySPF", name: "SPF suite of pyspf", with: "pyspf-tests.yml",
		what: "an unknown modifier (default=) is used, or is an error", clause: "RFC 7208 §6"},
	{pkg: "evaluate/spf", test: "TestGoSPF", name: "SPF suite of go/spf", with: "blitirispf-tests.yml, its domains given a second label"},
	{pkg: "evaluate/dkim", test: "TestRFCExamples", name: "RFC 6376 appendix A, RFC 8463 appendix A, and damaged forms", with: "the RFCs"},
	{pkg: "evaluate/dmarc", test: "TestExamplesOfRFC9989", name: "RFC 9989 appendix B and the examples in its text", with: "the RFC"},
	{pkg: "evaluate/dmarc", test: "TestPublicSuffixList", name: "Public Suffix List checks", with: "test_psl.txt"},
	{pkg: "evaluate/evidence", test: "TestReceivedVectors", name: "Received fields of mail-parser", with: "its parsed parts",
		what: "fields of which a part is read otherwise, each listed with its reason in the test", clause: "RFC 5321 §4.4, RFC 5322 §3.6.7"},
}

// TestRooms runs the rooms' own tests of public suites and reads their counts.
func TestRooms(t *testing.T) {
	t.Parallel()
	byPackage := map[string][]string{}
	for _, s := range roomSuites {
		byPackage[s.pkg] = append(byPackage[s.pkg], s.test)
	}
	counts := map[string]Score{}
	for pkg, tests := range byPackage {
		cmd := exec.CommandContext(t.Context(), "go", "test", "-v", "-run", "^("+strings.Join(tests, "|")+")$", "./"+pkg)
		cmd.Dir = ".."
		out, err := cmd.Output()
		if err != nil {
			t.Errorf("%s: %v\n%s", pkg, err, out)
		}
		readCounts(t, counts, out)
	}
	for _, s := range roomSuites {
		c, ok := counts[s.test]
		if !ok {
			t.Logf("%s was skipped: its material is absent", s.name)
			continue
		}
		c.Group, c.Name, c.With = "Suites", s.name, s.with
		if n := c.Cases - c.Agree; n > 0 {
			c.Differ = []Difference{{What: s.what, Clause: s.clause, Cases: n}}
		}
		publish(t, c)
	}
}

// readCounts takes the counts of each test from the output of go test -v.
func readCounts(t *testing.T, counts map[string]Score, out []byte) {
	t.Helper()
	running := ""
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		for _, prefix := range []string{"=== RUN", "=== CONT", "=== NAME"} {
			if name, ok := strings.CutPrefix(line, prefix); ok {
				running, _, _ = strings.Cut(strings.TrimSpace(name), "/")
			}
		}
		_, words, ok := strings.Cut(line, "conformance: ")
		if !ok {
			continue
		}
		var cases, differ int
		if n, err := fmt.Sscanf(words, "cases=%d differ=%d", &cases, &differ); n < 1 {
			t.Errorf("%s: %s: %v", running, words, err)
		}
		counts[running] = Score{Cases: cases, Agree: cases - differ}
	}
}
