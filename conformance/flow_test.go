package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mailaudit/evaluate"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/internal/corpus"
	"mailaudit/reader"
)

// vectors is public conformance material that is kept beside the repository,
// testdata the repository's own archive.
const (
	vectors  = "../../shared/vectors"
	testdata = "../testdata"
)

// vector is the path of a file of the material; the test is skipped where it is
// absent.
func vector(t testing.TB, path ...string) string {
	t.Helper()
	name := filepath.Join(append([]string{vectors}, path...)...)
	if _, err := os.Stat(name); errors.Is(err, fs.ErrNotExist) {
		t.Skipf("%s is absent", name)
	} else if err != nil {
		t.Fatal(err)
	}
	return name
}

func mustRead(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// tsv yields the rows of a table as maps by its head line.
func tsv(b []byte) []map[string]string {
	lines := strings.Split(strings.TrimRight(string(b), "\n"), "\n")
	head := strings.Split(lines[0], "\t")
	var rows []map[string]string
	for _, l := range lines[1:] {
		row := map[string]string{}
		for i, v := range strings.Split(l, "\t") {
			row[head[i]] = v
		}
		rows = append(rows, row)
	}
	return rows
}

// message is one message judged, with its bytes in wire form.
type message struct {
	wire     []byte
	evidence *evidence.Evidence
	verdict  evaluate.Verdict
}

// asSent undoes what an archive did to a message: the quoting of mboxrd and line
// ends of LF.
func asSent(u *reader.Unit) []byte {
	var out []byte
	for line := range bytes.Lines(u.Data) {
		if u.Quoting == reader.QuotingMboxrd && bytes.HasPrefix(line, []byte(">")) &&
			bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
			line = line[1:]
		}
		text := bytes.TrimSuffix(line, []byte("\n"))
		out = append(out, text...)
		if len(text) < len(line) {
			if !bytes.HasSuffix(text, []byte("\r")) {
				out = append(out, '\r')
			}
			out = append(out, '\n')
		}
	}
	return out
}

// flow is the way of a message through the program.
type flow struct {
	source  dns.Source
	profile evaluate.Profile
	options evidence.Options
}

// read judges everything in some inputs, in order; the problems of reading are
// left out, as they have no verdict.
func (f flow) read(t testing.TB, inputs ...string) []message {
	t.Helper()
	x := evidence.NewExtractor(f.options)
	ev := evaluate.New(f.source, f.profile)
	var out []message
	for u, err := range reader.Units(t.Context(), inputs, reader.Options{}) {
		var p *reader.Problem
		if errors.As(err, &p) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		m := message{wire: asSent(&u)}
		m.evidence, m.verdict = judgeUnit(t, x, ev, &u)
		u.Release()
		out = append(out, m)
	}
	return out
}

func judgeUnit(t testing.TB, x *evidence.Extractor, ev *evaluate.Evaluator, u *reader.Unit) (*evidence.Evidence, evaluate.Verdict) {
	t.Helper()
	e, err := x.Extract(u)
	if err != nil {
		t.Fatal(err)
	}
	v, err := ev.Evaluate(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	return e, v
}

// one judges a message in wire form.
func (f flow) one(t testing.TB, wire []byte) message {
	t.Helper()
	u := reader.NewUnit(wire, nil)
	m := message{wire: wire}
	m.evidence, m.verdict = judgeUnit(t, evidence.NewExtractor(f.options), evaluate.New(f.source, f.profile), &u)
	return m
}

// generated judges messages from to until of a generated archive on all
// processors, and calls see for each, in any order.
func (f flow) generated(t *testing.T, a *corpus.Archive, until int, see func(*message)) {
	t.Helper()
	ev := evaluate.New(f.source, f.profile)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			x := evidence.NewExtractor(f.options)
			for n := int(next.Add(1)) - 1; n < until; n = int(next.Add(1)) - 1 {
				made := a.Message(n)
				u := reader.NewUnit(made.Raw, nil)
				u.Envelope = reader.Envelope{MailFrom: made.Sender, HasMailFrom: true, ReceivedAt: made.Received}
				m := message{wire: made.Raw}
				m.evidence, m.verdict = judgeUnit(t, x, ev, &u)
				see(&m)
			}
		})
	}
	wg.Wait()
}

// zoneOf is the DNS of a generated archive.
func zoneOf(t testing.TB, z *corpus.Zone) dns.Source {
	t.Helper()
	var b bytes.Buffer
	if err := z.WriteMaster(&b, ""); err != nil {
		t.Fatal(err)
	}
	s, err := dns.ReadZone(&b, "generated")
	if err != nil {
		t.Fatal(err)
	}
	return dns.Cache(s)
}

// testdataZone is the DNS of the repository's archive.
func testdataZone(t testing.TB) dns.Source {
	t.Helper()
	s, err := dns.Zone(filepath.Join(testdata, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	return dns.Cache(s)
}

// keyHistory answers from an archive of keys: the one in force at the moment,
// else the nearest.
type keyHistory map[string][]*dns.Answer

// Lookup implements dns.Source.
func (h keyHistory) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	var best *dns.Answer
	var bestGap time.Duration
	for _, a := range h[q.Name] {
		if q.Type != dns.TypeTXT {
			break
		}
		gap := max(a.Since.Sub(q.At), q.At.Sub(a.Until), 0)
		if best == nil || gap < bestGap {
			best, bestGap = a, gap
		}
	}
	if best == nil {
		return &dns.Answer{Name: q.Name, Type: q.Type}, nil
	}
	return best, nil
}

// History implements dns.Historian.
func (h keyHistory) History(_ context.Context, name string, _ dns.Type) ([]*dns.Answer, error) {
	return h[name], nil
}

// listKeys is the key archive of the list's sample.
func listKeys(t testing.TB) keyHistory {
	t.Helper()
	h := keyHistory{}
	for d := json.NewDecoder(bytes.NewReader(mustRead(t, vector(t, "lists-sample", "dkim_keys.cof.jsonl")))); d.More(); {
		var o struct {
			RRName    string `json:"rrname"`
			RData     string `json:"rdata"`
			TimeFirst int64  `json:"time_first"`
			TimeLast  int64  `json:"time_last"`
		}
		if err := d.Decode(&o); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(o.RRName, ".")
		h[name] = append(h[name], &dns.Answer{
			Name: name, Type: dns.TypeTXT, Status: dns.Success, Records: []string{o.RData}, Source: "history",
			ObservedAt: time.Unix(o.TimeFirst, 0), Since: time.Unix(o.TimeFirst, 0), Until: time.Unix(o.TimeLast, 0),
		})
	}
	for _, answers := range h {
		slices.SortFunc(answers, func(a, b *dns.Answer) int { return cmp.Compare(a.Since.Unix(), b.Since.Unix()) })
	}
	return h
}
