package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
)

const (
	// flatFrom is the shortest stream, messages.
	flatFrom = 10000
	// flatMade is the longest that is generated; longer ones repeat it.
	flatMade = 100000
)

// measureFlatness runs audit over streams of rising length and prints what a
// message costs in each, and a kilobyte; the memory, and what a second worker
// gains. Messages of all streams have the same sizes on average, and each of the
// generated ones has as many domains for its messages as the others.
func (o *options) measureFlatness(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "messages in a stream\tMB\tCPU s\tµs/message\t÷ first\tns/KB\t÷ first\tpeak MB\tmost MB\t2 workers\t\n")
	first, firstKB := 0.0, 0.0
	for n := flatFrom; n <= o.long; n *= 10 {
		a, err := o.archiveOf(min(n, flatMade))
		if err != nil {
			return err
		}
		info, err := os.Stat(a.mbox)
		if err != nil {
			return err
		}
		c, err := o.streams(a, n)
		if err != nil {
			return err
		}
		size := float64(info.Size()) * float64(max(n/flatMade, 1))
		cost := median(c.us)
		perKB := cost * float64(n) / size * 1e6
		if first == 0 {
			first, firstKB = cost, perKB
		}
		fmt.Fprintf(tw, "%d\t%.0f\t%.2f\t%.1f\t%.2f\t%.0f\t%.2f\t%.0f\t%.0f\t%.2f\t\n", n, size/1e6, cost*float64(n)/1e6,
			cost, cost/first, perKB, perKB/firstKB, median(c.rss), slices.Max(c.rss), median(c.faster))
	}
	return tw.Flush()
}

// costs are those of one stream, run several times.
type costs struct {
	us     []float64 // of a message, one worker
	rss    []float64 // MB, any number of workers
	faster []float64 // wall time of one worker over that of two
}

// streams runs audit over n messages by turns with one worker and with two, more
// often where they are few.
func (o *options) streams(a archive, n int) (all costs, err error) {
	times := 1
	switch n {
	case flatFrom:
		times = 4 * o.rounds
	case flatMade:
		times = o.rounds
	}
	for range times {
		var by [2]cost
		for i := range by {
			by[i], err = measure(o.auditCommand(filepath.Join(o.programs, "flat"), 1+i, a, max(n/flatMade, 1)), 0, 1)
			if err != nil {
				return all, err
			}
			all.rss = append(all.rss, float64(by[i].rss)/1e6)
		}
		all.us = append(all.us, by[0].cpu.Seconds()*1e6/float64(n))
		all.faster = append(all.faster, by[0].wall.Seconds()/by[1].wall.Seconds())
	}
	return all, nil
}
