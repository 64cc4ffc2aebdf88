package explain

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mailaudit/evaluate/dns"
	"mailaudit/evaluate/evidence"
	"mailaudit/reader"
)

// keySource speaks for the DKIM keys it holds and for nothing else.
type keySource map[string][]string

func (k keySource) Lookup(_ context.Context, q dns.Question) (*dns.Answer, error) {
	a := &dns.Answer{Name: q.Name, Type: q.Type, Source: "keys"}
	if records := k[q.Name]; q.Type == dns.TypeTXT && len(records) > 0 {
		a.Status, a.Records = dns.Success, records
	}
	return a, nil
}

func readKeys(t *testing.T, path string) keySource {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	keys := keySource{}
	for s := bufio.NewScanner(f); s.Scan(); {
		var r struct{ RRName, RData string }
		if err := json.Unmarshal(s.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(r.RRName, ".")
		if !slices.Contains(keys[name], r.RData) {
			keys[name] = append(keys[name], r.RData)
			slices.Sort(keys[name])
		}
	}
	return keys
}

// TestRealMail tells the story of real list mail: no line is too wide, no byte a
// terminal would act on gets through, and the JSON is JSON.
func TestRealMail(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "shared", "vectors", "lists-sample")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("the sample of list mail is not here: %v", err)
	}
	if testing.Short() {
		t.Skip("thousands of messages")
	}
	source := dns.Cache(readKeys(t, filepath.Join(dir, "dkim_keys.cof.jsonl")))
	o := Options{Evidence: evidence.Options{AuthservIDs: []string{"mx.google.com"}}}
	const every = 7 // of 2,805: enough kinds of mail, and quick under the race detector
	broken, explained, told := 0, 0, 0
	words := map[string]int{}
	for u, err := range reader.Units(context.Background(), []string{filepath.Join(dir, "messages.mboxrd.xz")}, reader.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		if u.Ordinal%every != 0 {
			u.Release()
			continue
		}
		s, err := Collect(t.Context(), &u, source, o)
		u.Release()
		if err != nil {
			t.Fatal(err)
		}
		told++
		for i := range s.DKIM {
			x := &s.DKIM[i]
			if x.HeaderAsSigned == "no" || len(x.BodyHashComputed) > 0 && !x.BodyHashMatch {
				broken++
				if len(x.Readings) > 0 {
					explained++
				}
				for _, r := range x.Readings {
					words[r.Of+" "+r.Word]++
				}
			}
		}
		checkText(t, s)
		checkJSON(t, s)
	}
	t.Logf("%d messages, %d broken signatures, %d explained: %v", told, broken, explained, words)
	if want := (2805 + every - 1) / every; told != want {
		t.Errorf("%d messages told of, want %d", told, want)
	}
}

// checkText renders the story and looks at every line.
func checkText(t *testing.T, s *Story) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSuffix(line, "\n")
		if n := columns(line); n > screen {
			t.Errorf("%s@%d: %d columns: %q", s.Message.Source, s.Message.Offset, n, line)
		}
		if safe(line) != line {
			t.Errorf("%s@%d: not safe: %q", s.Message.Source, s.Message.Offset, line)
		}
	}
	if n := len(s.Conclusions); n < 1 || n > maxConclusions {
		t.Errorf("%s@%d: %d conclusions", s.Message.Source, s.Message.Offset, n)
	}
	return b.String()
}

func checkJSON(t *testing.T, s *Story) string {
	t.Helper()
	var b bytes.Buffer
	if err := s.WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var back Story
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Errorf("%s@%d: %v", s.Message.Source, s.Message.Offset, err)
	}
	for line := range strings.Lines(b.String()) {
		if line = strings.TrimSuffix(line, "\n"); safe(line) != line {
			t.Errorf("%s@%d: not safe: %q", s.Message.Source, s.Message.Offset, line)
		}
	}
	return b.String()
}
