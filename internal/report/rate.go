package report

import (
	"math"
	"time"
)

// rateMemory is how long ago the rate shown begins to forget: long enough for a
// number that can be read, short enough to show that a run got stuck.
const rateMemory = 5 * time.Second

// rate is a count per second in the recent past: a moving average whose weights
// fall exponentially with age.
type rate struct {
	begun time.Time
	at    time.Time // of the last measurement
	count int64     // then
	now   float64
}

// measure takes the count there is at now. Until the run is as old as its
// memory, the rate is the plain average.
func (r *rate) measure(now time.Time, count int64) {
	elapsed := now.Sub(r.at).Seconds()
	if elapsed <= 0 {
		return
	}
	latest := float64(count-r.count) / elapsed
	weight := max(1-math.Exp(-elapsed/rateMemory.Seconds()), elapsed/now.Sub(r.begun).Seconds())
	r.now += weight * (latest - r.now)
	r.at, r.count = now, count
}

// left estimates how long the rest takes, to the second; "" where there is no
// telling.
func (r *rate) left(rest int64) string {
	switch {
	case rest < 0, rest > 0 && r.now < 0.01:
		return ""
	case rest == 0:
		return "0s"
	default:
		return (time.Duration(math.Ceil(float64(rest)/r.now)) * time.Second).String()
	}
}
