package report

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// screen is what a terminal shows: it understands what the bar sends.
type screen struct {
	mu    sync.Mutex
	lines []string
	last  string // without what was erased
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for part := range strings.Lines(string(p)) {
		whole := strings.HasSuffix(part, "\n")
		for i, piece := range strings.Split(strings.TrimSuffix(part, "\n"), "\r") {
			if i > 0 {
				s.last = ""
			}
			s.last += strings.TrimSuffix(piece, "\x1b[K")
		}
		if whole {
			s.lines, s.last = append(s.lines, s.last), ""
		}
	}
	return len(p), nil
}

// above and below are the lines that scrolled by and the one that is left.
func (s *screen) above() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.lines)
}

func (s *screen) below() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last
}

// recent is the rate as it would be shown now.
func (p *Progress) recent() float64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.rate.now
}

func passed(n int) []check.Result {
	rs := make([]check.Result, n)
	for i := range rs {
		rs[i].Outcome = check.Pass
	}
	return rs
}

// begin starts a progress in a bubble: its goroutine must end in it.
func begin(w io.Writer, cfg ProgressConfig) *Progress {
	p := NewProgress(w, cfg)
	synctest.Wait()
	return p
}

func TestTheBarIsThereAtOnceAndGoneAtTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s screen
		p := begin(&s, ProgressConfig{Mode: ProgressBar})
		if s.below() == "" {
			t.Error("no bar")
		}
		p.Close()
		if s.below() != "" || len(s.above()) > 0 {
			t.Errorf("left on the screen: %q %q", s.above(), s.below())
		}
		p.Close() // does nothing
	})
}

func TestTheBarShowsWhatIsKnown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s screen
		p := begin(&s, ProgressConfig{Mode: ProgressBar})
		defer p.Close()
		for _, r := range passed(400) {
			p.Add(r)
		}
		p.Add(check.Result{Outcome: check.Fail, Cached: true})
		time.Sleep(time.Second)
		synctest.Wait()
		if want := "401  401/s  ✓ 400  ✗ 1  cache 0%"; s.below() != want {
			t.Errorf("with no total: %q, want %q", s.below(), want)
		}
		p.SetTotal(1604)
		p.Add(check.Result{Outcome: check.Warn})
		p.Add(check.Result{Outcome: check.Skip})
		time.Sleep(barInterval)
		synctest.Wait()
		if want := "403/1,604  ━━━━━━                     25%  366/s  ✓ 400  ! 1  ✗ 1  - 1  eta 4s  cache 0%"; s.below() != want {
			t.Errorf("with a total:\n%q, want\n%q", s.below(), want)
		}
	})
}

func TestResultsScrollAboveTheBar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s screen
		p := begin(&s, ProgressConfig{Mode: ProgressBar})
		out := p.Above(&s)
		for i := range 3 {
			fmt.Fprintf(out, "failure %d\n", i)
			if i == 1 { // once between two draws, once after
				continue
			}
			time.Sleep(barInterval)
			synctest.Wait()
			if !strings.HasPrefix(s.below(), "0  0.0/s") {
				t.Errorf("the bar is not below: %q", s.below())
			}
		}
		p.Close()
		if got := strings.Join(s.above(), " "); got != "failure 0 failure 1 failure 2" || s.below() != "" {
			t.Errorf("on the screen: %q %q", s.above(), s.below())
		}
	})
}

func TestTheBarWaitsForTheEndOfALine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s screen
		p := begin(&s, ProgressConfig{Mode: ProgressBar})
		out := p.Above(&s)
		fmt.Fprint(out, "half a ")
		time.Sleep(3 * barInterval)
		synctest.Wait()
		fmt.Fprint(out, "line\n")
		p.Close()
		if len(s.above()) != 1 || s.above()[0] != "half a line" {
			t.Errorf("on the screen: %q", s.above())
		}
	})
}

func TestTheBarFitsIntoEveryWidth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		width := 0
		p := begin(&out, ProgressConfig{Mode: ProgressBar, Width: func() int { return width }})
		defer p.Close()
		p.SetTotal(100_000)
		for _, r := range passed(12_345) {
			p.Add(r)
		}
		for width = 200; width > 20; width-- {
			out.Reset()
			p.show()
			if got := runes(strings.Trim(out.String(), "\r\x1b[K")); got >= width {
				t.Errorf("%d columns in a terminal of %d: %q", got, width, out.String())
			}
		}
	})
}

func TestTheLastTargetFillsTheGauge(t *testing.T) {
	for part, want := range map[int64]string{0: "          ", 5: "╸         ", 10: "━         ", 99: "━━━━━━━━━╸", 100: "━━━━━━━━━━", 120: "━━━━━━━━━━"} {
		if got := gauge(10, part, 100); got != want {
			t.Errorf("%d %%: %q, want %q", part, got, want)
		}
	}
}

func TestLinesComeEveryTenSecondsAndNotInAShortRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s screen
		p := begin(&s, ProgressConfig{Mode: ProgressLines, Color: true})
		time.Sleep(lineInterval - time.Second)
		synctest.Wait()
		if len(s.above()) > 0 {
			t.Errorf("in a short run: %q", s.above())
		}
		p.SetTotal(1000)
		for _, r := range passed(500) {
			p.Add(r)
		}
		time.Sleep(lineInterval + 2*time.Second)
		synctest.Wait()
		p.Close()
		want := "hc: 500 of 1,000 checked in 10s, 50/s, 0 failed, 0 warn, 10s left"
		if len(s.above()) != 2 || s.above()[0] != want {
			t.Errorf("got %q, want 2 lines, the first %q", s.above(), want)
		}
	})
}

func TestARunThatGotStuckShowsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s screen
		p := begin(&s, ProgressConfig{Mode: ProgressBar})
		defer p.Close()
		p.SetTotal(100_000)
		for range 100 {
			for _, r := range passed(100) {
				p.Add(r)
			}
			time.Sleep(barInterval)
		}
		synctest.Wait()
		if rate := p.recent(); rate < 950 || rate > 1050 {
			t.Errorf("steady at 1,000/s: %f", rate)
		}
		if bar := s.below(); !strings.Contains(bar, " eta 1m3") { // 90 s
			t.Errorf("steady: %q", bar)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if bar := s.below(); !strings.Contains(bar, " 0.0/s ") || strings.Contains(bar, "eta") {
			t.Errorf("stuck for a minute: %q", bar)
		}
	})
}

func TestNoProgressIsNoOutputAndNoDetour(t *testing.T) {
	for _, mode := range []string{"", ProgressNone, ProgressLines} {
		var s screen
		p := NewProgress(&s, ProgressConfig{Mode: mode})
		p.Add(check.Result{})
		if w := p.Above(&s); w != io.Writer(&s) {
			t.Errorf("%q: Above is %T", mode, w)
		}
		p.Close()
		if len(s.above()) > 0 || s.below() != "" {
			t.Errorf("%q: shows %q %q", mode, s.above(), s.below())
		}
	}
}

// stuck is a terminal that somebody stopped with ^S.
type stuck struct{ resume chan struct{} }

func (s stuck) Write(p []byte) (int, error) {
	<-s.resume
	return len(p), nil
}

func TestATerminalThatIsStoppedStopsNoCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := stuck{make(chan struct{})}
		p := begin(s, ProgressConfig{Mode: ProgressBar})
		p.Add(check.Result{}) // deadlocks the bubble where it waits for the screen
		p.SetTotal(1)
		close(s.resume)
		p.Close()
	})
}

// BenchmarkProgressAdd is what each result of a run costs with a bar on.
func BenchmarkProgressAdd(b *testing.B) {
	p := NewProgress(io.Discard, ProgressConfig{Mode: ProgressBar})
	defer p.Close()
	r := check.Result{Outcome: check.Pass}
	for b.Loop() {
		p.Add(r)
	}
}
