package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/sink"
	"mailaudit/stats"
)

const testdata = "../../testdata"

// auditRun runs the command and returns its standard output.
func auditRun(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, diag bytes.Buffer
	got := execute(context.Background(), &streams{in: strings.NewReader(""), out: &out, err: &diag}, args)
	if got != want {
		t.Fatalf("audit %s: exit status %d, want %d\n%s", strings.Join(args, " "), got, want, &diag)
	}
	return out.String()
}

// truth is one row of testdata/truth.tsv.
type truth map[string]string

func readTruth(t *testing.T) []truth {
	t.Helper()
	f, err := os.Open(filepath.Join(testdata, "truth.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.Comma, r.LazyQuotes = '\t', true
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var out []truth
	for _, row := range rows[1:] {
		m := truth{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}

// agrees tells whether a word is what a cell allows.
func agrees(cell, got string) bool {
	if cell == "*" {
		return true
	}
	for _, w := range strings.Split(cell, "|") {
		if w == got {
			return true
		}
	}
	return false
}

// observed is a record in the words of truth.tsv.
func observed(r *evaluate.Record) map[string]string {
	e, v := r.Evidence, &r.Verdict
	m := map[string]string{
		"message_id": e.MessageID, "category": string(v.Category), "disposition": string(v.Disposition),
		"spf_result": string(stats.SPFResult(v)), "spf_domain": v.SPF.Domain, "dkim_result": string(stats.DKIMResult(v)),
		"arc_result": string(v.ARC.Result), "spf_alignment": string(v.DMARC.SPFAlignment), "dkim_alignment": "none",
		"dmarc_result": string(v.DMARC.Result), "dmarc_policy_domain": v.DMARC.PolicyDomain,
		"dmarc_policy": string(v.DMARC.Policy), "client_ip": "", "client_ip_source": string(e.Envelope.Basis),
		"helo_domain": e.Envelope.HELO, "mail_from_domain": e.Envelope.MailFromDomain,
		"header_from_domain": e.Author.Domain(), "authenticated": strconv.FormatBool(e.Envelope.Authenticated),
		"list_id": e.ListID, "received_at": "", "recorded_spf": e.Recorded.SPF, "recorded_dkim": e.Recorded.DKIM,
		"recorded_dmarc": e.Recorded.DMARC,
	}
	if e.Envelope.ClientIP.IsValid() {
		m["client_ip"] = e.Envelope.ClientIP.String()
	}
	if !e.Envelope.ReceivedAt.IsZero() {
		m["received_at"] = e.Envelope.ReceivedAt.UTC().Format(time.RFC3339)
	}
	if i := v.DKIMBest; i >= 0 && v.DKIM[i].Result == "pass" && i < len(v.DMARC.DKIMAlignments) {
		m["dkim_alignment"] = string(v.DMARC.DKIMAlignments[i])
	}
	return m
}

// TestTruth judges the archive of testdata under both rule books and compares
// every message with what its maker knows of it.
func TestTruth(t *testing.T) {
	t.Parallel()
	for rules, suffix := range map[string]string{"rfc9989": "", "rfc7489": "_rfc7489"} {
		t.Run(rules, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(t.TempDir(), "out")
			auditRun(t, exitProblems, "run", "--out", out, "--rules", rules, "--authserv-id", "mx.example.org",
				"--dns", "zone:"+filepath.Join(testdata, "zone"), "--addresses", "full", filepath.Join(testdata, "archive"))
			compareTruth(t, out, suffix)
		})
	}
}

func compareTruth(t *testing.T, out, suffix string) {
	d, err := sink.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	type place struct {
		source string
		offset string
	}
	got := map[place]map[string]string{}
	for r, err := range d.Records() {
		if err != nil {
			t.Fatal(err)
		}
		o := r.Evidence.Origin
		got[place{relative(o.Source), strconv.FormatInt(o.Offset, 10)}] = observed(r)
	}
	problems := map[string]bool{}
	for p, err := range d.Problems() {
		if err != nil {
			t.Fatal(err)
		}
		problems[relative(p.Source)] = true
	}
	compared := 0
	for _, want := range readTruth(t) {
		row, ok := got[place{want["source"], want["source_offset"]}]
		if !ok {
			// What is no message at all is a problem, not a row.
			if want["category"] != "malformed" || !problems[want["source"]] {
				t.Errorf("%s:%s (%s): no row, no problem", want["source"], want["source_offset"], want["scenario"])
			}
			continue
		}
		compared++
		compareRow(t, want, row, suffix)
	}
	if compared < 300 {
		t.Errorf("only %d messages compared", compared)
	}
}

func compareRow(t *testing.T, want truth, row map[string]string, suffix string) {
	for name, value := range row {
		cell, ok := want[name+suffix]
		if !ok {
			if cell, ok = want[name]; !ok {
				continue
			}
		}
		if !agrees(cell, value) {
			t.Errorf("%s:%s (%s): %s is %q, want %q", want["source"], want["source_offset"], want["scenario"], name, value, cell)
		}
	}
}

func relative(source string) string {
	rel, err := filepath.Rel(testdata, source)
	if err != nil {
		return source
	}
	return filepath.ToSlash(rel)
}
