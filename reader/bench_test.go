package reader

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-mbox"
)

// benchMbox is 64 MB of messages: text, and every fourth with an attachment.
var benchMbox = sync.OnceValue(func() []byte {
	var b bytes.Buffer
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. From time to time.\n", 60)
	encoded := strings.Repeat("R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADsFFFFAgICRAEAOwAAABBBCCCDDDEE\n", 400)
	for i := 0; b.Len() < 64<<20; i++ {
		fmt.Fprintf(&b, "From user%d@example.org Fri Jul  8 12:08:34 2011\nReceived: from a.example by b.example; Fri, 8 Jul 2011 12:08:34 +0000\nSubject: message %d\nMessage-ID: <%d@example.org>\n\n%s", i, i, i, text)
		if i%4 == 0 {
			b.WriteString(encoded)
		}
		b.WriteString("\n")
	}
	return b.Bytes()
})

func BenchmarkSplit(b *testing.B) {
	data := benchMbox()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for u, err := range Units(context.Background(), []string{"-"}, Options{Stdin: onlyReader{bytes.NewReader(data)}}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
			u.Release()
		}
		b.ReportMetric(float64(n), "messages/op")
	}
}

// onlyReader hides WriteTo, as a file has none.
type onlyReader struct{ io.Reader }

// BenchmarkPlainRead is the same bytes through io.Copy.
func BenchmarkPlainRead(b *testing.B) {
	data := benchMbox()
	b.SetBytes(int64(len(data)))
	buf := make([]byte, readSize)
	for b.Loop() {
		r := onlyReader{bytes.NewReader(data)}
		for {
			if _, err := r.Read(buf); err != nil {
				break
			}
		}
	}
}

func BenchmarkGoMbox(b *testing.B) {
	data := benchMbox()
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		r := mbox.NewReader(onlyReader{bytes.NewReader(data)})
		for {
			m, err := r.NextMessage()
			if err != nil {
				break
			}
			io.Copy(io.Discard, m)
		}
	}
}

func BenchmarkSmallFiles(b *testing.B) {
	files := map[string]string{}
	for i := range 1000 {
		files[fmt.Sprintf("cur/%d.M1P1.h:2,S", 1491941793+i)] = "Subject: x\n\n" + strings.Repeat("text\n", 800)
	}
	dir := b.TempDir()
	writeTree(b, dir, files)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for u, err := range Units(context.Background(), []string{dir}, Options{}) {
			if err != nil {
				b.Fatal(err)
			}
			n++
			u.Release()
		}
		if n != 1000 {
			b.Fatal(n)
		}
	}
}
