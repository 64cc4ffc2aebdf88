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
	err     error
}

// NewMboxWriter returns a writer onto w; Flush it at the end.
func NewMboxWriter(w io.Writer, d Dialect) *MboxWriter {
	return &MboxWriter{w: bufio.NewWriterSize(w, 1<<20), dialect: d}
}

func (w *MboxWriter) write(p []byte) {
	if w.err == nil {
		_, w.err = w.w.Write(p)
		w.offset += int64(len(p))
	}
}

// Add writes one message and returns the byte offset of its From_ line.
func (w *MboxWriter) Add(m *Message) (int64, error) {
	start := w.offset
	w.write([]byte(fromLine(m)))
	text := bytes.ReplaceAll(m.Raw, []byte("\r\n"), []byte("\n"))
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\n') + 1
		if n == 0 {
			n = len(text)
		}
		if w.quoted(text[:n]) {
			w.write([]byte(">"))
		}
		w.write(text[:n])
		text = text[n:]
	}
	if !bytes.HasSuffix(m.Raw, []byte("\n")) {
		w.write([]byte("\n"))
	}
	w.write([]byte("\n"))
	return start, w.err
}

// Flush writes out what is buffered.
func (w *MboxWriter) Flush() error {
	if w.err != nil {
		return w.err
	}
	return w.w.Flush()
}

// quoted tells whether the dialect puts a ">" before the line.
func (w *MboxWriter) quoted(line []byte) bool {
	if w.dialect == MboxRD {
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
