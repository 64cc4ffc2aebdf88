package conformance

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/mjl-/adns"
	moxdns "github.com/mjl-/mox/dns"

	"mailaudit/evaluate/dns"
	"mailaudit/internal/spfgen"
)

// quiet is where mox logs to.
var quiet = slog.New(slog.DiscardHandler)

// moxResolver answers mox from one of our sources, as of a moment. It embeds
// nothing: what mox does not ask panics.
type moxResolver struct {
	moxdns.Resolver
	source dns.Source
	at     time.Time
	asked  *int // questions so far, where they are bounded
}

// maxAsked ends a check of mox that would never end: redirect= is not counted
// by it. No check within the limits of RFC 7208 §4.6.4 asks so much.
const maxAsked = 500

var errEndless = errors.New("mox asks without end")

// ask gives the records of an answer, or the error that a resolver gives.
func (r moxResolver) ask(ctx context.Context, name string, t dns.Type) ([]string, adns.Result, error) {
	if r.asked != nil {
		if *r.asked++; *r.asked > maxAsked {
			return nil, adns.Result{}, errEndless
		}
	}
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	a, err := r.source.Lookup(ctx, dns.Question{Name: name, Type: t, At: r.at})
	if err != nil {
		return nil, adns.Result{}, err
	}
	e := &adns.DNSError{Name: name, Err: a.Status.String()}
	switch a.Status {
	case dns.Success:
		return a.Records, adns.Result{}, nil
	case dns.NoData, dns.NXDomain:
		e.IsNotFound = true
	case dns.Failure, dns.NotRecorded:
		e.IsTemporary = true
	}
	return nil, adns.Result{}, e
}

func (r moxResolver) LookupTXT(ctx context.Context, name string) ([]string, adns.Result, error) {
	return r.ask(ctx, name, dns.TypeTXT)
}

func (r moxResolver) LookupMX(ctx context.Context, name string) ([]*net.MX, adns.Result, error) {
	records, res, err := r.ask(ctx, name, dns.TypeMX)
	var out []*net.MX
	for _, rec := range records {
		pref, host, _ := strings.Cut(rec, " ")
		n, _ := strconv.ParseUint(pref, 10, 16)
		out = append(out, &net.MX{Host: strings.TrimSuffix(host, ".") + ".", Pref: uint16(n)})
	}
	return out, res, err
}

func (r moxResolver) LookupAddr(ctx context.Context, ip string) ([]string, adns.Result, error) {
	records, res, err := r.ask(ctx, spfgen.ReverseName(netip.MustParseAddr(ip).Unmap()), dns.TypePTR)
	out := make([]string, len(records))
	for i, rec := range records {
		out[i] = strings.TrimSuffix(rec, ".") + "."
	}
	return out, res, err
}

// LookupIP asks for both families where "ip" is asked, as resolvers do: it
// fails only where neither has an answer.
func (r moxResolver) LookupIP(ctx context.Context, network, host string) ([]net.IP, adns.Result, error) {
	var out []net.IP
	var first error
	for _, t := range []dns.Type{dns.TypeA, dns.TypeAAAA} {
		if network == "ip4" && t != dns.TypeA || network == "ip6" && t != dns.TypeAAAA {
			continue
		}
		records, _, err := r.ask(ctx, host, t)
		if err != nil && (first == nil || moxdns.IsNotFound(first)) {
			first = err
		}
		for _, rec := range records {
			out = append(out, net.ParseIP(rec))
		}
	}
	if len(out) > 0 {
		return out, adns.Result{}, nil
	}
	return nil, adns.Result{}, first
}

const moxVersion = "mox v0.0.15"
