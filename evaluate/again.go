package evaluate

import (
	"time"

	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// What those need who judge a part of a message again.

// Sample is the number from 0 to 99 that pct is compared with (RFC 7489 section
// 6.6.4). It needs the digest, or for a log record its place.
func Sample(e *evidence.Evidence) int { return sample(e) }

// SPFQuery is the check of the MAIL FROM identity at a moment. A null reverse
// path stands for postmaster@HELO (RFC 7208 section 2.4).
func SPFQuery(e *evidence.Evidence, at time.Time) spf.Query {
	env := &e.Envelope
	q := spf.Query{
		Client: env.ClientIP, Scope: spf.MailFrom, HELO: env.HELO, At: at,
		Local: env.MailFromLocal, Domain: env.MailFromDomain, LocalUnknown: e.LocalsWithheld,
	}
	if env.HasMailFrom && q.Domain == "" {
		q.Local, q.Domain, q.LocalUnknown = "postmaster", env.HELO, false
	}
	return q
}
