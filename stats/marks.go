package stats

import (
	"math/bits"
	"slices"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
	"mailaudit/internal/columns"
)

// coverage is a set of words of the coverage.
type coverage uint16

// coverageWords are the words by their bits.
var coverageWords = [...]string{
	CoverageKeyMissing, CoverageUnanswered, CoverageNotRecorded, CoverageNoClient, CoverageNoReturnPath, CoverageNoAuthor,
	CoverageNoTime, CoverageOtherKey, CoverageRepaired, CoverageOverlay, CoverageNearest, CoverageKeysOutOfRule,
}

func bitOf(word string) coverage { return 1 << slices.Index(coverageWords[:], word) }

// What words stand for.
var (
	signatureCoverage = map[string]coverage{
		string(dkim.KeyNotFound):       bitOf(CoverageKeyMissing),
		string(dkim.KeyRevoked):        bitOf(CoverageKeyMissing),
		string(dkim.OtherKey):          bitOf(CoverageOtherKey),
		string(dkim.AlgorithmObsolete): bitOf(CoverageKeysOutOfRule),
		string(dkim.KeyTooSmall):       bitOf(CoverageKeysOutOfRule),
		string(dkim.NotRecorded):       bitOf(CoverageNotRecorded),
	}
	resultCoverage = map[string]coverage{string(dkim.TempError): bitOf(CoverageUnanswered)}
	spfCoverage    = map[string]coverage{string(spf.NotRecorded): bitOf(CoverageNotRecorded)}
	authorCoverage = map[string]coverage{string(evidence.AuthorNotLogged): bitOf(CoverageNoAuthor)}
)

// coverRows counts what stood in the way of judging messages. What one column
// tells alone is counted as such; for the rest rows are marked.
func (t *Tally) coverRows(r *rows) {
	m := &marks{rows: r}
	m.add(CoverageNoClient, "client_ip", r.Nulls("client_ip"), func(v *columns.Vector, i int) bool { return v.Codes[i] < 0 })
	m.add(CoverageNoReturnPath, "has_mail_from", int64(r.Rows())-r.Trues("has_mail_from"), func(v *columns.Vector, i int) bool { return !v.Bool(i) })
	m.add(CoverageNoTime, "received_at", r.Nulls("received_at"), func(v *columns.Vector, i int) bool { return v.Numbers[i] == columns.NoNumber })
	m.add(CoverageOverlay, "dns_overlay", r.Trues("dns_overlay"), (*columns.Vector).Bool)
	m.add(CoverageNearest, "dns_nearest", r.Trues("dns_nearest"), (*columns.Vector).Bool)
	m.words("author_problem", authorCoverage)
	m.listed("dkim.reason", signatureCoverage)
	m.listed("dkim.result", resultCoverage)
	m.truths("dkim.repaired", CoverageRepaired)
	m.words("spf_result", resultCoverage)
	m.words("spf_reason", spfCoverage)
	m.undecided()
	m.count()
	for i, n := range m.counts {
		if n > 0 {
			t.coverage.add(coverageWords[i], n)
		}
	}
}

// marks are what holds for each row, and the counts so far.
type marks struct {
	*rows
	of     []coverage // nil: nothing for any row
	counts [len(coverageWords)]int64
}

// add counts what one column tells alone: n rows, less those without a usable
// message.
func (m *marks) add(word, column string, n int64, holds func(*columns.Vector, int) bool) {
	if n > 0 && len(m.unusable) > 0 {
		v := m.Column(column)
		for _, i := range m.unusable {
			if holds(v, i) {
				n--
			}
		}
	}
	m.counts[slices.Index(coverageWords[:], word)] += n
}

// marked are the rows to mark.
func (m *marks) marked() []coverage {
	if m.of == nil {
		m.of = make([]coverage, m.Rows())
	}
	return m.of
}

// byPlace is what a column's words stand for, the first place being null; nil
// where that is nothing.
func (m *marks) byPlace(name string, of map[string]coverage) (*columns.Vector, []coverage) {
	if !slices.ContainsFunc(m.Words(name), func(w string) bool { return of[w] != 0 }) {
		return nil, nil
	}
	v := m.Column(name)
	places := make([]coverage, 1, len(v.Dict)+1)
	for _, w := range v.Dict {
		places = append(places, of[w])
	}
	return v, places
}

// words marks rows that have certain words.
func (m *marks) words(name string, of map[string]coverage) {
	v, places := m.byPlace(name, of)
	if v == nil {
		return
	}
	marked := m.marked()
	for i, code := range v.Codes {
		marked[i] |= places[code+1]
	}
}

// listed marks rows whose lists have certain words.
func (m *marks) listed(name string, of map[string]coverage) {
	v, places := m.byPlace(name, of)
	if v == nil {
		return
	}
	marked, row := m.marked(), 0
	for j, code := range v.Codes {
		if set := places[code+1]; set != 0 {
			for int(v.First[row+1]) <= j {
				row++
			}
			marked[row] |= set
		}
	}
}

// truths marks rows whose lists have a true.
func (m *marks) truths(name, word string) {
	if m.Trues(name) == 0 {
		return
	}
	v, bit := m.Column(name), bitOf(word)
	marked, row := m.marked(), 0
	for j, n := range v.Numbers {
		if n == 1 {
			for int(v.First[row+1]) <= j {
				row++
			}
			marked[row] |= bit
		}
	}
}

// undecided marks rows whose DMARC a failure of the DNS left open.
func (m *marks) undecided() {
	const temporary = "temperror"
	if !slices.Contains(m.Words("dmarc_result"), temporary) {
		return
	}
	result, reason, marked := m.Column("dmarc_result"), m.Column("dmarc_reason"), m.marked()
	open := are(result, temporary)
	for i, code := range result.Codes {
		if !open[code+1] {
			continue
		}
		marked[i] |= bitOf(CoverageUnanswered)
		if reason.Text(i) == "not_recorded" {
			marked[i] |= bitOf(CoverageNotRecorded)
		}
	}
}

// count counts the marks of rows that have a usable message.
func (m *marks) count() {
	if m.of == nil {
		return
	}
	for _, i := range m.unusable {
		m.of[i] = 0
	}
	var sets [1 << len(coverageWords)]int64
	for _, set := range m.of {
		sets[set&(1<<len(coverageWords)-1)]++
	}
	for set, n := range sets {
		for ; n > 0 && set != 0; set &= set - 1 {
			m.counts[bits.TrailingZeros(uint(set))] += n
		}
	}
}
