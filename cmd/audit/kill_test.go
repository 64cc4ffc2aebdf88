package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// command makes the command as a process of its own: this test binary, which is
// the command where it is called so (see TestMain).
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), self, args...)
	c.Args[0] = "audit"
	c.Env = append(os.Environ(), "GOCOVERDIR="+t.TempDir(), peakFile+"="+filepath.Join(t.TempDir(), "peak"))
	return c
}

// statusOf runs a command to its end and returns its exit status and what it
// wrote; -1 is a signal.
func statusOf(t *testing.T, c *exec.Cmd) (int, string, string) {
	t.Helper()
	var out, diag bytes.Buffer
	c.Stdout, c.Stderr = &out, &diag
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), diag.String()
}

// killArchive is a folder of mail with all that may stand between messages: other
// formats, damage, problems at the borders of parts.
func killArchive(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	list, err := os.ReadFile(filepath.Join(testdata, "archive", "lists.mbox"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		writeTestFile(t, filepath.Join(dir, fmt.Sprintf("%d.mbox", i)), list)
		writeTestFile(t, filepath.Join(dir, fmt.Sprintf("%d.empty", i)), nil)
		var packed bytes.Buffer
		if err := compress(&packed, "gz", string(list)); err != nil {
			t.Fatal(err)
		}
		writeTestFile(t, filepath.Join(dir, fmt.Sprintf("%d.mbox.gz", i)), packed.Bytes()[:packed.Len()/2])
	}
	return dir
}

func writeTestFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// killRun is a run that is ended from outside again and again.
type killRun struct {
	t    *testing.T
	in   string
	out  string
	args []string
}

func newKillRun(t *testing.T, more ...string) *killRun {
	k := &killRun{t: t, in: killArchive(t), out: filepath.Join(t.TempDir(), "out")}
	k.args = []string{"run", "--resume", "--part-rows", "20", "--progress", "none", "--dns", "zone:" + filepath.Join(testdata, "zone")}
	k.args = append(append(k.args, more...), "--out")
	return k
}

// command is the run, writing to out.
func (k *killRun) command(out string, more ...string) *exec.Cmd {
	return command(k.t, append(append(append([]string{}, k.args...), out), append(more, k.in)...)...)
}

// until starts the run and signals it when as many parts are there, and a moment
// after that. It returns the exit status, -1 for death by the signal.
func (k *killRun) until(parts int, after time.Duration, sig os.Signal, more ...string) (int, string) {
	k.t.Helper()
	c := k.command(k.out, more...)
	var diag bytes.Buffer
	c.Stderr = &diag
	if err := c.Start(); err != nil {
		k.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { c.Wait(); close(ended) }()
	for k.parts() < parts {
		select {
		case <-ended:
			return c.ProcessState.ExitCode(), diag.String()
		case <-time.After(200 * time.Microsecond):
		}
	}
	time.Sleep(after)
	_ = c.Process.Signal(sig)
	<-ended
	return c.ProcessState.ExitCode(), diag.String()
}

func (k *killRun) parts() int {
	names, _ := filepath.Glob(filepath.Join(k.out, "messages", "*.parquet"))
	months, _ := filepath.Glob(filepath.Join(k.out, "messages", "month=*", "*.parquet"))
	return len(names) + len(months)
}

// reference is what the run writes when nobody interrupts it.
func (k *killRun) reference() string {
	k.t.Helper()
	out := filepath.Join(k.t.TempDir(), "reference")
	if status, _, diag := statusOf(k.t, k.command(out)); status != exitProblems {
		k.t.Fatalf("exit status %d\n%s", status, diag)
	}
	return out
}

// TestKill kills a run at many moments. What it leaves behind is always something
// that can be resumed, and the end is, byte for byte, what an undisturbed run writes.
func TestKill(t *testing.T) {
	t.Parallel()
	killed := killAndResume(t, newKillRun(t), 40)
	if killed < 5 {
		t.Errorf("only %d kills", killed)
	}
}

// TestKillMonths is TestKill for a dataset by month, where a part of the input
// has many files.
func TestKillMonths(t *testing.T) {
	t.Parallel()
	killed := killAndResume(t, newKillRun(t, "--partition-by", "month"), 25)
	if killed < 5 {
		t.Errorf("only %d kills", killed)
	}
}

// killAndResume kills a run up to that many times, and tells how often.
func killAndResume(t *testing.T, k *killRun, times int) (killed int) {
	t.Helper()
	r := rand.New(rand.NewPCG(9, 17))
	for parts := 0; killed < times; parts += 1 + r.IntN(10) {
		status, diag := k.until(parts, time.Duration(r.IntN(4000))*time.Microsecond, os.Kill, "--workers", fmt.Sprint(1+killed%3))
		if status == exitProblems {
			break
		}
		if status != -1 {
			t.Fatalf("after %d kills: exit status %d\n%s", killed, status, diag)
		}
		killed++
		if _, err := os.Stat(filepath.Join(k.out, "manifest.json")); err == nil {
			break // killed after the dataset was complete
		}
		if status, _, diag := statusOf(t, command(t, "summary", k.out)); status != exitUsage || k.parts() > 0 && !strings.Contains(diag, "can be resumed") {
			t.Fatalf("summary of an unfinished dataset: exit status %d\n%s", status, diag)
		}
	}
	if status, _, diag := statusOf(t, k.command(k.out)); status != exitProblems && status != exitOK {
		t.Fatalf("exit status %d\n%s", status, diag)
	}
	if diff := datasetsDiffer(k.reference(), k.out); diff != "" {
		t.Errorf("after %d kills:\n%s", killed, diff)
	}
	if left, _ := filepath.Glob(filepath.Join(k.out, "*.tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	return killed
}

// TestInterrupt sends SIGINT: status 130, a word on how to go on, and the very
// bytes in the end.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	k := newKillRun(t)
	interrupted := 0
	for parts := 1; parts < 200; parts += 17 {
		status, diag := k.until(parts, time.Millisecond, os.Interrupt)
		if status == exitProblems {
			break
		}
		if status != exitInterrupt || !strings.Contains(diag, "interrupted; go on with: audit run --resume --out "+k.out) {
			t.Fatalf("exit status %d\n%s", status, diag)
		}
		interrupted++
		if left, _ := filepath.Glob(filepath.Join(k.out, "*", "*.tmp")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
	if interrupted == 0 {
		t.Error("never interrupted")
	}
	if diff := datasetsDiffer(k.reference(), k.out); diff != "" {
		t.Errorf("after %d interrupts:\n%s", interrupted, diff)
	}
}

// TestInterruptWaiting interrupts runs that wait for a pipe nobody writes to.
func TestInterruptWaiting(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := makeFIFO(fifo); err != nil {
		t.Skip("no FIFO:", err)
	}
	for _, in := range []string{"-", fifo} {
		out := filepath.Join(dir, "out"+filepath.Base(in))
		c := command(t, "run", "--dns", "zone:"+filepath.Join(testdata, "zone"), "--out", out, in)
		feed, err := c.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = feed.Write([]byte(fixtureFromLine + passing("1") + "\n" + fixtureFromLine))
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(filepath.Join(out, "checkpoint.json")); err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("the run does not start")
			}
		}
		_ = c.Process.Signal(os.Interrupt)
		_ = c.Wait()
		if got := c.ProcessState.ExitCode(); got != exitInterrupt {
			t.Errorf("%s: exit status %d", in, got)
		}
	}
}

// TestResumeRefused changes what a stopped run began with.
func TestResumeRefused(t *testing.T) {
	t.Parallel()
	k := newKillRun(t)
	if status, diag := k.until(3, 0, os.Kill); status != -1 {
		t.Fatalf("exit status %d\n%s", status, diag)
	}
	before, err := datasetFiles(k.out)
	if err != nil {
		t.Fatal(err)
	}
	refused := func(what, word string, c *exec.Cmd) {
		t.Helper()
		status, out, diag := statusOf(t, c)
		if status != exitUsage || out != "" || !strings.Contains(diag, word) {
			t.Errorf("%s: exit status %d, want %q on stderr\n%s", what, status, word, diag)
		}
		after, _ := datasetFiles(k.out)
		if len(after) != len(before) {
			t.Errorf("%s: %d files, %d before", what, len(after), len(before))
		}
	}
	refused("other rules", "rules was rfc9989, is rfc7489", k.command(k.out, "--rules", "rfc7489"))
	refused("another input", "input 2", k.command(k.out, filepath.Join(testdata, "archive")))
	refused("other parts", "rows of a part", k.command(k.out, "--part-rows", "21"))
	refused("other addresses", "addresses", k.command(k.out, "--addresses", "full"))
	refused("no --resume", "a dataset is there already", command(t, "run", "--dns", "zone:"+filepath.Join(testdata, "zone"), "--out", k.out, k.in))

	added := filepath.Join(k.in, "added.eml")
	writeTestFile(t, added, []byte(passing("added")))
	refused("a file more", k.in, k.command(k.out))
	if err := os.Remove(added); err != nil {
		t.Fatal(err)
	}
	grown := filepath.Join(k.in, "0.mbox")
	info, err := os.Stat(grown)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(grown)
	if err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, grown, append(text, "more\n"...))
	refused("a file that grew", k.in, k.command(k.out))
	// As it was, it goes on.
	writeTestFile(t, grown, text)
	if err := os.Chtimes(grown, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if status, _, diag := statusOf(t, k.command(k.out)); status != exitProblems {
		t.Errorf("exit status %d\n%s", status, diag)
	}
	if diff := datasetsDiffer(k.reference(), k.out); diff != "" {
		t.Error(diff)
	}
}

// TestResumeOtherInput resumes over standard input that is another, and over a file
// whose size and time of change were kept.
func TestResumeOtherInput(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	filling := strings.Repeat("Some more text, so that the reader's blocks fill.\n", 100)
	for i := range 700 { // 4 MB: pipes are read in large pieces
		text.WriteString(fixtureFromLine + passing(fmt.Sprint(1000+i)) + filling + "\n")
	}
	for name, other := range map[string]string{
		"another":  strings.ReplaceAll(text.String(), "Text.", "Other text."),
		"shorter":  text.String()[:100_000],
		"nothing":  "",
		"the same": text.String(),
	} {
		out := filepath.Join(t.TempDir(), "out")
		args := []string{"run", "--resume", "--part-rows", "50", "--dns", "zone:" + filepath.Join(testdata, "zone"), "--out", out, "-"}
		first := command(t, args...)
		feed, err := first.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := first.Start(); err != nil {
			t.Fatal(err)
		}
		_, _ = feed.Write([]byte(text.String()))
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
			if _, err := os.Stat(filepath.Join(out, "messages", "part-00001.parquet")); err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Fatal("no second part")
			}
		}
		_ = first.Process.Kill()
		_ = first.Wait()
		again := command(t, args...)
		again.Stdin = strings.NewReader(other)
		status, _, diag := statusOf(t, again)
		if name == "the same" {
			if status != exitOK {
				t.Errorf("%s: exit status %d\n%s", name, status, diag)
			}
			continue
		}
		if status != exitUsage || !strings.Contains(diag, "not those that the run began with") {
			t.Errorf("%s: exit status %d\n%s", name, status, diag)
		}
	}
}
