package corpus

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Dialect is how an mbox file quotes lines that begin with "From ".
type Dialect int

// The dialects.
const (
	MboxRD Dialect = iota // ">" before every ">*From "
	MboxO                 // ">" before "From " only, which loses information
)

// MboxWriter writes an mbox file with LF line ends.
type MboxWriter struct {
	w       *bufio.Writer
	dialect Dialect
	offset  int64
}

// NewMboxWriter returns a writer onto w; Flush it at the end.
func NewMboxWriter(w io.Writer, d Dialect) *MboxWriter {
	return &MboxWriter{w: bufio.NewWriterSize(w, 1<<20), dialect: d}
}

// Add writes one message and returns the byte offset of its From_ line.
func (w *MboxWriter) Add(m *Message) (int64, error) {
	start := w.offset
	n, err := w.w.Write(renderMbox(m, w.dialect))
	w.offset += int64(n)
	return start, err
}

// renderMbox is a message as it stands in an mbox file, with the From_ line above
// it and the blank line below.
func renderMbox(m *Message, d Dialect) []byte {
	out := make([]byte, 0, len(m.Raw)+200)
	out = append(out, fromLine(m)...)
	for text := m.Raw; len(text) > 0; {
		n := bytes.IndexByte(text, '\n') + 1
		if n == 0 {
			n = len(text)
		}
		line := text[:n]
		text = text[n:]
		if quoted(line, d) {
			out = append(out, '>')
		}
		if bytes.HasSuffix(line, []byte("\r\n")) {
			out = append(out, line[:n-2]...)
			out = append(out, '\n')
		} else {
			out = append(out, line...)
		}
	}
	if !bytes.HasSuffix(m.Raw, []byte("\n")) {
		out = append(out, '\n')
	}
	return append(out, '\n')
}

// Flush writes out what is buffered.
func (w *MboxWriter) Flush() error { return w.w.Flush() }

// quoted tells whether a dialect puts a ">" before the line.
func quoted(line []byte, d Dialect) bool {
	if d == MboxRD {
		line = bytes.TrimLeft(line, ">")
	}
	return bytes.HasPrefix(line, []byte("From "))
}

// fromLine is the separator, in UTC as delivery agents write it.
func fromLine(m *Message) string {
	return fmt.Sprintf("From %s %s\n", orElse(m.Sender, "MAILER-DAEMON"), m.Received.UTC().Format(time.ANSIC))
}

// WriteMaildir writes message n of an archive into a Maildir, with LF line ends
// as delivery agents do: odd ones into new/, even ones into cur/, there with
// flags where flags is true (":2,S"; colons are no part of portable file names).
// It returns the file's path below dir.
func WriteMaildir(dir string, n int, flags bool, m *Message) (string, error) {
	name := fmt.Sprintf("%d.M%06dP%d.mx.example.org", m.Received.Unix(), n*7919%1000000, 4000+n)
	sub := "new"
	if n%2 == 0 {
		sub = "cur"
		if flags {
			name += ":2,S"
		}
	}
	path := sub + "/" + name
	return path, writeFile(filepath.Join(dir, path), bytes.ReplaceAll(m.Raw, []byte("\r\n"), []byte("\n")))
}

// writeFile writes a file and the folders above it.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o644)
}
