// Package sinktest makes random records for tests of whatever writes, reads or
// judges them.
package sinktest

import (
	"fmt"
	"iter"
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

// Generator makes records whose every field is random: strings are hostile,
// numbers extreme, lists of any length. What it makes is what a record can be:
// lists without elements are nil, times are whole microseconds in UTC.
type Generator struct {
	*rand.Rand
	Ordinal int64 // of the next record
	answers []*dns.Answer
}

// NewGenerator makes the same records for the same seed.
func NewGenerator(seed uint64) *Generator {
	g := &Generator{Rand: rand.New(rand.NewPCG(seed, 7))}
	for range 40 {
		g.answers = append(g.answers, g.answer())
	}
	return g
}

// Hostile are strings that break what is not careful.
var Hostile = []string{
	"", "example.org", "news.example.co.uk", "\x00", "\xff\xfe", "a\x80b", "\uef80\uefff\uef00", "日本語.example",
	`back\slash\065`, "\uFFFD", "=cmd|'/c calc'!A0", `"quoted, with comma"` + "\r\n", "\xed\xa0\x80", "\ue000", "xn--bcher-kva.example",
}

// Str makes a string of any bytes.
func (g *Generator) Str() string {
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
	return Hostile[g.IntN(len(Hostile))]
}

// word is what the code itself makes: never hostile.
func (g *Generator) word() string { return pick(g, "", "some_reason", "other", "none") }

// name is a domain: never with an at sign.
func (g *Generator) name() string { return fmt.Sprintf("d%d.example", g.IntN(50)) }

func (g *Generator) bytes() []byte {
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

func (g *Generator) time() time.Time {
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

func (g *Generator) flag() bool { return g.IntN(2) == 0 }

func (g *Generator) strings() []string {
	var s []string
	for range g.IntN(4) {
		s = append(s, g.Str())
	}
	return s
}

func pick[S any](g *Generator, s ...S) S { return s[g.IntN(len(s))] }

func (g *Generator) signature() evidence.Signature {
	s := evidence.Signature{
		Field: int32(g.IntN(100)), Problem: g.word(), Detail: g.Str(),
		Domain: g.name(), Selector: g.Str(), Algorithm: g.Str(),
		HeaderCanon: evidence.Canon(g.IntN(2)), BodyCanon: evidence.Canon(g.IntN(2)),
		BodyLength: pick(g, -1, 0, 1, int64(1)<<62), BodyUnsigned: pick(g, int64(0), 5),
		SignedAt: g.time(), ExpiresAt: g.time(), SignedHeaders: g.Str(),
		BodyHashMatch: g.flag(), BodyHash: g.bytes(), HeaderHash: g.bytes(), Signature: g.bytes(), UnfoldedHash: g.bytes(),
		Logged: g.Str(), LoggedBits: g.Int32(),
		Damage: g.word(), Repaired: g.flag(),
	}
	s.AUIDDomain = s.Domain
	if s.HasAUID = g.flag(); s.HasAUID {
		s.AUIDLocal, s.AUIDDomain = g.Str(), pick(g, "", s.Domain, "sub."+s.Domain)
	}
	return s
}

func (g *Generator) answer() *dns.Answer {
	a := &dns.Answer{
		Name: g.Str(), Type: pick(g, dns.TypeA, dns.TypeTXT, dns.TypeMX, dns.Type(65280)),
		Status: dns.Status(g.IntN(5)), Records: g.strings(), CNAMEs: g.strings(),
		TTL: pick(g, 0, 300, ^uint32(0)), Source: g.Str(),
		ObservedAt: g.time(), Since: g.time(), Until: g.time(), Nearest: g.flag(),
	}
	if a.Status == dns.Failure {
		a.Kind = dns.Timeout
	}
	return a
}

func (g *Generator) someAnswers() []*dns.Answer {
	var out []*dns.Answer
	for range g.IntN(3) {
		out = append(out, pick(g, g.answers...))
	}
	return out
}

func (g *Generator) evidence() *evidence.Evidence {
	e := &evidence.Evidence{
		Origin: evidence.Origin{
			Ordinal: g.Ordinal, Source: g.Str(), Format: g.word(),
			Offset: g.Int64(), Length: g.Int64(), FromLog: g.flag(),
		},
		Malformed: g.word(), MessageID: g.Str(), Date: g.time(), ListID: g.Str(),
		Author: evidence.Author{
			Domains: g.strings(), Fields: g.Int32(), Mailboxes: g.Int32(), Local: g.Str(),
			Problem: pick(g, evidence.AuthorOK, evidence.AuthorSeveralDomains),
		},
		Envelope: evidence.Envelope{
			Basis: pick(g, evidence.BasisReceived, evidence.BasisNone), ClientName: g.Str(), HELO: g.Str(),
			MailFromLocal: g.Str(), MailFromDomain: g.Str(), HasMailFrom: g.flag(), ReceivedAt: g.time(),
			Authenticated: g.flag(), Hop: int32(g.IntN(4)) - 1, Hops: int32(g.IntN(9)), ByHost: g.Str(),
		},
		DomainKeys: g.Int32(), LocalsWithheld: g.flag(),
		Recorded: evidence.Recorded{
			AuthservID: g.Str(), SPF: g.Str(), DKIM: g.Str(), DMARC: g.Str(),
			Disposition: g.Str(), Policy: g.Str(), HeaderFrom: g.Str(),
		},
	}
	g.Ordinal++
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
			Result: g.Str(), Domain: g.Str(), Selector: g.Str(), Algorithm: g.Str(), BPrefix: g.Str(), Bits: g.Int32(),
		})
	}
	e.ARC.Problem = g.word()
	for i := range g.IntN(3) {
		e.ARC.Sets = append(e.ARC.Sets, evidence.ARCSet{
			Instance: int32(i + 1), CV: g.Str(), Seal: g.signature(), Message: g.signature(), Results: g.Str(),
		})
	}
	return e
}

func (g *Generator) spf(scope spf.Scope) *spf.Outcome {
	o := &spf.Outcome{
		Result: pick(g, spf.None, spf.Pass, spf.TempError), Reason: spf.Reason(g.word()), Scope: scope,
		Domain: g.Str(), Mechanism: g.Str(), Answers: g.someAnswers(),
	}
	if scope == spf.MailFrom {
		o.Detail, o.Lookups, o.VoidLookups = g.Str(), g.Int32(), g.Int32()
		o.Chain = g.strings()
	}
	return o
}

// Record makes the next record; ordinals rise by one from 0.
func (g *Generator) Record() *evaluate.Record {
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
			Result: pick(g, dkim.Pass, dkim.Fail), Reason: dkim.Reason(g.word()), Detail: g.Str(),
			KeyBits: g.Int32(), Damage: g.word(), Testing: g.flag(), KeySource: g.Str(), Answers: g.someAnswers(),
		})
		v.DMARC.DKIMAlignments = append(v.DMARC.DKIMAlignments, pick(g, dmarc.NotAligned, dmarc.Strict))
	}
	v.ARC = arc.Outcome{Result: pick(g, arc.None, arc.Pass), Reason: arc.Reason(g.word()), Detail: g.Str(), Answers: g.someAnswers()}
	for range e.ARC.Sets {
		v.ARC.Sets = append(v.ARC.Sets, arc.SetOutcome{Seal: g.word(), Message: g.word(), SealReason: g.word(), MessageReason: g.word()})
	}
	g.dmarc(&v.DMARC)
	v.Existence = pick(g, evaluate.Existence{}, evaluate.Existence{Tested: true, Absent: true, Decided: true},
		evaluate.Existence{Tested: true, Decided: true}, evaluate.Existence{Tested: true})
	v.Existence.Answers = g.someAnswers()
	v.Category = pick(g, evaluate.Categories...)
	v.Disposition, v.Disposition74 = g.disposition(), g.disposition()
	v.OverrideType, v.OverrideComment = g.word(), g.Str()
	return r
}

func (g *Generator) disposition() dmarc.Disposition {
	return pick(g, dmarc.NoDisposition, dmarc.DispositionReject, dmarc.DispositionNone)
}

func (g *Generator) dmarc(o *dmarc.Outcome) {
	o.Result, o.Reason, o.Detail = pick(g, dmarc.Pass, dmarc.None), dmarc.Reason(g.word()), g.Str()
	o.OrganizationalDomain, o.PolicyDomain = g.Str(), g.Str()
	o.SPFAlignment = pick(g, dmarc.NotAligned, dmarc.Relaxed)
	o.PassedSPF, o.PassedDKIM = g.flag(), g.flag()
	o.Policy, o.PolicyTag, o.Disposition = g.disposition(), g.word(), g.disposition()
	o.Override, o.OverrideComment = g.word(), g.Str()
	o.Answers = g.someAnswers()
	if g.flag() {
		return
	}
	text := "v=DMARC1; p=" + pick(g, "none", "reject", "bogus") + pick(g, "", "; sp=quarantine", "; np=reject; t=y") +
		pick(g, "", "; pct=50") + pick(g, "", "; rua=mailto:a@example.org; psd=n") + "; x=" + g.Str()
	o.Record, _ = dmarc.ParseRecord(text, pick(g, dmarc.RFC9989, dmarc.RFC7489))
	o.AuthorExistence = pick(g, dmarc.NotAsked, dmarc.NonExistent)
}

// Records yields n records made from a seed.
func Records(seed uint64, n int) iter.Seq[*evaluate.Record] {
	return func(yield func(*evaluate.Record) bool) {
		g := NewGenerator(seed)
		for range n {
			if !yield(g.Record()) {
				return
			}
		}
	}
}
