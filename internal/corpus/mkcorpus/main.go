// Command mkcorpus writes generated mail archives with their DNS zone and what
// is true of every message.
//
//	mkcorpus testdata -out testdata             the small archive of the tests
//	mkcorpus forum -out DIR                     17,140 messages with a known breakdown
//	mkcorpus bench -n 20000 -repeat 1 -out DIR  an archive for measuring
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"

	"mailaudit/internal/corpus"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "mkcorpus:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("testdata, forum or bench?")
	}
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	out := fs.String("out", "", "folder to write into")
	n := fs.Int("n", corpus.DefaultBench, "messages (bench)")
	repeat := fs.Int("repeat", 1, "write the whole stream this many times (bench)")
	workers := fs.Int("workers", runtime.NumCPU(), "messages made at once; the bytes do not depend on it")
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	if *out == "" {
		return fmt.Errorf("%s: no -out", args[0])
	}
	switch args[0] {
	case "testdata":
		return corpus.Testdata(*out)
	case "forum":
		return corpus.WriteForumPost(*out, *workers)
	case "bench":
		return corpus.WriteBench(*out, *n, *repeat, *workers)
	}
	return fmt.Errorf("unknown archive %q", args[0])
}
