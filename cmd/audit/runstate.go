package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"runtime"
	"strconv"
	"strings"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/reader"
	"mailaudit/sink"
	"mailaudit/stats"
)

// open opens what a run needs: the dataset first, as it says no soonest.
func (r *run) open() error {
	runtime.GOMAXPROCS(r.set.flags.workers)
	if err := r.openSink(); err != nil {
		return err
	}
	if err := r.openSource(); err != nil {
		return err
	}
	r.eval = evaluate.New(r.dns, r.set.profile)
	if err := r.recount(); err != nil {
		return &statusError{exitIncomplete, err}
	}
	return nil
}

// recount counts what a resumed run had written before it stopped.
func (r *run) recount() error {
	r.next = r.sink.Resumed().NextOrdinal
	if r.next == 0 {
		return nil
	}
	d, err := sink.OpenIncomplete(r.set.flags.out)
	if err != nil {
		return err
	}
	for p, err := range d.Problems() {
		if err != nil {
			return err
		}
		if p.Stage == sink.StageRead {
			r.skipProblems++
		}
	}
	return count(d, &r.tally)
}

// errComplete tells that there is nothing to resume.
var errComplete = errors.New("the dataset is complete")

func (r *run) openSink() error {
	f := r.set.flags
	o := r.set.sink
	o.Overwrite, o.Resume = f.overwrite, f.resume
	o.CreatedBy = "audit " + version
	o.Run = r.identity()
	var err error
	r.sink, err = sink.Create(f.out, o)
	switch {
	case errors.Is(err, sink.ErrExists):
		return usageError("%s: a dataset is there already; give --resume, --overwrite or another --out", f.out)
	case errors.Is(err, sink.ErrComplete):
		return errComplete
	case errors.Is(err, sink.ErrDiffers):
		return &statusError{exitUsage, err}
	case err != nil:
		return &statusError{exitIncomplete, err}
	}
	return nil
}

// identity is what must be the same for a run to be resumed.
func (r *run) identity() map[string]string {
	m := r.flagWords()
	for _, free := range []string{"workers", "progress", "json", "resume", "overwrite", "out", "address-key"} {
		delete(m, free)
	}
	if !r.set.profile.AsOf.IsZero() {
		m["as-of"] = r.set.profile.AsOf.Format(time.RFC3339Nano) // "now" was another moment
	}
	for i, in := range r.inputs {
		m[fmt.Sprintf("input %d", i+1)] = in
		if mark := fingerprint(in); mark != "" {
			m["input "+in] = mark
		}
	}
	return m
}

// flagWords are the flags as given, for the manifest.
func (r *run) flagWords() map[string]string {
	f := r.set.flags
	m := map[string]string{
		"format": f.format, "dns": f.dns, "resolver": strings.Join(f.resolvers, ","), "as-of": f.asOf, "rules": f.rules,
		"profile": f.profile, "trusted-networks": strings.Join(f.trusted, ","), "authserv-id": strings.Join(f.authserv, ","),
		"nonexistent": f.nonexistent, "addresses": f.addresses, "workers": strconv.Itoa(f.workers),
		"limit": strconv.FormatInt(f.limit, 10), "since": f.since, "until": f.until,
	}
	for k, v := range m {
		if v == "" || k == "limit" && v == "0" {
			delete(m, k)
		}
	}
	return m
}

func (r *run) openSource() (err error) {
	f := r.set.flags
	open := dns.Openers{
		Live:   func() (dns.Source, error) { return openLive(f.servers()) },
		Replay: openReplay,
	}
	var first []dns.Source
	if r.sink.Resumed().NextOrdinal > 0 {
		// Within a run a question has one answer: what was answered before the
		// run stopped is not asked again.
		recorded, err := openReplay(f.out)
		if err != nil {
			return &statusError{exitIncomplete, err}
		}
		first = append(first, recorded)
	}
	r.dns, r.live, r.closeDNS, err = openDNS(f.dns, open, first...)
	return err
}

func openReplay(dir string) (dns.Source, error) { return dns.Replay(sink.ReadDNS(dir)) }

func (r *run) readerOptions() reader.Options {
	return reader.Options{
		Format: r.set.format, Limit: r.set.flags.limit, Stdin: r.streams.in, Progress: &r.progress,
		Skip: r.sink.Resumed().NextOrdinal, SkipProblems: r.skipProblems,
		OnInput: func(in reader.Input) {
			r.reports = append(r.reports, sink.Input{
				Path: in.Path, Size: in.Size, Digest: "xxh3-128:" + in.Digest, State: string(in.State),
			})
		},
	}
}

// stopped is how a run ends that did not complete.
func (r *run) stopped(err error) error {
	r.endView()
	r.sink.Close()
	hint := fmt.Sprintf("; go on with: audit run --resume --out %s ...", r.set.flags.out)
	if errors.Is(err, context.Canceled) {
		return &statusError{exitInterrupt, errors.New("interrupted" + hint)}
	}
	return &statusError{exitIncomplete, fmt.Errorf("%w%s", err, hint)}
}

// finish commits the dataset and prints the summary.
func (r *run) finish() error {
	r.endView()
	sum := r.tally.Summary()
	text, err := summaryJSON(&sum)
	if err == nil {
		err = r.sink.WriteFile(summaryFile, text)
	}
	if err == nil {
		err = r.sink.Commit(r.manifest(&sum))
	}
	if err != nil {
		return r.stopped(err)
	}
	if err := printSummary(r.streams, &sum, r.set.flags.json); err != nil {
		return &statusError{exitIncomplete, err}
	}
	if sum.Problems > 0 {
		return &statusError{exitProblems, nil}
	}
	return nil
}

const summaryFile = "summary.json"

func summaryJSON(s *stats.Summary) ([]byte, error) {
	text, err := json.MarshalIndent(s, "", "  ")
	return append(text, '\n'), err
}

func (r *run) manifest(sum *stats.Summary) sink.Manifest {
	c := dns.CountsOf(r.dns)
	m := sink.Manifest{
		Program: "audit", Inputs: r.reports, Versions: versions(), Flags: r.flagWords(), Started: r.started.UTC(), Finished: time.Now().UTC(),
		Counts: map[string]int64{
			"messages": sum.Messages, "problems": sum.Problems, "dns_asked": c.Asked, "dns_distinct": c.Distinct, "dns_sent": c.Sent,
		},
	}
	return m
}

func (r *run) close() {
	r.endView()
	if r.sink != nil {
		r.sink.Close()
	}
	if r.closeDNS != nil {
		_ = r.closeDNS()
	}
}

func baseName(p string) string { return path.Base(p) }
