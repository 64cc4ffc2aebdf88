package main

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dmarc"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
	"mailaudit/reader/maillog"
	"mailaudit/sink"
)

// runFlags are the flags of audit run, as given.
type runFlags struct {
	out               string
	resume, overwrite bool
	format            string
	dns               string
	resolvers         []string
	dnsTimeout        time.Duration
	asOf              string
	rules             string
	profile           string
	trusted           []string
	authserv          []string
	nonexistent       string
	addresses         string
	addressKey        string
	workers           int
	progress          string
	json              bool
	retryFailed       bool // of reevaluate
	limit             int64
	since, until      string
	partRows          int64
	partitionBy       string
	logZone, logUntil string
}

// register adds the flags of audit run.
func (f *runFlags) register(c *cobra.Command) {
	f.registerOutput(c)
	f.registerVerdict(c)
	fs := c.Flags()
	fs.StringVar(&f.format, "format", "auto", "input `format`: "+strings.Join(formatWords(), ", "))
	fs.StringSliceVar(&f.trusted, "trusted-networks", nil, "relays whose Received lines are believed, `CIDR,...`, besides private addresses")
	fs.StringSliceVar(&f.authserv, "authserv-id", nil, "whose Authentication-Results are recorded as the verdict of the day")
	fs.StringVar(&f.addresses, "addresses", "none", "what of local parts of addresses reaches the dataset: none, hash (under your key) or full")
	fs.StringVar(&f.addressKey, "address-key", "", "`file` with the key for --addresses hash, 32 or more hex digits")
	fs.Int64Var(&f.limit, "limit", 0, "stop after this many messages; 0 for all")
	fs.StringVar(&f.since, "since", "", "only messages that arrived at this `time` or later (RFC 3339 or a date)")
	fs.StringVar(&f.until, "until", "", "only messages that arrived before this `time` (RFC 3339 or a date)")
	fs.StringVar(&f.logZone, "log-zone", "UTC", "time `zone` of log stamps that have none, such as Europe/Paris")
	fs.StringVar(&f.logUntil, "log-until", "", "no log line is later than this `time`: gives the year of stamps that have none (default: when the file was last changed)")
	complete(c, "format", formatWords()...)
	complete(c, "addresses", "none", "hash", "full")
}

// registerVerdict adds the flags that change verdicts.
func (f *runFlags) registerVerdict(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.dns, "dns", "live", "`sources` of DNS answers, asked in order: live, zone:PATH, overlay:PATH, replay:DATASET, history:PATH")
	fs.StringSliceVar(&f.resolvers, "resolver", nil, "DNS servers for live, `host:port` (default: the system's)")
	fs.DurationVar(&f.dnsTimeout, "dns-timeout", dns.DefaultTimeout, "how long live waits for the first answer to a question; three more queries wait longer each")
	fs.StringVar(&f.asOf, "as-of", "message", "the `moment` judged at: message (its arrival), now, or an RFC 3339 time")
	fs.StringVar(&f.rules, "rules", "rfc9989", "DMARC rule book: rfc9989 or rfc7489")
	fs.StringVar(&f.profile, "profile", "strict", "DKIM rules: strict (today's) or historic (those of the message's day)")
	fs.StringVar(&f.nonexistent, "nonexistent", "reject", "what the domain existence test does: reject or ignore")
	complete(c, "as-of", "message", "now")
	complete(c, "rules", "rfc9989", "rfc7489")
	complete(c, "profile", "strict", "historic")
	complete(c, "nonexistent", "reject", "ignore")
}

// registerOutput adds the flags about the dataset and the screen.
func (f *runFlags) registerOutput(c *cobra.Command) {
	fs := c.Flags()
	fs.StringVar(&f.out, "out", "audit-out", "the dataset's `folder`")
	fs.BoolVar(&f.resume, "resume", false, "go on where a run stopped; start afresh where there is none")
	fs.BoolVar(&f.overwrite, "overwrite", false, "replace the dataset that is there")
	fs.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "processors to use")
	fs.StringVar(&f.progress, "progress", "auto", "progress on stderr: auto, plain or none")
	fs.BoolVar(&f.json, "json", false, "print the summary as JSON")
	fs.Int64Var(&f.partRows, "part-rows", sink.DefaultPartRows, "messages that a part of a table covers: what a killed run may have to do again")
	fs.StringVar(&f.partitionBy, "partition-by", "none", "layout of the table messages: none, or month for folders as Hive names them, messages/month=2024-03")
	c.MarkFlagsMutuallyExclusive("resume", "overwrite")
	complete(c, "partition-by", partitionWords...)
	complete(c, "progress", "auto", "plain", "none")
}

// complete offers words for a flag to the shell.
func complete(c *cobra.Command, flag string, words ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
}

// settings are the flags of a run, checked.
type settings struct {
	flags    *runFlags
	format   reader.Format
	evidence evidence.Options
	profile  evaluate.Profile
	sink     sink.Options
	since    time.Time
	until    time.Time
	logs     maillog.Options
}

// check turns the flags into settings; every error names its flag.
func (f *runFlags) check(now time.Time) (*settings, error) {
	s := &settings{flags: f, format: reader.Format(f.format)}
	for _, step := range []func(*settings, time.Time) error{
		f.checkWords, f.checkTimes, f.checkEvidence, f.checkAddresses,
	} {
		if err := step(s, now); err != nil {
			return nil, &statusError{exitUsage, err}
		}
	}
	return s, nil
}

func (f *runFlags) checkWords(s *settings, _ time.Time) error {
	if !contains(formatWords(), f.format) {
		return fmt.Errorf("--format %q: not one of %s", f.format, strings.Join(formatWords(), ", "))
	}
	switch f.rules {
	case "rfc9989":
		s.profile.Rules = dmarc.RFC9989
	case "rfc7489":
		s.profile.Rules = dmarc.RFC7489
	default:
		return fmt.Errorf("--rules %q: neither rfc9989 nor rfc7489", f.rules)
	}
	switch f.profile {
	case "strict":
	case "historic":
		s.profile.DKIM = dkim.Profile{Historic: true}
	default:
		return fmt.Errorf("--profile %q: neither strict nor historic", f.profile)
	}
	switch f.nonexistent {
	case "reject":
	case "ignore":
		s.profile.IgnoreExistence = true
	default:
		return fmt.Errorf("--nonexistent %q: neither reject nor ignore", f.nonexistent)
	}
	if !contains([]string{"auto", "plain", "none"}, f.progress) {
		return fmt.Errorf("--progress %q: not one of auto, plain, none", f.progress)
	}
	if f.workers < 1 {
		return fmt.Errorf("--workers %d: less than 1", f.workers)
	}
	if s.sink.PartRows = f.partRows; f.partRows < 1 {
		return fmt.Errorf("--part-rows %d: less than 1", f.partRows)
	}
	switch f.partitionBy {
	case "none":
	case string(sink.PartitionMonth):
		s.sink.PartitionBy = sink.PartitionMonth
	default:
		return fmt.Errorf("--partition-by %q: not one of %s", f.partitionBy, strings.Join(partitionWords, ", "))
	}
	if f.dnsTimeout <= 0 {
		return fmt.Errorf("--dns-timeout %v: not more than 0", f.dnsTimeout)
	}
	if f.limit < 0 {
		return fmt.Errorf("--limit %d: less than 0", f.limit)
	}
	return nil
}

func (f *runFlags) checkTimes(s *settings, now time.Time) (err error) {
	switch f.asOf {
	case "message":
	case "now":
		s.profile.AsOf = now
	default:
		if s.profile.AsOf, err = time.Parse(time.RFC3339, f.asOf); err != nil {
			return fmt.Errorf("--as-of %q: neither message, now nor an RFC 3339 time", f.asOf)
		}
		s.profile.AsOf = s.profile.AsOf.UTC()
	}
	if s.since, err = parseWhen(f.since); err != nil {
		return fmt.Errorf("--since %w", err)
	}
	if s.until, err = parseWhen(f.until); err != nil {
		return fmt.Errorf("--until %w", err)
	}
	return f.checkLogs(s, now)
}

// checkLogs settles what stamps mean that lack a zone or a year.
func (f *runFlags) checkLogs(s *settings, now time.Time) (err error) {
	if s.logs.Zone, err = time.LoadLocation(f.logZone); err != nil {
		return fmt.Errorf("--log-zone %q: %w", f.logZone, err)
	}
	if s.logs.Until, err = parseWhen(f.logUntil); err != nil {
		return fmt.Errorf("--log-until %w", err)
	}
	if s.logs.Until.IsZero() {
		s.logs.Until, s.logs.UntilOf = now, lastChange
	}
	return nil
}

// lastChange is when a file was last written, as far as that can be told.
func lastChange(source string) time.Time {
	if info, err := os.Stat(source); err == nil {
		return info.ModTime()
	}
	return time.Time{}
}

// parseWhen reads an RFC 3339 time or a date, whose midnight in UTC is meant.
func parseWhen(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%q: neither an RFC 3339 time nor a date", s)
}

func (f *runFlags) checkEvidence(s *settings, _ time.Time) error {
	for _, t := range f.trusted {
		p, err := parsePrefix(strings.TrimSpace(t))
		if err != nil {
			return fmt.Errorf("--trusted-networks %q: %w", t, err)
		}
		s.evidence.TrustedNetworks = append(s.evidence.TrustedNetworks, p)
	}
	for _, id := range f.authserv {
		s.evidence.AuthservIDs = append(s.evidence.AuthservIDs, strings.ToLower(strings.TrimSpace(id)))
	}
	return nil
}

// parsePrefix reads a network, or a single address.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	return p.Masked(), err
}

// checkAddresses reads the key of --addresses hash.
func (f *runFlags) checkAddresses(s *settings, _ time.Time) error {
	s.sink.Addresses = sink.Addresses(f.addresses)
	switch s.sink.Addresses {
	case sink.AddressesNone, sink.AddressesFull:
		if f.addressKey != "" {
			return fmt.Errorf("--address-key: only with --addresses hash")
		}
	case sink.AddressesHash:
		if f.addressKey == "" {
			return fmt.Errorf("--addresses hash: needs --address-key")
		}
		text, err := os.ReadFile(f.addressKey)
		if err != nil {
			return fmt.Errorf("--address-key: %w", err)
		}
		if s.sink.HashKey, err = hex.DecodeString(strings.TrimSpace(string(text))); err != nil {
			return fmt.Errorf("--address-key %s: not hex digits", f.addressKey)
		}
		if len(s.sink.HashKey) < 16 {
			return fmt.Errorf("--address-key %s: %d hex digits, at least 32 are needed", f.addressKey, 2*len(s.sink.HashKey))
		}
	default:
		return fmt.Errorf("--addresses %q: not one of none, hash, full", f.addresses)
	}
	return nil
}

func contains(words []string, w string) bool {
	for _, x := range words {
		if x == w {
			return true
		}
	}
	return false
}

// partitionWords are the words of --partition-by.
var partitionWords = []string{"none", string(sink.PartitionMonth)}

// formatWords are the words of --format.
func formatWords() []string {
	return []string{"auto", "mbox", "mboxo", "mboxrd", "mboxcl", "mboxcl2", "maildir", "mh", "eml", "tar", "zip",
		"postfix", "exim", "sendmail", "qpsmtpd", "rspamd", "opendmarc-history"}
}
