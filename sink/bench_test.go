package sink

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
)

// everyday makes records like those of a mailing list archive: a few thousand
// domains by Zipf's law, one or two signatures, now and then an ARC set.
type everyday struct {
	*rand.Rand
	zipf    *rand.Zipf
	policy  [8]*dmarc.Record
	answers map[uint64]*dns.Answer
	clock   time.Time
}

func newEveryday() *everyday {
	r := rand.New(rand.NewPCG(1, 2))
	e := &everyday{
		Rand: r, zipf: rand.NewZipf(r, 1.2, 8, 20000), answers: make(map[uint64]*dns.Answer),
		clock: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	for i := range e.policy {
		e.policy[i], _ = dmarc.ParseRecord(fmt.Sprintf("v=DMARC1; p=%s; rua=mailto:d%d@example.net; pct=100",
			[]string{"none", "quarantine", "reject"}[i%3], i), dmarc.RFC9989)
	}
	return e
}

func (g *everyday) random(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(g.Uint32())
	}
	return b
}

func (g *everyday) signature(domain string) evidence.Signature {
	return evidence.Signature{
		Field: 3, Domain: domain, Selector: fmt.Sprintf("s%d", g.IntN(30)), AUIDDomain: domain, Algorithm: "rsa-sha256",
		HeaderCanon: evidence.Relaxed, BodyCanon: evidence.Canon(g.IntN(2)), BodyLength: -1, SignedAt: g.clock,
		SignedHeaders: "from:to:subject:date:message-id:mime-version:content-type", BodyHashMatch: true,
		BodyHash: g.random(32), HeaderHash: g.random(32), Signature: g.random(256),
	}
}

func (g *everyday) record(ordinal int64) *evaluate.Record {
	d := g.zipf.Uint64()
	domain := fmt.Sprintf("mail%d.example.com", d)
	g.clock = g.clock.Add(time.Duration(g.IntN(90)) * time.Second)
	a := g.answers[d]
	if a == nil {
		a = &dns.Answer{Name: domain, Type: dns.TypeTXT, Status: dns.Success, Records: []string{"v=spf1 include:_spf.example.com -all"}, Source: "zone"}
		g.answers[d] = a
	}
	e := &evidence.Evidence{
		Origin:    evidence.Origin{Ordinal: ordinal, Source: "archive/2024-01.mbox", Format: "mbox", Offset: ordinal * 7000, Length: int64(3000 + g.IntN(9000))},
		HasDigest: true, MessageID: fmt.Sprintf("%x.%d@%s", g.Uint64(), g.IntN(1e6), domain), Date: g.clock, ListID: "dev.lists.example.org",
		Author: evidence.Author{Domains: []string{domain}, Fields: 1, Mailboxes: 1, Local: fmt.Sprintf("user%d", g.IntN(3000))},
		Envelope: evidence.Envelope{
			ClientIP: netip.AddrFrom4([4]byte{192, 0, byte(d >> 8), byte(d)}), Basis: evidence.BasisReceived, HELO: "out." + domain,
			MailFromLocal: "bounce", MailFromDomain: domain, HasMailFrom: true, ReceivedAt: g.clock.Add(5 * time.Second), Hop: 1, Hops: 4, ByHost: "mx.example.org",
		},
	}
	copy(e.Digest[:], g.random(16))
	r := &evaluate.Record{Evidence: e}
	v := &r.Verdict
	v.AsOf, v.Category, v.DKIMBest = e.Envelope.ReceivedAt, evaluate.PassDKIMStrict, -1
	v.SPF = &spf.Outcome{Result: spf.Pass, Reason: "matched", Scope: spf.MailFrom, Domain: domain, Mechanism: "ip4:192.0.2.0/24", Lookups: 3, Answers: []*dns.Answer{a}, Chain: []string{domain, "_spf.example.com"}}
	v.SPFHelo = &spf.Outcome{Result: spf.None, Reason: "no_record", Scope: spf.HELO, Domain: "out." + domain, Answers: []*dns.Answer{a}}
	for range []int{0, 1, 1, 1, 2, 2}[g.IntN(6)] {
		e.Signatures = append(e.Signatures, g.signature(domain))
		v.DKIM = append(v.DKIM, dkim.Outcome{Result: dkim.Pass, KeyBits: 2048, KeySource: "zone", Answers: []*dns.Answer{a}})
		v.DMARC.DKIMAlignments = append(v.DMARC.DKIMAlignments, dmarc.Strict)
		v.DKIMBest = 0
	}
	if g.IntN(8) == 0 {
		set := evidence.ARCSet{Instance: 1, CV: "none", Seal: g.signature(domain), Message: g.signature(domain), Results: "mx.example.org; spf=pass smtp.mailfrom=" + domain + "; dkim=pass header.d=" + domain}
		e.ARC.Sets = append(e.ARC.Sets, set)
	}
	v.DMARC.Result, v.DMARC.OrganizationalDomain, v.DMARC.PolicyDomain = dmarc.Pass, "example.com", domain
	v.DMARC.Record, v.DMARC.Policy, v.DMARC.SPFAlignment = g.policy[d%8], dmarc.DispositionReject, dmarc.Strict
	v.DMARC.Answers = []*dns.Answer{a, a}
	v.Disposition, v.Disposition74 = dmarc.DispositionNone, dmarc.DispositionNone
	return r
}

// everydayRecords are made once for each benchmark; ordinals are set as they are used.
func everydayRecords() []*evaluate.Record {
	g := newEveryday()
	out := make([]*evaluate.Record, 1<<10)
	for i := range out {
		out[i] = g.record(int64(i))
	}
	return out
}

func BenchmarkWrite(b *testing.B) {
	records := everydayRecords()
	w, err := Create(b.TempDir(), Options{CreatedBy: "audit test"})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	n := int64(0)
	for b.Loop() {
		r := records[n%int64(len(records))]
		r.Evidence.Origin.Ordinal = n
		if err := w.Write(r); err != nil {
			b.Fatal(err)
		}
		n++
	}
	if err := w.Commit(Manifest{}); err != nil {
		b.Fatal(err)
	}
	size := int64(0)
	for _, p := range w.messages.parts {
		size += p.Bytes
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n)/1000, "µs/row")
	b.ReportMetric(float64(size)/float64(n), "B-stored/row")
}

func BenchmarkRead(b *testing.B) {
	const rows = 256 << 10
	dir := b.TempDir()
	records := everydayRecords()
	w, err := Create(dir, Options{})
	if err != nil {
		b.Fatal(err)
	}
	for n := range int64(rows) {
		r := records[n%int64(len(records))]
		r.Evidence.Origin.Ordinal = n
		if err := w.Write(r); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Commit(Manifest{}); err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		columns []string
	}{
		{"one", []string{"category"}},
		{"summary", []string{"category", "disposition", "spf_result", "dkim_result", "dmarc_result", "header_from_domain"}},
		{"whatif", []string{"category", "spf_result", "spf_alignment", "dkim.result", "dkim.alignment", "dmarc_record", "dmarc_rules", "header_from_domain", "digest"}},
		{"all", nil},
	} {
		b.Run(c.name, func(b *testing.B) {
			d, err := Open(dir)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for _, err := range d.Records(c.columns...) {
					if err != nil {
						b.Fatal(err)
					}
					n++
				}
				if n != rows {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds()/1e6, "Mrows/s")
		})
	}
}

// BenchmarkLayouts writes a generation whole: flat, by month in order of time, and
// by month in no order at all.
func BenchmarkLayouts(b *testing.B) {
	const rows = 128 << 10
	records := everydayRecords()
	for _, c := range []struct {
		name   string
		by     PartitionBy
		months int
		mixed  bool
	}{{"flat", PartitionNone, 1, false}, {"two months", PartitionMonth, 2, false}, {"240 months mixed", PartitionMonth, 240, true}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				w, err := Create(b.TempDir(), Options{PartitionBy: c.by})
				if err != nil {
					b.Fatal(err)
				}
				for n := range int64(rows) {
					r := records[n%int64(len(records))]
					month := int(n * int64(c.months) / rows)
					if c.mixed {
						month = int(n*7919) % c.months
					}
					r.Evidence.Origin.Ordinal = n
					r.Evidence.Envelope.ReceivedAt = time.Date(2004, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC)
					if err := w.Write(r); err != nil {
						b.Fatal(err)
					}
				}
				if err := w.Commit(Manifest{}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(rows*b.N)/1000, "µs/row")
		})
	}
}
