package pool

import (
	"context"
	"fmt"
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

// limit is a 429.
func limit(t check.Target, retryAfter time.Duration) check.Result {
	r := check.Failed(t, check.RateLimited, "429 Too Many Requests")
	r.RetryAfter, r.Attempts, r.StatusCode, r.Temporary = retryAfter, 1, 429, true
	return r
}

// limited is a Checker that takes no time and always answers 429.
func limited(retryAfter time.Duration) check.Checker {
	return check.CheckerFunc(func(_ context.Context, t check.Target) check.Result { return limit(t, retryAfter) })
}

// TestThrottledHostDoesNotSlowTheOthers is the law of
// docs/adr/0003-host-ready-scheduling.md, in exact time: one host of a hundred that always answers 429 changes the time of the other 99
// by 5 % at most.
func TestThrottledHostDoesNotSlowTheOthers(t *testing.T) {
	const bad = "throttled.test"
	good := names(99)
	mixed := func(perBad int) []check.Target {
		ts := slices.Collect(checktest.Targets(99*50, 99)) // they take turns
		for i := range perBad {
			ts = slices.Insert(ts, i*len(ts)/perBad, list(1, bad)...)
		}
		return ts
	}
	without := map[string]time.Duration{}
	for _, order := range []struct {
		name string
		ts   []check.Target
	}{
		{"mixed", mixed(50)},
		{"ten thousand of it, first", append(list(10_000, bad), slices.Collect(checktest.Targets(99*50, 99))...)},
		{"thousands of it, mixed", mixed(4950)},
		{"sorted by host", slices.Concat(list(50, good[:50]...), list(50, bad), list(50, good[50:]...))},
	} {
		for i := range order.ts {
			order.ts[i].Seq = int64(i)
		}
		for _, retryAfter := range []time.Duration{0, time.Second, time.Hour} {
			for _, retries := range []int{0, 1} {
				t.Run(fmt.Sprintf("%s, Retry-After %v, %d retries", order.name, retryAfter, retries), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						others := func(ts []check.Target) (took time.Duration) {
							var asked atomic.Int64
							c := check.CheckerFunc(func(_ context.Context, t check.Target) check.Result {
								time.Sleep(50 * time.Millisecond)
								if t.Host() == bad {
									asked.Add(1)
									return limit(t, retryAfter)
								}
								return checktest.Pass(t)
							})
							p := New(check.Retry(c, check.RetryConfig{Max: retries}), Config{Concurrency: 64})
							begin, n := time.Now(), 0
							for r := range p.Run(t.Context(), slices.Values(ts)) {
								n++
								if r.Target.Host() != bad {
									took = time.Since(begin)
								} else if r.Outcome != check.Warn || r.Reason != check.RateLimited {
									t.Errorf("%s: %s %q %s", r.Target.URL, r.Outcome, r.Reason, r.Error)
								}
							}
							if n != len(ts) {
								t.Errorf("%d results for %d targets", n, len(ts))
							}
							if n := asked.Load(); n > 12 {
								t.Errorf("the throttled host was asked %d times", n)
							}
							return took
						}
						if without[order.name] == 0 {
							without[order.name] = others(slices.DeleteFunc(slices.Clone(order.ts), func(t check.Target) bool { return t.Host() == bad }))
						}
						base, with := without[order.name], others(order.ts)
						if with > base*105/100 {
							t.Errorf("the others took %v, %v without the throttled host", with, base)
						}
					})
				})
			}
		}
	}
}

// The same in real time, with room for a busy machine.
func TestThrottledHostDoesNotSlowTheOthersInRealTime(t *testing.T) {
	others := func(ts []check.Target) (took time.Duration) {
		c := &checktest.Fake{Takes: 20 * time.Millisecond, Answer: func(_ context.Context, t check.Target) check.Result {
			if t.Host() == "throttled.test" {
				return limit(t, time.Second)
			}
			return checktest.Pass(t)
		}}
		begin := time.Now()
		for r := range New(c, Config{Concurrency: 64}).Run(t.Context(), slices.Values(ts)) {
			if r.Target.Host() != "throttled.test" {
				took = time.Since(begin)
			}
		}
		return took
	}
	good := slices.Collect(checktest.Targets(99*20, 99))
	all := append(list(10_000, "throttled.test"), good...)
	base, with := time.Hour, time.Hour
	for range 3 {
		base, with = min(base, others(good)), min(with, others(all))
	}
	if with > base*5/4 {
		t.Errorf("the others took %v, %v without the throttled host", with, base)
	}
}

// server is a host that allows so many requests a period, and else answers 429.
type server struct {
	mu      sync.Mutex
	allowed int
	period  time.Duration
	after   time.Duration // its Retry-After

	since          time.Time
	n              int
	refused, asked int
	inFlight, most int
}

func (s *server) Check(_ context.Context, t check.Target) check.Result {
	s.mu.Lock()
	if s.since.IsZero() || time.Since(s.since) >= s.period {
		s.since, s.n = time.Now(), 0
	}
	s.n++
	s.asked++
	s.inFlight++
	s.most = max(s.most, s.inFlight)
	refuse := s.n > s.allowed
	if refuse {
		s.refused++
	}
	s.mu.Unlock()
	time.Sleep(10 * time.Millisecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	if refuse {
		return limit(t, s.after)
	}
	return checktest.Pass(t)
}

func TestHostThatThrottlesNowAndThenIsCheckedToTheEnd(t *testing.T) {
	for _, after := range []time.Duration{0, time.Second} {
		t.Run(fmt.Sprintf("Retry-After %v", after), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{allowed: 50, period: time.Second, after: after}
				p := New(check.Retry(s, check.RetryConfig{Max: 2, Wait: time.Second}), Config{})
				limited := 0
				for _, r := range collect(t, p, list(1000, "a")) {
					if r.Outcome != check.Pass {
						limited++
					}
				}
				if limited > 0 || s.refused > 250 {
					t.Errorf("%d of 1000 were not checked, %d requests of %d refused", limited, s.refused, s.asked)
				}
			})
		})
	}
}

// script answers the i-th check of a host as its i-th word says: "ok", "fail",
// "429", "429 5s"; the last one stands for all that follow. Each takes 100 ms.
type script struct {
	words []string
	mu    sync.Mutex
	log   []string // "1.1s 429": when it began, and what it was answered
	begin time.Time
}

func (s *script) Check(_ context.Context, t check.Target) check.Result {
	s.mu.Lock()
	if s.begin.IsZero() {
		s.begin = time.Now()
	}
	word := s.words[min(len(s.log), len(s.words)-1)]
	s.log = append(s.log, fmt.Sprintf("%v %s", time.Since(s.begin), word))
	s.mu.Unlock()
	time.Sleep(100 * time.Millisecond)
	word, after, _ := strings.Cut(word, " ")
	switch word {
	case "429":
		d, _ := time.ParseDuration(after)
		return limit(t, d)
	case "fail":
		return check.Failed(t, check.ConnectRefused, "refused")
	default:
		return checktest.Pass(t)
	}
}

func TestRoundsOfAThrottlingHost(t *testing.T) {
	for _, tt := range []struct {
		name  string
		words string // separated by commas
		n     int
		log   string
		asked int // and so many answered unasked
	}{
		{
			"one probe opens it, with one place, then two, then more",
			"429,429,ok", 9,
			"0s 429, 0s 429, 1.1s ok, 1.2s ok, 1.3s ok, 1.3s ok, 1.4s ok, 1.4s ok, 1.5s ok", 9,
		},
		{
			"a probe that fails otherwise opens it too",
			"429 2s,429,fail,ok", 4,
			"0s 429 2s, 0s 429, 2.1s fail, 2.2s ok", 4,
		},
		{
			"a second round ends it",
			"429,429,429", 9,
			"0s 429, 0s 429, 1.1s 429", 3,
		},
		{
			"the longest pause of a round counts",
			"429 1s,429 5s,ok", 3,
			"0s 429 1s, 0s 429 5s, 5.1s ok", 3,
		},
		{
			"a minute is the longest pause",
			"429 1h,429 1h,ok", 3,
			"0s 429 1h, 0s 429 1h, 1m0.1s ok", 3,
		},
		{
			"rounds with an answer between them are first rounds",
			"429,429,ok,429,ok,ok", 6,
			"0s 429, 0s 429, 1.1s ok, 1.2s 429, 2.3s ok, 2.4s ok", 6,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{words: strings.Split(tt.words, ",")}
				rs := collect(t, New(s, Config{PerHost: 2}), list(tt.n, "a"))
				if got := strings.Join(s.log, ", "); got != tt.log {
					t.Errorf("asked\n%s, want\n%s", got, tt.log)
				}
				asked := 0
				for _, r := range rs {
					switch {
					case r.Attempts > 0 || r.Reason == check.ConnectRefused:
						asked++
					case r.Reason != check.RateLimited || r.Outcome != check.Warn || r.Error != "a keeps answering 429: not asked; slow down with --host-rate":
						t.Errorf("unasked: %s %q %s", r.Outcome, r.Reason, r.Error)
					}
				}
				if len(rs) != tt.n || asked != tt.asked {
					t.Errorf("%d results, %d asked, want %d and %d", len(rs), asked, tt.n, tt.asked)
				}
			})
		})
	}
}

// One Run throttles a host, later ones meet it.
func TestHostIsRememberedFromRunToRun(t *testing.T) {
	for _, tt := range []struct {
		name  string
		first int // targets of the first Run: 2 pause the host, 9 shut it
		later time.Duration
		log   string // of the second Run, of 4 targets
	}{
		{"paused, the pause runs", 2, 500 * time.Millisecond, "10.1s ok, 10.2s ok, 10.3s ok, 10.3s ok"},
		{"paused, the pause is over", 2, 20 * time.Second, "20.1s ok, 20.2s ok, 20.3s ok, 20.3s ok"},
		{"paused, long ago", 2, 71 * time.Second, "1m11.1s ok, 1m11.1s ok, 1m11.2s ok, 1m11.2s ok"},
		{"shut, the pause runs", 9, 500 * time.Millisecond, ""},
		{"shut, the pause is over", 9, 20 * time.Second, "30.2s ok, 30.3s ok, 30.4s ok, 30.4s ok"},
		{"shut, long ago", 9, 71 * time.Second, "1m21.2s ok, 1m21.2s ok, 1m21.3s ok, 1m21.3s ok"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{words: []string{"429 10s", "429 10s", "429 10s"}}
				p := New(s, Config{PerHost: 2})
				collect(t, p, list(tt.first, "a"))
				idle(t, p)
				time.Sleep(tt.later)
				s.words = append(s.words[:len(s.log)], "ok")
				before := len(s.log)
				rs := collect(t, p, list(4, "a"))
				if got := strings.Join(s.log[before:], ", "); got != tt.log || len(rs) != 4 {
					t.Errorf("%d results, asked\n%s, want\n%s", len(rs), got, tt.log)
				}
			})
		})
	}
}

func TestPausedHostHoldsHalfAWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{words: []string{"429 10s", "ok"}}
		begin, unasked := time.Now(), 0
		for r := range New(s, Config{PerHost: 1, Window: 100}).Run(t.Context(), slices.Values(list(1000, "a"))) {
			if r.Reason == check.RateLimited && r.Attempts == 0 {
				unasked++
				if since := time.Since(begin); since > 100*time.Millisecond {
					t.Errorf("a target was answered unasked after %v", since)
				}
			}
		}
		if unasked != 1000-1-50 {
			t.Errorf("%d were answered unasked, want all but the first and half a window", unasked)
		}
	})
}

func TestRecalledHostsAreBounded(t *testing.T) {
	p := New(limited(time.Second), Config{})
	for range p.Run(t.Context(), checktest.Targets(maxRecalled+1000, maxRecalled+1000)) {
	}
	if n := len(p.hosts); n > maxRecalled || n < maxRecalled/2 {
		t.Errorf("%d hosts are remembered, want %d", n, maxRecalled)
	}
	idle(t, p)
}
