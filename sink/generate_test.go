package sink

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// generator makes records whose every field is random: strings are hostile,
// numbers extreme, lists of any length. What it makes is what a record can be:
// lists without elements are nil, times are whole microseconds in UTC.
type generator struct {
	*rand.Rand
	ordinal int64
	answers []*dns.Answer
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 7))}
	for range 40 {
		g.answers = append(g.answers, g.answer())
	}
	return g
}

var hostile = []string{
	"", "example.org", "news.example.co.uk", "\x00", "\xff\xfe", "a\x80b", "\uef80\uefff\uef00", "日本語.example",
	`back\slash\065`, "\uFFFD", "=cmd|'/c calc'!A0", `"quoted, with comma"` + "\r\n", "\xed\xa0\x80", "\ue000", "xn--bcher-kva.example",
}

func (g *generator) str() string {
	switch g.IntN(4) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("d%d.example", g.IntN(50))
	case 2:
		b := make([]byte, g.IntN(30))
		for i := range b {
			b[i] = byte(g.IntN(256))
		}
		return string(b)
	}
	return hostile[g.IntN(len(hostile))]
}

// word is what the code itself makes: never hostile.
func (g *generator) word() string { return pick(g, "", "some_reason", "other", "none") }

// name is a domain: never with an at sign.
func (g *generator) name() string { return fmt.Sprintf("d%d.example", g.IntN(50)) }

func (g *generator) bytes() []byte {
	n := g.IntN(40)
	if n == 0 {
		return nil
	}
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.IntN(256))
	}
	return b
}

func (g *generator) time() time.Time {
	switch g.IntN(4) {
	case 0:
		return time.Time{}
	case 1:
		return time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC)
	case 2:
		return time.UnixMicro(-1).UTC()
	}
	return time.UnixMicro(g.Int64N(1 << 52)).UTC()
}

func (g *generator) flag() bool { return g.IntN(2) == 0 }

func (g *generator) strings() []string {
	var s []string
	for range g.IntN(4) {
		s = append(s, g.str())
	}
	return s
}

func pick[S any](g *generator, s ...S) S { return s[g.IntN(len(s))] }

func (g *generator) signature() evidence.Signature {
	s := evidence.Signature{
		Field: int32(g.IntN(100)), Problem: g.word(), Detail: g.str(),
		Domain: g.name(), Selector: g.str(), Algorithm: g.str(),
		HeaderCanon: evidence.Canon(g.IntN(2)), BodyCanon: evidence.Canon(g.IntN(2)),
		BodyLength: pick(g, -1, 0, 1, int64(1)<<62), BodyUnsigned: pick(g, int64(0), 5),
		SignedAt: g.time(), ExpiresAt: g.time(), SignedHeaders: g.str(),
		BodyHashMatch: g.flag(), BodyHash: g.bytes(), HeaderHash: g.bytes(), Signature: g.bytes(),
		Damage: g.word(), Repaired: g.flag(),
	}
	s.AUIDDomain = s.Domain
	if s.HasAUID = g.flag(); s.HasAUID {
		s.AUIDLocal, s.AUIDDomain = g.str(), pick(g, "", s.Domain, "sub."+s.Domain)
	}
	return s
}

func (g *generator) answer() *dns.Answer {
	a := &dns.Answer{
		Name: g.str(), Type: pick(g, dns.TypeA, dns.TypeTXT, dns.TypeMX, dns.Type(65280)),
		Status: dns.Status(g.IntN(5)), Records: g.strings(), CNAMEs: g.strings(),
		TTL: pick(g, 0, 300, ^uint32(0)), Source: g.str(),
		ObservedAt: g.time(), Since: g.time(), Until: g.time(), Nearest: g.flag(),
	}
	if a.Status == dns.Failure {
		a.Kind = dns.Timeout
	}
	return a
}

func (g *generator) someAnswers() []*dns.Answer {
	var out []*dns.Answer
	for range g.IntN(3) {
		out = append(out, pick(g, g.answers...))
	}
	return out
}

func (g *generator) evidence() *evidence.Evidence {
	e := &evidence.Evidence{
		Origin: evidence.Origin{
			Ordinal: g.ordinal, Source: g.str(), Format: g.word(),
			Offset: g.Int64(), Length: g.Int64(), FromLog: g.flag(),
		},
		Malformed: g.word(), MessageID: g.str(), Date: g.time(), ListID: g.str(),
		Author: evidence.Author{
			Domains: g.strings(), Fields: g.Int32(), Mailboxes: g.Int32(), Local: g.str(),
			Problem: pick(g, evidence.AuthorOK, evidence.AuthorSeveralDomains),
		},
		Envelope: evidence.Envelope{
			Basis: pick(g, evidence.BasisReceived, evidence.BasisNone), ClientName: g.str(), HELO: g.str(),
			MailFromLocal: g.str(), MailFromDomain: g.str(), HasMailFrom: g.flag(), ReceivedAt: g.time(),
			Authenticated: g.flag(), Hop: int32(g.IntN(4)) - 1, Hops: int32(g.IntN(9)), ByHost: g.str(),
		},
		DomainKeys: g.Int32(),
		Recorded: evidence.Recorded{
			AuthservID: g.str(), SPF: g.str(), DKIM: g.str(), DMARC: g.str(),
			Disposition: g.str(), Policy: g.str(), HeaderFrom: g.str(),
		},
	}
	g.ordinal++
	if e.HasDigest = g.flag(); e.HasDigest {
		for i := range e.Digest {
			e.Digest[i] = byte(g.IntN(256))
		}
	}
	e.Envelope.ClientIP = pick(g, netip.Addr{}, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("2001:db8::ffff:1:2"))
	for range g.IntN(4) {
		e.AddAnomaly(pick(g, "a", "b", "c"))
		e.Signatures = append(e.Signatures, g.signature())
	}
	for range g.IntN(3) {
		e.Recorded.Signatures = append(e.Recorded.Signatures, evidence.RecordedSignature{
			Result: g.str(), Domain: g.str(), Selector: g.str(), Algorithm: g.str(), BPrefix: g.str(), Bits: g.Int32(),
		})
	}
	e.ARC.Problem = g.word()
	for i := range g.IntN(3) {
		e.ARC.Sets = append(e.ARC.Sets, evidence.ARCSet{
			Instance: int32(i + 1), CV: g.str(), Seal: g.signature(), Message: g.signature(), Results: g.str(),
		})
	}
	return e
}

func (g *generator) spf(scope spf.Scope) *spf.Outcome {
	o := &spf.Outcome{
		Result: pick(g, spf.None, spf.Pass, spf.TempError), Reason: spf.Reason(g.word()), Scope: scope,
		Domain: g.str(), Mechanism: g.str(), Answers: g.someAnswers(),
	}
	if scope == spf.MailFrom {
		o.Detail, o.Lookups, o.VoidLookups = g.str(), g.Int32(), g.Int32()
		o.Chain = g.strings()
	}
	return o
}

func (g *generator) record() *evaluate.Record {
	e := g.evidence()
	r := &evaluate.Record{Evidence: e}
	v := &r.Verdict
	v.AsOf = g.time()
	v.SPF = g.spf(spf.MailFrom)
	if g.flag() {
		v.SPFHelo = g.spf(spf.HELO)
	}
	v.DKIMBest = g.IntN(len(e.Signatures)+1) - 1
	for range e.Signatures {
		v.DKIM = append(v.DKIM, dkim.Outcome{
			Result: pick(g, dkim.Pass, dkim.Fail), Reason: dkim.Reason(g.word()), Detail: g.str(),
			KeyBits: g.Int32(), Testing: g.flag(), KeySource: g.str(), Answers: g.someAnswers(),
		})
		v.DMARC.DKIMAlignments = append(v.DMARC.DKIMAlignments, pick(g, dmarc.NotAligned, dmarc.Strict))
	}
	v.ARC = arc.Outcome{Result: pick(g, arc.None, arc.Pass), Reason: arc.Reason(g.word()), Detail: g.str(), Answers: g.someAnswers()}
	for range e.ARC.Sets {
		v.ARC.Sets = append(v.ARC.Sets, arc.SetOutcome{Seal: g.word(), Message: g.word(), SealReason: g.word(), MessageReason: g.word()})
	}
	g.dmarc(&v.DMARC)
	v.Category = pick(g, evaluate.Categories...)
	v.Disposition, v.Disposition74 = g.disposition(), g.disposition()
	v.OverrideType, v.OverrideComment = g.word(), g.str()
	return r
}

func (g *generator) disposition() dmarc.Disposition {
	return pick(g, dmarc.NoDisposition, dmarc.DispositionReject, dmarc.DispositionNone)
}

func (g *generator) dmarc(o *dmarc.Outcome) {
	o.Result, o.Reason, o.Detail = pick(g, dmarc.Pass, dmarc.None), dmarc.Reason(g.word()), g.str()
	o.OrganizationalDomain, o.PolicyDomain = g.str(), g.str()
	o.SPFAlignment = pick(g, dmarc.NotAligned, dmarc.Relaxed)
	o.PassedSPF, o.PassedDKIM = g.flag(), g.flag()
	o.Policy, o.PolicyTag, o.Disposition = g.disposition(), g.word(), g.disposition()
	o.Override, o.OverrideComment = g.word(), g.str()
	o.Answers = g.someAnswers()
	if g.flag() {
		return
	}
	text := "v=DMARC1; p=" + pick(g, "none", "reject", "bogus") + pick(g, "", "; sp=quarantine", "; np=reject; t=y") +
		pick(g, "", "; pct=50") + pick(g, "", "; rua=mailto:a@example.org; psd=n") + "; x=" + g.str()
	o.Record, _ = dmarc.ParseRecord(text, pick(g, dmarc.RFC9989, dmarc.RFC7489))
	o.AuthorExistence = pick(g, dmarc.NotAsked, dmarc.NonExistent)
}

// stored is the record as a dataset keeps it: without answers, which are in a
// table of their own.
func stored(r *evaluate.Record) *evaluate.Record {
	c := *r
	v := &c.Verdict
	strip := func(o *spf.Outcome) *spf.Outcome {
		if o == nil {
			return nil
		}
		p := *o
		p.Answers = nil
		return &p
	}
	v.SPF, v.SPFHelo = strip(v.SPF), strip(v.SPFHelo)
	v.DKIM = append([]dkim.Outcome(nil), v.DKIM...)
	for i := range v.DKIM {
		v.DKIM[i].Answers = nil
	}
	v.ARC.Answers, v.DMARC.Answers = nil, nil
	return &c
}
