package evidence

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"

	"mailaudit/internal/scan"
	"mailaudit/reader"
)

// Words of Signature.Damage: what a store or a list did to the body, found by
// undoing it and comparing with bh=. Only DamageFromQuoting in a dialect that
// leaves ">From " ambiguous mends a signature: there the body hash tells which
// bytes were sent. All others explain why the body hash does not match, and
// change no verdict.
const (
	// DamageFromQuoting: lines that begin with "From " were quoted, or unquoted,
	// in another way than the file's dialect says.
	DamageFromQuoting = "from_quoting"
	// DamageLineEnds: line ends were doubled (CR CR LF), or a bare CR was one.
	DamageLineEnds = "line_ends"
	// DamageBlankLine: a blank line was lost or added at an end of the body. Both
	// canonicalizations drop blank lines at the end, so what is left is the
	// beginning, and the end under l=.
	DamageBlankLine = "blank_line"
	// DamageReencoded: 8bit text was encoded as quoted-printable or base64.
	DamageReencoded = "reencoded"
	// DamageListFooter: text was added below a separator line, as mailing lists
	// do.
	DamageListFooter = "list_footer"
	// DamageTrailingSpace: white space at line ends was stripped: the space of
	// the separator "-- " above a signature (RFC 3676 §4.3).
	DamageTrailingSpace = "trailing_space"
)

const (
	// maxRepairBody is the largest body that other readings are tried on, bytes:
	// each reading costs as much as the first.
	maxRepairBody = 4 << 20
	// maxFooters is how many separator lines are tried, from the last up.
	maxFooters = 6
)

// repair looks for an explanation where a body hash does not match. It costs
// nothing for messages that verify.
func (x *Extractor) repair(e *Evidence, body []byte, q reader.Quoting) {
	if len(body) > maxRepairBody || !x.unexplained() {
		return
	}
	x.otherQuotings(e, body, q)
	for _, look := range [...]func([]byte, reader.Quoting){
		x.listFooters, x.lineEnds, x.blankLines, x.separators, x.encodings,
	} {
		if !x.unexplained() {
			return
		}
		look(body, q)
	}
}

// unexplained tells whether a body hash that ought to match does not, for no
// reason known yet.
func (x *Extractor) unexplained() bool {
	for i := range x.pending {
		if x.pending[i].unexplained() {
			return true
		}
	}
	return false
}

func (p *pending) unexplained() bool {
	return !p.sig.BodyHashMatch && p.sig.Problem == "" && p.sig.Damage == ""
}

// reading hashes another reading of the body, in pieces, for all signatures.
func (x *Extractor) reading(q reader.Quoting, pieces ...[]byte) {
	b := &x.bodies
	b.restart()
	b.unquote.reset(q)
	for _, p := range pieces {
		b.unquote.write(p, b)
	}
	b.unquote.finish(b)
	b.finish()
}

// explain names the damage for the signatures that match the last reading.
func (x *Extractor) explain(damage string) {
	for i := range x.pending {
		p := &x.pending[i]
		if p.unexplained() && bytes.Equal(p.body.sum, p.bh) {
			p.sig.Damage = damage
		}
	}
}

// mend judges the signatures that match the last reading by it, and says so.
func (x *Extractor) mend(e *Evidence, damage string) {
	for i := range x.pending {
		p := &x.pending[i]
		if !p.unexplained() || !bytes.Equal(p.body.sum, p.bh) {
			continue
		}
		p.sig.BodyHash = bytes.Clone(p.body.sum)
		p.sig.BodyHashMatch, p.sig.Repaired, p.sig.Damage = true, true, damage
		e.AddAnomaly("repaired_" + damage)
	}
}

// otherQuotings tries the other readings of quoted From lines.
func (x *Extractor) otherQuotings(e *Evidence, body []byte, q reader.Quoting) {
	if at := scan.Index(body, quotedFrom); at >= 0 {
		deep := bytes.Contains(body[at:], []byte(">>From "))
		for _, other := range [...]reader.Quoting{reader.QuotingMboxrd, reader.QuotingNone, reader.QuotingMboxo} {
			// mboxo and mboxrd read only ">>From " differently.
			same := other == q || !deep && (other == reader.QuotingMboxo || other == reader.QuotingMboxrd && q == reader.QuotingMboxo)
			if same || !x.unexplained() {
				continue
			}
			x.reading(other, body)
			if q == reader.QuotingMboxo {
				x.mend(e, DamageFromQuoting)
			} else {
				x.explain(DamageFromQuoting)
			}
		}
	}
	if x.unexplained() && hasFromLine(body) {
		x.reading(reader.QuotingNone, quoteFrom(body))
		x.explain(DamageFromQuoting)
	}
}

var fromLine = []byte("\nFrom ")

func hasFromLine(body []byte) bool {
	return scan.Index(body, fromLine) >= 0 || bytes.HasPrefix(body, fromLine[1:])
}

// quoteFrom is the body as it was sent by a relay that quoted From lines, before
// the store unquoted them.
func quoteFrom(body []byte) []byte {
	out := bytes.ReplaceAll(body, fromLine, []byte("\n>From "))
	if bytes.HasPrefix(body, fromLine[1:]) {
		out = append([]byte(">"), out...)
	}
	return out
}

// listFooters tries the body without what stands below a separator line.
func (x *Extractor) listFooters(body []byte, q reader.Quoting) {
	end := len(body)
	for range maxFooters {
		at := lastSeparator(body[:end])
		if at < 0 {
			return
		}
		x.reading(q, body[:at])
		x.explain(DamageListFooter)
		if !x.unexplained() {
			return
		}
		end = at
	}
}

// lastSeparator returns where the last separator line begins: at least eight of
// one of "_-=*", or the "-- " of a signature, as list managers use them.
func lastSeparator(b []byte) int {
	for end := len(b); end > 0; {
		start := bytes.LastIndexByte(b[:end-1], '\n') + 1
		if isSeparator(bytes.TrimRight(b[start:end], "\r\n")) {
			return start
		}
		end = start
	}
	return -1
}

func isSeparator(line []byte) bool {
	const least = 8
	if len(line) == 0 {
		return false
	}
	switch string(line) {
	case "--", "-- ", "---":
		return true
	}
	c := line[0]
	return bytes.IndexByte([]byte("_-=*~#"), c) >= 0 && len(line) >= least && len(bytes.Trim(line, string(c))) == 0
}

// lineEnds tries CR CR LF, and a bare CR, as one line end each.
func (x *Extractor) lineEnds(body []byte, q reader.Quoting) {
	if bytes.Contains(body, []byte("\r\r\n")) {
		x.reading(q, bytes.ReplaceAll(body, []byte("\r\r\n"), []byte("\r\n")))
		x.explain(DamageLineEnds)
	}
	if bare := bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")); bytes.IndexByte(bare, '\r') >= 0 {
		x.reading(q, bytes.ReplaceAll(bare, []byte("\r"), []byte("\n")))
		x.explain(DamageLineEnds)
	}
}

// blankLines tries one blank line less and one more at the beginning, and under
// l= some more at the end.
func (x *Extractor) blankLines(body []byte, q reader.Quoting) {
	eol := []byte("\r\n")
	if n := len(body); n > 0 {
		if k := emptyLine(body); k > 0 {
			x.reading(q, body[k:])
			x.explain(DamageBlankLine)
		}
	}
	x.reading(q, eol, body)
	x.explain(DamageBlankLine)
}

// separators tries the line "--" with the space that strippers take from it.
func (x *Extractor) separators(body []byte, q reader.Quoting) {
	for _, line := range [...]string{"\n--\n", "\r\n--\r\n"} {
		if bytes.Contains(body, []byte(line)) {
			spaced := bytes.ReplaceAll([]byte(line), []byte("--"), []byte("-- "))
			x.reading(q, bytes.ReplaceAll(body, []byte(line), spaced))
			x.explain(DamageTrailingSpace)
		}
	}
}

// encodings tries the body decoded, where a relay or store encoded all of it.
func (x *Extractor) encodings(body []byte, q reader.Quoting) {
	f := x.field("content-transfer-encoding")
	if f == nil {
		return
	}
	var r io.Reader
	switch v := trimFWS(f.Value); {
	case equalFold(v, "quoted-printable"):
		r = quotedprintable.NewReader(bytes.NewReader(body))
	case equalFold(v, "base64"):
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body))
	default:
		return
	}
	if decoded, err := io.ReadAll(io.LimitReader(r, maxRepairBody)); err == nil {
		x.reading(q, decoded)
		x.explain(DamageReencoded)
	}
}

// field returns the topmost field of a name, given in lower case.
func (x *Extractor) field(name string) *Field {
	for i := range x.header.Fields {
		if equalFold(x.header.Fields[i].Name, name) {
			return &x.header.Fields[i]
		}
	}
	return nil
}
