package cache

import (
	"testing"
	"time"
	"unsafe"

	"github.com/hc-health/hc/internal/check"
)

// jumped is now as it would be read had the machine's clock been set by d: the
// wall time of another hour, the monotonic time of the same moment.
func jumped(now time.Time, d time.Duration) time.Time {
	const secondsAt = 30 // of time.Time's wall, above the nanoseconds
	wall := (*uint64)(unsafe.Pointer(&now))
	*wall += uint64(d/time.Second) << secondsAt
	return now
}

// TestFault24ClockJumpsExpireNothing is row 24 of docs/faults.md, as far as it goes:
// what this process remembers. Redis has no clock but the wall's; a value of another
// hour is a miss there, or lives as long as its key.
func TestFault24ClockJumpsExpireNothing(t *testing.T) {
	now := time.Now()
	r := check.Result{Target: check.Target{URL: "http://h.test/"}, Outcome: check.Pass, CheckedAt: now}
	h, ok := hold(r, TTL{Pass: time.Minute, Fail: time.Second}, now)
	if !ok {
		t.Fatal("not kept")
	}
	for _, d := range []time.Duration{time.Hour, -time.Hour} {
		later := jumped(now.Add(10*time.Second), d)
		if off := later.Round(0).Sub(now.Round(0)) - 10*time.Second; off != d {
			t.Fatalf("the clock jumped by %v, and was to by %v", off, d)
		}
		var got check.Result
		if !h.answer(&r.Target, later, &got) || got.CacheAge != 10*time.Second {
			t.Errorf("jump by %v: a result 10 s old is %v old, or gone", d, got.CacheAge)
		}
		if h.answer(&r.Target, jumped(now.Add(2*time.Minute), d), &got) {
			t.Errorf("jump by %v: a result is served past its time", d)
		}
	}
}
