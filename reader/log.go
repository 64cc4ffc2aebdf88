package reader

import (
	"net/netip"
	"time"
)

// LogRecord is what a log, or another system's history file, tells of one
// message: evidence without the bytes. An empty field means the log did not say.
type LogRecord struct {
	QueueID       string
	ReceivedAt    time.Time
	ClientIP      netip.Addr
	ClientName    string // reverse name as logged
	HELO          string
	MailFrom      string // address, without angle brackets
	HasMailFrom   bool   // tells the null path from no knowledge
	Authenticated bool
	MessageID     string   // without angle brackets
	HeaderFrom    []string // author domains, where something logged them
	Signatures    []LoggedSignature
	Recorded      Recorded
	Complete      bool // the log saw the record's end
}

// LoggedSignature is a DKIM signature's result as somebody logged it.
type LoggedSignature struct {
	Domain, Selector, Algorithm string
	Result                      string // a word of RFC 8601 section 2.7.1
	Bits                        int32
}

// Recorded is a verdict of the day in the log's own words.
type Recorded struct {
	By                            string // authserv-id, or the program that logged it
	SPF, DKIM, DMARC, Disposition string
	SPFDomain, SPFScope           string
	Policy                        string // the published policy as logged
	// Category is the word of the breakdown that these words stand for; empty
	// where they stand for none.
	Category string
}
