package dns_test

import (
	"context"
	"strconv"
	"sync/atomic"
	"testing"

	mdns "github.com/miekg/dns"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
)

// benchServer answers everything alike, from a message packed once.
func benchServer(b *testing.B) *dnstest.Server {
	return dnstest.ServeHandler(b, mdns.HandlerFunc(func(w mdns.ResponseWriter, m *mdns.Msg) {
		w.WriteMsg(reply(m, 3))
	}))
}

// inFlight is the number of questions at once for each core in the benchmarks:
// few enough that the server's socket drops none.
const inFlight = 64

func BenchmarkLive(b *testing.B) {
	l := live(b, dns.LiveOptions{}, benchServer(b).Addr)
	var n atomic.Int64
	b.SetParallelism(inFlight)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			a, err := l.Lookup(context.Background(), dns.Question{Name: "h" + strconv.FormatInt(n.Add(1), 10) + ".example", Type: dns.TypeTXT})
			if err != nil || a.Status != dns.NXDomain {
				b.Errorf("%+v, %v", a, err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
	b.ReportMetric(float64(dns.CountsOf(l).Retries), "retries")
}

// BenchmarkLibraryClient is the same with a socket for each question.
func BenchmarkLibraryClient(b *testing.B) {
	addr := benchServer(b).Addr
	var n atomic.Int64
	b.SetParallelism(inFlight)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		var c mdns.Client
		for pb.Next() {
			m := new(mdns.Msg).SetQuestion("h"+strconv.FormatInt(n.Add(1), 10)+".example.", mdns.TypeTXT)
			if _, _, err := c.Exchange(m, addr); err != nil {
				b.Error(err)
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "questions/s")
}
