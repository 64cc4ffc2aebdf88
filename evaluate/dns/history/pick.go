package history

import (
	"slices"
	"strings"

	"mailaudit/evaluate/dns"
)

// view is what one name has to say at one moment.
type view struct {
	status  dns.Status // NotRecorded where nothing speaks
	records []string
	alias   bool // records holds the target of a CNAME
	nearest bool
	at      int64 // when it was seen
	// since is part of the time in which it says the same, until is not.
	since, until int64
}

// candidate is a sight, and whether it is of a CNAME.
type candidate struct {
	*seen
	alias bool
}

// candidates are the sights of one name that can answer for a type.
type candidates struct {
	list    []candidate
	keys    bool  // the name is one of DKIM keys
	nearest int64 // limits, microseconds
	absence int64
}

func newCandidates(name string, own, aliases []seen, nearest int64) *candidates {
	c := &candidates{
		keys: strings.Contains(name, "._domainkey."), nearest: nearest, absence: min(nearest, MaxNearestAbsence.Microseconds()),
		list: make([]candidate, 0, len(own)+len(aliases)),
	}
	for i := range own {
		c.list = append(c.list, candidate{&own[i], false})
	}
	for i := range aliases {
		if aliases[i].status == dns.Success {
			c.list = append(c.list, candidate{&aliases[i], true})
		}
	}
	return c
}

// latest is the last moment that anything was seen at.
func (c *candidates) latest() int64 {
	t := int64(always)
	for _, x := range c.list {
		if x.last == forever {
			t = max(t, x.first) // still so
		} else {
			t = max(t, x.last)
		}
	}
	return t
}

// view answers for a moment.
func (c *candidates) view(t int64) view {
	v := view{since: always, until: forever}
	for _, x := range c.list {
		v.cut(t, x.first)
		v.cut(t, after(x.last))
	}
	if c.inForce(t, &v) {
		return v
	}
	c.closest(t, &v)
	return v
}

// after is the first moment behind one that is part of a time.
func after(t int64) int64 { return min(t, forever-1) + 1 }

// cut makes the time of the view end at a moment where it may change.
func (v *view) cut(t, edge int64) {
	if edge <= t {
		v.since = max(v.since, edge)
	} else {
		v.until = min(v.until, edge)
	}
}

// inForce fills in what was seen at a moment. It tells whether anything was.
func (c *candidates) inForce(t int64, v *view) bool {
	whole, singles := c.at(t)
	if len(singles) > 0 && (whole.seen == nil || whole.status != dns.Success) {
		v.status, v.at = dns.Success, always
		for _, s := range singles {
			if !c.stale(s, singles) {
				v.records = append(v.records, s.records...)
				v.at = max(v.at, s.first)
			}
		}
		slices.Sort(v.records)
		v.records = slices.Compact(v.records)
		return true
	}
	if whole.seen == nil {
		return false
	}
	v.status, v.records, v.alias, v.at = whole.status, whole.records, whole.alias, whole.first
	if v.at == always {
		v.at = whole.last
	}
	return true
}

// at returns the whole set that counts at a moment, and all single records.
func (c *candidates) at(t int64) (whole candidate, singles []*seen) {
	for _, x := range c.list {
		switch {
		case t < x.first || t > x.last:
		case !x.whole:
			singles = append(singles, x.seen)
		case whole.seen == nil || whole.before(x):
			whole = x
		}
	}
	return whole, singles
}

// before tells whether y counts rather than x: it began later; of those that
// began together it says more, or lasted longer.
func (x candidate) before(y candidate) bool {
	switch {
	case x.first != y.first:
		return x.first < y.first
	case (x.status == dns.Success) != (y.status == dns.Success):
		return y.status == dns.Success
	case x.last != y.last:
		return x.last < y.last
	case x.alias != y.alias:
		return x.alias
	}
	return compareContent(x.seen, y.seen) < 0
}

// stale tells whether a record is what caches still showed of another's
// predecessor. Without this a change of SPF records would look like two.
func (c *candidates) stale(s *seen, all []*seen) bool {
	if c.keys {
		return false
	}
	for _, o := range all {
		if o.first > s.first && o.last > s.last && s.last-o.first < MaxStale.Microseconds() {
			return true
		}
	}
	return false
}

// closest fills in what was seen nearest to a moment at which nothing was.
// v.since and v.until bound the gap.
func (c *candidates) closest(t int64, v *view) {
	past, next := v.since, v.until // the gap: nothing was seen in [past, next)
	edge, distance := int64(0), int64(forever)
	if past != always {
		edge, distance = past-1, t-(past-1)
	}
	if next != forever && next-t < distance {
		edge, distance = next, next-t
	}
	if past != always && next != forever {
		v.cut(t, past-1+(next-(past-1))/2+1) // beyond the middle the other is nearer
	}
	for _, limit := range [...]int64{c.nearest, c.absence} {
		if past != always {
			v.cut(t, past-1+limit+1)
		}
		if next != forever {
			v.cut(t, next-limit)
		}
	}
	if distance > c.nearest {
		return
	}
	n := *v
	if !c.inForce(edge, &n) || n.status != dns.Success && distance > c.absence {
		return
	}
	n.nearest, n.at = true, edge
	*v = n
}
