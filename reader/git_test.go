package reader

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// gitIn runs git in a work tree, skipping the test where git is absent.
func gitIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed")
	}
	c := exec.Command("git", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@a.example", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@a.example")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func mail(n int) string { return fmt.Sprintf("From: a%d@a.example\n\nbody %d\n", n, n) }

// bodies reads inputs and lists what every unit and problem was.
func bodies(t *testing.T, o Options, inputs ...string) (units, problems []string) {
	t.Helper()
	for u, err := range Units(context.Background(), inputs, o) {
		if err != nil {
			p, ok := err.(*Problem)
			if !ok {
				t.Fatal(err)
			}
			problems = append(problems, p.Code)
			continue
		}
		units = append(units, string(u.Data))
		u.Release()
	}
	return units, problems
}

func TestPublicInboxV2(t *testing.T) {
	t.Parallel()
	inbox := t.TempDir()
	tree := filepath.Join(t.TempDir(), "w")
	if err := os.Mkdir(tree, 0o777); err != nil {
		t.Fatal(err)
	}
	gitIn(t, tree, "init", "-q")
	var want []string
	for i := range 5 {
		if i == 3 { // a removal: d alone
			if err := os.Remove(filepath.Join(tree, "m")); err != nil {
				t.Fatal(err)
			}
			put(t, filepath.Join(tree, "d"), mail(1))
		} else {
			_ = os.Remove(filepath.Join(tree, "d"))
			put(t, filepath.Join(tree, "m"), mail(i))
			want = append(want, mail(i))
		}
		gitIn(t, tree, "add", "-A")
		gitIn(t, tree, "commit", "-q", "-m", "x")
	}
	gitIn(t, inbox, "clone", "-q", "--bare", tree, filepath.Join(inbox, "git", "0.git"))
	gitIn(t, inbox, "init", "-q", "--bare", "all.git")
	put(t, filepath.Join(inbox, "inbox.lock"), "")
	put(t, filepath.Join(inbox, "msgmap.sqlite3"), "SQLite format 3\x00")
	put(t, filepath.Join(inbox, "xap15", "0", "docdata.glass"), "\x00\x01")
	units, problems := bodies(t, Options{}, inbox)
	if strings.Join(units, "|") != strings.Join(want, "|") || len(problems) != 0 {
		t.Errorf("units %q, problems %q; want %q", units, problems, want)
	}
	// A held limit that spills each message gives the same units.
	n := 0
	for u, err := range Units(context.Background(), []string{inbox}, Options{MaxHeld: 8}) {
		if err != nil || u.Open == nil && string(u.Data) == "" {
			t.Fatalf("unit %d: %v", n, err)
		}
		u.Release()
		n++
	}
	if n != len(want) {
		t.Errorf("%d units with a small held limit", n)
	}
}

func TestPublicInboxV1(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	gitIn(t, tree, "init", "-q")
	var want []string
	for i := range 3 {
		put(t, filepath.Join(tree, fmt.Sprintf("%02x", 10+i), strings.Repeat(fmt.Sprint(i), 38)), mail(i))
		want = append(want, mail(i))
	}
	gitIn(t, tree, "add", "-A")
	gitIn(t, tree, "commit", "-q", "-m", "x")
	bare := filepath.Join(t.TempDir(), "v1.git")
	gitIn(t, tree, "clone", "-q", "--bare", tree, bare)
	units, problems := bodies(t, Options{}, bare)
	if strings.Join(units, "|") != strings.Join(want, "|") || len(problems) != 0 {
		t.Errorf("units %q, problems %q; want %q", units, problems, want)
	}
}

func TestOtherGitRepositoriesAreRefused(t *testing.T) {
	t.Parallel()
	tree := t.TempDir()
	gitIn(t, tree, "init", "-q")
	put(t, filepath.Join(tree, "main.c"), "int main;")
	gitIn(t, tree, "add", "-A")
	gitIn(t, tree, "commit", "-q", "-m", "x")
	bare := filepath.Join(t.TempDir(), "code.git")
	gitIn(t, tree, "clone", "-q", "--bare", tree, bare)
	units, problems := bodies(t, Options{}, bare)
	if len(units) != 0 || strings.Join(problems, " ") != CodeUnsupported {
		t.Errorf("units %q, problems %q", units, problems)
	}
	put(t, filepath.Join(bare, "objects", "pack", "x"), "")
	broken := filepath.Join(t.TempDir(), "broken.git")
	for _, n := range []string{"HEAD", "objects/x", "refs/x"} {
		put(t, filepath.Join(broken, n), "rubbish")
	}
	if units, problems := bodies(t, Options{}, broken); len(units) != 0 || len(problems) != 1 {
		t.Errorf("broken: units %q, problems %q", units, problems)
	}
}
