package main

import (
	"context"
	"fmt"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/report"
)

// dryRun reads and counts, and asks nobody. What is no target is a result as in
// a real run, and fails as it would there: exit 1. In formats for programs the
// summary counts the others as incomplete; formats for people get a sentence.
func dryRun(ctx context.Context, c *console, s *Settings, in *report.Input) error {
	format := s.format(c)
	w, err := report.NewWriter(format, c.stdout, report.OutputOptions{Color: s.colored(c.stdout), Width: c.stdout.width()})
	if err != nil {
		return exit(exitRuntime, "%v", err)
	}
	v, err := s.newVerdict(func(error) {})
	if err != nil {
		return err
	}
	for t := range in.All() {
		if t.Invalid != "" {
			if err := w.Write(v.judge(check.Failed(t, check.InvalidURL, t.Invalid))); err != nil {
				return exit(exitRuntime, "%v", err)
			}
		}
		if ctx.Err() != nil {
			break
		}
	}
	sum := v.summary(in)
	worst := end(sum, context.Cause(ctx), in.Err(), nil)
	sum.ExitCode = codeOf(worst)
	if format != "text" && format != "plain" {
		return worse(worst, printed(0, w.Close(sum)))
	}
	if err := w.Flush(); err != nil {
		return worse(worst, printed(0, err))
	}
	return worse(worst, printed(fmt.Fprintf(c.stdout, "targets %d, of them invalid %d; duplicates left out %d; nothing was checked\n",
		sum.Total+sum.Incomplete, sum.Total, sum.Duplicates)))
}
