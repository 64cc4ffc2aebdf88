package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// childFlag makes this program one of those that are measured.
const childFlag = "-child"

// job is what a child is told.
type job struct {
	archive, zone string
	out           string // folder for what it writes
	sample        int    // messages of a sample
}

// children are the programs of this module, by name.
var children = map[string]func(job) error{
	"floor":      func(j job) error { return floor(j, stdRSA) },
	"floor-kept": func(j job) error { return floor(j, keptKeys) },
	"hash":       func(j job) error { return floor(j, noCheck) },
	"obvious":    obvious,
	"mox":        mox,
	"agree":      agree,
	"sample":     sample,
	"processors": processorsChild,
}

// childCommand is a child that writes into out.
func childCommand(name, archive, zone, out string) (*exec.Cmd, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return command(exe, childFlag, name, archive, zone, out), nil
}

// child is a childCommand and the scratch folder that it writes into.
func (t *table) child(name, archive, zone string) (c *exec.Cmd, out string, err error) {
	if out, err = t.scratch(name); err != nil {
		return nil, "", err
	}
	c, err = childCommand(name, archive, zone, out)
	return c, out, err
}

// child runs one program: NAME ARCHIVE ZONE OUT.
func child(args []string) error {
	if len(args) != 4 {
		return fmt.Errorf("%s: wrong arguments", childFlag)
	}
	f, ok := children[args[0]]
	if !ok {
		return fmt.Errorf("no program %q", args[0])
	}
	n, _ := strconv.Atoi(os.Getenv(sampleEnv))
	return f(job{archive: args[1], zone: args[2], out: args[3], sample: n})
}

// verdict is what a program found of one message, in the words of RFC 8601.
type verdict struct{ id, spf, dkim, dmarc string }

// verdictFile names where a program leaves its verdicts: one line each, with
// tabs; a field is empty where the program does not judge it.
const verdictFile = "verdicts.tsv"

// verdictWriter writes verdicts.
type verdictWriter struct {
	f *os.File
	w *bufio.Writer
}

func newVerdictWriter(path string) (*verdictWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &verdictWriter{f, bufio.NewWriter(f)}, nil
}

func (v *verdictWriter) write(x verdict) {
	for _, s := range [...]string{x.id, "\t", x.spf, "\t", x.dkim, "\t", x.dmarc, "\n"} {
		v.w.WriteString(s) // its error comes back from Flush
	}
}

func (v *verdictWriter) close() error {
	if err := v.w.Flush(); err != nil {
		v.f.Close()
		return err
	}
	return v.f.Close()
}

// readVerdicts gives the lines of a verdict file to take.
func readVerdicts(path string, take func(verdict)) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		if p := strings.Split(s.Text(), "\t"); len(p) == 4 {
			take(verdict{p[0], p[1], p[2], p[3]})
		}
	}
	return s.Err()
}
