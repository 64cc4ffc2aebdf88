package dmarc

import (
	"context"
	"time"
)

// align returns how near an identifier's domain is to the author domain, and
// the walk it needed, if any. A walk is left out only where it cannot change
// the answer: for the author domain itself; for its organizational domain; for
// a name that is not below it, since an organizational domain is the name
// itself or above it.
func (e *Evaluator) align(ctx context.Context, p *policy, author, id string, at time.Time) (Alignment, *walk, error) {
	switch {
	case id == "":
		return NotAligned, nil, nil
	case id == author:
		return Strict, nil, nil
	case p.org != "" && id == p.org:
		// The walk from it sees what the author domain's saw from there up.
		return Relaxed, nil, nil
	case p.org != "" && !below(id, p.org), lastLabel(id) != lastLabel(author):
		return NotAligned, nil, nil
	case e.rules == RFC7489:
		if organizationalPSL(id) == p.org {
			return Relaxed, nil, nil
		}
		return NotAligned, nil, nil
	}
	w, err := e.walk(ctx, id, at)
	if err != nil {
		return NotAligned, nil, err
	}
	return alignWalks(p.walk, w), w, nil
}

// alignWalks compares the organizational domains of two walks from different
// domains (RFC 9989 section 4.10.2).
func alignWalks(a, b *walk) Alignment {
	switch {
	case a.failure != nil || b.failure != nil:
		return alignOpen(a, b)
	case a.org == b.org:
		return Relaxed
	}
	return NotAligned
}

// alignOpen compares two walks of which at least one met a failure, and answers
// only what holds whatever the failed names would have said. With top the
// longest name above or equal to both domains:
//
//   - a walk that stopped below top, or at top by psd=y, has its organizational
//     domain below top: not aligned;
//   - without a record at top or above, known or hidden, not aligned;
//   - with a known record there and every failure above top, relaxed: both walks
//     go on from top alike, and meet at least that record;
//   - otherwise a hidden psd=n or psd=y at or below top could part them, or a
//     hidden record above could join them: unknown.
//
// Names of more than eight labels skip some, which these rules do not cover: a
// failure leaves those unknown.
func alignOpen(a, b *walk) Alignment {
	if labels(a.domain) > MaxQueries || labels(b.domain) > MaxQueries {
		return UnknownAlignment
	}
	top := len(commonSuffix(a.domain, b.domain))
	var known, hidden, low bool
	for _, w := range [...]*walk{a, b} {
		for i := range w.hits {
			h := &w.hits[i]
			n := len(h.name)
			switch {
			case h.stops() && (n > top || n == top && h.psd() == "y"):
				return NotAligned
			case h.state == failed:
				low = low || n >= top
				hidden = hidden || n <= top
			case h.state == found && n <= top:
				known = true
			}
		}
	}
	switch {
	case !known && !hidden:
		return NotAligned
	case known && !low:
		return Relaxed
	}
	return UnknownAlignment
}

// commonSuffix returns the longest name that is equal to or above both names;
// empty where even the top-level domains differ.
func commonSuffix(a, b string) string {
	for a != b {
		if len(a) < len(b) {
			a, b = b, a
		}
		if a = nextLabel(a); a == "" {
			return ""
		}
	}
	return a
}
