package main

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"mailaudit/sink"
)

// lists is a sample of public list mail, with the keys of years and what each
// signature comes to by arithmetic.
const lists = "../../../shared/vectors/lists-sample"

// TestHistoryOnLists judges years of mail by keys that have changed since, and
// learns the keys back from the signatures.
func TestHistoryOnLists(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(lists); err != nil {
		t.Skip("the list sample is not here")
	}
	dir := t.TempDir()
	store, out := filepath.Join(dir, "past.db"), filepath.Join(dir, "out")
	auditRun(t, exitOK, "dns", "import", store, filepath.Join(lists, "dkim_keys.cof.jsonl"))
	auditRun(t, exitOK, "run", "--dns", "history:"+store, "--out", out, "--progress", "none", filepath.Join(lists, "messages.mboxrd.xz"))
	judged := listTruth(t, "DKIM")
	agreed := 0
	d, err := sink.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range d.Records("ordinal", "dkim") {
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Verdict.DKIM {
			s := &r.Evidence.Signatures[i]
			want, ok := judged[place{r.Evidence.Origin.Ordinal, i}]
			if !ok || s.Domain != want.domain || s.Selector != want.selector {
				continue
			}
			if agreed++; string(r.Verdict.DKIM[i].Result) != want.result {
				t.Errorf("message %d, signature %d of %s: %s %s, want %s", r.Evidence.Origin.Ordinal, i, s.Domain,
					r.Verdict.DKIM[i].Result, r.Verdict.DKIM[i].Reason, want.result)
			}
		}
	}
	if agreed != len(judged) || agreed == 0 {
		t.Errorf("%d signatures of %d compared", agreed, len(judged))
	}
	proven := 0
	for _, j := range judged {
		if j.result == "pass" {
			proven++
		}
	}
	learned := filepath.Join(dir, "learned.db")
	if text := auditRun(t, exitOK, "dns", "learn", learned, out); !strings.Contains(text, strconv.Itoa(proven)+" signatures prove ") {
		t.Errorf("%q, want %d signatures", text, proven)
	}
	again := filepath.Join(dir, "again")
	auditRun(t, exitOK, "reevaluate", out, "--out", again, "--dns", "history:"+learned, "--progress", "none")
	if a, b := countPassing(t, out), countPassing(t, again); a != b || a != proven {
		t.Errorf("%d signatures pass, %d by the keys they proved; want %d", a, b, proven)
	}
}

// place is a signature of a message.
type place struct {
	ordinal int64
	index   int
}

type listed struct{ domain, selector, result string }

// listTruth reads what signatures of one kind come to, where that is known.
func listTruth(t *testing.T, kind string) map[place]listed {
	t.Helper()
	f, err := os.Open(filepath.Join(lists, "dkim_truth.tsv"))
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
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	// idx counts other kinds of fields too; the rows stand in its order.
	out, next := map[place]listed{}, map[int64]int{}
	for _, row := range rows[1:] {
		if row[at["kind"]] != kind {
			continue
		}
		n, err := strconv.ParseInt(row[at["n"]], 10, 64)
		if err != nil {
			t.Fatal(row)
		}
		p := place{n, next[n]}
		next[n]++
		if result := row[at["computed"]]; result == "pass" || result == "fail" {
			out[p] = listed{row[at["d"]], row[at["s"]], result}
		}
	}
	return out
}

// countPassing counts the signatures of a dataset that pass.
func countPassing(t *testing.T, dir string) (n int) {
	t.Helper()
	d, err := sink.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for r, err := range d.Records("dkim.result") {
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Verdict.DKIM {
			if r.Verdict.DKIM[i].Result == "pass" {
				n++
			}
		}
	}
	return n
}
