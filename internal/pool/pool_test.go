package pool

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
)

// list is n targets of each host, sorted by host.
func list(n int, hosts ...string) []check.Target {
	var ts []check.Target
	for _, h := range hosts {
		for range n {
			i := len(ts)
			ts = append(ts, check.Target{Seq: int64(i), URL: fmt.Sprintf("http://%s/%d", h, i)})
		}
	}
	return ts
}

// names are n hosts.
func names(n int) []string {
	var hosts []string
	for i := range n {
		hosts = append(hosts, fmt.Sprintf("h%d.test", i))
	}
	return hosts
}

func collect(t *testing.T, p *Pool, ts []check.Target) []check.Result {
	return slices.Collect(p.Run(t.Context(), slices.Values(ts)))
}

// gauge is a Checker that counts the checks of each host and those in flight.
type gauge struct {
	takes func(t check.Target) time.Duration

	mu     sync.Mutex
	now    map[string]int // in flight, "" is of all hosts
	most   map[string]int
	began  []string // the hosts in the order of their checks
	begins []time.Time
}

func newGauge(takes time.Duration) *gauge {
	return &gauge{
		takes: func(check.Target) time.Duration { return takes },
		now:   make(map[string]int),
		most:  make(map[string]int),
	}
}

func (g *gauge) Check(ctx context.Context, t check.Target) check.Result {
	g.enter(t)
	defer g.leave(t)
	select {
	case <-time.After(g.takes(t)):
		return checktest.Pass(t)
	case <-ctx.Done():
		return check.Failed(t, check.Canceled, "cut off")
	}
}

func (g *gauge) enter(t check.Target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.began, g.begins = append(g.began, t.Host()), append(g.begins, time.Now())
	for _, name := range []string{"", "host " + t.Host()} {
		g.now[name]++
		g.most[name] = max(g.most[name], g.now[name])
	}
}

func (g *gauge) leave(t check.Target) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now[""]--
	g.now["host "+t.Host()]--
}

func TestLimitsHoldAndAreUsedUp(t *testing.T) {
	for _, tt := range []struct {
		name          string
		cfg           Config
		hosts         int
		most, perHost int
	}{
		{"defaults, many hosts", Config{}, 100, 256, 10},
		{"defaults, one host", Config{}, 1, 10, 10},
		{"slots are the limit", Config{Concurrency: 7, PerHost: 5}, 50, 7, 5},
		{"hosts are the limit", Config{Concurrency: 100, PerHost: 3}, 20, 60, 3},
		{"one at a time", Config{Concurrency: 1, PerHost: 1}, 3, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGauge(time.Second)
				rs := collect(t, New(g, tt.cfg), slices.Collect(checktest.Targets(1000, tt.hosts)))
				if len(rs) != 1000 {
					t.Errorf("%d results", len(rs))
				}
				if n := g.most[""]; n != tt.most {
					t.Errorf("%d in flight at most, want %d", n, tt.most)
				}
				for name, n := range g.most {
					if name != "" && n > tt.perHost {
						t.Errorf("%d in flight of %s, want %d at most", n, name, tt.perHost)
					}
				}
			})
		})
	}
}

func TestRunsShareTheLimits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauge(time.Second)
		p := New(g, Config{Concurrency: 20, PerHost: 4})
		var runs sync.WaitGroup
		for range 5 {
			runs.Go(func() { collect(t, p, list(50, names(10)...)) })
		}
		runs.Wait()
		if g.most[""] != 20 || g.most["host h0.test"] > 4 {
			t.Errorf("%d in flight at most, %d of one host", g.most[""], g.most["host h0.test"])
		}
	})
}

func TestHostsOfARunTakeTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauge(time.Second)
		collect(t, New(g, Config{Concurrency: 1}), list(3, "a", "b", "c"))
		// The first slot goes to the first target read, before others are there.
		if got := strings.Join(g.began, ""); got != "aabcabcbc" && got != "abcabcabc" {
			t.Errorf("began %s", got)
		}
	})
}

func TestShortRunIsNotStalledByALongOne(t *testing.T) {
	for _, tt := range []struct{ name, host string }{
		{"other hosts", "other.test"},
		{"the same host", "h0.test"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New(newGauge(time.Second), Config{Concurrency: 10})
				var long sync.WaitGroup
				long.Go(func() { collect(t, p, list(1000, "h0.test")) })
				time.Sleep(1500 * time.Millisecond)
				begin := time.Now()
				collect(t, p, list(1, tt.host))
				// The next slot is free in half a second, and then a check takes one.
				if took := time.Since(begin); took != 1500*time.Millisecond {
					t.Errorf("one target took %v beside a run of a thousand", took)
				}
				long.Wait()
			})
		})
	}
}

func TestSlowHostTakesNoMoreThanItsPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauge(time.Second)
		g.takes = func(t check.Target) time.Duration {
			if t.Host() == "slow.test" {
				return time.Hour
			}
			return time.Second
		}
		begin, others := time.Now(), time.Duration(0)
		ts := append(list(100, "slow.test"), list(20, names(10)...)...)
		for r := range New(g, Config{Concurrency: 30}).Run(t.Context(), slices.Values(ts)) {
			if r.Target.Host() != "slow.test" {
				others = time.Since(begin)
			}
		}
		// 200 of 1 s with the 20 slots that slow.test leaves free.
		if others != 10*time.Second {
			t.Errorf("the others took %v", others)
		}
	})
}

func TestRatesSpaceWhatBegins(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  Config
		ts   []check.Target
		want time.Duration
	}{
		{"all hosts", Config{Rate: 10}, list(1, names(101)...), 10 * time.Second},
		{"each host", Config{HostRate: 10}, list(101, "a", "b"), 10 * time.Second},
		{"both, all is slower", Config{Rate: 10, HostRate: 10}, list(50, "a", "b"), 9900 * time.Millisecond},
		{"both, each is slower", Config{Rate: 100, HostRate: 1}, list(11, "a", "b"), 10*time.Second + 10*time.Millisecond},
		{"less than one a second", Config{Rate: 0.5}, list(6, "a"), 10 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := newGauge(0)
				begin := time.Now()
				collect(t, New(g, tt.cfg), tt.ts)
				if took := time.Since(begin); took != tt.want {
					t.Errorf("took %v, want %v", took, tt.want)
				}
				last := make(map[string]time.Time)
				for i, host := range g.began {
					at := g.begins[i]
					if since := at.Sub(last[""]); tt.cfg.Rate > 0 && since < interval(tt.cfg.Rate) {
						t.Errorf("check %d began %v after the one before", i, since)
					}
					if since := at.Sub(last[host]); tt.cfg.HostRate > 0 && since < interval(tt.cfg.HostRate) {
						t.Errorf("check %d began %v after the one before of its host", i, since)
					}
					last[""], last[host] = at, at
				}
			})
		})
	}
}

func TestRateHasNoBurstAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauge(0)
		p := New(g, Config{Rate: 10})
		collect(t, p, list(2, "a"))
		time.Sleep(time.Minute)
		collect(t, p, list(3, "a"))
		if took := g.begins[4].Sub(g.begins[2]); took != 200*time.Millisecond {
			t.Errorf("three after a minute took %v", took)
		}
	})
}

func TestPaceMeetsItsRateWithALateTimer(t *testing.T) {
	var p pace
	const step, late = 10 * time.Millisecond, 3 * time.Millisecond
	begin := time.Now()
	now := begin
	for range 100 {
		if d := p.wait(now); d > 0 {
			now = now.Add(d + late)
		}
		p.take(now, step)
	}
	if took := now.Sub(begin); took != 99*step+late {
		t.Errorf("100 took %v with a timer that is %v late", took, late)
	}
}

func TestPaceMakesUpForNoTimeInWhichNobodyWaited(t *testing.T) {
	const step = 10 * time.Millisecond
	for _, idle := range []time.Duration{step, step * 3 / 2, 5 * step} {
		var p pace
		now := time.Now()
		p.take(now, step)
		now = now.Add(idle)
		p.take(now, step)
		if d := p.wait(now); d != step {
			t.Errorf("after %v the next may begin in %v, want %v", idle, d, step)
		}
	}
}

func TestStalledReaderStallsSourceAtTheWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, window := range []int{1, 2, 100} {
			var asked atomic.Int64
			read := int64(0)
			for range New(newGauge(0), Config{Window: window}).Run(t.Context(), checktest.Counted(checktest.Targets(500, 7), &asked)) {
				synctest.Wait()
				if read++; asked.Load() != min(500, read-1+int64(window)+1) && asked.Load() != min(500, read-1+int64(window)) {
					t.Fatalf("window %d: %d read, the source was asked for %d", window, read, asked.Load())
				}
			}
		}
	})
}

func TestEndOfContextDropsWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		fake := &checktest.Fake{Answer: checktest.Hang}
		p := New(fake, Config{Concurrency: 20, PerHost: 3})
		rs := slices.Collect(p.Run(ctx, slices.Values(list(50, names(4)...))))
		if fake.Calls() != 12 || len(rs) != 12 {
			t.Errorf("%d checks begun, %d results, want 12: four hosts with three places", fake.Calls(), len(rs))
		}
		for _, r := range rs {
			if r.Reason != check.Canceled || r.Outcome != check.Skip {
				t.Errorf("%s %q", r.Outcome, r.Reason)
			}
		}
	})
}

func TestRunEndsWhenAllThatIsLeftWaitsForItsHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		begin := time.Now()
		n := 0
		slow := check.CheckerFunc(func(_ context.Context, t check.Target) check.Result {
			time.Sleep(time.Millisecond)
			return limit(t, time.Minute)
		})
		for range New(slow, Config{}).Run(ctx, slices.Values(list(100, "a"))) {
			n++
		}
		if took := time.Since(begin); took != 10*time.Second || n != 10 {
			t.Errorf("%d results in %v", n, took)
		}
	})
}

func TestInvalidTargetsHaveNoHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ts := list(100, "")
		for i := range ts {
			ts[i].Invalid = "it is no URL"
		}
		g := newGauge(time.Second)
		p := New(g, Config{PerHost: 1, HostRate: 1})
		begin := time.Now()
		if n := len(collect(t, p, ts)); n != 100 || time.Since(begin) != time.Second {
			t.Errorf("%d results in %v", n, time.Since(begin))
		}
	})
}

func TestQueueIsTheTimeWaitedForAPlace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(newGauge(time.Second), Config{PerHost: 1})
		begin := time.Now()
		for r := range p.Run(t.Context(), slices.Values(list(5, "a"))) {
			if want := time.Since(begin) - time.Second; r.Timing.Queue != want {
				t.Errorf("queue %v, want %v", r.Timing.Queue, want)
			}
		}
	})
}

func TestStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := New(newGauge(time.Second), Config{Concurrency: 5, PerHost: 2})
		if got, want := p.Stats(), (Stats{Capacity: 5}); got != want {
			t.Errorf("idle: %+v, want %+v", got, want)
		}
		for range p.Run(t.Context(), slices.Values(list(10, "a"))) {
			synctest.Wait()
			if got, want := p.Stats(), (Stats{Capacity: 5, InFlight: 2, Queued: 6}); got != want {
				t.Errorf("busy: %+v, want %+v", got, want)
			}
			break
		}
		if got, want := p.Stats(), (Stats{Capacity: 5}); got != want {
			t.Errorf("after: %+v, want %+v", got, want)
		}
	})
}

func TestPanicKeepsThePoolItsSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGauge(time.Second)
		p := New(check.CheckerFunc(func(ctx context.Context, t check.Target) check.Result {
			if t.Seq < 20 {
				panic(fmt.Sprintf("bad luck with %s", t.URL))
			}
			return g.Check(ctx, t)
		}), Config{Concurrency: 4, PerHost: 2})
		for _, r := range collect(t, p, list(10, names(4)...)) {
			if panicked := r.Reason == check.Internal; panicked != (r.Target.Seq < 20) {
				t.Errorf("target %d: %q %s", r.Target.Seq, r.Reason, r.Error)
			}
			if strings.Contains(r.Error, ".go:") {
				t.Errorf("a stack in the error: %s", r.Error)
			}
		}
		if g.most[""] != 4 {
			t.Errorf("%d in flight after the panics", g.most[""])
		}
	})
}

// idle fails unless p has forgotten all but hosts with a past.
func idle(t *testing.T, p *Pool) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inFlight != 0 || p.queued != 0 || p.goroutines != 0 || len(p.runs) != 0 || p.turns.len() != 0 {
		t.Errorf("left behind: %d slots, %d queued, %d goroutines, %d runs, %d turns", p.inFlight, p.queued, p.goroutines, len(p.runs), p.turns.len())
	}
	for name, h := range p.hosts {
		if h.name != name || h.busy != 0 || h.lanes != 0 || len(h.asleep) != 0 || h.probe != nil {
			t.Errorf("host %s: %+v", name, h)
		}
		if h.due.IsZero() {
			t.Errorf("host %s is never forgotten", name)
		}
	}
	if len(p.alarms) > len(p.hosts)+1 {
		t.Errorf("%d alarms for %d hosts", len(p.alarms), len(p.hosts))
	}
}

func TestHostsAreForgotten(t *testing.T) {
	for _, tt := range []struct {
		name string
		c    check.Checker
		cfg  Config
		kept int           // after the run
		gone time.Duration // since then
	}{
		{"at once", newGauge(0), Config{}, 0, 0},
		{"when the next could begin", newGauge(0), Config{HostRate: 0.1}, 100, 10 * time.Second},
		{"when a pause is long over", limited(10 * time.Second), Config{}, 100, 70 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := New(tt.c, tt.cfg)
				collect(t, p, list(1, names(100)...))
				idle(t, p)
				if len(p.hosts) != tt.kept {
					t.Errorf("%d hosts are kept, want %d", len(p.hosts), tt.kept)
				}
				time.Sleep(tt.gone)
				collect(t, p, list(1, "")) // nothing is done while no Run lives
				time.Sleep(time.Second)
				collect(t, p, list(1, ""))
				if len(p.hosts) != 0 || len(p.alarms) != 0 {
					t.Errorf("%d hosts and %d alarms are left", len(p.hosts), len(p.alarms))
				}
			})
		})
	}
}

// What is live does not grow with the list. BenchmarkMillionHosts shows the same
// over more of them than -race has time for.
func TestMemoryIsBoundedOverDistinctHosts(t *testing.T) {
	p := New(&checktest.Fake{}, Config{})
	n := 0
	var early uint64
	for range p.Run(t.Context(), checktest.Targets(120_000, 120_000)) {
		switch n++; n {
		case 20_000:
			early = live()
		case 110_000:
			if late := live(); late > early+4<<20 {
				t.Errorf("%d KiB are live after 110 000 hosts, %d after 20 000", late>>10, early>>10)
			}
		}
	}
	idle(t, p)
}

// live is the heap after a collection.
func live() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func TestWaitForASlotMakesLateAndTheHostsTurnDoesNot(t *testing.T) {
	for name, row := range map[string]struct {
		cfg  Config
		list []check.Target // six, of which one after the other begins
		late int
	}{
		"no slot":             {Config{Concurrency: 1, Late: 2500 * time.Millisecond}, list(2, "a", "b", "c"), 3},
		"no slot, no bound":   {Config{Concurrency: 1}, list(2, "a", "b", "c"), 0},
		"the host's turn":     {Config{Concurrency: 2, PerHost: 1, Late: 2500 * time.Millisecond}, list(6, "a"), 0},
		"not as long as that": {Config{Concurrency: 1, Late: 5 * time.Second}, list(2, "a", "b", "c"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin, late := time.Now(), 0
				for _, r := range collect(t, New(newGauge(time.Second), row.cfg), row.list) {
					if r.Late {
						late++
					}
				}
				if took := time.Since(begin); took != 6*time.Second {
					t.Errorf("took %s, want one after the other", took)
				}
				if late != row.late {
					t.Errorf("%d are late, want %d", late, row.late)
				}
			})
		})
	}
}
