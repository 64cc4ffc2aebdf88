package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// The columns that users, scripts and data teams rely on: names and types are
// promised for good. More may be there.
const (
	promisedMessages = `
string  digest source source_format message_id header_from_domain organizational_domain mail_from_domain
string  helo_domain client_ip client_ip_source list_id spf_result spf_domain spf_scope spf_mechanism spf_reason
string  spf_alignment dkim_result dkim_alignment arc_result dmarc_result dmarc_policy_domain dmarc_record
string  dmarc_p dmarc_sp dmarc_np dmarc_t dmarc_adkim dmarc_aspf dmarc_policy disposition disposition_7_4
string  override_type override_comment category recorded_authserv_id recorded_spf recorded_dkim recorded_dmarc
string  recorded_disposition
string  anomalies.list.element
string  dkim.list.element.domain dkim.list.element.selector dkim.list.element.identity dkim.list.element.algorithm
string  dkim.list.element.canonicalization dkim.list.element.result dkim.list.element.reason
string  dkim.list.element.alignment dkim.list.element.key_source
string  arc.list.element.domain arc.list.element.selector arc.list.element.result
int64   source_offset source_length ordinal dkim.list.element.body_length
int32   header_from_count dkim.list.element.key_bits arc.list.element.instance dmarc_pct
time    date received_at as_of dkim.list.element.signed_at dkim.list.element.expires_at
bool    authenticated dkim.list.element.body_hash_match
bytes   dkim.list.element.header_hash dkim.list.element.signature`
	promisedDNS = `
string  name type status records.list.element
int64   ttl
time    observed_at`
	promisedProblems = `
string  source code detail
int64   offset`
)

// promisedWords are the words that a column may hold.
var promisedWords = map[string]string{
	"source_format":    "mbox mboxo mboxrd mboxcl mboxcl2 maildir mh eml emlx tar zip postfix exim sendmail qpsmtpd rspamd opendmarc-history",
	"client_ip_source": "received received_spf authentication_results log none",
	"spf_result":       "none neutral pass fail softfail temperror permerror",
	"spf_scope":        "mfrom helo",
	"spf_alignment":    "strict relaxed none",
	"dkim_result":      "none pass fail policy neutral temperror permerror",
	"dkim_alignment":   "strict relaxed none",
	"arc_result":       "none pass fail",
	"dmarc_result":     "none pass fail temperror permerror",
	"dmarc_policy":     "none quarantine reject",
	"disposition":      "none quarantine reject",
	"disposition_7_4":  "none quarantine reject",
	"category":         promisedCategories,
}

// promisedCategories are the words of the breakdown, in their order.
const promisedCategories = "malformed skipped_authenticated invalid_from nonexistent_domain temperror permerror no_policy " +
	"pass_dkim_strict pass_spf_strict pass_relaxed fail_tolerated fail_quarantine fail_reject"

// shippedDataset judges the shipped archive once.
func shippedDataset(t *testing.T, more ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	args := append([]string{"run", "--dns", "zone:" + filepath.Join(testdata, "zone"), "--out", out, "--progress", "none"}, more...)
	auditRun(t, exitProblems, append(args, filepath.Join(testdata, "archive"))...)
	return out
}

func openParquet(t *testing.T, path string) *parquet.File {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	p, err := parquet.OpenFile(f, info.Size())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestPromisedColumns reads the schemas that other programs see.
func TestPromisedColumns(t *testing.T) {
	t.Parallel()
	out := shippedDataset(t)
	for table, promised := range map[string]string{"messages": promisedMessages, "dns": promisedDNS, "problems": promisedProblems} {
		p := openParquet(t, filepath.Join(out, table, "part-00000.parquet"))
		for _, line := range strings.Split(strings.TrimSpace(promised), "\n") {
			words := strings.Fields(line)
			for _, name := range words[1:] {
				leaf, ok := p.Schema().Lookup(strings.Split(name, ".")...)
				if !ok {
					t.Errorf("%s: no column %s", table, name)
					continue
				}
				if got := typeWord(leaf.Node.Type()); got != words[0] {
					t.Errorf("%s: column %s is %s (%v), want %s", table, name, got, leaf.Node.Type(), words[0])
				}
			}
		}
		for _, group := range p.Metadata().RowGroups {
			for _, c := range group.Columns {
				if c.MetaData.Codec.String() != "ZSTD" {
					t.Errorf("%s: column %v is compressed by %v", table, c.MetaData.PathInSchema, c.MetaData.Codec)
				}
			}
		}
	}
}

// typeWord is a column's type in the words of the promise.
func typeWord(t parquet.Type) string {
	l := ""
	if t.LogicalType() != nil {
		l = t.LogicalType().String()
	}
	switch {
	case l == "STRING" && t.Kind() == parquet.ByteArray:
		return "string"
	case l == "TIMESTAMP(isAdjustedToUTC=true,unit=MICROS)" && t.Kind() == parquet.Int64:
		return "time"
	case l == "" && t.Kind() == parquet.ByteArray:
		return "bytes"
	case t.Kind() == parquet.Boolean:
		return "bool"
	case !strings.HasPrefix(l, "TIMESTAMP") && t.Kind() == parquet.Int64:
		return "int64"
	case t.Kind() == parquet.Int32:
		return "int32"
	}
	return "other"
}

// TestPromisedWords looks at every value of the columns that have words.
func TestPromisedWords(t *testing.T) {
	t.Parallel()
	p := openParquet(t, filepath.Join(shippedDataset(t), "messages", "part-00000.parquet"))
	for name, words := range promisedWords {
		leaf, ok := p.Schema().Lookup(name)
		if !ok {
			t.Errorf("no column %s", name)
			continue
		}
		seen := map[string]bool{}
		for _, v := range columnValues(t, p, leaf.ColumnIndex) {
			if v.IsNull() {
				continue
			}
			if w := string(v.ByteArray()); !slices.Contains(strings.Fields(words), w) {
				t.Errorf("%s is %q", name, w)
			} else {
				seen[w] = true
			}
		}
		if len(seen) == 0 {
			t.Errorf("%s: no value", name)
		}
	}
	// Rows are in input order, numbered from 0.
	leaf, _ := p.Schema().Lookup("ordinal")
	for i, v := range columnValues(t, p, leaf.ColumnIndex) {
		if v.Int64() != int64(i) {
			t.Fatalf("row %d has ordinal %d", i, v.Int64())
		}
	}
	// Domains are lower-case A-labels, digests 128 bits in hex.
	for _, name := range []string{"header_from_domain", "organizational_domain", "mail_from_domain"} {
		leaf, _ := p.Schema().Lookup(name)
		for _, v := range columnValues(t, p, leaf.ColumnIndex) {
			if s := string(v.ByteArray()); s != strings.ToLower(s) || strings.IndexFunc(s, func(r rune) bool { return r > '~' }) >= 0 {
				t.Errorf("%s is %q", name, s)
			}
		}
	}
	leaf, _ = p.Schema().Lookup("digest")
	for i, v := range columnValues(t, p, leaf.ColumnIndex) {
		if s := string(v.ByteArray()); len(s) != 32 || strings.Trim(s, "0123456789abcdef") != "" {
			t.Errorf("row %d: digest %q", i, s)
		}
	}
}

// columnValues are all values of a column that is in no list.
func columnValues(t *testing.T, p *parquet.File, column int) []parquet.Value {
	t.Helper()
	var all []parquet.Value
	for _, g := range p.RowGroups() {
		pages := g.ColumnChunks()[column].Pages()
		for {
			page, err := pages.ReadPage()
			if err != nil {
				break
			}
			values := make([]parquet.Value, page.NumValues())
			n, _ := page.Values().ReadValues(values)
			for _, v := range values[:n] {
				all = append(all, v.Clone())
			}
		}
		pages.Close()
	}
	if int64(len(all)) != p.NumRows() {
		t.Fatalf("column %d: %d values in %d rows", column, len(all), p.NumRows())
	}
	return all
}

// TestPromisedSummary reads summary.json as a script does.
func TestPromisedSummary(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(shippedDataset(t), "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var s struct {
		Messages                       *int64
		Breakdown                      map[string]int64
		Dispositions, SPF, DKIM, DMARC map[string]int64
		Problems                       *int64
		Domains                        []struct {
			Domain    string
			Breakdown map[string]int64
		}
		Coverage map[string]int64
	}
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(promisedCategories)
	if s.Messages == nil || s.Problems == nil || *s.Problems != 2 || len(s.Breakdown) != len(words) {
		t.Fatalf("%s", text)
	}
	total := int64(0)
	last := -1
	for _, w := range words {
		n, ok := s.Breakdown[w]
		if !ok {
			t.Errorf("breakdown lacks %s", w)
		}
		total += n
		at := strings.Index(string(text), `"`+w+`"`)
		if at < last {
			t.Errorf("%s is out of order", w)
		}
		last = at
	}
	if total != *s.Messages {
		t.Errorf("the breakdown adds up to %d of %d messages", total, *s.Messages)
	}
	for name, m := range map[string]map[string]int64{"dispositions": s.Dispositions, "spf": s.SPF, "dkim": s.DKIM, "dmarc": s.DMARC} {
		if len(m) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
	if len(s.Domains) < 10 || s.Domains[0].Domain != "acme.example" || len(s.Domains[0].Breakdown) != len(words) {
		t.Errorf("domains: %+v", s.Domains)
	}
	if s.Coverage["dkim_key_missing"] == 0 || s.Coverage["dns_unanswered"] == 0 {
		t.Errorf("coverage: %v", s.Coverage)
	}
}

// TestDeterminism: the bytes depend on neither workers nor parts that ran ahead.
func TestDeterminism(t *testing.T) {
	t.Parallel()
	one := shippedDataset(t, "--workers", "1", "--part-rows", "50", "--addresses", "full")
	for _, n := range []string{"2", "8"} {
		if diff := datasetsDiffer(one, shippedDataset(t, "--workers", n, "--part-rows", "50", "--addresses", "full")); diff != "" {
			t.Errorf("--workers %s:\n%s", n, diff)
		}
	}
}

// TestManifest: inputs with size, digest and state, flags, versions and counts.
func TestManifest(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(shippedDataset(t, "--rules", "rfc7489"), "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Inputs []struct {
			Path, Digest, State string
			Size                int64
		}
		Flags, Versions map[string]string
		Counts          map[string]int64
	}
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	_ = filepath.Walk(filepath.Join(testdata, "archive"), func(_ string, info os.FileInfo, _ error) error {
		if !info.IsDir() {
			size += info.Size()
		}
		return nil
	})
	if len(m.Inputs) != 1 || m.Inputs[0].Size != size || m.Inputs[0].Digest == "" || m.Inputs[0].State != "partial" {
		t.Errorf("inputs: %+v", m.Inputs)
	}
	if m.Flags["rules"] != "rfc7489" || m.Versions["audit"] == "" || m.Counts["messages"] != 327 || m.Counts["problems"] != 2 {
		t.Errorf("%s", text)
	}
}
