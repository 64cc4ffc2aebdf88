package sink

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestSpool writes more than memory holds, in streams side by side, and reads each
// twice.
func TestSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := spool{create: func() (*os.File, error) { return unnamed(os.CreateTemp(dir, "spool")) }}
	defer s.close()
	for round, streams := range []int{3, 2500, 1} {
		want := make([][][]byte, streams)
		for range streams {
			s.open()
		}
		r := rand.New(rand.NewPCG(uint64(round), 1))
		for total := 0; total < spoolBytes*3/2; {
			i := r.IntN(streams)
			frame := bytes.Repeat([]byte{byte(r.Uint32())}, r.IntN(2*spoolChunk))
			if err := s.add(i, frame); err != nil {
				t.Fatal(err)
			}
			want[i] = append(want[i], frame)
			total += len(frame)
		}
		for range 2 {
			for i := range want {
				if got := frames(t, s.reader(i)); !slices.EqualFunc(got, want[i], bytes.Equal) {
					t.Fatalf("stream %d of %d: %d frames, want %d", i, streams, len(got), len(want[i]))
				}
			}
		}
		s.reset()
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
}

func frames(t *testing.T, r *spoolReader) (out [][]byte) {
	t.Helper()
	for {
		n, err := r.next()
		if errors.Is(err, io.EOF) {
			return out
		}
		b := make([]byte, n)
		if err = errors.Join(err, r.frame(b)); err != nil {
			t.Fatal(err)
		}
		out = append(out, b)
	}
}

// FuzzFrame: no bytes make the reader of frames do anything but tell that they
// are none; what it takes for a frame is written as it reads it.
func FuzzFrame(f *testing.F) {
	t := messagesTable()
	coder := newFrameCoder(t.infos(), nil)
	f.Add([]byte{0, byte(len(coder.leaves))})
	f.Add([]byte{1, 2, 'a', 'b', 0, 100})
	f.Fuzz(func(t *testing.T, frame []byte) {
		cells := make([][]Cell, len(coder.leaves))
		if coder.read(frame, func(i int, of []Cell) { cells[i] = slices.Clone(of) }) != nil {
			return
		}
		var b []byte
		for i := range cells {
			b = coder.leaf(b, &coder.leaves[i], cells[i])
		}
		b = coder.skipped(b)
		err := coder.read(b, func(i int, of []Cell) {
			if diff := cmp.Diff(cells[i], of, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("leaf %d: %s", i, diff)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
