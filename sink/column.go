package sink

import (
	"time"

	"github.com/parquet-go/parquet-go"
)

// kind is what a column holds; it decides type, encoding and statistics.
type kind uint8

const (
	word    kind = iota // a word of a fixed list: dictionary
	grouped             // text whose equal values stand together: dictionary
	shared              // text that repeats between rows, domains above all: dictionary
	unique              // text that does not repeat
	long                // text for people, and long records: dictionary
	raw                 // bytes that do not compress
	boolean
	int32s
	int64s
	moment // microseconds, UTC
)

// column is one column, or one field of a struct in a list, of rows of type T.
type column[T any] struct {
	name     string
	kind     kind
	required bool // never null
	doc      string
	words    string // the closed list of words, where there is one
	put      putter[T]
	get      func(T, *value)
}

// value is one value on its way back. Strings and bytes are never overwritten
// later: they may be kept.
type value struct {
	null bool
	n    int64 // numbers, booleans (0, 1), microseconds
	s    string
	b    []byte // for raw
}

func (v *value) time() time.Time {
	if v.null {
		return time.Time{}
	}
	return time.UnixMicro(v.n).UTC()
}

// text is the string before escaping.
func (v *value) text() string { return UnescapeText(v.s) }

// textColumn is a column of strings, null where the string is empty. at may
// return nil: null. Words are ours, so they are not escaped.
func textColumn[T any, S ~string](name string, k kind, doc string, at func(T) *S) column[T] {
	c := column[T]{
		name: name, kind: k, doc: doc,
		put: putText(at),
		get: func(row T, v *value) {
			p := at(row)
			switch {
			case p == nil || v.null:
			case k == word:
				*p = S(v.s)
			default:
				*p = S(v.text())
			}
		},
	}
	if k == word {
		c.put = putWord(at)
	}
	return c
}

// wordColumn is a textColumn of words from a fixed list.
func wordColumn[T any, S ~string](name, doc, words string, at func(T) *S) column[T] {
	c := textColumn(name, word, doc, at)
	c.words = words
	return c
}

// boolColumn is a required column of booleans.
func boolColumn[T any](name, doc string, at func(T) *bool) column[T] {
	return column[T]{
		name: name, kind: boolean, required: true, doc: doc,
		put: putBool(at),
		get: func(row T, v *value) {
			if p := at(row); p != nil {
				*p = v.n != 0
			}
		},
	}
}

// int32Column is a required column of small numbers.
func int32Column[T any](name, doc string, at func(T) *int32) column[T] {
	return column[T]{
		name: name, kind: int32s, required: true, doc: doc,
		put: putInt32(at),
		get: func(row T, v *value) {
			if p := at(row); p != nil {
				*p = int32(v.n)
			}
		},
	}
}

// optionalInt32Column is null where the number is absent.
func optionalInt32Column[T any](name, doc string, absent int32, at func(T) *int32) column[T] {
	return column[T]{
		name: name, kind: int32s, doc: doc,
		put: putOptionalInt32(absent, at),
		get: func(row T, v *value) {
			p := at(row)
			switch {
			case p == nil:
			case v.null:
				*p = absent
			default:
				*p = int32(v.n)
			}
		},
	}
}

// int64Column is a required column of offsets and sizes.
func int64Column[T any](name, doc string, at func(T) *int64) column[T] {
	return column[T]{
		name: name, kind: int64s, required: true, doc: doc,
		put: putInt64(at),
		get: func(row T, v *value) { *at(row) = v.n },
	}
}

// optionalInt64Column is null where the number is absent.
func optionalInt64Column[T any](name, doc string, absent int64, at func(T) *int64) column[T] {
	return column[T]{
		name: name, kind: int64s, doc: doc,
		put: putOptionalInt64(absent, at),
		get: func(row T, v *value) {
			if *at(row) = v.n; v.null {
				*at(row) = absent
			}
		},
	}
}

// timeColumn is null where the time is zero.
func timeColumn[T any](name, doc string, at func(T) *time.Time) column[T] {
	return column[T]{
		name: name, kind: moment, doc: doc,
		put: putTime(at),
		get: func(row T, v *value) { *at(row) = v.time() },
	}
}

// bytesColumn is null where there are none.
func bytesColumn[T any](name, doc string, at func(T) *[]byte) column[T] {
	return column[T]{
		name: name, kind: raw, doc: doc,
		put: putBytes(at),
		get: func(row T, v *value) { *at(row) = v.b },
	}
}

// derived is a column that follows from others; reading it back changes nothing.
func derived[T any](name string, k kind, doc string, text func(T) string) column[T] {
	of := textValue
	if k == word {
		of = wordValue
	}
	return column[T]{
		name: name, kind: k, doc: doc,
		put: each(func(row T, _ *scratch) parquet.Value { return of(text(row)) }),
		get: func(T, *value) {},
	}
}

// always makes a column required: null is never written, empty is.
func always[T any](c column[T]) column[T] {
	c.required = true
	return c
}
