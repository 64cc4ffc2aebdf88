package dns

import (
	"context"
	"sync/atomic"
	"time"
)

// LimitSource bounds the questions that a source works on at once.
type LimitSource struct {
	base  Source
	slots chan struct{}
}

// Limit returns a source that asks base at most n questions at once, n at least
// 1. More wait, as long as their context lasts.
func Limit(base Source, n int) *LimitSource {
	return &LimitSource{base, make(chan struct{}, max(n, 1))}
}

// Lookup implements [Source].
func (l *LimitSource) Lookup(ctx context.Context, q Question) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
		return l.base.Lookup(ctx, q)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// History implements [Historian], unbounded: recorded data need no manners.
func (l *LimitSource) History(ctx context.Context, name string, t Type) ([]*Answer, error) {
	return history(ctx, l.base, name, t)
}

// RetrySource asks again after failures that may pass.
type RetrySource struct {
	base    Source
	waits   []time.Duration
	retried atomic.Int64
}

// Retry returns a source that asks base again, after each of waits in turn, as
// long as the answer is a failure that may pass: timeout, servfail, refused,
// network. [Live] needs none, it asks again by itself.
func Retry(base Source, waits ...time.Duration) *RetrySource {
	return &RetrySource{base: base, waits: waits}
}

// Lookup implements [Source].
func (r *RetrySource) Lookup(ctx context.Context, q Question) (*Answer, error) {
	a, err := r.base.Lookup(ctx, q)
	for _, wait := range r.waits {
		if err != nil || !transient(a) {
			break
		}
		if err := sleep(ctx, wait); err != nil {
			return nil, err
		}
		r.retried.Add(1)
		a, err = r.base.Lookup(ctx, q)
	}
	return a, err
}

// History implements [Historian].
func (r *RetrySource) History(ctx context.Context, name string, t Type) ([]*Answer, error) {
	return history(ctx, r.base, name, t)
}

// transient tells whether asking again may give an answer.
func transient(a *Answer) bool {
	if a.Status != Failure {
		return false
	}
	switch a.Kind {
	case Timeout, ServFail, Refused, Network:
		return true
	}
	return false
}

// sleep waits; its error is the context's.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
