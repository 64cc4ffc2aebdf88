package dns

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

// Kinds of sources in a [Spec].
const (
	SpecLive    = "live"
	SpecZone    = "zone"
	SpecOverlay = "overlay"
	SpecReplay  = "replay"
	SpecHistory = "history"
)

// Spec is a chain of sources as --dns names it, in the order they are asked.
type Spec []SpecPart

// SpecPart is one source of a [Spec].
type SpecPart struct {
	Kind string // one of the words above
	Path string // empty for live
}

// ParseSpec reads a chain: parts separated by commas, each "live" or
// "KIND:PATH". A comma of a path is written "\,". A part that could never be
// asked, as it stands behind one that answers everything (live, zone), is an
// error, as is an unknown kind or a missing path.
func ParseSpec(s string) (Spec, error) {
	var spec Spec
	for _, text := range splitSpec(s) {
		kind, path, hasPath := strings.Cut(text, ":")
		part := SpecPart{kind, path}
		switch kind {
		case SpecLive:
			if hasPath {
				return nil, fmt.Errorf("DNS source %q: live takes no path", text)
			}
		case SpecZone, SpecOverlay, SpecReplay, SpecHistory:
			if path == "" {
				return nil, fmt.Errorf("DNS source %q: no path", text)
			}
		default:
			return nil, fmt.Errorf("DNS source %q: not one of live, zone:PATH, overlay:PATH, replay:DATASET, history:PATH", text)
		}
		if n := len(spec); n > 0 && spec[n-1].answersAll() {
			return nil, fmt.Errorf("DNS source %q is never asked: %q before it answers every question", text, spec[n-1])
		}
		spec = append(spec, part)
	}
	return spec, nil
}

// splitSpec splits at commas that no backslash precedes.
func splitSpec(s string) []string {
	parts := []string{""}
	for i := 0; i < len(s); i++ {
		last := &parts[len(parts)-1]
		switch {
		case s[i] == '\\' && i+1 < len(s) && s[i+1] == ',':
			i++
			*last += ","
		case s[i] == ',':
			parts = append(parts, "")
		default:
			*last += s[i : i+1]
		}
	}
	return parts
}

func (p SpecPart) answersAll() bool { return p.Kind == SpecLive || p.Kind == SpecZone }

// String returns the part as ParseSpec reads it.
func (p SpecPart) String() string {
	if p.Kind == SpecLive {
		return p.Kind
	}
	return p.Kind + ":" + strings.ReplaceAll(p.Path, ",", `\,`)
}

// String returns the chain as ParseSpec reads it.
func (s Spec) String() string {
	parts := make([]string, len(s))
	for i, p := range s {
		parts[i] = p.String()
	}
	return strings.Join(parts, ",")
}

// Openers open the sources that live elsewhere. One that is nil makes its kind
// an error.
type Openers struct {
	Live    func() (Source, error)
	Replay  func(path string) (Source, error)
	History func(path string) (Source, error)
}

// Open opens every source of the chain, the last first. close closes those that
// can be closed; it is never nil. Where opening fails, what was open is closed.
func (s Spec) Open(o Openers) (src Source, close func() error, err error) {
	var opened []io.Closer
	close = func() error {
		var errs []error
		for _, c := range opened {
			errs = append(errs, c.Close())
		}
		opened = nil
		return errors.Join(errs...)
	}
	chain := Chain()
	for i := len(s) - 1; i >= 0; i-- {
		next, err := s[i].open(o, chain)
		if err != nil {
			return nil, func() error { return nil }, errors.Join(fmt.Errorf("DNS source %q: %w", s[i], err), close())
		}
		if c, ok := next.(io.Closer); ok {
			opened = append(opened, c)
		}
		if s[i].Kind == SpecOverlay {
			chain = Chain(next) // it asks the rest by itself
			continue
		}
		chain = Chain(append([]Source{next}, chain.sources...)...)
	}
	if len(chain.sources) == 1 {
		return chain.sources[0], close, nil
	}
	return chain, close, nil
}

func (p SpecPart) open(o Openers, rest *ChainSource) (Source, error) {
	withPath := func(open func(string) (Source, error)) (Source, error) {
		if open == nil {
			return nil, errors.ErrUnsupported
		}
		return open(p.Path)
	}
	switch p.Kind {
	case SpecZone:
		return Zone(p.Path)
	case SpecOverlay:
		return Overlay(p.Path, rest)
	case SpecReplay:
		return withPath(o.Replay)
	case SpecHistory:
		return withPath(o.History)
	}
	if o.Live == nil {
		return nil, errors.ErrUnsupported
	}
	return o.Live()
}
