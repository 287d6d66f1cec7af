package drive

import (
	"context"
	"sync"
	"time"

	"github.com/hc-health/hc/load/internal/measure"
)

// A Ramp is a time in which the number of users goes from what it was to To, as
// a stage of k6's ramping-vus.
type Ramp struct {
	To  int
	For time.Duration
}

// Users posts to url in a closed model: there are as many users as the ramps say,
// and each posts a batch, waits for the answer and posts the next one, without a
// pause. A user whose time is over gets the answer it waits for. Each request is
// added to run. The error is ctx's.
func (l Load) Users(ctx context.Context, url string, ramps []Ramp, run *measure.Run) error {
	bodies, err := l.bodies()
	if err != nil {
		return err
	}
	client := newClient()
	defer client.CloseIdleConnections()
	began := time.Now()
	var users sync.WaitGroup
	for i, shift := range shifts(ramps) {
		users.Go(func() {
			if !sleepUntil(ctx, began.Add(shift.begin)) {
				return
			}
			// Users begin at different bodies, so that they do not move in step.
			for n := i * 7; ctx.Err() == nil; n++ {
				at := time.Since(began)
				if at >= shift.end {
					return
				}
				run.Add(l.post(ctx, client, url, bodies[n%len(bodies)], at))
			}
		})
	}
	users.Wait()
	return ctx.Err()
}

// A shift is when a user is there.
type shift struct{ begin, end time.Duration }

// shifts are those of all users: user i is there from the first moment at which
// the ramps want more than i users to the last such moment.
func shifts(ramps []Ramp) []shift {
	var all []shift
	from, at := 0, time.Duration(0)
	for _, r := range ramps {
		// when the ramp has n users
		when := func(n int) time.Duration {
			return at + time.Duration(float64(r.For)*float64(n-from)/float64(r.To-from))
		}
		for i := from; i < r.To; i++ {
			if i == len(all) {
				all = append(all, shift{begin: when(i)})
			}
		}
		for i := range min(from, r.To) {
			all[i].end = at + r.For
		}
		for i := r.To; i < from; i++ {
			all[i].end = when(i)
		}
		for i := from; i < r.To; i++ {
			all[i].end = at + r.For
		}
		from, at = r.To, at+r.For
	}
	return all
}

// sleepUntil reports whether the time has come, and not the end of ctx.
func sleepUntil(ctx context.Context, when time.Time) bool {
	timer := time.NewTimer(time.Until(when))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
