package pool

import "time"

// full is a clock that runs while every slot is taken. What it has gone forward
// while a target waited is the pool's own doing; the rest of the wait was for the
// target's host.
type full struct {
	ran   time.Duration
	since time.Time // it runs since; zero while it stands
}

func (f *full) start(now time.Time) { f.since = now }

func (f *full) stop(now time.Time) {
	f.ran = f.at(now)
	f.since = time.Time{}
}

func (f *full) at(now time.Time) time.Duration {
	if f.since.IsZero() {
		return f.ran
	}
	return f.ran + now.Sub(f.since)
}
