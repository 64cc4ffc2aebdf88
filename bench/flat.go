package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
)

// flatBase is the shortest stream, messages: the others repeat it, so that all
// have the same messages and only their number differs.
const flatBase = 10000

// measureFlatness runs audit over streams of rising length and prints what a
// message costs in each, and the memory.
func (o *options) measureFlatness(w io.Writer) error {
	base := min(flatBase, o.n)
	end, err := o.offsetOf(base)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "messages in a stream\tCPU s\tµs/message\t÷ first\tpeak MB\t\n")
	first := 0.0
	for n := base; n <= o.long; n *= 10 {
		var us, rss []float64
		var c cost
		for range o.rounds {
			if c, err = o.stream(end, n/base); err != nil {
				return err
			}
			us = append(us, c.cpu.Seconds()*1e6/float64(n))
			rss = append(rss, float64(c.rss)/1e6)
		}
		if first == 0 {
			first = median(us)
		}
		fmt.Fprintf(tw, "%d\t%.2f\t%.1f\t%.2f\t%.0f\t\n", n, median(us)*float64(n)/1e6, median(us), median(us)/first, median(rss))
	}
	return tw.Flush()
}

// stream runs audit over the first end bytes of the archive, many times over.
func (o *options) stream(end int64, times int) (cost, error) {
	c := o.auditCommand(filepath.Join(o.programs, "flat"), 1, "-")
	in, err := c.StdinPipe()
	if err != nil {
		return cost{}, err
	}
	fed := make(chan error, 1)
	go func() {
		defer in.Close()
		fed <- feed(in, o.archive, end, times)
	}()
	m, err := measure(c, 0, 1)
	if e := <-fed; err == nil {
		err = e
	}
	return m, err
}

func feed(w io.Writer, path string, end int64, times int) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	for range times {
		if _, err := io.Copy(w, io.NewSectionReader(f, 0, end)); err != nil {
			return err
		}
	}
	return nil
}

// offsetOf is where message n begins, by what the generator noted.
func (o *options) offsetOf(n int) (int64, error) {
	f, err := os.Open(filepath.Join(filepath.Dir(o.archive), "truth.tsv"))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	want := strconv.Itoa(n)
	s := bufio.NewScanner(f)
	for s.Scan() {
		if p := strings.SplitN(s.Text(), "\t", 4); len(p) == 4 && p[1] == want {
			return strconv.ParseInt(p[2], 10, 64)
		}
	}
	if err := s.Err(); err != nil {
		return 0, err
	}
	info, err := os.Stat(o.archive)
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
