package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"
)

// processors is what two of the machine's processors do side by side, as times what
// one does: what two workers can come to, and how much that changes.
type processors struct {
	hashes, copies []float64 // of each round
}

// measureProcessors adds a round: another process has the memory, or every program measured
// after it would begin with as much.
func (t *table) measureProcessors() error {
	if runtime.NumCPU() < 2 {
		return nil
	}
	exe, err := os.Executable()
	if err != nil {
		return err
	}
	out, err := t.scratch("processors")
	if err != nil {
		return err
	}
	c := command(exe, childFlag, "processors", "", "", out)
	c.Env = withProcs(2)
	if err := c.Run(); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(out, processorsFile))
	if err != nil {
		return err
	}
	var hashes, copies float64
	if _, err := fmt.Sscan(string(text), &hashes, &copies); err != nil {
		return err
	}
	t.machine.hashes, t.machine.copies = append(t.machine.hashes, hashes), append(t.machine.copies, copies)
	return nil
}

// print tells what was measured.
func (p *processors) print(w io.Writer) {
	if len(p.hashes) == 0 {
		return
	}
	fmt.Fprintf(w, "two processors of this machine: SHA-256 from the cache %.2f times one (%.2f to %.2f), copying from memory %.2f (%.2f to %.2f)\n",
		median(p.hashes), slices.Min(p.hashes), slices.Max(p.hashes), median(p.copies), slices.Min(p.copies), slices.Max(p.copies))
}

const processorsFile = "processors.txt"

// Sizes of the work, bytes.
const (
	worked    = 256 << 20 // more than any cache has
	hashPiece = 8 << 10
	copyPiece = 256 << 10
)

// processorsChild measures once.
func processorsChild(j job) error {
	memory := make([]byte, worked)
	for i := range memory {
		memory[i] = byte(i)
	}
	hash := func(_, n int) {
		buf := make([]byte, hashPiece)
		for range n / hashPiece {
			sha256.Sum256(buf)
		}
	}
	copying := func(from, n int) {
		buf := make([]byte, copyPiece)
		for at := from; at < from+n; at += copyPiece {
			copy(buf, memory[at:])
		}
	}
	var v [2]float64
	for i, work := range []func(from, n int){hash, copying} {
		var rounds []float64
		for range 5 {
			rounds = append(rounds, times(worked, work))
		}
		v[i] = median(rounds)
	}
	return os.WriteFile(filepath.Join(j.out, processorsFile), fmt.Appendf(nil, "%.3f %.3f\n", v[0], v[1]), 0o666)
}

// times is how long all of n bytes take one processor over how long half of them take
// each of two.
func times(n int, work func(from, n int)) float64 {
	begun := time.Now()
	work(0, n)
	one := time.Since(begun)
	begun = time.Now()
	var both sync.WaitGroup
	for i := range 2 {
		both.Go(func() { work(i*n/2, n/2) })
	}
	both.Wait()
	return one.Seconds() / time.Since(begun).Seconds()
}
