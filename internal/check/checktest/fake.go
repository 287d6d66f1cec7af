// Package checktest holds the laws of a check.Runner as tests, and fakes that
// open no socket.
package checktest

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// Targets gives n targets, or without end where n is negative, spread evenly
// over so many hosts: target i is http://h{i mod hosts}.test/i.
func Targets(n, hosts int) iter.Seq[check.Target] {
	return func(yield func(check.Target) bool) {
		for i := 0; i != n; i++ {
			if !yield(Target(i, hosts)) {
				return
			}
		}
	}
}

// Target is target i of [Targets].
func Target(i, hosts int) check.Target {
	url := fmt.Sprintf("http://h%d.test/%d", i%hosts, i)
	return check.Target{Seq: int64(i), Input: url, URL: url, Method: "GET"}
}

// Counted is ts, and counts in n how many targets ts was asked for.
func Counted(ts iter.Seq[check.Target], n *atomic.Int64) iter.Seq[check.Target] {
	return func(yield func(check.Target) bool) {
		for t := range ts {
			n.Add(1)
			if !yield(t) {
				return
			}
		}
	}
}

// Pass is a Result as of a page that answered 200, or the one of an Invalid
// target.
func Pass(t check.Target) check.Result {
	if t.Invalid != "" {
		return check.Failed(t, check.InvalidURL, t.Invalid)
	}
	return check.Result{Target: t, Outcome: check.Pass, StatusCode: 200, Attempts: 1, CheckedAt: time.Now()}
}

// Hang is a check that takes as long as its ctx.
func Hang(ctx context.Context, t check.Target) check.Result {
	<-ctx.Done()
	return check.Failed(t, check.Canceled, "cut off")
}

// Fake is a Checker that answers as told and counts. The zero value passes
// everything at once.
type Fake struct {
	Answer func(ctx context.Context, t check.Target) check.Result // nil is Pass
	Takes  time.Duration                                          // before it answers; a ctx that ends first makes it Canceled

	calls, inFlight, most atomic.Int64
}

// Check answers after f.Takes.
func (f *Fake) Check(ctx context.Context, t check.Target) check.Result {
	f.calls.Add(1)
	for now := f.inFlight.Add(1); ; {
		if most := f.most.Load(); now <= most || f.most.CompareAndSwap(most, now) {
			break
		}
	}
	defer f.inFlight.Add(-1)
	if f.Takes > 0 {
		timer := time.NewTimer(f.Takes)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return check.Failed(t, check.Canceled, "cut off")
		}
	}
	if f.Answer == nil {
		return Pass(t)
	}
	return f.Answer(ctx, t)
}

// Calls is how many checks were begun.
func (f *Fake) Calls() int64 { return f.calls.Load() }

// InFlight is how many of them have not ended.
func (f *Fake) InFlight() int64 { return f.inFlight.Load() }

// Most is the most that were in flight at once.
func (f *Fake) Most() int64 { return f.most.Load() }
