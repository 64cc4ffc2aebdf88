package history_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/history"
)

func all(t testing.TB, path string) []history.Observation {
	t.Helper()
	var out []history.Observation
	for o, err := range open(t, path).All() {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// TestMergeAnyOrder: the same observations in any order, any number of times and
// in any batches make the same store.
func TestMergeAnyOrder(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var list []history.Observation
	for i := range 300 {
		first := day("2018-01-01").AddDate(0, 0, r.IntN(1500))
		o := history.Observation{
			Name: fmt.Sprintf("n%d.example", r.IntN(8)), Type: dns.TypeTXT, Status: dns.Success, Records: []string{fmt.Sprint(r.IntN(3))},
			Whole: r.IntN(2) == 0, First: first, Last: first.AddDate(0, 0, r.IntN(40)), Count: uint64(r.IntN(9)), Origins: 1 << (i % 5),
		}
		if r.IntN(6) == 0 {
			o.Status, o.Records, o.Whole = dns.NoData, nil, true
		}
		list = append(list, o)
	}
	want := all(t, store(t, seq(list...)))
	for range 5 {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		n := r.IntN(len(list))
		got := all(t, store(t, seq(list[:n]...), seq(list[n/2:]...), seq(list[:n]...)))
		if d := cmp.Diff(want, got); d != "" {
			t.Fatalf("(-want +got):\n%s", d)
		}
	}
	if len(want) >= len(list) {
		t.Errorf("%d observations of %d: nothing merged", len(want), len(list))
	}
}

func TestMerge(t *testing.T) {
	t.Parallel()
	const n = "example.com"
	with := func(o history.Observation, count uint64, from history.Origins) history.Observation {
		o.Count, o.Origins = count, from
		return o
	}
	got := all(t, store(t, seq(
		with(txts(n, "2020-01-01", "2020-02-01", "a"), 7, history.FromPassive),
		with(txts(n, "2020-03-01", "2020-04-01", "a"), 3, history.FromDataset), // 29 days later
		txts(n, "2020-06-01", "2020-07-01", "a"),                               // 61 days later
		txt(n, "2020-01-01", "2020-02-01", "a"),                                // not the whole set
	)))
	want := []history.Observation{
		with(txt(n, "2020-01-01", "2020-02-01", "a"), 0, 0),
		with(txts(n, "2020-01-01", "2020-04-01", "a"), 7, history.FromPassive|history.FromDataset),
		txts(n, "2020-06-01", "2020-07-01", "a"),
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestAddAgainChangesNothing(t *testing.T) {
	t.Parallel()
	path := store(t, seq(txts("example.com", "2020-01-01", "2020-02-01", "a")))
	st, err := history.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	bad := txts("", "2020-01-01", "2020-02-01", "a")
	back := txts("b.example", "2021-01-01", "2020-02-01", "a")
	got, err := st.Add(seq(txts("example.com", "2020-01-10", "2020-02-01", "a"), bad, back))
	if want := (history.Added{Read: 3, Refused: 2}); err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	st := open(t, store(t, seq(
		txts("a.example", "2020-01-01", "2020-02-01", "x"), txts("a.example.com", "2020-01-01", "2020-02-01", "y"),
		cname("a.example", "2020-03-01", "2020-04-01", "b.example"),
		history.Observation{Name: "odd \xff.example", Type: dns.TypeA, Status: dns.Success, Records: []string{"192.0.2.1"}, Whole: true},
	)))
	var got []dns.Type
	for o, err := range st.OfName("a.example") {
		if err != nil || o.Name != "a.example" {
			t.Fatal(o, err)
		}
		got = append(got, o.Type)
	}
	if !slices.Equal(got, []dns.Type{dns.TypeCNAME, dns.TypeTXT}) {
		t.Errorf("%v", got)
	}
}

// TestNotAStore: files that are something else stay as they are, and are told.
func TestNotAStore(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("this is a text of some length, and no store"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, opener := range []func(string) (*history.Store, error){history.Create, history.Open} {
		if _, err := opener(path); !errors.Is(err, history.ErrNoStore) {
			t.Errorf("%v", err)
		}
	}
	if _, err := history.Open(path + "2"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// TestDamaged: sights whose bytes were changed are an error, not other sights.
func TestDamaged(t *testing.T) {
	t.Parallel()
	path := store(t, seq(txts("example.com", "2020-01-01", "2020-02-01", "some text")))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.ReplaceAll(text, []byte("\x09some text"), []byte("\x0asome text"))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	src := open(t, path).Source(history.Options{})
	if a, err := src.Lookup(t.Context(), dns.Question{Name: "example.com", Type: dns.TypeTXT}); err == nil {
		t.Errorf("%+v", a)
	}
	if err := os.WriteFile(path, text[:len(text)/4], 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := history.Open(path); err == nil {
		t.Error("a cut store opens")
	}
}

func BenchmarkLookup(b *testing.B) {
	const n = 200_000
	path := store(b, func(yield func(history.Observation, error) bool) {
		for i := range n {
			o := txt(fmt.Sprintf("s%d._domainkey.d%d.example", i%4, i/4), "2020-01-01", "2021-02-01", "v=DKIM1; k=rsa; p="+string(make([]byte, 200)))
			if !yield(o, nil) {
				return
			}
		}
	})
	src := open(b, path).Source(history.Options{})
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		i = (i*7919 + 1) % n
		q := dns.Question{Name: fmt.Sprintf("s%d._domainkey.d%d.example", i%4, i/4), Type: dns.TypeTXT, At: day("2020-05-05")}
		if a, err := src.Lookup(b.Context(), q); err != nil || a.Status != dns.Success {
			b.Fatal(a, err)
		}
	}
}

func BenchmarkAdd(b *testing.B) {
	b.ReportAllocs()
	start := day("2020-01-01")
	for b.Loop() {
		path := filepath.Join(b.TempDir(), "past.db")
		st, err := history.Create(path)
		if err != nil {
			b.Fatal(err)
		}
		const n = 100_000
		begun := time.Now()
		if _, err := st.Add(func(yield func(history.Observation, error) bool) {
			for i := range n {
				k := i * 7919 % n
				o := txt(fmt.Sprintf("s%d._domainkey.d%d.example", k%4, k/4), "2020-01-01", "2021-02-01", "v=DKIM1; k=rsa; p="+string(make([]byte, 200)))
				o.First = start
				if !yield(o, nil) {
					return
				}
			}
		}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(n/time.Since(begun).Seconds(), "observations/s")
		st.Close()
	}
}
