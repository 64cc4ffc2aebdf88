package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
)

// openDNS opens the chain that --dns names.
func openDNS(chain string, o dns.Openers) (dns.Source, func() error, error) {
	spec, err := parseDNS(chain)
	if err != nil {
		return nil, nil, err
	}
	src, closeAll, err := spec.Open(o)
	if err != nil {
		if errors.Is(err, errors.ErrUnsupported) {
			err = fmt.Errorf("%w by this version", err)
		}
		return nil, nil, &statusError{exitUsage, fmt.Errorf("--dns: %w", err)}
	}
	return src, closeAll, nil
}

func parseDNS(chain string) (dns.Spec, error) {
	spec, err := dns.ParseSpec(chain)
	if err != nil {
		return nil, &statusError{exitUsage, fmt.Errorf("--dns: %w", err)}
	}
	return spec, nil
}

// isLive tells whether any answer of the chain may have to be waited for.
func isLive(chain string) (bool, error) {
	spec, err := parseDNS(chain)
	return slices.ContainsFunc(spec, func(p dns.SpecPart) bool { return p.Kind == dns.SpecLive }), err
}

// resolvers are the servers of --resolver.
func (f *runFlags) servers() []string {
	var out []string
	for _, r := range f.resolvers {
		out = append(out, strings.TrimSpace(r))
	}
	return out
}

// askedAhead asks the questions that each message is certain to need as soon as
// its evidence is known, where answers have to be waited for: so they come while
// the messages before it are judged, and not one after the other.
func (r *run) askedAhead(ctx context.Context, in iter.Seq2[*evidence.Evidence, error]) iter.Seq2[*evidence.Evidence, error] {
	if !r.live {
		return in
	}
	ask := func(q dns.Question) { r.dns.Prefetch(ctx, q) }
	return func(yield func(*evidence.Evidence, error) bool) {
		for e, err := range in {
			if e != nil {
				r.eval.Ahead(e, ask)
			}
			if !yield(e, err) {
				return
			}
		}
	}
}
