package dns

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"testing"
)

// bigZone is the text of a zone with n records, each name with one.
func bigZone(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, "d%d.example. 300 IN TXT \"v=spf1 ip4:192.0.2.%d -all\"\n", i, i%256)
		case 1:
			fmt.Fprintf(&b, "_dmarc.d%d.example. 300 IN TXT \"v=DMARC1; p=reject; rua=mailto:d%d@example\"\n", i-1, i)
		case 2:
			fmt.Fprintf(&b, "d%d.example. 300 IN MX 10 mx.d%d.example.\n", i-2, i-2)
		case 3:
			fmt.Fprintf(&b, "mx.d%d.example. 300 IN A 10.%d.%d.%d\n", i-3, i>>16&255, i>>8&255, i&255)
		}
	}
	return b.Bytes()
}

// TestZoneMemory holds what a record of a large zone may cost: a million must
// fit a small machine.
func TestZoneMemory(t *testing.T) {
	const records, limit = 100_000, 250 // bytes for each record, its data and its name included
	text := bigZone(records)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	z, err := ReadZone(bytes.NewReader(text), "big")
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) / records
	t.Logf("%d bytes a record", each)
	if each > limit {
		t.Errorf("%d bytes a record, limit %d", each, limit)
	}
	runtime.KeepAlive(text)
	a, err := z.Lookup(context.Background(), Question{Name: "_dmarc.d400.example", Type: TypeTXT})
	if err != nil || a.Status != Success {
		t.Errorf("%+v, %v", a, err)
	}
}

func BenchmarkZoneLoad(b *testing.B) {
	text := bigZone(10_000)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadZone(bytes.NewReader(text), "big"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/10_000, "ns/record")
}
