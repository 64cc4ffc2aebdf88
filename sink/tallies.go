package sink

import (
	"cmp"
	"context"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Tallies counts the rows of a dataset, its parts side by side: each worker adds
// its row groups to a tally of its own, as the maps of one for each part would
// cost more than the part's rows. Which parts are in which tally is left to
// chance. The error is the first one of reading, or that of ctx.
func Tallies[T any](ctx context.Context, d *Dataset, workers int, newTally func() T, add func(T, *Scan)) ([]T, error) {
	group, inner := errgroup.WithContext(ctx)
	var next atomic.Int64
	all := make([]T, max(workers, 1))
	for i := range all {
		all[i] = newTally()
		group.Go(func() error {
			scan := new(Scan)
			for inner.Err() == nil {
				part := int(next.Add(1)) - 1
				if part >= d.Parts() {
					return nil
				}
				if err := scan.each(inner, d, part, func() { add(all[i], scan) }); err != nil {
					return err
				}
			}
			return inner.Err()
		})
	}
	return all, group.Wait()
}

// each goes through the row groups of a part.
func (s *Scan) each(ctx context.Context, d *Dataset, part int, do func()) error {
	if err := s.Reopen(d, part); err != nil {
		return err
	}
	for s.Next() && ctx.Err() == nil {
		do()
	}
	return cmp.Or(s.Err(), s.Close(), ctx.Err())
}
