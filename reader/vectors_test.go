package reader

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/ulikunitz/xz"
)

// vectors are kept beside the repository, not in it.
const vectors = "../../shared/vectors"

// vector returns the bytes of a file of the conformance material.
func vector(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectors, filepath.FromSlash(name)))
	if err != nil {
		t.Skip("conformance material is absent: ", err)
	}
	return b
}

// listsSample is 2,805 messages of a mailing list, as mboxrd.
func listsSample(t testing.TB) []byte {
	t.Helper()
	packed := vector(t, "lists-sample/messages.mboxrd.xz")
	listsOnce.Do(func() {
		var r *xz.Reader
		if r, listsErr = xz.NewReader(bytes.NewReader(packed)); listsErr == nil {
			listsData, listsErr = io.ReadAll(r)
		}
	})
	if listsErr != nil {
		t.Fatal(listsErr)
	}
	return listsData
}

// The archive is unpacked once for all tests.
var (
	listsOnce sync.Once
	listsData []byte
	listsErr  error
)

// TestListsSample: each of the 2,805 messages stands where the index says.
func TestListsSample(t *testing.T) {
	t.Parallel()
	type row struct {
		offset, size int64
	}
	var index []row
	zr, err := gzip.NewReader(bytes.NewReader(vector(t, "lists-sample/index.tsv.gz")))
	if err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(zr); s.Scan(); {
		f := strings.Split(s.Text(), "\t")
		size, _ := strconv.ParseInt(f[3], 10, 64)
		offset, _ := strconv.ParseInt(f[4], 10, 64)
		index = append(index, row{offset, size})
	}
	data := listsSample(t)
	n := 0
	for u, err := range Units(context.Background(), []string{"-"}, Options{Stdin: bytes.NewReader(data)}) {
		if err != nil {
			t.Fatal(err)
		}
		if n >= len(index) {
			t.Fatalf("more than %d units", len(index))
		}
		want := index[n]
		if u.Ordinal != int64(n) || u.Offset != want.offset || u.Format != Mboxrd || u.Quoting != QuotingMboxrd {
			t.Fatalf("unit %d: %+v; want offset %d", n, u, want.offset)
		}
		// The index has the sizes before quoting.
		quoted := int64(bytes.Count(u.Data, []byte("\n>From ")) + bytes.Count(u.Data, []byte("\n>>From ")) + bytes.Count(u.Data, []byte("\n>>>From ")))
		if u.Size-quoted != want.size {
			t.Errorf("unit %d: size %d with %d quoted, want %d", n, u.Size, quoted, want.size)
		}
		if !bytes.HasPrefix(data[u.Offset:], []byte("From mboxrd@z")) || !bytes.Contains(data[u.Offset:u.Offset+u.Length], u.Data) {
			t.Fatalf("unit %d is not what stands at its offset", n)
		}
		n++
		u.Release()
	}
	if n != 2805 {
		t.Errorf("%d units, want 2805", n)
	}
}

// TestMimeKitOffsets compares with where MimeKit 4 sees the messages. MimeKit
// ends each before the last line end that stands before a From_ line; we keep
// the line end of a message that is not followed by a blank line, unless its
// Content-Length says otherwise.
func TestMimeKitOffsets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"content-length", "issue1189"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var want []struct{ MboxMarkerOffset, BeginOffset, EndOffset int64 }
			if err := json.Unmarshal(vector(t, "mbox-misc/mimekit/"+name+".unix-offsets.json"), &want); err != nil {
				t.Fatal(err)
			}
			data := vector(t, "mbox-misc/mimekit/"+name+".mbox.txt")
			units, problems := collect(t, Options{Stdin: bytes.NewReader(data)}, "-")
			if len(problems) > 0 || len(units) != len(want) {
				t.Fatalf("%d units, want %d; problems %v", len(units), len(want), problems)
			}
			for i, u := range units {
				begin := u.Offset + int64(bytes.IndexByte(data[u.Offset:], '\n')+1)
				if u.Offset != want[i].MboxMarkerOffset || begin != want[i].BeginOffset {
					t.Errorf("unit %d at %d, %d; want %d, %d", i, u.Offset, begin, want[i].MboxMarkerOffset, want[i].BeginOffset)
				}
				end := begin + u.Size
				if d := end - want[i].EndOffset; d != 0 && (d != 1 || data[end-1] != '\n') {
					t.Errorf("unit %d ends at %d, want %d", i, end, want[i].EndOffset)
				}
			}
		})
	}
}

// TestMboxMisc: how many messages mboxes of several programs hold, by reading.
func TestMboxMisc(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		format Format
		want   int
	}{
		{"mimekit/content-length.mbox.txt", Mboxcl, 29},
		{"mimekit/simple.mbox.txt", Mboxo, 3},
		{"mimekit/unmunged.mbox.txt", Mboxo, 2},
		{"mimekit/issue1189.mbox.txt", Mboxo, 4},
		{"perceval/hyperkitty_2016_april.mbox", Mboxo, 3},
		{"perceval/hyperkitty_2016_march.mbox", Mboxo, 1},
		{"perceval/mbox_complex.mbox", Mboxo, 2},
		{"perceval/mbox_iso8859_encoding.mbox", Mboxo, 1},
		{"perceval/mbox_multipart.mbox", Mboxo, 2},
		{"perceval/mbox_no_fields.mbox", Mboxo, 6},
		{"perceval/mbox_single.mbox", Mboxo, 1},
		{"perceval/mbox_unixfrom_encoding.mbox", Mboxo, 1},
		{"perceval/mbox_unknown_encoding.mbox", Mboxo, 1},
		{"perceval/pipermail_2015_november.mbox", Mboxo, 4},
		{"perceval/pipermail_2016_april.mbox", Mboxo, 3},
		{"perceval/pipermail_2016_march.mbox", Mboxo, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			data := vector(t, "mbox-misc/"+tt.name)
			units, problems := collect(t, Options{Stdin: bytes.NewReader(data)}, "-")
			if len(units) != tt.want || len(problems) > 0 {
				t.Fatalf("%d units, want %d; problems %v", len(units), tt.want, problems)
			}
			if units[0].Format != tt.format {
				t.Errorf("format %s, want %s", units[0].Format, tt.format)
			}
			conserved(t, data, units)
		})
	}
}

func TestMaildirVector(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(vectors, "mbox-misc", "maildir")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("conformance material is absent: ", err)
	}
	units, problems := collect(t, Options{}, dir)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	var got []string
	for _, u := range units {
		rel, _ := filepath.Rel(dir, u.Source)
		got = append(got, rel+" "+u.Envelope.ReceivedAt.Format("2006-01-02T15:04:05.000000Z"))
		if u.Format != Maildir {
			t.Errorf("%s: format %s", u.Source, u.Format)
		}
	}
	want := []string{
		".My Folder/cur/1035478339.27041_118.foo.org,S=1000,W=1030;2,TDR 2002-10-24T16:52:19.000000Z",
		".My Folder/new/1276528487.M364837P9451.kurkku,S=1355,W=1394;2, 2010-06-14T15:14:47.364837Z",
		".My Folder.Nested Folder/cur/1276533073.M242911P3632.kurkku;2,FP 2010-06-14T16:31:13.242911Z",
		".My Folder.Nested Folder/new/1035478339.27041_118.foo.org,S=1000,W=1030;2,RDF, 2002-10-24T16:52:19.000000Z",
		"cur/1491941793.M41850P8566V0000000000000015I0000000004F3030E_0.mx1.example.com,S=10956;2,STln 2017-04-11T20:16:33.041850Z",
		"new/1234567890.M20046P2137.mailserver,S=4542,W=4642;2,Sb 2009-02-13T23:31:30.020046Z",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestMalformedMessages: a file that is called .eml is one message, however
// broken.
func TestMalformedMessages(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(vectors, "mbox-misc", "malformed-eml")
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Skip("conformance material is absent: ", err)
	}
	units, problems := collect(t, Options{}, dir)
	if len(units) != len(list) || len(problems) > 0 {
		t.Errorf("%d units, want %d; problems %v", len(units), len(list), problems)
	}
}
