package stats

import (
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// Column is one column of some rows of the table messages.
type Column struct {
	// Codes are texts and words, as places in Dict; -1 is null.
	Codes []int32
	Dict  []string
	// Numbers are numbers, booleans (0 and 1) and times (microseconds since 1970).
	Numbers []int64
	// First, for a field of a list, has a place for each row and one more: the
	// values of row i are those from First[i] up to First[i+1].
	First []int32
}

// NoNumber is what Numbers hold where they are null.
const NoNumber = -1 << 63

func (c *Column) text(i int) string {
	if code := c.Codes[i]; code >= 0 {
		return c.Dict[code]
	}
	return ""
}

// rows are some rows by their columns.
type rows struct {
	count  int
	column func(name string) Column
	// unusable are the rows without a usable message; nil: there are none.
	unusable []bool
}

// AddRows counts rows by their columns, which gives those of Columns: what Add
// does for each record, many times quicker.
func (t *Tally) AddRows(count int, column func(name string) Column) {
	r := &rows{count: count, column: column}
	t.messages += int64(count)
	r.words(&t.dispositions, "disposition", true)
	r.words(&t.dispositions74, "disposition_7_4", true)
	r.words(&t.formats, "source_format", true)
	r.words(&t.recorded, "recorded_category", false)
	r.words(&t.anomalies, "anomalies", false)
	t.times(r)
	malformed := column("malformed")
	for i, code := range malformed.Codes {
		if code >= 0 && malformed.Dict[code] != "" {
			if r.unusable == nil {
				r.unusable = make([]bool, count)
			}
			r.unusable[i] = true
		}
	}
	r.words(&t.spf, "spf_result", true)
	r.words(&t.dkim, "dkim_result", true)
	r.words(&t.arc, "arc_result", true)
	r.words(&t.dmarc, "dmarc_result", true)
	r.words(&t.policies, "dmarc_policy", false)
	r.words(&t.overrides, "override_type", false)
	t.coverRows(r)
	t.judged(r)
}

// words counts a column's words; whether rows without a word count too, by the
// empty one, is for the caller to say. A list counts each of its elements.
func (r *rows) words(to *counts, name string, empty bool) {
	c := r.column(name)
	seen := make([]int64, len(c.Dict)+1) // the first is null
	if r.unusable == nil {
		for _, code := range c.Codes {
			seen[code+1]++
		}
	} else {
		for i, code := range c.Codes {
			if !r.unusable[i] {
				seen[code+1]++
			}
		}
	}
	for i, n := range seen {
		word := ""
		if i > 0 {
			word = c.Dict[i-1]
		}
		if n > 0 && (word != "" || empty) {
			to.add(word, n)
		}
	}
}

// times finds the first and the last arrival.
func (t *Tally) times(r *rows) {
	first, last := int64(NoNumber), int64(NoNumber)
	for _, at := range r.column("received_at").Numbers {
		if at == NoNumber {
			continue
		}
		last = max(last, at)
		if first == NoNumber || at < first {
			first = at
		}
	}
	if first != NoNumber {
		t.time(time.UnixMicro(first).UTC())
		t.time(time.UnixMicro(last).UTC())
	}
}

// judged counts categories, author domains, and why DMARC failed.
func (t *Tally) judged(r *rows) {
	category, author := r.column("category"), r.column("header_from_domain")
	index := make([]int, len(category.Dict)+1)
	index[0] = unknownCategory
	for i, w := range category.Dict {
		index[i+1] = unknownCategory
		if c, ok := categoryIndex[evaluate.Category(w)]; ok {
			index[i+1] = c
		}
	}
	tallies := make([]*authorTally, len(author.Dict))
	var why failures
	for i, code := range category.Codes {
		cat := index[code+1]
		if cat != unknownCategory {
			t.breakdown[cat]++
		}
		if r.unusable != nil && r.unusable[i] {
			continue
		}
		if cat >= firstFailure {
			why.add(t, r, i, evaluate.Categories[cat])
		}
		if code := author.Codes[i]; code >= 0 {
			a := tallies[code]
			if a == nil {
				if author.Dict[code] == "" {
					continue
				}
				a = t.ofAuthor(author.Dict[code])
				tallies[code] = a
			}
			a.messages++
			if cat != unknownCategory {
				a.breakdown[cat]++
			}
		}
	}
}

const unknownCategory = -1

// firstFailure is the place of the first of the categories that tell a failure
// of DMARC: they come last.
var firstFailure = categoryIndex[evaluate.FailTolerated]

// failures are the columns that tell why DMARC failed, read where a row did.
type failures struct {
	read              bool
	tag, spf, spfNear Column
	dkim, dkimNear    Column
}

func (f *failures) add(t *Tally, r *rows, i int, c evaluate.Category) {
	if !f.read {
		*f = failures{true, r.column("dmarc_policy_tag"), r.column("spf_result"), r.column("spf_alignment"),
			r.column("dkim.result"), r.column("dkim.alignment")}
	}
	if c == evaluate.FailReject {
		t.rejectTags.add(f.tag.text(i), 1)
	}
	broken, passed := false, f.spf.text(i) == string(spf.Pass)
	for j := f.dkim.First[i]; j < f.dkim.First[i+1]; j++ {
		ok := f.dkim.text(int(j)) == string(dkim.Pass)
		broken = broken || !ok && f.dkimNear.text(int(j)) != string(dmarc.NotAligned)
		passed = passed || ok
	}
	t.causes.add(cause(broken, passed, dmarc.Alignment(f.spfNear.text(i))), 1)
}

// coverRows counts what stood in the way of judging messages.
func (t *Tally) coverRows(r *rows) {
	marks := make(marks, r.count)
	marks.null(r.column("client_ip"), CoverageNoClient)
	for i, n := range r.column("has_mail_from").Numbers {
		if n != 1 {
			marks[i] |= bitOf(CoverageNoReturnPath)
		}
	}
	for i, n := range r.column("received_at").Numbers {
		if n == NoNumber {
			marks[i] |= bitOf(CoverageNoTime)
		}
	}
	marks.words(r.column("author_problem"), map[string]coverage{string(evidence.AuthorNotLogged): bitOf(CoverageNoAuthor)})
	marks.words(r.column("dkim.reason"), signatureCoverage)
	marks.words(r.column("dkim.result"), map[string]coverage{string(dkim.TempError): bitOf(CoverageUnanswered)})
	marks.truths(r.column("dkim.repaired"), CoverageRepaired)
	marks.words(r.column("spf_result"), map[string]coverage{string(spf.TempError): bitOf(CoverageUnanswered)})
	marks.words(r.column("spf_reason"), map[string]coverage{string(spf.NotRecorded): bitOf(CoverageNotRecorded)})
	marks.undecided(r.column("dmarc_result"), r.column("dmarc_reason"))
	marks.truths(r.column("dns_overlay"), CoverageOverlay)
	marks.truths(r.column("dns_nearest"), CoverageNearest)
	marks.count(r, &t.coverage)
}
