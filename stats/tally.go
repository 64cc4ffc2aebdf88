// Package stats counts judged messages: tallies that merge in any order, and
// the summary made of them.
package stats

import (
	"strings"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/spf"
)

// categories is how many categories there are.
const categories = 13

var categoryIndex = func() map[evaluate.Category]int {
	m := make(map[evaluate.Category]int, categories)
	for i, c := range evaluate.Categories {
		m[c] = i
	}
	return m
}()

// Tally counts messages. The zero Tally is empty and ready. It is exact: it
// holds one entry for each distinct author domain, some 150 bytes each.
type Tally struct {
	messages  int64
	problems  map[string]int64
	breakdown [categories]int64

	dispositions, dispositions74 counts
	spf, dkim, dmarc, arc        counts
	policies, overrides          counts
	causes                       counts // why DMARC failed
	coverage                     counts
	rejectTags                   counts // which tag rejected: p, sp, np
	formats                      counts
	recorded                     counts // breakdown by a log's own words
	anomalies                    counts
	authors                      map[string]*authorTally
	first, last                  time.Time // arrival

	// Memory for AddRows.
	grid    grid
	failing []int32
}

// authorTally is one author domain's share.
type authorTally struct {
	messages  int64
	breakdown [categories]int32
}

// counts counts words.
type counts map[string]int64

func (c *counts) add(word string, n int64) {
	if *c == nil {
		*c = make(counts)
	}
	(*c)[word] += n
}

func (c *counts) merge(o counts) {
	for w, n := range o {
		c.add(w, n)
	}
}

// Add counts one record.
func (t *Tally) Add(r *evaluate.Record) {
	e, v := r.Evidence, &r.Verdict
	t.messages++
	cat, known := categoryIndex[v.Category]
	if known {
		t.breakdown[cat]++
	}
	t.dispositions.add(string(v.Disposition), 1)
	t.dispositions74.add(string(v.Disposition74), 1)
	t.formats.add(e.Origin.Format, 1)
	if c := e.Recorded.Category; c != "" {
		t.recorded.add(c, 1)
	}
	for _, a := range e.Anomalies {
		t.anomalies.add(a, 1)
	}
	t.time(e.Envelope.ReceivedAt)
	if e.Malformed != "" {
		return
	}
	t.results(r)
	t.cover(r)
	if d := e.Author.Domain(); d != "" {
		t.author(d, cat, known)
	}
}

// results counts the words of each protocol.
func (t *Tally) results(r *evaluate.Record) {
	v := &r.Verdict
	t.spf.add(string(SPFResult(v)), 1)
	t.dkim.add(string(DKIMResult(v)), 1)
	t.arc.add(string(v.ARC.Result), 1)
	t.dmarc.add(string(v.DMARC.Result), 1)
	if v.DMARC.Policy != "" {
		t.policies.add(string(v.DMARC.Policy), 1)
	}
	if v.OverrideType != "" {
		t.overrides.add(v.OverrideType, 1)
	}
	if v.Category == evaluate.FailReject {
		t.rejectTags.add(v.DMARC.PolicyTag, 1)
	}
	switch v.Category {
	case evaluate.FailReject, evaluate.FailQuarantine, evaluate.FailTolerated:
		t.causes.add(Cause(r), 1)
	}
}

func (t *Tally) author(domain string, cat int, known bool) {
	a := t.ofAuthor(domain)
	a.messages++
	if known {
		a.breakdown[cat]++
	}
}

// ofAuthor is an author domain's share.
func (t *Tally) ofAuthor(domain string) *authorTally {
	if t.authors == nil {
		t.authors = make(map[string]*authorTally)
	}
	a := t.authors[domain]
	if a == nil {
		a = new(authorTally)
		t.authors[strings.Clone(domain)] = a
	}
	return a
}

func (t *Tally) time(at time.Time) {
	if at.IsZero() {
		return
	}
	if t.first.IsZero() || at.Before(t.first) {
		t.first = at
	}
	if at.After(t.last) {
		t.last = at
	}
}

// AddProblem counts one row of the table problems.
func (t *Tally) AddProblem(code string) { t.AddProblems(code, 1) }

// AddProblems counts n rows with the same code.
func (t *Tally) AddProblems(code string, n int64) {
	if t.problems == nil {
		t.problems = make(map[string]int64)
	}
	t.problems[code] += n
}

// Merge adds another tally, which stays as it is. The order of merges does not
// change what comes out.
func (t *Tally) Merge(o *Tally) {
	t.messages += o.messages
	for code, n := range o.problems {
		t.AddProblems(code, n)
	}
	for i, n := range o.breakdown {
		t.breakdown[i] += n
	}
	to, from := t.words(), o.words()
	for i := range to {
		to[i].merge(*from[i])
	}
	for d, a := range o.authors {
		t.mergeAuthor(d, a)
	}
	t.time(o.first)
	t.time(o.last)
}

func (t *Tally) words() []*counts {
	return []*counts{&t.dispositions, &t.dispositions74, &t.spf, &t.dkim, &t.dmarc, &t.arc, &t.policies,
		&t.overrides, &t.causes, &t.coverage, &t.rejectTags, &t.formats, &t.recorded, &t.anomalies}
}

func (t *Tally) mergeAuthor(d string, o *authorTally) {
	a := t.ofAuthor(d)
	a.messages += o.messages
	for i, n := range o.breakdown {
		a.breakdown[i] += n
	}
}

// SPFResult is the word of the column spf_result.
func SPFResult(v *evaluate.Verdict) spf.Result {
	if v.SPF == nil {
		return spf.None
	}
	return v.SPF.Result
}

// DKIMResult is the word of the column dkim_result.
func DKIMResult(v *evaluate.Verdict) dkim.Result {
	if v.DKIMBest < 0 || v.DKIMBest >= len(v.DKIM) {
		return dkim.None
	}
	return v.DKIM[v.DKIMBest].Result
}

// Causes of a DMARC failure, the first that holds.
const (
	CauseBrokenSignature = "aligned_signature_broken" // a signature of the author's domain did not verify
	CauseNotAligned      = "passed_not_aligned"       // SPF or DKIM passed, for another domain
	CauseSPF             = "aligned_spf_not_passed"   // the return path is the author's, the client is not
	CauseNothing         = "not_authenticated"        // nothing speaks for the author's domain
)

// Cause tells why DMARC failed for a message.
func Cause(r *evaluate.Record) string {
	v := &r.Verdict
	aligned, passed := false, SPFResult(v) == spf.Pass
	for i := range v.DKIM {
		if i < len(v.DMARC.DKIMAlignments) && v.DMARC.DKIMAlignments[i] != dmarc.NotAligned {
			aligned = aligned || v.DKIM[i].Result != dkim.Pass
		}
		passed = passed || v.DKIM[i].Result == dkim.Pass
	}
	return cause(aligned, passed, v.DMARC.SPFAlignment)
}

func cause(broken, passed bool, spf dmarc.Alignment) string {
	switch {
	case broken:
		return CauseBrokenSignature
	case passed:
		return CauseNotAligned
	case spf == dmarc.Strict || spf == dmarc.Relaxed:
		return CauseSPF
	}
	return CauseNothing
}
