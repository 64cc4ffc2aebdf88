package report

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"mailaudit/sink"
	"mailaudit/stats"
)

// What is listed of a run: enough to see what went wrong, not a log.
const (
	maxInputs   = 200
	maxProblems = 3 // of each code
)

// Run is what the manifest tells of the run that wrote the dataset.
type Run struct {
	Program           string    `json:"program"`
	Started, Finished time.Time `json:"-"`
	SchemaVersion     int       `json:"schema_version"`
	Addresses         string    `json:"addresses"`
	Versions          []Setting `json:"versions"`
	Flags             []Setting `json:"flags"`
	// Inputs are the first ones, those that are not complete before the others;
	// InputCount is how many there are.
	Inputs     []sink.Input `json:"inputs"`
	InputCount int          `json:"input_count"`
}

// Setting is a name and its value.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Problem is one kind of what could not be evaluated.
type Problem struct {
	Code     string    `json:"code"`
	Rows     int64     `json:"rows"`
	Examples []Example `json:"examples"` // the first ones
}

// Example is one problem.
type Example struct {
	Source string `json:"source"`
	Offset int64  `json:"offset"` // bytes; -1 where unknown
	Detail string `json:"detail"`
}

func runOf(m *sink.Manifest) Run {
	r := Run{
		Program: m.Program, Started: m.Started.UTC(), Finished: m.Finished.UTC(), SchemaVersion: m.SchemaVersion,
		Addresses: string(m.Addresses), Versions: settings(m.Versions), Flags: settings(m.Flags),
		Inputs: slices.Clone(m.Inputs), InputCount: len(m.Inputs),
	}
	slices.SortStableFunc(r.Inputs, func(a, b sink.Input) int { return cmp.Compare(inputRank(a), inputRank(b)) })
	r.Inputs = r.Inputs[:min(len(r.Inputs), maxInputs)]
	return r
}

// inputRank puts what is not complete first.
func inputRank(in sink.Input) int {
	if in.State == "complete" {
		return 1
	}
	return 0
}

func settings(m map[string]string) []Setting {
	out := []Setting{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		if strings.TrimSpace(m[k]) != "" {
			out = append(out, Setting{k, m[k]})
		}
	}
	return out
}

// collectProblems reads the table problems, and counts it in the tally too.
func collectProblems(d *sink.Dataset, t *stats.Tally) ([]Problem, error) {
	byCode := make(map[string]*Problem)
	for p, err := range d.Problems() {
		if err != nil {
			return nil, err
		}
		t.AddProblem(p.Code)
		row := byCode[p.Code]
		if row == nil {
			row = &Problem{Code: p.Code}
			byCode[p.Code] = row
		}
		if row.Rows++; len(row.Examples) < maxProblems {
			row.Examples = append(row.Examples, Example{p.Source, p.Offset, p.Detail})
		}
	}
	out := []Problem{}
	for _, row := range byCode {
		out = append(out, *row)
	}
	slices.SortFunc(out, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(b.Rows, a.Rows), cmp.Compare(a.Code, b.Code))
	})
	return out, nil
}

// AsOf is the moment that messages were judged at, where that was not their
// arrival.
func (r *Run) AsOf() string {
	for _, f := range r.Flags {
		if f.Name == "as-of" && f.Value != "message" {
			return f.Value
		}
	}
	return ""
}
