package cache

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// A TTL says how long results are good: passes, and all others. Failures are
// kept for a short time only, since a page that was repaired should be seen to
// be. The zero TTL is 5 minutes and 10 seconds; where one of the two is zero,
// such results are not kept.
type TTL struct{ Pass, Fail time.Duration }

const (
	defaultPass = 5 * time.Minute
	defaultFail = 10 * time.Second

	// minTTL is the shortest time Redis can count (PX 1).
	minTTL = time.Millisecond
)

// ParseTTL reads "pass=5m,fail=10s". What is left out has its default; 0 keeps
// no such results.
func ParseTTL(s string) (TTL, error) {
	l := TTL{Pass: defaultPass, Fail: defaultFail}
	for part := range strings.SplitSeq(s, ",") {
		name, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		d, err := time.ParseDuration(value)
		switch {
		case !ok || name != "pass" && name != "fail":
			return TTL{}, fmt.Errorf("%q is no time to live: write pass=5m,fail=10s", part)
		case err != nil || d < 0 || d > 0 && d < minTTL:
			return TTL{}, fmt.Errorf("%q is no time for %s: write a duration of at least 1ms such as 90s, 5m or 24h, or 0 to keep none", value, name)
		case name == "pass":
			l.Pass = d
		default:
			l.Fail = d
		}
	}
	if l == (TTL{}) {
		return TTL{}, fmt.Errorf("%q keeps nothing: write --cache off instead", s)
	}
	return l, nil
}

// String gives the TTL as [ParseTTL] reads it.
func (l TTL) String() string {
	l = l.orDefault()
	return "pass=" + l.Pass.String() + ",fail=" + l.Fail.String()
}

func (l TTL) orDefault() TTL {
	if l == (TTL{}) {
		return TTL{Pass: defaultPass, Fail: defaultFail}
	}
	return l
}

// Cacheable reports whether a Result with reason r says something about the
// target that holds for a while. What does not: a limit of our own, a caller's
// cancel, a worker lost, a bug, an address refused by this process's guard, and
// a host that throttles.
func Cacheable(r check.Reason) bool {
	switch r {
	case check.RateLimited, check.Canceled, check.NotAttempted, check.WorkerLost, check.ResourceExhausted,
		check.Internal, check.BlockedAddress, check.InvalidURL:
		return false
	}
	return true
}

// until gives the end of a Result that is saved at now, or false where it is not
// kept. The time counts from the end of the check and not from CheckedAt: one that
// took 10 s to time out would be gone at once. It may have ended a while ago, where
// the Result was held up on its way from another process; and a Result that comes
// out of another cache has used up its CacheAge, whatever the clocks say.
//
// A jitter of ±10 % keeps results that were saved together from ending together.
func (l TTL) until(r *check.Result, now time.Time) (time.Time, bool) {
	ttl := l.Fail
	if r.Reason == "" {
		ttl = l.Pass
	}
	if ttl <= 0 || r.CheckedAt.IsZero() || r.Target.Invalid != "" || !Cacheable(r.Reason) {
		return time.Time{}, false
	}
	ttl += time.Duration((rand.Float64() - 0.5) / 5 * float64(ttl))
	end := now.Add(ttl - max(r.CacheAge, now.Sub(r.CheckedAt)-r.Timing.Latency()))
	return end, end.Sub(now) >= minTTL
}
