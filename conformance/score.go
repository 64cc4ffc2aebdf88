package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Score is how a suite, or a comparison, came out. Every case is in exactly one
// of Agree, Skipped and the differences.
type Score struct {
	Group   string // the section it stands in
	Name    string // what was compared, unique
	With    string // whose answer it was held against, with its version
	Cases   int
	Agree   int
	Skipped int // cases that could not be compared
	Differ  []Difference
}

// Difference is one reason for which cases differ on purpose.
type Difference struct {
	What   string // what the other side does
	Clause string // the clause that this program follows
	Cases  int
}

// Differing counts the cases that differ on purpose.
func (s *Score) Differing() int {
	n := 0
	for _, d := range s.Differ {
		n += d.Cases
	}
	return n
}

// groups are the sections of the document, in order.
var groups = []string{"Suites", "Other implementations", "Properties"}

const preamble = `# Conformance

Written by ` + "`make conformance`" + `; do not edit. A case agrees, or it differs for a reason in the tables below, or
it could not be compared: anything else fails the build. A suite or a program that is not at hand keeps
the lines of the last run that had it.
`

// notes stand under the heads of their sections.
var notes = map[string]string{
	"Other implementations": `Where one has no time axis, signatures with x= are not compared: it judges them by the clock.
`,
	"Properties": `A message is changed in a way that no verdict may see. Compared are all columns of the table messages but
digest, source, offsets, lengths, ordinal and anomalies: identities, times, SPF, each DKIM signature, ARC, DMARC,
policy, dispositions, category and what the receiver recorded. A case that is not compared is one that the clause does
not speak of: no header, a signature in simple form, a signed Received field.
`,
}

const scoreHead = "| what | held against | cases | agree | differ on purpose | not compared |\n| --- | --- | ---: | ---: | ---: | ---: |\n"

const differHead = "| reason | clause | cases |\n| --- | --- | ---: |\n"

// Render writes the document.
func Render(scores []Score) string {
	var b strings.Builder
	b.WriteString(preamble)
	for _, g := range groups {
		in := slices.DeleteFunc(slices.Clone(scores), func(s Score) bool { return s.Group != g })
		if len(in) == 0 {
			continue
		}
		slices.SortFunc(in, func(a, b Score) int { return cmp.Compare(a.Name, b.Name) })
		fmt.Fprintf(&b, "\n## %s\n\n", g)
		if n := notes[g]; n != "" {
			b.WriteString(n + "\n")
		}
		b.WriteString(scoreHead)
		for i := range in {
			s := &in[i]
			fmt.Fprintf(&b, "| %s | %s | %d | %d | %d | %d |\n", s.Name, s.With, s.Cases, s.Agree, s.Differing(), s.Skipped)
		}
		for i := range in {
			renderDifferences(&b, &in[i])
		}
	}
	return b.String()
}

func renderDifferences(b *strings.Builder, s *Score) {
	if len(s.Differ) == 0 {
		return
	}
	fmt.Fprintf(b, "\n### %s\n\n%s", s.Name, differHead)
	for _, d := range s.Differ {
		fmt.Fprintf(b, "| %s | %s | %d |\n", d.What, d.Clause, d.Cases)
	}
}

// errDocument is returned for a text that Render did not write.
var errDocument = errors.New("not a document of this package")

// Parse reads what Render wrote. An empty text has no scores.
func Parse(text string) ([]Score, error) {
	var scores []Score
	byName := map[string]int{}
	group, name := "", ""
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if g, ok := strings.CutPrefix(line, "## "); ok {
			group, name = g, ""
		} else if n, ok := strings.CutPrefix(line, "### "); ok {
			name = n
		}
		cells, ok := row(line)
		switch {
		case !ok:
		case name == "":
			s, err := scoreOf(group, cells)
			if err != nil {
				return nil, err
			}
			byName[s.Name] = len(scores)
			scores = append(scores, s)
		default:
			i, known := byName[name]
			if !known || len(cells) != 3 {
				return nil, fmt.Errorf("%w: %s", errDocument, line)
			}
			n, err := strconv.Atoi(cells[2])
			if err != nil {
				return nil, fmt.Errorf("%w: %s", errDocument, line)
			}
			scores[i].Differ = append(scores[i].Differ, Difference{What: cells[0], Clause: cells[1], Cases: n})
		}
	}
	return scores, nil
}

// row splits a line of a table; heads and rules are none.
func row(line string) ([]string, bool) {
	line, ok := strings.CutPrefix(line, "| ")
	if !ok || strings.HasPrefix(line, "---") || strings.HasPrefix(line, "what |") || strings.HasPrefix(line, "reason |") {
		return nil, false
	}
	return strings.Split(strings.TrimSuffix(line, " |"), " | "), true
}

func scoreOf(group string, cells []string) (Score, error) {
	s := Score{Group: group}
	if len(cells) != 6 {
		return s, fmt.Errorf("%w: %q", errDocument, cells)
	}
	s.Name, s.With = cells[0], cells[1]
	for i, at := range []*int{&s.Cases, &s.Agree, nil, &s.Skipped} {
		n, err := strconv.Atoi(cells[2+i])
		if err != nil {
			return s, fmt.Errorf("%w: %q", errDocument, cells)
		}
		if at != nil {
			*at = n
		}
	}
	return s, nil
}

// Merge puts what ran over what stands in the document.
func Merge(old, ran []Score) []Score {
	out := slices.Clone(ran)
	for _, s := range old {
		if !slices.ContainsFunc(ran, func(r Score) bool { return r.Name == s.Name }) {
			out = append(out, s)
		}
	}
	return out
}
