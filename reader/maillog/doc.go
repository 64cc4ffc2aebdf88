// Package maillog turns the logs of mail systems into records: one for each
// message, joined from the lines that speak of it. It reads Postfix with the
// filters that log beside it (OpenDKIM, OpenDMARC, both policyd-spf, rspamd,
// amavis), Exim, Sendmail, qpsmtpd, rspamd, and the history files of OpenDMARC,
// which it also writes.
//
// A record holds what the lines say and nothing else. Lines are read once, in
// order; what is kept of them is bounded (MaxOpen records). A line that no
// grammar knows is counted, and the first few of each source become problems.
package maillog

import (
	"time"

	"mailaudit/reader"
)

// Options are what a log does not say itself. The zero value reads stamps
// without a zone as UTC, and gives no time to stamps without a year.
type Options struct {
	// Until is a moment that no line is later than: stamps without a year get
	// the latest year that keeps them before it. Zero means unknown.
	Until time.Time
	// UntilOf, where set, gives that moment for one source (the time its file
	// was last written, say); the zero time means that it knows nothing.
	UntilOf func(source string) time.Time
	// Zone is that of stamps without one; nil means UTC.
	Zone *time.Location
	// MaxOpen is how many records may be open at once in one format; 0 means
	// DefaultMaxOpen. Past it the one touched least recently is given out.
	MaxOpen int
}

// The limits, each with its reason.
const (
	// DefaultMaxOpen is more than a large server has in its queue; each open
	// record takes about half a kilobyte.
	DefaultMaxOpen = 1 << 17
	// settle is how many records end after one before it is given out, so that
	// lines of other programs that come late are still joined to it.
	settle = 64
	// headSize is how near the beginning of a source a message must be for its
	// first lines to lie in another: what a busy server logs in seconds.
	headSize = 64 << 10
	// maxPending is how many SPF results wait for the message they speak of.
	maxPending = 4096
	// maxLine is how much of a line is read; syslog daemons cut at 8 KiB or less.
	maxLine = 64 << 10
	// maxRecord bounds the text and the signatures kept of one message, however
	// often hostile mail has them repeated.
	maxRecord     = 16 << 10
	maxSignatures = 64
	// maxSamples is how many unknown lines of one source become problems.
	maxSamples = 5
	// sampleSize is how much of an unknown line is shown, bytes.
	sampleSize = 160
)

// The anomalies of log records.
const (
	AnomalyStartMissing = "log_start_missing" // the log begins after the message came in
	AnomalyEndMissing   = "log_end_missing"   // the log ends before the message was done with
	AnomalyYearInferred = "log_year_inferred" // the stamp has no year
	AnomalyYearUnknown  = "log_year_unknown"  // and nothing told which it is
)

// The codes of problems.
const (
	CodeUnknownLine   = "unknown_line"   // a line of no known form
	CodeLongLine      = "long_line"      // a line cut at its limit
	CodeYearUncertain = "year_uncertain" // stamps without a year run past the moment given
)

// Readers returns the log readers of this package, in the order in which they
// are to be asked. They keep records back from one source to the next, so one
// set serves one run.
func Readers(o Options) []reader.LogReader {
	if o.MaxOpen <= 0 {
		o.MaxOpen = DefaultMaxOpen
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	var out []reader.LogReader
	for _, g := range []struct {
		format reader.Format
		make   func(*join) grammar
	}{
		{reader.OpenDMARCHistory, newHistory},
		{reader.Postfix, newPostfix},
		{reader.Exim, newExim},
		{reader.Sendmail, newSendmail},
		{reader.Qpsmtpd, newQpsmtpd},
		{reader.Rspamd, newRspamd},
	} {
		out = append(out, logReader(o, g.format, g.make))
	}
	return out
}
