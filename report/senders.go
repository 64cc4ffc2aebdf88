package report

import (
	"cmp"
	"slices"

	"mailaudit/sources"
)

// senderAuthors is how many author domains are named for a sender.
const senderAuthors = 3

// Sender is somebody who sends, as people know them. What kind that is is a
// judgement from evidence, never certain.
type Sender struct {
	Name       string   `json:"name"`
	Class      string   `json:"class"`
	Confidence string   `json:"confidence"` // of most of its messages
	Outcomes   Outcomes `json:"outcomes"`
	// Authors are the first author domains that it sent for.
	Authors []string `json:"authors"`
	// Failure is the first message that failed; nil where none did.
	Failure *Place `json:"failure,omitempty"`
}

// Class is the share of one kind of sender.
type Class struct {
	Class    string   `json:"class"`
	Senders  int      `json:"senders"`
	Outcomes Outcomes `json:"outcomes"`
}

// Place is where audit explain finds a message.
type Place struct {
	Source  string `json:"source"`
	Offset  int64  `json:"offset"`
	ordinal int64
}

var classPhrases = map[string]string{
	sources.Own.String():           "the domain's own, aligned",
	sources.OwnUnaligned.String():  "the domain's own hosts, not aligned",
	sources.ThirdParty.String():    "third party",
	sources.MailingList.String():   "mailing list",
	sources.Forwarder.String():     "forwarder",
	sources.LikelyForgery.String(): "likely forgery",
	sources.Unknown.String():       "unknown",
}

// classOrder is how the classes are shown: whom a policy hurts in the middle.
var classOrder = [sources.Classes]sources.Class{
	sources.Own, sources.OwnUnaligned, sources.ThirdParty, sources.MailingList, sources.Forwarder,
	sources.Unknown, sources.LikelyForgery,
}

type senderKey struct {
	name  string
	class sources.Class
}

type senderRow struct {
	outcomes   Outcomes
	confidence [3]int64
	authors    []firstSeen // by ordinal
	failure    *Place
}

type firstSeen struct {
	name    string
	ordinal int64
}

// senders counts by sender and class.
type senders struct {
	rows map[senderKey]*senderRow
	way  sources.Rows
	seen senderPlaces
}

func newSenders() senders { return senders{rows: make(map[senderKey]*senderRow)} }

func (s *senders) row(k senderKey) *senderRow {
	row := s.rows[k]
	if row == nil {
		row = new(senderRow)
		s.rows[k] = row
	}
	return row
}

// author keeps the first few names by where they were first seen.
func (r *senderRow) author(a firstSeen) {
	for i := range r.authors {
		if r.authors[i].name == a.name {
			if r.authors[i].ordinal <= a.ordinal {
				return
			}
			r.authors = slices.Delete(r.authors, i, i+1)
			break
		}
	}
	if len(r.authors) == senderAuthors && r.authors[senderAuthors-1].ordinal <= a.ordinal {
		return
	}
	at, _ := slices.BinarySearchFunc(r.authors, a, func(x, y firstSeen) int {
		return cmp.Or(cmp.Compare(x.ordinal, y.ordinal), cmp.Compare(x.name, y.name))
	})
	r.authors = slices.Insert(r.authors, at, a)
	r.authors = r.authors[:min(len(r.authors), senderAuthors)]
}

func (r *senderRow) failed(p *Place) {
	if p != nil && (r.failure == nil || p.ordinal < r.failure.ordinal) {
		r.failure = p
	}
}

func (s *senders) merge(o *senders) {
	for k, row := range o.rows {
		mine := s.row(k)
		mine.outcomes.merge(&row.outcomes)
		for i, n := range row.confidence {
			mine.confidence[i] += n
		}
		for _, a := range row.authors {
			mine.author(a)
		}
		mine.failed(row.failure)
	}
}

// top are the senders with the most messages; equal ones by name and class.
func (s *senders) top() []Sender {
	out := make([]Sender, 0, len(s.rows))
	for k, row := range s.rows {
		out = append(out, row.sender(k))
	}
	slices.SortFunc(out, func(a, b Sender) int {
		return cmp.Or(cmp.Compare(b.Outcomes.Messages(), a.Outcomes.Messages()),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.Class, b.Class))
	})
	return out[:min(len(out), maxRows)]
}

func (r *senderRow) sender(k senderKey) Sender {
	most := sources.Low
	for c := sources.Low; c <= sources.High; c++ {
		if r.confidence[c] > r.confidence[most] {
			most = c
		}
	}
	s := Sender{
		Name: k.name, Class: k.class.String(), Confidence: most.String(), Outcomes: r.outcomes,
		Authors: []string{}, Failure: r.failure,
	}
	for _, a := range r.authors {
		s.Authors = append(s.Authors, a.name)
	}
	return s
}

// byClass adds the senders up.
func (s *senders) byClass() []Class {
	var sums [sources.Classes]Class
	for k, row := range s.rows {
		sums[k.class].Senders++
		sums[k.class].Outcomes.merge(&row.outcomes)
	}
	out := []Class{}
	for _, c := range classOrder {
		if sums[c].Senders > 0 {
			sums[c].Class = c.String()
			out = append(out, sums[c])
		}
	}
	return out
}
