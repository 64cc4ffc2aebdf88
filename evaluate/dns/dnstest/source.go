// Package dnstest has DNS sources for tests, and the conformance suite that
// every [dns.Source] must pass.
//
// A small zone stands as a literal beside its assertions:
//
//	src := dnstest.Source{
//		"example.com TXT":            {"v=spf1 mx -all"},
//		"example.com MX":             {"10 mx.example.com"},
//		"mx.example.com A":           {"192.0.2.1", "192.0.2.2"},
//		"www.example.com CNAME":      {"example.com"},
//		"*.wild.example.com A":       {"192.0.2.3"},
//		"broken.example.com TXT":     {dnstest.ServFail}, // TXT only
//		"slow.example.com":           {dnstest.Timeout},  // every type
//		"unknown.example.com":        {dnstest.NotRecorded},
//		"ends-the-run.example.com A": {dnstest.Abort},
//	}
//	out := check(t.Context(), src, ...)
//
// A larger one is text in the master-file form of RFC 1035, with the directives
// of [dns.Zone] for failures: see [Zone].
//
// Both answer like a server that speaks for every name: a name that is not there
// is NXDOMAIN, one that is there with other types (or only has names below it)
// is "no data", CNAMEs are followed, wildcards match (RFC 4592).
package dnstest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mailaudit/evaluate/dns"
)

// Source is a set of records by "name TYPE", in the text form of
// [dns.Answer.Records]; names are lower case without the final dot. A key
// without a type speaks for every type and holds one of the failures below, or
// nothing: then the name exists without data. It must not change while in use.
type Source map[string][]string

// Failures, as the only record of a key.
const (
	Timeout     = "\x00timeout"
	ServFail    = "\x00servfail"
	Refused     = "\x00refused"
	FormErr     = "\x00formerr"
	Network     = "\x00network"
	NotRecorded = "\x00not_recorded"
	NXDomain    = "\x00nxdomain" // the name does not exist, whatever else is said of it or below it
	Abort       = "\x00abort"    // Lookup returns ErrAborted: the run cannot go on
)

// ErrAborted is what Lookup returns for an [Abort].
var ErrAborted = errors.New("dnstest: aborted")

// maxChain is the number of CNAMEs that are followed.
const maxChain = 8

// Lookup implements [dns.Source]. A context that ended is an error, as it is
// for every Source.
func (s Source) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a := &dns.Answer{Name: q.Name, Type: q.Type, Source: "test"}
	if !askable(q.Name) {
		a.Status, a.Kind = dns.Failure, dns.BadName
		return a, nil
	}
	for name := q.Name; ; {
		records := s.at(name, q.Type)
		if len(records) > 0 && records[0] == Abort {
			return nil, fmt.Errorf("%w: %s %v", ErrAborted, q.Name, q.Type)
		}
		target := ""
		if records == nil && q.Type != dns.TypeCNAME {
			if c := s.at(name, dns.TypeCNAME); len(c) > 0 && c[0][0] != 0 {
				target = c[0]
			}
		}
		switch {
		case target == "":
			s.fill(a, name, records)
			return a, nil
		case len(a.CNAMEs) == maxChain:
			a.Status, a.Kind = dns.Failure, dns.Loop
			return a, nil
		}
		a.CNAMEs = append(a.CNAMEs, target)
		name = target
	}
}

// at returns what is said of a name and type, by the name's own keys or by the
// wildcard that covers it; nil where nothing is.
func (s Source) at(name string, t dns.Type) []string {
	owner := s.owner(name)
	if r, ok := s[owner+" "+t.String()]; ok {
		return r
	}
	return s[owner]
}

// owner returns the name whose records answer for name: itself, the wildcard of
// the closest encloser (RFC 4592 section 3.3.1), or name where it does not exist.
func (s Source) owner(name string) string {
	if s.exists(name) {
		return name
	}
	for parent := name; ; {
		_, rest, ok := strings.Cut(parent, ".")
		if !ok {
			rest = ""
		}
		wildcard := strings.TrimSuffix("*."+rest, ".")
		if s.exists(wildcard) {
			return wildcard
		}
		if rest == "" || s.exists(rest) {
			return name
		}
		parent = rest
	}
}

// exists tells whether the name, or a name below it, has a key.
func (s Source) exists(name string) bool {
	for key := range s {
		owner := keyOwner(key)
		if owner == name || strings.HasSuffix(owner, "."+name) {
			return true
		}
	}
	return false
}

// keyOwner returns the name of a key; names may hold spaces themselves.
func keyOwner(key string) string {
	if i := strings.LastIndexByte(key, ' '); i >= 0 {
		if _, ok := dns.ParseType(key[i+1:]); ok {
			return key[:i]
		}
	}
	return key
}

func (s Source) fill(a *dns.Answer, name string, records []string) {
	if len(records) > 0 && strings.HasPrefix(records[0], "\x00") {
		switch records[0] {
		case NotRecorded:
			*a = dns.Answer{Name: a.Name, Type: a.Type}
		case NXDomain:
			a.Status = dns.NXDomain
		default:
			a.Status, a.Kind = dns.Failure, dns.FailureKind(records[0][1:])
		}
		return
	}
	switch {
	case len(records) > 0:
		a.Status = dns.Success
		a.Records = slices.Compact(slices.Sorted(slices.Values(records)))
	case s.exists(s.owner(name)):
		a.Status = dns.NoData
	default:
		a.Status = dns.NXDomain
	}
}

func askable(name string) bool {
	if len(name) > dns.MaxName {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > dns.MaxLabel {
			return false
		}
	}
	return true
}

// Recorder is a Source that notes every question it passes on.
type Recorder struct {
	Base dns.Source

	mu    sync.Mutex
	asked []dns.Question
}

// Lookup implements [dns.Source].
func (r *Recorder) Lookup(ctx context.Context, q dns.Question) (*dns.Answer, error) {
	r.mu.Lock()
	r.asked = append(r.asked, q)
	r.mu.Unlock()
	return r.Base.Lookup(ctx, q)
}

// Asked returns the questions so far as "name TYPE", in order.
func (r *Recorder) Asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]string, len(r.asked))
	for i, q := range r.asked {
		out[i] = q.Name + " " + q.Type.String()
	}
	return out
}
