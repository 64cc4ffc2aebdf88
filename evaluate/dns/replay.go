package dns

import (
	"context"
	"iter"
	"slices"
	"time"
)

// ReplaySource answers from recorded answers.
type ReplaySource struct {
	answers map[key][]*Answer // by rising Since
	past    map[key][]*Answer // of a Historian: for no moment, by rising Since
	count   int
}

// key is a question without its moment.
type key struct {
	name string
	t    Type
}

// Replay returns a source that gives back recorded answers, unchanged, so that
// a replayed run rests on, and writes, the same answers. A question whose name,
// type and moment nobody recorded is [NotRecorded]. The zero moment takes the
// latest answer.
//
// Of answers with the same name, type and interval the first counts. Those with
// an empty interval came out of a history and answer for no moment: only History
// has them. An error of the sequence ends it and is returned.
func Replay(answers iter.Seq2[*Answer, error]) (*ReplaySource, error) {
	r := &ReplaySource{answers: map[key][]*Answer{}, past: map[key][]*Answer{}}
	for a, err := range answers {
		if err != nil {
			return nil, err
		}
		r.add(a)
	}
	for _, lists := range [...]map[key][]*Answer{r.answers, r.past} {
		for _, list := range lists {
			sortByTime(list)
		}
	}
	return r, nil
}

func (r *ReplaySource) add(a *Answer) {
	k := key{a.Name, a.Type}
	if !a.Since.IsZero() && a.Since.Equal(a.Until) {
		r.past[k] = append(r.past[k], a)
		r.count++
		return
	}
	list := r.answers[k]
	if slices.ContainsFunc(list, func(b *Answer) bool { return b.Since.Equal(a.Since) && b.Until.Equal(a.Until) }) {
		return
	}
	r.answers[k] = append(list, a)
	r.count++
}

// Len returns the number of answers it has.
func (r *ReplaySource) Len() int { return r.count }

// Lookup implements [Source].
func (r *ReplaySource) Lookup(ctx context.Context, q Question) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	list := r.answers[key{q.Name, q.Type}]
	if a := inForce(list, q.At); a != nil {
		return a, nil
	}
	if checkName(q.Name) != nil {
		return badName(q), nil
	}
	return gap(list, q), nil
}

// gap is the answer to a moment between what is recorded: it holds until the
// records beside it.
func gap(list []*Answer, q Question) *Answer {
	a := &Answer{Name: q.Name, Type: q.Type}
	for _, r := range list {
		if !r.Until.IsZero() && !r.Until.After(q.At) && r.Until.After(a.Since) {
			a.Since = r.Until
		}
		if r.Since.After(q.At) && (a.Until.IsZero() || r.Since.Before(a.Until)) {
			a.Until = r.Since
		}
	}
	return a
}

// History implements [Historian]. What came out of a history stands last, so that
// who tries the latest first meets what the recorded run met.
func (r *ReplaySource) History(_ context.Context, name string, t Type) ([]*Answer, error) {
	var positive []*Answer
	for _, a := range r.answers[key{name, t}] {
		if a.Status == Success {
			positive = append(positive, a)
		}
	}
	return append(positive, r.past[key{name, t}]...), nil
}

// InForce tells whether the answer's interval holds the moment: Since is part of
// it, Until is not. The zero moment is in every interval that has no bounds.
func (a *Answer) InForce(at time.Time) bool {
	return (a.Since.IsZero() || !at.Before(a.Since)) && (a.Until.IsZero() || at.Before(a.Until))
}

// inForce returns the answer in force at a moment, of a list by rising Since;
// the last one for the zero moment; nil where there is none.
func inForce(list []*Answer, at time.Time) *Answer {
	if at.IsZero() {
		if len(list) == 0 {
			return nil
		}
		return list[len(list)-1]
	}
	for i := len(list) - 1; i >= 0; i-- {
		if list[i].InForce(at) {
			return list[i]
		}
	}
	return nil
}
