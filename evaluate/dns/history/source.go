package history

import (
	"context"
	"slices"
	"time"

	"mailaudit/evaluate/dns"
)

// Options are the choices of a [Source].
type Options struct {
	// Nearest is how far from a sight an answer may be taken from it; 0 for
	// DefaultNearest, negative for never.
	Nearest time.Duration
}

// index gives the sights of one name: those of the type, and for other types
// those of CNAME, each by rising first. They may be kept, not changed.
type index interface {
	sights(name string, t dns.Type) (own, aliases []seen, err error)
}

// Source answers from observations. It may be used by many goroutines.
type Source struct {
	index   index
	nearest int64 // microseconds
	close   func() error
}

func newSource(x index, o Options, close func() error) *Source {
	if o.Nearest == 0 {
		o.Nearest = DefaultNearest
	}
	return &Source{x, max(o.Nearest.Microseconds(), 0), close}
}

// Close closes the store that the source was opened with.
func (s *Source) Close() error {
	if s.close == nil {
		return nil
	}
	return s.close()
}

// sourceName is Answer.Source of what it says.
const sourceName = "history"

// Lookup implements [dns.Source]. The zero moment takes what was seen last. An
// error is the context's, or that of a store that cannot be read.
func (s *Source) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a := &dns.Answer{Name: q.Name, Type: q.Type}
	if bad(q.Name) {
		a.Status, a.Kind = dns.Failure, dns.BadName
		return a, nil
	}
	v := view{since: always, until: forever}
	for name := q.Name; ; {
		step, err := s.view(name, q)
		if err != nil {
			return nil, err
		}
		v.join(&step)
		if !step.alias {
			a.Status, a.Records = step.status, step.records
			break
		}
		name = step.records[0]
		if kind := badAlias(a, name); kind != "" {
			a.Status, a.Kind = dns.Failure, kind
			break
		}
		a.CNAMEs = append(a.CNAMEs, name)
	}
	a.Since, a.Until = fromMicro(v.since), fromMicro(v.until)
	if a.Status != dns.NotRecorded {
		a.Source, a.Nearest, a.ObservedAt = sourceName, v.nearest, fromMicro(v.at)
		return a, nil
	}
	a.CNAMEs = nil
	return a, nil
}

func bad(name string) bool {
	canonical, err := dns.CanonicalName(name)
	return err != nil || len(canonical) != len(name) // a final dot
}

// badAlias is why a CNAME cannot be followed.
func badAlias(a *dns.Answer, target string) dns.FailureKind {
	switch {
	case bad(target):
		return dns.BadName
	case len(a.CNAMEs) == dns.MaxChain, target == a.Name, slices.Contains(a.CNAMEs, target):
		return dns.Loop
	}
	return ""
}

// join adds what the next name of a chain says.
func (v *view) join(step *view) {
	v.since, v.until = max(v.since, step.since), min(v.until, step.until)
	v.nearest = v.nearest || step.nearest
	v.at = step.at
}

// view is what one name says to a question.
func (s *Source) view(name string, q dns.Question) (view, error) {
	own, aliases, err := s.index.sights(name, q.Type)
	if err != nil {
		return view{}, err
	}
	c := newCandidates(name, own, aliases, s.nearest)
	if len(c.list) == 0 {
		return view{since: always, until: forever}, nil
	}
	t := toMicro(q.At, 0)
	if q.At.IsZero() {
		t = c.latest()
	}
	return c.view(t), nil
}

// maxAliases bounds the names that a history is gathered from: a selector that is
// a CNAME has led to few places in its life.
const maxAliases = 32

// History implements [dns.Historian]. Its answers belong to no moment (their
// interval is empty): Since and Until are when the records were first seen,
// ObservedAt when they were seen last. Those that CNAMEs ever led to are among
// them.
func (s *Source) History(ctx context.Context, name string, t dns.Type) ([]*dns.Answer, error) {
	var all []*dns.Answer
	type place struct {
		name  string
		chain []string
	}
	places, known := []place{{name, nil}}, map[string]bool{name: true}
	for len(places) > 0 {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		p := places[0]
		places = places[1:]
		own, aliases, err := s.index.sights(p.name, t)
		if err != nil {
			return nil, err
		}
		for i := range own {
			if own[i].status == dns.Success {
				all = append(all, own[i].answer(name, t, p.chain))
			}
		}
		for i := range aliases {
			target := ""
			if aliases[i].status == dns.Success {
				target = aliases[i].records[0]
			}
			if target == "" || known[target] || bad(target) || len(known) > maxAliases {
				continue
			}
			known[target] = true
			places = append(places, place{target, append(slices.Clone(p.chain), target)})
		}
	}
	slices.SortStableFunc(all, func(a, b *dns.Answer) int { return a.Since.Compare(b.Since) })
	return all, nil
}

// answer is a sight as an answer of History.
func (s *seen) answer(name string, t dns.Type, chain []string) *dns.Answer {
	first := fromMicro(s.first)
	if first.IsZero() {
		first = time.UnixMicro(0).UTC() // an empty interval needs a bound
	}
	return &dns.Answer{
		Name: name, Type: t, Status: dns.Success, Records: s.records, CNAMEs: chain, Source: sourceName,
		Since: first, Until: first, ObservedAt: fromMicro(s.last),
	}
}

// MaxMemory is how many observations are kept in memory, where there is no
// store: about a gigabyte of keys.
const MaxMemory = 2_000_000

// memory is an index without a store.
type memory map[memoryKey][]seen

type memoryKey struct {
	name string
	t    dns.Type
}

func (m memory) sights(name string, t dns.Type) (own, aliases []seen, err error) {
	own = m[memoryKey{name, t}]
	if t != dns.TypeCNAME {
		aliases = m[memoryKey{name, dns.TypeCNAME}]
	}
	return own, aliases, nil
}
