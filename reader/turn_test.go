package reader

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"
)

// holderReader fails where the run reads into the memory of another than whose
// turn it is.
type holderReader struct {
	t      *testing.T
	r      io.Reader
	run    *run
	holder int
	reads  map[int]int
}

func (h *holderReader) Read(p []byte) (int, error) {
	b := h.run.w.b
	if &b.buf[h.run.w.end] != &p[0] {
		h.t.Fatal("read past the window")
	}
	if large := len(b.buf) > h.run.tune.block; !large && b.holder != h.run.w.holder {
		h.t.Errorf("read into the memory of %d for %d", b.holder, h.run.w.holder)
	}
	h.reads[h.run.w.holder]++
	return h.r.Read(p)
}

// Whoever reads, the same units come, each turn's from the memory of whose turn it
// is.
func TestTurns(t *testing.T) {
	t.Parallel()
	data := randomMbox(11, 4000)
	type found struct {
		at, size int64
		text     string
	}
	read := func(turns bool) (out []found) {
		rnd := rand.New(rand.NewPCG(5, 6))
		h := &holderReader{t: t, r: bytes.NewReader(data), reads: map[int]int{}}
		o := Options{Stdin: h}
		if turns {
			o.Turn = func() int { return h.holder }
		}
		tokens, last := 0, false
		r := newRun(context.Background(), o, func(u Unit, err error) bool {
			if err == ErrTurn {
				if last || h.run.w.len() > turnHeld {
					t.Errorf("a turn follows upon a turn, or with %d bytes in the window", h.run.w.len())
				}
				tokens++
				last, h.holder = true, rnd.IntN(4)
				return true
			}
			if last = false; err != nil {
				t.Error(err)
				return true
			}
			out = append(out, found{u.Offset, u.Size, string(u.Data)})
			u.Release()
			return true
		})
		tn := r.tune
		tn.block, tn.read, tn.evidence, tn.onPut = 4096, 1000, 4096, poison
		r.setTuning(tn)
		h.run = r
		r.inputs([]string{"-"})
		if turns && (tokens < 100 || len(h.reads) != 4) || !turns && tokens > 0 {
			t.Errorf("%d turns, reads by holder: %v", tokens, h.reads)
		}
		return out
	}
	alone, byTurns := read(false), read(true)
	if len(alone) < 1000 || len(alone) != len(byTurns) {
		t.Fatalf("%d units alone, %d by turns", len(alone), len(byTurns))
	}
	for i := range alone {
		if alone[i] != byTurns[i] {
			t.Fatalf("unit %d: %+v alone, %+v by turns", i, alone[i], byTurns[i])
		}
	}
}

// Who leaves at a turn hears no more, whatever is read.
func TestTurnsLeft(t *testing.T) {
	t.Parallel()
	data := randomMbox(12, 500)
	for _, format := range []Format{Auto, Mboxcl, EML} {
		for leave := range 6 {
			t.Run(fmt.Sprint(format, leave), func(t *testing.T) {
				t.Parallel()
				turns, left := 0, false
				var reports []Input
				o := Options{Format: format, Stdin: bytes.NewReader(data), Turn: func() int { return 0 }, OnInput: func(in Input) {
					reports = append(reports, in)
				}}
				r := newRun(context.Background(), o, func(_ Unit, err error) bool {
					if left {
						t.Errorf("yields on: %v", err)
					}
					if err == ErrTurn {
						turns++
					}
					left = turns > leave
					return !left
				})
				tn := r.tune
				tn.block, tn.read, tn.evidence = 4096, 1000, 4096
				r.setTuning(tn)
				r.inputs([]string{"-", "-"})
				if left && reports[len(reports)-1].State != Stopped {
					t.Errorf("reports: %+v", reports)
				}
				if !left && format != EML {
					t.Errorf("%d turns in all", turns)
				}
			})
		}
	}
}
