package explain

import (
	"context"
	"sync"
	"time"

	"mailaudit/evaluate/dns"
)

// recorder passes questions on and keeps each answer once, in order.
type recorder struct {
	base dns.Source

	mu   sync.Mutex
	seen map[*dns.Answer]bool
	list []asked
}

// asked is one answer and the moment it was first asked for.
type asked struct {
	answer *dns.Answer
	at     time.Time
}

func newRecorder(base dns.Source) *recorder {
	return &recorder{base: base, seen: map[*dns.Answer]bool{}}
}

// Lookup implements dns.Source.
func (r *recorder) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	a, err := r.base.Lookup(ctx, q)
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.seen[a] {
		r.seen[a] = true
		r.list = append(r.list, asked{a, q.At})
	}
	return a, nil
}

// History implements dns.Historian where the base does.
func (r *recorder) History(ctx context.Context, name string, t dns.Type) ([]*dns.Answer, error) {
	if h, ok := r.base.(dns.Historian); ok {
		return h.History(ctx, name, t)
	}
	return nil, nil
}
