package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"mailaudit/reader"
)

const (
	// screenEvery and plainEvery are how often progress is told on a terminal
	// and in a log.
	screenEvery = 200 * time.Millisecond
	plainEvery  = 10 * time.Second
	// screenWidth is what a progress line is cut to where the terminal does
	// not tell its width.
	screenWidth = 80
)

// watch shows progress until the function that it returns, or endView, is called.
func (r *run) watch(ctx context.Context) func() {
	mode := r.set.flags.progress
	f, isFile := r.streams.err.(*os.File)
	terminal := isFile && term.IsTerminal(int(f.Fd()))
	if mode == "none" {
		r.stopView = func() {}
		return r.endView
	}
	v := &view{out: r.streams.err, progress: &r.progress, started: r.started, screen: mode == "auto" && terminal, file: f}
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { v.loop(ctx) })
	r.stopView = sync.OnceFunc(func() { cancel(); wg.Wait(); v.clear() })
	return r.endView
}

func (r *run) endView() {
	if r.stopView != nil {
		r.stopView()
	}
}

// view draws progress.
type view struct {
	out      io.Writer
	file     *os.File
	progress *reader.Progress
	started  time.Time
	screen   bool
	drawn    bool
}

func (v *view) loop(ctx context.Context) {
	every := plainEvery
	if v.screen {
		every = screenEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			v.draw(now)
		}
	}
}

func (v *view) draw(now time.Time) {
	line := v.line(now.Sub(v.started))
	if !v.screen {
		fmt.Fprintf(v.out, "audit: %s\n", line)
		return
	}
	width := screenWidth
	if w, _, err := term.GetSize(int(v.file.Fd())); err == nil && w > 10 {
		width = w
	}
	fmt.Fprintf(v.out, "\r\x1b[K%s", clipLine(line, width-1))
	v.drawn = true
}

func (v *view) clear() {
	if v.drawn {
		fmt.Fprint(v.out, "\r\x1b[K")
	}
}

// line is "1.2 GB of 5.0 GB (24 %), 310,000 messages, 12,100/s, 4m10s left, name".
func (v *view) line(elapsed time.Duration) string {
	bytes, total, units := v.progress.Bytes.Load(), v.progress.Total.Load(), v.progress.Units.Load()
	s := size(bytes)
	if total >= bytes && total > 0 {
		s += fmt.Sprintf(" of %s (%d %%)", size(total), 100*bytes/total)
	}
	s += fmt.Sprintf(", %d messages", units)
	if sec := elapsed.Seconds(); sec >= 1 {
		s += fmt.Sprintf(", %.0f/s", float64(units)/sec)
		if bytes > 0 && total > bytes {
			left := time.Duration(float64(elapsed) / float64(bytes) * float64(total-bytes))
			s += ", " + left.Round(time.Second).String() + " left"
		}
	}
	if name := v.progress.Current.Load(); name != nil {
		s += ", " + printable(*name)
	}
	return s
}

// clipLine cuts a line to a number of columns; what is wider than one column
// only shortens it.
func clipLine(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n-1]) + "…"
}

func size(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n), -1
	for f >= unit && i < 4 {
		f /= unit
		i++
	}
	return fmt.Sprintf("%.1f %cB", f, "kMGTP"[i])
}
