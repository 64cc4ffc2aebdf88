package spf_test

import (
	"context"
	"fmt"
	"net/netip"

	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/spf"
)

func ExampleChecker_Check() {
	zone := dnstest.Source{
		"example.com TXT":      {"v=spf1 include:_spf.example.net -all"},
		"_spf.example.net TXT": {"v=spf1 ip4:192.0.2.0/24 ~all"},
	}
	checker := spf.NewChecker(zone, spf.Options{})
	outcome, err := checker.Check(context.Background(), spf.Query{
		Client: netip.MustParseAddr("192.0.2.7"),
		Scope:  spf.MailFrom,
		Local:  "jo", Domain: "example.com", HELO: "mx.example.net",
	})
	if err != nil {
		fmt.Println("the run cannot go on:", err)
		return
	}
	fmt.Println(outcome.Result, outcome.Reason, outcome.Mechanism, outcome.Chain, outcome.Lookups)
	// Output: pass matched ip4:192.0.2.0/24 [example.com _spf.example.net] 1
}
