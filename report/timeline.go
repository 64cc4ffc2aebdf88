package report

import (
	"maps"
	"slices"
	"time"

	"mailaudit/internal/columns"
)

// Timeline is what arrived when.
type Timeline struct {
	Unit    Unit     `json:"unit"`
	Buckets []Bucket `json:"buckets"`
	// Undated is how many messages nothing tells an arrival of.
	Undated int64 `json:"undated"`
}

// Unit is the length of a bucket.
type Unit string

// The units.
const (
	Day   Unit = "day"
	Week  Unit = "week" // from Monday
	Month Unit = "month"
	Year  Unit = "year"
)

// Bucket is a day, week, month or year.
type Bucket struct {
	Start    time.Time `json:"start"` // UTC
	Outcomes Outcomes  `json:"outcomes"`
	// Authored counts the messages with an author domain, SPF and DKIM those
	// among them with an aligned pass.
	Authored int64 `json:"authored"`
	SPF      int64 `json:"spf"`
	DKIM     int64 `json:"dkim"`
}

// The longest spans, in days, that are shown in a unit: about a hundred buckets,
// which is as many as can be told apart on a page.
const (
	maxDays      = 92
	maxWeekDays  = 2 * 366
	maxMonthDays = 10 * 366
)

// days counts by day, from 1970; undated is a day of its own.
type days map[int64]*Bucket

const (
	undated    = int64(-1) << 62
	daySeconds = 24 * 60 * 60
	dayMicros  = daySeconds * 1_000_000
)

// addRows counts rows. Those of a day often come together.
func (d days) addRows(r *rows) {
	var recent [recentDays]struct {
		day    int64
		bucket *Bucket
	}
	received := r.Column("received_at").Numbers
	for i, k := range r.kinds {
		day := undated
		if at := received[i]; at != columns.NoNumber {
			day = floorDiv(at, dayMicros)
		}
		slot := &recent[day&(recentDays-1)]
		if slot.bucket == nil || slot.day != day {
			slot.day, slot.bucket = day, d.at(day)
		}
		slot.bucket.count(k)
	}
}

// recentDays is how many days are remembered.
const recentDays = 256

func (b *Bucket) count(k kind) {
	b.Outcomes[k.outcome()]++
	if k.authored() {
		aligned := k.aligned()
		b.Authored++
		b.SPF += aligned[0]
		b.DKIM += aligned[1]
	}
}

func (d days) at(day int64) *Bucket {
	b := d[day]
	if b == nil {
		b = new(Bucket)
		d[day] = b
	}
	return b
}

func (d days) merge(o days) {
	for day, b := range o {
		d.at(day).add(b)
	}
}

func (b *Bucket) add(o *Bucket) {
	b.Outcomes.merge(&o.Outcomes)
	b.Authored += o.Authored
	b.SPF += o.SPF
	b.DKIM += o.DKIM
}

// timeline puts the days into buckets. Empty ones in between are there too, but
// for years, of which a wrong date can make thousands.
func (d days) timeline() Timeline {
	dated := maps.Clone(d)
	t := Timeline{Unit: Day, Buckets: []Bucket{}}
	if b := dated[undated]; b != nil {
		t.Undated = b.Outcomes.Messages()
		delete(dated, undated)
	}
	order := slices.Sorted(maps.Keys(dated))
	if len(order) == 0 {
		return t
	}
	t.Unit = unitFor(order[len(order)-1] - order[0] + 1)
	for _, day := range order {
		start := t.Unit.start(time.Unix(day*daySeconds, 0).UTC())
		t.fill(start)
		t.Buckets[len(t.Buckets)-1].add(dated[day])
	}
	return t
}

// fill adds buckets up to the one that starts then.
func (t *Timeline) fill(start time.Time) {
	for n := len(t.Buckets); n == 0 || t.Buckets[n-1].Start.Before(start); n++ {
		next := start
		if n > 0 && t.Unit != Year {
			next = t.Unit.next(t.Buckets[n-1].Start)
		}
		t.Buckets = append(t.Buckets, Bucket{Start: next})
	}
}

func unitFor(days int64) Unit {
	switch {
	case days <= maxDays:
		return Day
	case days <= maxWeekDays:
		return Week
	case days <= maxMonthDays:
		return Month
	}
	return Year
}

// start is where the bucket of a day starts.
func (u Unit) start(day time.Time) time.Time {
	switch u {
	case Week:
		return day.AddDate(0, 0, -int(day.Weekday()+6)%7)
	case Month:
		return day.AddDate(0, 0, 1-day.Day())
	case Year:
		return day.AddDate(0, 0, 1-day.YearDay())
	}
	return day
}

// next is where the following bucket starts.
func (u Unit) next(start time.Time) time.Time {
	switch u {
	case Week:
		return start.AddDate(0, 0, 7)
	case Month:
		return start.AddDate(0, 1, 0)
	case Year:
		return start.AddDate(1, 0, 0)
	}
	return start.AddDate(0, 0, 1)
}

func floorDiv(a, b int64) int64 {
	if q := a / b; a%b >= 0 {
		return q
	}
	return a/b - 1
}
