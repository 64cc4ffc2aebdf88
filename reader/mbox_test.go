package reader

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/emersion/go-mbox"
)

const dated = "From a@b.example Fri Jul  8 12:08:34 2011\n"

// TestSplit: what divides messages and what does not. "|" stands for where a
// unit begins.
func TestSplit(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, mbox, anomaly string }{
		{"two", "|" + dated + "Subject: 1\n\none\n\n|" + dated + "Subject: 2\n\ntwo\n", ""},
		{"no blank line", "|" + dated + "Subject: 1\n\none\n|" + dated + "Subject: 2\n\ntwo\n", ""},
		{"prose", "|" + dated + "Subject: 1\n\nFrom here on\n\nFrom there\nNote: no\n\n|" + dated + "S: 2\n\n", AnomalyUnquotedFrom},
		{"prose with a date", "|" + dated + "Subject: 1\n\nas\n\nFrom a@b.example Fri Jul  8 12:08:34 2011\nwe saw\nnothing\n", AnomalyUnquotedFrom},
		{"patch in a message", "|" + dated + "Subject: 1\n\n\nFrom 76a9394d3fda34849d27038614048509bb725b6a Mon Sep 17 00:00:00 2001\nFrom: x\n", AnomalyUnquotedFrom},
		{"patches", "|From 76a9394d3fda34849d27038614048509bb725b6a Mon Sep 17 00:00:00 2001\nFrom: x\n\n-- \n2\n\n|From 86a9394d3fda34849d27038614048509bb725b6a Mon Sep 17 00:00:00 2001\nFrom: x\n\n", ""},
		{"address alone in a message", "|" + dated + "Subject: 1\n\n\nFrom c@d.example\nTo: x\n", AnomalyUnquotedFrom},
		{"broken first line", "|" + dated + "Subject: 1\n\none\n\n|" + dated + "odd line\nSubject: 2\n\ntwo\n", ""},
		{"nothing behind", "|" + dated + "Subject: 1\n\none\n\n|" + dated, AnomalyEmptyMessage},
		{"nothing between", "|" + dated + "\n|" + dated + "Subject: 2\n\ntwo\n", AnomalyEmptyMessage},
		{"UUCP", "|" + dated + ">From x@y Mon Jan 1 00:00:00 1990 remote from z\nS: 1\n\n|" + dated + ">From q remote from z\nS: 1\n\n", ""},
		{"no final newline", "|" + dated + "Subject: 1\n\none\n\n|" + dated + "Subject: 2\n\ntwo", AnomalyNoFinalNewline},
		{"NUL", "|" + dated + "Subject: 1\n\none\x00\n\n|" + dated + "Subject: 2\n\ntwo\n", AnomalyNUL},
		{"white space before the colon", "|" + dated + "Subject: 1\n\none\n|" + dated + "Subject : 2\n\ntwo\n", ""},
	}
	for _, tt := range tests {
		for _, end := range []string{"\n", "\r\n"} {
			t.Run(fmt.Sprintf("%s %q", tt.name, end), func(t *testing.T) {
				t.Parallel()
				parts := strings.Split(strings.ReplaceAll(tt.mbox, "\n", end), "|")[1:]
				data := strings.Join(parts, "")
				units, problems := collect(t, Options{Stdin: strings.NewReader(data)}, "-")
				if len(problems) > 0 {
					t.Fatal(problems)
				}
				conserved(t, []byte(data), units)
				var got, anomalies []string
				for _, u := range units {
					got = append(got, data[u.Offset:u.Offset+u.Length])
					anomalies = append(anomalies, u.Anomalies...)
				}
				if !slices.Equal(got, parts) {
					t.Errorf("got %q, want %q", got, parts)
				}
				if strings.Join(anomalies, " ") != tt.anomaly {
					t.Errorf("anomalies %v, want %s", anomalies, tt.anomaly)
				}
			})
		}
	}
}

func TestDialect(t *testing.T) {
	t.Parallel()
	long := func(n int, body string) string { return dated + fmt.Sprintf("Content-Length: %d\n\n%s\n", n, body) }
	inner := "one\n\n" + dated + "Subject: inside\n\ntwo\n"
	tests := []struct {
		name    string
		mbox    string
		format  Format
		quoting Quoting
		bodies  []string
	}{
		{"mboxo", dated + "S: 1\n\n>From here\n\n", Mboxo, QuotingMboxo, []string{">From here\n"}},
		{"mboxrd", dated + "S: 1\n\n>From here\n>>From there\n\n", Mboxrd, QuotingMboxrd, []string{">From here\n>>From there\n"}},
		{"mboxcl", long(11, ">From here\n"), Mboxcl, QuotingMboxo, []string{">From here\n"}},
		{"mboxcl, no last line end", long(3, "one") + long(3, "two"), Mboxcl, QuotingMboxo, []string{"one", "two"}},
		{"mboxcl2", long(len(inner), inner) + long(4, "end\n"), Mboxcl2, QuotingNone, []string{inner, "end\n"}},
		{"a lying length in mboxcl", long(4, "one\n") + long(99, "two\n") + long(6, "three\n"), Mboxcl, QuotingMboxo, []string{"one\n", "two\n", "three\n"}},
		{"lying lengths in mboxo", long(2, "one\n") + long(99, "two\n"), Mboxo, QuotingMboxo, []string{"one\n", "two\n"}},
		{"public-inbox", "From mboxrd@z Thu Jan  1 00:00:00 1970\nS: 1\n\none\n\n", Mboxrd, QuotingMboxrd, []string{"one\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			units, problems := collect(t, Options{Stdin: strings.NewReader(tt.mbox)}, "-")
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			var bodies []string
			for _, u := range units {
				if u.Format != tt.format || u.Quoting != tt.quoting {
					t.Errorf("%s, quoting %d; want %s, %d", u.Format, u.Quoting, tt.format, tt.quoting)
				}
				_, body, _ := bytes.Cut(u.Data, []byte("\n\n"))
				bodies = append(bodies, string(body))
			}
			if !slices.Equal(bodies, tt.bodies) {
				t.Errorf("bodies %q, want %q", bodies, tt.bodies)
			}
		})
	}
}

// TestSwallow: where messages are quoted, a Content-Length that leads exactly to
// a later From_ line does not hide the messages between.
func TestSwallow(t *testing.T) {
	t.Parallel()
	next := dated + "Content-Length: 4\n\nwxyz\n"
	data := dated + "Content-Length: 11\n\n>From here\n\n" +
		dated + fmt.Sprintf("Content-Length: %d\n\none\n\n", 5+len(next)) + next + next
	units, _ := collect(t, Options{Stdin: strings.NewReader(data)}, "-")
	if len(units) != 4 {
		t.Errorf("%d units, want 4", len(units))
	}
	if units[1].Anomalies[0] != AnomalyContentLength {
		t.Errorf("anomalies %v", units[1].Anomalies)
	}
}

// randomMbox makes an mbox of n messages with lines that tempt a splitter.
func randomMbox(seed uint64, n int) []byte {
	rnd := rand.New(rand.NewPCG(seed, 1))
	var b bytes.Buffer
	lines := []string{"\n", "text\n", ">From quoted\n", "From prose\n", "F\n", "FFFFFrom \n", "\r\n", strings.Repeat("x", 90) + "\n", "\n\nFrom"}
	for range n {
		b.WriteString(dated + "Subject: x\n\n")
		for range rnd.IntN(60) {
			b.WriteString(lines[rnd.IntN(len(lines))])
		}
		if rnd.IntN(4) == 0 {
			b.WriteByte(0)
		}
		b.WriteString("\n\n")
	}
	return b.Bytes()
}

// TestBlockSizes: the same units whatever the sizes of blocks and reads, and
// whatever is held.
func TestBlockSizes(t *testing.T) {
	t.Parallel()
	data := randomMbox(7, 300)
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, held := range []int{100, 1000, 1 << 20} {
		var want []kept
		for _, block := range []int{1 << 20, 16, 100, 1000, 4096, 5000} {
			for _, in := range []string{path, "-"} {
				tune := func(tn *tuning) { tn.block, tn.read, tn.held, tn.evidence = block, block/2+1, held, 8192 }
				units, problems := collectTuned(t, Options{Stdin: bytes.NewReader(data), TempDir: t.TempDir()}, tune, in)
				if len(problems) > 0 || len(units) != 300 {
					t.Fatalf("block %d, held %d: %d units, problems %v", block, held, len(units), problems)
				}
				conserved(t, data, units)
				plain := comparable(units)
				if want == nil {
					want = plain
				} else if !reflect.DeepEqual(plain, want) {
					t.Fatalf("block %d, held %d, %s: other units", block, held, in)
				}
			}
		}
	}
}

// comparable takes off what differs between readings of the same units.
func comparable(units []kept) []kept {
	var out []kept
	for _, u := range units {
		open := u.Open != nil
		u.Unit.Source, u.Unit.Data, u.Open, u.release = fmt.Sprint(open), nil, nil, nil
		out = append(out, u)
	}
	return out
}

func TestReaders(t *testing.T) {
	t.Parallel()
	data := randomMbox(3, 40)
	want, _ := collect(t, Options{Stdin: bytes.NewReader(data)}, "-")
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"one byte": iotest.OneByteReader, "half": iotest.HalfReader, "data and error": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := collect(t, Options{Stdin: wrap(bytes.NewReader(data))}, "-")
			if len(problems) > 0 || !reflect.DeepEqual(comparable(got), comparable(want)) {
				t.Errorf("other units; problems %v", problems)
			}
		})
	}
}

// TestReadError: the message that was being read is a problem, all before it
// are units.
func TestReadError(t *testing.T) {
	t.Parallel()
	data := dated + "S: 1\n\none\n\n" + dated + "S: 2\n\ntw"
	in := io.MultiReader(strings.NewReader(data), iotest.ErrReader(io.ErrClosedPipe))
	units, problems := collect(t, Options{Stdin: in}, "-")
	if len(units) != 1 || len(problems) != 1 {
		t.Fatalf("%d units, problems %v", len(units), problems)
	}
	if p := problems[0]; p.Code != CodeReadError || p.Offset != int64(strings.LastIndex(data, "From ")) || p.Err != io.ErrClosedPipe {
		t.Errorf("problem %+v", p)
	}
}

// TestAgainstGoMbox compares the messages with those of go-mbox, on an archive
// that its own writer made. Differences on purpose: go-mbox turns LF into CRLF
// and takes one ">" off; it loses body lines with "From " that we keep; behind
// two blank lines it takes the separating one for a part of the message.
func TestAgainstGoMbox(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := mbox.NewWriter(&b)
	for i := range 50 {
		m, err := w.CreateMessage("a@b.example", patchDate)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(m, "Subject: %d\r\n\r\nFrom here\r\n>From there\r\n\r\nend\r\n", i)
	}
	w.Close()
	data := bytes.Clone(b.Bytes())
	units, problems := collect(t, Options{Stdin: bytes.NewReader(data)}, "-")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := mbox.NewReader(&b)
	for i := 0; ; i++ {
		m, err := r.NextMessage()
		if err == io.EOF {
			if i != len(units) || i != 50 {
				t.Errorf("go-mbox has %d messages, we %d", i, len(units))
			}
			return
		}
		want, err := io.ReadAll(m)
		if err != nil {
			t.Fatal(err)
		}
		if got := asGoMbox(units[i].Data); !bytes.Equal(got, asGoMbox(want)) {
			t.Fatalf("message %d: %q, go-mbox %q", i, got, want)
		}
	}
}

// asGoMbox changes a message as go-mbox does, and passes over blank lines at its end.
func asGoMbox(b []byte) []byte {
	b = bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n"))
	b = bytes.ReplaceAll(b, []byte("\n>From "), []byte("\nFrom "))
	return bytes.TrimRight(b, "\n")
}

// TestListsAgainstGoMbox: go-mbox sees the same messages in a real archive,
// after its changes to line ends and quoting.
func TestListsAgainstGoMbox(t *testing.T) {
	t.Parallel()
	data := listsSample(t)
	r := mbox.NewReader(bytes.NewReader(data))
	units, _ := collect(t, Options{Stdin: bytes.NewReader(data)}, "-")
	for i, u := range units {
		m, err := r.NextMessage()
		if err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
		want, err := io.ReadAll(m)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := asGoMbox(u.Data), asGoMbox(want); !bytes.Equal(got, want) {
			t.Fatalf("message %d at %d differs: %d and %d bytes", i, u.Offset, len(got), len(want))
		}
	}
	if _, err := r.NextMessage(); err != io.EOF {
		t.Errorf("go-mbox goes on: %v", err)
	}
}

func FuzzMbox(f *testing.F) {
	f.Add([]byte(dated+"S: 1\n\none\n\n"+dated+"S: 2\n\ntwo"), uint16(64), uint8(0))
	f.Add(randomMbox(1, 3), uint16(7), uint8(1))
	f.Add([]byte(dated+"Content-Length: 5\r\n\r\nFrom \n"+dated), uint16(1), uint8(3))
	f.Add([]byte("\ufeff\n\nFrom -\nS: 1\n\n\nFrom -\nS: 2\n\n\x00"), uint16(1), uint8(4))
	f.Fuzz(func(t *testing.T, data []byte, block uint16, dialect uint8) {
		formats := []Format{Mbox, Mboxo, Mboxrd, Mboxcl, Mboxcl2}
		o := Options{Format: formats[int(dialect)%len(formats)], Stdin: bytes.NewReader(data)}
		if unpackerFor(data) != nil || isZip(data) || isTar(data) {
			return
		}
		units, problems := collectTuned(t, o, func(tn *tuning) { tn.evidence, tn.block = 512, 32<<10 }, "-")
		if len(problems) == 0 {
			conserved(t, data, units)
		}
		o.Stdin = bytes.NewReader(data)
		again, _ := collectTuned(t, o, func(tn *tuning) { tn.evidence, tn.block, tn.read = 512, int(block)+1, int(block)+1 }, "-")
		if !reflect.DeepEqual(comparable(units), comparable(again)) {
			t.Errorf("block size %d gives other units", block)
		}
	})
}
