package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
)

// program is one line of the table.
type program struct {
	name, note string
	costs      []cost // of the first rounds, one each
	messages   int
	skipped    string // why it was not measured
	verdicts   string // verdict file, where it writes one
}

func (p *program) perMessage(c cost) float64 {
	return (c.cpu - c.setup).Seconds() * 1e6 / float64(p.messages)
}

// table collects the programs.
type table struct {
	o        *options
	programs []*program
	dataset  string
	machine  processors
}

func newTable(o *options) *table {
	return &table{o: o, dataset: filepath.Join(o.programs, "dataset")}
}

// The names of the programs that ratios are taken of.
const (
	nameFloor = "floor"
	nameAudit = "audit run"
	nameTwo   = "audit run, 2 workers"
	nameBoth  = "audit run, twice at once"
)

func (t *table) add(name, note string) *program {
	p := &program{name: name, note: note, messages: t.o.n}
	t.programs = append(t.programs, p)
	return p
}

func (t *table) find(name string) *program {
	for _, p := range t.programs {
		if p.name == name {
			return p
		}
	}
	return nil
}

// turn is what a program does in every round.
type turn struct {
	p     *program
	run   func(*program) (cost, error)
	limit time.Duration // a peer's: it sits out rounds once it has taken that long
	spent time.Duration
}

// over tells that the program has no more turns.
func (x *turn) over() bool {
	return x.p.skipped != "" || x.limit > 0 && x.spent >= x.limit
}

// take runs the program once. A peer that fails is left out of the table.
func (x *turn) take() error {
	began := time.Now()
	c, err := x.run(x.p)
	x.spent += time.Since(began)
	switch {
	case err == nil:
		x.p.costs = append(x.p.costs, c)
	case x.limit > 0:
		x.p.skipped, x.p.verdicts = err.Error(), ""
	default:
		return err
	}
	return nil
}

// measureRounds lets the programs take turns.
func (t *table) measureRounds() error {
	turns := t.goTurns()
	if t.o.outside {
		more, err := t.peerTurns()
		if err != nil {
			return err
		}
		turns = append(turns, more...)
	}
	for round := range t.o.rounds {
		for i := range turns {
			x := &turns[i]
			if x.over() {
				continue
			}
			if x.p.name == nameTwo { // what is so now may change within a second
				if err := t.measureProcessors(); err != nil {
					return err
				}
			}
			fmt.Fprintf(os.Stderr, "\rround %d of %d: %-40s", round+1, t.o.rounds, x.p.name)
			if err := x.take(); err != nil {
				return err
			}
		}
	}
	fmt.Fprintf(os.Stderr, "\r%60s\r", "")
	return nil
}

// goTurns are those of the programs in Go.
func (t *table) goTurns() []turn {
	turns := []turn{
		{p: t.add(nameFloor, "split, canonicalize, hash, crypto/rsa"), run: t.self("floor")},
		{p: t.add("floor, kept keys", "the same with keys as audit keeps them"), run: t.self("floor-kept")},
		{p: t.add("floor, no keys", "split, canonicalize, hash"), run: t.self("hash")},
		{p: t.add(nameAudit, "everything on, 1 worker"), run: t.audit(1)},
		{p: t.add(nameTwo, ""), run: t.audit(2)},
		{p: t.add(nameBoth, ""), run: t.both},
	}
	if t.o.wanted("obvious") {
		turns = append(turns, turn{p: t.add("obvious program", "go-mbox, go-msgauth, go/spf, publicsuffix, parquet-go"), run: t.self("obvious")})
	}
	if t.o.wanted("mox") {
		turns = append(turns, turn{p: t.add("mox's packages", "dkim, spf, dmarc; no table"), run: t.self("mox")})
	}
	return turns
}

// self runs a program of this module.
func (t *table) self(name string) func(*program) (cost, error) {
	return func(p *program) (cost, error) {
		c, out, err := t.child(name, t.o.archive.mbox, t.o.archive.zone)
		if err != nil {
			return cost{}, err
		}
		c.Env = withProcs(1)
		m, err := measure(c)
		if text, e := os.ReadFile(filepath.Join(out, setupFile)); e == nil {
			var checked, good int
			fmt.Sscan(string(text), &m.setup, &checked, &good)
			p.note = fmt.Sprintf("%s; %d of %d signatures good", firstPart(p.note), good, checked)
		}
		if _, e := os.Stat(filepath.Join(out, verdictFile)); e == nil {
			p.verdicts = filepath.Join(out, verdictFile)
		}
		return m, err
	}
}

func firstPart(s string) string {
	for i := range s {
		if s[i] == ';' {
			return s[:i]
		}
	}
	return s
}

func (t *table) scratch(name string) (string, error) {
	dir := filepath.Join(t.o.programs, name)
	return dir, os.MkdirAll(dir, 0o777)
}

// audit runs audit run with that many workers.
func (t *table) audit(workers int) func(*program) (cost, error) {
	return func(*program) (cost, error) {
		return measure(t.o.auditCommand(t.dataset, workers, t.o.archive, 1), 0, 1)
	}
}

// both has two processes judge the archive at once, with a worker each: the wall time
// is that of the slower one, the rest the sum. They have nothing in common but the machine.
func (t *table) both(p *program) (cost, error) {
	p.messages = 2 * t.o.n
	var costs [2]cost
	var group errgroup.Group
	for i := range costs {
		out, err := t.scratch(fmt.Sprint("dataset-", i))
		if err != nil {
			return cost{}, err
		}
		group.Go(func() (err error) {
			costs[i], err = measure(t.o.auditCommand(out, 1, t.o.archive, 1), 0, 1)
			return err
		})
	}
	err := group.Wait()
	a, b := costs[0], costs[1]
	return cost{cpu: a.cpu + b.cpu, wall: max(a.wall, b.wall), rss: a.rss + b.rss}, err
}

// auditCommand reads an archive, some number of times over, into a dataset that
// is new: removing an old one is not what is measured.
func (o *options) auditCommand(dataset string, workers int, a archive, times int) *exec.Cmd {
	_ = os.RemoveAll(dataset) // audit refuses what is left
	c := command(o.audit, "run", "--out", dataset, "--workers", fmt.Sprint(workers),
		"--dns", "zone:"+a.zone, "--progress", "none", "--authserv-id", "mx.example.org")
	for range times {
		c.Args = append(c.Args, a.mbox)
	}
	c.Env = withProcs(workers)
	return c
}

// print writes the table.
func (t *table) print(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "program\tCPU s\twall s\tµs/message\tmessages/s/core\t÷ floor\t÷ audit run\tpeak MB\t\n")
	for _, p := range t.programs {
		if p.skipped != "" {
			continue
		}
		cpu := medianOf(p, func(c cost) float64 { return (c.cpu - c.setup).Seconds() })
		us := medianOf(p, p.perMessage)
		fmt.Fprintf(tw, "%s\t%.2f\t%.2f\t%.1f\t%.0f\t%.2f\t%.2f\t%.0f\t\n", p.name, cpu,
			medianOf(p, func(c cost) float64 { return c.wall.Seconds() }), us, 1e6/us,
			t.ratio(p, t.find(nameFloor)), t.ratio(p, t.find(nameAudit)),
			medianOf(p, func(c cost) float64 { return float64(c.rss) / 1e6 }))
	}
	tw.Flush()
	fmt.Fprintln(w)
	for _, p := range t.programs {
		switch {
		case p.skipped != "":
			fmt.Fprintf(w, "%s: not measured, %s\n", p.name, p.skipped)
		case p.note != "":
			fmt.Fprintf(w, "%s: %s\n", p.name, p.note)
		}
	}
	one, wall := t.find(nameAudit), func(_ *program, c cost) float64 { return c.wall.Seconds() }
	both := pairs(one, t.find(nameBoth), wall)
	for i := range both {
		both[i] *= 2 // they do the work twice
	}
	t.machine.print(w, pairs(one, t.find(nameTwo), wall), both)
	fmt.Fprintln(w)
	t.printSpread(w)
}

// printSpread says over how many rounds the ratios to audit were taken, and how
// far they lie apart.
func (t *table) printSpread(w io.Writer) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "÷ audit run\tmedian\tleast\tmost\trounds\t\n")
	for _, p := range t.programs {
		if len(p.costs) == 0 || p.skipped != "" || p.name == nameAudit {
			continue
		}
		v := pairs(p, t.find(nameAudit), (*program).perMessage)
		fmt.Fprintf(tw, "%s\t%.2f\t%.2f\t%.2f\t%d\t\n", p.name, median(v), slices.Min(v), slices.Max(v), len(v))
	}
	tw.Flush()
	fmt.Fprintln(w)
}

func medianOf(p *program, f func(cost) float64) float64 {
	var v []float64
	for _, c := range p.costs {
		v = append(v, f(c))
	}
	return median(v)
}

// ratio is what p costs a message over what base does: the median of the rounds.
func (t *table) ratio(p, base *program) float64 {
	return median(pairs(p, base, (*program).perMessage))
}

// pairs are the quotients within each round that p took part in.
func pairs(p, base *program, f func(*program, cost) float64) []float64 {
	var v []float64
	for i := range p.costs {
		v = append(v, f(p, p.costs[i])/f(base, base.costs[i]))
	}
	return v
}

// printAgreement tells how often the programs say what audit says.
func (t *table) printAgreement(w io.Writer) error {
	c, out, err := t.child("agree", t.dataset, t.o.archive.zone)
	if err != nil {
		return err
	}
	if err := c.Run(); err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(tw, "same verdict as audit\tmessages\tSPF\tDKIM\tDMARC\t\n")
	for _, p := range t.programs {
		if p.verdicts == "" {
			continue
		}
		a, err := compare(filepath.Join(out, verdictFile), p.verdicts)
		if err != nil {
			return err
		}
		fmt.Fprintf(tw, "%s\t%d\t%d\t%d\t%d\t\n", p.name, a.both, a.spf, a.dkim, a.dmarc)
	}
	fmt.Fprintln(tw)
	return tw.Flush()
}
