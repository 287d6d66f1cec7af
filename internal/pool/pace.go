package pool

import "time"

// pace spaces what begins by 1/rate: a token bucket with a burst of 1, which is
// one time. Like a reservation of golang.org/x/time/rate, the turn of somebody
// who waits is kept for him: that he wakes a little late delays those after him
// by nothing, so that the rate is met on average however coarse the timer.
type pace struct {
	next   time.Time // nothing begins before
	waited bool      // somebody has been waiting since before next
}

// wait is how long it is until something may begin; 0 is now. Who asks is taken
// to be waiting from then on.
func (p *pace) wait(now time.Time) time.Duration {
	if d := p.next.Sub(now); d > 0 {
		p.waited = true
		return d
	}
	return 0
}

// take notes that something begins now.
func (p *pace) take(now time.Time, interval time.Duration) {
	if from := now.Add(-interval); !p.waited || p.next.Before(from) {
		p.next = now
	}
	p.next = p.next.Add(interval)
	p.waited = false
}

// interval is the time between two at so many a second; 0 for no limit.
func interval(rate float64) time.Duration {
	if rate <= 0 {
		return 0
	}
	const ages = 1 << 62 // 146 years; more would overflow
	return time.Duration(min(float64(time.Second)/rate, ages))
}
