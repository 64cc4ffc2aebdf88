package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/sink"
)

// The archive of BenchmarkLatency; AUDIT_LATENCY=100000/5000 sets another.
const (
	latencyMessages = 20_000
	latencyDomains  = 1_000
	answerDelay     = 50 * time.Millisecond
	failEvery       = 100 // of so many queries one is answered with SERVFAIL
)

// BenchmarkLatency compares a run that asks a resolver which takes its time, and
// fails now and then, with the same run and an instant resolver:
//
//	AUDIT_LATENCY=100000/5000 go test -run '^$' -bench Latency -benchtime 1x ./cmd/audit
func BenchmarkLatency(b *testing.B) {
	messages, domains := latencyMessages, latencyDomains
	if s := os.Getenv("AUDIT_LATENCY"); s != "" {
		if _, err := fmt.Sscanf(s, "%d/%d", &messages, &domains); err != nil {
			b.Fatal(err)
		}
	}
	archive := filepath.Join(b.TempDir(), "archive.mbox")
	writeLatencyArchive(b, archive, messages, domains)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		b.Fatal(err)
	}
	zone := latencyZone{key: "v=DKIM1; k=rsa; p=" + base64.StdEncoding.EncodeToString(public)}
	for b.Loop() {
		instant, _ := timedRun(b, archive, zone, 0, 0)
		slow, sent := timedRun(b, archive, zone, answerDelay, failEvery)
		b.ReportMetric(instant.Seconds(), "s/instant")
		b.ReportMetric(slow.Seconds(), "s/slow")
		b.ReportMetric(slow.Seconds()/instant.Seconds(), "slow/instant")
		b.ReportMetric(sent, "asked/distinct")
	}
}

// timedRun runs the command against a loopback resolver. It returns the time
// taken, and the questions asked for each distinct one.
func timedRun(b *testing.B, archive string, zone dns.Source, delay time.Duration, failing int64) (time.Duration, float64) {
	var n atomic.Int64
	server := dnstest.Serve(b, zone, func(w mdns.ResponseWriter, m *mdns.Msg) bool {
		time.Sleep(delay)
		if failing == 0 || n.Add(1)%failing != 0 {
			return false
		}
		_ = w.WriteMsg(new(mdns.Msg).SetRcode(m, mdns.RcodeServerFailure))
		return true
	})
	defer server.Stop()
	out := filepath.Join(b.TempDir(), "out")
	args := []string{"run", "--resolver", server.Addr, "--out", out, "--overwrite", "--progress", "none", archive}
	var text, diag strings.Builder
	begun := time.Now()
	if got := execute(context.Background(), &streams{in: strings.NewReader(""), out: &text, err: &diag}, args); got != exitOK {
		b.Fatalf("exit status %d\n%s", got, &diag)
	}
	took := time.Since(begun)
	d, err := sink.Open(out)
	if err != nil {
		b.Fatal(err)
	}
	c := d.Manifest.Counts
	b.Logf("delay %v: %v for %d messages, %d lookups, %d distinct questions, %d queries sent", delay, took.Round(time.Millisecond),
		c["messages"], c["dns_asked"], c["dns_distinct"], c["dns_sent"])
	return took, float64(c["dns_sent"]) / float64(c["dns_distinct"])
}

// latencyZone answers for any number of domains: d7.example has records of all
// kinds, names below it a key.
type latencyZone struct{ key string }

// Lookup implements dns.Source.
func (z latencyZone) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	a := &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.Success, TTL: 300}
	switch _, domain, below := strings.Cut(q.Name, "_domainkey."); {
	case below && domain != "" && q.Type == dns.TypeTXT:
		a.Records = []string{z.key}
	case strings.HasPrefix(q.Name, "_dmarc.") && strings.Count(q.Name, ".") == 2 && q.Type == dns.TypeTXT:
		a.Records = []string{"v=DMARC1; p=none"}
	case strings.Count(q.Name, ".") > 1, !strings.HasSuffix(q.Name, ".example"):
		a.Status = dns.NXDomain
	case q.Type == dns.TypeTXT:
		a.Records = []string{"v=spf1 mx -all"}
	case q.Type == dns.TypeMX:
		a.Records = []string{"10 " + q.Name}
	case q.Type == dns.TypeA:
		a.Records = []string{"192.0.2.1"}
	case q.Type == dns.TypeNS:
		a.Records = []string{"ns." + q.Name}
	default:
		a.Status = dns.NoData
	}
	return a, nil
}

// writeLatencyArchive writes small signed messages of many domains, each domain
// met at the pace that Zipf's law gives. The signatures do not verify: telling so
// costs what verifying does.
func writeLatencyArchive(b *testing.B, path string, messages, domains int) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	hash := sha256.Sum256([]byte("Text.\r\n"))
	bh, sig := base64.StdEncoding.EncodeToString(hash[:]), base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{1}, 256))
	for i := range messages {
		d := "d" + strconv.Itoa(latencyDomain(i, domains)) + ".example"
		at := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Minute)
		fmt.Fprintf(w, "From a@%s %s\nReturn-Path: <a@%s>\nReceived: from mail.%s (mail.%s [192.0.2.1])\n\tby mx.receiver.test with ESMTP id %d; %s\n"+
			"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=%s; s=s1; h=from:to:subject;\n\tbh=%s; b=%s\n"+
			"From: a@%s\nTo: b@receiver.test\nSubject: message %d\nMessage-ID: <%d@%s>\nDate: %s\n\nText.\n\n",
			d, at.Format(time.ANSIC), d, d, d, i, at.Format(time.RFC1123Z), d, bh, sig, d, i, i, d, at.Format(time.RFC1123Z))
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
}

// latencyDomain spreads messages over domains: the first messages meet new ones
// most often, as an archive does, and each is met.
func latencyDomain(i, domains int) int {
	every := 3
	if i%every == 0 && i/every < domains {
		return i / every
	}
	x := uint64(i)*0x9E3779B97F4A7C15 ^ uint64(i)>>7
	x ^= x >> 29
	return int(x % uint64(min(domains, i/every+1)))
}
