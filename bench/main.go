// Command bench measures what audit run costs beside its floor and beside what
// anyone would use instead, and prints one table.
//
//	go run .                     the archive of 20,000 messages, three rounds
//	go run . -n 100000 -rounds 5
//	go run . -long 1000000       also shows that cost stays flat up to a million messages (5 GB)
//
// Every program runs as a process of its own. They take turns, round after
// round, those outside of Go among them, so that a busy machine slows all alike:
// the figures to trust are the ratios, each the median of the ratios within a
// round. A second table says how far these lie apart.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// options are the flags.
type options struct {
	dir      string // generated archive, kept between runs
	n        int    // messages
	rounds   int
	long     int  // most messages of the flatness streams; 0 for none
	sample   int  // messages that slow peers are given
	outside  bool // measure peers that are no Go packages
	only     string
	python   string
	archive  archive
	programs string // folder for built programs and scratch
	audit    string // the program measured
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == childFlag {
		exitOn(child(os.Args[2:]))
		return
	}
	o := parseFlags()
	exitOn(run(o))
}

func parseFlags() *options {
	o := new(options)
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	dir := envOr("BENCH_DIR", filepath.Join(cache, "mailaudit-bench"))
	rounds, _ := strconv.Atoi(envOr("BENCH_ROUNDS", "3"))
	flag.StringVar(&o.dir, "dir", dir, "`folder` for the generated archive, kept between runs (BENCH_DIR)")
	flag.IntVar(&o.n, "n", 20000, "messages in the archive")
	flag.IntVar(&o.rounds, "rounds", rounds, "times each program runs, the slowest peers less often (BENCH_ROUNDS)")
	flag.IntVar(&o.long, "long", 0, "longest stream for the flatness of cost, messages; 0 for none (those of up to 100,000 are kept, 5 GB)")
	flag.IntVar(&o.sample, "sample", 1000, "messages that peers outside of Go are given; slow ones get a tenth")
	flag.BoolVar(&o.outside, "outside", true, "measure peers outside of Go, where installed")
	flag.StringVar(&o.only, "only", "", "measure only these programs, comma-separated, besides the floor and audit")
	flag.StringVar(&o.python, "python", envOr("BENCH_PYTHON", "python3"), "interpreter that has dkimpy and authheaders (BENCH_PYTHON)")
	flag.StringVar(&o.audit, "audit", "", "measure this `program` instead of building one from the checkout")
	flag.Parse()
	return o
}

func envOr(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func exitOn(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// wanted tells whether -only leaves a program in.
func (o *options) wanted(name string) bool {
	if o.only == "" {
		return true
	}
	for _, w := range strings.Split(o.only, ",") {
		if w == name {
			return true
		}
	}
	return false
}

// run is the whole of it.
func run(o *options) error {
	scratch, err := os.MkdirTemp("", "bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(scratch)
	o.programs = scratch
	if err := o.prepare(); err != nil {
		return err
	}
	b := newTable(o)
	if err := b.measureRounds(); err != nil {
		return err
	}
	b.print(os.Stdout)
	if err := b.printAgreement(os.Stdout); err != nil {
		return err
	}
	if o.long == 0 {
		return nil
	}
	return o.measureFlatness(os.Stdout)
}
