package report

import (
	"strings"

	"mailaudit/internal/columns"
	"mailaudit/sources"
)

// senderPlaces finds the counts of a sender by its number.
type senderPlaces struct {
	ids []int32 // by number and class; one more than the place in of, 0: none yet
	of  []senderPlace
}

// senderPlace is a sender as the rows at hand show it: in little memory, for
// senders come in no order.
type senderPlace struct {
	*senderRow
	counts  [outcomes]uint32
	weights [3]uint32 // by confidence
	author  int32     // the code of whom it last wrote for, and one more; 0: nobody yet
	ordinal int64
}

// at is the place of a sender.
func (s *senders) at(src sources.Sender) *senderPlace {
	p := &s.seen
	at := int(src.Name)*sources.Classes + int(src.Class)
	for len(p.ids) <= at {
		p.ids = append(p.ids, 0)
	}
	if p.ids[at] == 0 {
		p.of = append(p.of, senderPlace{senderRow: s.row(senderKey{s.way.Name(src.Name), src.Class})})
		p.ids[at] = int32(len(p.of))
	}
	return &p.of[p.ids[at]-1]
}

// addRows counts rows.
func (s *senders) addRows(r *rows) {
	s.way.Open(r.Group)
	ordinals := r.Column("ordinal").Numbers
	for i, k := range r.kinds {
		if !k.authored() {
			continue
		}
		src, o := s.way.At(i), k.outcome()
		p := s.at(src)
		p.counts[o]++
		p.weights[src.Confidence]++
		p.wrote(r.author, i, ordinals[i])
		if o.failed() && (p.failure == nil || ordinals[i] < p.failure.ordinal) {
			p.failure = place(r.Group, i, ordinals[i])
		}
	}
	for i := range s.seen.of {
		s.seen.of[i].settle()
	}
}

// settle adds the counts up, for other rows to come.
func (p *senderPlace) settle() {
	if p.author == 0 {
		return // none of the rows was its
	}
	for o, n := range p.counts {
		p.outcomes[o] += int64(n)
	}
	for c, n := range p.weights {
		p.confidence[c] += int64(n)
	}
	*p = senderPlace{senderRow: p.senderRow}
}

// wrote notes whom row i was written for.
func (p *senderPlace) wrote(author *columns.Vector, i int, ordinal int64) {
	code := author.Codes[i]
	if p.author == code+1 && p.ordinal <= ordinal {
		return
	}
	p.author, p.ordinal = code+1, ordinal
	if n := len(p.authors); n == senderAuthors && p.authors[n-1].ordinal <= ordinal {
		return
	}
	p.senderRow.author(firstSeen{author.Dict[code], ordinal})
}

// place is where row i is found.
func place(g columns.Group, i int, ordinal int64) *Place {
	return &Place{strings.Clone(g.Column("source").Text(i)), g.Column("source_offset").Numbers[i], ordinal}
}
