package stats

import (
	"slices"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/spf"
	"mailaudit/internal/columns"
)

// rows are the rows of a row group by their columns.
type rows struct {
	columns.Group
	// unusable are the rows without a usable message: everything is counted for
	// all rows, and taken back for these where it does not hold for them.
	unusable []int
}

// AddRows counts rows by their columns, those of a *sink.Scan for example: what
// Add does for each record, many times quicker. It looks at no row where counts
// of a column's words, or what the file tells of it, are enough.
func (t *Tally) AddRows(scan columns.Group) {
	r := &rows{Group: scan}
	r.findUnusable()
	t.messages += int64(r.Rows())
	t.judged(r) // it reads columns that are then counted as they are
	r.words(&t.dispositions, "disposition", everyRow|orNone)
	r.words(&t.dispositions74, "disposition_7_4", everyRow|orNone)
	r.words(&t.formats, "source_format", everyRow|orNone)
	r.words(&t.recorded, "recorded_category", everyRow)
	r.words(&t.anomalies, "anomalies", everyRow)
	t.times(r)
	r.words(&t.spf, "spf_result", orNone)
	r.words(&t.dkim, "dkim_result", orNone)
	r.words(&t.arc, "arc_result", orNone)
	r.words(&t.dmarc, "dmarc_result", orNone)
	r.words(&t.policies, "dmarc_policy", 0)
	r.words(&t.overrides, "override_type", 0)
	t.coverRows(r)
}

func (r *rows) findUnusable() {
	if !slices.ContainsFunc(r.Words("malformed"), func(w string) bool { return w != "" }) {
		return
	}
	malformed := r.Column("malformed")
	for i := range malformed.Codes {
		if malformed.Text(i) != "" {
			r.unusable = append(r.unusable, i)
		}
	}
}

// How words are counted.
const (
	everyRow = 1 << iota // and not only those with a usable message
	orNone               // rows without a word too, by the empty one
)

// words counts a column's words. A list counts each of its elements.
func (r *rows) words(to *counts, name string, how int) {
	back := how&everyRow == 0 && len(r.unusable) > 0
	if back {
		r.Column(name) // has the places that Counts has then
	}
	c := r.Counts(name)
	if back {
		c = r.usable(c, r.Column(name))
	}
	for i, n := range c.Of {
		if w := c.Dict[i]; n > 0 && (w != "" || how&orNone != 0) {
			to.add(w, n)
		}
	}
	if c.Null > 0 && how&orNone != 0 {
		to.add("", c.Null)
	}
}

// usable takes back the rows without a usable message.
func (r *rows) usable(c *columns.Counts, v *columns.Vector) *columns.Counts {
	c = &columns.Counts{Dict: c.Dict, Of: slices.Clone(c.Of), Null: c.Null}
	for _, i := range r.unusable {
		if code := v.Codes[i]; code >= 0 {
			c.Of[code]--
		} else {
			c.Null--
		}
	}
	return c
}

// times finds the first and the last arrival.
func (t *Tally) times(r *rows) {
	if first, last := r.Range("received_at"); first != columns.NoNumber {
		t.time(time.UnixMicro(first).UTC())
		t.time(time.UnixMicro(last).UTC())
	}
}

// judged counts categories, author domains, and why DMARC failed.
func (t *Tally) judged(r *rows) {
	category, author := r.Column("category"), r.Column("header_from_domain")
	index := make([]int, len(category.Dict)+1)
	index[0] = unknownCategory
	for i, w := range category.Dict {
		index[i+1] = unknownCategory
		if c, ok := categoryIndex[evaluate.Category(w)]; ok {
			index[i+1] = c
		}
	}
	g := &t.grid
	g.fill(author, category)
	for place, cat := range index {
		if cat != unknownCategory {
			t.breakdown[cat] += g.sum(place)
		}
	}
	g.takeBack(author, category, r.unusable)
	for code, domain := range author.Dict {
		if domain != "" {
			t.addAuthor(domain, g.row(code), index)
		}
	}
	t.failed(r, category, index)
}

// addAuthor adds an author domain's counts by place of the category.
func (t *Tally) addAuthor(domain string, row []uint32, index []int) {
	var a *authorTally
	for place, n := range row[:len(index)] {
		if n == 0 {
			continue
		}
		if a == nil {
			a = t.ofAuthor(domain)
		}
		a.messages += int64(n)
		if cat := index[place]; cat != unknownCategory {
			a.breakdown[cat] += int32(n)
		}
	}
}

const unknownCategory = -1

// firstFailure is the place of the first of the categories that tell a failure
// of DMARC: they come last.
var firstFailure = categoryIndex[evaluate.FailTolerated]

// failed counts why DMARC failed.
func (t *Tally) failed(r *rows, category *columns.Vector, index []int) {
	if slices.Max(index) < firstFailure {
		return
	}
	fails := make([]int, len(index))
	for i, cat := range index {
		fails[i] = bit(cat >= firstFailure)
	}
	// Without a branch: which row failed cannot be foretold.
	t.failing = slices.Grow(t.failing[:0], len(category.Codes)+1)
	failing, n := t.failing[:len(category.Codes)+1], 0
	for i, code := range category.Codes {
		failing[n] = int32(i)
		n += fails[code+1]
	}
	why := newFailures(r)
	for _, i := range failing[:n] {
		if _, unusable := slices.BinarySearch(r.unusable, int(i)); unusable {
			continue
		}
		why.add(int(i), evaluate.Categories[index[category.Codes[i]+1]] == evaluate.FailReject)
	}
	why.count(t)
}

// failures are the columns that tell why DMARC failed, and what they told.
type failures struct {
	tag, dkim, near *columns.Vector
	spf, spfNear    *columns.Vector
	// By the place of a word: SPF passed, a signature did, and it was not of the
	// author's domain.
	passes, ok, far []bool

	tags   []int64       // by place
	causes [2][2][]int64 // by broken, passed, and the place of SPF's alignment
}

func newFailures(r *rows) *failures {
	f := &failures{
		tag: r.Column("dmarc_policy_tag"), dkim: r.Column("dkim.result"), near: r.Column("dkim.alignment"),
		spf: r.Column("spf_result"), spfNear: r.Column("spf_alignment"),
	}
	f.tags = make([]int64, len(f.tag.Dict)+1)
	for i := range f.causes {
		for j := range f.causes[i] {
			f.causes[i][j] = make([]int64, len(f.spfNear.Dict)+1)
		}
	}
	f.passes, f.ok = are(f.spf, string(spf.Pass)), are(f.dkim, string(dkim.Pass))
	f.far = are(f.near, string(dmarc.NotAligned))
	return f
}

// are tells by place, the first of which is null, whether a word is the one.
func are(v *columns.Vector, word string) []bool {
	out := make([]bool, 1, len(v.Dict)+1)
	for _, w := range v.Dict {
		out = append(out, w == word)
	}
	return out
}

func (f *failures) add(i int, rejected bool) {
	if rejected {
		f.tags[f.tag.Codes[i]+1]++
	}
	passed, broken := bit(f.passes[f.spf.Codes[i]+1]), 0
	if from, to := f.dkim.Span(i); from < to {
		// The first and the last without a branch: few have more.
		p, b := f.signature(from)
		q, c := f.signature(to - 1)
		passed, broken = passed|p|q, b|c
		for j := from + 1; j < to-1; j++ {
			p, b = f.signature(j)
			passed, broken = passed|p, broken|b
		}
	}
	f.causes[broken][passed][f.spfNear.Codes[i]+1]++
}

// signature tells of signature j whether it passed, and whether it is one of the
// author's domain that did not.
func (f *failures) signature(j int) (passed, broken int) {
	passed = bit(f.ok[f.dkim.Codes[j]+1])
	return passed, (1 - passed) & (1 - bit(f.far[f.near.Codes[j]+1]))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (f *failures) count(t *Tally) {
	for i, n := range f.tags {
		if n > 0 {
			t.rejectTags.add(wordAt(f.tag, i), n)
		}
	}
	for broken := range f.causes {
		for passed := range f.causes[broken] {
			for i, n := range f.causes[broken][passed] {
				if n > 0 {
					t.causes.add(cause(broken == 1, passed == 1, dmarc.Alignment(wordAt(f.spfNear, i))), n)
				}
			}
		}
	}
}

// wordAt is the word of a place, the first of which is null.
func wordAt(v *columns.Vector, place int) string {
	if place == 0 {
		return ""
	}
	return v.Dict[place-1]
}
