package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/history"
)

func newDNSShowCommand(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "show STORE NAME [TYPE]",
		Short: "Draw the timeline of a name",
		Long: `Show draws when each record of NAME was seen, for all types or one. A line has
the first and the last day, and how often it was seen where anybody counted.`,
		Example: `  audit dns show past.db s1._domainkey.example.com
  audit dns show past.db example.com TXT`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(_ *cobra.Command, args []string) error {
			only := dns.Type(0)
			if len(args) > 2 {
				var ok bool
				if only, ok = dns.ParseType(args[2]); !ok {
					return usageError("%q is no record type", args[2])
				}
			}
			return showName(s.out, args[0], args[1], only)
		},
	}
}

// showName draws the timelines of one name.
func showName(w io.Writer, path, name string, only dns.Type) error {
	st, err := openStore(path)
	if err != nil {
		return err
	}
	defer st.Close()
	list, err := ofName(st, name)
	if err != nil {
		return err
	}
	byType := map[dns.Type][]history.Observation{}
	var order []dns.Type
	for o, err := range list {
		if err != nil {
			return &statusError{exitIncomplete, err}
		}
		if only != 0 && o.Type != only {
			continue
		}
		if byType[o.Type] == nil {
			order = append(order, o.Type)
		}
		byType[o.Type] = append(byType[o.Type], o)
	}
	out := bufio.NewWriter(w)
	if len(order) == 0 {
		fmt.Fprintf(out, "%s: nothing was seen\n", printable(name))
	}
	for i, t := range order {
		if i > 0 {
			fmt.Fprintln(out)
		}
		drawTimeline(out, printable(name)+" "+t.String(), t, byType[t])
	}
	if len(order) > 0 {
		fmt.Fprint(out, "\n  = the whole record set   + one record of it   - nothing was there\n")
	}
	return out.Flush()
}

// Columns of a timeline: two dates of ten, the bar and the count fill 80.
const (
	barWidth  = 44
	textWidth = 74
)

// drawTimeline draws the observations of one name and type, by rising first sight.
func drawTimeline(w io.Writer, title string, t dns.Type, list []history.Observation) {
	a := axisOf(list)
	fmt.Fprintf(w, "%s\n%-10s %s %-10s %9s\n", title, "first seen", a.labels(), "last seen", "times")
	for i := range list {
		o := &list[i]
		count := ""
		if o.Count > 0 {
			count = fmt.Sprint(o.Count)
		}
		fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%-10s %s %-10s %9s", dayOf(o.First), a.bar(o), dayOf(o.Last), count), " "))
		for _, text := range observedText(t, o) {
			fmt.Fprintln(w, "  "+text)
		}
	}
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return "open"
	}
	return t.Format(time.DateOnly)
}

// observedText is what was seen, a line for each record, with where it was seen.
func observedText(t dns.Type, o *history.Observation) []string {
	from := strings.Join(o.Origins.Words(), ", ")
	mark := "+ "
	if o.Whole {
		mark = "= "
	}
	var lines []string
	for _, r := range o.Records {
		text := printable(dns.PresentationData(t, r))
		if t == dns.TypeTXT {
			text = strings.ReplaceAll(text, `" "`, "")
		}
		lines = append(lines, mark+shorten(text, textWidth))
	}
	switch o.Status {
	case dns.NoData:
		lines = append(lines, "- no such records")
	case dns.NXDomain:
		lines = append(lines, "- the name does not exist")
	}
	if n := len(lines) - 1; from != "" && len(lines[n])+len(from)+3 <= textWidth+2 {
		lines[n] += " (" + from + ")"
	} else if from != "" {
		lines = append(lines, "  ("+from+")")
	}
	return lines
}

// shorten cuts ASCII text, leaving its end: keys differ there.
func shorten(s string, n int) string {
	if len(s) <= n {
		return s
	}
	const tail = 16
	return s[:n-tail-3] + "..." + s[len(s)-tail:]
}

// axis is the time that the bars of a timeline share.
type axis struct{ from, to time.Time }

func axisOf(list []history.Observation) axis {
	var a axis
	for i := range list {
		for _, t := range [...]time.Time{list[i].First, list[i].Last} {
			if t.IsZero() {
				continue
			}
			if a.from.IsZero() || t.Before(a.from) {
				a.from = t
			}
			if t.After(a.to) {
				a.to = t
			}
		}
	}
	if short := 30 * 24 * time.Hour; a.to.Sub(a.from) < short {
		a.to = a.from.Add(short)
	}
	return a.opened(list)
}

// opened makes room at the ends for what has no bound.
func (a axis) opened(list []history.Observation) axis {
	room, out := a.to.Sub(a.from)/8, a
	for i := range list {
		if list[i].First.IsZero() {
			out.from = a.from.Add(-room)
		}
		if list[i].Last.IsZero() {
			out.to = a.to.Add(room)
		}
	}
	return out
}

// column is where a moment lies on the axis.
func (a axis) column(t time.Time) int {
	return min(barWidth-1, int(t.Sub(a.from).Seconds()/a.to.Sub(a.from).Seconds()*barWidth))
}

// bar draws one observation: at least one column, and arrows where it goes on.
func (a axis) bar(o *history.Observation) string {
	first, last := 0, barWidth-1
	if !o.First.IsZero() {
		first = a.column(o.First)
	}
	if !o.Last.IsZero() {
		last = a.column(o.Last)
	}
	b := []byte(strings.Repeat(".", barWidth))
	for i := first; i <= last; i++ {
		b[i] = '#'
	}
	if o.First.IsZero() {
		b[0] = '<'
	}
	if o.Last.IsZero() {
		b[barWidth-1] = '>'
	}
	return string(b)
}

// labels writes years, or months where the axis is short, at the columns where
// they begin.
func (a axis) labels() string {
	b := []byte(strings.Repeat(" ", barWidth))
	months := cmp.Compare(a.to.Sub(a.from), 2*366*24*time.Hour) < 0
	t, free := time.Date(a.from.Year(), 1, 1, 0, 0, 0, 0, time.UTC), 0
	for ; !t.After(a.to); t = nextLabel(t, months) {
		text := t.Format("2006")
		if months {
			text = t.Format("2006-01")
		}
		if t.Before(a.from) {
			continue
		}
		if c := a.column(t); c >= free && c+len(text) <= barWidth {
			copy(b[c:], text)
			free = c + len(text) + 1
		}
	}
	return string(b)
}

func nextLabel(t time.Time, months bool) time.Time {
	if months {
		return t.AddDate(0, 1, 0)
	}
	return t.AddDate(1, 0, 0)
}
