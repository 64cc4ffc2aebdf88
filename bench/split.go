package main

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// splitBuffer holds the largest message of the archive twice over.
const splitBuffer = 32 << 20

var nextFrom = []byte("\n\nFrom ")

// split reads an mbox in large pieces and gives each message, without its From_
// line and the blank line behind it. Enough for the archive that is measured,
// whose bodies are quoted, and for no other.
func split(path string, each func(message []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	const piece = 1 << 20
	buf := make([]byte, splitBuffer)
	start, end := 0, 0
	searched := 0 // up to here there is no end of the message at start
	for {
		if len(buf)-end < piece {
			end = copy(buf, buf[start:end])
			searched -= start
			start = 0
		}
		n, err := f.Read(buf[end:min(len(buf), end+piece)])
		end += n
		for {
			i := bytes.Index(buf[searched:end], nextFrom)
			if i < 0 {
				searched = max(searched, end-len(nextFrom))
				break
			}
			next := searched + i + 2
			if err := each(withoutFromLine(buf[start : next-1])); err != nil {
				return err
			}
			start, searched = next, next
		}
		if errors.Is(err, io.EOF) {
			last := bytes.TrimSuffix(buf[start:end], []byte("\n\n"))
			return each(withoutFromLine(last))
		}
		if err != nil {
			return err
		}
	}
}

func withoutFromLine(b []byte) []byte {
	return b[bytes.IndexByte(b, '\n')+1:]
}
