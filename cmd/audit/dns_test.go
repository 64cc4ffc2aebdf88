package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/history"
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

// TestOtherKeys judges the shipped archive by a history in which every selector
// had a wrong key on the day, and the right one at another time: what passes by
// the zone passes still, told as such, and the run repeats from its own answers.
func TestOtherKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, zone := filepath.Join(dir, "past.db"), "zone:"+filepath.Join(testdata, "zone")
	swapKeys(t, store)
	archive := filepath.Join(testdata, "archive")
	for _, run := range [...][2]string{{"zone", zone}, {"swapped", "history:" + store + "," + zone}, {"replayed", "replay:" + filepath.Join(dir, "swapped")}} {
		auditRun(t, exitProblems, "run", "--dns", run[1], "--out", filepath.Join(dir, run[0]), "--progress", "none", archive)
	}
	if diff := datasetsDiffer(filepath.Join(dir, "swapped"), filepath.Join(dir, "replayed")); diff != "" {
		t.Error(diff)
	}
	right, swapped := signatures(t, filepath.Join(dir, "zone")), signatures(t, filepath.Join(dir, "swapped"))
	others := 0
	for at, want := range right {
		got := swapped[at]
		if want.Result == "pass" && got.Result != "pass" {
			t.Errorf("message %d, signature %d: %s %s (%s)", at.ordinal, at.index, got.Result, got.Reason, got.KeySource)
		}
		if got.Reason == "other_key" {
			others++
			if got.KeySource != "history other_key" || got.Result != "pass" {
				t.Errorf("message %d, signature %d: %s from %q", at.ordinal, at.index, got.Result, got.KeySource)
			}
		}
	}
	if others < 50 {
		t.Errorf("%d signatures pass by another key", others)
	}
	if text := auditRun(t, exitOK, "summary", filepath.Join(dir, "swapped")); !strings.Contains(text, "verified by a key of another time") {
		t.Errorf("the summary does not tell:\n%s", text)
	}
}

// TestLearnedKeys judges the shipped archive by the keys that its own signatures
// prove, and by nothing else.
func TestLearnedKeys(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, first, again := filepath.Join(dir, "learned.db"), filepath.Join(dir, "first"), filepath.Join(dir, "again")
	auditRun(t, exitProblems, "run", "--dns", "zone:"+filepath.Join(testdata, "zone"), "--out", first, "--progress", "none", filepath.Join(testdata, "archive"))
	auditRun(t, exitOK, "dns", "learn", store, first)
	auditRun(t, exitProblems, "reevaluate", first, "--dns", "history:"+store, "--out", again, "--progress", "none")
	passed := 0
	learned := signatures(t, again)
	for at, want := range signatures(t, first) {
		got := learned[at]
		if want.Result != "pass" || want.Reason == "logged" {
			continue
		}
		if passed++; got.Result != "pass" || got.KeySource != "history" {
			t.Errorf("message %d, signature %d: %s %s by %q", at.ordinal, at.index, got.Result, got.Reason, got.KeySource)
		}
	}
	if passed < 50 {
		t.Errorf("%d signatures pass", passed)
	}
	if text := auditRun(t, exitOK, "dns", "learn", store, first); !strings.HasSuffix(text, " 0 names new or changed\n") {
		t.Errorf("learning again: %s", text)
	}
}

// swapKeys makes a store in which each key record of the shipped zone has
// another's text in the years of the archive, and its own long before.
func swapKeys(t *testing.T, path string) {
	t.Helper()
	z, err := dns.Zone(filepath.Join(testdata, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	wrong := []string{"v=DKIM1; k=rsa; p=" + otherKey(t)}
	st, err := history.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	day := func(year int) time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }
	_, err = st.Add(func(yield func(history.Observation, error) bool) {
		for a := range z.Answers() {
			if a.Type != dns.TypeTXT || !strings.Contains(a.Name, "._domainkey.") {
				continue
			}
			o := history.Observation{Name: a.Name, Type: a.Type, Status: dns.Success, Whole: true}
			o.Records, o.First, o.Last = wrong, day(2005), day(2040)
			if !yield(o, nil) {
				return
			}
			o.Records, o.First, o.Last = a.Records, day(1999), day(2000)
			if !yield(o, nil) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// otherKey is a public key that signed nothing.
func otherKey(t *testing.T) string {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(public)
}

// signatures are the outcomes of a dataset's signatures.
func signatures(t *testing.T, dir string) map[place]dkim.Outcome {
	t.Helper()
	d, err := sink.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	out := map[place]dkim.Outcome{}
	for r, err := range d.Records("ordinal", "dkim") {
		if err != nil {
			t.Fatal(err)
		}
		for i := range r.Verdict.DKIM {
			out[place{r.Evidence.Origin.Ordinal, i}] = r.Verdict.DKIM[i]
		}
	}
	return out
}
