//go:build unix

package impact

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/sink"
)

const (
	benchDomains = 5000
	benchWritten = 256 << 10
	benchTimes   = 32 // the one part stands for as many
	benchRows    = benchTimes * benchWritten
)

// benchZone is the DNS of some thousand domains, half of which publish a policy.
func benchZone(b *testing.B) dns.Source {
	var text strings.Builder
	for i := range benchDomains {
		fmt.Fprintf(&text, "d%d.example. 300 TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\nd%d.example. 300 MX 10 mx.d%d.example.\n", i, i, i)
		if i%2 == 0 {
			fmt.Fprintf(&text, "_dmarc.d%d.example. 300 TXT \"v=DMARC1; p=%s\"\n", i, []string{"none", "quarantine", "reject"}[i/2%3])
		}
	}
	z, err := dns.ReadZone(strings.NewReader(text.String()), "bench")
	if err != nil {
		b.Fatal(err)
	}
	return dns.Cache(z)
}

// benchEvidence is a message: nine of ten pass, authors by Zipf's law, one or
// two signatures, some of it by lists.
func benchEvidence(r *rand.Rand, z *rand.Zipf, n int64) *evidence.Evidence {
	domain := fmt.Sprintf("d%d.example", z.Uint64())
	at := time.Unix(1.7e9+n*60, 0).UTC()
	e := &evidence.Evidence{
		Origin:    evidence.Origin{Ordinal: n, Source: "archive/2024.mbox", Format: "mbox", Offset: n * 8000, Length: 8000},
		HasDigest: true, MessageID: fmt.Sprintf("%x@%s", r.Uint64(), domain), Date: at,
		Author: evidence.Author{Domains: []string{domain}, Fields: 1, Mailboxes: 1},
		Envelope: evidence.Envelope{
			ClientIP: netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), Basis: evidence.BasisReceived, ClientName: "out." + domain,
			HELO: "out." + domain, MailFromDomain: domain, HasMailFrom: true, ReceivedAt: at, Hop: 0, Hops: 3,
		},
	}
	for i := range e.Digest {
		e.Digest[i] = byte(r.Uint32())
	}
	result := "pass"
	if r.IntN(10) == 0 {
		result = "fail"
		e.Envelope.ClientIP = netip.AddrFrom4([4]byte{203, 0, 113, byte(n)})
	}
	for i := range 1 + r.IntN(2) {
		d := domain
		if i > 0 {
			d = "esp.example"
		}
		e.Signatures = append(e.Signatures, evidence.Signature{Domain: d, Selector: "s", Algorithm: "rsa-sha256", BodyLength: -1, Logged: result})
	}
	if r.IntN(5) == 0 {
		e.ListID = fmt.Sprintf("list%d.example.org", r.IntN(50))
	}
	return e
}

func benchDataset(b *testing.B) *sink.Dataset {
	b.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	z := rand.NewZipf(r, 1.2, 8, benchDomains-1)
	ev := evaluate.New(benchZone(b), evaluate.Profile{})
	dir := b.TempDir()
	w, err := sink.Create(dir, sink.Options{})
	if err != nil {
		b.Fatal(err)
	}
	for n := range int64(benchWritten) {
		e := benchEvidence(r, z, n)
		v, err := ev.Evaluate(b.Context(), e)
		if err == nil {
			err = w.Write(&evaluate.Record{Evidence: e, Verdict: v})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Commit(sink.Manifest{}); err != nil {
		b.Fatal(err)
	}
	d, err := sink.Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	d.Manifest.Tables.Messages = slices.Repeat(d.Manifest.Tables.Messages, benchTimes)
	return d
}

// cpuTime is the processor time of this process: a machine that does other work
// as well does not change it much.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkRun reports rows for each second of one processor.
func BenchmarkRun(b *testing.B) {
	d := benchDataset(b)
	for _, c := range []struct {
		name string
		s    Scenario
	}{
		{"rare domain", Scenario{Policies: []Policy{{"d4001.example", "v=DMARC1; p=reject"}}}},
		{"frequent domain", Scenario{Policies: []Policy{{"d1.example", "v=DMARC1; p=reject; adkim=s"}}}},
		{"everyone", Scenario{Policies: []Policy{{Everyone, "v=DMARC1; p=reject"}}}},
		{"rules", Scenario{Rules: dmarc.RFC7489}},
		{"enforce", Scenario{Enforce: Section74}},
		{"forwarders", Scenario{Forwarders: &Forwarders{Domains: []string{"forward.example"}}}},
	} {
		b.Run(strings.ReplaceAll(c.name, " ", "_"), func(b *testing.B) {
			b.ReportAllocs()
			before := cpuTime(b)
			var changed int64
			for b.Loop() {
				j, err := Open(d, c.s)
				if err != nil {
					b.Fatal(err)
				}
				t, err := j.Run(b.Context(), 1, nil)
				if err != nil || t.messages != benchRows {
					b.Fatal(t, err)
				}
				report := t.Report()
				changed = report.changed()
			}
			used := cpuTime(b) - before
			b.ReportMetric(float64(benchRows*b.N)/used.Seconds()/1e6, "Mrows/cpu-s")
			b.ReportMetric(100*float64(changed)/benchRows, "%changed")
		})
	}
}
