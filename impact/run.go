package impact

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"mailaudit/evaluate/dmarc"
	"mailaudit/internal/pipeline"
	"mailaudit/sink"
	"mailaudit/sources"
)

// taker gathers what comes of the parts that one worker decides. It counts them
// all into one: the maps of a part would cost more than its rows.
type taker struct {
	total   Impact
	collect bool           // changed rows too
	changes []*sink.Change // of the part at hand
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
	var takers takers
	o := pipeline.Options{Workers: workers, Window: workers}
	worker := func() func(context.Context, int) ([]*sink.Change, error) {
		return j.partWorker(takers.add(each != nil))
	}
	var changes []*sink.Change // of the generation
	part := 0
	for found, err := range pipeline.Map(ctx, iter.Seq2[int, error](parts), o, worker) {
		if err != nil {
			return nil, err
		}
		changes = append(changes, found...)
		if part++; part < j.data.Parts() && j.data.Generation(part) == j.data.Generation(part-1) {
			continue
		}
		if err := inOrder(changes, each); err != nil {
			return nil, err
		}
		changes = nil
	}
	return takers.total(), ctx.Err()
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

// takers are those of all workers.
type takers struct {
	mu  sync.Mutex
	all []*taker
}

func (t *takers) add(collect bool) *taker {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, &taker{collect: collect})
	return t.all[len(t.all)-1]
}

// total is what all of them counted; no worker works any more.
func (t *takers) total() *Impact {
	if len(t.all) == 1 {
		return &t.all[0].total
	}
	total := new(Impact)
	for _, t := range t.all {
		total.Merge(&t.total)
	}
	return total
}

// partWorker decides one part after the other.
func (j *Judge) partWorker(t *taker) func(context.Context, int) ([]*sink.Change, error) {
	w := j.newWorker()
	g := w.newGroup()
	return func(ctx context.Context, part int) ([]*sink.Change, error) {
		t.changes = nil
		if j.spf != nil {
			err := w.overlaid(ctx, part, t)
			return t.changes, err
		}
		err := g.scan(ctx, part, t)
		return t.changes, err
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
