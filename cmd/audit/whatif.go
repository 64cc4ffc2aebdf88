package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/impact"
	"mailaudit/sink"
)

// whatifFlags are the flags of audit whatif, as given.
type whatifFlags struct {
	runFlags              // those about DNS sources
	policies, policyFiles []string
	overlay               string
	enforce, baseline     string
	trustedForwarders     []string
	honorARC              string

	under, warned []string // what is different, and what is odd about it, for people
	closeDNS      func() error
}

func newWhatifCommand(s *streams) *cobra.Command {
	f := new(whatifFlags)
	c := &cobra.Command{
		Use:   "whatif DATASET",
		Short: "Decide every row again under other policies or rules, and print what would change",
		Long: `Whatif decides the rows of a dataset again, from the Parquet alone, under policies
as if published, other rules, or other habits of receivers. It prints how many
messages would be rejected, quarantined or let through that were not, whose they
are, and what would mend the legitimate senders among them.

What the dataset does not hold an answer for is counted, never guessed; --dns asks
for it. docs/whatif.md tells how a policy is applied and how senders are classed.`,
		Example: `  audit whatif audit-out --policy 'example.com=v=DMARC1; p=reject; adkim=s'
  audit whatif audit-out --policy '*=v=DMARC1; p=quarantine' --json
  audit whatif audit-out --policy-file policies.txt --out changes
  audit whatif audit-out --overlay new.zone        # other SPF records, other keys
  audit whatif audit-out --rules rfc7489           # what the older rule book says
  audit whatif audit-out --trusted-forwarders fwd.txt --honor-arc`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return whatif(c.Context(), s, f, args[0]) },
	}
	f.register(c)
	return c
}

// register adds the flags.
func (f *whatifFlags) register(c *cobra.Command) {
	fs := c.Flags()
	fs.StringArrayVar(&f.policies, "policy", nil, "`NAME=RECORD`, as if published at _dmarc.NAME; * for every domain that publishes none; no record: as if taken away")
	fs.StringArrayVar(&f.policyFiles, "policy-file", nil, "`file` of policies, one a line")
	fs.StringVar(&f.overlay, "overlay", "", "master `file` of other DNS records: SPF, keys, policies")
	fs.StringVar(&f.rules, "rules", "", "DMARC rule book: rfc9989 or rfc7489 (default: the dataset's)")
	fs.StringVar(&f.enforce, "enforce", "letter", "how receivers apply a policy: letter or section-7.4 (of RFC 9989: what it would reject is quarantined)")
	fs.StringVar(&f.baseline, "baseline", "letter", "how they are taken to have applied it so far: letter or section-7.4")
	fs.StringSliceVar(&f.trustedForwarders, "trusted-forwarders", nil, "networks and domains that may forward, `LIST` or file: what fails through them is let through")
	fs.StringVar(&f.honorARC, "honor-arc", "", "let through what a valid ARC chain vouches for: all sealers, or `DOMAIN,...`")
	fs.Lookup("honor-arc").NoOptDefVal = "all"
	fs.StringVar(&f.nonexistent, "nonexistent", "", "what the domain existence test does: reject or ignore (default: as in the dataset)")
	fs.StringVar(&f.dns, "dns", "", "`sources` to ask for what the dataset does not answer, as in audit run (default: none)")
	fs.StringSliceVar(&f.resolvers, "resolver", nil, "DNS servers for live, `host:port` (default: the system's)")
	fs.StringVar(&f.out, "out", "", "write the changed rows as Parquet to this `folder`")
	fs.BoolVar(&f.overwrite, "overwrite", false, "replace the changed rows that are there")
	fs.BoolVar(&f.json, "json", false, "print the report as JSON")
	fs.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "processors to use")
	complete(c, "rules", "rfc9989", "rfc7489")
	complete(c, "enforce", "letter", "section-7.4")
	complete(c, "baseline", "letter", "section-7.4")
	complete(c, "nonexistent", "reject", "ignore")
}

func whatif(ctx context.Context, s *streams, f *whatifFlags, dataset string) error {
	defer f.close()
	d, err := openDataset(dataset)
	if err != nil {
		return err
	}
	if f.out != "" && samePlace(dataset, f.out) {
		return usageError("--out %s: that is the dataset to be read; give another", f.out)
	}
	scenario, err := f.scenario(d)
	if err != nil {
		return err
	}
	for _, w := range f.warned {
		fmt.Fprintf(s.err, "audit: %s\n", printable(w))
	}
	judge, err := impact.Open(d, *scenario)
	if err != nil {
		return &statusError{exitUsage, err}
	}
	return f.run(ctx, s, judge)
}

// run decides the rows, and writes what came of it.
func (f *whatifFlags) run(ctx context.Context, s *streams, judge *impact.Judge) error {
	var each func(*sink.Change) error
	var out *sink.ChangesWriter
	if f.out != "" {
		var err error
		if out, err = sink.CreateChanges(f.out, "audit "+version, f.overwrite); err != nil {
			if errors.Is(err, sink.ErrExists) {
				return usageError("--out %s: something is there already; give --overwrite or another folder", f.out)
			}
			return &statusError{exitIncomplete, err}
		}
		defer out.Close()
		each = out.Write
	}
	total, err := judge.Run(ctx, f.workers, each)
	if errors.Is(err, context.Canceled) {
		return &statusError{exitInterrupt, errors.New("interrupted")}
	}
	if err != nil {
		return &statusError{exitIncomplete, err}
	}
	report := total.Report()
	text, err := json.MarshalIndent(&report, "", "  ")
	text = append(text, '\n')
	if err == nil && out != nil {
		err = out.Commit(text)
	}
	switch {
	case err != nil:
	case f.json:
		_, err = s.out.Write(text)
	default:
		err = report.WriteText(s.out, f.under)
	}
	if err != nil {
		return &statusError{exitIncomplete, err}
	}
	return nil
}

// scenario turns the flags into a scenario; every error names its flag.
func (f *whatifFlags) scenario(d *sink.Dataset) (*impact.Scenario, error) {
	sc := new(impact.Scenario)
	for _, step := range []func(*impact.Scenario) error{
		func(sc *impact.Scenario) error { return f.addRules(sc, d) },
		f.addPolicies, f.addHabits, f.addForwarders, f.addARC, f.addOverlay, f.addDNS,
	} {
		if err := step(sc); err != nil {
			return nil, &statusError{exitUsage, err}
		}
	}
	if f.workers < 1 {
		return nil, usageError("--workers %d: less than 1", f.workers)
	}
	if len(f.under) == 0 {
		return nil, usageError("nothing would be different: give --policy, --overlay, --rules, --enforce, --trusted-forwarders, --honor-arc or --nonexistent")
	}
	return sc, nil
}

func (f *whatifFlags) say(format string, args ...any) {
	f.under = append(f.under, printable(fmt.Sprintf(format, args...)))
}

func (f *whatifFlags) addRules(sc *impact.Scenario, d *sink.Dataset) error {
	switch sc.Rules = dmarc.Rules(f.rules); sc.Rules {
	case "":
		if sc.Rules = dmarc.RFC9989; d.Manifest.Flags["rules"] == string(dmarc.RFC7489) {
			sc.Rules = dmarc.RFC7489
		}
	case dmarc.RFC9989, dmarc.RFC7489:
		f.say("the rules of %s", strings.ToUpper(f.rules[:3])+" "+f.rules[3:])
	default:
		return fmt.Errorf("--rules %q: neither rfc9989 nor rfc7489", f.rules)
	}
	return nil
}

func (f *whatifFlags) addPolicies(sc *impact.Scenario) error {
	for _, text := range f.policies {
		p, problems, err := impact.ParsePolicy(text, sc.Rules)
		if err != nil {
			return fmt.Errorf("--policy: %w", err)
		}
		for _, w := range problems {
			f.warned = append(f.warned, fmt.Sprintf("--policy %s: %s", p.Name, w))
		}
		sc.Policies = append(sc.Policies, p)
		f.sayPolicy(p)
	}
	for _, path := range f.policyFiles {
		file, err := os.Open(path)
		if err != nil {
			return fmt.Errorf("--policy-file: %w", err)
		}
		more, problems, err := impact.ReadPolicies(file, sc.Rules)
		file.Close()
		if err != nil {
			return fmt.Errorf("--policy-file %s: %w", path, err)
		}
		for _, w := range problems {
			f.warned = append(f.warned, fmt.Sprintf("--policy-file %s: %s", path, w))
		}
		sc.Policies = append(sc.Policies, more...)
		f.say("the %d policies of %s", len(more), path)
	}
	return nil
}

func (f *whatifFlags) sayPolicy(p impact.Policy) {
	switch {
	case p.Name == impact.Everyone:
		f.say("every domain without a policy: %s", p.Text)
	case p.Text == "":
		f.say("%s without a policy of its own", p.Name)
	default:
		f.say("%s: %s", p.Name, p.Text)
	}
}

// addHabits are how receivers apply policies.
func (f *whatifFlags) addHabits(sc *impact.Scenario) error {
	for _, e := range []struct {
		flag, word string
		to         *impact.Enforcement
	}{{"--enforce", f.enforce, &sc.Enforce}, {"--baseline", f.baseline, &sc.Baseline}} {
		switch e.word {
		case "letter":
		case string(impact.Section74):
			*e.to = impact.Section74
		default:
			return fmt.Errorf("%s %q: neither letter nor section-7.4", e.flag, e.word)
		}
	}
	switch {
	case sc.Enforce == impact.Section74 && sc.Baseline == impact.Section74:
		f.say("receivers enforce by RFC 9989 section 7.4, now as before")
	case sc.Enforce == impact.Section74:
		f.say("receivers enforce by RFC 9989 section 7.4, before by the letter")
	case sc.Baseline == impact.Section74:
		f.say("receivers enforce by the letter, before by RFC 9989 section 7.4")
	}
	switch f.nonexistent {
	case "":
	case "reject":
		sc.Existence = impact.ExistenceReject
		f.say("mail of From domains that do not exist is rejected")
	case "ignore":
		sc.Existence = impact.ExistenceIgnore
		f.say("no test whether the From domain exists")
	default:
		return fmt.Errorf("--nonexistent %q: neither reject nor ignore", f.nonexistent)
	}
	return nil
}

// addForwarders reads a list; a word that names a file stands for what it holds.
func (f *whatifFlags) addForwarders(sc *impact.Scenario) error {
	if len(f.trustedForwarders) == 0 {
		return nil
	}
	var text strings.Builder
	for _, word := range f.trustedForwarders {
		if b, err := os.ReadFile(word); err == nil {
			word = string(b)
		}
		text.WriteString(word + "\n")
	}
	var err error
	if sc.Forwarders, err = impact.ReadForwarders(strings.NewReader(text.String())); err != nil {
		return fmt.Errorf("--trusted-forwarders: %w", err)
	}
	f.say("forwarders are trusted: %d networks, %d domains", len(sc.Forwarders.Networks), len(sc.Forwarders.Domains))
	return nil
}

func (f *whatifFlags) addARC(sc *impact.Scenario) error {
	switch f.honorARC {
	case "":
		return nil
	case "all":
		sc.ARC = &impact.ARCTrust{All: true}
		f.say("a valid ARC chain is believed, whoever sealed it")
		return nil
	}
	sc.ARC = new(impact.ARCTrust)
	for name := range strings.SplitSeq(f.honorARC, ",") {
		n, err := dns.CanonicalName(strings.TrimSpace(name))
		if err != nil {
			return fmt.Errorf("--honor-arc: %q is no domain", name)
		}
		sc.ARC.Sealers = append(sc.ARC.Sealers, n)
	}
	f.say("ARC chains sealed by %s are believed", strings.Join(sc.ARC.Sealers, ", "))
	return nil
}

func (f *whatifFlags) addOverlay(sc *impact.Scenario) error {
	if f.overlay == "" {
		return nil
	}
	if _, err := dns.Overlay(f.overlay, nil); err != nil {
		return fmt.Errorf("--overlay: %w", err)
	}
	sc.Overlay = func(base dns.Source) (dns.Source, error) { return dns.Overlay(f.overlay, base) }
	f.say("the DNS records of %s", f.overlay)
	return nil
}

// addDNS opens the sources to ask for what the dataset does not answer.
func (f *whatifFlags) addDNS(sc *impact.Scenario) error {
	if f.dns == "" {
		return nil
	}
	var err error
	sc.DNS, f.closeDNS, err = openDNS(f.dns, openers(f.servers(), 0, ""))
	return err
}

func (f *whatifFlags) close() {
	if f.closeDNS != nil {
		_ = f.closeDNS()
	}
}
