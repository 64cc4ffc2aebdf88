package spfgen

import (
	"net/netip"
	"reflect"
	"testing"
)

func TestDeterministic(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		first, again := Record(seed), Record(seed)
		if !reflect.DeepEqual(New(seed), New(seed)) || first != again {
			t.Fatalf("seed %d differs between calls", seed)
		}
	}
	if reflect.DeepEqual(New(1).Zone, New(2).Zone) {
		t.Error("two seeds give the same zone")
	}
}

func TestReverseName(t *testing.T) {
	t.Parallel()
	for addr, want := range map[string]string{
		"192.0.2.3":      "3.2.0.192.in-addr.arpa",
		"2001:db8::cb01": "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
	} {
		if got := ReverseName(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s", addr, got)
		}
	}
}
