package impact

import (
	"fmt"
	"io"
	"strings"

	"mailaudit/evaluate/dmarc"
	"mailaudit/stats"
)

// How many of each the text shows.
const (
	textShares = 5
	textBreaks = 8
	textPeriod = 12 // lines of the histogram
	textBar    = 30 // its longest bar, characters
	// shellPlain are the characters that no shell gives a meaning.
	shellPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./@%+=:,"
)

// printer writes lines and keeps the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// WriteText prints the report for a terminal of 80 columns. under says what the
// scenario is, one line each. Everything that comes from mail is escaped.
func (r *Report) WriteText(w io.Writer, under []string) error {
	p := &printer{w: w}
	p.line("%s decided again:", count(r.Messages, "message", "messages"))
	for _, u := range under {
		p.wrap("  ", "    ", u)
	}
	p.line("")
	p.matrix(r)
	p.moves(r)
	if r.changed() > 0 || r.NotJudged.Messages > 0 {
		p.shares("author domain", r.Authors, r.AuthorCount)
		p.shares("source", r.Sources, r.SourceCount)
		p.shares("mailing list", r.Lists, r.ListCount)
		p.days(r.Days)
	}
	p.breaks(r)
	if n := r.LetThroughForged; n > 0 {
		p.line("")
		p.line("Of those newly let through, %s likely forged.", count(n, "message is", "messages are"))
	}
	p.notJudged(r)
	return p.err
}

func count(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return stats.Group(n) + " " + many
}

// changed is how many messages are treated otherwise.
func (r *Report) changed() int64 {
	n := int64(0)
	for _, k := range r.Moves {
		n += k
	}
	return n
}

var dispositionPhrases = [...]string{"let through", "quarantined", "rejected"}

func (p *printer) matrix(r *Report) {
	p.line("  %-14s %42s", "", "would be")
	p.line("  %-14s %14s %14s %14s", "was", dispositionPhrases[0], dispositionPhrases[1], dispositionPhrases[2])
	for i := range Disposition(dispositions) {
		row := r.Matrix[i.Word()]
		p.line("  %-14s %14s %14s %14s", dispositionPhrases[i], stats.Group(row[dmarc.DispositionNone]),
			stats.Group(row[dmarc.DispositionQuarantine]), stats.Group(row[dmarc.DispositionReject]))
	}
	p.line("")
}

var movePhrases = [...]string{"newly rejected", "newly quarantined", "quarantined instead of rejected", "newly let through"}

func (p *printer) moves(r *Report) {
	for m := range Move(moves) {
		if n := r.Moves[m.String()]; n > 0 {
			p.line("  %9s  %s  %s", stats.Group(n), stats.Percent(n, r.Messages), movePhrases[m])
		}
	}
	if r.changed() == 0 {
		p.line("  No message that could be judged would be treated otherwise.")
	}
	if n := r.StillUndecided; n > 0 {
		p.line("  %9s  %s  undecided before and after, as DNS answers failed or are", stats.Group(n), stats.Percent(n, r.Messages))
		p.line("  %9s  %7s  missing: counted as let through, but unknown (see --dns)", "", "")
	}
	if n := r.NotJudged.Messages; n > 0 {
		p.line("  %9s  %s  could not be judged, see below", stats.Group(n), stats.Percent(n, r.Messages))
	}
}

// shares prints whose the changes are.
func (p *printer) shares(one string, list []Share, of int) {
	if len(list) == 0 {
		return
	}
	title := "By " + one
	if of > textShares {
		title += fmt.Sprintf(", %d of %s", textShares, stats.Group(int64(of)))
	}
	p.line("")
	p.line("%-41s%9s %9s %9s %8s", title+":", "rejected", "quarant.", "through", "unjudged")
	for _, s := range list[:min(len(list), textShares)] {
		p.line("  %-39s%9s %9s %9s %8s", s.label(38), dash(s.Rejected), dash(s.Quarantined+s.Softened), dash(s.LetThrough), dash(s.NotJudged))
	}
}

// label is the share's name; a source is told with its class.
func (s *Share) label(width int) string {
	if s.Class == "" {
		return stats.Clip(s.Name, width)
	}
	class := ", " + strings.ReplaceAll(s.Class, "_", " ")
	return stats.Clip(s.Name, max(width-len(class), 8)) + class
}

func dash(n int64) string {
	if n == 0 {
		return "-"
	}
	return stats.Group(n)
}

// days prints a histogram: by day, month or year, whatever fits.
func (p *printer) days(list []Share) {
	for _, unit := range []struct {
		name  string
		chars int
	}{{"day", 10}, {"month", 7}, {"year", 4}} {
		names, counts := fold(list, unit.chars)
		if len(names) > textPeriod && unit.chars > 4 {
			continue
		}
		if len(names) == 0 {
			return
		}
		most := int64(1)
		for _, n := range counts {
			most = max(most, n)
		}
		p.line("")
		p.line("Changes by %s of arrival:", unit.name)
		for i, n := range names[max(0, len(names)-2*textPeriod):] {
			n, k := n, counts[max(0, len(names)-2*textPeriod)+i]
			if n == "" {
				n = "unknown"
			}
			bar := strings.Repeat("#", int((k*textBar+most-1)/most))
			p.line("  %-10s %9s  %s", n, dash(k), bar)
		}
		return
	}
}

// fold adds days up by the beginning of their names.
func fold(list []Share, chars int) (names []string, counts []int64) {
	for i := range list {
		s := &list[i]
		n := s.Rejected + s.Quarantined + s.Softened + s.LetThrough
		if n == 0 {
			continue
		}
		name := s.Name[:min(len(s.Name), chars)]
		if len(names) == 0 || names[len(names)-1] != name {
			names, counts = append(names, name), append(counts, 0)
		}
		counts[len(counts)-1] += n
	}
	return names, counts
}

// breaks says who would be hurt and what would help.
func (p *printer) breaks(r *Report) {
	harmed := r.BreakMessages + r.Unclear + r.Forged
	if harmed == 0 {
		return
	}
	p.line("")
	p.line("Of %s newly rejected or quarantined:", count(harmed, "message", "messages"))
	p.line("  %9s  from %s that may be legitimate, below", stats.Group(r.BreakMessages), count(int64(len(r.groups)), "sender", "senders"))
	p.line("  %9s  from senders of which nothing is certain", stats.Group(r.Unclear))
	p.line("  %9s  likely forged", stats.Group(r.Forged))
	if len(r.groups) == 0 {
		return
	}
	p.line("")
	p.line("Would break, and what would mend it:")
	for i := range r.groups[:min(len(r.groups), textBreaks)] {
		p.breaking(&r.groups[i])
	}
	if more := len(r.groups) - textBreaks; more > 0 {
		p.line("  ... and %s; --json has them", count(int64(more), "more sender", "more senders"))
	}
}

func (p *printer) breaking(b *breakGroup) {
	p.line("  %9s  %s", stats.Group(b.harmed()), stats.Clip(b.Name, 65))
	p.wrap("             ", "             ", fmt.Sprintf("for %s; %s, confidence %s; named by its %s",
		b.writesFor(), strings.ReplaceAll(b.Class, "_", " "), b.Confidence, strings.ReplaceAll(b.Basis, "_", " ")))
	for _, m := range b.Mends {
		text := m.Text
		if m.Messages < b.harmed() {
			text += fmt.Sprintf(" (%s of %s)", stats.Group(m.Messages), stats.Group(b.harmed()))
		}
		p.wrap("           - ", "             ", text)
	}
	if len(b.Examples) > 0 {
		p.line("             %s", b.Examples[0].Command())
	}
}

// textAuthors is how many of the author domains of a sender are named.
const textAuthors = 3

// writesFor names the author domains that the sender writes for.
func (b *breakGroup) writesFor() string {
	if len(b.authors) == 1 {
		return stats.Clip(b.authors[0].Name, 60)
	}
	var names []string
	for _, a := range b.authors[:min(len(b.authors), textAuthors)] {
		names = append(names, fmt.Sprintf("%s (%s)", stats.Clip(a.Name, 55), stats.Group(a.harmed())))
	}
	if more := len(b.authors) - textAuthors; more > 0 {
		names = append(names, count(int64(more), "other", "others"))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " and " + names[last]
}

func (p *printer) notJudged(r *Report) {
	n := r.NotJudged
	if n.Messages == 0 {
		return
	}
	p.line("")
	p.line("Not judged: %s, as the dataset lacks an answer they depend on:", count(n.Messages, "message", "messages"))
	for _, reason := range largest(n.Reasons, func(k int64) int64 { return k }, func(a, b Reason) int { return strings.Compare(string(a), string(b)) }) {
		p.line("  %9s  %s", stats.Group(n.Reasons[reason]), reasonPhrase(reason))
	}
	p.line("  --dns live asks for what is missing, by today's DNS.")
}

var reasonPhrases = map[Reason]string{
	ReasonExistence:                    "whether the From domain exists was not asked",
	Reason(dmarc.ReasonPolicyDNS):      "which policy applies rests on a record that was not asked for",
	Reason(dmarc.ReasonExistenceDNS):   "sp or np: whether the From domain exists was not asked",
	Reason(dmarc.ReasonAlignmentDNS):   "alignment rests on a record that was not asked for",
	Reason(dmarc.ReasonDKIMUndecided):  "a DNS failure hides whether a signature passes",
	Reason(dmarc.ReasonSPFUndecided):   "a DNS failure hides whether SPF passes",
	Reason(dmarc.ReasonSeveralRecords): "several records",
}

func reasonPhrase(r Reason) string {
	if t := reasonPhrases[r]; t != "" {
		return t
	}
	return stats.Clip(string(r), 60)
}

// Command is the command that explains the message.
func (e *Example) Command() string {
	path := e.Source
	if !isPlain(path) {
		path = "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	path = stats.Clip(path, len(path)*4+4)
	if e.Offset == 0 {
		return "audit explain " + path
	}
	return fmt.Sprintf("audit explain --message @%d %s", e.Offset, path)
}

func isPlain(s string) bool { return s != "" && strings.Trim(s, shellPlain) == "" }

// wrap prints text in lines of at most 80 characters.
func (p *printer) wrap(first, next, text string) {
	line := first
	for word := range strings.FieldsSeq(text) {
		if len(line)+1+len(word) > 80 && strings.TrimSpace(line) != "" {
			p.line("%s", strings.TrimRight(line, " "))
			line = next
		}
		if strings.TrimSpace(line) != "" && !strings.HasSuffix(line, " ") {
			line += " "
		}
		line += word
	}
	p.line("%s", line)
}
