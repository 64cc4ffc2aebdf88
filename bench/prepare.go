package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
)

// module is the folder of the main module, seen from this one's.
const module = ".."

// prepare builds audit and generates the archive where it is not there.
func (o *options) prepare() error {
	if o.audit == "" {
		o.audit = filepath.Join(o.programs, "audit")
		if err := goBuild(o.audit, "./cmd/audit"); err != nil {
			return err
		}
	}
	a, err := o.archiveOf(o.n)
	o.archive = a
	return err
}

// archive is generated mail.
type archive struct{ mbox, zone string }

// archiveOf generates the archive of n messages where it is not there, and reads
// it once.
func (o *options) archiveOf(n int) (archive, error) {
	dir := filepath.Join(o.dir, fmt.Sprintf("bench-%d", n))
	a := archive{filepath.Join(dir, "bench.mbox"), filepath.Join(dir, "zone")}
	if _, err := os.Stat(a.mbox); errors.Is(err, fs.ErrNotExist) {
		if err := o.generate(dir, n); err != nil {
			return a, err
		}
	}
	return a, touch(a.mbox)
}

func (o *options) generate(dir string, n int) error {
	fmt.Fprintf(os.Stderr, "generating %d messages in %s\n", n, dir)
	corpus := filepath.Join(o.programs, "mkcorpus")
	if err := goBuild(corpus, "./internal/corpus/mkcorpus"); err != nil {
		return err
	}
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return err
	}
	if err := os.MkdirAll(partial, 0o777); err != nil {
		return err
	}
	if err := command(corpus, "bench", "-n", fmt.Sprint(n), "-out", partial).Run(); err != nil {
		return fmt.Errorf("mkcorpus: %w", err)
	}
	return os.Rename(partial, dir)
}

// goBuild builds as the Makefile does.
func goBuild(out, pkg string) error {
	c := command("go", "build", "-C", module, "-trimpath", "-o", out, pkg)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if err := c.Run(); err != nil {
		return fmt.Errorf("building %s: %w", pkg, err)
	}
	return nil
}

// command is a command whose diagnostics are seen.
func command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Stderr = os.Stderr
	return c
}

// touch reads a file once, so that the first program measured does not pay for
// the disk.
func touch(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20))
	return err
}
