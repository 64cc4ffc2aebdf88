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
	"sync/atomic"
	"time"
)

// processors is what two of the machine's processors do side by side, as times what
// one does: what two workers can come to, and how much that changes.
type processors struct {
	hashes, copies []float64 // of each round
	words          []float64 // what a word takes from one to the other, ns
}

// measureProcessors adds a round: another process has the memory, or every program measured
// after it would begin with as much.
func (t *table) measureProcessors() error {
	if runtime.NumCPU() < 2 {
		return nil
	}
	c, out, err := t.child("processors", "", "")
	if err != nil {
		return err
	}
	c.Env = withProcs(2)
	if err := c.Run(); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(out, processorsFile))
	if err != nil {
		return err
	}
	var hashes, copies, word float64
	if _, err := fmt.Sscan(string(text), &hashes, &copies, &word); err != nil {
		return err
	}
	p := &t.machine
	p.hashes, p.copies, p.words = append(p.hashes, hashes), append(p.copies, copies), append(p.words, word)
	return nil
}

// print tells what was measured, beside how many times one worker's work is done in its
// time, in each round, by two workers and by two processes with one worker each: these
// share nothing, and their start and end are side by side too, so that they come to
// what the machine has.
func (p *processors) print(w io.Writer, two, both []float64) {
	fmt.Fprintf(w, "two workers: %.2f times one in wall time; two processes with one worker each: %.2f times\n", median(two), median(both))
	if len(p.hashes) == 0 {
		return
	}
	span := func(v []float64, digits int) string {
		return fmt.Sprintf("%.*f (%.*f to %.*f)", digits, median(v), digits, slices.Min(v), digits, slices.Max(v))
	}
	fmt.Fprintf(w, "two processors of this machine, times one: SHA-256 from the cache %s, copying from memory %s\n", span(p.hashes, 2), span(p.copies, 2))
	fmt.Fprintf(w, "a word goes from one to the other in %s ns; two workers, two processes by rounds:", span(p.words, 0))
	for i := range min(len(p.words), len(two), len(both)) {
		fmt.Fprintf(w, " %.2f, %.2f at %.0f ns", two[i], both[i], p.words[i])
		if i < len(two)-1 {
			fmt.Fprint(w, ";")
		}
	}
	fmt.Fprintln(w)
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
	return os.WriteFile(filepath.Join(j.out, processorsFile), fmt.Appendf(nil, "%.3f %.3f %.1f\n", v[0], v[1], median(words())), 0o666)
}

// words is what a word takes from one processor to the other, ns, some times over: 20 to
// 40 where they have a cache in common, 70 to 200 where they have none. A
// hypervisor moves a virtual machine's processors from one to the other.
func words() []float64 {
	const rounds, trips = 9, 20_000
	var out []float64
	for range rounds {
		var word atomic.Int64
		var other sync.WaitGroup
		other.Go(func() {
			for i := int64(1); i < 2*trips; i += 2 {
				for word.Load() != i {
				}
				word.Store(i + 1)
			}
		})
		begun := time.Now()
		for i := int64(1); i < 2*trips; i += 2 {
			word.Store(i)
			for word.Load() != i+1 {
			}
		}
		out = append(out, float64(time.Since(begun).Nanoseconds())/(2*trips))
		other.Wait()
	}
	return out
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
