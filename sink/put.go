package sink

import (
	"time"

	"github.com/parquet-go/parquet-go"
)

// putter makes the values of a leaf for some rows, or elements of a list: one for
// each, with its definition level. There are as many values as rows.
type putter[T any] func(values []parquet.Value, rows []T, l level, s *scratch)

// level is what a leaf's values have besides their content.
type level struct {
	present int           // definition level of a value that is there
	null    parquet.Value // what stands for one that is not, where there is an element
}

// levelOf is the level of a leaf. Text that is required is empty instead of null.
func levelOf(list, required bool) level {
	var l level
	if list {
		l.present++
	}
	if !required {
		l.present++
		l.null.SetDefinitionLevel(l.present - 1)
		return l
	}
	l.null = emptyText
	l.null.SetDefinitionLevel(l.present)
	return l
}

// each puts what value tells of one row after the other.
func each[T any](value func(T, *scratch) parquet.Value) putter[T] {
	return func(values []parquet.Value, rows []T, l level, s *scratch) {
		for i, r := range rows {
			if values[i] = value(r, s); values[i].IsNull() {
				values[i] = l.null
			} else {
				values[i].SetDefinitionLevel(l.present)
			}
		}
	}
}

// putText is null where the string is empty, or where there is none.
func putText[T any, S ~string](at func(T) *S) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		for i, r := range rows {
			if p := at(r); p != nil && *p != "" {
				values[i] = parquet.ByteArrayValue(bytesOf(EscapeText(string(*p))))
				values[i].SetDefinitionLevel(l.present)
			} else {
				values[i] = l.null
			}
		}
	}
}

// putWord is putText for words, which are ours and need no escape.
func putWord[T any, S ~string](at func(T) *S) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		for i, r := range rows {
			if p := at(r); p != nil && *p != "" {
				values[i] = parquet.ByteArrayValue(bytesOf(string(*p)))
				values[i].SetDefinitionLevel(l.present)
			} else {
				values[i] = l.null
			}
		}
	}
}

// putAddressText is putText for text that may quote addresses.
func putAddressText[T any](at func(T) *string) putter[T] {
	return func(values []parquet.Value, rows []T, l level, s *scratch) {
		for i, r := range rows {
			if p := at(r); p != nil && *p != "" {
				values[i] = s.textWithAddresses(*p)
				values[i].SetDefinitionLevel(l.present)
			} else {
				values[i] = l.null
			}
		}
	}
}

// putBool is false where there is none.
func putBool[T any](at func(T) *bool) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		no, yes := parquet.BooleanValue(false), parquet.BooleanValue(true)
		no.SetDefinitionLevel(l.present)
		yes.SetDefinitionLevel(l.present)
		for i, r := range rows {
			if p := at(r); p != nil && *p {
				values[i] = yes
			} else {
				values[i] = no
			}
		}
	}
}

// putInt32 is 0 where there is none.
func putInt32[T any](at func(T) *int32) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		for i, r := range rows {
			n := int32(0)
			if p := at(r); p != nil {
				n = *p
			}
			values[i] = parquet.Int32Value(n)
			values[i].SetDefinitionLevel(l.present)
		}
	}
}

// putOptionalInt32 is null where the number is absent.
func putOptionalInt32[T any](absent int32, at func(T) *int32) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		for i, r := range rows {
			if p := at(r); p != nil && *p != absent {
				values[i] = parquet.Int32Value(*p)
				values[i].SetDefinitionLevel(l.present)
			} else {
				values[i] = l.null
			}
		}
	}
}

func putInt64[T any](at func(T) *int64) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		for i, r := range rows {
			values[i] = parquet.Int64Value(*at(r))
			values[i].SetDefinitionLevel(l.present)
		}
	}
}

// putOptionalInt64 is null where the number is absent.
func putOptionalInt64[T any](absent int64, at func(T) *int64) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		for i, r := range rows {
			if n := *at(r); n != absent {
				values[i] = parquet.Int64Value(n)
				values[i].SetDefinitionLevel(l.present)
			} else {
				values[i] = l.null
			}
		}
	}
}

// putTime is null where the time is zero.
func putTime[T any](at func(T) *time.Time) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		for i, r := range rows {
			if t := at(r); !t.IsZero() {
				values[i] = parquet.Int64Value(t.UnixMicro())
				values[i].SetDefinitionLevel(l.present)
			} else {
				values[i] = l.null
			}
		}
	}
}

// putBytes is null where there are none.
func putBytes[T any](at func(T) *[]byte) putter[T] {
	return func(values []parquet.Value, rows []T, l level, _ *scratch) {
		for i, r := range rows {
			if b := *at(r); len(b) > 0 {
				values[i] = parquet.ByteArrayValue(b)
				values[i].SetDefinitionLevel(l.present)
			} else {
				values[i] = l.null
			}
		}
	}
}
