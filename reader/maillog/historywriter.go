package maillog

import (
	"bufio"
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// HistoryEntry is one message of an OpenDMARC history file. Words are those of
// the dataset's columns; what is empty was not known.
type HistoryEntry struct {
	Job        string // unique with Reporter and Received, or the importer refuses it
	Reporter   string
	Received   time.Time // to the second; before 1970 is written as 0
	ClientIP   netip.Addr
	From       string // the author domain
	MailFrom   string // the domain of the reverse path
	SPF        string // a result of RFC 8601 section 2.7.2
	Signatures []HistorySignature

	PolicyDomain        string
	DMARC               string // pass, fail, none, temperror or permerror
	DMARCPolicy         string // the one that applies: none, quarantine or reject
	RUA                 []string
	PCT                 int    // percent; 0 is written as it stands
	ADKIM, ASPF         string // r or s; empty is r
	P, SP               string
	AlignDKIM, AlignSPF bool
	ARC                 string // pass, fail or none
	Disposition         string // none, quarantine or reject
}

// HistorySignature is one DKIM result.
type HistorySignature struct{ Domain, Selector, Result string }

// HistoryWriter writes history files as OpenDMARC 1.4 does, so that
// opendmarc-import takes them. Call Flush at the end.
type HistoryWriter struct {
	w   *bufio.Writer
	err error
}

// NewHistoryWriter returns a writer to w.
func NewHistoryWriter(w io.Writer) *HistoryWriter {
	return &HistoryWriter{w: bufio.NewWriter(w)}
}

// Write writes one message. It returns the first error of the writer beneath.
// An entry without an author domain or without a client address is passed over:
// the importer has no row for it.
func (h *HistoryWriter) Write(e *HistoryEntry) error {
	if e.From == "" || !e.ClientIP.IsValid() || h.err != nil {
		return h.err
	}
	h.text("job", e.Job)
	h.text("reporter", e.Reporter)
	h.number("received", int(max(e.Received.Unix(), 0)))
	h.text("ipaddr", e.ClientIP.Unmap().WithZone("").String())
	h.text("from", e.From)
	h.text("mfrom", e.MailFrom)
	for _, s := range e.Signatures {
		h.put("dkim " + oneWord(s.Domain) + " " + oneWord(s.Selector) + " " + strconv.Itoa(aresNumber(s.Result)) + "\n")
	}
	h.number("spf", aresNumber(e.SPF))
	h.policy(e)
	return h.err
}

func (h *HistoryWriter) policy(e *HistoryEntry) {
	h.text("pdomain", orElse(e.PolicyDomain, e.From))
	h.number("policy", policyNumber(e.DMARC, e.DMARCPolicy))
	for _, u := range e.RUA {
		h.text("rua", u)
	}
	if len(e.RUA) == 0 {
		h.text("rua", "-")
	}
	h.number("pct", e.PCT)
	h.number("adkim", letter(orElse(e.ADKIM, "r"))) // relaxed by default: RFC 9989 §4.7
	h.number("aspf", letter(orElse(e.ASPF, "r")))
	h.number("p", letter(e.P))
	h.number("sp", letter(e.SP))
	h.number("align_dkim", alignNumber(e.AlignDKIM))
	h.number("align_spf", alignNumber(e.AlignSPF))
	h.number("arc", arcNumber(e.ARC))
	h.put("arc_policy " + strconv.Itoa(arcPolicyUnused) + " json:[]\n")
	h.number("action", actionNumber(e.Disposition))
}

// Flush writes what is still buffered.
func (h *HistoryWriter) Flush() error {
	if h.err == nil {
		h.err = h.w.Flush()
	}
	return h.err
}

func (h *HistoryWriter) text(key, v string) { h.put(key + " " + oneWord(v) + "\n") }

func (h *HistoryWriter) number(key string, n int) { h.put(key + " " + strconv.Itoa(n) + "\n") }

func (h *HistoryWriter) put(line string) {
	if h.err == nil {
		_, h.err = h.w.WriteString(line)
	}
}

// oneWord makes v a value that cannot be taken for another field or line.
func oneWord(v string) string {
	if strings.IndexFunc(v, isSpaceOrControl) < 0 {
		return v
	}
	return strings.Map(func(r rune) rune {
		if isSpaceOrControl(r) {
			return '_'
		}
		return r
	}, v)
}

func isSpaceOrControl(r rune) bool {
	return r <= ' ' || r == 0x7f || r == 0x85 || r == 0xa0 || r == 0x2028 || r == 0x2029
}

func orElse(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// The numbers of opendmarc-ar.h, dmarc.h and opendmarc.h.
const (
	aresUndefined    = -1
	aresUnknown      = 11
	alignPass        = 4
	alignFail        = 5
	policyAbsent     = 14
	policyPass       = 15
	policyReject     = 16
	policyQuarantine = 17
	policyNone       = 18
	resultReject     = 0
	resultAccept     = 2
	resultTempfail   = 3
	resultQuarantine = 4
	arcPolicyUnused  = 1
)

func aresNumber(word string) int {
	if word == "" {
		return aresUndefined
	}
	for n, w := range ares {
		if w == word {
			return n
		}
	}
	return aresUnknown
}

func arcNumber(word string) int {
	if word == "" || word == "none" {
		return aresUnknown
	}
	return aresNumber(word)
}

func policyNumber(dmarc, policy string) int {
	switch dmarc {
	case "pass":
		return policyPass
	case "none", "":
		return policyAbsent
	case "temperror", "permerror":
		return resultTempfail // no policy: OpenDMARC has no number for it
	}
	switch policy {
	case "reject":
		return policyReject
	case "quarantine":
		return policyQuarantine
	}
	return policyNone
}

func actionNumber(disposition string) int {
	switch disposition {
	case "reject":
		return resultReject
	case "quarantine":
		return resultQuarantine
	case "tempfail":
		return resultTempfail
	}
	return resultAccept
}

func alignNumber(ok bool) int {
	if ok {
		return alignPass
	}
	return alignFail
}

// letter is the number of a word's first letter, 0 where there is none.
func letter(word string) int {
	if word == "" {
		return 0
	}
	return int(word[0])
}
