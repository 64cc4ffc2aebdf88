package conformance

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

var sample = []Score{
	{Group: "Suites", Name: "a", With: "published, 2014", Cases: 10, Agree: 7, Skipped: 1, Differ: []Difference{
		{"it does x", "RFC 7208 §4.6", 1}, {"it does y", "RFC 7208 §5.4", 1},
	}},
	{Group: "Suites", Name: "b", With: "other 1.0", Cases: 3, Agree: 3},
	{Group: "Properties", Name: "c", With: "itself", Cases: 2, Agree: 2},
}

func TestParseRendered(t *testing.T) {
	t.Parallel()
	got, err := Parse(Render(sample))
	if err != nil || !reflect.DeepEqual(got, sample) {
		t.Errorf("got %+v, %v", got, err)
	}
	if _, err := Parse("## Suites\n\n| a | b | c |\n"); err == nil {
		t.Error("a table of another form is read")
	}
}

// What did not run keeps its lines; what ran replaces them.
func TestMerge(t *testing.T) {
	t.Parallel()
	now := Score{Group: "Suites", Name: "b", With: "other 1.1", Cases: 4, Agree: 4}
	got := Merge(sample, []Score{now})
	if len(got) != 3 || !slices.ContainsFunc(got, func(s Score) bool { return reflect.DeepEqual(s, now) }) {
		t.Errorf("got %+v", got)
	}
	if text := Render(got); strings.Contains(text, "other 1.0") || !strings.Contains(text, "it does y") {
		t.Error(text)
	}
}
