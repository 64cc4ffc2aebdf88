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
)

func asIs(_ context.Context, v int) (int, error) { return v, nil }

func crewOptions(workers, window int) CrewOptions[int] {
	return CrewOptions[int]{Options: Options{Workers: workers, Window: window}}
}

// withTurns yields ErrTurn before some items, sometimes more than once.
func withTurns(in iter.Seq2[int, error]) iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for v, err := range in {
			for range rand.IntN(6) - 3 {
				if !yield(0, ErrTurn) {
					return
				}
			}
			if !yield(v, err) {
				return
			}
		}
	}
}

// pausing is a crew whose items wait for as many meetings as their last digit
// says. It fails where two lanes run at once, or where Meet is called with nobody
// paused.
func pausing(t *testing.T, lanes int) func() Crew[int, int, int] {
	return func() Crew[int, int, int] {
		var running, paused, met int // no lock: a crew is one goroutine's
		c := Crew[int, int, int]{Then: asIs, Meet: func() {
			met++
			if running != 0 || paused == 0 {
				t.Errorf("met with %d lanes running, %d paused", running, paused)
			}
		}}
		for range lanes {
			c.Lanes = append(c.Lanes, func(pause func()) func(context.Context, int) (int, error) {
				return func(_ context.Context, v int) (int, error) {
					running++
					for until := met + v%10; met < until; {
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
				o := crewOptions(workers, 40)
				o.Cost, o.Enough = func(v int) int64 { return int64(v % 14) }, 20
				o.Batch = []int{0, 1, 7, 100}[(workers+lanes)%4]
				for _, o.Beside = range []bool{false, true} {
					checkTripled(t, MapCrews(context.Background(), withTurns(numbers(n, 7)), o, pausing(t, lanes)), n)
				}
			})
		}
	}
}

// A long item is worked on while many short ones pass it.
func TestCrewsWorkSideBySide(t *testing.T) {
	t.Parallel()
	var short, beside atomic.Int64
	newCrew := func() Crew[int, int, int] {
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
		return Crew[int, int, int]{Then: asIs, Lanes: []Lane[int, int]{one, one}, Meet: func() {}}
	}
	n := 0
	for v, err := range MapCrews(context.Background(), numbers(200, 0), crewOptions(1, 100), newCrew) {
		if v != n || err != nil {
			t.Fatalf("item %d: got %d, %v", n, v, err)
		}
		n++
	}
	if n != 200 || beside.Load() < 50 {
		t.Fatalf("%d items, %d beside the first", n, beside.Load())
	}
}

// Each crew works on what it has read, and stops reading where it has enough.
func TestCrewsReadForThemselves(t *testing.T) {
	t.Parallel()
	const workers, n, enough = 4, 4000, 30
	readBy := make([]atomic.Int64, n)
	var unread [workers]atomic.Int64 // by crew: cost that it has read and not begun
	var reading, turns atomic.Int64
	o := crewOptions(workers, 400)
	o.Turns = new(Turns)
	o.Cost, o.Enough = func(v int) int64 { return int64(1 + v%5) }, enough
	in := func(yield func(int, error) bool) {
		for v := range n {
			if v%3 == 0 {
				turns.Add(1)
				if !yield(0, ErrTurn) {
					return
				}
			}
			if reading.Add(1) != 1 {
				t.Error("the input runs twice at once")
			}
			k := o.Turns.Crew()
			readBy[v].Store(int64(k))
			// Turns end at every third item; what comes up to there costs 15 at most.
			if c := unread[k].Add(o.Cost(v)); c > enough+15 {
				t.Errorf("crew %d reads on with %d", k, c)
			}
			reading.Add(-1)
			if !yield(v, nil) {
				return
			}
		}
	}
	var crews atomic.Int64
	newCrew := func() Crew[int, int, int] {
		mine := int64(-1)
		crews.Add(1)
		return Crew[int, int, int]{Then: asIs, Meet: func() {}, Lanes: []Lane[int, int]{func(func()) func(context.Context, int) (int, error) {
			return func(_ context.Context, v int) (int, error) {
				by := readBy[v].Load()
				if mine < 0 {
					mine = by
				}
				if by != mine {
					t.Errorf("item %d, read by crew %d, is worked on by crew %d", v, by, mine)
				}
				unread[by].Add(-o.Cost(v))
				jitter(v)
				return v, nil
			}
		}}}
	}
	next := 0
	for v, err := range MapCrews(context.Background(), in, o, newCrew) {
		if v != next || err != nil {
			t.Fatalf("item %d: %d, %v", next, v, err)
		}
		next++
	}
	if next != n || crews.Load() != workers {
		t.Errorf("%d items, %d crews", next, crews.Load())
	}
	count := map[int64]int{}
	for i := range readBy {
		count[readBy[i].Load()]++
	}
	if len(count) != workers {
		t.Errorf("items by crew: %v", count)
	}
}

// With the least window there is, crews wait for each other's places.
func TestCrewsShareALittleWindow(t *testing.T) {
	t.Parallel()
	for _, window := range []int{0, 1, 3, 5} {
		o := crewOptions(3, window)
		o.Batch = 1 + window
		for _, o.Beside = range []bool{false, true} {
			checkTripled(t, MapCrews(context.Background(), withTurns(numbers(2000, 7)), o, pausing(t, 2)), 2000)
		}
	}
}

// counting is a crew whose steps call lane and then.
func counting(lane, then func(int)) func() Crew[int, int, int] {
	one := func(pause func()) func(context.Context, int) (int, error) {
		return func(_ context.Context, v int) (int, error) {
			lane(v)
			pause()
			return v, nil
		}
	}
	return func() Crew[int, int, int] {
		return Crew[int, int, int]{Lanes: []Lane[int, int]{one, one}, Meet: func() {}, Then: func(_ context.Context, v int) (int, error) {
			then(v)
			return v, nil
		}}
	}
}

// Each step is taken for many items in a row, and what is done with the results
// is done by the first crew, here the only one: nothing of it needs a lock.
func TestCrewsTakeStepsInBatches(t *testing.T) {
	t.Parallel()
	const n, batch = 1000, 20
	step, turns, next := "", 0, 0
	to := func(s string) func(int) {
		return func(int) {
			if step != s {
				step = s
				turns++
			}
		}
	}
	o := crewOptions(1, 100)
	o.Batch = batch
	for v, err := range MapCrews(context.Background(), withTurns(numbers(n, 0)), o, counting(to("lane"), to("then"))) {
		to("result")(v)
		if v != next || err != nil {
			t.Fatalf("item %d: %d, %v", next, v, err)
		}
		next++
	}
	if most := 3 * (n/batch + 1); next != n || turns > most {
		t.Errorf("%d results, %d turns of a step, want %d at most", next, turns, most)
	}
}

// Until they may go on to the second step, crews take the first for as many items
// as there is room for.
func TestCrewsBeginBeforeTheSecondStep(t *testing.T) {
	t.Parallel()
	const n, window = 300, 40
	for _, workers := range []int{1, 3} {
		after := make(chan struct{})
		var begun atomic.Int64
		lane := func(int) {
			if begun.Add(1) == window {
				close(after)
			}
		}
		then := func(v int) {
			select {
			case <-after:
			default:
				t.Errorf("the second step of item %d came too soon", v)
			}
		}
		o := crewOptions(workers, window)
		o.Batch, o.After = 4, after
		next := 0
		for v, err := range MapCrews(context.Background(), numbers(n, 0), o, counting(lane, then)) {
			if v != next || err != nil {
				t.Fatalf("item %d: %d, %v", next, v, err)
			}
			next++
		}
		if next != n {
			t.Errorf("%d results", next)
		}
	}
}

// Where the input waits, all that it gave before becomes results.
func TestCrewsGiveResultsWhileTheInputWaits(t *testing.T) {
	t.Parallel()
	const n, some = 500, 77
	for _, workers := range []int{1, 2, 5} {
		results := 0
		all := make(chan struct{}, n/some+1)
		in := func(yield func(int, error) bool) {
			for v := range n {
				if v > 0 && v%some == 0 {
					<-all // of those before
				}
				if !yield(v, nil) {
					return
				}
			}
		}
		o := crewOptions(workers, 1000)
		o.Batch, o.Enough, o.Beside = 1000, 1000, true
		for v, err := range MapCrews(context.Background(), in, o, counting(jitter, func(int) {})) {
			if v != results || err != nil {
				t.Fatalf("item %d: %d, %v", results, v, err)
			}
			if results++; results%some == 0 {
				all <- struct{}{}
			}
		}
		if results != n {
			t.Errorf("%d results", results)
		}
	}
}

// The input is read ahead up to a bound.
func TestCrewsReadAheadNoFurther(t *testing.T) {
	t.Parallel()
	const n, enough, workers = 2000, 10, 2
	var read, taken atomic.Int64
	in := func(yield func(int, error) bool) {
		for v := range n {
			// The crews have enough each, and one more; what is under way is not begun or through.
			if ahead := read.Add(1) - taken.Load(); ahead > enough*(workers+1)+workers*(enough+2)+1 {
				t.Errorf("%d items read ahead", ahead)
			}
			if !yield(v, nil) {
				return
			}
		}
	}
	o := crewOptions(workers, 1000)
	o.Enough, o.Beside, o.Cost = enough, true, func(int) int64 { return 1 }
	for range MapCrews(context.Background(), in, o, counting(func(v int) { taken.Add(1); jitter(v) }, func(int) {})) {
	}
	if taken.Load() != n {
		t.Errorf("%d items taken", taken.Load())
	}
}

// What keeps the second step waiting for ever ends with the context.
func TestCrewsEndBeforeTheSecondStep(t *testing.T) {
	t.Parallel()
	cause := errors.New("stop")
	for _, workers := range []int{1, 3} {
		ctx, cancel := context.WithCancelCause(context.Background())
		var begun atomic.Int64
		lane := func(int) {
			if begun.Add(1) == 10 {
				cancel(cause)
			}
		}
		o := crewOptions(workers, 40)
		o.After = make(chan struct{})
		results := 0
		for _, err := range MapCrews(ctx, numbers(300, 0), o, counting(lane, func(int) {})) {
			if results++; !errors.Is(err, cause) {
				t.Errorf("yields %v", err)
			}
		}
		if results != 1 {
			t.Errorf("%d results", results)
		}
	}
}

func TestCrewsEndWithTheirContext(t *testing.T) { // not parallel: it counts goroutines
	before := runtime.NumGoroutine()
	cause := errors.New("stop")
	for i := range 100 {
		ctx, cancel := context.WithCancelCause(context.Background())
		n := 0
		var last error
		o := crewOptions(3, 16)
		o.Beside = i%2 == 1
		for _, err := range MapCrews(ctx, numbers(100000, 0), o, pausing(t, 2)) {
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
		o := crewOptions(3, 16)
		o.Beside = i%2 == 1
		for range MapCrews(context.Background(), numbers(1000, 3), o, pausing(t, 2)) {
			if n++; n == i+1 {
				break
			}
		}
	}
	settled(t, before)
}

func BenchmarkMapCrews(b *testing.B) {
	b.ReportAllocs()
	newCrew := func() Crew[int, int, int] {
		one := func(pause func()) func(context.Context, int) (int, error) {
			return func(_ context.Context, v int) (int, error) { pause(); return v, nil }
		}
		return Crew[int, int, int]{Then: asIs, Lanes: []Lane[int, int]{one, one}, Meet: func() {}}
	}
	for range MapCrews(context.Background(), numbers(b.N, 0), crewOptions(1, 256), newCrew) {
	}
}
