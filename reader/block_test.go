package reader

import (
	"bytes"
	"context"
	"sync"
	"testing"
)

// TestReleaseElsewhere: workers hold units while reading goes on, and find
// their bytes as they were until they release them.
func TestReleaseElsewhere(t *testing.T) {
	t.Parallel()
	data := randomMbox(9, 3000)
	units := make(chan Unit, 64)
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for u := range units {
				at := int64(bytes.IndexByte(data[u.Offset:], '\n')) + 1 + u.Offset
				if !bytes.Equal(u.Data, data[at:at+u.Size]) {
					t.Errorf("unit %d was spoiled", u.Ordinal)
				}
				u.Release()
			}
		})
	}
	r := newRun(context.Background(), Options{Stdin: bytes.NewReader(data)}, func(u Unit, err error) bool {
		if err != nil {
			t.Error(err)
			return true
		}
		units <- u
		return true
	})
	tn := r.tune
	tn.block, tn.read, tn.evidence, tn.onPut = 4096, 1000, 4096, poison
	r.setTuning(tn)
	r.inputs([]string{"-"})
	close(units)
	workers.Wait()
}
