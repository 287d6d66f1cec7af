package report

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// The modes of a [Progress].
const (
	ProgressNone  = "none"  // shows nothing
	ProgressBar   = "bar"   // one line, drawn over itself; for a terminal
	ProgressLines = "lines" // a line each 10 s; for a log
)

const (
	barInterval  = 100 * time.Millisecond // as fast as an eye follows
	lineInterval = 10 * time.Second       // short runs need none
)

// ProgressConfig says how a run in progress is shown. The zero value shows
// nothing.
type ProgressConfig struct {
	Mode  string // ProgressNone, ProgressBar or ProgressLines; "" is none
	Color bool
	// Width gives the columns of the terminal, asked for each time the bar is
	// drawn since people resize windows; nil, or 0, is unknown and taken for 100.
	Width func() int
}

// Progress shows how far a run is, on stderr. It has one goroutine, which Close
// ends. Its methods are safe for concurrent use.
//
// It draws the bar itself: mpb writes lines above a bar to the bar's own stream,
// but results belong on stdout while the bar is on stderr, and only on a terminal
// do the two meet. See [Progress.Above].
type Progress struct {
	out  io.Writer
	cfg  ProgressConfig
	stop chan struct{}
	done chan struct{}

	begun time.Time
	total atomic.Int64 // 0 is unknown
	n     counters

	// mu is held while the screen is written to, and may be held long: a reader
	// that stalls must not stall Add.
	mu    sync.Mutex
	drawn bool // the bar is on the screen
	torn  bool // what was written above the bar last is not a whole line yet
	rate  rate
}

// counters are what a bar shows.
type counters struct{ pass, warn, fail, skip, cached atomic.Int64 }

func (c *counters) all() int64 {
	return c.pass.Load() + c.warn.Load() + c.fail.Load() + c.skip.Load()
}

// NewProgress begins to show progress on w as cfg says.
func NewProgress(w io.Writer, cfg ProgressConfig) *Progress {
	now := time.Now()
	p := &Progress{out: w, cfg: cfg, begun: now, rate: rate{begun: now, at: now}}
	var every time.Duration
	switch cfg.Mode {
	case ProgressBar:
		every = barInterval
	case ProgressLines:
		every = lineInterval
	default:
		return p
	}
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	go p.tick(every)
	return p
}

func (p *Progress) tick(every time.Duration) {
	defer close(p.done)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	if p.cfg.Mode == ProgressBar {
		p.show() // within the 100 ms in which people expect a sign (clig.dev)
	}
	for {
		select {
		case <-ticker.C:
			p.show()
		case <-p.stop:
			return
		}
	}
}

// Add counts r. It costs 15 ns (BenchmarkProgressAdd).
func (p *Progress) Add(r check.Result) {
	switch r.Outcome {
	case check.Pass:
		p.n.pass.Add(1)
	case check.Warn:
		p.n.warn.Add(1)
	case check.Skip:
		p.n.skip.Add(1)
	default:
		p.n.fail.Add(1)
	}
	if r.Cached {
		p.n.cached.Add(1)
	}
}

// SetTotal says how many targets there are, once that is known; then the share
// done and the time left are shown, too.
func (p *Progress) SetTotal(n int64) { p.total.Store(n) }

// Above gives a Writer to w whose text scrolls by above the bar: whatever is
// written to the terminal during the run, results and log lines alike, must go
// through it. What goes elsewhere need not: a reader that stalls would stall the
// bar.
func (p *Progress) Above(w io.Writer) io.Writer {
	if p.cfg.Mode != ProgressBar {
		return w
	}
	return above{p, w}
}

type above struct {
	p *Progress
	w io.Writer
}

func (a above) Write(b []byte) (int, error) {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	a.p.erase()
	n, err := a.w.Write(b)
	if n > 0 {
		a.p.torn = b[n-1] != '\n'
	}
	return n, err
}

// Close erases the bar and shows nothing more. Errors of the stream progress is
// shown on are nobody's business and are dropped.
func (p *Progress) Close() {
	if p.stop == nil {
		return
	}
	close(p.stop)
	<-p.done
	p.stop = nil
	p.mu.Lock()
	defer p.mu.Unlock()
	p.erase()
}

// erase removes the bar; p.mu is held.
func (p *Progress) erase() {
	if p.drawn {
		_, _ = io.WriteString(p.out, "\r\x1b[K")
		p.drawn = false
	}
}

func (p *Progress) show() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate.measure(time.Now(), p.n.all())
	if p.cfg.Mode == ProgressLines {
		_, _ = fmt.Fprintln(p.out, p.line())
		return
	}
	if p.torn {
		return
	}
	width := unknownWidth
	if p.cfg.Width != nil {
		if w := p.cfg.Width(); w > 0 {
			width = w
		}
	}
	_, _ = io.WriteString(p.out, "\r"+p.bar(width-1)+"\x1b[K") // the last column would wrap
	p.drawn = true
}

// line is a report of the progress for a log.
func (p *Progress) line() string {
	all, total := p.n.all(), p.total.Load()
	done := count(all)
	if total > 0 {
		done += " of " + count(total)
	}
	text := fmt.Sprintf("hc: %s checked in %s, %s, %s failed, %s warn", done, time.Since(p.begun).Round(time.Second),
		perSecond(p.rate.now), count(p.n.fail.Load()), count(p.n.warn.Load()))
	if cached := p.n.cached.Load(); cached > 0 {
		text += fmt.Sprintf(", cache %d%%", percent(cached, all))
	}
	if left := p.rate.left(total - all); total > 0 && left != "" {
		text += ", " + left + " left"
	}
	return text
}

// percent is the share of part in whole, rounded down: 100 % is all of it.
func percent(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return min(part*100/whole, 100)
}
