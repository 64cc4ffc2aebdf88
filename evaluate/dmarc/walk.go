package dmarc

import (
	"context"
	"strings"
	"time"

	"mailaudit/evaluate/dns"
)

// Limits of the tree walk (RFC 9989 section 4.10).
const (
	// MaxQueries is the most questions one tree walk asks.
	MaxQueries = 8
	// shortened is the number of labels that a name of eight or more keeps for
	// the second question.
	shortened = 7
	prefix    = "_dmarc."
)

// state is what a name of a walk has to say.
type state uint8

const (
	absent     state = iota // no record
	found                   // exactly one record
	several                 // more than one: all discarded
	failed                  // the DNS failed
	impossible              // the name with its prefix is too long to be in the DNS
)

// hit is one question of a walk.
type hit struct {
	name   string // without the prefix
	state  state
	record *Record     // for found
	answer *dns.Answer // nil for impossible
}

// psd returns the psd tag of the record, "" where there is none.
func (h *hit) psd() string {
	if h.state != found {
		return ""
	}
	return h.record.PSD
}

// stops tells whether the walk ends here (RFC 9989 section 4.10 steps 2, 6).
func (h *hit) stops() bool { return h.psd() == "y" || h.psd() == "n" }

// walk is a DNS tree walk from one domain.
type walk struct {
	domain  string
	hits    []hit // from the longest name to the shortest
	org     string
	failure *hit // the first failed question; org is empty then
	answers []*dns.Answer
	span    span
}

// walk returns the tree walk from a domain, from the cache or from the DNS.
func (e *Evaluator) walk(ctx context.Context, domain string, at time.Time) (*walk, error) {
	if w := e.walks.get(domain, at); w != nil {
		return w, nil
	}
	w := &walk{domain: domain, span: newSpan(at)}
	for name := domain; name != ""; name = nextTarget(name) {
		h, err := e.ask(ctx, name, at)
		if err != nil {
			return nil, err
		}
		w.add(h)
		if h.stops() {
			break
		}
	}
	w.settle()
	e.walks.put(domain, w.span, w)
	return w, nil
}

// nextTarget shortens a name for the next question: by one label, or to seven
// where it has more than that (RFC 9989 section 4.10 steps 4 and 7).
func nextTarget(name string) string {
	for drop := max(labels(name)-shortened, 1); drop > 0; drop-- {
		name = nextLabel(name)
	}
	return name
}

// nextLabel takes the leftmost label away; empty after the last.
func nextLabel(name string) string {
	_, rest, _ := strings.Cut(name, ".")
	return rest
}

func labels(name string) int { return strings.Count(name, ".") + 1 }

func (w *walk) add(h hit) {
	w.hits = append(w.hits, h)
	if h.answer != nil {
		w.answers = append(w.answers, h.answer)
		w.span.narrow(h.answer)
	}
}

// settle finishes a walk: the organizational domain, or the failure that
// leaves it open. Whatever name failed, a record with psd=n there would be
// found first, so any failure leaves it open.
func (w *walk) settle() {
	for i := range w.hits {
		if w.hits[i].state == failed {
			w.failure = &w.hits[i]
			return
		}
	}
	w.org = w.organizational()
}

// organizational selects the organizational domain (RFC 9989 section 4.10.2).
func (w *walk) organizational() string {
	org := w.domain // "the initial target domain", where nothing else decides
	for i := range w.hits {
		h := &w.hits[i]
		switch {
		case h.state != found:
		case h.psd() == "n":
			return h.name
		case h.psd() == "y" && i > 0: // not where the walk started
			return childOf(h.name, w.domain)
		default:
			org = h.name // fewest labels so far
		}
	}
	return org
}

// childOf returns the name one label below parent on the way to name. The walk
// may have skipped it.
func childOf(parent, name string) string {
	above := name[:len(name)-len(parent)-1]
	return name[strings.LastIndexByte(above, '.')+1:]
}

// at returns the hit of a name, nil where it was not asked.
func (w *walk) at(name string) *hit {
	for i := range w.hits {
		if w.hits[i].name == name {
			return &w.hits[i]
		}
	}
	return nil
}

// ask asks for the record of one name (RFC 9989 section 4.10 steps 1, 2; RFC
// 7489 section 6.6.3 steps 1, 2): texts that are no DMARC records do not count,
// and of several records none does.
func (e *Evaluator) ask(ctx context.Context, name string, at time.Time) (hit, error) {
	h := hit{name: name}
	asked, err := dns.CanonicalName(prefix + name)
	if err != nil {
		// RFC 1035 section 2.3.4: no record can be there, so this is absence.
		h.state = impossible
		return h, nil
	}
	h.answer, err = e.source.Lookup(ctx, dns.Question{Name: asked, Type: dns.TypeTXT, At: at})
	switch {
	case err != nil:
		return h, err
	case h.answer.Failed():
		h.state = failed
	default:
		e.choose(&h)
	}
	return h, nil
}

// choose picks the record out of the answer's texts.
func (e *Evaluator) choose(h *hit) {
	text := ""
	for _, t := range h.answer.Records {
		if _, ok := cutVersion(t); !ok {
			continue
		}
		if h.state == found {
			h.state = several
			return
		}
		h.state, text = found, t
	}
	if h.state == found {
		h.record = e.parse(text)
	}
}

// parse returns the record of a text that has the version; each text is parsed
// once.
func (e *Evaluator) parse(text string) *Record {
	if r := e.records.get(text, time.Time{}); r != nil {
		return r
	}
	r, _ := ParseRecord(text, e.rules) // choose saw the version
	e.records.put(text, span{}, r)
	return r
}
