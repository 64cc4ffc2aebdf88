package main

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/history"
	"mailaudit/evaluate/evidence"
	"mailaudit/sink"
)

func newDNSLearnCommand(s *streams) *cobra.Command {
	return &cobra.Command{
		Use:   "learn STORE DATASET...",
		Short: "Add the keys that the signatures of a dataset prove",
		Long: `A signature that verifies proves that its key was in use on that day. Learn tries
the signatures of each dataset with the keys that its run saw, and adds the time
from the first to the last proof to STORE, which is made where there is none. What
a mailing list did to the body does not matter: the signature is over the header.`,
		Example: `  audit run --dns live --out audit-out archive.mbox
  audit dns learn past.db audit-out`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			for _, dir := range args[1:] {
				if err := learn(c.Context(), s, args[0], dir); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// learn adds what one dataset proves.
func learn(ctx context.Context, s *streams, path, dir string) error {
	d, err := openDataset(dir)
	if err != nil {
		return err
	}
	l := learner{keys: map[string][]*provenKey{}}
	if err := l.prove(ctx, d); err != nil {
		return &statusError{exitIncomplete, err}
	}
	st, err := createStore(path)
	if err != nil {
		return err
	}
	done, err := st.Add(l.observations())
	if cerr := st.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return &statusError{exitIncomplete, err}
	}
	_, err = fmt.Fprintf(s.out, "%s: %d signatures prove %d keys, %d names new or changed\n",
		printable(dir), l.proofs, done.Read, done.Changed)
	return err
}

// learner finds when keys were in use.
type learner struct {
	keys   map[string][]*provenKey // by the name they are published at
	proofs int64
}

// provenKey is a key record and the time in which signatures prove it.
type provenKey struct {
	answer      *dns.Answer // the record alone
	verifier    *dkim.Verifier
	first, last time.Time
	count       uint64
}

// Lookup implements dns.Source: the one key is the answer to everything.
func (k *provenKey) Lookup(context.Context, dns.Question) (*dns.Answer, error) { return k.answer, nil }

// prove tries every signature of a dataset with every key its run saw.
func (l *learner) prove(ctx context.Context, d *sink.Dataset) error {
	for a, err := range d.DNS() {
		if err != nil {
			return err
		}
		if a.Type == dns.TypeTXT && a.Source != "overlay" && strings.Contains(a.Name, "._domainkey.") {
			l.add(a)
		}
	}
	for r, err := range d.Records("received_at", "dkim") {
		if err != nil {
			return err
		}
		for i := range r.Evidence.Signatures {
			if err := l.try(ctx, &r.Evidence.Signatures[i], r.Evidence.Envelope.ReceivedAt); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *learner) add(a *dns.Answer) {
	for _, text := range a.Records {
		if slices.ContainsFunc(l.keys[a.Name], func(k *provenKey) bool { return k.answer.Records[0] == text }) {
			continue
		}
		k := &provenKey{answer: &dns.Answer{Name: a.Name, Type: a.Type, Status: dns.Success, Records: []string{text}}}
		k.verifier = dkim.New(k, dkim.Profile{Historic: true})
		l.keys[a.Name] = append(l.keys[a.Name], k)
	}
}

// lenient is a moment at which every algorithm verified that ever did: what a
// receiver made of it is another question than which key was in use.
var lenient = time.Date(2012, 1, 1, 0, 0, 0, 0, time.UTC)

// try looks for the key that verifies a signature.
func (l *learner) try(ctx context.Context, s *evidence.Signature, received time.Time) error {
	first, last := usedAt(s.SignedAt, received)
	if first.IsZero() || s.Logged != "" {
		return nil
	}
	sig := *s
	sig.BodyHashMatch, sig.SignedAt, sig.ExpiresAt = true, time.Time{}, time.Time{}
	for _, k := range l.keys[s.Selector+"._domainkey."+s.Domain] {
		o, err := k.verifier.Verify(ctx, &sig, lenient)
		if err != nil {
			return err
		}
		if o.Result == dkim.Pass {
			k.note(first, last)
			l.proofs++
			return nil
		}
	}
	return nil
}

// maxTransit is how long mail is under way at most: senders give up after five
// days or so (RFC 5321 section 4.5.4.1). What took longer was sent again, and
// proves the day it was signed.
const maxTransit = 7 * 24 * time.Hour

// usedAt is the time that a signature speaks for: from signing to arrival.
func usedAt(signed, received time.Time) (first, last time.Time) {
	switch {
	case received.IsZero(), !signed.IsZero() && received.Sub(signed) > maxTransit:
		return signed, signed
	case signed.IsZero(), signed.After(received): // a clock that runs wrong
		return received, received
	}
	return signed, received
}

func (k *provenKey) note(first, last time.Time) {
	if k.count == 0 || first.Before(k.first) {
		k.first = first
	}
	if last.After(k.last) {
		k.last = last
	}
	k.count++
}

// observations are the proven keys by name.
func (l *learner) observations() iter.Seq2[history.Observation, error] {
	return func(yield func(history.Observation, error) bool) {
		for _, list := range l.keys {
			for _, k := range list {
				if k.count == 0 {
					continue
				}
				o := history.Observation{
					Name: k.answer.Name, Type: dns.TypeTXT, Status: dns.Success, Records: k.answer.Records,
					First: k.first, Last: k.last, Count: k.count, Origins: history.FromSignature,
				}
				if !yield(o, nil) {
					return
				}
			}
		}
	}
}
