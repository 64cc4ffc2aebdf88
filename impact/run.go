package impact

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"time"

	"mailaudit/evaluate/dmarc"
	"mailaudit/internal/pipeline"
	"mailaudit/sink"
	"mailaudit/sources"
)

// taker gathers what comes of a part.
type taker struct {
	total   Impact
	collect bool // changed rows too
	changes []*sink.Change
}

// take settles one message and counts it.
func (t *taker) take(ctx context.Context, w *worker, s *subject, r *ruling, d *details, of row) {
	r, from, to := w.settle(s, r, d, of)
	t.total.count(s, r, from, to)
	moved := from != to || r.unjudged != ""
	if !moved && (!t.collect || r.category == s.from.category) {
		return
	}
	of.details(d, r.decided)
	src := w.identify(ctx, s, r, d)
	if moved {
		t.total.change(r, from, to, d, &src)
	}
	if t.collect {
		t.changes = append(t.changes, change(s, r, d, &src, from, to))
	}
}

// Run decides every message of the dataset, its parts side by side, and counts
// what changes. Where each is not nil it is given every row whose category or
// disposition changes, or that cannot be judged, in the order of the dataset.
// The error is one of reading, of a DNS source, or each's.
func (j *Judge) Run(ctx context.Context, workers int, each func(*sink.Change) error) (*Impact, error) {
	parts := func(yield func(int, error) bool) {
		for i := range j.data.Parts() {
			if !yield(i, nil) {
				return
			}
		}
	}
	total := new(Impact)
	o := pipeline.Options[int]{Workers: workers, Window: workers}
	var changes []*sink.Change // of the generation
	part := 0
	for t, err := range pipeline.Map(ctx, iter.Seq2[int, error](parts), o, j.partWorker(each != nil)) {
		if err != nil {
			return nil, err
		}
		total.Merge(&t.total)
		changes = append(changes, t.changes...)
		if part++; part < j.data.Parts() && j.data.Generation(part) == j.data.Generation(part-1) {
			continue
		}
		if err := inOrder(changes, each); err != nil {
			return nil, err
		}
		changes = nil
	}
	return total, ctx.Err()
}

// inOrder gives the changes of a generation, whose parts have rows between each
// other's, to each.
func inOrder(changes []*sink.Change, each func(*sink.Change) error) error {
	slices.SortFunc(changes, func(a, b *sink.Change) int { return cmp.Compare(a.Ordinal, b.Ordinal) })
	for _, c := range changes {
		if err := each(c); err != nil {
			return err
		}
	}
	return nil
}

// partWorker makes what decides one part after the other.
func (j *Judge) partWorker(collect bool) func() func(context.Context, int) (*taker, error) {
	return func() func(context.Context, int) (*taker, error) {
		w := j.newWorker()
		g := w.newGroup()
		return func(ctx context.Context, part int) (*taker, error) {
			t := &taker{collect: collect}
			if j.spf != nil {
				return t, w.overlaid(ctx, part, t)
			}
			return t, g.scan(ctx, part, t)
		}
	}
}

// strictly tells that the message failed only because the policy asks for the
// same domain.
func (r *ruling) strictly() bool { return r.decision.Reason == dmarc.ReasonStrictMode }

// dayOf is the day of a time in microseconds, in UTC; empty where unknown.
func dayOf(micros int64) string {
	if micros == sink.NoNumber {
		return ""
	}
	return time.UnixMicro(micros).UTC().Format(time.DateOnly)
}

// change is a row of the table changes.
func change(s *subject, r *ruling, d *details, src *sources.Source, from, to Disposition) *sink.Change {
	c := &sink.Change{
		Source: d.source, Offset: d.offset, Ordinal: d.ordinal,
		Author: s.author, ListID: d.ListID, ClientIP: d.Client,
		FromCategory: string(s.from.category.word()), FromDisposition: string(from.Word()),
		Sender: src.Name, SenderBasis: src.Basis.String(), SenderClass: src.Class.String(),
		SenderConfidence: src.Confidence.String(), SenderEvidence: src.Evidence.Words(),
		Unjudged: string(r.unjudged),
	}
	if d.received != sink.NoNumber {
		c.ReceivedAt = time.UnixMicro(d.received).UTC()
	}
	if r.unjudged != "" {
		return c
	}
	c.ToCategory, c.ToDisposition = string(r.category.word()), string(to.Word())
	c.OverrideType, c.OverrideComment = r.override, r.comment
	if r.decided {
		c.Reason, c.Policy, c.PolicyTag = string(r.decision.Reason), string(r.decision.Policy), r.decision.PolicyTag
		c.PolicyDomain = r.author.policy.Domain()
	}
	return c
}
