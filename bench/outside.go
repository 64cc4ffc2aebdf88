package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// peer is a program outside of Go. It is given a sample and the zone as tables,
// and leaves a verdict file.
type peer struct {
	name, note string
	share      int // of the sample it judges one in so many: the slow would take minutes
	// prepare returns what judges lists of messages below dir, or why nothing does.
	prepare func(o *options, dir string) (judge, error)
}

// judge has a list of messages judged.
type judge func(list, verdicts string) (cost, error)

var peers = []peer{
	{"Mail::DMARC", "with Mail::DKIM and Mail::SPF, in one process", 1, perlPeer},
	{"dkimpy", "with authheaders and pyspf, in one process", 10, pythonPeer},
	{"opendkim's library", "DKIM alone", 1, opendkimPeer},
	{"rspamd", "spf, dkim and dmarc alone, one worker, its own parsing of MIME", 1, rspamdPeer},
}

func perlPeer(_ *options, dir string) (judge, error) {
	if err := exec.Command("perl", "-MMail::DMARC", "-MMail::DKIM", "-MMail::SPF", "-e", "1").Run(); err != nil {
		return nil, errors.New("Mail::DMARC, Mail::DKIM or Mail::SPF is not installed")
	}
	return judgeBy(dir, "perl", "outside/maildmarc.pl"), nil
}

func pythonPeer(o *options, dir string) (judge, error) {
	if err := exec.Command(o.python, "-c", "import authheaders, dkim, spf").Run(); err != nil {
		return nil, errors.New("dkimpy, authheaders or pyspf is not installed")
	}
	return judgeBy(dir, o.python, "outside/dkimpy.py"), nil
}

func opendkimPeer(o *options, dir string) (judge, error) {
	exe := filepath.Join(o.programs, "opendkim")
	c := exec.Command("cc", "-O2", "-o", exe, "outside/opendkim.c", "-lopendkim")
	if text, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot be built (%s)", strings.SplitN(string(text)+err.Error(), "\n", 2)[0])
	}
	return judgeBy(dir, exe), nil
}

// judgeBy runs a command for a list of messages.
func judgeBy(dir, name string, args ...string) judge {
	return func(list, verdicts string) (cost, error) {
		return measure(command(name, append(slices.Clip(args), list, filepath.Join(dir, zoneFile), verdicts)...))
	}
}

// peerTime is how long a peer may have taken for another turn of it to begin.
const peerTime = 20 * time.Second

// peerTurns are those of what is installed.
func (t *table) peerTurns() ([]turn, error) {
	var turns []turn
	for _, x := range peers {
		if !t.o.wanted(x.name) {
			continue
		}
		n := max(t.o.sample/x.share, 1)
		dir, err := t.sampleMessages(n)
		if err != nil {
			return nil, err
		}
		p := t.add(x.name, fmt.Sprintf("%s; %d messages, one of each class of size", x.note, n))
		judge, err := x.prepare(t.o, dir)
		if err != nil {
			p.skipped = err.Error()
			continue
		}
		p.messages = n
		p.verdicts = filepath.Join(dir, strings.ReplaceAll(x.name, " ", "-")+".tsv")
		turns = append(turns, turn{p: p, run: judge.sample(dir), limit: peerTime})
	}
	return turns, nil
}

// sample has the sample judged. What a program takes to start is measured
// without messages and left out.
func (j judge) sample(dir string) func(*program) (cost, error) {
	return func(p *program) (cost, error) {
		idle, err := j(filepath.Join(dir, nothingFile), p.verdicts)
		if err != nil {
			return idle, err
		}
		c, err := j(filepath.Join(dir, sampleFile), p.verdicts)
		c.setup = idle.cpu
		return c, err
	}
}

// sampleMessages writes a sample of n messages, unless it is there, and returns its
// folder.
func (t *table) sampleMessages(n int) (string, error) {
	dir, err := t.scratch(fmt.Sprintf("sample-%d", n))
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(filepath.Join(dir, nothingFile)); err == nil {
		return dir, nil
	}
	c, err := childCommand("sample", t.o.archive.mbox, t.o.archive.zone, dir)
	if err != nil {
		return "", err
	}
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", sampleEnv, n))
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("sample: %w", err)
	}
	return dir, os.WriteFile(filepath.Join(dir, nothingFile), nil, 0o666)
}
