package impact

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"mailaudit/evaluate/dmarc"
	"mailaudit/sources"
)

// topShares is how many author domains, lists and sources a Report lists.
const topShares = 50

// Report is what changes, for machines and, by WriteText, for people. It is a
// pure function of the rows and the scenario.
type Report struct {
	Messages int64 `json:"messages"`
	// NotJudged counts the messages that the dataset does not hold enough for,
	// and why, by words. They are in no other count.
	NotJudged NotJudged `json:"not_judged"`
	// Matrix has for each disposition what becomes of its messages.
	Matrix map[dmarc.Disposition]map[dmarc.Disposition]int64 `json:"matrix"`
	Moves  map[string]int64                                  `json:"moves"`
	// Categories are the moves between places of the breakdown.
	Categories []CategoryMove `json:"categories"`
	// Overrides are why receivers would let messages through that fail.
	Overrides map[string]int64 `json:"overrides"`

	Authors []Share `json:"authors"`
	Sources []Share `json:"sources"`
	Lists   []Share `json:"lists"`
	Days    []Share `json:"days"` // all, in order; Name is empty where the day is unknown
	// AuthorCount, SourceCount and ListCount are how many there are in all.
	AuthorCount int `json:"author_count"`
	SourceCount int `json:"source_count"`
	ListCount   int `json:"list_count"`

	// Breaks are the senders that would be hurt and are no likely forgers, those
	// with most messages first, each with what would mend it. BreakCount is how
	// many there are in all, BreakMessages how much they sent.
	Breaks        []Break `json:"breaks"`
	BreakCount    int     `json:"break_count"`
	BreakMessages int64   `json:"break_messages"`
	// Unclear and Forged count the other messages that would be hurt: from
	// senders of which nothing is certain, and from likely forgers.
	Unclear int64 `json:"unclear_messages"`
	Forged  int64 `json:"likely_forged_messages"`
	// LetThroughForged counts those newly let through from likely forgers.
	LetThroughForged int64 `json:"likely_forged_newly_let_through"`
	// StillUndecided counts the messages that a DNS failure kept from being
	// decided in the dataset, and still does; they count as let through.
	StillUndecided int64 `json:"still_undecided"`

	groups []breakGroup // Breaks by sender; for the text
}

// breakGroup is a sender that would be hurt, whoever it writes for.
type breakGroup struct {
	Break
	authors []Share // those it writes for, the most frequent first
}

// NotJudged counts what cannot be judged.
type NotJudged struct {
	Messages int64            `json:"messages"`
	Reasons  map[Reason]int64 `json:"reasons"`
	// From is what became of them.
	From map[dmarc.Disposition]int64 `json:"from"`
}

// CategoryMove is how many messages go from one category to another.
type CategoryMove struct {
	From     string `json:"from"`
	To       string `json:"to"`
	Messages int64  `json:"messages"`
}

// Share is what changes for one author domain, source, list or day.
type Share struct {
	Name        string    `json:"name"`
	Author      string    `json:"author,omitempty"` // whom it writes for; of a Break
	Class       string    `json:"class,omitempty"`  // of a source
	Rejected    int64     `json:"newly_rejected"`
	Quarantined int64     `json:"newly_quarantined"`
	Softened    int64     `json:"softened"`
	LetThrough  int64     `json:"newly_let_through"`
	NotJudged   int64     `json:"not_judged"`
	Examples    []Example `json:"examples,omitempty"`
}

// Break is a sender that would be hurt.
type Break struct {
	Share
	Basis      string `json:"basis"` // what it is named by
	Confidence string `json:"confidence"`
	// Evidence counts the messages that each piece of evidence holds for.
	Evidence map[string]int64 `json:"evidence"`
	Networks []string         `json:"networks"` // up to three of those it sends from
	Mends    []Mend           `json:"mends"`    // the best first
}

// Report makes the report of what was counted.
func (t *Impact) Report() Report {
	r := Report{
		Messages: t.messages, NotJudged: t.notJudged(), Matrix: make(map[dmarc.Disposition]map[dmarc.Disposition]int64),
		Moves: make(map[string]int64), Overrides: filled(t.overrides),
		AuthorCount: len(t.authors), ListCount: len(t.lists),
		Authors: top(t.authors), Lists: top(t.lists), Days: days(t.days),
	}
	r.Sources, r.SourceCount = t.topSenders()
	for m := range Move(moves) {
		r.Moves[m.String()] = 0
	}
	for i := range Disposition(dispositions) {
		row := make(map[dmarc.Disposition]int64)
		for j := range Disposition(dispositions) {
			if row[j.Word()] = t.matrix[i][j]; i != j {
				r.Moves[moveOf(i, j).String()] += t.matrix[i][j]
			}
		}
		r.Matrix[i.Word()] = row
	}
	for i := range category(categories) {
		for j := range category(categories) {
			if n := t.categories[i][j]; i != j && n > 0 {
				r.Categories = append(r.Categories, CategoryMove{string(i.word()), string(j.word()), n})
			}
		}
	}
	for _, i := range [...]category{tempError, permError} {
		r.StillUndecided += t.categories[i][tempError] + t.categories[i][permError]
	}
	t.breaks(&r)
	r.groups = t.breakGroups()
	return r
}

func filled[K comparable](m map[K]int64) map[K]int64 {
	if m == nil {
		return map[K]int64{}
	}
	return maps.Clone(m)
}

func (t *Impact) notJudged() NotJudged {
	n := NotJudged{Reasons: filled(t.unjudged), From: make(map[dmarc.Disposition]int64)}
	for i, k := range t.open {
		n.From[Disposition(i).Word()] = k
		n.Messages += k
	}
	return n
}

// report makes a share for the report.
func (s *share) report(name string) Share {
	return Share{
		Name: name, Rejected: s.moved[NewlyRejected], Quarantined: s.moved[NewlyQuarantined],
		Softened: s.moved[Softened], LetThrough: s.moved[NewlyLetThrough], NotJudged: s.unjudged, Examples: s.examples,
	}
}

func (s *share) weight() int64 { return s.changed() + s.unjudged }

func top(m map[string]*share) []Share {
	names := largest(m, (*share).weight, strings.Compare)
	out := make([]Share, 0, topShares)
	for _, n := range names[:min(len(names), topShares)] {
		out = append(out, m[n].report(n))
	}
	return out
}

func days(m map[string]*share) []Share {
	out := make([]Share, 0, len(m))
	for _, d := range slices.Sorted(maps.Keys(m)) {
		s := m[d].report(d)
		s.Examples = nil
		out = append(out, s)
	}
	return out
}

func (k senderKey) compare(o senderKey) int {
	return cmp.Or(strings.Compare(k.author, o.author), strings.Compare(k.name, o.name), cmp.Compare(k.class, o.class))
}

// topSenders lists the senders, whoever they write for.
func (t *Impact) topSenders() ([]Share, int) {
	all := make(map[senderKey]*share)
	for k, s := range t.senders {
		k.author = ""
		if all[k] == nil {
			all[k] = new(share)
		}
		all[k].merge(&s.share)
	}
	keys := largest(all, (*share).weight, senderKey.compare)
	out := make([]Share, 0, topShares)
	for _, k := range keys[:min(len(keys), topShares)] {
		s := all[k].report(k.name)
		s.Class = k.class.String()
		out = append(out, s)
	}
	return out, len(keys)
}

// breaks lists who would be hurt.
func (t *Impact) breaks(r *Report) {
	r.Breaks = make([]Break, 0)
	for _, k := range largest(t.senders, func(s *sender) int64 { return s.harmed() }, senderKey.compare) {
		s := t.senders[k]
		n := s.harmed()
		if k.class == sources.LikelyForgery {
			r.LetThroughForged += s.moved[NewlyLetThrough]
		}
		switch {
		case n == 0:
		case k.class == sources.LikelyForgery:
			r.Forged += n
		case k.class == sources.Unknown:
			r.Unclear += n
		default:
			r.BreakCount++
			r.BreakMessages += n
			if len(r.Breaks) < topShares {
				r.Breaks = append(r.Breaks, s.breaking(k))
			}
		}
	}
}

// breakGroups lists who would be hurt by sender: one that writes for many author
// domains is one thing to mend.
func (t *Impact) breakGroups() []breakGroup {
	all, authors := make(map[senderKey]*sender), make(map[senderKey][]Share)
	for k, s := range t.senders {
		if s.harmed() == 0 || k.class == sources.LikelyForgery || k.class == sources.Unknown {
			continue
		}
		g := senderKey{name: k.name, class: k.class}
		ofSender(&all, g).merge(s)
		authors[g] = append(authors[g], s.report(k.author))
	}
	var out []breakGroup
	for _, k := range largest(all, func(s *sender) int64 { return s.harmed() }, senderKey.compare) {
		list := authors[k]
		slices.SortFunc(list, func(a, b Share) int {
			return cmp.Or(cmp.Compare(b.harmed(), a.harmed()), strings.Compare(a.Name, b.Name))
		})
		s := all[k]
		if k.author = "the author domain"; len(list) == 1 {
			k.author = list[0].Name
		}
		out = append(out, breakGroup{s.breaking(k), list})
	}
	return out
}

// harmed is how many are treated worse.
func (s *Share) harmed() int64 { return s.Rejected + s.Quarantined }

func (s *sender) breaking(k senderKey) Break {
	b := Break{
		Share: s.report(k.name), Basis: sources.Basis(mostOf(s.basis[:])).String(),
		Confidence: sources.Confidence(mostOf(s.confidence[:])).String(),
		Evidence:   make(map[string]int64), Networks: s.networks, Mends: s.mends(k),
	}
	b.Author, b.Class = k.author, k.class.String()
	for i, n := range s.evidence {
		if n > 0 {
			b.Evidence[sources.Evidence(1 << i).Words()[0]] = n
		}
	}
	return b
}

// mostOf is the place of the greatest count, the first of equal ones.
func mostOf(counts []int64) int {
	best := 0
	for i, n := range counts {
		if n > counts[best] {
			best = i
		}
	}
	return best
}
