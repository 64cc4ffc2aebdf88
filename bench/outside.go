package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// peer is a program outside of Go. It is given a sample and the zone as tables,
// and leaves a verdict file.
type peer struct {
	name, note string
	// available returns the command but for its arguments, or why there is none.
	available func(o *options) ([]string, error)
}

var peers = []peer{
	{"Mail::DMARC", "with Mail::DKIM and Mail::SPF, in one process", perlPeer},
	{"dkimpy", "with authheaders and pyspf, in one process", pythonPeer},
	{"opendkim's library", "DKIM alone", opendkimPeer},
}

func perlPeer(*options) ([]string, error) {
	if err := exec.Command("perl", "-MMail::DMARC", "-MMail::DKIM", "-MMail::SPF", "-e", "1").Run(); err != nil {
		return nil, errors.New("Mail::DMARC, Mail::DKIM or Mail::SPF is not installed")
	}
	return []string{"perl", "outside/maildmarc.pl"}, nil
}

func pythonPeer(o *options) ([]string, error) {
	if err := exec.Command(o.python, "-c", "import authheaders, dkim, spf").Run(); err != nil {
		return nil, errors.New("dkimpy, authheaders or pyspf is not installed")
	}
	return []string{o.python, "outside/dkimpy.py"}, nil
}

func opendkimPeer(o *options) ([]string, error) {
	exe := filepath.Join(o.programs, "opendkim")
	c := exec.Command("cc", "-O2", "-o", exe, "outside/opendkim.c", "-lopendkim")
	if text, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cannot be built (%s)", strings.SplitN(string(text)+err.Error(), "\n", 2)[0])
	}
	return []string{exe}, nil
}

// measureOutside measures what is installed, over a sample. What a program
// takes to start is measured without messages and left out.
func (t *table) measureOutside() error {
	dir, err := t.sampleMessages()
	if err != nil {
		return err
	}
	for _, x := range peers {
		if !t.o.wanted(x.name) {
			continue
		}
		p := t.add(x.name, x.note)
		argv, err := x.available(t.o)
		if err != nil {
			p.skipped = err.Error()
			continue
		}
		fmt.Fprintf(os.Stderr, "%s, %d messages\n", p.name, t.o.sample)
		if err := t.measurePeer(p, argv, dir); err != nil {
			p.skipped = err.Error()
		}
	}
	if t.o.wanted("rspamd") {
		t.measureRspamd(dir)
	}
	return nil
}

func (t *table) sampleMessages() (string, error) {
	dir, err := t.scratch("sample")
	if err != nil {
		return "", err
	}
	exe, err := os.Executable()
	if err != nil {
		return "", err
	}
	c := command(exe, childFlag, "sample", t.o.archive.mbox, t.o.archive.zone, dir)
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", sampleEnv, t.o.sample))
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("sample: %w", err)
	}
	return dir, os.WriteFile(filepath.Join(dir, "nothing.tsv"), nil, 0o666)
}

func (t *table) measurePeer(p *program, argv []string, dir string) error {
	verdicts := filepath.Join(dir, strings.ReplaceAll(p.name, " ", "-")+".tsv")
	run := func(list string) (cost, error) {
		args := append(argv[1:len(argv):len(argv)], filepath.Join(dir, list), filepath.Join(dir, zoneFile), verdicts)
		return measure(command(argv[0], args...))
	}
	for begun := time.Now(); len(p.costs) == 0 || len(p.costs) < t.o.rounds && time.Since(begun) < peerTime; {
		idle, err := run("nothing.tsv")
		if err != nil {
			return err
		}
		c, err := run(sampleFile)
		if err != nil {
			return err
		}
		c.setup = idle.cpu
		p.costs = append(p.costs, c)
	}
	p.messages, p.verdicts, p.apart = t.o.sample, verdicts, true
	p.note = fmt.Sprintf("%s; %d messages, one of each class of size, %d times", p.note, t.o.sample, len(p.costs))
	return nil
}

// peerTime is how long a peer may have taken for another round to begin.
const peerTime = 20 * time.Second
