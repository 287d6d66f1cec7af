package report

import (
	"fmt"
	"io"
	"math"
	"sync"
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

	mu     sync.Mutex
	drawn  bool // the bar is on the screen
	torn   bool // what was written above the bar last is not a whole line yet
	begun  time.Time
	total  int64 // 0 is unknown
	n      tallies
	rate   float64 // per second, of the recent past
	rated  time.Time
	ratedN int64
}

// tallies are the counts a bar shows.
type tallies struct{ all, pass, warn, fail, skip, cached int64 }

// NewProgress begins to show progress on w as cfg says.
func NewProgress(w io.Writer, cfg ProgressConfig) *Progress {
	now := time.Now()
	p := &Progress{out: w, cfg: cfg, begun: now, rated: now}
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

// Add counts r.
func (p *Progress) Add(r check.Result) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.n.all++
	switch r.Outcome {
	case check.Pass:
		p.n.pass++
	case check.Warn:
		p.n.warn++
	case check.Skip:
		p.n.skip++
	default:
		p.n.fail++
	}
	if r.Cached {
		p.n.cached++
	}
}

// SetTotal says how many targets there are, once that is known; then the share
// done and the time left are shown, too.
func (p *Progress) SetTotal(n int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.total = n
}

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
	p.measure(time.Now())
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

// rateMemory is how long ago the rate shown begins to forget: long enough for a
// number that can be read, short enough to show that a run got stuck.
const rateMemory = 5 * time.Second

// measure updates the rate, an exponentially weighted moving average.
func (p *Progress) measure(now time.Time) {
	span := now.Sub(p.rated)
	if span <= 0 {
		return
	}
	latest := float64(p.n.all-p.ratedN) / span.Seconds()
	age := now.Sub(p.begun)
	// Until the run is as old as its memory, this is the plain average.
	weight := max(1-math.Exp(-span.Seconds()/rateMemory.Seconds()), span.Seconds()/age.Seconds())
	p.rate += weight * (latest - p.rate)
	p.rated, p.ratedN = now, p.n.all
}

// line is a report of the progress for a log.
func (p *Progress) line() string {
	done := count(p.n.all)
	if p.total > 0 {
		done += " of " + count(p.total)
	}
	text := fmt.Sprintf("hc: %s checked in %s, %s, %s failed, %s warn",
		done, time.Since(p.begun).Round(time.Second), perSecond(p.rate), count(p.n.fail), count(p.n.warn))
	if p.n.cached > 0 {
		text += fmt.Sprintf(", cache %d%%", percent(p.n.cached, p.n.all))
	}
	if left := p.left(); left != "" {
		text += ", " + left + " left"
	}
	return text
}

// left estimates the time the rest takes; "" where there is no telling.
func (p *Progress) left() string {
	rest := p.total - p.n.all
	if p.total == 0 || rest < 0 || rest > 0 && p.rate < 0.01 {
		return ""
	}
	if rest == 0 {
		return "0s"
	}
	seconds := math.Ceil(float64(rest) / p.rate)
	return (time.Duration(seconds) * time.Second).String()
}

// percent is the share of part in whole, rounded down: 100 % is all of it.
func percent(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return min(part*100/whole, 100)
}
