package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestReadme holds the example of the README to what the command prints.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const command = "    $ ./audit run --dns zone:testdata/zone --out audit-out testdata/archive\n"
	_, rest, ok := strings.Cut(string(text), command)
	if !ok {
		t.Fatalf("the README does not show %q", command)
	}
	var shown []string
	for _, l := range strings.Split(rest, "\n") {
		if l != "" && !strings.HasPrefix(l, "    ") {
			break
		}
		shown = append(shown, strings.TrimPrefix(l, "    "))
	}
	got := auditRun(t, exitProblems, "run", "--progress", "none", "--dns", "zone:"+filepath.Join(testdata, "zone"),
		"--out", filepath.Join(t.TempDir(), "out"), filepath.Join(testdata, "archive"))
	if want := strings.TrimSpace(strings.Join(shown, "\n")); strings.TrimSpace(got) != want {
		t.Errorf("the README shows\n%s\nthe command prints\n%s", want, got)
	}
}
