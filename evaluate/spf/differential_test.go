package spf

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	gospf "blitiri.com.ar/go/spf"

	"mailaudit/evaluate/dns"
	"mailaudit/internal/spfgen"
)

// generatedZone answers from a generated case.
type generatedZone struct{ spfgen.Zone }

func (z generatedZone) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	a := &dns.Answer{Name: q.Name, Type: q.Type, Status: dns.NXDomain}
	h := z.Find(q.Name)
	switch {
	case h == nil:
		return a, nil
	case h.Failure != "":
		a.Status, a.Kind = dns.Failure, dns.FailureKind(h.Failure)
		return a, nil
	}
	switch q.Type {
	case dns.TypeA:
		a.Records = h.A
	case dns.TypeAAAA:
		a.Records = h.AAAA
	case dns.TypeTXT:
		a.Records = h.TXT
	case dns.TypePTR:
		a.Records = h.PTR
	case dns.TypeMX:
		for _, mx := range h.MX {
			a.Records = append(a.Records, fmt.Sprintf("%d %s", mx.Preference, mx.Host))
		}
	}
	a.Status = dns.NoData
	if len(a.Records) > 0 {
		a.Status = dns.Success
	}
	return a, nil
}

// generatedResolver is the same zone as go/spf asks it.
type generatedResolver struct{ spfgen.Zone }

func (r generatedResolver) find(name string) (*spfgen.Host, error) {
	h := r.Find(name)
	switch {
	case h == nil:
		return &spfgen.Host{}, &net.DNSError{Name: name, Err: "no such host", IsNotFound: true}
	case h.Failure == "timeout":
		return h, &net.DNSError{Name: name, Err: "timeout", IsTimeout: true}
	case h.Failure == "servfail":
		return h, &net.DNSError{Name: name, Err: "server misbehaving", IsTemporary: true}
	case h.Failure != "":
		return h, &net.DNSError{Name: name, Err: h.Failure}
	}
	return h, nil
}

// empty turns an answer without records into the error of package net.
func empty(n int, name string, err error) error {
	if n == 0 && err == nil {
		return &net.DNSError{Name: name, Err: "no such host", IsNotFound: true}
	}
	return err
}

func (r generatedResolver) LookupTXT(_ context.Context, name string) ([]string, error) {
	h, err := r.find(name)
	return h.TXT, empty(len(h.TXT), name, err)
}

func (r generatedResolver) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	h, err := r.find(name)
	var out []*net.MX
	for _, mx := range h.MX {
		out = append(out, &net.MX{Host: mx.Host + ".", Pref: mx.Preference})
	}
	return out, empty(len(out), name, err)
}

func (r generatedResolver) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	h, err := r.find(name)
	var out []net.IPAddr
	for _, list := range [][]string{h.A, h.AAAA} {
		for _, s := range list {
			out = append(out, net.IPAddr{IP: net.ParseIP(s)})
		}
	}
	return out, empty(len(out), name, err)
}

func (r generatedResolver) LookupAddr(_ context.Context, addr string) ([]string, error) {
	name := spfgen.ReverseName(netip.MustParseAddr(addr).Unmap())
	h, err := r.find(name)
	var out []string
	for _, n := range h.PTR {
		out = append(out, n+".")
	}
	return out, empty(len(out), name, err)
}

// compare asks both.
func compare(t *testing.T, c *spfgen.Case) (*Outcome, gospf.Result, error) {
	t.Helper()
	ours := check(t, generatedZone{c.Zone}, Query{
		Client: c.Client, Scope: MailFrom, Local: c.Local, Domain: c.Domain, HELO: c.HELO,
	})
	theirs, err := gospf.CheckHostWithSender(net.ParseIP(c.Client.String()), c.HELO, c.Local+"@"+c.Domain,
		gospf.WithResolver(generatedResolver{c.Zone}))
	return ours, theirs, err
}

// disagreement is a way in which go/spf v1.6.0 and this package differ on
// purpose.
type disagreement struct {
	name   string
	clause string // of RFC 7208, on which this package stands
	// applies tells whether it can be the cause in a case.
	applies func(*spfgen.Case, *Outcome, gospf.Result, error) bool
}

// disagreements are tried in order.
var disagreements = []disagreement{
	{
		"go/spf checks a term's syntax when it comes to the term",
		"4.6: syntax errors anywhere in the record are found first",
		func(_ *spfgen.Case, o *Outcome, _ gospf.Result, _ error) bool { return o.Reason == Syntax },
	},
	{
		"go/spf takes a failure it does not know for a permanent error",
		"4.4: any error but Name Error is temperror",
		func(_ *spfgen.Case, o *Outcome, theirs gospf.Result, _ error) bool {
			return o.Reason == "dns_loop" && theirs == gospf.PermError
		},
	},
	{
		"go/spf counts MX records before it looks at the first",
		"4.6.4: permerror when the evaluation exceeds ten",
		func(_ *spfgen.Case, o *Outcome, _ gospf.Result, err error) bool {
			return errors.Is(err, gospf.ErrTooManyMXRecords)
		},
	},
	{
		"go/spf looks up every MX host before it compares the first",
		"5.4: if any address matches, the mechanism matches",
		func(_ *spfgen.Case, o *Outcome, theirs gospf.Result, _ error) bool {
			return theirs == gospf.TempError && sees(o, "host h") && sees(o, "mx")
		},
	},
	{
		"go/spf lets an IPv4 client match ip6:::ffff:192.0.2.1",
		"5: IPv4 addresses are only listed with ip4",
		func(c *spfgen.Case, o *Outcome, _ gospf.Result, _ error) bool {
			return c.Client.Unmap().Is4() && sees(o, "ip6:::ffff:")
		},
	},
	{
		"go/spf expands %{p} to unknown, asks and counts nothing for it",
		"7.3, 4.6.4",
		func(_ *spfgen.Case, o *Outcome, _ gospf.Result, _ error) bool { return sees(o, "%{p}") },
	},
	{
		"go/spf expands an empty local part to nothing",
		"4.3: postmaster",
		func(c *spfgen.Case, o *Outcome, _ gospf.Result, _ error) bool {
			return c.Local == "" && (sees(o, "%{l") || sees(o, "%{s"))
		},
	},
	{
		"go/spf drops empty parts",
		"7.3: the list of parts might contain empty strings",
		func(c *spfgen.Case, o *Outcome, _ gospf.Result, _ error) bool {
			return strings.Contains(c.Local, "..") && (sees(o, "%{l") || sees(o, "%{s"))
		},
	},
	{
		"go/spf does not shorten names",
		"7.3: at most 253 characters",
		func(c *spfgen.Case, o *Outcome, _ gospf.Result, _ error) bool {
			return len(c.HELO) > 200 && sees(o, "%{h")
		},
	},
	{
		"go/spf looks up the client's names once and counts one void lookup",
		"4.6.4: the limit is on terms",
		func(_ *spfgen.Case, o *Outcome, _ gospf.Result, _ error) bool {
			return o.Reason == TooManyVoidLookups && ptrTerms(o) > 1
		},
	},
	{
		"go/spf asks for addresses of both families, so that a host of the other one is no void lookup",
		"5: A for IPv4 clients, AAAA for IPv6; 5.7: A for exists",
		func(c *spfgen.Case, o *Outcome, _ gospf.Result, _ error) bool {
			return o.Reason == TooManyVoidLookups && seesOneFamily(c, o)
		},
	},
}

// sees tells whether a term that was looked at, or a note on it, holds a text.
func sees(o *Outcome, text string) bool {
	for i := range o.Terms {
		if strings.Contains(strings.ToLower(o.Terms[i].Text), text) || strings.Contains(o.Terms[i].Note, text) {
			return true
		}
	}
	return false
}

func ptrTerms(o *Outcome) int {
	n := 0
	for i := range o.Terms {
		if strings.Contains(strings.ToLower(o.Terms[i].Text), "ptr") {
			n++
		}
	}
	return n
}

func seesOneFamily(c *spfgen.Case, o *Outcome) bool {
	for i := range o.Terms {
		h := c.Zone.Find(o.Terms[i].Target)
		if h != nil && (len(h.A) == 0) != (len(h.AAAA) == 0) {
			return true
		}
	}
	return false
}

// TestDifferentialGoSPF compares generated situations with go/spf. Every
// difference has to have its place in the table, and every place a difference.
func TestDifferentialGoSPF(t *testing.T) {
	t.Parallel()
	const cases = 12000
	counts := make([]int, len(disagreements))
	results := map[Result]int{}
	for seed := range uint64(cases) {
		c := spfgen.New(seed)
		ours, theirs, err := compare(t, &c)
		results[ours.Result]++
		if string(theirs) == string(ours.Result) {
			continue
		}
		n := slices.IndexFunc(disagreements, func(d disagreement) bool { return d.applies(&c, ours, theirs, err) })
		if n < 0 {
			t.Errorf("seed %d: %s (%s, %s), go/spf %s (%v)\n%s", seed, ours.Result, ours.Reason, ours.Detail, theirs, err, steps(ours))
			continue
		}
		counts[n]++
	}
	for i, n := range counts {
		if n == 0 {
			t.Errorf("stale: %s", disagreements[i].name)
		}
		t.Logf("%5d  %s (RFC 7208 section %s)", n, disagreements[i].name, disagreements[i].clause)
	}
	for _, r := range []Result{None, Neutral, Pass, Fail, SoftFail, TempError, PermError} {
		if results[r] < cases/100 {
			t.Errorf("only %d cases of %s: the generator tests too little of it", results[r], r)
		}
	}
	t.Log(results)
}

func steps(o *Outcome) string {
	var b strings.Builder
	for _, s := range o.Terms {
		fmt.Fprintf(&b, "%s%s %s -> %s match=%v %s [%s]\n", strings.Repeat("  ", s.Depth), s.Domain, s.Text, s.Target, s.Match, s.Result, s.Note)
	}
	return b.String()
}
