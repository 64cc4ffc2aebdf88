package dns

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of [LiveOptions].
const (
	// DefaultTimeout is how long the first query of a question waits: resolvers
	// that have to ask far away need a second or more.
	DefaultTimeout = 2 * time.Second
	// DefaultAttempts is one query and three more, as stub resolvers do with
	// two servers.
	DefaultAttempts = 4
	// DefaultBackoff is the pause after a server said it failed.
	DefaultBackoff = 100 * time.Millisecond
	// DefaultInFlight is the number of questions on their way at once: a
	// thousand a second at the second that slow domains take.
	DefaultInFlight = 1000
	// DefaultServerRate is the number of queries a second put to one server
	// that is not on this machine: below what public resolvers allow a client
	// (Google Public DNS: 1,500).
	DefaultServerRate = 1000
	// DefaultSockets is the number of UDP sockets, and so of source ports, that
	// each server is asked from.
	DefaultSockets = 4
)

// maxTimeout bounds the growing wait of repeated queries.
const maxTimeout = 8 * time.Second

// LiveOptions are the manners of [Live]. The zero value of each field is its
// default; a negative rate is no limit.
type LiveOptions struct {
	// Now stamps answers with when they were seen; without it they have no time.
	Now func() time.Time
	// Timeout is the wait for the first query of a question; every repetition
	// waits twice as long as the one before, at most 8 s.
	Timeout time.Duration
	// Attempts is the number of queries that may fail before a question has.
	Attempts int
	// Backoff is the pause before a query after a failure other than a timeout;
	// it doubles with each.
	Backoff    time.Duration
	InFlight   int // questions at once
	ServerRate int // queries a second to each server; the default is for servers elsewhere
	TotalRate  int // queries a second to all of them; no limit by default
	Sockets    int // UDP sockets for each server
	// MixCase asks with letters of random case and believes only answers that
	// repeat it (draft-vixie-dnsext-dns0x20). A few servers do not: their
	// answers are lost then.
	MixCase bool
}

func (o LiveOptions) withDefaults() LiveOptions {
	o.Timeout = cmp.Or(max(o.Timeout, 0), DefaultTimeout)
	o.Attempts = cmp.Or(max(o.Attempts, 0), DefaultAttempts)
	o.Backoff = cmp.Or(max(o.Backoff, 0), DefaultBackoff)
	o.InFlight = cmp.Or(max(o.InFlight, 0), DefaultInFlight)
	o.Sockets = cmp.Or(max(o.Sockets, 0), DefaultSockets)
	return o
}

// LiveSource asks recursive resolvers.
type LiveSource struct {
	o       LiveOptions
	servers []*server
	turn    atomic.Uint32 // whose turn it is
	slots   chan struct{}
	pace    *pacer

	retries, tcp, truncated, ignored atomic.Int64

	run     context.Context // ends with Close
	end     context.CancelFunc
	running sync.WaitGroup
}

// Live returns a source that asks recursive resolvers: over a few shared UDP
// sockets, with EDNS, over TCP where an answer was cut, each server in turn and
// the next one after a failure. Servers are addresses or host names, with or
// without a port (53). Nothing is asked before the first Lookup.
//
// A question is asked until a usable answer comes or LiveOptions.Attempts have
// failed; its failure is that of the last server that said anything. An answer
// proves absence only where it is whole, speaks of the name asked and carries
// no contradiction. At is ignored: the view is that of the moment of asking.
//
// Close must be called when the source is no longer used.
func Live(servers []string, o LiveOptions) (*LiveSource, error) {
	if len(servers) == 0 {
		return nil, errors.New("dns: no servers to ask")
	}
	o = o.withDefaults()
	l := &LiveSource{o: o, slots: make(chan struct{}, o.InFlight)}
	l.run, l.end = context.WithCancel(context.Background())
	if o.TotalRate > 0 {
		l.pace = newPacer(o.TotalRate, l.run.Done(), &l.running)
	}
	for _, s := range servers {
		srv, err := l.newServer(s)
		if err != nil {
			l.Close()
			return nil, err
		}
		l.servers = append(l.servers, srv)
	}
	return l, nil
}

// Close closes the sockets. Questions on their way end with net.ErrClosed.
func (l *LiveSource) Close() error {
	l.end()
	for _, s := range l.servers {
		s.close()
	}
	l.running.Wait()
	return nil
}

// Lookup implements [Source]. It is an error to ask after Close: net.ErrClosed.
func (l *LiveSource) Lookup(ctx context.Context, q Question) (*Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if checkName(q.Name) != nil {
		return badName(q), nil
	}
	select {
	case l.slots <- struct{}{}:
		defer func() { <-l.slots }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.run.Done():
		return nil, net.ErrClosed
	}
	return l.answer(ctx, q)
}

// answer asks until the chain of aliases has an end. Its failures count for the
// whole question, so that a chain cannot stretch the time without bound.
func (l *LiveSource) answer(ctx context.Context, q Question) (*Answer, error) {
	a := &Answer{Name: q.Name, Type: q.Type}
	name, worst, failures := q.Name, Timeout, 0
	var last *server
	for {
		s := l.pick(last)
		next, kind, err := l.try(ctx, s, a, name, failures)
		switch {
		case err != nil:
			return nil, err
		case kind == "" && next == "":
			return l.seal(a, s), nil
		case kind == "":
			name = next
			continue
		}
		if kind != Timeout {
			worst = kind
		}
		if failures++; failures >= l.attempts() {
			a.fail(worst)
			return l.seal(a, s), nil
		}
		last = s
		l.retries.Add(1)
		if err := l.backOff(ctx, kind, failures); err != nil {
			return nil, err
		}
	}
}

// attempts is how many failures a question may have: two where no server has
// answered for long, else a dead network would cost half a minute a question.
func (l *LiveSource) attempts() int {
	for _, s := range l.servers {
		if !s.resting() {
			return l.o.Attempts
		}
	}
	return min(2, l.o.Attempts)
}

// seal completes an answer.
func (l *LiveSource) seal(a *Answer, s *server) *Answer {
	a.Source = s.label
	if l.o.Now != nil {
		a.ObservedAt = l.o.Now().UTC()
	}
	return a
}

// try puts the question for one name to one server and adds the answer to a. The
// error means that the run ended.
func (l *LiveSource) try(ctx context.Context, s *server, a *Answer, name string, failures int) (string, FailureKind, error) {
	wait := min(l.o.Timeout<<min(failures, 16), maxTimeout)
	r, kind, err := s.exchange(ctx, name, a.Type, wait)
	if err != nil {
		return "", "", err
	}
	next := ""
	if kind == "" {
		draft := *a
		draft.CNAMEs = slices.Clip(a.CNAMEs)
		if next, kind = r.judge(&draft, name); kind == "" {
			*a = draft
		}
	}
	s.note(kind)
	return next, kind, nil
}

// backOff pauses after a failure; a timeout was pause enough.
func (l *LiveSource) backOff(ctx context.Context, kind FailureKind, failures int) error {
	if kind == Timeout {
		return ctx.Err()
	}
	t := time.NewTimer(min(l.o.Backoff<<min(failures-1, 16), maxTimeout))
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	case <-l.run.Done():
		return net.ErrClosed
	}
}

// pick returns the server whose turn it is: not the last one asked, and none
// that rests, where there is another.
func (l *LiveSource) pick(last *server) *server {
	n := len(l.servers)
	start := int(l.turn.Add(1) % uint32(n))
	var spare *server
	for i := range n {
		s := l.servers[(start+i)%n]
		switch {
		case s == last && n > 1:
		case !s.resting() || s.probe():
			return s
		case spare == nil:
			spare = s
		}
	}
	if last != nil && (spare == nil || !last.resting()) {
		return last
	}
	return spare
}

func (l *LiveSource) addCounts(c *Counts) {
	c.Retries += l.retries.Load()
	c.TCP += l.tcp.Load()
	c.Truncated += l.truncated.Load()
	c.Ignored += l.ignored.Load()
	for _, s := range l.servers {
		sc := s.counts()
		c.Sent += sc.Sent
		c.Servers = append(c.Servers, sc)
	}
}
