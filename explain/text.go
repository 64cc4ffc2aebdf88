package explain

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// WriteJSON writes the whole story as JSON. Characters that a terminal would act
// on are escaped, as JSON allows.
func (s *Story) WriteJSON(w io.Writer) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return err
	}
	_, err := w.Write(escapeJSON(b.Bytes()))
	return err
}

// escapeJSON writes what is not harmless as \u escapes: outside strings JSON is
// ASCII.
func escapeJSON(b []byte) []byte {
	var out []byte
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		switch {
		case n == 1 && b[i] != 0x7f, harmless(r):
			out = append(out, b[i:i+n]...)
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
		i += n
	}
	return out
}

// WriteText writes the story for a terminal of 80 columns. Long keys and hashes
// are shortened; [Story.WriteJSON] has them whole.
func (s *Story) WriteText(w io.Writer) error {
	p := newPrinter(w)
	p.message(s)
	p.verdict(s)
	if s.Message.Malformed == "" {
		p.path(s)
		p.identities(s)
		p.spf(s)
		p.dkim(s)
		p.arc(s)
		for i := range s.DMARC {
			p.dmarc(&s.DMARC[i], &s.DMARC[0])
		}
		if !s.Message.FromLog {
			p.recorded(s)
		}
		p.questions(s)
	}
	p.section("What to do")
	for i, c := range s.Conclusions {
		p.text(fmt.Sprintf("  %d. ", i+1), "%s", c.Text)
	}
	return p.w.Flush()
}

func (p *printer) message(s *Story) {
	m := &s.Message
	kept := m.Format
	switch m.Quoting {
	case "mboxo", "mboxrd":
		kept += `, lines beginning with "From " quoted as in ` + m.Quoting
	}
	p.wrap("", "  ", fmt.Sprintf("Message %d of %s", m.Ordinal, m.Source))
	p.field("kept as", "%s", kept)
	p.field("bytes", "%d at offset %d", m.Length, m.Offset)
	if m.FromLog {
		p.field("", "a log record: no message was seen, only what the log says of it")
	}
	p.field("Message-ID", "%s", m.MessageID)
	for _, f := range m.From {
		p.field("From", "%s", elide(decoded(f)))
	}
	p.field("Subject", "%s", elide(decoded(m.Subject)))
	p.field("List-Id", "%s", m.ListID)
	p.field("Date", "%s", stamp(m.Date))
	p.field("arrived", "%s", orElse(stamp(m.ReceivedAt), "at an unknown time"))
	if !m.AsOf.Equal(m.ReceivedAt) {
		p.field("judged as of", "%s", stamp(m.AsOf))
	}
	p.field("odd", "%s", strings.Join(m.Anomalies, ", "))
}

// decoded reads encoded words (RFC 2047) where their character set is a common
// one.
func decoded(s string) string {
	if d, err := new(mime.WordDecoder).DecodeHeader(s); err == nil {
		return d
	}
	return s
}

func (p *printer) verdict(s *Story) {
	v := &s.Verdict
	p.section("Verdict")
	p.field("category", "%s: %s", v.Category, v.Phrase)
	p.field("disposition", "%s%s", v.Disposition, softened(v.Disposition, v.Disposition74))
	p.field("milder for", "%s", strings.TrimSpace(v.OverrideType+" "+v.OverrideComment))
	if s.Message.Malformed != "" {
		p.field("malformed", "%s", s.Message.Malformed)
		return
	}
	for i := range s.SPF {
		x := &s.SPF[i]
		p.field("SPF "+x.Scope, "%s (%s)%s", x.Result, orElse(x.Domain, "no domain"), s.spfAlignment(x))
	}
	for i := range s.DKIM {
		x := &s.DKIM[i]
		p.field("DKIM "+strconv.Itoa(i+1), "%s (%s)%s%s", x.Result, orElse(x.Domain, "no domain"), alignmentText(x.Alignment), remark(x.Reason))
	}
	if s.ARC != nil {
		p.field("ARC", "%s%s", s.ARC.Result, remark(s.ARC.Reason))
	}
	for i := range s.DMARC {
		x := &s.DMARC[i]
		p.field(bookName(x.Rules), "DMARC %s%s, disposition %s", x.Result, remark(x.Reason), x.Disposition)
	}
}

func (s *Story) spfAlignment(x *SPF) string {
	if x.Scope != "mfrom" || len(s.DMARC) == 0 || len(s.DMARC[0].Identifiers) == 0 {
		return ""
	}
	return alignmentText(s.DMARC[0].Identifiers[0].Alignment)
}

func alignmentText(a string) string {
	switch a {
	case "":
		return ""
	case "none":
		return ", not aligned"
	}
	return ", alignment " + a
}

func remark(reason string) string {
	if reason == "" {
		return ""
	}
	return ", " + reason
}

func softened(letter, soft string) string {
	if letter == soft {
		return ""
	}
	return "; RFC 9989 section 7.4 lets a receiver that knows nothing else do no more than " + soft
}

func bookName(rules string) string {
	if rules == "rfc7489" {
		return "RFC 7489"
	}
	return "RFC 9989"
}

func (p *printer) path(s *Story) {
	p.section("Path: the hops, newest first, and which was believed")
	switch {
	case s.Message.FromLog:
		p.text("  ", "The log names the client.")
	case len(s.Path.Hops) == 0:
		p.text("  ", "There is no Received field.")
	}
	for i := range s.Path.Hops {
		p.hop(i, &s.Path.Hops[i], i == s.Path.Boundary)
	}
	for i, why := range s.Path.Why {
		mark := "       "
		if i == 0 {
			mark = "  why  "
		}
		p.text(mark, "%s", why)
	}
	client := orElse(s.Path.ClientIP, "not known")
	if s.Path.ClientIP != "" {
		client += basisPhrases[s.Path.Basis]
	}
	if s.Path.Authenticated {
		client += "; an authenticated submitter"
	}
	p.field("client", "%s", client)
}

var basisPhrases = map[string]string{
	"received": ", as the Received field says", "received_spf": ", as Received-SPF says",
	"authentication_results": ", as Authentication-Results says", "log": ", as the log says",
}

func (p *printer) hop(i int, h *Hop, boundary bool) {
	mark := "  "
	if boundary {
		mark = "=>"
	}
	text := "from " + orElse(h.HELO, "?")
	if h.IP != "" || h.ReverseName != "" {
		text += " (" + strings.TrimSpace(h.ReverseName+" ["+orElse(h.IP, "no address")+"]") + ")"
	}
	if h.By != "" {
		text += " by " + h.By
	}
	if h.Protocol != "" {
		text += " with " + h.Protocol
	}
	if h.Authenticated != "" {
		text += ", authenticated (" + h.Authenticated + ")"
	}
	if !h.Date.IsZero() {
		text += "; " + stamp(h.Date)
	}
	p.text(fmt.Sprintf("%s %2d  ", mark, i), "%s", text)
}

func (p *printer) identities(s *Story) {
	id := &s.Identities
	p.section("Identities")
	author := strings.Join(id.AuthorDomains, ", ")
	if id.AuthorProblem != "" {
		author = orElse(author, "none") + " (not usable: " + id.AuthorProblem + ")"
	}
	if id.FromFields != 1 || id.Mailboxes != 1 {
		author += fmt.Sprintf("; %d From fields, %d mailboxes", id.FromFields, id.Mailboxes)
	}
	p.field("author", "%s", author)
	p.field("exists", "%s", s.Existence.text())
	p.field("MAIL FROM", "%s", orElse(id.MailFrom, "not known"))
	p.field("HELO", "%s", orElse(id.HELO, "not known"))
	if id.DomainKeys > 0 {
		p.field("DomainKeys", "%d fields of RFC 4870, not verified", id.DomainKeys)
	}
}

// text says what the domain existence test found; empty where none was made.
func (x *Existence) text() string {
	switch {
	case x == nil:
		return ""
	case x.Absent:
		return "no: neither it nor its organizational domain has MX, NS, A or AAAA records"
	case !x.Decided:
		return "not known: a DNS failure hides it"
	}
	return "yes"
}

var scopeNames = map[string]string{"helo": "HELO", "mfrom": "MAIL FROM"}

func (p *printer) spf(s *Story) {
	for i := range s.SPF {
		x := &s.SPF[i]
		p.section("SPF of " + scopeNames[x.Scope] + ": " + x.Result)
		p.field("identity", "%s from client %s", orElse(x.Identity, "none"), orElse(s.Path.ClientIP, "not known"))
		p.field("because", "%s%s", x.Meaning, brackets(x.Detail))
		p.asked("    ", x.Asked)
		for t := range x.Terms {
			p.term(&x.Terms[t])
		}
		if x.Mechanism != "" {
			p.field("matched", "%s%s", x.Mechanism, through(x.Chain))
		}
		if len(x.Terms) > 0 {
			p.field("cost", "%d of 10 lookups, %d of 2 void", x.Lookups, x.VoidLookups)
		}
		p.field("explanation", "%s", x.Explanation)
	}
}

func brackets(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

func through(chain []string) string {
	if len(chain) < 2 {
		return ""
	}
	return " in the record of " + chain[len(chain)-1] + ", through " + strings.Join(chain[:len(chain)-1], ", ")
}

func (p *printer) term(t *Term) {
	indent := strings.Repeat("  ", min(t.Depth, 8))
	outcome := "no match"
	switch {
	case t.Match:
		outcome = "match: " + t.Result
	case t.Result != "":
		outcome = t.Result
	}
	if t.Note != "" {
		outcome += "; " + t.Note
	}
	target := ""
	if t.Target != "" && !strings.HasSuffix(t.Text, t.Target) {
		target = " = " + t.Target
	}
	p.text("    "+indent+"- ", "%s%s  -> %s", elide(t.Text), target, outcome)
	p.asked("      "+indent, t.Asked)
}

func (p *printer) asked(indent string, list []Exchange) {
	for i := range list {
		p.text(indent+"? ", "%s %s: %s", list[i].Type, list[i].Name, answerText(list[i].Status, list[i].Data))
	}
}

// answerText is an answer in short.
func answerText(status string, data []string) string {
	if len(data) == 0 {
		return status
	}
	shown := make([]string, 0, len(data))
	for i, d := range data {
		if i == maxRecords {
			shown = append(shown, fmt.Sprintf("and %d more", len(data)-i))
			break
		}
		shown = append(shown, elide(d))
	}
	return strings.Join(shown, " | ")
}

// maxRecords is how many records of an answer the text shows.
const maxRecords = 8
