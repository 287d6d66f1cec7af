package check

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// script answers attempt by attempt; the last answer repeats.
func script(rs ...Result) (Checker, *int) {
	n := 0
	return CheckerFunc(func(_ context.Context, t Target) Result {
		r := rs[min(n, len(rs)-1)]
		n++
		r.Target, r.Attempts = t, 1
		r.Timing = Timing{Processing: time.Second}
		return r
	}), &n
}

func TestRetry(t *testing.T) {
	busy := Result{Reason: HTTPStatus, Temporary: true}
	gone := Result{Reason: HTTPStatus}
	throttled := func(d time.Duration) Result {
		return Result{Reason: RateLimited, Temporary: true, RetryAfter: d}
	}
	rows := []struct {
		name    string
		cfg     RetryConfig
		answers []Result
		reason  Reason
		tries   int
		queue   [2]time.Duration // bounds of the time spent waiting
	}{
		{"none asked for", RetryConfig{}, []Result{busy}, HTTPStatus, 1, [2]time.Duration{}},
		{"good at once", RetryConfig{Max: 3}, []Result{{}}, "", 1, [2]time.Duration{}},
		{"good the second time", RetryConfig{Max: 3}, []Result{busy, {}}, "", 2, [2]time.Duration{0, 500 * time.Millisecond}},
		{"what is final is final", RetryConfig{Max: 3}, []Result{gone, {}}, HTTPStatus, 1, [2]time.Duration{}},
		{"no more than Max", RetryConfig{Max: 3}, []Result{busy}, HTTPStatus, 4, [2]time.Duration{0, 3500 * time.Millisecond}},
		{"Retry-After is honoured", RetryConfig{Max: 1}, []Result{throttled(3 * time.Second), {}}, "", 2, [2]time.Duration{3 * time.Second, 3 * time.Second}},
		{"Retry-After that does not fit", RetryConfig{Max: 1}, []Result{throttled(30 * time.Second), {}}, RateLimited, 1, [2]time.Duration{}},
		{"Retry-After above a minute", RetryConfig{Max: 1, Timeout: time.Hour}, []Result{throttled(61 * time.Second), {}}, RateLimited, 1, [2]time.Duration{}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				next, tries := script(row.answers...)
				r := Retry(next, row.cfg).Check(context.Background(), Target{URL: "http://x.test/"})
				if r.Reason != row.reason || *tries != row.tries || r.Attempts != row.tries {
					t.Errorf("%q after %d tries, %d reported", r.Reason, *tries, r.Attempts)
				}
				if r.Timing.Processing != time.Duration(row.tries)*time.Second {
					t.Errorf("phases are not summed: %+v", r.Timing)
				}
				if q := r.Timing.Queue; q < row.queue[0] || q > row.queue[1] {
					t.Errorf("waited %s", q)
				}
			})
		})
	}
}

func TestRetryBacksOffWithFullJitter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		seen := map[time.Duration]bool{}
		for range 50 {
			next, _ := script(Result{Temporary: true, Reason: Timeout}, Result{})
			seen[Retry(next, RetryConfig{Max: 1}).Check(context.Background(), Target{}).Timing.Queue] = true
		}
		if len(seen) < 25 {
			t.Errorf("only %d different waits in 50", len(seen))
		}
	})
}

func TestRunDeadlineIsNotTheTargetsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		slow := CheckerFunc(func(ctx context.Context, t Target) Result {
			<-ctx.Done()
			return Failed(t, Timeout, "ran out of time")
		})
		if r := Retry(slow, RetryConfig{}).Check(ctx, Target{}); r.Reason != Canceled || r.Outcome != Skip {
			t.Errorf("%q %q", r.Reason, r.Outcome)
		}
		if r := Retry(slow, RetryConfig{Timeout: time.Second / 2}).Check(context.Background(), Target{}); r.Reason != Timeout {
			t.Errorf("%q", r.Reason)
		}
	})
}

// TestCancelBetweenAttemptsIsNoVerdict: what was to be asked again is not known
// to have failed, so that a resumed run asks it.
func TestCancelBetweenAttemptsIsNoVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(context.Background())
		next, _ := script(Result{Temporary: true, Reason: RateLimited, RetryAfter: 5 * time.Second})
		time.AfterFunc(time.Second, cancel)
		r := Retry(next, RetryConfig{Max: 1}).Check(ctx, Target{})
		if r.Reason != Canceled || r.Outcome != Skip || r.Attempts != 1 {
			t.Errorf("%q %q after %d attempts", r.Outcome, r.Reason, r.Attempts)
		}
	})
}

// turn records what a check asks of its place in the pool.
type turn struct {
	throttled []bool
	err       error
}

func (p *turn) Leave() {}

func (p *turn) Wait(_ context.Context, _ time.Duration, throttled bool) error {
	p.throttled = append(p.throttled, throttled)
	return p.err
}

func TestRetryLendsItsPlace(t *testing.T) {
	place := &turn{}
	next, _ := script(Result{Temporary: true, Reason: Timeout}, Result{Temporary: true, Reason: RateLimited, RetryAfter: 1}, Result{})
	r := Retry(next, RetryConfig{Max: 3}).Check(WithTurn(context.Background(), place), Target{})
	if r.Reason != "" || len(place.throttled) != 2 || place.throttled[0] || !place.throttled[1] {
		t.Errorf("%q, waits %v", r.Reason, place.throttled)
	}
	place = &turn{err: ErrThrottled}
	next, tries := script(Result{Temporary: true, Reason: RateLimited, RetryAfter: 1}, Result{})
	r = Retry(next, RetryConfig{Max: 3}).Check(WithTurn(context.Background(), place), Target{})
	if r.Reason != RateLimited || *tries != 1 {
		t.Errorf("a host given up on: %q after %d tries", r.Reason, *tries)
	}
}

func TestWaitWithoutAPoolOnlyWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		if err := Wait(context.Background(), time.Second, false); err != nil || time.Since(begin) != time.Second {
			t.Error(err, time.Since(begin))
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := Wait(ctx, time.Hour, false); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestCheckThatOverrunsItsTimeIsLate(t *testing.T) {
	for name, row := range map[string]struct {
		took time.Duration
		late bool
	}{
		"in time":                    {time.Second, false},
		"timed out":                  {10 * time.Second, false},
		"timed out, seen soon":       {10*time.Second + lateness, false},
		"timed out, seen much later": {10*time.Second + lateness + time.Millisecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				stopped := CheckerFunc(func(_ context.Context, t Target) Result { // as a process is that gets no time to run
					time.Sleep(row.took)
					return Failed(t, Timeout, "")
				})
				r := Retry(stopped, RetryConfig{Timeout: 10 * time.Second}).Check(t.Context(), Target{})
				if r.Late != row.late {
					t.Errorf("late: %v", r.Late)
				}
			})
		})
	}
}
