//go:build linux

package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// tinyDisk mounts a file system of that size, or skips the test.
func tinyDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("no file system of %s can be mounted: %v", size, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func grow(t *testing.T, dir, size string) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size="+size); err != nil {
		t.Fatal(err)
	}
}

// TestDiskFull fills the disk at several places. The run says so, ends with status
// 3, and goes on once there is room.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	zone := "zone:" + filepath.Join(testdata, "zone")
	reference := shippedDataset(t, "--part-rows", "50")
	for _, size := range []string{"4k", "40k", "100k", "200k", "300k"} {
		t.Run(size, func(t *testing.T) {
			t.Parallel()
			disk := tinyDisk(t, size)
			out := filepath.Join(disk, "out")
			args := []string{"run", "--resume", "--part-rows", "50", "--dns", zone, "--out", out, filepath.Join(testdata, "archive")}
			status, stdout, diag := statusOf(t, command(t, args...))
			if status != exitIncomplete || stdout != "" {
				t.Fatalf("exit status %d\n%s%s", status, stdout, diag)
			}
			if !strings.Contains(diag, "no space left on device") || !strings.Contains(diag, out) || !strings.Contains(diag, "--resume") {
				t.Errorf("stderr:\n%s", diag)
			}
			// What is there under its final name is whole.
			parts, _ := filepath.Glob(filepath.Join(out, "*", "*.parquet"))
			for _, part := range parts {
				openParquet(t, part)
			}
			if left, _ := filepath.Glob(filepath.Join(out, "*", "*.tmp")); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
			grow(t, disk, "8m")
			if status, _, diag := statusOf(t, command(t, args...)); status != exitProblems {
				t.Fatalf("resumed: exit status %d\n%s", status, diag)
			}
			if diff := datasetsDiffer(reference, out); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestStdoutFull: the dataset is complete, but nobody could be told.
func TestStdoutFull(t *testing.T) {
	t.Parallel()
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip(err)
	}
	defer full.Close()
	out := shippedDataset(t)
	for _, args := range [][]string{{"summary", out}, {"summary", "--json", out}} {
		c := command(t, args...)
		c.Stdout = full
		var diag strings.Builder
		c.Stderr = &diag
		_ = c.Run()
		if got := c.ProcessState.ExitCode(); got != exitIncomplete || !strings.Contains(diag.String(), "no space left on device") {
			t.Errorf("%v: exit status %d: %s", args, got, &diag)
		}
	}
}

// TestUnreadable runs as a user who may not read a file and a folder. Root may read
// all, so the process becomes nobody.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	c := command(t)
	if os.Getuid() == 0 {
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	dir, err := os.MkdirTemp("", "audit-unreadable") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = os.Chmod(filepath.Join(dir, "closed"), 0o700)
		os.RemoveAll(dir)
	})
	for _, sub := range []string{"closed", "out"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	writeTestFile(t, filepath.Join(dir, "closed", "in.eml"), []byte(passing("in")))
	if err := writeFixtures(dir); err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile(c.Path)
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "audit")
	for path, mode := range map[string]os.FileMode{
		dir: 0o755, filepath.Join(dir, "out"): 0o777, filepath.Join(dir, "closed"): 0, filepath.Join(dir, "fail.eml"): 0,
	} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(binary, self, 0o755); err != nil {
		t.Fatal(err)
	}
	c.Path, c.Dir, c.Env = binary, dir, []string{"GOCOVERDIR=" + filepath.Join(dir, "out")}
	c.Args = []string{"audit", "run", "--dns", "zone:zone", "--out", "out/d", "closed", "fail.eml", "pass.eml"}
	status, stdout, diag := statusOf(t, c)
	if status != exitProblems || !strings.HasPrefix(stdout, "1 message,") {
		t.Fatalf("exit status %d\n%s%s", status, stdout, diag)
	}
	for _, want := range []string{"audit: closed: unreadable: permission denied\n", "audit: fail.eml: unreadable: permission denied\n"} {
		if !strings.Contains(diag, want) {
			t.Errorf("stderr lacks %q:\n%s", want, diag)
		}
	}
	// A dataset that may not be written.
	c2 := command(t)
	c2.SysProcAttr, c2.Path, c2.Dir, c2.Env = c.SysProcAttr, c.Path, c.Dir, c.Env
	c2.Args = []string{"audit", "run", "--dns", "zone:zone", "--out", "d", "pass.eml"}
	if status, stdout, diag := statusOf(t, c2); status != exitIncomplete || stdout != "" || !strings.Contains(diag, "permission denied") {
		t.Errorf("exit status %d\n%s%s", status, stdout, diag)
	}
}
