package report

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"mailaudit/evaluate"
	"mailaudit/stats"
)

var functions = template.FuncMap{
	"number":   stats.Group,
	"share":    func(n, of int64) string { return strings.TrimSpace(stats.Percent(n, of)) },
	"shown":    shown,
	"class":    func(word string) string { return shown(cmp.Or(classPhrases[word], word)) },
	"coverage": func(c map[string]int64) []count { return byCount(c, stats.CoveragePhrase) },
	"causes":   func(c map[string]int64) []count { return byCount(c, stats.CausePhrase) },
	"words":    func(c map[string]int64) []count { return byCount(c, func(w string) string { return w }) },
	"day":      func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
	"moment":   moment,
	"size":     size,
	"heat":     heat,
	"bar":      bar,
	"level":    func(i int) string { return levelPhrases[i] },
	"levels":   func() []string { return levelPhrases[:] },
	"outcomes": func() []string { return outcomePhrases[:] },
	"long":     func(n int) int64 { return int64(n) },
	"inputs":   func(n int) string { return counted(int64(n), "input", "inputs") },
	"titled":   func(title string, c map[string]int64) block { return block{title, c} },
	"policies": policyWord,
}

// count is one line of a table of words.
type count struct {
	Word   string
	N      int64
	Phrase string
}

// byCount lists words, the most frequent first.
func byCount(c map[string]int64, phrase func(string) string) []count {
	out := []count{}
	for w, n := range c {
		if n > 0 {
			out = append(out, count{shown(w), n, shown(phrase(w))})
		}
	}
	slices.SortFunc(out, func(a, b count) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Word, b.Word)) })
	return out
}

// maxShown is how much of a text from mail is shown, in characters.
const maxShown = 160

// shown makes visible what a text from mail would hide: control characters,
// changes of direction, bytes that are no text. It is not an escape for HTML,
// which the template does.
func shown(s string) string {
	var b strings.Builder
	n := 0
	for i, r := range s {
		if n++; n > maxShown {
			b.WriteString("…")
			break
		}
		_, wide := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && wide == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strconv.IsGraphic(r):
			b.WriteRune(r)
		default:
			q := strconv.QuoteRuneToASCII(r)
			b.WriteString(q[1 : len(q)-1])
		}
	}
	return b.String()
}

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// size is a number of bytes for people.
func size(n int64) string {
	switch {
	case n < 0:
		return "unknown"
	case n < 10_000:
		return stats.Group(n) + " B"
	case n < 10_000_000:
		return stats.Group(n/1000) + " kB"
	}
	return stats.Group(n/1_000_000) + " MB"
}

// barWidth is how long a bar for the whole is, in units of its drawing.
const barWidth = 100

// bar is the length of a part; what is not zero is seen.
func bar(n, of int64) string {
	if of <= 0 || n <= 0 {
		return "0"
	}
	return strconv.FormatFloat(max(barWidth*float64(n)/float64(of), 0.8), 'f', 1, 64)
}

// heat is how dark a cell is, from 0 to 4.
func heat(n, of int64) int {
	switch {
	case n == 0 || of == 0:
		return 0
	case n*50 < of:
		return 1
	case n*10 < of:
		return 2
	case n*3 < of:
		return 3
	}
	return 4
}

func policyWord(p string) string { return shown(cmp.Or(p, "no policy")) }

// Line is one line of the breakdown.
type Line struct {
	Word, Phrase string
	N            int64
	Outcome      int
}

// Breakdown are the categories that occur, in their order.
func (r *Report) Breakdown() []Line {
	out := []Line{}
	for i, c := range evaluate.Categories {
		if n := r.Summary.Breakdown[i]; n > 0 {
			out = append(out, Line{string(c), stats.Phrases[c], n, int(outcomeOf(c))})
		}
	}
	return out
}

// Total are all messages by outcome.
func (r *Report) Total() *Outcomes {
	o := new(Outcomes)
	for i, c := range evaluate.Categories {
		o[outcomeOf(c)] += r.Summary.Breakdown[i]
	}
	return o
}

// block is a small table of words under a title.
type block struct {
	Title  string
	Counts map[string]int64
}

// Method is how often one method's results differ.
type Method struct {
	Method           string
	Compared, Differ int64
}

// DriftMethods are the methods that the receiver recorded.
func (r *Report) DriftMethods() []Method {
	out := []Method{}
	for _, m := range []string{"spf", "dkim", "dmarc", "disposition"} {
		if n := r.Drift.Compared[m]; n > 0 {
			out = append(out, Method{m, n, r.Drift.Differ[m]})
		}
	}
	return out
}

// DriftRows are the most frequent differences.
func (r *Report) DriftRows() []stats.DriftRow { return r.Drift.Rows[:min(len(r.Drift.Rows), maxRows)] }

// piece is a part of a stacked bar.
type piece struct {
	Outcome  int
	X, Width string
}

// Stack are the parts of a stacked bar, the outcomes one after the other.
func (o *Outcomes) Stack() []piece {
	out, before, all := []piece{}, int64(0), o.Messages()
	for i, n := range o {
		if n > 0 {
			x := strconv.FormatFloat(barWidth*float64(before)/float64(all), 'f', 1, 64)
			out = append(out, piece{i, x, bar(n, all)})
		}
		before += n
	}
	return out
}
