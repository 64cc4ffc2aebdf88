package main

import (
	"iter"
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/sink"
)

// afterAnswered puts the answers of a dataset, but for questions that stayed
// open, before a source.
func afterAnswered(dataset string, src dns.Source) (dns.Source, error) {
	answered, err := dns.Replay(onlyAnswered(sink.ReadDNS(dataset)))
	if err != nil {
		return nil, &statusError{exitIncomplete, err}
	}
	return dns.Chain(answered, src), nil
}

// onlyAnswered leaves out what asking again may answer. A name that cannot be
// asked never can.
func onlyAnswered(answers iter.Seq2[*dns.Answer, error]) iter.Seq2[*dns.Answer, error] {
	return func(yield func(*dns.Answer, error) bool) {
		for a, err := range answers {
			if err == nil && a.Failed() && a.Kind != dns.BadName {
				continue
			}
			if !yield(a, err) {
				return
			}
		}
	}
}

// asBefore takes over what a dataset was judged by, where no flag was given.
func (f *runFlags) asBefore(m *sink.Manifest, given func(flag string) bool) {
	for name, at := range map[string]*string{
		"rules": &f.rules, "profile": &f.profile, "nonexistent": &f.nonexistent, "as-of": &f.asOf,
	} {
		if v := m.Flags[name]; v != "" && !given(name) {
			*at = v
		}
	}
	if f.asOf == "now" && !given("as-of") {
		f.asOf = m.Started.Format(time.RFC3339Nano) // that moment, not this
	}
}
