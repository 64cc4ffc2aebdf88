package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/reader"
	"mailaudit/reader/maillog"
	"mailaudit/sink"
	"mailaudit/stats"
)

// open opens what a run needs: the DNS sources first, as opening the dataset may
// remove what is there, which a mistake on the command line must not cost.
func (r *run) open() error {
	src, err := r.openSource()
	if err != nil {
		return err
	}
	if err := r.openSink(); err != nil {
		return err
	}
	if src, err = r.afterRecorded(src); err != nil {
		return &statusError{exitIncomplete, err}
	}
	r.dns = dns.Cache(src)
	r.eval = evaluate.New(r.dns, r.set.profile)
	if err := r.recount(); err != nil {
		return &statusError{exitIncomplete, err}
	}
	return nil
}

// recount counts what a resumed run had written before it stopped.
func (r *run) recount() error {
	if !r.set.flags.resume {
		return nil
	}
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
		r.note(p)
	}
	c, err := countRows(context.Background(), d, false)
	if err == nil {
		r.tally.Merge(&c.stats)
	}
	return err
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
	case errors.Is(err, sink.ErrDiffers), errors.Is(err, sink.ErrLocked):
		return &statusError{exitUsage, err}
	case err != nil:
		return &statusError{exitIncomplete, err}
	}
	return nil
}

// identity is what must be the same for a run to be resumed.
func (r *run) identity() map[string]string {
	m := r.flagWords()
	for _, free := range []string{"workers", "progress", "json", "resume", "overwrite", "out", "address-key", "dns-timeout", "partition-by"} { // the sink compares the last itself
		delete(m, free)
	}
	if !r.set.profile.AsOf.IsZero() {
		m["as-of"] = r.set.profile.AsOf.Format(time.RFC3339Nano) // "now" was another moment
	}
	for i, in := range r.inputs {
		m[fmt.Sprintf("input %d", i+1)] = in
		if mark := fingerprint(in, r.set.flags.out); mark != "" {
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
		"log-zone": f.logZone, "log-until": f.logUntil, "dns-timeout": f.dnsTimeout.String(), "limit": strconv.FormatInt(f.limit, 10), "since": f.since, "until": f.until,
	}
	if f.retryFailed {
		m["retry-failed"] = "true"
	}
	if f.partitionBy != "none" {
		m["partition-by"] = f.partitionBy
	}
	for k, v := range m {
		if v == "" || k == "limit" && v == "0" {
			delete(m, k)
		}
	}
	return m
}

// errOwnOutput is a source of answers that the run would write over.
var errOwnOutput = errors.New("that is the dataset to be written; give another --out")

// openSource opens the sources that --dns names.
func (r *run) openSource() (src dns.Source, err error) {
	f := r.set.flags
	src, r.closeDNS, err = openDNS(f.dns, openers(f.servers(), f.dnsTimeout, f.out))
	if err == nil && f.retryFailed {
		src, err = afterAnswered(r.inputs[0], src)
	}
	return src, err
}

// afterRecorded puts what was answered before a resumed run stopped before the
// sources: within a run a question has one answer, and is not asked again.
func (r *run) afterRecorded(src dns.Source) (dns.Source, error) {
	if r.sink.Resumed().NextOrdinal == 0 {
		return src, nil
	}
	recorded, err := openReplay(r.set.flags.out)
	if err != nil {
		return nil, err
	}
	return dns.Chain(recorded, src), nil
}

func openReplay(dir string) (dns.Source, error) { return dns.Replay(sink.ReadDNS(dir)) }

func (r *run) readerOptions() reader.Options {
	return reader.Options{
		Format: r.set.format, Logs: maillog.Readers(r.set.logs), Limit: r.set.flags.limit, Stdin: r.streams.in, Progress: &r.progress,
		Omit: r.set.flags.out, // where the dataset lies in a folder that is read
		Skip: r.skip(), SkipProblems: r.skipProblems,
		OnInput: func(in reader.Input) {
			r.reports = append(r.reports, sink.Input{
				Path: in.Path, Size: in.Size, Digest: "xxh3-128:" + in.Digest, State: string(in.State),
			})
		},
	}
}

// resumed is what the dataset had when the run began: nothing, unless the run
// resumes one, which is opened then.
func (r *run) resumed() sink.State {
	if !r.set.flags.resume {
		return sink.State{}
	}
	return r.sink.Resumed()
}

// skip is how many units a resumed run need not see: all that it has written but
// the last, which shows whether the inputs are still the same.
func (r *run) skip() int64 {
	s := r.resumed()
	if s.Last == nil {
		return s.NextOrdinal
	}
	return s.Last.Ordinal
}

// stopped is how a run ends that did not complete.
func (r *run) stopped(err error) error {
	r.endView()
	r.tell(r.tally.Summary().Problems)
	r.sink.Close()
	if errors.Is(err, errChanged) {
		return &statusError{exitUsage, err}
	}
	hint := fmt.Sprintf("; go on with: audit %s --resume --out %s ...", r.command, r.set.flags.out)
	if errors.Is(err, context.Canceled) {
		return &statusError{exitInterrupt, errors.New("interrupted" + hint)}
	}
	return &statusError{exitIncomplete, fmt.Errorf("%w%s", err, hint)}
}

// finish commits the dataset and prints the summary.
func (r *run) finish() error {
	r.endView()
	sum := r.tally.Summary()
	r.tell(sum.Problems)
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
		return err
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
