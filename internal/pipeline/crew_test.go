package pipeline

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
)

// pausing is a crew whose items pause as often as their last digit says. It fails
// where two lanes run at once, or where Meet is called with nobody paused.
func pausing(t *testing.T, lanes int) func() Crew[int, int] {
	return func() Crew[int, int] {
		var running, paused int // no lock: a crew is one goroutine's
		c := Crew[int, int]{Meet: func() {
			if running != 0 || paused == 0 {
				t.Errorf("met with %d lanes running, %d paused", running, paused)
			}
		}}
		for range lanes {
			c.Lanes = append(c.Lanes, func(pause func()) func(context.Context, int) (int, error) {
				return func(_ context.Context, v int) (int, error) {
					running++
					for range v % 10 {
						running--
						paused++
						pause()
						paused--
						running++
					}
					if running != 1 {
						t.Errorf("%d lanes run at once", running)
					}
					running--
					return tripled(v)
				}
			})
		}
		return c
	}
}

func TestCrewsKeepOrder(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 2, 8} {
		for _, lanes := range []int{1, 2, 3} {
			t.Run(fmt.Sprintf("workers=%d,lanes=%d", workers, lanes), func(t *testing.T) {
				t.Parallel()
				const n = 2000
				o := Options[int]{Workers: workers, Window: 40, Cost: func(v int) int64 { return int64(v % 14) }, Budget: 20}
				checkTripled(t, MapCrews(context.Background(), numbers(n, 7), o, pausing(t, lanes)), n)
			})
		}
	}
}

// A long item is worked on while many short ones pass it.
func TestCrewsWorkSideBySide(t *testing.T) {
	t.Parallel()
	var short, beside atomic.Int64
	newCrew := func() Crew[int, int] {
		one := func(pause func()) func(context.Context, int) (int, error) {
			return func(_ context.Context, v int) (int, error) {
				if v > 0 {
					short.Add(1)
					pause()
					return v, nil
				}
				for short.Load() < 50 {
					pause()
				}
				beside.Store(short.Load())
				return v, nil
			}
		}
		return Crew[int, int]{Lanes: []Lane[int, int]{one, one}, Meet: func() {}}
	}
	n := 0
	for v, err := range MapCrews(context.Background(), numbers(200, 0), Options[int]{Workers: 1, Window: 100}, newCrew) {
		if v != n || err != nil {
			t.Fatalf("item %d: got %d, %v", n, v, err)
		}
		n++
	}
	if n != 200 || beside.Load() < 50 {
		t.Fatalf("%d items, %d beside the first", n, beside.Load())
	}
}

func TestCrewsEndWithTheirContext(t *testing.T) { // not parallel: it counts goroutines
	before := runtime.NumGoroutine()
	cause := errors.New("stop")
	for i := range 100 {
		ctx, cancel := context.WithCancelCause(context.Background())
		n := 0
		var last error
		for _, err := range MapCrews(ctx, numbers(100000, 0), Options[int]{Workers: 3, Window: 16}, pausing(t, 2)) {
			if n++; n == i+1 {
				cancel(cause)
			}
			last = err
		}
		if !errors.Is(last, cause) {
			t.Fatalf("the last error is %v", last)
		}
		cancel(nil)
	}
	for i := range 100 {
		n := 0
		for range MapCrews(context.Background(), numbers(1000, 3), Options[int]{Workers: 3, Window: 16}, pausing(t, 2)) {
			if n++; n == i+1 {
				break
			}
		}
	}
	settled(t, before)
}

func BenchmarkMapCrews(b *testing.B) {
	b.ReportAllocs()
	newCrew := func() Crew[int, int] {
		one := func(pause func()) func(context.Context, int) (int, error) {
			return func(_ context.Context, v int) (int, error) { pause(); return v, nil }
		}
		return Crew[int, int]{Lanes: []Lane[int, int]{one, one}, Meet: func() {}}
	}
	for range MapCrews(context.Background(), numbers(b.N, 0), Options[int]{Workers: 1, Window: 256}, newCrew) {
	}
}
