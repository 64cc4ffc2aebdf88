package conformance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

var contextOfTests = context.Background()

var update = flag.Bool("update", false, "rewrite docs/conformance.md")

const document = "../docs/conformance.md"

// ran collects the scores of the tests that came to their end.
var ran struct {
	sync.Mutex
	scores []Score
}

// publish puts a score into the document. A test that failed publishes nothing.
func publish(t *testing.T, s Score) {
	t.Helper()
	if n := s.Agree + s.Skipped + s.Differing(); n != s.Cases {
		t.Errorf("%s: %d cases, of which %d are accounted for", s.Name, s.Cases, n)
	}
	if s.Agree == 0 {
		t.Errorf("%s: nothing agrees, was anything compared?", s.Name)
	}
	t.Logf("%s: %d cases, %d agree, %d differ on purpose, %d not compared", s.Name, s.Cases, s.Agree, s.Differing(), s.Skipped)
	if t.Failed() {
		return
	}
	ran.Lock()
	defer ran.Unlock()
	if slices.ContainsFunc(ran.scores, func(o Score) bool { return o.Name == s.Name }) {
		t.Errorf("%s is published twice", s.Name)
	}
	ran.scores = append(ran.scores, s)
}

func TestMain(m *testing.M) {
	code := m.Run()
	if code == 0 {
		if err := settle(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// settle compares the document with what ran, or rewrites it.
func settle() error {
	b, err := os.ReadFile(document)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	old, err := Parse(string(b))
	if err != nil {
		return fmt.Errorf("%s: %w", document, err)
	}
	now := ran.scores
	if !*update {
		now = slices.DeleteFunc(now, func(s Score) bool { return otherVersion(old, s) })
	}
	text := Render(Merge(old, now))
	switch {
	case text == string(b):
		return nil
	case *update:
		return os.WriteFile(document, []byte(text), 0o644)
	}
	return fmt.Errorf("%s is not what this run found: run make conformance and read the difference\n%s", document, changed(string(b), text))
}

// otherVersion tells whether the document speaks of another version of the
// program compared with: its figures may differ, and are not this run's to judge.
func otherVersion(old []Score, s Score) bool {
	return slices.ContainsFunc(old, func(o Score) bool { return o.Name == s.Name && o.With != s.With })
}

// changed lists the lines that a run adds to a text and takes from it.
func changed(before, after string) string {
	var b strings.Builder
	old, now := strings.Split(before, "\n"), strings.Split(after, "\n")
	for _, l := range old {
		if !slices.Contains(now, l) {
			b.WriteString("- " + l + "\n")
		}
	}
	for _, l := range now {
		if !slices.Contains(old, l) {
			b.WriteString("+ " + l + "\n")
		}
	}
	return b.String()
}
