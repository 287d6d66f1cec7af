package check

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// RetryConfig bounds the attempts of one check. The zero value is one attempt
// within 10 s.
type RetryConfig struct {
	Max     int           // attempts after the first; 0 is none
	Wait    time.Duration // before the second attempt at most, doubling for each further; 0 is 500 ms
	Timeout time.Duration // all attempts, for targets that name none; 0 is 10 s
}

// maxRetryAfter is the longest a host's Retry-After is honoured. Larger values
// made whole runs wait for one host (lychee #2027).
const maxRetryAfter = time.Minute

// lateness is how far beyond its end a check may be over without being
// [Result.Late]: more than a collection of garbage, a busy scheduler or a cgroup
// out of its share for a few periods make of it, less than anyone gives a target
// to answer.
const lateness = 500 * time.Millisecond

// Retry asks again where next's Result is Temporary, after a wait with full
// jitter: uniform in [0, Wait·2ⁿ) (AWS Architecture Blog, "Exponential Backoff
// And Jitter"). A Retry-After is honoured where it fits into the timeout and is
// at most a minute; else the answer is final at once. While it waits, a check
// lends its place in the pool ([Wait]).
//
// The Result is the last attempt's, with the attempts counted and the phases
// summed; waits are in Timing.Queue. It is Late where it comes more than
// half a second after the timeout.
func Retry(next Checker, cfg RetryConfig) Checker {
	if cfg.Wait == 0 {
		cfg.Wait = 500 * time.Millisecond
	}
	if cfg.Timeout == 0 {
		cfg.Timeout = defaultTimeout
	}
	return retry{next, cfg}
}

type retry struct {
	next Checker
	cfg  RetryConfig
}

func (r retry) Check(parent context.Context, t Target) Result {
	if t.Timeout == 0 {
		t.Timeout = r.cfg.Timeout
	}
	ctx, cancel := context.WithTimeout(parent, t.Timeout)
	defer cancel()
	res := r.ask(ctx, parent, t)
	if ctx.Err() != nil {
		deadline, _ := ctx.Deadline()
		res.Late = time.Since(deadline) > lateness
	}
	return res
}

// ask makes the attempts, all of them within ctx, for a caller who waits while
// parent lasts.
func (r retry) ask(ctx, parent context.Context, t Target) Result {
	res := r.next.Check(ctx, t)
	for n := 0; n < r.cfg.Max && res.Temporary; n++ {
		wait, ok := r.pause(n, res.RetryAfter)
		if deadline, _ := ctx.Deadline(); !ok || time.Until(deadline) <= wait {
			break
		}
		begin := time.Now()
		err := Wait(ctx, wait, res.Reason == RateLimited)
		res.Timing.Queue += time.Since(begin)
		if parent.Err() != nil {
			return cutOff(parent, res) // it was to be asked again, so this was no verdict
		}
		if err != nil {
			break // the last answer stands: it is what is known of the target
		}
		last := res
		res = r.next.Check(ctx, t)
		res.Attempts += last.Attempts
		res.Timing = last.Timing.Add(res.Timing)
	}
	if parent.Err() != nil && (res.Reason == Timeout || res.Reason == ConnectTimeout || res.Reason == DNS) {
		return cutOff(parent, res) // the clock that ran out was the run's or the caller's, not the target's
	}
	return res
}

// cutOff makes res that of a check which ctx has ended.
func cutOff(ctx context.Context, res Result) Result {
	res.Reason, res.Outcome, res.Error = Canceled, Canceled.Default(), canceledText(ctx)
	res.Temporary, res.RetryAfter = false, 0
	return res
}

// pause gives the wait before attempt n+2, and whether to make it at all.
func (r retry) pause(n int, asked time.Duration) (time.Duration, bool) {
	if asked > 0 {
		return asked, asked <= maxRetryAfter
	}
	ceiling := r.cfg.Wait << min(n, 20)
	return rand.N(max(ceiling, 1)), true
}

func canceledText(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "cut off: the run's deadline was reached"
	}
	return "cut off before it was answered"
}
