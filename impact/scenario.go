// Package impact decides a dataset's messages again under other policies,
// rules or habits of receivers, without the mail, and counts what would change:
// how many messages, whose, and what would mend those that ought to pass.
//
//	judge, err := impact.Open(dataset, impact.Scenario{Policies: policies})
//	total, err := judge.Run(ctx, workers, nil)
//	report := total.Report()
//
// A message keeps everything that the scenario does not touch. What it touches
// is discovered again by package dmarc over the dataset's own DNS answers, with
// the scenario's records published over them. A question that the dataset does
// not answer is never guessed: the message counts as not judged. docs/whatif.md
// has the rules.
package impact

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
)

// Scenario is what would be different. The zero Scenario changes nothing.
type Scenario struct {
	// Policies are records as if published, each in place of all DMARC records
	// at its name.
	Policies []Policy
	// Rules is the rule book; empty: the dataset's.
	Rules dmarc.Rules
	// Enforce is how receivers apply a policy, and Baseline how they are taken
	// to have applied it so far.
	Enforce, Baseline Enforcement
	// Forwarders, where set, are let through: override trusted_forwarder.
	Forwarders *Forwarders
	// ARC, where set, lets messages through whose chain vouches for them.
	ARC *ARCTrust
	// Existence is what the domain existence test does.
	Existence ExistenceTest
	// Overlay, where set, puts other DNS records over what the dataset has, as
	// dns.Overlay does: SPF and DKIM are then judged again where they rest on
	// them. A type that it lacks of one of its names stays as it was.
	Overlay func(base dns.Source) (dns.Source, error)
	// DNS, where set, is asked for what the dataset does not answer.
	DNS dns.Source
}

// Enforcement is how receivers apply a policy.
type Enforcement string

// The enforcements.
const (
	Letter    Enforcement = ""            // what the policy says
	Section74 Enforcement = "section-7.4" // RFC 9989 section 7.4: what it would reject is quarantined
)

// ExistenceTest is what the domain existence test does.
type ExistenceTest uint8

// The choices.
const (
	ExistenceAsStored ExistenceTest = iota
	ExistenceReject
	ExistenceIgnore
)

// Everyone is the name that stands for every domain without a record.
const Everyone = "*"

// Policy is a record as if published.
type Policy struct {
	Name string // in lower-case A-labels, without _dmarc.; or Everyone
	Text string // the record; empty: no record is there any more
}

// ParsePolicy reads "NAME=RECORD", where NAME may be Everyone and RECORD may be
// empty. The warnings are the words of dmarc.Record.Problems. The error says
// what is wrong with the name, or that the record gives no policy under the
// rule book.
func ParsePolicy(s string, rules dmarc.Rules) (p Policy, warnings []string, err error) {
	name, text, ok := strings.Cut(s, "=")
	if !ok {
		return p, nil, errors.New("not NAME=RECORD")
	}
	name, p.Text = strings.TrimSpace(name), strings.TrimSpace(text)
	p.Name = Everyone
	if name != Everyone {
		name = strings.TrimPrefix(strings.ToLower(name), "_dmarc.")
		if p.Name, err = dns.CanonicalName(name); err != nil || strings.ContainsAny(p.Name, " \t;*\"") {
			return p, nil, fmt.Errorf("%q is no domain", name)
		}
	}
	if p.Text == "" {
		if p.Name == Everyone {
			return p, nil, errors.New("no record")
		}
		return p, nil, nil
	}
	r, err := dmarc.ParseRecord(p.Text, rules)
	if err != nil {
		return p, nil, fmt.Errorf("%q is no DMARC record: it must begin with v=DMARC1", p.Text)
	}
	if !r.Usable() {
		return p, nil, fmt.Errorf("%q gives no policy (%s)", p.Text, strings.Join(r.Problems, ", "))
	}
	return p, r.Problems, nil
}

// ReadPolicies reads a file of policies: one "NAME=RECORD" a line. Empty lines
// and those that begin with # are passed over. Errors have the line.
func ReadPolicies(r io.Reader, rules dmarc.Rules) (all []Policy, warnings []string, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		p, w, err := ParsePolicy(text, rules)
		if err != nil {
			return nil, nil, fmt.Errorf("line %d: %w", n, err)
		}
		all = append(all, p)
		for _, word := range w {
			warnings = append(warnings, fmt.Sprintf("line %d: %s", n, word))
		}
	}
	return all, warnings, lines.Err()
}

// check finds a name that is given twice.
func (s *Scenario) check() error {
	seen := make(map[string]bool, len(s.Policies))
	for _, p := range s.Policies {
		if seen[p.Name] {
			return fmt.Errorf("two policies for %s", p.Name)
		}
		seen[p.Name] = true
	}
	return nil
}

// needsDNS tells whether the scenario can change what the DNS says, or what is
// asked of it.
func (s *Scenario) needsDNS(stored dmarc.Rules) bool {
	return len(s.Policies) > 0 || s.Overlay != nil || s.Existence != ExistenceAsStored ||
		s.Rules != "" && s.Rules != stored
}
