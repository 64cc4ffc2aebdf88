package reader

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"testing"
)

// kept is a unit with a copy of its bytes.
type kept struct {
	Unit
	Data []byte
}

// collect reads inputs and keeps everything. Released memory is poisoned.
func collect(t testing.TB, o Options, inputs ...string) ([]kept, []*Problem) {
	t.Helper()
	return collectTuned(t, o, func(tn *tuning) {}, inputs...)
}

func collectTuned(t testing.TB, o Options, tune func(*tuning), inputs ...string) ([]kept, []*Problem) {
	t.Helper()
	var units []kept
	var problems []*Problem
	yield := func(u Unit, err error) bool {
		if err != nil {
			p, ok := errors.AsType[*Problem](err)
			if !ok {
				t.Fatalf("fatal: %v", err)
			}
			problems = append(problems, p)
			return true
		}
		units = append(units, keep(t, &u))
		return true
	}
	r := newRun(context.Background(), o, yield)
	tn := r.tune
	tn.onPut = poison
	tune(&tn)
	r.setTuning(tn)
	r.inputs(inputs)
	return units, problems
}

// poison spoils memory that was given back, so that using it shows.
func poison(b []byte) {
	copy(b, "\xdb")
	for n := 1; n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// keep copies a unit's bytes and releases it.
func keep(t testing.TB, u *Unit) kept {
	t.Helper()
	k := kept{Unit: *u, Data: bytes.Clone(u.Data)}
	if u.Open != nil {
		k.Data = read(t, u)
		if again := read(t, u); !bytes.Equal(again, k.Data) {
			t.Errorf("unit %d: Open gives other bytes the second time", u.Ordinal)
		}
	}
	if int64(len(k.Data)) != u.Size {
		t.Errorf("unit %d has %d bytes and says %d", u.Ordinal, len(k.Data), u.Size)
	}
	if nul := bytes.IndexByte(k.Data, 0) >= 0; nul != slices.Contains(u.Anomalies, AnomalyNUL) {
		t.Errorf("unit %d has a byte of value 0: %v, anomalies %v", u.Ordinal, nul, u.Anomalies)
	}
	u.Release()
	return k
}

func read(t testing.TB, u *Unit) []byte {
	t.Helper()
	r, err := u.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// conserved checks that the units of one source follow each other without a
// gap, and that each holds its message: From_ line, message, line end.
func conserved(t testing.TB, data []byte, units []kept) {
	t.Helper()
	at := int64(0)
	if len(units) > 0 {
		at = units[0].Offset
		if n := leading(data); int64(n) != at {
			t.Errorf("first unit at %d, want %d", at, n)
		}
	}
	for _, u := range units {
		if u.Offset != at {
			t.Fatalf("unit %d at %d, want %d", u.Ordinal, u.Offset, at)
		}
		at += u.Length
		whole := data[u.Offset:at]
		from := bytes.IndexByte(whole, '\n') + 1
		if from == 0 {
			from = len(whole)
		}
		rest, ok := bytes.CutPrefix(whole[from:], u.Data)
		if !ok {
			t.Fatalf("unit %d does not hold what stands at its offset", u.Ordinal)
		}
		if !blank(rest) {
			t.Fatalf("unit %d leaves %q", u.Ordinal, rest)
		}
	}
	if len(units) > 0 && at != int64(len(data)) {
		t.Errorf("units end at %d, the source at %d", at, len(data))
	}
}
