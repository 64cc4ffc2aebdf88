package stats

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mailaudit/evaluate"
)

// Phrases are the breakdown's lines for people, in the manner of the first
// implementers' summaries.
var Phrases = map[evaluate.Category]string{
	evaluate.Malformed:            "could not be parsed",
	evaluate.SkippedAuthenticated: "skipped, authenticated sender",
	evaluate.InvalidFrom:          "no usable From domain",
	evaluate.NonexistentDomain:    "rejected, From domain does not exist",
	evaluate.TempError:            "could not be decided (DNS failure)",
	evaluate.PermError:            "could not be decided (permanent error)",
	evaluate.NoPolicy:             "no DMARC policy published",
	evaluate.PassDKIMStrict:       "passed, DKIM strict alignment",
	evaluate.PassSPFStrict:        "passed, SPF strict alignment",
	evaluate.PassRelaxed:          "passed, relaxed alignment",
	evaluate.FailTolerated:        "failed, tolerated",
	evaluate.FailQuarantine:       "failed, quarantined",
	evaluate.FailReject:           "rejected, failed DMARC policy",
}

// textDomains is how many author domains the text shows: with the breakdown
// they fit on one screen.
const textDomains = 5

// causePhrases explain failures.
var causePhrases = map[string]string{
	CauseBrokenSignature: "a signature of the author's domain is broken",
	CauseNotAligned:      "SPF or DKIM passed, but for another domain",
	CauseSPF:             "the return path is aligned, but SPF does not pass",
	CauseNothing:         "nothing authenticates the author's domain",
}

// coveragePhrases explain what could not be recomputed.
var coveragePhrases = map[string]string{
	CoverageKeyMissing:    "a DKIM key is missing or revoked",
	CoverageUnanswered:    "a DNS question failed or was not recorded",
	CoverageNoClient:      "the client address is unknown",
	CoverageNoReturnPath:  "the return path is unknown",
	CoverageNoAuthor:      "the log does not tell the From domain",
	CoverageNoTime:        "the time of arrival is unknown",
	CoverageOtherKey:      "verified by a key of another time",
	CoverageRepaired:      "verified after undoing the store's changes",
	CoverageOverlay:       "rests on an overlay, what-if",
	CoverageNearest:       "rests on DNS answers of another time",
	CoverageKeysOutOfRule: "an obsolete algorithm or key size",
}

// WriteText prints the summary for a terminal of 80 columns.
func (s *Summary) WriteText(w io.Writer) error {
	p := &printer{w: w, width: max(len(group(s.Messages)), 5)}
	p.line("%s %s%s", group(s.Messages), plural(s.Messages, "message", "messages"), s.span())
	if s.Messages > 0 {
		p.breakdown(s)
	}
	p.recorded(s)
	p.words("Failed DMARC because", s.Causes, causePhrases)
	p.rejectTags(s)
	p.domains(s)
	p.words("Could not be recomputed in full", s.Coverage, coveragePhrases)
	p.problems(s)
	return p.err
}

func (p *printer) breakdown(s *Summary) {
	p.line("")
	for i, c := range evaluate.Categories {
		if n := s.Breakdown[i]; n > 0 {
			p.count(n, s.Messages, Phrases[c])
		}
	}
	p.line("")
	p.dispositions(s)
}

// textProblems is how many kinds of problems the text shows.
const textProblems = 5

func (p *printer) problems(s *Summary) {
	if s.Problems == 0 {
		return
	}
	p.line("")
	p.line("%s %s; see the table problems:", group(s.Problems),
		plural(s.Problems, "input or message could not be evaluated", "inputs or messages could not be evaluated"))
	codes := byCount(s.ProblemCodes)
	for _, code := range codes[:min(textProblems, len(codes))] {
		p.line("  %*s  %s", p.width, group(s.ProblemCodes[code]), code)
	}
	if more := len(codes) - textProblems; more > 0 {
		p.line("  and %d more %s", more, plural(int64(more), "kind", "kinds"))
	}
}

func (s *Summary) span() string {
	if s.First == nil || s.Last == nil {
		return ""
	}
	const day = "2006-01-02"
	a, b := s.First.Format(day), s.Last.Format(day)
	if a == b {
		return ", received " + a
	}
	return ", received " + a + " to " + b
}

// printer writes lines and keeps the first error.
type printer struct {
	w     io.Writer
	width int
	err   error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

// count prints "  11,095  64.7 %  phrase".
func (p *printer) count(n, of int64, phrase string) {
	p.line("  %*s  %s  %s", p.width, group(n), percent(n, of), phrase)
}

func (p *printer) dispositions(s *Summary) {
	d := s.Dispositions
	p.line("Policy to the letter: %s delivered, %s quarantined, %s rejected.",
		group(s.Messages-d["quarantine"]-d["reject"]), group(d["quarantine"]), group(d["reject"]))
}

// words prints a block of counted words, the most frequent first.
func (p *printer) words(title string, c map[string]int64, phrases map[string]string) {
	keys := byCount(c)
	keys = slices.DeleteFunc(keys, func(k string) bool { return phrases[k] == "" })
	if len(keys) == 0 {
		return
	}
	p.line("")
	p.line("%s:", title)
	for _, k := range keys {
		p.line("  %*s  %s", p.width, group(c[k]), phrases[k])
	}
}

// recorded prints the breakdown that a log recorded on the day.
func (p *printer) recorded(s *Summary) {
	if len(s.Recorded) == 0 {
		return
	}
	p.line("")
	p.line("As the log recorded it:")
	for _, c := range evaluate.Categories {
		if n := s.Recorded[string(c)]; n > 0 {
			p.count(n, s.Messages, Phrases[c])
		}
	}
}

func (p *printer) rejectTags(s *Summary) {
	nonexistent := s.Breakdown.Of(evaluate.NonexistentDomain)
	if len(s.RejectedBy) == 0 && nonexistent == 0 {
		return
	}
	var parts []string
	for _, tag := range byCount(s.RejectedBy) {
		parts = append(parts, fmt.Sprintf("%s by %s=reject", group(s.RejectedBy[tag]), tag))
	}
	if nonexistent > 0 {
		parts = append(parts, group(nonexistent)+" by the domain existence test")
	}
	p.line("")
	p.line("Rejected: %s.", strings.Join(parts, ", "))
}

func (p *printer) domains(s *Summary) {
	if len(s.Domains) == 0 {
		return
	}
	p.line("")
	p.line("Top From domains, of %s:%*s  passed  failed", group(s.DomainCount), max(0, 26-len(group(s.DomainCount))), "messages")
	for _, d := range s.Domains[:min(textDomains, len(s.Domains))] {
		b := &d.Breakdown
		passed := b.Of(evaluate.PassDKIMStrict) + b.Of(evaluate.PassSPFStrict) + b.Of(evaluate.PassRelaxed)
		failed := b.Of(evaluate.FailTolerated) + b.Of(evaluate.FailQuarantine) + b.Of(evaluate.FailReject)
		p.line("  %-36s %7s %7s %7s", clip(d.Domain, 36), group(d.Messages), group(passed), group(failed))
	}
}

// byCount lists the words with a count, the most frequent first, equal ones by
// name.
func byCount(c map[string]int64) []string {
	keys := slices.DeleteFunc(slices.Collect(maps.Keys(c)), func(k string) bool { return c[k] == 0 })
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(c[b], c[a]), cmp.Compare(a, b)) })
	return keys
}

// clip shortens what comes from mail for a column; domains are ASCII.
func clip(s string, n int) string {
	s = strconv.QuoteToASCII(s)
	s = s[1 : len(s)-1]
	if len(s) > n {
		return s[:n-3] + "..."
	}
	return s
}

// group writes a number with a comma between each three digits.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	start := 0
	if n < 0 {
		start = 1
	}
	for i := len(s) - 3; i > start; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percent is always seven characters wide; a share that would round to 0.0 is
// told from none.
func percent(n, of int64) string {
	if of == 0 {
		return "      -"
	}
	p := 100 * float64(n) / float64(of)
	if n > 0 && p < 0.05 {
		return "< 0.1 %"
	}
	return fmt.Sprintf("%5.1f %%", p)
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
