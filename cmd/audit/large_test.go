package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"

	"mailaudit/internal/corpus"
	"mailaudit/stats"
)

// TestForumPost judges the generated archive of 17,140 messages and prints, number
// for number, what the first implementers of DMARC printed of theirs.
func TestForumPost(t *testing.T) {
	t.Parallel()
	if testing.Short() || raceEnabled {
		t.Skip("signs and judges 17,140 messages")
	}
	dir := t.TempDir()
	if err := corpus.WriteForumPost(dir, 2); err != nil {
		t.Fatal(err)
	}
	for rules, workers := range map[string]string{"rfc9989": "2", "rfc7489": "1"} {
		out := filepath.Join(t.TempDir(), "out")
		s := summaryOf(t, "--rules", rules, "--workers", workers, "--dns", "zone:"+filepath.Join(dir, "zone"), "--out", out, filepath.Join(dir, "forum.mbox"))
		if s.Messages != 17140 {
			t.Errorf("%s: %d messages", rules, s.Messages)
		}
		text, err := json.Marshal(s.Breakdown)
		if err != nil {
			t.Fatal(err)
		}
		var got map[string]int
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		for word, n := range got {
			if want := corpus.ForumBreakdown[word]; n != want {
				t.Errorf("%s: %s: %d, want %d", rules, word, n, want)
			}
		}
	}
}

// repeated reads a text again and again, up to a number of bytes.
type repeated struct {
	text []byte
	left int64
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) && r.left > 0 {
		m := copy(p[n:min(len(p), n+int(min(r.left, 1<<30)))], r.text[r.at:])
		n, r.at, r.left = n+m, (r.at+m)%len(r.text), r.left-int64(m)
	}
	return n, nil
}

// header is the fixture without its body.
func header(id string) string {
	head, _, _ := strings.Cut(passing(id), "\n\n")
	return head + "\n\n"
}

// rssLimit is what a run may hold at most, kilobytes, whatever it reads.
const rssLimit = 300_000

// judgeStream runs the command over what in gives on standard input, and returns
// the summary and the peak of its memory in kilobytes, 0 where that is not told.
func judgeStream(t *testing.T, in io.Reader, want int, more ...string) (stats.Summary, int64) {
	t.Helper()
	zone := filepath.Join(t.TempDir(), "zone")
	if err := os.WriteFile(zone, []byte(fixtureZone), 0o666); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--json", "--progress", "none", "--dns", "zone:" + zone, "--out", filepath.Join(t.TempDir(), "out")}
	c := command(t, append(append(args, more...), "-")...)
	c.Stdin = in
	status, out, diag := statusOf(t, c)
	if status != want {
		t.Fatalf("exit status %d, want %d\n%s", status, want, diag)
	}
	var s stats.Summary
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatal(err)
	}
	return s, peak(c)
}

// inTurn is readers one after the other.
func inTurn(parts ...any) io.Reader {
	var all []io.Reader
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			all = append(all, strings.NewReader(p))
		case io.Reader:
			all = append(all, p)
		}
	}
	return io.MultiReader(all...)
}

// TestLongLine: one line of 100 MB, in a header and in a body, harms no neighbour.
func TestLongLine(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("100 MB")
	}
	line := func(c byte) io.Reader { return &repeated{text: bytes.Repeat([]byte{c}, 1<<16), left: 100 << 20} }
	in := inTurn(fixtureFromLine, passing("1"), "\n",
		fixtureFromLine, header("body"), line('x'), "\n\n", fixtureFromLine, passing("3"), "\n",
		fixtureFromLine, header("NUL"), line(0), "\n\n", fixtureFromLine, passing("5"), "\n",
		fixtureFromLine, "Subject: ", line('y'), "\n", header("header"), "Text.\n\n", fixtureFromLine, passing("7"), "\n")
	s, rss := judgeStream(t, in, exitOK)
	t.Logf("peak of %d kB; %v; %v", rss, s.SPF, s.Anomalies)
	if s.Messages != 7 || s.SPF["pass"] < 6 || s.Anomalies["nul_bytes"] != 1 || s.Anomalies["header_too_large"] != 1 {
		t.Errorf("%d messages, spf %v, anomalies %v", s.Messages, s.SPF, s.Anomalies)
	}
	if rss > rssLimit && !raceEnabled {
		t.Errorf("peak of %d kB", rss)
	}
}

// TestBomb: streams that expand without end are one problem each, in bounded memory.
func TestBomb(t *testing.T) {
	t.Parallel()
	if os.Getenv("AUDIT_LARGE") == "" {
		t.Skip("AUDIT_LARGE=1 expands 4 GB for each compression")
	}
	const length = 4 << 30
	for name, pack := range map[string]func(io.Writer) (io.WriteCloser, error){
		"gzip": func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil },
		"xz":   func(w io.Writer) (io.WriteCloser, error) { return xz.NewWriter(w) },
		"zstd": func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
	} {
		var packed bytes.Buffer
		w, err := pack(&packed)
		if err != nil {
			t.Fatal(err)
		}
		size := int64(length)
		if name == "xz" {
			size /= 4 // its compressor is slow
		}
		if _, err := io.Copy(w, inTurn(fixtureFromLine, header("bomb"), &repeated{text: make([]byte, 1<<16), left: size})); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		bytesPacked := packed.Len()
		s, rss := judgeStream(t, &packed, bombStatus(name))
		t.Logf("%s: %d bytes packed, %d messages, problems %v, peak %d kB", name, bytesPacked, s.Messages, s.ProblemCodes, rss)
		if rss > rssLimit {
			t.Errorf("%s: peak of %d kB", name, rss)
		}
	}
}

// bombStatus: gzip cannot expand more than 1032 times and passes for mail; the
// others are beyond all measure.
func bombStatus(name string) int {
	if name == "gzip" {
		return exitOK
	}
	return exitProblems
}

// TestPeakMemory streams 5 GB of mail, and one message of 2 GB.
func TestPeakMemory(t *testing.T) {
	t.Parallel()
	if os.Getenv("AUDIT_LARGE") == "" {
		t.Skip("AUDIT_LARGE=1 reads 7 GB")
	}
	shipped, err := os.ReadFile(filepath.Join(testdata, "archive", "lists.mbox"))
	if err != nil {
		t.Fatal(err)
	}
	times := int64(5_000_000_000 / len(shipped))
	s, rss := judgeStream(t, &repeated{text: shipped, left: times * int64(len(shipped))}, exitOK)
	t.Logf("%d messages: peak %d kB", s.Messages, rss)
	if s.Messages%times != 0 || rss > rssLimit {
		t.Errorf("%d messages in %d rounds, peak of %d kB", s.Messages, times, rss)
	}
	line := []byte(strings.Repeat("x", 76) + "\r\n")
	s, rss = judgeStream(t, inTurn(header("large"), &repeated{text: line, left: 2 << 30}), exitOK)
	t.Logf("2 GB: peak %d kB", rss)
	if s.Messages != 1 || s.SPF["pass"] != 1 || rss > rssLimit {
		t.Errorf("%d messages, spf %v, peak of %d kB", s.Messages, s.SPF, rss)
	}
}

// anyMonth is passing messages of twenty years in no order.
type anyMonth struct {
	n, count int
	left     []byte
}

func (a *anyMonth) Read(p []byte) (int, error) {
	if len(a.left) == 0 {
		if a.n == a.count {
			return 0, io.EOF
		}
		at := time.Date(2004, 1, 1, 12, 0, a.n, 0, time.UTC).AddDate(0, a.n*7919%240, 0)
		text := strings.ReplaceAll(passing(strconv.Itoa(a.n)), "Fri, 01 Mar 2024 12:00:00 +0000", at.Format(time.RFC1123Z))
		a.left = []byte(fixtureFromLine + text + "\n")
		a.n++
	}
	n := copy(p, a.left)
	a.left = a.left[n:]
	return n, nil
}

// TestPeakMemoryMonths writes and reads a dataset of 240 months in no order.
func TestPeakMemoryMonths(t *testing.T) {
	t.Parallel()
	if os.Getenv("AUDIT_LARGE") == "" {
		t.Skip("AUDIT_LARGE=1 judges 600,000 messages")
	}
	out := filepath.Join(t.TempDir(), "lake")
	s, rss := judgeStream(t, &anyMonth{count: 600_000}, exitOK, "--partition-by", "month", "--out", out)
	t.Logf("peak of %d kB", rss)
	if s.Messages != 600_000 || rss > rssLimit {
		t.Errorf("%d messages, peak of %d kB", s.Messages, rss)
	}
	c := command(t, "cat", out, "--columns", "ordinal,dkim,message_id")
	status, rows, diag := statusOf(t, c)
	t.Logf("read back: peak of %d kB", peak(c))
	if n := strings.Count(rows, "\n"); status != exitOK || n != 600_000 || peak(c) > rssLimit {
		t.Errorf("exit status %d, %d rows, peak of %d kB\n%s", status, n, peak(c), diag)
	}
}
