package stats

import (
	"math/bits"
	"slices"

	"mailaudit/evaluate/dkim"
)

// coverage is a set of words of the coverage.
type coverage uint16

// coverageWords are the words by their bits.
var coverageWords = [...]string{
	CoverageKeyMissing, CoverageUnanswered, CoverageNotRecorded, CoverageNoClient, CoverageNoReturnPath, CoverageNoAuthor,
	CoverageNoTime, CoverageOtherKey, CoverageRepaired, CoverageOverlay, CoverageNearest, CoverageKeysOutOfRule,
}

func bitOf(word string) coverage { return 1 << slices.Index(coverageWords[:], word) }

// signatureCoverage is what the reasons of signatures stand for.
var signatureCoverage = map[string]coverage{
	string(dkim.KeyNotFound):       bitOf(CoverageKeyMissing),
	string(dkim.KeyRevoked):        bitOf(CoverageKeyMissing),
	string(dkim.OtherKey):          bitOf(CoverageOtherKey),
	string(dkim.AlgorithmObsolete): bitOf(CoverageKeysOutOfRule),
	string(dkim.KeyTooSmall):       bitOf(CoverageKeysOutOfRule),
	string(dkim.NotRecorded):       bitOf(CoverageNotRecorded),
}

// marks are what holds for each row.
type marks []coverage

// null marks rows without a value.
func (m marks) null(c Column, word string) {
	bit := bitOf(word)
	for i, code := range c.Codes {
		if code < 0 {
			m[i] |= bit
		}
	}
}

// words marks rows that have certain words, or whose lists have.
func (m marks) words(c Column, of map[string]coverage) {
	byCode, any := make([]coverage, len(c.Dict)+1), coverage(0)
	for i, w := range c.Dict {
		byCode[i+1] = of[w]
		any |= of[w]
	}
	switch {
	case any == 0:
	case c.First == nil:
		for i, code := range c.Codes {
			m[i] |= byCode[code+1]
		}
	default:
		for i := range m {
			for _, code := range c.Codes[c.First[i]:c.First[i+1]] {
				m[i] |= byCode[code+1]
			}
		}
	}
}

// truths marks rows that are true, or whose lists have a true.
func (m marks) truths(c Column, word string) {
	bit := bitOf(word)
	switch {
	case !slices.Contains(c.Numbers, 1):
	case c.First == nil:
		for i, n := range c.Numbers {
			if n == 1 {
				m[i] |= bit
			}
		}
	default:
		for i := range m {
			if slices.Contains(c.Numbers[c.First[i]:c.First[i+1]], 1) {
				m[i] |= bit
			}
		}
	}
}

// undecided marks rows whose DMARC a failure of the DNS left open.
func (m marks) undecided(result, reason Column) {
	open := slices.Index(result.Dict, "temperror")
	if open < 0 {
		return
	}
	for i, code := range result.Codes {
		if code < 0 || result.Dict[code] != "temperror" {
			continue
		}
		m[i] |= bitOf(CoverageUnanswered)
		if reason.text(i) == "not_recorded" {
			m[i] |= bitOf(CoverageNotRecorded)
		}
	}
}

// count counts the rows that have a usable message.
func (m marks) count(r *rows, to *counts) {
	var n [len(coverageWords)]int64
	for i, set := range m {
		if set == 0 || r.unusable != nil && r.unusable[i] {
			continue
		}
		for ; set != 0; set &= set - 1 {
			n[bits.TrailingZeros16(uint16(set))]++
		}
	}
	for i, k := range n {
		if k > 0 {
			to.add(coverageWords[i], k)
		}
	}
}
