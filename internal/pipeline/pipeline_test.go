package pipeline

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

var errItem = errors.New("bad item")

// numbers yields 0 to n-1, and an error in place of every k-th.
func numbers(n, k int) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for i := range n {
			var err error
			if k > 0 && i%k == k-1 {
				err = errItem
			}
			if !yield(i, err) {
				return
			}
		}
	}
}

func jitter(i int) {
	if rand.IntN(20) == 0 {
		time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond)
	}
}

func TestMapKeepsOrder(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 2, 8, 32} {
		for _, window := range []int{0, 1, 7, 100} {
			t.Run(fmt.Sprintf("workers=%d,window=%d", workers, window), func(t *testing.T) {
				t.Parallel()
				const n = 2000
				o := Options{Workers: workers, Window: window}
				checkTripled(t, Map(context.Background(), numbers(n, 7), o, func() func(context.Context, int) (int, error) {
					return func(_ context.Context, v int) (int, error) { return tripled(v) }
				}), n)
			})
		}
	}
}

// tripled is what items become; every eleventh fails.
func tripled(v int) (int, error) {
	jitter(v)
	if v%11 == 0 {
		return 0, errItem
	}
	return 3 * v, nil
}

// checkTripled wants numbers(n, 7) tripled, in order.
func checkTripled(t *testing.T, seq iter.Seq2[int, error], n int) {
	t.Helper()
	i := 0
	for v, err := range seq {
		wantErr := i%7 == 6 || i%11 == 0
		if (err != nil) != wantErr || err == nil && v != 3*i {
			t.Fatalf("item %d: got %d, %v", i, v, err)
		}
		i++
	}
	if i != n {
		t.Fatalf("got %d items, want %d", i, n)
	}
}

func TestMapBoundsWindow(t *testing.T) {
	t.Parallel()
	const window = 5
	var pulled, taken atomic.Int64
	src := func(yield func(int, error) bool) {
		for i := range 200 {
			// One item may be held by the feeder while it waits for a slot.
			if p := pulled.Add(1); p-taken.Load() > window+2 {
				t.Errorf("%d items pulled, %d taken", p, taken.Load())
			}
			if !yield(i, nil) {
				return
			}
		}
	}
	seq := Map(context.Background(), src, Options{Workers: 2, Window: window}, identity)
	for range seq {
		taken.Add(1)
	}
}

func identity() func(context.Context, int) (int, error) {
	return func(_ context.Context, v int) (int, error) { return v, nil }
}

// settled waits for the number of goroutines to fall back to what it was.
func settled(t *testing.T, before int) {
	t.Helper()
	for range 200 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}

func TestMapLeavesNoGoroutine(t *testing.T) { // not parallel: it counts goroutines
	before := runtime.NumGoroutine()
	for i := range 200 {
		n := 0
		for range Map(context.Background(), numbers(1000, 3), Options{Workers: 4, Window: 16}, identity) {
			if n++; n == i {
				break
			}
		}
	}
	settled(t, before)
}

func TestMapEndsWithItsContext(t *testing.T) { // not parallel: it counts goroutines
	before := runtime.NumGoroutine()
	cause := errors.New("stop")
	for i := range 100 {
		ctx, cancel := context.WithCancelCause(context.Background())
		n := 0
		var last error
		seq := Map(ctx, numbers(100000, 0), Options{Workers: 4, Window: 16},
			func() func(context.Context, int) (int, error) {
				return func(ctx context.Context, v int) (int, error) {
					if v > i+50 { // a worker that waits for something else
						<-ctx.Done()
						return 0, ctx.Err()
					}
					return v, nil
				}
			})
		for _, err := range seq {
			if n++; n == i {
				cancel(cause)
			}
			last = err
			if n > i+50 {
				cancel(cause)
			}
		}
		if !errors.Is(last, cause) {
			t.Fatalf("the last error is %v", last)
		}
		cancel(nil)
	}
	settled(t, before)
}

func TestMapChains(t *testing.T) {
	t.Parallel()
	first := Map(context.Background(), numbers(500, 0), Options{Workers: 3}, identity)
	second := Map(context.Background(), first, Options{Workers: 50, Window: 100}, identity)
	i := 0
	for v, err := range second {
		if err != nil || v != i {
			t.Fatalf("item %d: %d, %v", i, v, err)
		}
		i++
	}
}

func BenchmarkMap(b *testing.B) {
	for _, workers := range []int{1, 2, 8} {
		b.Run(fmt.Sprint(workers), func(b *testing.B) {
			b.ReportAllocs()
			for range Map(context.Background(), numbers(b.N, 0), Options{Workers: workers, Window: 256}, identity) {
			}
		})
	}
}
