package dkim_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ulikunitz/xz"

	"mailaudit/evaluate/arc"
	"mailaudit/evaluate/dkim"
	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// keyHistory answers from observations with a span, as an archive of keys does:
// the one in force at the moment, else the nearest.
type keyHistory map[string][]*dns.Answer

func (h keyHistory) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	var best *dns.Answer
	var bestGap time.Duration
	for _, a := range h[q.Name] {
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

func (h keyHistory) History(_ context.Context, name string, _ dns.Type) ([]*dns.Answer, error) {
	return h[name], nil
}

func listKeys(t testing.TB) keyHistory {
	h := keyHistory{}
	d := json.NewDecoder(bytes.NewReader(vectorFile(t, "lists-sample", "dkim_keys.cof.jsonl")))
	for d.More() {
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

// listMessages splits the sample; it quotes as mboxrd.
func listMessages(t testing.TB) [][]byte {
	r, err := xz.NewReader(bytes.NewReader(vectorFile(t, "lists-sample", "messages.mboxrd.xz")))
	if err != nil {
		t.Fatal(err)
	}
	var out [][]byte
	var msg []byte
	open := false
	b := bufio.NewReaderSize(r, 1<<20)
	for {
		line, err := b.ReadBytes('\n')
		if bytes.HasPrefix(line, []byte("From ")) {
			if open {
				out = append(out, bytes.TrimSuffix(msg, []byte("\n")))
			}
			msg, open = nil, true
		} else {
			msg = append(msg, line...)
		}
		if err != nil {
			return append(out, bytes.TrimSuffix(msg, []byte("\n")))
		}
	}
}

// A public list over seven years, each signature verified by arithmetic alone:
// the same verdict, with keys from an archive that knows their spans.
func TestListSample(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("2,805 messages take a second")
	}
	truth := tsv(vectorFile(t, "lists-sample", "dkim_truth.tsv"))
	keys := listKeys(t)
	messages := listMessages(t)
	strict := dkim.New(keys, dkim.Profile{})
	x := evidence.NewExtractor(evidence.Options{})
	counts := map[string]int{}
	cached := map[string]*evidence.Evidence{}
	for _, row := range truth {
		e := cached[row["n"]]
		if e == nil {
			n, err := strconv.Atoi(row["n"])
			if err != nil || n >= len(messages) {
				t.Fatalf("message %q of %d", row["n"], len(messages))
			}
			e = extract(t, x, messages[n], reader.QuotingMboxrd)
			cached[row["n"]] = e
		}
		s, ok := truthSignature(e, row)
		if !ok {
			t.Errorf("%s %s %s: no such signature", row["n"], row["kind"], row["idx"])
			continue
		}
		if row["body_hash"] == "ok" != s.BodyHashMatch && (row["body_hash"] == "ok" || row["body_hash"] == "mismatch") {
			t.Errorf("%s %s %s: body hash match %v, want %s", row["n"], row["kind"], row["idx"], s.BodyHashMatch, row["body_hash"])
		}
		o := mustVerify(t, strict, s, signedAt(e, s))
		if row["computed"] != "pass" && row["computed"] != "fail" {
			counts["skipped "+row["computed"]]++
			continue
		}
		counts[row["computed"]+" "+string(o.Result)+" "+string(o.Reason)]++
		if (o.Result == dkim.Pass) != (row["computed"] == "pass") {
			t.Errorf("%s %s %s d=%s s=%s: got %s %q %s, want %s", row["n"], row["kind"], row["idx"], row["d"], row["s"], o.Result, o.Reason, o.Detail, row["computed"])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%6d %s", counts[k], k)
	}
}

// truthSignature finds what a row speaks of: idx counts the signatures of both
// kinds from the top of the header.
func truthSignature(e *evidence.Evidence, row map[string]string) (*evidence.Signature, bool) {
	var all []*evidence.Signature
	for i := range e.Signatures {
		all = append(all, &e.Signatures[i])
	}
	for i := range e.ARC.Sets {
		all = append(all, &e.ARC.Sets[i].Message)
	}
	slices.SortFunc(all, func(a, b *evidence.Signature) int { return cmp.Compare(a.Field, b.Field) })
	i, err := strconv.Atoi(row["idx"])
	if err != nil || i >= len(all) {
		return nil, false
	}
	return all[i], all[i].Domain == row["d"] && all[i].Selector == row["s"]
}

// The chains of the same messages. The receiver sealed each with what it had
// found, so a chain is to pass now unless it wrote "fail" into it.
func TestListSampleChains(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("2,805 messages take a second")
	}
	said := map[string]string{}
	for _, row := range tsv(vectorFile(t, "lists-sample", "receiver_truth.tsv")) {
		said[row["n"]] = row["arc"]
	}
	v := arc.New(dkim.New(listKeys(t), dkim.Profile{}))
	x := evidence.NewExtractor(evidence.Options{})
	passed, failed, undecided := 0, 0, 0
	for n, msg := range listMessages(t) {
		e := extract(t, x, msg, reader.QuotingMboxrd)
		word := said[strconv.Itoa(n)]
		if word == "" || len(e.ARC.Sets) == 0 {
			continue // it sealed nothing then
		}
		o, err := v.Validate(t.Context(), &e.ARC, e.ARC.Sets[len(e.ARC.Sets)-1].Seal.SignedAt)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case o.Undecided: // a key that the archive lacks
			undecided++
		case word == "none" || word == "pass":
			passed++
			if o.Result != arc.Pass {
				t.Errorf("%d: got %s %q %s, the receiver had %s", n, o.Result, o.Reason, o.Detail, word)
			}
		default:
			failed++
			if o.Reason != arc.CVFail {
				t.Errorf("%d: got %s %q %s, the receiver had %s", n, o.Result, o.Reason, o.Detail, word)
			}
		}
	}
	t.Logf("%d pass, %d fail, %d without a key", passed, failed, undecided)
	if passed == 0 || failed == 0 {
		t.Error("no chain was compared")
	}
}
