package impact

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"mailaudit/sink"
	"mailaudit/sources"
)

// Impact counts what a scenario changes. The zero Impact is empty. It is exact:
// it holds one entry for each author domain, source, list and day that something
// changes for. Impacts merge in any order.
type Impact struct {
	messages   int64
	matrix     [dispositions][dispositions]int64 // from, to; those judged
	categories [categories][categories]int64     // the same
	open       [dispositions]int64               // not judged, by from
	unjudged   map[Reason]int64
	overrides  map[string]int64

	authors map[string]*share
	lists   map[string]*share
	days    map[string]*share // 2006-01-02, UTC; empty: unknown
	senders map[senderKey]*sender

	today       *share // the day counted last
	todayNumber int64  // since 1970
}

// Move is a kind of change.
type Move uint8

// The moves.
const (
	NewlyRejected    Move = iota // from let through or quarantined
	NewlyQuarantined             // from let through
	Softened                     // from rejected to quarantined
	NewlyLetThrough
	moves = iota
)

var moveWords = [...]string{"newly_rejected", "newly_quarantined", "softened", "newly_let_through"}

// String is the stable word of a move.
func (m Move) String() string { return moveWords[m] }

// moveOf is the kind of a change between two dispositions that differ.
func moveOf(from, to Disposition) Move {
	switch {
	case to == Rejected:
		return NewlyRejected
	case to == LetThrough:
		return NewlyLetThrough
	case from == Rejected:
		return Softened
	}
	return NewlyQuarantined
}

// share is what changes for one of anything.
type share struct {
	moved    [moves]int64
	unjudged int64
	examples []Example // by rising ordinal
}

// keepExamples is how many examples each share has: enough to see whether they
// are alike.
const keepExamples = 3

// Example is a message to look at.
type Example struct {
	Source  string `json:"source"`
	Offset  int64  `json:"offset"`
	Ordinal int64  `json:"ordinal"`
	From    string `json:"from"`
	To      string `json:"to"` // empty where it cannot be judged
}

// senderKey tells senders apart: one for each author domain it writes for.
type senderKey struct {
	author, name string
	class        sources.Class
}

// sender is what changes for one sender.
type sender struct {
	share
	basis      [7]int64 // by sources.Basis
	confidence [3]int64 // by sources.Confidence
	evidence   [16]int64
	strict     int64 // failed only because the policy asks for the same domain
	networks   []string
}

// keepNetworks is how many networks of a sender are told.
const keepNetworks = 3

// still counts n messages that are treated as they were.
func (t *Impact) still(from, to category, d Disposition, n int64) {
	t.messages += n
	t.matrix[d][d] += n
	t.categories[from][to] += n
}

// count counts a message; what is not judged has no to.
func (t *Impact) count(s *subject, r *ruling, from, to Disposition) {
	t.messages++
	if r.unjudged != "" {
		t.open[from]++
		add(&t.unjudged, r.unjudged, 1)
		return
	}
	t.matrix[from][to]++
	t.categories[s.from.category][r.category]++
	if r.override == OverrideTrustedForwarder || r.override == OverrideLocalPolicy {
		add(&t.overrides, r.override, 1)
	}
}

func add[K comparable](m *map[K]int64, k K, n int64) {
	if *m == nil {
		*m = make(map[K]int64)
	}
	(*m)[k] += n
}

// change counts whose a change is.
func (t *Impact) change(r *ruling, from, to Disposition, d *details, src *sources.Source) {
	e := Example{Source: d.source, Offset: d.offset, Ordinal: d.ordinal, From: string(from.Word())}
	var s *sender
	if r.unjudged == "" {
		e.To = string(to.Word())
		s = t.sender(r.author, senderKey{d.Author, src.Name, src.Class})
		s.see(r, d, src)
		s.add(from, to, &e)
	}
	t.author(r.author, d.Author).add(from, to, &e)
	t.day(d.received).count(from, to, &e)
	if d.ListID != "" {
		of(&t.lists, d.ListID).add(from, to, &e)
	}
}

// shares are those of one author domain in one Impact, the first few: looked for
// here before the maps are asked.
type shares struct {
	of      *Impact
	share   *share
	keys    [few]senderKey
	senders [few]*sender
	count   uint8
}

// shares finds them; nil where nothing is known of the author domain.
func (t *Impact) shares(a *author) *shares {
	if a == nil {
		return nil
	}
	if a.shares.of != t {
		a.shares = shares{of: t}
	}
	return &a.shares
}

func (t *Impact) author(a *author, name string) *share {
	m := t.shares(a)
	if m == nil {
		return of(&t.authors, name)
	}
	if m.share == nil {
		m.share = of(&t.authors, name)
	}
	return m.share
}

func (t *Impact) sender(a *author, key senderKey) *sender {
	m := t.shares(a)
	if m == nil {
		return ofSender(&t.senders, key)
	}
	for i := range m.keys[:m.count] {
		if k := &m.keys[i]; k.class == key.class && k.name == key.name {
			return m.senders[i]
		}
	}
	s := ofSender(&t.senders, key)
	if n := m.count; n < few {
		key.name = strings.Clone(key.name)
		m.keys[n], m.senders[n] = key, s
		m.count++
	}
	return s
}

// day is the share of the day of a time in microseconds. Rows come nearly in the
// order of time.
func (t *Impact) day(micros int64) *share {
	n := int64(sink.NoNumber)
	if micros != sink.NoNumber {
		n = micros / dayMicros
		if micros < 0 && micros%dayMicros != 0 {
			n--
		}
	}
	if t.today == nil || n != t.todayNumber {
		t.today, t.todayNumber = of(&t.days, dayOf(micros)), n
	}
	return t.today
}

const dayMicros = 24 * 60 * 60 * 1e6

func of(m *map[string]*share, key string) *share {
	s := (*m)[key]
	if s == nil {
		if *m == nil {
			*m = make(map[string]*share)
		}
		s = new(share)
		(*m)[strings.Clone(key)] = s
	}
	return s
}

func ofSender(m *map[senderKey]*sender, key senderKey) *sender {
	s := (*m)[key]
	if s == nil {
		if *m == nil {
			*m = make(map[senderKey]*sender)
		}
		s = new(sender)
		key.author, key.name = strings.Clone(key.author), strings.Clone(key.name)
		(*m)[key] = s
	}
	return s
}

// count counts a message.
func (s *share) count(from, to Disposition, e *Example) {
	if e.To == "" {
		s.unjudged++
	} else {
		s.moved[moveOf(from, to)]++
	}
}

// add counts a message, which may be an example.
func (s *share) add(from, to Disposition, e *Example) {
	s.count(from, to, e)
	s.keep(e)
}

// keep keeps the first messages as examples.
func (s *share) keep(e *Example) {
	if n := len(s.examples); n == keepExamples && e.Ordinal >= s.examples[n-1].Ordinal {
		return
	}
	s.examples = keepLeast(s.examples, *e, keepExamples, func(a, b Example) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
}

// keepLeast adds an element to the n least, in order, each once.
func keepLeast[E any](list []E, e E, n int, compare func(a, b E) int) []E {
	if len(list) == n && compare(e, list[n-1]) >= 0 {
		return list
	}
	i, found := slices.BinarySearchFunc(list, e, compare)
	if found {
		return list
	}
	if list == nil {
		list = make([]E, 0, n+1)
	}
	list = slices.Insert(list, i, e)
	return list[:min(n, len(list))]
}

// see notes what a message tells of its sender.
func (s *sender) see(r *ruling, d *details, src *sources.Source) {
	s.basis[src.Basis]++
	s.confidence[src.Confidence]++
	for i := range s.evidence {
		if src.Evidence&(1<<i) != 0 {
			s.evidence[i]++
		}
	}
	if r.strictly() {
		s.strict++
	}
	if n := d.network; n != "" {
		s.networks = keepLeast(s.networks, n, keepNetworks, strings.Compare)
	}
}

// Merge adds another Impact, which stays as it is.
func (t *Impact) Merge(o *Impact) {
	t.messages += o.messages
	for i := range o.matrix {
		t.open[i] += o.open[i]
		for j, n := range o.matrix[i] {
			t.matrix[i][j] += n
		}
	}
	for i := range o.categories {
		for j, n := range o.categories[i] {
			t.categories[i][j] += n
		}
	}
	for k, n := range o.unjudged {
		add(&t.unjudged, k, n)
	}
	for k, n := range o.overrides {
		add(&t.overrides, k, n)
	}
	mergeShares(&t.authors, o.authors)
	mergeShares(&t.lists, o.lists)
	mergeShares(&t.days, o.days)
	for k, s := range o.senders {
		ofSender(&t.senders, k).merge(s)
	}
}

func mergeShares(to *map[string]*share, from map[string]*share) {
	for k, s := range from {
		of(to, k).merge(s)
	}
}

func (s *share) merge(o *share) {
	for i, n := range o.moved {
		s.moved[i] += n
	}
	s.unjudged += o.unjudged
	for _, e := range o.examples {
		s.keep(&e)
	}
}

func (s *sender) merge(o *sender) {
	s.share.merge(&o.share)
	for i, n := range o.basis {
		s.basis[i] += n
	}
	for i, n := range o.confidence {
		s.confidence[i] += n
	}
	for i, n := range o.evidence {
		s.evidence[i] += n
	}
	s.strict += o.strict
	for _, n := range o.networks {
		s.networks = keepLeast(s.networks, n, keepNetworks, strings.Compare)
	}
}

// changed is how many messages of a share change.
func (s *share) changed() int64 {
	n := int64(0)
	for _, m := range s.moved {
		n += m
	}
	return n
}

// harmed is how many are treated worse.
func (s *share) harmed() int64 { return s.moved[NewlyRejected] + s.moved[NewlyQuarantined] }

// largest lists keys by how much changes, equal ones in order.
func largest[K comparable, S any](m map[K]S, weight func(S) int64, order func(a, b K) int) []K {
	return slices.SortedFunc(maps.Keys(m), func(a, b K) int {
		return cmp.Or(cmp.Compare(weight(m[b]), weight(m[a])), order(a, b))
	})
}
