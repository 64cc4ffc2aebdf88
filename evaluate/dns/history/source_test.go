package history_test

import (
	"context"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/dns/dnstest"
	"mailaudit/evaluate/dns/history"
)

func seq(list ...history.Observation) iter.Seq2[history.Observation, error] {
	return func(yield func(history.Observation, error) bool) {
		for _, o := range list {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// dated gives every answer of the suite's zone a time at which it was seen.
func dated(t testing.TB) iter.Seq2[history.Observation, error] {
	zone := dnstest.Zone(t, dnstest.ConformZone)
	return history.OfAnswers(func(yield func(*dns.Answer, error) bool) {
		for _, q := range dnstest.ConformQuestions() {
			a, err := zone.Lookup(context.Background(), q)
			if err != nil {
				t.Fatal(err)
			}
			d := *a
			d.ObservedAt = day("2020-06-01")
			if !yield(&d, nil) {
				return
			}
		}
	}, nil)
}

func day(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse("2006-01-02", s)
	if err != nil {
		panic(err)
	}
	return t
}

func store(t testing.TB, lists ...iter.Seq2[history.Observation, error]) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "past.db")
	st, err := history.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range lists {
		if _, err := st.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t testing.TB, path string) *history.Store {
	t.Helper()
	st, err := history.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	return st
}

func memory(t testing.TB, list ...history.Observation) *history.Source {
	t.Helper()
	src, err := history.Memory(seq(list...), history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestConformance(t *testing.T) {
	t.Parallel()
	traits := dnstest.Traits{Elsewhere: dns.NotRecorded, NoFailures: true}
	for name, opener := range map[string]func(t testing.TB) dns.Source{
		"store": func(t testing.TB) dns.Source { return open(t, store(t, dated(t))).Source(history.Options{}) },
		"memory": func(t testing.TB) dns.Source {
			src, err := history.Memory(dated(t), history.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return src
		},
		"cached": func(t testing.TB) dns.Source {
			return dns.Cache(dns.Chain(open(t, store(t, dated(t))).Source(history.Options{})))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dnstest.Conform(t, traits, opener)
		})
	}
}

// txt is a sight of single texts, txts that of a whole set.
func txt(name, first, last, text string) history.Observation {
	return history.Observation{Name: name, Type: dns.TypeTXT, Status: dns.Success, Records: []string{text}, First: day(first), Last: day(last)}
}

func txts(name, first, last string, texts ...string) history.Observation {
	return history.Observation{Name: name, Type: dns.TypeTXT, Status: dns.Success, Records: texts, Whole: true, First: day(first), Last: day(last)}
}

func gone(name, first, last string, s dns.Status) history.Observation {
	return history.Observation{Name: name, Type: dns.TypeTXT, Status: s, Whole: true, First: day(first), Last: day(last)}
}

func cname(name, first, last, target string) history.Observation {
	return history.Observation{Name: name, Type: dns.TypeCNAME, Status: dns.Success, Records: []string{target}, Whole: true, First: day(first), Last: day(last)}
}

func TestMoments(t *testing.T) {
	t.Parallel()
	const n = "example.com"
	key := "s._domainkey." + n
	for _, test := range []struct {
		name   string
		seen   []history.Observation
		ask    string
		at     string
		want   string // state, then the records, then "nearest"
		target string
	}{
		{"held", []history.Observation{txts(n, "2020-01-01", "2020-12-31", "a")}, n, "2020-06-01", "success a", ""},
		{"first moment", []history.Observation{txts(n, "2020-01-01", "2020-12-31", "a")}, n, "2020-01-01", "success a", ""},
		{"last moment", []history.Observation{txts(n, "2020-01-01", "2020-12-31", "a")}, n, "2020-12-31", "success a", ""},
		{"unbounded", []history.Observation{txts(n, "", "", "a")}, n, "1999-01-01", "success a", ""},
		{"until further notice", []history.Observation{txts(n, "2020-01-01", "", "a")}, n, "2031-01-01", "success a", ""},
		{"after, near", []history.Observation{txts(n, "2020-01-01", "2020-12-31", "a")}, n, "2021-06-01", "success a nearest", ""},
		{"before, near", []history.Observation{txts(n, "2020-01-01", "2020-12-31", "a")}, n, "2019-06-01", "success a nearest", ""},
		{"after, last near moment", []history.Observation{txts(n, "2020-01-01", "2020-12-31", "a")}, n, "2022-01-01", "success a nearest", ""},
		{"after, far", []history.Observation{txts(n, "2020-01-01", "2020-12-31", "a")}, n, "2022-01-02", "not_recorded", ""},
		{"before, far", []history.Observation{txts(n, "2020-01-01", "2020-12-31", "a")}, n, "2018-12-30", "not_recorded", ""},
		{"nearer of two", []history.Observation{txts(n, "2020-01-01", "2020-01-01", "a"), txts(n, "2020-12-01", "2020-12-02", "b")}, n, "2020-11-01", "success b nearest", ""},
		{"the later set replaced the earlier", []history.Observation{txts(n, "2020-01-01", "2020-06-03", "a"), txts(n, "2020-06-01", "2020-12-01", "b")}, n, "2020-06-02", "success b", ""},
		{"a sight of another within a span", []history.Observation{txts(n, "2020-01-01", "2020-12-01", "a"), txts(n, "2020-06-01", "2020-06-01", "b")}, n, "2020-06-02", "success a", ""},
		{"single records add up", []history.Observation{txt(n, "2020-01-01", "2020-12-01", "b"), txt(n, "2020-02-01", "2021-12-01", "a")}, n, "2020-06-02", "success a b", ""},
		{"a cache kept the replaced", []history.Observation{txt(n, "2020-01-01", "2020-06-02", "a"), txt(n, "2020-06-01", "2021-12-01", "b")}, n, "2020-06-02", "success b", ""},
		{"longer than a cache does", []history.Observation{txt(n, "2020-01-01", "2020-06-04", "a"), txt(n, "2020-06-01", "2021-12-01", "b")}, n, "2020-06-02", "success a b", ""},
		{"keys are tried one by one", []history.Observation{txt(key, "2020-01-01", "2020-06-02", "a"), txt(key, "2020-06-01", "2021-12-01", "b")}, key, "2020-06-02", "success a b", ""},
		{"gone", []history.Observation{gone(n, "2020-01-01", "2020-12-31", dns.NXDomain)}, n, "2020-06-01", "nxdomain", ""},
		{"gone, near", []history.Observation{gone(n, "2020-01-01", "2020-12-31", dns.NoData)}, n, "2021-01-07", "nodata nearest", ""},
		{"gone proves little", []history.Observation{gone(n, "2020-01-01", "2020-12-31", dns.NXDomain)}, n, "2021-01-08", "not_recorded", ""},
		{"gone nearer than anything", []history.Observation{txts(n, "2019-01-01", "2020-01-01", "a"), gone(n, "2020-02-01", "2020-02-01", dns.NXDomain)}, n, "2020-06-01", "not_recorded", ""},
		{"single records against absence", []history.Observation{txt(n, "2020-01-01", "2020-12-31", "a"), gone(n, "2020-06-01", "2020-06-01", dns.NoData)}, n, "2020-06-01", "success a", ""},
		{"alias", []history.Observation{cname(n, "2020-01-01", "2020-12-31", "b.example"), txts("b.example", "2020-01-01", "2020-12-31", "x")}, n, "2020-06-01", "success x", "b.example"},
		{"alias, records near", []history.Observation{cname(n, "2020-01-01", "2020-12-31", "b.example"), txts("b.example", "2020-01-01", "2020-02-01", "x")}, n, "2020-06-01", "success x nearest", "b.example"},
		{"alias to nowhere", []history.Observation{cname(n, "2020-01-01", "2020-12-31", "b.example")}, n, "2020-06-01", "not_recorded", ""},
		{"alias replaced", []history.Observation{cname(n, "2020-01-01", "2020-06-30", "b.example"), txts(n, "2020-06-01", "2020-12-31", "x")}, n, "2020-06-15", "success x", ""},
		{"loop", []history.Observation{cname(n, "2020-01-01", "2020-12-31", "b.example"), cname("b.example", "2020-01-01", "2020-12-31", n)}, n, "2020-06-01", "failure", "b.example"},
		{"no moment", []history.Observation{txts(n, "2018-01-01", "2018-02-01", "a"), txts(n, "2020-01-01", "2020-02-01", "b")}, n, "", "success b", ""},
		{"another name", []history.Observation{txts(n, "", "", "a")}, "www." + n, "2020-01-01", "not_recorded", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, err := memory(t, test.seen...).Lookup(t.Context(), dns.Question{Name: test.ask, Type: dns.TypeTXT, At: day(test.at)})
			if err != nil {
				t.Fatal(err)
			}
			if got := told(a); got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
			if got := strings.Join(a.CNAMEs, " "); got != test.target {
				t.Errorf("CNAMEs %q, want %q", got, test.target)
			}
		})
	}
}

func told(a *dns.Answer) string {
	s := strings.Join(append([]string{a.Status.String()}, a.Records...), " ")
	if a.Nearest {
		s += " nearest"
	}
	return s
}

// TestIntervals: every moment of an answer's interval has that answer, whatever
// was seen.
func TestIntervals(t *testing.T) {
	t.Parallel()
	const n = "example.com"
	src := memory(t,
		txts(n, "2018-03-01", "2018-05-01", "a"), txts(n, "2018-04-29", "2018-09-01", "b"), txt(n, "2018-08-01", "2019-01-01", "c"),
		txt(n, "2018-12-31", "2019-02-01", "d"), gone(n, "2019-03-01", "2019-03-05", dns.NXDomain), cname(n, "2019-06-01", "2019-07-01", "b.example"),
		txts("b.example", "2019-06-10", "2019-06-20", "x"), gone(n, "2022-01-01", "2022-01-01", dns.NoData),
	)
	start := day("2016-01-01")
	var all []*dns.Answer
	for i := range 4 * 366 * 2 {
		at := start.Add(time.Duration(i) * 36 * time.Hour)
		a, err := src.Lookup(t.Context(), dns.Question{Name: n, Type: dns.TypeTXT, At: at})
		if err != nil {
			t.Fatal(err)
		}
		if !a.InForce(at) {
			t.Fatalf("%v is not in [%v, %v)", at, a.Since, a.Until)
		}
		all = append(all, a)
		for _, edge := range []time.Time{a.Since, a.Until.Add(-time.Microsecond)} {
			if edge.IsZero() || a.Until.IsZero() && edge.Before(start) {
				continue
			}
			b, err := src.Lookup(t.Context(), dns.Question{Name: n, Type: dns.TypeTXT, At: edge})
			if err != nil {
				t.Fatal(err)
			}
			if told(a) != told(b) || !a.Since.Equal(b.Since) || !a.Until.Equal(b.Until) {
				t.Fatalf("at %v %s [%v, %v), at %v %s [%v, %v)", at, told(a), a.Since, a.Until, edge, told(b), b.Since, b.Until)
			}
		}
	}
	states := map[string]bool{}
	for _, a := range all {
		states[told(a)] = true
	}
	for _, want := range []string{"success a", "success b", "success c", "success d", "nxdomain", "success x", "success x nearest", "not_recorded"} {
		if !states[want] {
			t.Errorf("never %q: %v", want, states)
		}
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	const key = "s._domainkey.example.com"
	src := memory(t, txt(key, "2020-01-01", "2020-06-01", "b"), txt(key, "2018-01-01", "2019-06-01", "a"),
		cname(key, "2021-01-01", "2021-06-01", "k.example"), txt("k.example", "2021-01-01", "2021-06-01", "c"), gone(key, "2022-01-01", "2022-01-01", dns.NXDomain),
		cname("k.example", "2021-01-01", "2021-06-01", key))
	list, err := src.History(t.Context(), key, dns.TypeTXT)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, a := range list {
		if a.Name != key || !a.Since.Equal(a.Until) || a.InForce(a.Since) {
			t.Errorf("%+v", a)
		}
		got = append(got, a.Records[0]+" "+strings.Join(a.CNAMEs, ","))
	}
	if want := []string{"a ", "b ", "c k.example"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
