package corpus

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
)

// Archive is a generated archive: its zone, and its messages by number.
type Archive struct {
	Name string // of its mbox file, without ".mbox"
	Zone *Zone
	N    int // messages

	build func(n int) *Message
}

// Message makes message n, from 0 to N-1. It may be called by many goroutines,
// in any order.
func (a *Archive) Message(n int) *Message { return a.build(n) }

// Write writes DIR/NAME.mbox (mboxrd), DIR/zone/ and DIR/truth.tsv. The whole
// stream of messages is written repeat times; the truth speaks of the first.
// The bytes do not depend on workers.
func (a *Archive) Write(dir string, repeat, workers int) error {
	if err := writeZones(a.Zone, filepath.Join(dir, "zone")); err != nil {
		return err
	}
	name := a.Name + ".mbox"
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	defer f.Close()
	var truth bytes.Buffer
	truth.WriteString(strings.Join(truthHeader, "\t") + "\n")
	var offset int64
	for pass := range repeat {
		err := a.each(workers, func(n int, r rendered) error {
			if pass == 0 {
				truth.WriteString(r.truth.row(place{name, n, offset}) + "\n")
			}
			offset += int64(len(r.text))
			_, err := f.Write(r.text)
			return err
		})
		if err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(dir, "truth.tsv"), truth.Bytes()); err != nil {
		return err
	}
	return f.Close()
}

// rendered is a message as it stands in an mboxrd file.
type rendered struct {
	text  []byte
	truth Truth
}

// each makes all messages, workers at a time, and gives them to use in order. It
// stops at the first error.
func (a *Archive) each(workers int, use func(n int, r rendered) error) error {
	futures := make(chan chan rendered, 2*workers)
	tokens := make(chan struct{}, workers)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		defer close(futures)
		for n := range a.N {
			future := make(chan rendered, 1)
			select {
			case futures <- future:
			case <-stop:
				return
			}
			tokens <- struct{}{}
			go func() {
				m := a.build(n)
				future <- rendered{renderMbox(m, MboxRD), m.Truth}
				<-tokens
			}()
		}
	}()
	n := 0
	for future := range futures {
		if err := use(n, <-future); err != nil {
			return err
		}
		n++
	}
	return nil
}
