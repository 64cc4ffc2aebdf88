package main

import (
	"fmt"
	"os"
	"path/filepath"

	"mailaudit/sink"
	"mailaudit/stats"
)

// agreement counts where a program and audit say the same: a program that gives
// up early would look fast.
type agreement struct{ both, spf, dkim, dmarc int }

// agree reads a dataset into a verdict file, in a process of its own so that
// the memory it takes is not counted as anybody's.
func agree(j job) error {
	d, err := sink.Open(j.archive)
	if err != nil {
		return err
	}
	v, err := newVerdictWriter(filepath.Join(j.out, verdictFile))
	if err != nil {
		return err
	}
	for r, err := range d.Records() {
		if err != nil {
			return err
		}
		v.write(verdict{r.Evidence.MessageID, string(stats.SPFResult(&r.Verdict)), string(stats.DKIMResult(&r.Verdict)), string(r.Verdict.DMARC.Result)})
	}
	return v.close()
}

// compare counts agreements of two verdict files.
func compare(audit, other string) (agreement, error) {
	known := map[string]verdict{}
	if err := readVerdicts(audit, func(v verdict) { known[v.id] = v }); err != nil {
		return agreement{}, err
	}
	var a agreement
	err := readVerdicts(other, func(v verdict) {
		k, ok := known[v.id]
		if !ok {
			return
		}
		a.both++
		count(&a.spf, k.spf, v.spf)
		count(&a.dkim, k.dkim, v.dkim)
		count(&a.dmarc, k.dmarc, v.dmarc)
		if os.Getenv("BENCH_DIFF") != "" && (!same(k.spf, v.spf) || !same(k.dkim, v.dkim) || !same(k.dmarc, v.dmarc)) {
			fmt.Fprintf(os.Stderr, "%s: audit %s %s %s, %s %s %s %s\n", v.id, k.spf, k.dkim, k.dmarc, filepath.Base(filepath.Dir(other)), v.spf, v.dkim, v.dmarc)
		}
	})
	return a, err
}

func count(n *int, ours, theirs string) {
	if same(ours, theirs) {
		*n++
	}
}

// same compares results. A word that is not there is no disagreement: not every
// program judges everything. Words for a signature that does not verify differ
// from program to program.
func same(ours, theirs string) bool {
	return theirs == "" || ours == theirs || failed(ours) && failed(theirs)
}

func failed(w string) bool {
	switch w {
	case "fail", "permerror", "neutral", "policy":
		return true
	}
	return false
}
