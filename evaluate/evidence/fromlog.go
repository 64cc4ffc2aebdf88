package evidence

import (
	"strings"

	"mailaudit/reader"
)

// fromLog turns a joined log record into evidence: what the log says, and
// nothing that it does not.
func fromLog(e *Evidence, u *reader.Unit) {
	l := u.Log
	e.Origin.FromLog = true
	e.MessageID = l.MessageID
	e.Envelope = Envelope{
		ClientIP: l.ClientIP, Basis: BasisNone, ClientName: l.ClientName, ReceivedAt: l.ReceivedAt,
		Authenticated: l.Authenticated, HasMailFrom: l.HasMailFrom, Hop: -1,
	}
	if l.ClientIP.IsValid() {
		e.Envelope.ClientIP, e.Envelope.Basis = l.ClientIP.Unmap(), BasisLog
	}
	e.Envelope.HELO, _ = domainOf([]byte(l.HELO))
	if l.HasMailFrom {
		fromLogPath(e, l.MailFrom)
	}
	e.Author.Fields = int32(len(l.HeaderFrom))
	for _, d := range l.HeaderFrom {
		if n, ok := domainOf([]byte(d)); ok {
			e.Author.Domains = append(e.Author.Domains, n)
		}
	}
	switch len(e.Author.Domains) {
	case 0:
		e.Author.Problem = AuthorNotLogged
	case 1:
	default:
		e.Author.Problem = AuthorSeveralDomains
	}
	r := &l.Recorded
	e.Recorded = Recorded{AuthservID: r.By, SPF: r.SPF, DKIM: r.DKIM, DMARC: r.DMARC, Disposition: r.Disposition, Policy: r.Policy,
		Category: r.Category}
	for _, s := range l.Signatures {
		d, _ := domainOf([]byte(s.Domain))
		e.Signatures = append(e.Signatures, Signature{
			Field: -1, Domain: d, AUIDDomain: d, Selector: s.Selector, Algorithm: s.Algorithm, BodyLength: -1,
			Logged: s.Result, LoggedBits: s.Bits,
		})
		e.Recorded.Signatures = append(e.Recorded.Signatures, RecordedSignature{
			Result: s.Result, Domain: s.Domain, Selector: s.Selector, Algorithm: s.Algorithm, Bits: s.Bits,
		})
	}
}

// fromLogPath reads the reverse path of a log. "@domain" is a path of which only
// the domain was written down. A path that names no domain is not the null path,
// so that no check of HELO takes its place.
func fromLogPath(e *Evidence, path string) {
	env := &e.Envelope
	if domain, ok := strings.CutPrefix(path, "@"); ok {
		env.MailFromDomain, _ = domainOf([]byte(domain))
		e.LocalsWithheld = true
	} else {
		env.MailFromLocal, env.MailFromDomain, _ = parsePath([]byte(path))
	}
	env.HasMailFrom = path == "" || env.MailFromDomain != ""
}
