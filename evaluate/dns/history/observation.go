// Package history keeps dated observations of the DNS and answers from them as
// of a moment: passive-DNS exports, archives of DKIM keys, dated zone files, the
// answers of earlier runs, and keys that signatures prove.
//
//	st, err := history.Create("past.db")
//	n, err := st.Add(history.ReadJSON(file, "cof.jsonl"))
//	...
//	st, err = history.Open("past.db")
//	src := st.Source(history.Options{})
//	a, err := src.Lookup(ctx, dns.Question{Name: "s1._domainkey.example.com", Type: dns.TypeTXT, At: arrival})
//
// # How a moment is answered
//
// An [Observation] says that records were seen from First to Last. It speaks of
// the whole record set, or of single records out of one: an archive of keys, and
// passive DNS that counts record by record, know nothing of the others.
//
//  1. Of whole sets seen at the moment, the one that began last counts: what it
//     replaced lives on in caches. That a name has no data, or does not exist, is
//     a whole set too, and so is a CNAME.
//  2. Where there is none (or it only says absent), all single records seen at
//     the moment count together. One that ends within [MaxStale] after another
//     began was replaced by that, except for DKIM keys, which are tried one by one.
//  3. Where nothing was seen at the moment, the nearest sight counts, not farther
//     than [Options.Nearest]; absence no farther than [MaxNearestAbsence]. The
//     answer says so (Answer.Nearest).
//  4. Else the question is not recorded.
//
// CNAMEs are followed at the same moment. Failures are not kept: they say nothing
// about what was in the DNS.
package history

import (
	"cmp"
	"math"
	"slices"
	"time"

	"mailaudit/evaluate/dns"
)

// Limits in time.
const (
	// DefaultNearest is how far from a sight of records an answer may be taken
	// from it: keys and policies stay for years, and a record that nobody saw
	// for more than a year may have been another.
	DefaultNearest = 366 * 24 * time.Hour
	// MaxNearestAbsence is the same for "there was nothing": names get records
	// from one day to the next, and a wrong absence decides verdicts.
	MaxNearestAbsence = 7 * 24 * time.Hour
	// MaxStale is how long resolvers show what has been replaced: two days is
	// the longest TTL in common use.
	MaxStale = 48 * time.Hour
	// MergeGap is the most time between two sights of the same records that
	// makes them one: who looks once a month sees a record all the time.
	MergeGap = 31 * 24 * time.Hour
)

// Observation is records that were seen over a time.
type Observation struct {
	Name   string // as dns.Question has it
	Type   dns.Type
	Status dns.Status // Success, NoData or NXDomain
	// Records are in the form of dns.Answer, sorted; none for absence.
	Records []string
	// Whole tells that Records are all there were, not some of them. It is always
	// set for absence and CNAME.
	Whole bool
	// First and Last bound the time it was seen at, both part of it; the zero
	// time is unbounded. They are kept to the microsecond.
	First, Last time.Time
	// Count is how often it was seen, as told by the source that counted most;
	// 0 where nobody counted.
	Count uint64
	// Origins are where it came from.
	Origins Origins
}

// Origins is a set of kinds of sources.
type Origins uint8

// The kinds of sources.
const (
	FromPassive   Origins = 1 << iota // passive DNS
	FromKeys                          // an archive of DKIM keys
	FromZone                          // a dated zone file
	FromDataset                       // the answers of an earlier run
	FromSignature                     // a signature that verifies
)

var originWords = [...]string{"passive", "keys", "zone", "dataset", "signature"}

// Words returns the kinds as words.
func (o Origins) Words() []string {
	var words []string
	for i, w := range originWords {
		if o&(1<<i) != 0 {
			words = append(words, w)
		}
	}
	return words
}

// usable tells whether an observation can be kept.
func (o *Observation) usable() bool {
	if _, err := dns.CanonicalName(o.Name); err != nil || len(o.Name) > dns.MaxName {
		return false
	}
	if (o.Status == dns.Success) != (len(o.Records) > 0) || o.Status == dns.Failure || o.Status == dns.NotRecorded {
		return false
	}
	return o.First.IsZero() || o.Last.IsZero() || !o.Last.Before(o.First)
}

// seen is an observation of one name and type as it is kept: times in
// microseconds of Unix time.
type seen struct {
	status      dns.Status
	whole       bool
	origins     Origins
	first, last int64 // both part of it
	count       uint64
	records     []string
}

// Unbounded times.
const (
	always  = math.MinInt64 / 4
	forever = math.MaxInt64 / 4
)

func toMicro(t time.Time, unbounded int64) int64 {
	if t.IsZero() {
		return unbounded
	}
	return min(max(t.UnixMicro(), always), forever)
}

func fromMicro(n int64) time.Time {
	if n <= always || n >= forever {
		return time.Time{}
	}
	return time.UnixMicro(n).UTC()
}

func seenOf(o *Observation) seen {
	return seen{
		status: o.Status, whole: o.Whole || o.Status != dns.Success || o.Type == dns.TypeCNAME, origins: o.Origins,
		first: toMicro(o.First, always), last: toMicro(o.Last, forever), count: o.Count, records: o.Records,
	}
}

func (s *seen) observation(name string, t dns.Type) Observation {
	return Observation{
		Name: name, Type: t, Status: s.status, Records: s.records, Whole: s.whole,
		First: fromMicro(s.first), Last: fromMicro(s.last), Count: s.count, Origins: s.origins,
	}
}

// compareContent orders by what was seen.
func compareContent(a, b *seen) int {
	return cmp.Or(cmp.Compare(a.status, b.status), compareBool(a.whole, b.whole), slices.Compare(a.records, b.records))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// merge joins sights of the same records that touch, or lie no farther apart
// than MergeGap. Whatever the order and number of times that observations are
// added, the same list comes of it: by first sight, then by content.
func merge(list []seen) []seen {
	slices.SortFunc(list, func(a, b seen) int {
		return cmp.Or(compareContent(&a, &b), cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last))
	})
	out := list[:0]
	for _, s := range list {
		if n := len(out); n > 0 && compareContent(&out[n-1], &s) == 0 && s.first <= out[n-1].last+MergeGap.Microseconds() {
			last := &out[n-1]
			last.last = max(last.last, s.last)
			last.count = max(last.count, s.count)
			last.origins |= s.origins
			continue
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b seen) int {
		return cmp.Or(cmp.Compare(a.first, b.first), cmp.Compare(a.last, b.last), compareContent(&a, &b))
	})
	return out
}
