// Package benchset makes a dataset like that of an ordinary archive, for
// benchmarks of what reads datasets.
package benchset

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/sink"
)

const (
	domains = 5000
	written = 256 << 10
	times   = 32 // the one part stands for as many
	// Rows is how many rows the dataset has.
	Rows = times * written
)

// zone is the DNS of some thousand domains, half of which publish a policy.
func zone() (dns.Source, error) {
	var text strings.Builder
	for i := range domains {
		fmt.Fprintf(&text, "d%d.example. 300 TXT \"v=spf1 ip4:192.0.2.0/24 -all\"\nd%d.example. 300 MX 10 mx.d%d.example.\n", i, i, i)
		if i%2 == 0 {
			fmt.Fprintf(&text, "_dmarc.d%d.example. 300 TXT \"v=DMARC1; p=%s\"\n", i, []string{"none", "quarantine", "reject"}[i/2%3])
		}
	}
	z, err := dns.ReadZone(strings.NewReader(text.String()), "bench")
	if err != nil {
		return nil, err
	}
	return dns.Cache(z), nil
}

// message is a message: nine of ten pass, authors by Zipf's law, one or
// two signatures, some of it by lists. A receiver recorded what it found.
func message(r *rand.Rand, z *rand.Zipf, n int64) *evidence.Evidence {
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
	e.Recorded.SPF, e.Recorded.DKIM, e.Recorded.DMARC = result, result, result
	if r.IntN(5) == 0 {
		e.ListID = fmt.Sprintf("list%d.example.org", r.IntN(50))
	}
	return e
}

// Write writes the dataset into a folder.
func Write(ctx context.Context, dir string) (*sink.Dataset, error) {
	z, err := zone()
	if err != nil {
		return nil, err
	}
	w, err := sink.Create(dir, sink.Options{})
	if err != nil {
		return nil, err
	}
	defer w.Close()
	r := rand.New(rand.NewPCG(1, 2))
	zipf := rand.NewZipf(r, 1.2, 8, domains-1)
	ev := evaluate.New(z, evaluate.Profile{})
	for n := range int64(written) {
		e := message(r, zipf, n)
		v, err := ev.Evaluate(ctx, e)
		if err == nil {
			err = w.Write(&evaluate.Record{Evidence: e, Verdict: v})
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.Commit(sink.Manifest{}); err != nil {
		return nil, err
	}
	d, err := sink.Open(dir)
	if err != nil {
		return nil, err
	}
	d.Manifest.Tables.Messages = slices.Repeat(d.Manifest.Tables.Messages, times)
	return d, nil
}
