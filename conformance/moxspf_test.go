package conformance

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	moxdns "github.com/mjl-/mox/dns"
	"github.com/mjl-/mox/smtp"
	moxspf "github.com/mjl-/mox/spf"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/evaluate/spf"
	"mailaudit/internal/spfgen"
)

// spfCases is how many generated situations are compared.
const spfCases = 12000

// generatedZone answers from a generated situation.
type generatedZone struct{ spfgen.Zone }

// Lookup implements dns.Source.
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
	if a.Status = dns.NoData; len(a.Records) > 0 {
		a.Status = dns.Success
	}
	return a, nil
}

// spfCase is one client and sender judged by both.
type spfCase struct {
	generated *spfgen.Case // nil for a message
	ours      *spf.Outcome
	theirs    moxspf.Status
	err       error
}

// sees tells whether a term that was looked at, or a note on it, holds a text.
func (c *spfCase) sees(text string) bool {
	for i := range c.ours.Terms {
		if strings.Contains(strings.ToLower(c.ours.Terms[i].Text), text) || strings.Contains(c.ours.Terms[i].Note, text) {
			return true
		}
	}
	return false
}

func (c *spfCase) describe() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s: %s), mox %s (%v)", c.ours.Result, c.ours.Reason, c.ours.Detail, c.theirs, c.err)
	if c.generated != nil {
		g := c.generated
		fmt.Fprintf(&b, ", seed %d, %s@%s from %s helo %s", g.Seed, g.Local, g.Domain, g.Client, g.HELO)
	}
	for _, s := range c.ours.Terms {
		fmt.Fprintf(&b, "\n    %s%s %s -> %s match=%v %s [%s]", strings.Repeat("  ", s.Depth), s.Domain, s.Text, s.Target, s.Match, s.Result, s.Note)
	}
	return b.String()
}

// moxSPF asks mox.
func moxSPF(source dns.Source, e *evidence.Envelope) (moxspf.Status, error) {
	args := moxspf.Args{
		RemoteIP:          net.IP(e.ClientIP.AsSlice()),
		MailFromLocalpart: smtp.Localpart(e.MailFromLocal),
		MailFromDomain:    moxdns.Domain{ASCII: e.MailFromDomain},
		HelloDomain:       moxdns.IPDomain{Domain: moxdns.Domain{ASCII: e.HELO}},
		LocalIP:           net.IPv4(192, 0, 2, 1),
		LocalHostname:     moxdns.Domain{ASCII: "receiver.example"},
	}
	if literal := strings.Trim(e.HELO, "[]"); literal != e.HELO {
		args.HelloDomain = moxdns.IPDomain{}
		if a, err := netip.ParseAddr(strings.TrimPrefix(strings.ToLower(literal), "ipv6:")); err == nil {
			args.HelloDomain.IP = net.IP(a.AsSlice())
		}
	}
	r, _, _, _, err := moxspf.Verify(context.Background(), quiet, moxResolver{source: source, asked: new(int)}, args)
	return r.Result, err
}

// upperMacro tells whether a macro that stands for the sender is in capitals.
func (c *spfCase) upperMacro() bool {
	for i := range c.ours.Terms {
		if strings.Contains(c.ours.Terms[i].Text, "%{S") || strings.Contains(c.ours.Terms[i].Text, "%{L") {
			return true
		}
	}
	return false
}

// says tells whether mox's error holds a text.
func (c *spfCase) says(text string) bool {
	return c.err != nil && strings.Contains(c.err.Error(), text)
}

// moxSPFReasons are the ways in which mox differs.
var moxSPFReasons = []reason[spfCase]{
	{"a record with a syntax error is used", "RFC 7208 §4.6, §7.2, §12", func(c *spfCase) bool {
		return c.ours.Reason == spf.Syntax
	}},
	{"a record with an unknown modifier that is named like a mechanism (all=no) is a syntax error", "RFC 7208 §6, §12", func(c *spfCase) bool {
		return c.says(`leftover "=no"`)
	}},
	{"macros of a, mx and ptr are not expanded", "RFC 7208 §4.8, §7.1", func(c *spfCase) bool {
		return c.says("disallowed rune U+0025")
	}},
	{"a final dot of a domain-spec is an error", "RFC 7208 §7.1 domain-end", func(c *spfCase) bool {
		return c.says("dns name has trailing dot")
	}},
	{"the lookup after two void ones is an error, whatever it finds", "RFC 7208 §4.6.4: the limit is exceeded by a third void one", func(c *spfCase) bool {
		return c.says("too many void lookups")
	}},
	{"redirect= is not counted", "RFC 7208 §4.6.4", func(c *spfCase) bool {
		return c.ours.Reason == spf.TooManyLookups && (errors.Is(c.err, errEndless) || c.sees("redirect="))
	}},
	{"a failing PTR question ends the check", "RFC 7208 §5.5: the mechanism does not match", func(c *spfCase) bool {
		return c.theirs == moxspf.StatusTemperror && (c.says("in-addr.arpa") || c.says("ip6.arpa"))
	}},
	{"an expansion with an empty label is an error", "RFC 7208 §4.3, §5: no such name can exist, no match", func(c *spfCase) bool {
		return c.says("empty dns label")
	}},
	{"a prefix of length 0 matches whatever addresses a host has, of the other family too", "RFC 7208 §5, §5.6: A for IPv4 clients, AAAA for IPv6", func(c *spfCase) bool {
		return c.generated != nil && c.generated.Client.Unmap().Is6() && (c.sees("/0") || c.sees("mx"))
	}},
	{"%{p} counts no void lookup", "RFC 7208 §4.6.4", func(c *spfCase) bool {
		return c.ours.Reason == spf.TooManyVoidLookups && c.sees("%{p}")
	}},
	{"uppercase macros are escaped as a form is", "RFC 7208 §7.3: all but the unreserved characters of RFC 3986", func(c *spfCase) bool {
		return c.sees("exists:") && c.upperMacro()
	}},
}

// TestMoxSPFGenerated compares generated situations.
func TestMoxSPFGenerated(t *testing.T) {
	t.Parallel()
	y := newTally(t, Score{Group: "Other implementations", Name: "SPF of mox, generated situations", With: moxVersion}, moxSPFReasons)
	for seed := range uint64(spfCases) {
		g := spfgen.New(seed)
		zone := generatedZone{g.Zone}
		env := evidence.Envelope{ClientIP: g.Client.Unmap(), HELO: g.HELO, HasMailFrom: true, MailFromLocal: g.Local, MailFromDomain: g.Domain}
		v, err := evaluate.New(zone, evaluate.Profile{Trace: true}).Evaluate(t.Context(), &evidence.Evidence{Envelope: env})
		if err != nil {
			t.Fatal(err)
		}
		c := &spfCase{generated: &g, ours: v.SPF}
		c.theirs, c.err = moxSPF(zone, &env)
		y.see(c, string(c.theirs) == string(c.ours.Result), c.describe)
	}
	y.done()
}
