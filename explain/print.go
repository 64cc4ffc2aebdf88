package explain

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"
)

// screen is the width of the text, in columns.
const screen = 80

// labelWidth is where values begin behind their labels.
const labelWidth = 15

// printer writes lines of at most screen columns. Everything it is given is
// made safe.
type printer struct {
	w *bufio.Writer
}

func newPrinter(w io.Writer) *printer { return &printer{w: bufio.NewWriter(w)} }

// section begins a part of the story.
func (p *printer) section(title string) {
	fmt.Fprintf(p.w, "\n%s\n", title)
}

// field writes a label and its value, nothing where the value is empty.
func (p *printer) field(label, format string, args ...any) {
	value := fmt.Sprintf(format, args...)
	if value == "" {
		return
	}
	p.wrap(fmt.Sprintf("  %-*s", labelWidth-2, label), strings.Repeat(" ", labelWidth), value)
}

// text writes a paragraph behind a mark, the rest of it indented as deep.
func (p *printer) text(mark, format string, args ...any) {
	p.wrap(mark, strings.Repeat(" ", len(mark)), fmt.Sprintf(format, args...))
}

// wrap writes value in lines, the first behind first, the others behind rest.
func (p *printer) wrap(first, rest, value string) {
	first = safe(first)
	line, used := first, columns(first)
	empty := true
	for word := range strings.FieldsSeq(safe(value)) {
		n := columns(word)
		if !empty && used+1+n > screen {
			p.line(line)
			line, used, empty = rest, len(rest), true
		}
		if !empty {
			line, used = line+" ", used+1
		}
		for used+n > screen {
			var head string
			head, word = split(word, screen-used)
			p.line(line + head)
			line, used, n = rest, len(rest), columns(word)
		}
		line, used, empty = line+word, used+n, false
	}
	p.line(line)
}

// split cuts a word that is too long after at most room columns, after a
// separator where one is near.
func split(word string, room int) (head, tail string) {
	used, at := 0, 0
	for i, r := range word {
		w := runeColumns(r)
		if used+w > room {
			at = i
			break
		}
		used += w
	}
	if i := strings.LastIndexAny(word[:at], ";:,/=.@-"); i > at/2 && i+1 < at {
		at = i + 1
	}
	return word[:at], word[at:]
}

// pair writes a name and what it means in two columns.
func (p *printer) pair(indent, name, meaning string) {
	name = safe(name)
	if columns(name) > pairWidth {
		p.text(indent, "%s", name)
		p.text(indent+strings.Repeat(" ", pairWidth+1), "%s", meaning)
		return
	}
	p.text(indent+name+strings.Repeat(" ", pairWidth+1-columns(name)), "%s", meaning)
}

// pairWidth is the width of the first of two columns.
const pairWidth = 24

func (p *printer) line(s string) {
	p.w.WriteString(strings.TrimRight(s, " "))
	p.w.WriteByte('\n')
}

// stamp is a time for people.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// orElse is s, or what stands for nothing.
func orElse(s, nothing string) string {
	if s == "" {
		return nothing
	}
	return s
}
