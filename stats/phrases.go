package stats

import "cmp"

// Phrase is the reason for people.
func (r DriftReason) Phrase() string { return cmp.Or(driftPhrases[r], string(r)) }

// CoveragePhrase is a word of Summary.Coverage for people.
func CoveragePhrase(word string) string { return cmp.Or(coveragePhrases[word], word) }

// CausePhrase is a word of Summary.Causes for people.
func CausePhrase(word string) string { return cmp.Or(causePhrases[word], word) }
