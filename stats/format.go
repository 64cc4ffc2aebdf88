package stats

// How numbers and what comes from mail look in text, for other reports.

// Group writes a number with a comma between each three digits.
func Group(n int64) string { return group(n) }

// Percent is a share of a whole, always seven characters wide; one that would
// round to 0.0 is told from none.
func Percent(n, of int64) string { return percent(n, of) }

// Clip makes what comes from mail safe for a terminal, by escaping all but
// printable ASCII, and shortens it to n characters.
func Clip(s string, n int) string { return clip(s, n) }
