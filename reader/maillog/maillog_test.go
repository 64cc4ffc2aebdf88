package maillog

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"mailaudit/reader"
)

// until is the moment no test log is later than.
var until = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// outcome is all that a log gave.
type outcome struct {
	format   reader.Format
	units    []reader.Unit
	problems []*reader.Problem
}

// readLogs reads texts as the sources of one run, in the format found.
func readLogs(t testing.TB, o Options, texts ...string) (out outcome) {
	t.Helper()
	if o.Until.IsZero() {
		o.Until = until
	}
	yield := func(u reader.Unit, err error) bool {
		if p, ok := errors.AsType[*reader.Problem](err); ok {
			out.problems = append(out.problems, p)
		} else if err != nil {
			t.Errorf("unexpected error: %v", err)
		} else {
			out.units = append(out.units, u)
		}
		return true
	}
	readers := Readers(o)
	for i, text := range texts {
		for _, r := range readers {
			f := r.Detect([]byte(text[:min(len(text), 32<<10)]))
			if f == "" {
				continue
			}
			out.format = f
			in := reader.LogInput{Source: string(rune('a' + i)), Format: f, Reader: strings.NewReader(text)}
			if err := r.Read(context.Background(), in, yield); err != nil {
				t.Fatalf("Read: %v", err)
			}
			break
		}
	}
	for _, r := range readers {
		if err := r.Flush(yield); err != nil {
			t.Fatalf("Flush: %v", err)
		}
	}
	return out
}

// line gives a record as one line of JSON, for comparing and for seeing.
func line(u reader.Unit) string {
	b, _ := json.Marshal(u.Log)
	return string(b)
}
