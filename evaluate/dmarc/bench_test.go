package dmarc_test

import (
	"testing"
	"time"

	"mailaudit/evaluate/dmarc"
)

// A message of a domain that is known already: own record, one signature, SPF.
func BenchmarkEvaluateKnown(b *testing.B) {
	const record = "v=DMARC1; p=reject; sp=quarantine; rua=mailto:d@example.com"
	at := time.Date(2024, 5, 6, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name      string
		rules     dmarc.Rules
		spf, dkim string
	}{
		{"same", dmarc.RFC9989, "example.com", "example.com"},
		{"organization", dmarc.RFC9989, "bounce.example.com", "example.com"},
		{"foreign", dmarc.RFC9989, "bounce.example.net", "example.com"},
		{"same-psl", dmarc.RFC7489, "example.com", "example.com"},
		{"organization-psl", dmarc.RFC7489, "bounce.example.com", "example.com"},
	} {
		b.Run(c.name, func(b *testing.B) {
			e := dmarc.New(zone(map[string]string{"example.com": record}), dmarc.Options{Rules: c.rules})
			f := dmarc.Facts{Author: "example.com", SPF: pass(c.spf), DKIM: []dmarc.AuthID{pass(c.dkim)}, At: at}
			b.ReportAllocs()
			for b.Loop() {
				if o, err := e.Evaluate(b.Context(), f); err != nil || o.Result != dmarc.Pass {
					b.Fatal(o, err)
				}
			}
		})
	}
}

func BenchmarkParseRecord(b *testing.B) {
	const text = "v=DMARC1; p=reject; sp=quarantine; adkim=s; aspf=r; fo=1; pct=100; rua=mailto:a@example.com,mailto:b@example.net!10m"
	b.ReportAllocs()
	for b.Loop() {
		if _, err := dmarc.ParseRecord(text, dmarc.RFC9989); err != nil {
			b.Fatal(err)
		}
	}
}
