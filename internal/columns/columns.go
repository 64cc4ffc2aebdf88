// Package columns says what some rows of a table look like column by column. It
// stands between who reads columns and who counts them, so that neither needs to
// know the other.
package columns

import (
	"math"
	"time"
)

// NoNumber is what a [Vector] holds where a number or a time is null.
const NoNumber = math.MinInt64

// Group is some rows, a row group for example. What it gives is good until the
// next rows are read. Of a column that is not there every value is null.
type Group interface {
	// Rows is how many there are.
	Rows() int
	// Column is a column, value by value.
	Column(name string) *Vector
	// Counts counts a column of text.
	Counts(name string) *Counts
	// Nulls counts the rows without a value; the column is no list's.
	Nulls(name string) int64
	// Trues counts what is true: rows, or elements of lists.
	Trues(name string) int64
	// Range is the least and the greatest value of a column of numbers or times;
	// both are NoNumber where there is none.
	Range(name string) (least, greatest int64)
	// Words are the texts that the column may have: no other is in it.
	Words(name string) []string
}

// Vector is one column of some rows: a value for each row, or, for a field of a
// list, the values of all rows one after the other.
type Vector struct {
	// Codes are the values of a column of text, as places in Dict; -1 is null.
	// Equal codes are equal texts; unequal codes may be equal texts too.
	Codes []int32
	Dict  []string
	// Numbers are the values of every other column but bytes: numbers,
	// booleans (0 and 1), times (microseconds since 1970 in UTC). Null is
	// NoNumber.
	Numbers []int64
	// First, for a field of a list, has a place for each row and one more: the
	// values of row i are those from First[i] up to First[i+1].
	First []int32
}

// Text is value i of a column of text; empty where it is null.
func (v *Vector) Text(i int) string {
	if c := v.Codes[i]; c >= 0 {
		return v.Dict[c]
	}
	return ""
}

// Bool is value i of a column of booleans; false where it is null.
func (v *Vector) Bool(i int) bool { return v.Numbers[i] == 1 }

// Time is value i of a column of times; zero where it is null.
func (v *Vector) Time(i int) time.Time {
	if v.Numbers[i] == NoNumber {
		return time.Time{}
	}
	return time.UnixMicro(v.Numbers[i]).UTC()
}

// Span is where the values of row i are, for a field of a list.
func (v *Vector) Span(i int) (from, to int) { return int(v.First[i]), int(v.First[i+1]) }

// Counts are how often each value of a column of text occurs.
type Counts struct {
	// Of are the counts by place in Dict, where equal texts may have several.
	Dict []string
	Of   []int64
	// Null counts the rows without a value; nothing for a list.
	Null int64
}
