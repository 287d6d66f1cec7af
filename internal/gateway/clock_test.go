package gateway

import (
	"testing"
	"time"
	"unsafe"
)

// TestFault24ClockJumpsChangeNoRate is row 24 of docs/faults.md: the wall time
// of another hour, at the monotonic time of the same moment.
func TestFault24ClockJumpsChangeNoRate(t *testing.T) {
	jumped := func(now time.Time, d time.Duration) time.Time {
		*(*uint64)(unsafe.Pointer(&now)) += uint64(d/time.Second) << 30 // seconds stand above the nanoseconds
		return now
	}
	for _, d := range []time.Duration{time.Hour, -time.Hour} {
		r := newRates(1, 10)
		now := time.Now()
		if wait := r.take("a", 10, now); wait != 0 {
			t.Fatalf("a full bucket: %v", wait)
		}
		if wait := r.take("a", 5, jumped(now.Add(time.Second), d)); wait < 3900*time.Millisecond || wait > 4*time.Second {
			t.Errorf("jump by %v: wait %v for the other 4 of 5, want 4 s", d, wait)
		}
		if wait := r.take("a", 5, jumped(now.Add(6*time.Second), d)); wait != 0 {
			t.Errorf("jump by %v: wait %v when there are 5", d, wait)
		}
	}
}
