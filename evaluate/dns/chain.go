package dns

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// ChainSource asks several sources in order.
type ChainSource struct{ sources []Source }

// Chain returns a source that asks each in order until one does not answer
// [NotRecorded]. Without any it answers NotRecorded to everything.
func Chain(sources ...Source) *ChainSource {
	return &ChainSource{slices.Clone(sources)}
}

// Lookup implements [Source].
func (c *ChainSource) Lookup(ctx context.Context, q Question) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if checkName(q.Name) != nil {
		return badName(q), nil
	}
	var passed span
	for _, s := range c.sources {
		a, err := s.Lookup(ctx, q)
		if err != nil {
			return nil, err
		}
		if a.Status != NotRecorded {
			return passed.bound(a), nil
		}
		passed.narrow(a)
	}
	return passed.bound(&Answer{Name: q.Name, Type: q.Type}), nil
}

// span is the interval in which answers so far hold; the zero time is unbounded.
type span struct{ since, until time.Time }

// narrow cuts the span to the answer's own.
func (s *span) narrow(a *Answer) {
	if a.Since.After(s.since) {
		s.since = a.Since
	}
	if s.until.IsZero() || !a.Until.IsZero() && a.Until.Before(s.until) {
		s.until = a.Until
	}
}

// bound returns the answer, or a copy whose interval is cut to the span: in
// another moment a source before this one may speak.
func (s span) bound(a *Answer) *Answer {
	s.narrow(a)
	if s.since.Equal(a.Since) && s.until.Equal(a.Until) {
		return a
	}
	cut := *a
	cut.Since, cut.Until = s.since, s.until
	return &cut
}

// History implements [Historian]: what all of them know, oldest first.
func (c *ChainSource) History(ctx context.Context, name string, t Type) ([]*Answer, error) {
	var all []*Answer
	for _, s := range c.sources {
		h, err := history(ctx, s, name, t)
		if err != nil {
			return nil, err
		}
		all = append(all, h...)
	}
	sortByTime(all)
	return all, nil
}

// sortByTime sorts answers by the begin of their interval, then by when they
// were seen, keeping the order of those that agree.
func sortByTime(answers []*Answer) {
	slices.SortStableFunc(answers, func(a, b *Answer) int {
		return cmp.Or(a.Since.Compare(b.Since), a.ObservedAt.Compare(b.ObservedAt))
	})
}
