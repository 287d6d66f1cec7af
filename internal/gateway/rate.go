package gateway

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// rates holds a token bucket for each caller. A URL costs a token.
type rates struct {
	limit rate.Limit
	burst int

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
	swept   time.Time
	others  *rate.Limiter // of all callers there is no room for
}

// maxBuckets bounds the callers with a bucket of their own: 2 MB of them. A full
// bucket is as good as none, so only callers of the last burst/limit seconds need
// theirs. Names of keys are few; addresses need not be.
const maxBuckets = 10_000

// newRates is nil for no limit.
func newRates(limit float64, burst int) *rates {
	if limit <= 0 {
		return nil
	}
	if burst <= 0 {
		burst = int(min(max(math.Ceil(2*limit), 1), math.MaxInt32))
	}
	return &rates{
		limit:   rate.Limit(limit),
		burst:   burst,
		buckets: make(map[string]*rate.Limiter),
		others:  rate.NewLimiter(rate.Limit(limit), burst),
	}
}

// take takes n tokens of caller's, at most burst, or none: then it gives how long
// it is until there will be so many. The lock is held over both steps, since a
// reservation made in between would be given back only in part.
func (r *rates) take(caller string, n int, now time.Time) (wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	taken := r.bucket(caller, now).ReserveN(now, n)
	if wait = taken.DelayFrom(now); wait > 0 {
		taken.CancelAt(now)
	}
	return wait
}

func (r *rates) bucket(caller string, now time.Time) *rate.Limiter {
	if b, ok := r.buckets[caller]; ok {
		return b
	}
	if len(r.buckets) >= maxBuckets && now.Sub(r.swept) >= time.Second {
		r.swept = now
		for name, b := range r.buckets {
			if b.TokensAt(now) >= float64(r.burst) {
				delete(r.buckets, name)
			}
		}
	}
	if len(r.buckets) >= maxBuckets {
		return r.others
	}
	b := rate.NewLimiter(r.limit, r.burst)
	r.buckets[caller] = b
	return b
}
