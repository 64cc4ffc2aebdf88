package reader

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz"
	"github.com/zeebo/xxh3"
)

// two is an mbox of two messages, the second at secondAt.
const (
	two      = dated + "Subject: 1\n\none\n\n" + dated + "Subject: 2\n\ntwo\n"
	secondAt = (len(two) + 1) / 2
)

const bzip2Mail = "425a68393141592653592202b5ab0000035b8000104000201008001a118600200022980190806801695dc318034c93c2ee48a70a12044056b560"

func pack(t testing.TB, how string, data []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch how {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "xz":
		w, err = xz.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.Write(data)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// sources reads data from a pipe and describes what came.
func sources(t *testing.T, data []byte) []string {
	t.Helper()
	return describe(collect(t, Options{Stdin: bytes.NewReader(data), TempDir: t.TempDir()}, "-"))
}

// describe lists units, then problems.
func describe(units []kept, problems []*Problem) []string {
	var out []string
	for _, u := range units {
		subject, _, _ := strings.Cut(strings.TrimPrefix(string(u.Data), "Subject: "), "\n")
		s := fmt.Sprintf("%s:%d %s %s", u.Source, u.Offset, u.Format, subject)
		for _, a := range u.Anomalies {
			s += " " + a
		}
		out = append(out, s)
	}
	for _, p := range problems {
		out = append(out, fmt.Sprintf("%s:%d: %s", p.Source, p.Offset, p.Code))
	}
	return out
}

func expect(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

var bothUnits = []string{"-:0 mboxo 1", fmt.Sprintf("-:%d mboxo 2", secondAt)}

func TestCompressed(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"gzip", "xz", "zstd"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			packed := pack(t, how, []byte(two))
			half := len(two) / 2
			parts := append(pack(t, how, []byte(two[:half])), pack(t, how, []byte(two[half:]))...)
			expect(t, sources(t, packed), bothUnits...)
			expect(t, sources(t, parts), bothUnits...)
			expect(t, sources(t, pack(t, "gzip", packed)), bothUnits...)
			// One unit is whole before the cut, or none came out before it.
			cut := sources(t, packed[:len(packed)-3])
			if len(cut) == 0 || !strings.HasSuffix(cut[len(cut)-1], ": truncated") || len(cut) > 2 {
				t.Errorf("cut: %q", cut)
			}
		})
	}
}

// TestTrailing: bytes behind a compressed stream are one problem and cost no unit.
func TestTrailing(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"gzip", "zstd"} {
		expect(t, sources(t, append(pack(t, how, []byte(two)), "rubbish"...)),
			append(bothUnits, "-:-1: corrupt")...)
	}
	expect(t, sources(t, append(pack(t, "gzip", []byte(two)), make([]byte, 512)...)), bothUnits...)
}

func TestCorruptGzip(t *testing.T) {
	t.Parallel()
	packed := pack(t, "gzip", []byte(two))
	packed[len(packed)-6] ^= 1 // in the checksum
	expect(t, sources(t, packed), bothUnits[0], fmt.Sprintf("-:%d: corrupt", secondAt))
}

// TestBomb: a stream that expands beyond all measure is stopped, as one problem.
func TestBomb(t *testing.T) {
	t.Parallel()
	zeros := pack(t, "gzip", pack(t, "gzip", append([]byte("Subject: x\n\n"), make([]byte, 8<<20)...)))
	units, problems := collectTuned(t, Options{Stdin: bytes.NewReader(zeros), TempDir: t.TempDir()},
		func(tn *tuning) { tn.ratioFloor, tn.held = 1<<20, 1<<20 }, "-")
	expect(t, describe(units, problems), "-:0: expansion_limit")

	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i := range 3 {
		addTar(w, fmt.Sprintf("%d", i), zeros)
	}
	w.Close()
	units, problems = collectTuned(t, Options{Stdin: &b, TempDir: t.TempDir()},
		func(tn *tuning) { tn.expanded, tn.held = 1<<20, 1<<20 }, "-")
	expect(t, describe(units, problems), "-!0:0: expansion_limit")
}

func TestNesting(t *testing.T) {
	t.Parallel()
	data := []byte(two)
	for range maxNesting {
		data = pack(t, "gzip", data)
	}
	expect(t, sources(t, data), bothUnits...)
	expect(t, sources(t, pack(t, "gzip", data)), "-:-1: depth_limit")
}

func TestXzDictionary(t *testing.T) {
	t.Parallel()
	packed := pack(t, "xz", []byte(two))
	if n := xzDictionary(packed); n != 8<<20 {
		t.Fatalf("dictionary %d, want the 8 MiB of xz -6", n)
	}
	at := bytes.Index(packed[12:], []byte{0x21, 1}) + 14
	packed[at] = 40 // 4 GiB - 1
	expect(t, sources(t, packed), "-:-1: corrupt")
}

func TestBzip2(t *testing.T) {
	t.Parallel()
	// Made by bzip2 1.0.8; the library cannot write it.
	packed, err := hex.DecodeString(bzip2Mail)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(bzip2.NewReader(bytes.NewReader(packed))); err != nil || string(b) != "Subject: 1\n\none\n" {
		t.Fatal("bad fixture: ", err)
	}
	expect(t, sources(t, packed), "-:0 eml 1")
	expect(t, sources(t, append(bytes.Clone(packed), "rubbish"...)), "-:0 eml 1", "-:-1: corrupt")
	expect(t, sources(t, packed[:len(packed)-4]), "-:0: truncated")
}

func addTar(w *tar.Writer, name string, data []byte) {
	w.WriteHeader(&tar.Header{Name: name, Mode: 0o600, Size: int64(len(data)), Typeflag: tar.TypeReg})
	w.Write(data)
}

func TestTar(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	addTar(w, "../../etc/in.mbox", []byte(two))
	w.WriteHeader(&tar.Header{Name: "dir/", Typeflag: tar.TypeDir})
	w.WriteHeader(&tar.Header{Name: "link", Linkname: "/etc/passwd", Typeflag: tar.TypeSymlink})
	w.WriteHeader(&tar.Header{Name: "hard", Linkname: "../x", Typeflag: tar.TypeLink})
	w.WriteHeader(&tar.Header{Name: "fifo", Typeflag: tar.TypeFifo})
	addTar(w, "dir/cur/1491941793.M41850P1.mx,S=1:2,S", []byte("Subject: 3\n\nthree"))
	addTar(w, "empty", nil)
	addTar(w, "noise", []byte("\x01\x02\x03"))
	addTar(w, "in.gz", pack(t, "gzip", []byte("Subject: 4\n\n")))
	addTar(w, "cut.gz", pack(t, "gzip", []byte("Subject: 5\n\n"))[:20])
	addTar(w, "last\xff.eml", []byte("Subject: 6\n\n"))
	w.Close()
	want := []string{
		"-!../../etc/in.mbox:0 mboxo 1", fmt.Sprintf("-!../../etc/in.mbox:%d mboxo 2", secondAt),
		"-!dir/cur/1491941793.M41850P1.mx,S=1:2,S:0 maildir 3 no_final_newline",
		"-!in.gz:0 eml 4", `-!last\xff.eml:0 eml 6`,
		"-!link:-1: archive_link", "-!hard:-1: archive_link", "-!fifo:-1: archive_member",
		"-!empty:-1: empty_input", "-!noise:0: unknown_format", "-!cut.gz:0: truncated",
	}
	whole := b.Bytes()
	expect(t, sources(t, whole), want...)
	expect(t, sources(t, pack(t, "gzip", whole)), want...)

	// The archive ends inside its first member: one problem, the first message is whole.
	expect(t, sources(t, whole[:512+len(two)-2]), bothUnitsOf("-!../../etc/in.mbox")[0],
		fmt.Sprintf("-!../../etc/in.mbox:%d: truncated", secondAt))
}

func bothUnitsOf(source string) []string {
	return []string{source + ":0 mboxo 1", fmt.Sprintf("%s:%d mboxo 2", source, secondAt)}
}

func TestZip(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	add := func(h *zip.FileHeader, data string) {
		f, err := w.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, data)
	}
	add(&zip.FileHeader{Name: "b.mbox", Method: zip.Deflate}, two)
	link := &zip.FileHeader{Name: "link"}
	link.SetMode(os.ModeSymlink | 0o777)
	add(link, "/etc/passwd")
	add(&zip.FileHeader{Name: "secret", Flags: 1}, "Subject: x\n\n")
	add(&zip.FileHeader{Name: "dir/"}, "")
	add(&zip.FileHeader{Name: "../a.eml"}, "Subject: 3\n\n")
	w.Close()
	check := func(name string, got []string) {
		t.Helper()
		expect(t, got, append(bothUnitsOf(name+"!b.mbox"), name+"!../a.eml:0 eml 3",
			name+"!link:-1: archive_link", name+"!secret:-1: encrypted")...)
	}
	check("-", sources(t, b.Bytes()))
	check("-", sources(t, pack(t, "zstd", b.Bytes())))
	path := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	var in Input
	check(path, describe(collect(t, Options{OnInput: func(i Input) { in = i }}, path)))
	sum := xxh3.Hash128(b.Bytes()).Bytes()
	if in.Digest != hex.EncodeToString(sum[:]) || in.Size != int64(b.Len()) || in.State != Partial || in.Units != 3 || in.Problems != 2 {
		t.Errorf("report %+v", in)
	}
	expect(t, sources(t, b.Bytes()[:b.Len()-5]), "-:-1: corrupt")
}

// TestNothingLeft: archives and large messages leave no file behind.
func TestNothingLeft(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := dated + "S: 1\n\n" + strings.Repeat("x\n", 1000) + "\n" + dated + "S: 2\n\ny\n"
	units, problems := collectTuned(t, Options{Stdin: strings.NewReader(data), TempDir: dir},
		func(tn *tuning) { tn.held, tn.block, tn.read = 100, 64, 64 }, "-")
	if len(units) != 2 || len(problems) > 0 || units[0].Open == nil || units[0].Size != 2006 || units[1].Open != nil {
		t.Fatalf("%d units, problems %v", len(units), problems)
	}
	conserved(t, []byte(data), units)
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	_, problems = collectTuned(t, Options{Stdin: strings.NewReader(data), TempDir: dir},
		func(tn *tuning) { tn.held, tn.block, tn.read, tn.spool = 100, 64, 64, 500 }, "-")
	expect(t, describe(nil, problems), "-:0: message_too_large")
	_, problems = collectTuned(t, Options{Stdin: strings.NewReader(data), TempDir: filepath.Join(dir, "absent")},
		func(tn *tuning) { tn.held, tn.block, tn.read = 100, 64, 64 }, "-")
	expect(t, describe(nil, problems), "-:0: spool_failed")
}
