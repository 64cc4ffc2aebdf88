package evidence

import "bytes"

// Limits on From fields.
const (
	// maxAuthorDomains is how many distinct domains are kept: more than one
	// already make the author unusable.
	maxAuthorDomains = 16
	// maxMailboxes is where reading a From field ends. Real ones have one.
	maxMailboxes = 1024
)

// parseAuthor reads the From fields of a message (RFC 5322 §3.6.2, with the
// obsolete syntax of §4.4), given their values with folding.
//
// It is lenient where only one reading is possible and strict where receivers
// and mail clients could read different domains:
//
//   - an address in angle brackets wins over text before it, whatever that
//     holds: quoted or bare addresses, encoded words, comments;
//   - words without an address beside a mailbox are a display name with an
//     unquoted comma, not mailboxes;
//   - two "@" in one address, or an address after the closing bracket, make the
//     whole unparsable;
//   - a mailbox whose domain is none makes the author one without a domain,
//     even where another mailbox has one.
func parseAuthor(fields [][]byte) Author {
	a := Author{Fields: int32(len(fields))}
	if len(fields) == 0 {
		a.Problem = AuthorMissing
		return a
	}
	var r authorReader
	for _, v := range fields {
		r.field(&a, v)
	}
	switch {
	case r.bad:
		a.Problem = AuthorUnparsable
	case r.noDomain:
		a.Problem = AuthorNoDomain
	case len(a.Domains) > 1:
		a.Problem = AuthorSeveralDomains
	case len(a.Domains) == 0 && r.local:
		a.Problem = AuthorNoDomain
	case len(a.Domains) == 0:
		a.Problem = AuthorUnparsable
	}
	return a
}

// authorReader gathers what is wrong over all From fields.
type authorReader struct {
	bad      bool // something has no one reading
	noDomain bool // a mailbox has no valid domain
	local    bool // one bare word: a local user
}

func (r *authorReader) field(a *Author, v []byte) {
	s := addressScanner{v: v}
	var m mailbox
	for a.Mailboxes < maxMailboxes && s.next(&m) {
		switch m.kind {
		case boxWords, boxNull:
		case boxBad:
			r.bad = true
		case boxLocal:
			if m.angle {
				r.noDomain = true
				a.Mailboxes++
			}
			r.local = true
		case boxAddress:
			a.Mailboxes++
			if a.Mailboxes == 1 {
				a.Local = text(unquote(m.local.bytes(v)), maxLocal)
			}
			r.domain(a, &m, v)
		}
	}
}

func (r *authorReader) domain(a *Author, m *mailbox, v []byte) {
	if len(a.Domains) == maxAuthorDomains {
		return
	}
	d, ok := domainOf(m.domain.bytes(v))
	if !ok || m.literal {
		r.noDomain = true // RFC 9989 §3.2.2: an author domain is a domain name
		return
	}
	for _, have := range a.Domains {
		if have == d {
			return
		}
	}
	a.Domains = append(a.Domains, d)
}

// unquote removes the quotes of quoted strings and their backslashes (RFC 5322
// §3.2.4).
func unquote(b []byte) []byte {
	if bytes.IndexByte(b, '"') < 0 {
		return b
	}
	out := make([]byte, 0, len(b))
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '"':
		case c == '\\' && i+1 < len(b):
			i++
			out = append(out, b[i])
		default:
			out = append(out, c)
		}
	}
	return out
}
