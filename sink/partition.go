package sink

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"mailaudit/evaluate"
)

// PartitionBy says by what the table messages is laid out in folders, as Hive and
// what follows its conventions read them. The other tables are never partitioned.
type PartitionBy string

const (
	// PartitionNone: no folders, messages/part-NNNNN.parquet.
	PartitionNone PartitionBy = ""
	// PartitionMonth: messages/month=2024-03/part-NNNNN.parquet. The month is that
	// of received_at in UTC, else that of date; the files have no such column.
	PartitionMonth PartitionBy = "month"
)

// word is the layout as the command line names it.
func (p PartitionBy) word() string {
	if p == PartitionNone {
		return "none"
	}
	return string(p)
}

// Partition is where a part of a partitioned table stands.
type Partition struct {
	// Month is "2024-03", or NullMonth.
	Month string `json:"month"`
	// Generation counts the ranges of input, from 0: what would be one part if the
	// table were not partitioned. Its parts hold the rows of the range, each those
	// of one month.
	Generation int `json:"generation"`
}

// NullMonth is the month of messages that have no time, or one that no mail can
// have: Hive's word for null.
const NullMonth = "__HIVE_DEFAULT_PARTITION__"

// The years in which mail can have arrived. Forged and damaged dates reach from
// year 1 to 9999; each of their months would have a folder, and engines would
// list it for ever after.
const (
	firstYear = 1970
	lastYear  = 2099
)

// month counts months from January 1970; nullMonth is none of them.
type month int

const nullMonth month = (lastYear + 1 - firstYear) * 12 // after all others

func monthOf(r *evaluate.Record) month {
	at := r.Evidence.Envelope.ReceivedAt
	if at.IsZero() {
		at = r.Evidence.Date
	}
	at = at.UTC()
	y := at.Year()
	if at.IsZero() || y < firstYear || y > lastYear {
		return nullMonth
	}
	return month((y-firstYear)*12) + month(at.Month()-time.January)
}

// String is the month in the name of its folder.
func (m month) String() string {
	if m == nullMonth {
		return NullMonth
	}
	return fmt.Sprintf("%04d-%02d", firstYear+int(m)/12, int(m)%12+1)
}

// monthPrefix begins the names of the folders.
const monthPrefix = "month="

// ownFolder tells whether a folder of the table messages has a name of ours.
func ownFolder(name string) bool {
	m, ok := strings.CutPrefix(name, monthPrefix)
	if !ok {
		return false
	}
	_, err := time.Parse("2006-01", m)
	return err == nil || m == NullMonth
}

// inOrder puts the parts of a table into the order of the input. Parts that stand
// together must be merged: each has rows between those of another. That only
// happens within a generation, and not where months lie behind each other.
func inOrder(table []Part) (out [][]Part) {
	parts := slices.Clone(table)
	slices.SortStableFunc(parts, func(a, b Part) int {
		if a.Partition == nil || b.Partition == nil {
			return 0
		}
		return cmp.Or(cmp.Compare(a.Partition.Generation, b.Partition.Generation), cmp.Compare(a.FirstOrdinal, b.FirstOrdinal))
	})
	last := int64(-1)
	for i := range parts {
		p := &parts[i]
		if n := len(out); n > 0 && p.follows(&parts[i-1]) && p.FirstOrdinal <= last {
			out[n-1] = append(out[n-1], *p)
			last = max(last, p.LastOrdinal)
			continue
		}
		out = append(out, []Part{*p})
		last = p.LastOrdinal
	}
	return out
}

// follows tells whether the part is of the same generation as the one before.
func (p *Part) follows(before *Part) bool {
	return p.Partition != nil && before.Partition != nil && p.Partition.Generation == before.Partition.Generation
}

// Generation is the range of input that a part of the table messages has rows of,
// from 0. Where the table is not partitioned, it is the part itself.
func (d *Dataset) Generation(part int) int {
	if p := d.Manifest.Tables.Messages[part].Partition; p != nil {
		return p.Generation
	}
	return part
}
