package reader

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/zeebo/xxh3"
)

// tree writes files; a name that ends with a slash is a folder.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	writeTree(t, dir, files)
	return dir
}

func writeTree(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, data := range files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			os.MkdirAll(path, 0o700)
			continue
		}
		os.MkdirAll(filepath.Dir(path), 0o700)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// inFolder reads a folder and takes its path off the sources.
func inFolder(t *testing.T, o Options, dir string) []string {
	t.Helper()
	got := describe(collect(t, o, dir))
	for i := range got {
		got[i] = strings.TrimPrefix(strings.TrimPrefix(got[i], dir), "/")
	}
	return got
}

func TestFolder(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"box":                  two,
		"box.msf":              "// <!-- Mork -->",
		"a/mail.eml":           "no header at all",
		"a/b/page.txt":         "Title: no mail\n",
		"a/empty":              "",
		"md/cur/1.M2P3.h:2,S":  "odd",
		"md/new/2.M2P3.h":      dated + "Subject: 2\n\n",
		"md/tmp/3.M2P3.h":      "Subject: unfinished\n\n",
		"md/dovecot.index.log": "x",
		"md/dovecot-uidlist":   "3 V1 N2",
		"md/maildirfolder":     "",
		"md/subscriptions":     "x",
		"md/.Sub/cur/4.M2P3.h": "Subject: 4\n\n",
		"md/.Sub/new/":         "",
		"mh/.mh_sequences":     "cur: 1",
		"mh/1":                 "Subject: m1\n\n",
		"mh/10":                "Subject: m10\n\n",
		"mh/2":                 "x\n",
		"mh/,3":                "Subject: deleted\n\n",
		"cyrus/cyrus.header":   "x",
		"cyrus/1.":             "Subject: c1\n\n",
		"apple/1.emlx":         "15   \nSubject: e\n\nab\n<?xml version=\"1.0\"?>\n<plist/>\n",
		"apple/2.emlx":         "99\nSubject: f\n\nab\n<?xml version=\"1.0\"?>\n",
		"bad\xff\\name/x.eml":  "Subject: x\n\n",
		"z/deep/er/1234.gz":    string(pack(t, "gzip", []byte("Subject: z\n\n"))),
	})
	want := []string{
		"apple/1.emlx:0 emlx e", "apple/2.emlx:0 emlx f emlx_count_mismatch",
		`bad\xff\\name/x.eml:0 eml x`,
		"a/mail.eml:0 eml no header at all no_final_newline",
		"box:0 mboxo 1", fmt.Sprintf("box:%d mboxo 2", secondAt),
		"cyrus/1.:0 eml c1",
		"md/.Sub/cur/4.M2P3.h:0 maildir 4", "md/cur/1.M2P3.h:2,S:0 maildir odd no_final_newline", "md/new/2.M2P3.h:0 maildir 2",
		"mh/1:0 mh m1", "mh/10:0 mh m10", "mh/2:0 mh x",
		"z/deep/er/1234.gz:0 eml z",
		"a/b/page.txt:0: unknown_format", "a/empty:-1: empty_input",
	}
	got := inFolder(t, Options{}, dir)
	if runtime.GOOS != "linux" {
		t.Skip("other systems refuse such names")
	}
	// "a" sorts before "apple": the order of names, byte by byte.
	slices.Sort(want[:14])
	units := slices.Clone(got[:min(14, len(got))])
	if units[0][:2] != "a/" || !strings.HasPrefix(units[1], "apple/1") {
		t.Errorf("order: %q", units)
	}
	slices.Sort(units)
	expect(t, append(units, got[len(units):]...), want...)
}

// TestGit: a repository is one problem, not one for each of its files.
// TestGitWithoutCommits: a repository that only borrows objects holds no mail.
func TestGitWithoutCommits(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"inbox.git/HEAD": "ref: refs/heads/master\n", "inbox.git/objects/12/34": "x\x9c", "inbox.git/refs/": "", "z.eml": "Subject: z\n\n",
	})
	expect(t, inFolder(t, Options{}, dir), "z.eml:0 eml z")
}

// TestByteOrder: names in byte order, one folder after another.
func TestByteOrder(t *testing.T) {
	t.Parallel()
	files := map[string]string{}
	var want []string
	for _, n := range []string{"10", "9", "B", "a", "a.b", "a/x", "ab", "\u00e9"} {
		if n == "a" {
			continue // a folder here
		}
		files[n] = "Subject: " + n + "\n\n"
		want = append(want, n+":0 eml "+n)
	}
	// "a" the folder comes before "a.b": its name is shorter.
	want[3], want[4] = want[4], want[3]
	expect(t, inFolder(t, Options{}, tree(t, files)), want...)
}

func TestMaildirEnvelope(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{
		"cur/1491941793.M41850P8566V0I0_0.mx,S=1:2,S": "Subject: 1\n\n",
		"cur/1491941794.8566_1.mx":                    dated + "Subject: 2\n\n",
		"cur/nothing":                                 "Subject: 3\n\n",
		"new/":                                        "",
	})
	units, problems := collect(t, Options{}, dir)
	if len(units) != 3 || len(problems) != 0 {
		t.Fatalf("%d units, problems %v", len(units), problems)
	}
	for i, want := range []Envelope{
		{ReceivedAt: time.Date(2017, 4, 11, 20, 16, 33, 41850000, time.UTC), Zoned: true},
		{ReceivedAt: time.Date(2017, 4, 11, 20, 16, 34, 0, time.UTC), Zoned: true, MailFrom: "a@b.example", HasMailFrom: true},
		{},
	} {
		if got := units[i].Envelope; got != want {
			t.Errorf("unit %d: %+v, want %+v", i, got, want)
		}
	}
	if string(units[1].Data) != "Subject: 2\n\n" || units[1].Offset != 0 || units[1].Length != int64(len(dated)+12) {
		t.Errorf("unit 1: %q at %d+%d", units[1].Data, units[1].Offset, units[1].Length)
	}
}

func TestInputs(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"box": two, "none/": "", "unknown": "\x00\x01"})
	var reports []Input
	o := Options{OnInput: func(in Input) { reports = append(reports, in) }, Progress: new(Progress)}
	paths := []string{filepath.Join(dir, "box"), filepath.Join(dir, "absent"), filepath.Join(dir, "none"), filepath.Join(dir, "unknown"), "-"}
	got := describe(collect(t, o, paths...))
	for i := range got {
		got[i] = strings.TrimPrefix(got[i], dir+"/")
	}
	expect(t, got, append(bothUnitsOf("box"), "absent:-1: unreadable", "none:-1: empty_input", "unknown:0: unknown_format", "-:-1: unreadable")...)
	sum := xxh3.HashString128(two).Bytes()
	want := Input{Path: paths[0], Format: Mboxo, Size: int64(len(two)), Digest: hex.EncodeToString(sum[:]), State: Complete, Units: 2}
	if reports[0] != want {
		t.Errorf("report %+v, want %+v", reports[0], want)
	}
	for _, in := range reports[1:] {
		if in.State != Unreadable || in.Problems != 1 {
			t.Errorf("report %+v", in)
		}
	}
	if p := o.Progress; p.Bytes.Load() != int64(len(two))+2 || p.Total.Load() != p.Bytes.Load() || p.Units.Load() != 2 || *p.Current.Load() != "-" {
		t.Errorf("progress %d of %d, %d units", p.Bytes.Load(), p.Total.Load(), p.Units.Load())
	}
}

// TestResume: a run that goes on after any number of items gives exactly the rest.
func TestResume(t *testing.T) {
	t.Parallel()
	dir := tree(t, map[string]string{"a": two, "b": "", "c": "Subject: c\n\n", "d": "\x00", "e": two})
	type item struct {
		unit    bool
		ordinal int64
		what    string
	}
	items := func(o Options) []item {
		var out []item
		for u, err := range Units(context.Background(), []string{dir}, o) {
			if p, ok := errors.AsType[*Problem](err); ok {
				out = append(out, item{what: p.Source + p.Code})
			} else if err != nil {
				t.Fatal(err)
			} else {
				out = append(out, item{true, u.Ordinal, u.Source + string(u.Data)})
			}
			u.Release()
		}
		return out
	}
	all := items(Options{})
	if len(all) != 7 {
		t.Fatalf("%d items, want 7", len(all))
	}
	var o Options
	for i := range all {
		if got := items(o); !slices.Equal(got, all[i:]) {
			t.Errorf("after %d: %v, want %v", i, got, all[i:])
		}
		if all[i].unit {
			o.Skip++
		} else {
			o.SkipProblems++
		}
	}
	// The run ends where a fourth unit would come.
	if got := items(Options{Limit: 3}); !slices.Equal(got, all[:5]) {
		t.Errorf("limit: %v", got)
	}
}

// TestStop: leaving early and cancelling end everything at once.
func TestStop(t *testing.T) {
	before := runtime.NumGoroutine()
	packed := pack(t, "zstd", randomMbox(1, 200))
	for range 50 {
		var state State
		o := Options{Stdin: strings.NewReader(string(packed)), OnInput: func(in Input) { state = in.State }}
		for u := range Units(context.Background(), []string{"-"}, o) {
			u.Release()
			break
		}
		if state != Stopped {
			t.Fatalf("state %s", state)
		}
	}
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	var last error
	// A source without an end: only the cancellation stops it.
	in := io.MultiReader(strings.NewReader(two), endlessly{})
	for u, err := range Units(ctx, []string{"-"}, Options{Stdin: in, MaxHeld: 1 << 20, TempDir: t.TempDir()}) {
		n++
		last = err
		u.Release()
		cancel()
	}
	if n != 2 || !errors.Is(last, context.Canceled) {
		t.Errorf("%d items, last %v", n, last)
	}
}

type endlessly struct{}

func (endlessly) Read(p []byte) (int, error) {
	return copy(p, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"), nil
}

// TestMemory: whatever the size of the archive, blocks are used again once
// released, and never before.
func TestMemory(t *testing.T) {
	t.Parallel()
	r := newRun(context.Background(), Options{Stdin: &repeat{data: randomMbox(5, 2000), times: 40}}, nil)
	tn := r.tune
	tn.block, tn.read, tn.onPut = 64<<10, 8<<10, poison
	r.setTuning(tn)
	var held []Unit
	r.yield = func(u Unit, err error) bool {
		if err != nil {
			t.Fatal(err)
		}
		if held = append(held, u); len(held) == 100 {
			for i := range held {
				if string(held[i].Data[:12]) != "Subject: x\n\n" {
					t.Fatalf("unit %d was spoiled before its release", held[i].Ordinal)
				}
				held[i].Release()
			}
			held = held[:0]
		}
		return true
	}
	r.inputs([]string{"-"})
	if r.ordinal != 80000 {
		t.Errorf("%d units", r.ordinal)
	}
	free := 0
	for _, holder := range r.pool.free {
		for _, f := range holder {
			free += len(f)
		}
	}
	if free > 32 {
		t.Errorf("%d blocks in the end, for 100 units held", free)
	}
}

// TestHugeMessage: one line of 64 MB takes no more memory than what is held.
func TestHugeMessage(t *testing.T) {
	t.Parallel()
	for _, format := range []Format{Mbox, Mboxcl, Mboxcl2} {
		in := io.MultiReader(strings.NewReader(two+"\n"+dated+"Subject: 3\nContent-Length: 5\n\n"),
			&repeat{data: []byte(strings.Repeat("x", 1<<20)), times: 64}, strings.NewReader("\n\n"+two))
		var sizes []int64
		r := newRun(context.Background(), Options{Format: format, Stdin: in, MaxHeld: 1 << 20, TempDir: t.TempDir()}, func(u Unit, err error) bool {
			if err != nil {
				t.Error(err)
			}
			sizes = append(sizes, u.Size)
			u.Release()
			return true
		})
		r.inputs([]string{"-"})
		if want := []int64{16, 16, 64<<20 + 31, 16, 16}; !slices.Equal(sizes, want) {
			t.Errorf("%s: sizes %v, want %v", format, sizes, want)
		}
		if r.pool.kept > 8<<20 {
			t.Errorf("%s: %d bytes of blocks", format, r.pool.kept)
		}
	}
}

// repeat reads data several times over.
type repeat struct {
	data  []byte
	times int
	at    int
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.at == len(r.data) {
		r.at = 0
		r.times--
	}
	if r.times <= 0 {
		return 0, io.EOF
	}
	n := copy(p, r.data[r.at:])
	r.at += n
	return n, nil
}

// TestShrunkFile: a large message whose file has become shorter is an error to
// its reader, not a shorter message.
func TestShrunkFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.eml")
	if err := os.WriteFile(path, []byte("Subject: x\n\n"+strings.Repeat("y\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for u, err := range Units(context.Background(), []string{path}, Options{MaxHeld: 10}) {
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 50); err != nil {
			t.Fatal(err)
		}
		r, err := u.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		if _, err := io.ReadAll(r); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("error %v", err)
		}
	}
}

// TestLogs: a log reader is found by content, forced by name, and flushed.
func TestLogs(t *testing.T) {
	t.Parallel()
	logs := []LogReader{{
		Detect: func(head []byte) Format {
			if strings.HasPrefix(string(head), "Jul  8 ") {
				return Postfix
			}
			return ""
		},
		Formats: []Format{Postfix, Exim},
		Read: func(_ context.Context, in LogInput, yield func(Unit, error) bool) error {
			b, err := io.ReadAll(in.Reader)
			if err != nil {
				return err
			}
			yield(Unit{Format: in.Format, Length: int64(len(b)), Log: &LogRecord{}}, nil)
			return errors.New("odd line")
		},
		Flush: func(yield func(Unit, error) bool) error {
			yield(Unit{Source: "kept", Format: Postfix, Log: &LogRecord{}}, nil)
			return nil
		},
	}}
	in := pack(t, "gzip", []byte("Jul  8 12:08:34 mx postfix/smtpd[1]: x\n"))
	got := describe(collect(t, Options{Stdin: strings.NewReader(string(in)), Logs: logs}, "-"))
	expect(t, got, "-:0 postfix ", "kept:0 postfix ", "-:-1: log_error")
	got = describe(collect(t, Options{Stdin: strings.NewReader("any"), Logs: logs, Format: Exim}, "-"))
	expect(t, got, "-:0 exim ", "kept:0 postfix ", "-:-1: log_error")
}

func TestForced(t *testing.T) {
	t.Parallel()
	read := func(f Format, data string) []string {
		return describe(collect(t, Options{Format: f, Stdin: strings.NewReader(data)}, "-"))
	}
	expect(t, read(EML, two), "-:0 eml 1") // its From_ line is taken off
	expect(t, read(MH, "x"), "-:0 mh x no_final_newline")
	expect(t, read(Mbox, "rubbish\n\n"+two), fmt.Sprintf("-:%d mboxo 1", 9), fmt.Sprintf("-:%d mboxo 2", 9+secondAt), "-:0: no_from_line")
	expect(t, read(Mboxrd, "rubbish\n"), "-:0: no_from_line")
	expect(t, read(Tar, two), "-:-1: truncated")
	expect(t, read(Zip, two), "-:-1: corrupt")
	expect(t, read(Postfix, two), "-:0: unknown_format")
	expect(t, read(Auto, "\ufeff\r\n"+two), "-:5 mboxo 1 leading_bytes", fmt.Sprintf("-:%d mboxo 2", 5+secondAt))
	expect(t, read(EML, string(pack(t, "gzip", []byte("Subject: 1\n\n")))), "-:0 eml 1")
}

func FuzzUnits(f *testing.F) {
	f.Add([]byte(two))
	f.Add([]byte("15\nSubject: e\n\nab\n<?xml version=\"1.0\"?>\n"))
	f.Add([]byte("PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x01\x00\x00\xff\xff"))
	f.Add([]byte("\x28\xb5\x2f\xfd\x04\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		units, problems := collectTuned(t, Options{Stdin: strings.NewReader(string(data)), TempDir: t.TempDir()},
			func(tn *tuning) { tn.block, tn.held, tn.expanded = 4096, 1<<16, 1<<22 }, "-")
		if len(units)+len(problems) == 0 && unpackerFor(data) == nil && !isTar(data) {
			t.Error("neither a unit nor a problem")
		}
	})
}
