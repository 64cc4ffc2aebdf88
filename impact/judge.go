package impact

import (
	"context"
	"iter"
	"slices"
	"strings"

	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/spf"
	"mailaudit/sink"
)

// Judge decides the messages of one dataset again. Many goroutines may use one.
type Judge struct {
	data     *sink.Dataset
	scenario Scenario
	stored   dmarc.Rules // of the dataset

	// What follows is nil where the scenario leaves the DNS alone.
	discovery *dmarc.Evaluator // over the policies as if published
	existence *dmarc.Evaluator // over the DNS without them
	spf       *spf.Checker     // both only with an overlay
	dkim      *dkim.Verifier
	arc       *arc.Validator
	base      dns.Source
	// timeless tells that no recorded answer is bound to a time, so that what is
	// found for a domain holds for all its messages.
	timeless bool
	// everyone tells that every message has to be judged again.
	everyone bool
}

// Open reads what the scenario needs of a dataset. The error is one of the
// scenario or of reading.
func Open(d *sink.Dataset, s Scenario) (*Judge, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	j := &Judge{data: d, scenario: s, stored: storedRules(d)}
	if s.Rules == "" {
		j.scenario.Rules = j.stored
	}
	if s.Existence == ExistenceReject && j.tests() || s.Existence == ExistenceIgnore && !j.tests() {
		j.scenario.Existence = ExistenceAsStored
	}
	if !j.scenario.needsDNS(j.stored) {
		return j, nil
	}
	if err := j.openDNS(); err != nil {
		return nil, err
	}
	j.everyone = j.scenario.Rules != j.stored || s.Overlay != nil
	for _, p := range s.Policies {
		j.everyone = j.everyone || p.Name == Everyone
	}
	return j, nil
}

// storedRules is the rule book that the dataset was judged by.
func storedRules(d *sink.Dataset) dmarc.Rules {
	if r := dmarc.Rules(d.Manifest.Flags["rules"]); r == dmarc.RFC7489 {
		return r
	}
	return dmarc.RFC9989
}

func (j *Judge) openDNS() error {
	j.timeless = j.scenario.DNS == nil
	replay, err := dns.Replay(j.recorded())
	if err != nil {
		return err
	}
	var base dns.Source = replay
	if j.scenario.DNS != nil {
		base = dns.Chain(replay, j.scenario.DNS)
	}
	if j.scenario.Overlay != nil {
		over, err := j.scenario.Overlay(base)
		if err != nil {
			return err
		}
		base = replaced{over, base}
	}
	if j.scenario.DNS != nil || j.scenario.Overlay != nil {
		base = dns.Cache(base)
	}
	rules := dmarc.Options{Rules: j.scenario.Rules}
	j.discovery = dmarc.New(publish(base, j.scenario.Policies), rules)
	j.existence = dmarc.New(base, rules)
	if j.scenario.Overlay != nil {
		j.spf = spf.NewChecker(base, spf.Options{})
		j.dkim = dkim.New(base, dkim.Profile{Historic: j.data.Manifest.Flags["profile"] == "historic"})
		j.arc, j.base = arc.New(j.dkim), base
	}
	return nil
}

// recorded is the dataset's answers, those left out that only SPF and DKIM ask
// for, unless an overlay has them judged again.
func (j *Judge) recorded() iter.Seq2[*dns.Answer, error] {
	return func(yield func(*dns.Answer, error) bool) {
		for a, err := range j.data.DNS() {
			if err == nil && j.scenario.Overlay == nil && (a.Type == dns.TypePTR || strings.Contains(a.Name, "._domainkey.")) {
				continue
			}
			if err == nil && (!a.Since.IsZero() || !a.Until.IsZero()) {
				j.timeless = false
			}
			if !yield(a, err) {
				return
			}
		}
	}
}

// mayTouch is a quick test for [Judge.touches]: no domain has anything to do
// with one of another top-level domain.
func (j *Judge) mayTouch(author string) bool {
	if j.discovery == nil || j.everyone || j.scenario.Existence != ExistenceAsStored {
		return j.discovery != nil
	}
	for i := range j.scenario.Policies {
		if topLabel(j.scenario.Policies[i].Name) == topLabel(author) {
			return true
		}
	}
	return false
}

func topLabel(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// touches tells whether a policy can change anything for an author domain,
// whose organizational domain under the scenario is org: its own walk meets a
// published name, or that of an identifier that could be aligned does. The walk
// of such an identifier ends at or below org.
func (j *Judge) touches(author, org string) bool {
	if j.everyone || org == "" {
		return true
	}
	for i := range j.scenario.Policies {
		name := j.scenario.Policies[i].Name
		if isBelow(author, name) || isBelow(name, org) {
			return true
		}
	}
	return false
}

// author is what all messages of one author domain have in common. What most
// messages need is in itself, few bytes: an archive has more author domains than
// the processor's caches hold in full.
type author struct {
	id      domain
	touched bool
	fate    fate
	kinds   kinds
	*about
}

// about is what else is known of an author domain.
type about struct {
	name   string
	org    string // by sources.Organizational; empty until it is needed
	policy dmarc.Policy
	blank  dmarc.Case // without identifiers
	// rulings are those of the outcomes in kinds, and then those of the rest.
	rulings [few]*ruling
	more    map[likeness]*ruling
	shares  shares
}

func newAuthor(name string) *author {
	return &author{about: &about{name: name}}
}

// fate is what the domain existence test finds; the first where the scenario
// leaves that as it is stored.
type fate uint8

const (
	asStored fate = iota
	present
	absent
	notRecorded // the dataset does not tell
)

// author finds out what all messages of an author domain have in common at a
// moment.
func (j *Judge) author(ctx context.Context, name string, p *moment) (a *author, err error) {
	a = newAuthor(name)
	if !j.mayTouch(name) {
		return a, nil
	}
	if a.policy, err = j.discovery.Policy(ctx, name, p.at); err != nil {
		return nil, err
	}
	a.blank = a.policy.Case(name)
	a.touched = j.touches(name, a.policy.Organizational())
	switch {
	case j.scenario.Existence == ExistenceIgnore:
		a.fate = present
	case j.scenario.Existence == ExistenceReject, j.scenario.Overlay != nil && j.tests():
		a.fate, err = j.testExistence(ctx, name, p)
	}
	return a, err
}

// testExistence is the domain existence test under the scenario. A failure of
// the day is taken for existence, as ever; a question that nobody asked is not.
func (j *Judge) testExistence(ctx context.Context, name string, p *moment) (fate, error) {
	exists, decided, answers, err := j.existence.Existence(ctx, name, p.at)
	switch {
	case err != nil, j.scenario.Existence == ExistenceAsStored && !overlaid(answers):
		return asStored, err
	case !exists:
		return absent, nil
	case !decided && slices.ContainsFunc(answers, func(a *dns.Answer) bool { return a.Status == dns.NotRecorded }):
		return notRecorded, nil
	}
	return present, nil
}

// tests tells whether the dataset was made with the domain existence test.
func (j *Judge) tests() bool { return j.data.Manifest.Flags["nonexistent"] != "ignore" }

// category is a place in evaluate.Categories.
type category uint8

// The categories by place.
const (
	malformed category = iota
	skippedAuthenticated
	invalidFrom
	nonexistentDomain
	tempError
	permError
	noPolicy
	passDKIMStrict
	passSPFStrict
	passRelaxed
	failTolerated
	failQuarantine
	failReject
	categories = iota
)

// word is the column's word.
func (c category) word() evaluate.Category { return evaluate.Categories[c] }

// failed tells whether the message failed DMARC and a policy is applied.
func (c category) failed() bool { return c >= failTolerated }

// undecided tells whether a DNS failure kept it from being decided.
func (c category) undecided() bool { return c == tempError || c == permError }

// categoryOf is the category of a word; an unknown one, which this version did
// not write, is taken for what could not be parsed.
func categoryOf(word string) category {
	for i, c := range evaluate.Categories {
		if string(c) == word {
			return category(i)
		}
	}
	return malformed
}

// Disposition is what becomes of a message.
type Disposition uint8

// The dispositions.
const (
	LetThrough Disposition = iota
	Quarantined
	Rejected
	dispositions = iota
)

var dispositionWords = [...]dmarc.Disposition{dmarc.DispositionNone, dmarc.DispositionQuarantine, dmarc.DispositionReject}

// Word is the word of the column disposition.
func (d Disposition) Word() dmarc.Disposition { return dispositionWords[d] }

func dispositionOf(word dmarc.Disposition) Disposition {
	switch word {
	case dmarc.DispositionQuarantine:
		return Quarantined
	case dmarc.DispositionReject:
		return Rejected
	}
	return LetThrough
}

// enforced is what receivers make of it. The domain existence test is a rule of
// their own, which RFC 9989 section 7.4 does not speak of.
func (d Disposition) enforced(e Enforcement, c category) Disposition {
	if e == Section74 && d == Rejected && c != nonexistentDomain {
		return Quarantined
	}
	return d
}

// categoryOfDecision places a decision in the breakdown.
func categoryOfDecision(d *dmarc.Decision, c *dmarc.Case) category {
	switch d.Result {
	case dmarc.TempError:
		return tempError
	case dmarc.PermError:
		return permError
	case dmarc.None:
		return noPolicy
	case dmarc.Pass:
		switch {
		case c.DKIM.PassesStrictly():
			return passDKIMStrict
		case c.SPF.PassesStrictly():
			return passSPFStrict
		}
		return passRelaxed
	}
	return failTolerated + category(dispositionOf(d.Disposition))
}
