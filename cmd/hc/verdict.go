package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/report"
)

// Why a run stops before its targets are used up, as causes of its context.
// Signals are the other cause: see [signaled].
var (
	errDeadline = errors.New("the deadline was reached")
	errEnough   = errors.New("stopped there")
)

// bounded adds to ctx the deadline, and a stop for whoever has seen enough.
func (s *Settings) bounded(ctx context.Context) (context.Context, context.CancelCauseFunc) {
	ctx, stop := context.WithCancelCause(ctx)
	if s.Deadline == 0 {
		return ctx, stop
	}
	ctx, cancel := context.WithTimeoutCause(ctx, s.Deadline, errDeadline)
	return ctx, func(cause error) {
		stop(cause)
		cancel()
	}
}

// A verdict judges results, adds them up, stops the run when it has seen enough,
// and says how it ends.
type verdict struct {
	policy   check.Policy
	baseline *report.Baseline // nil for none
	most     int64            // failures after which to stop; 0 is never
	stop     context.CancelCauseFunc

	begun time.Time
	tally check.Tally
	fails int64
}

func (s *Settings) newVerdict(stop context.CancelCauseFunc) (*verdict, error) {
	v := &verdict{policy: s.policy(), most: int64(s.MaxFailures), stop: stop, begun: time.Now()}
	if s.FailFast {
		v.most = 1
	}
	var err error
	if s.Baseline != "" {
		v.baseline, err = report.ReadBaseline(s.Baseline)
	}
	return v, err
}

// judge gives r the outcome the settings have for it, and counts it.
func (v *verdict) judge(r check.Result) check.Result {
	r = v.policy.Apply(r)
	if r.Outcome == check.Fail && v.baseline != nil && v.baseline.Known(r) {
		r.Outcome, r.Error = check.Warn, "known: "+r.Error
	}
	v.tally.Add(r)
	if r.Outcome == check.Fail {
		if v.fails++; v.fails == v.most {
			v.stop(errEnough)
		}
	}
	return r
}

// summary is the sum of what was judged, and of what in knows of beyond that.
func (v *verdict) summary(in *report.Input) check.Summary {
	s := v.tally.Summary()
	s.Duplicates = in.Duplicates()
	s.Duration = time.Since(v.begun)
	s.Version = buildVersion()
	known, _ := in.Total()
	s.Incomplete = max(known-s.Total, 0)
	return s
}

// end gives the worst of what happened, nil when all is well: cause is why the
// run was stopped, input and output what went wrong there.
func end(s check.Summary, cause, input, output error) error {
	var worst error
	note := func(err error) { worst = worse(worst, err) }
	if sig, ok := errors.AsType[signaled](cause); ok {
		note(stopped(sig, soFar(s)))
	}
	if own, ok := errors.AsType[*exitError](cause); ok {
		note(own)
	}
	switch {
	case input == nil || cause != nil: // what is broken off has no say
	case s.Total == 0:
		note(exit(exitUsage, "%v", input))
	default:
		note(exit(exitRuntime, "%v; %s", input, soFar(s)))
	}
	if lost := s.ByReason[check.WorkerLost]; lost > 0 {
		note(exit(exitRuntime, "no worker answered for %d of %d targets: check that workers run, and --workers", lost, s.Total))
	}
	if output != nil && !isClosedPipe(output) {
		note(exit(exitRuntime, "%v", output))
	}
	switch {
	case s.Fail > 0 && errors.Is(cause, errEnough):
		note(exit(exitFailed, "%d failed, %v: %s", s.Fail, errEnough, soFar(s)))
	case s.Fail > 0:
		note(exit(exitFailed, "%d failed", s.Fail))
	}
	// What waited for its input is as incomplete as what waited for targets.
	if errors.Is(cause, errDeadline) && (s.Incomplete+s.ByReason[check.Canceled] > 0 || input != nil) {
		note(stopped(errDeadline, soFar(s)))
	}
	return worst
}

// stopped is the end of a run that its context's cause ended.
func stopped(cause error, when string) error {
	code := exitRuntime
	if sig, ok := errors.AsType[signaled](cause); ok {
		code = sig.code()
	} else if errors.Is(cause, errDeadline) {
		code = exitIncomplete
	}
	return exit(code, "%v %s", cause, when)
}

// soFar says how far a run came: "after 5 of 12 targets".
func soFar(s check.Summary) string {
	done := s.Total - s.ByReason[check.Canceled]
	return fmt.Sprintf("after %d of %d targets", done, s.Total+s.Incomplete)
}
