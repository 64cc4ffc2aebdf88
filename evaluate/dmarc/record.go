package dmarc

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// ErrNotRecord is what [ParseRecord] returns for a text that is no DMARC policy
// record at all: it does not start with v=DMARC1.
var ErrNotRecord = errors.New("dmarc: not a DMARC policy record")

// The words of Record.Problems. Each names the tag or the kind of trouble.
const (
	ProblemTagSyntax  = "tag_syntax"    // not tag=value with a name of letters and a printable value: ignored
	ProblemTagCase    = "tag_case"      // a tag name with capitals: taken as meant
	ProblemDuplicate  = "duplicate_tag" // the first counts
	ProblemUnknownTag = "unknown_tag"   // ignored
	ProblemPMissing   = "p_missing"
	ProblemPInvalid   = "p_invalid"
	ProblemSPInvalid  = "sp_invalid"
	ProblemNPInvalid  = "np_invalid"  // RFC 9989 only
	ProblemPPosition  = "p_position"  // p is not the second tag; RFC 7489 only
	ProblemPCTInvalid = "pct_invalid" // not an integer from 0 to 100: 100 counts; RFC 7489 only
	ProblemADKIM      = "adkim_invalid"
	ProblemASPF       = "aspf_invalid"
	ProblemT          = "t_invalid"   // RFC 9989 only
	ProblemPSD        = "psd_invalid" // RFC 9989 only
	ProblemFO         = "fo_invalid"
	ProblemRUA        = "rua_invalid" // at least one of its URIs
	ProblemRUF        = "ruf_invalid"
	// ProblemAsNone: no valid p, or an invalid sp or np, but a valid rua: the
	// record counts as p=none.
	ProblemAsNone = "treated_as_none"
	// ProblemUnusable: the same without a valid rua: no policy.
	ProblemUnusable = "unusable"
)

// ParseRecord reads one TXT record, its character-strings joined, under a rule
// book (empty: RFC 9989). The only error is [ErrNotRecord], where the text does
// not start with v=DMARC1; every other trouble is mended as the RFCs say and
// told in Record.Problems.
//
// Tag names and values are taken whatever their case, as the ABNF of both RFCs
// has it (RFC 5234 section 2.3); "DMARC1" is case-sensitive (RFC 9989 section
// 4.7). White space is allowed around tags and equal signs, not before v.
func ParseRecord(text string, rules Rules) (*Record, error) {
	rest, ok := cutVersion(text)
	if !ok {
		return nil, ErrNotRecord
	}
	if rules == "" {
		rules = RFC9989
	}
	p := parser{rec: &Record{Text: text, Rules: rules, PCT: -1}}
	for position := 2; rest != ""; position++ {
		var part string
		part, rest, _ = strings.Cut(rest, ";")
		p.tag(trimWSP(part), position)
	}
	p.settle()
	return p.rec, nil
}

// Usable tells whether the record gives a policy. Without a valid p, or with an
// invalid sp or np, it does so only where it has a valid rua.
func (r *Record) Usable() bool { return r.EffectiveP != NoDisposition }

// String formats the record with its known tags in a fixed order. Parsing the
// result under the same rule book gives the same policy.
func (r *Record) String() string {
	b := []byte("v=DMARC1")
	add := func(tag, value, emptyIf string) {
		if value != "" || emptyIf != "" && slices.Contains(r.Problems, emptyIf) {
			b = append(append(append(append(b, "; "...), tag...), '='), value...)
		}
	}
	add("p", r.P, ProblemPInvalid)
	add("sp", r.SP, ProblemSPInvalid)
	add("np", r.NP, ProblemNPInvalid)
	add("adkim", r.ADKIM, "")
	add("aspf", r.ASPF, "")
	add("t", r.T, "")
	add("psd", r.PSD, "")
	if r.PCT >= 0 {
		add("pct", strconv.Itoa(int(r.PCT)), "")
	}
	add("fo", r.FO, "")
	add("rua", r.RUA, "")
	add("ruf", r.RUF, "")
	return string(b)
}

// cutVersion takes dmarc-version and the separator behind it away (RFC 9989
// section 4.8). A record whose first tag is anything else "MUST be ignored"
// (RFC 9989 section 4.7; RFC 7489 section 6.3).
func cutVersion(text string) (rest string, ok bool) {
	if text == "" || text[0]|0x20 != 'v' {
		return "", false
	}
	text = trimLeftWSP(text[1:])
	if text == "" || text[0] != '=' {
		return "", false
	}
	text, ok = strings.CutPrefix(trimLeftWSP(text[1:]), "DMARC1")
	if !ok {
		return "", false
	}
	text = trimLeftWSP(text)
	if text == "" {
		return "", true
	}
	return text[1:], text[0] == ';'
}

// parser fills one record.
type parser struct {
	rec  *Record
	seen uint32 // a bit for each known tag
	rua  bool   // rua has at least one valid URI
}

// knownTags are the tags of RFC 9989 section 4.7 and RFC 7489 section 6.3, in
// the order of the bits of parser.seen.
var knownTags = [...]string{"v", "p", "sp", "np", "adkim", "aspf", "t", "psd", "pct", "fo", "rua", "ruf", "rf", "ri"}

func (p *parser) problem(word string) {
	if !slices.Contains(p.rec.Problems, word) {
		p.rec.Problems = append(p.rec.Problems, word)
	}
}

// tag reads one tag-spec. Unknown tags MUST be ignored; syntax errors after the
// version are discarded in favour of defaults, or ignored (RFC 9989 section
// 4.8, RFC 7489 section 6.3).
func (p *parser) tag(spec string, position int) {
	if spec == "" {
		return
	}
	name, value, ok := strings.Cut(spec, "=")
	name, value = trimWSP(name), trimWSP(value)
	if !ok || !isTagName(name) {
		p.problem(ProblemTagSyntax)
		return
	}
	if value == "" || !printable(value) {
		p.problem(ProblemTagSyntax)
	}
	if low := lower(name); low != name {
		p.problem(ProblemTagCase)
		name = low
	}
	i := slices.Index(knownTags[:], name)
	if i < 0 {
		p.problem(ProblemUnknownTag)
		return
	}
	// RFC 6376 section 3.2 would void the whole list for a duplicate; RFC 9989
	// section 4.8 has syntax errors after the version ignored, so the second
	// one is.
	if p.seen&(1<<i) != 0 || name == "v" {
		p.problem(ProblemDuplicate)
		return
	}
	p.seen |= 1 << i
	if name == "p" && position != 2 && p.rec.Rules == RFC7489 {
		p.problem(ProblemPPosition) // RFC 7489 section 6.3; section 6.6.3 asks only for a valid p
	}
	p.set(name, value)
}

func (p *parser) set(name, value string) {
	r := p.rec
	switch name {
	case "p":
		r.P = lower(value)
	case "sp":
		r.SP = lower(value)
	case "np":
		r.NP = lower(value)
	case "adkim":
		r.ADKIM = p.word(value, "rs", ProblemADKIM)
	case "aspf":
		r.ASPF = p.word(value, "rs", ProblemASPF)
	case "t":
		r.T = p.word(value, "yn", p.only9989(ProblemT))
	case "psd":
		r.PSD = p.word(value, "ynu", p.only9989(ProblemPSD))
	case "pct":
		p.percent(value)
	case "fo":
		r.FO = value
		if !validFO(value) {
			p.problem(ProblemFO)
		}
	case "rua":
		r.RUA = value
		p.rua = p.uris(value, ProblemRUA)
	case "ruf":
		r.RUF = value
		p.uris(value, ProblemRUF)
	}
}

// only9989 drops a problem of a tag that RFC 7489 does not know.
func (p *parser) only9989(problem string) string {
	if p.rec.Rules == RFC7489 {
		return ""
	}
	return problem
}

// word lowers a value that must be one of the letters.
func (p *parser) word(value, letters, problem string) string {
	value = lower(value)
	if problem != "" && (len(value) != 1 || strings.IndexByte(letters, value[0]) < 0) {
		p.problem(problem)
	}
	return value
}

// percent reads pct: 1*3DIGIT, 0 to 100 (RFC 7489 section 6.4). RFC 9989
// removed it (appendix A.6): it is kept as published and rules nothing.
func (p *parser) percent(value string) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 0 || n > 100 || len(value) > 3 || !isDigit(value[0]) {
		if p.rec.Rules == RFC7489 {
			p.problem(ProblemPCTInvalid)
		}
		return
	}
	p.rec.PCT = int32(n)
	p.rec.sampleComment = "pct=" + strconv.Itoa(n)
}

func (p *parser) uris(list, problem string) bool {
	anyValid, allValid := checkURIs(list)
	if !allValid {
		p.problem(problem)
	}
	return anyValid
}

// settle makes the effective policies. A record without a valid p, or with an
// invalid sp (or np, RFC 9989), counts as p=none where rua has a valid URI;
// else DMARC is not applied (RFC 9989 section 4.10.1, RFC 7489 section 6.6.3).
func (p *parser) settle() {
	r := p.rec
	dp, ok := disposition(r.P)
	if !ok {
		word := ProblemPInvalid
		if p.seen&(1<<1) == 0 {
			word = ProblemPMissing
		}
		p.problem(word)
	}
	sp, spOK := p.below(2, r.SP, dp, ProblemSPInvalid)
	np, npOK := sp, true
	if r.Rules != RFC7489 { // np is an unknown tag there
		np, npOK = p.below(3, r.NP, sp, ProblemNPInvalid)
	}
	switch {
	case ok && spOK && npOK:
		r.EffectiveP, r.EffectiveSP, r.EffectiveNP = dp, sp, np
	case p.rua:
		p.problem(ProblemAsNone)
		r.repaired = true
		r.EffectiveP, r.EffectiveSP, r.EffectiveNP = DispositionNone, DispositionNone, DispositionNone
	default:
		p.problem(ProblemUnusable)
	}
}

// below reads sp or np, which fall back where absent (RFC 9989 section 4.7).
func (p *parser) below(bit int, value string, fallback Disposition, problem string) (Disposition, bool) {
	if p.seen&(1<<bit) == 0 {
		return fallback, true
	}
	d, ok := disposition(value)
	if !ok {
		p.problem(problem)
	}
	return d, ok
}

// disposition reads dmarc-request, already lowered.
func disposition(s string) (Disposition, bool) {
	switch d := Disposition(s); d {
	case DispositionNone, DispositionQuarantine, DispositionReject:
		return d, true
	}
	return NoDisposition, false
}

// validFO accepts a colon-separated list of 0, 1, d and s (RFC 7489 section
// 6.3). RFC 9989 also bars 0 beside 1; that changes no verdict.
func validFO(s string) bool {
	for rest, more := s, true; more; {
		var part string
		part, rest, more = strings.Cut(rest, ":")
		part = trimWSP(part)
		if len(part) != 1 || strings.IndexByte("01dsDS", part[0]) < 0 {
			return false
		}
	}
	return true
}

func isTagName(s string) bool {
	for i := 0; i < len(s); i++ {
		if !isAlpha(s[i]) {
			return false
		}
	}
	return s != ""
}

// printable is dmarc-value but for the semicolon, which cannot occur here.
func printable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}

// lower lowers A-Z only and returns s itself where there are none.
func lower(s string) string {
	for i := 0; i < len(s); i++ {
		if 'A' <= s[i] && s[i] <= 'Z' {
			b := []byte(s)
			for ; i < len(b); i++ {
				if 'A' <= b[i] && b[i] <= 'Z' {
					b[i] |= 0x20
				}
			}
			return string(b)
		}
	}
	return s
}

func trimLeftWSP(s string) string { return strings.TrimLeft(s, " \t") }
