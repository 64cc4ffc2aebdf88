package reader

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// A public-inbox keeps mail in git: layout v2 has one commit for each message,
// which is the file m of its tree (a commit with d alone removed one); v1 has
// one file for each message, named by a hash in folders of two hex digits. The
// messages are read through git's plumbing.

// gitEnv keeps a repository, which may be hostile, from running or fetching
// anything: no configuration but its own, no transport, no lazy fetch.
var gitEnv = []string{
	"GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ALLOW_PROTOCOL=", "GIT_NO_LAZY_FETCH=1",
	"GIT_NO_REPLACE_OBJECTS=1", "GIT_OPTIONAL_LOCKS=0", "GIT_TERMINAL_PROMPT=0", "LC_ALL=C",
}

// gitRepo is one repository being read.
type gitRepo struct {
	walk *walk
	dir  string
}

// git reads a repository in the order of its commits (v2) or of its names (v1).
func (w *walk) git(dir string) error {
	g := &gitRepo{walk: w, dir: dir}
	top, err := g.output("ls-tree", "--name-only", "-z", "HEAD")
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return w.problem(dir, CodeUnsupported, errors.New("a git repository, and git is not installed"))
	case err != nil && g.unborn():
		return nil // an inbox's all.git, which only borrows objects
	case err != nil:
		return w.problem(dir, CodeUnreadable, err)
	}
	switch names := strings.Split(strings.TrimRight(top, "\x00"), "\x00"); {
	case isInboxV2(names):
		return g.read(g.commits)
	case isInboxV1(names):
		return g.read(g.blobs)
	}
	return w.problem(dir, CodeUnsupported, errors.New("a git repository that is no public-inbox"))
}

func isInboxV2(top []string) bool {
	return len(top) == 1 && (top[0] == "m" || top[0] == "d" || top[0] == "_")
}

func isInboxV1(top []string) bool {
	for _, n := range top {
		if len(n) != 2 || strings.Trim(n, "0123456789abcdef") != "" {
			return false
		}
	}
	return len(top) > 0
}

func (g *gitRepo) command(args ...string) *exec.Cmd {
	c := exec.CommandContext(g.walk.run.ctx, "git", append([]string{"--git-dir=" + g.dir, "--no-pager"}, args...)...)
	c.Env = append(gitEnv, "PATH="+os.Getenv("PATH"))
	return c
}

func (g *gitRepo) output(args ...string) (string, error) {
	out, err := g.command(args...).Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok && len(exit.Stderr) > 0 {
		err = errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	return string(out), err
}

// unborn tells whether HEAD names a branch without a commit.
func (g *gitRepo) unborn() bool {
	_, err := g.output("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
	_, noRefs := g.output("symbolic-ref", "--quiet", "HEAD")
	return err != nil && noRefs == nil
}

// commits names the object of each commit of a v2 inbox.
func (g *gitRepo) commits(ctx context.Context, each func(object, name string) error) error {
	return g.lines([]string{"rev-list", "--reverse", "HEAD"}, '\n', func(commit string) error {
		return each(commit+":m", commit)
	})
}

// blobs names the object of each file of a v1 inbox.
func (g *gitRepo) blobs(ctx context.Context, each func(object, name string) error) error {
	return g.lines([]string{"ls-tree", "-r", "-z", "HEAD"}, 0, func(line string) error {
		meta, name, _ := strings.Cut(line, "\t")
		f := strings.Fields(meta)
		if len(f) != 3 || f[1] != "blob" {
			return nil
		}
		return each(f[2], name)
	})
}

// lines runs a command and gives its output line by line.
func (g *gitRepo) lines(args []string, end byte, each func(string) error) error {
	c := g.command(args...)
	out, err := c.StdoutPipe()
	if err != nil {
		return err
	}
	if err := c.Start(); err != nil {
		return err
	}
	defer c.Wait()
	defer out.Close()
	for r := bufio.NewReader(out); ; {
		line, err := r.ReadString(end)
		if line = strings.TrimRight(line, "\n\x00"); line != "" {
			if err := each(line); err != nil {
				return err
			}
		}
		if err != nil {
			return nonEOF(err)
		}
	}
}

// read gives out the messages that list names.
func (g *gitRepo) read(list func(context.Context, func(object, name string) error) error) error {
	r := g.walk.run
	cat, err := g.startCat()
	if err != nil {
		return g.walk.problem(g.dir, CodeUnreadable, err)
	}
	defer cat.stop()
	err = list(r.ctx, func(object, name string) error {
		g.walk.files++
		size, err := cat.ask(object)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // a commit that removed a message
		}
		if err != nil {
			return &fault{CodeCorrupt, fmt.Errorf("%s: %w", name, err)}
		}
		return cat.message(r, escape(g.dir)+"!"+escape(name), size)
	})
	if f, ok := errors.AsType[*fault](err); ok {
		return g.walk.problem(g.dir, f.code, f.err)
	}
	return err
}

// gitCat is a running git cat-file --batch.
type gitCat struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func (g *gitRepo) startCat() (*gitCat, error) {
	c := g.command("cat-file", "--batch")
	in, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return nil, err
	}
	return &gitCat{cmd: c, in: in, out: bufio.NewReaderSize(out, readSize)}, c.Start()
}

func (c *gitCat) stop() {
	c.in.Close()
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// ask asks for an object and returns its size. fs.ErrNotExist is that of an
// object that is not there.
func (c *gitCat) ask(object string) (int64, error) {
	if _, err := io.WriteString(c.in, object+"\n"); err != nil {
		return 0, err
	}
	head, err := c.out.ReadString('\n')
	if err != nil {
		return 0, err
	}
	f := strings.Fields(head)
	if len(f) == 2 && f[1] == "missing" {
		return 0, fs.ErrNotExist
	}
	if len(f) != 3 || f[1] != "blob" {
		return 0, fmt.Errorf("git cat-file says %q", strings.TrimSpace(head))
	}
	return strconv.ParseInt(f[2], 10, 64)
}

// message reads the object that was asked for as one message.
func (c *gitCat) message(r *run, name string, size int64) error {
	r.setCurrent(name)
	body := io.LimitReader(c.out, size)
	raw := &rawReader{r: body, run: r}
	if err := r.source(&source{name: name, size: size, r: raw, raw: raw, format: EML}); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, body); err != nil {
		return &fault{CodeCorrupt, err}
	}
	_, err := c.out.Discard(1) // the line end behind the object
	if err != nil {
		return &fault{CodeCorrupt, err}
	}
	return nil
}
