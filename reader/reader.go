// Package reader turns whatever mail was kept in (mbox files, Maildirs, folders
// of messages, archives, logs) into a stream of units: one message or one log
// record each, in a fixed order, re-findable by source and byte offset. It knows
// framing, never the meaning of a header field.
package reader

import (
	"io"
	"time"
)

// Format is how a unit was kept. The words are those of the column
// source_format and of --format.
type Format string

// The formats.
const (
	Auto             Format = "auto"
	Mbox             Format = "mbox" // dialect found for each file
	Mboxo            Format = "mboxo"
	Mboxrd           Format = "mboxrd"
	Mboxcl           Format = "mboxcl"
	Mboxcl2          Format = "mboxcl2"
	Maildir          Format = "maildir"
	MH               Format = "mh"
	EML              Format = "eml"
	Emlx             Format = "emlx"
	Tar              Format = "tar"
	Zip              Format = "zip"
	Postfix          Format = "postfix"
	Exim             Format = "exim"
	Sendmail         Format = "sendmail"
	Qpsmtpd          Format = "qpsmtpd"
	Rspamd           Format = "rspamd"
	OpenDMARCHistory Format = "opendmarc-history"
)

// Quoting is how body lines that begin with "From " were kept.
type Quoting uint8

// The quotings. The reader says which one holds; whoever reads the body undoes it.
const (
	QuotingNone   Quoting = iota // bytes are as they were sent
	QuotingMboxo                 // "From " became ">From "; ">From " stayed: ambiguous
	QuotingMboxrd                // one ">" was put before every ">*From "
)

// Unit is one message or one log record.
type Unit struct {
	Ordinal int64  // position in the run, from 0
	Source  string // path as given; members of archives as path!member
	Format  Format
	Offset  int64 // of the unit (its From_ line included) in the uncompressed source, bytes
	Length  int64 // of the unit in the uncompressed source, bytes

	// Exactly one of Data and Open is set for a message, neither for a log
	// record. Data holds the message's bytes as kept, from the first byte of
	// the header, without the From_ line and without the separating blank
	// line. It may be used only until Release. Open is set for messages too
	// large to hold: it gives the same bytes as a stream, any number of times.
	Data []byte
	Open func() (io.ReadCloser, error)
	Size int64 // bytes of the message

	Quoting  Quoting
	Envelope Envelope
	Log      *LogRecord // set for a log record only

	// Anomalies are framing oddities, as words for the column of that name.
	Anomalies []string

	release func()
}

// Release gives the memory behind Data back. Nothing of Data may be used after.
func (u *Unit) Release() {
	if u.release != nil {
		u.release()
		u.release = nil
	}
	u.Data = nil
}

// NewUnit returns a unit over data with a release function, which may be nil.
// It is for readers outside this package and for tests.
func NewUnit(data []byte, release func()) Unit {
	return Unit{Data: data, Size: int64(len(data)), release: release}
}

// Envelope is what the store itself says of a message's envelope.
type Envelope struct {
	// MailFrom is the sender of the From_ line. HasMailFrom tells a null path
	// from no knowledge.
	MailFrom    string
	HasMailFrom bool
	// ReceivedAt is the delivery time the store gives (From_ line, Maildir
	// file name); the zero time where it gives none. Zoned tells that the
	// store gave the zone; without it, UTC was assumed.
	ReceivedAt time.Time
	Zoned      bool
}

// Problem is an input or a message that could not be evaluated, or only in
// part. It is a row of the table problems. Readers yield it as an error beside
// an empty Unit and then go on with the next unit.
type Problem struct {
	Source string
	Offset int64  // bytes in the uncompressed source; -1 where there is none
	Length int64  // bytes lost or passed over; 0 where unknown
	Code   string // a stable word: "truncated", "unreadable", "empty_input", ...
	Detail string // for people
	Err    error  // the cause, where there is one
}

func (p *Problem) Error() string { return p.message() }

// Unwrap returns the cause.
func (p *Problem) Unwrap() error { return p.Err }
