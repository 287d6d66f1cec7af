package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/demo"
	"github.com/hc-health/hc/internal/report"
)

func newDemo(c *console) *cobra.Command {
	s := &Settings{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Check a small local site of good, slow and broken pages",
		Long: `Start a small site on this machine, some of whose pages are slow, broken,
throttled or worse on purpose, and check it: the engine of hc check at work, and
no network needed. Exit 0 when every page behaved as staged.`,
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDemo(cmd.Context(), c, s) },
	}
	defaults := s.checkFlags()
	cmd.Flags().AddFlag(defaults.Lookup("color"))
	return cmd
}

// runDemo checks the demo's pages one by one as they are written, and tells what
// was staged for each.
func runDemo(parent context.Context, c *console, s *Settings) error {
	ctx, release := untilSignal(parent, c.tellStopping)
	defer release()
	site, err := demo.Open()
	if err != nil {
		return exit(exitRuntime, "%v", err)
	}
	defer site.Close()
	in, err := s.open([]string{"-"}, strings.NewReader(site.List()))
	if err != nil {
		return exit(exitRuntime, "%v", err)
	}
	s.Ordered, s.Verbose = true, true
	out, err := report.NewWriter("text", c.stdout,
		report.OutputOptions{Color: s.colored(c.stdout), Width: c.stdout.width(), Verbose: true})
	if err != nil {
		return exit(exitRuntime, "%v", err)
	}
	engine, shut := s.engine(check.HTTPConfig{MaxRedirects: s.MaxRedirects}, &store{}, maxConcurrency, nil)
	defer shut()

	v, err := s.newVerdict(func(error) {})
	if err != nil {
		return err
	}
	surprises := 0
	for r := range engine.Run(ctx, in.All()) {
		r = v.judge(r)
		page := site.Pages[r.Target.Source.Line-1]
		r.Target.Source = check.Source{}
		err := errors.Join(out.Write(r), out.Flush())
		text := "    staged: " + page.Staged
		if r.Outcome != page.Outcome || r.Reason != page.Reason {
			surprises++
			text += fmt.Sprintf("; expected %s %s", page.Outcome, page.Reason)
		}
		if _, err2 := fmt.Fprintf(c.stdout, "%s\n\n", text); errors.Join(err, err2) != nil {
			return printed(0, errors.Join(err, err2))
		}
	}
	if ctx.Err() != nil {
		return stopped(context.Cause(ctx), soFar(v.summary(in)))
	}
	if err := out.Close(v.summary(in)); err != nil {
		return printed(0, err)
	}
	if surprises > 0 {
		return exit(exitFailed, "%d of %d pages did not behave as staged", surprises, len(site.Pages))
	}
	return printed(fmt.Fprintf(c.stdout, "\nAll %d pages behaved as staged.\n", len(site.Pages)))
}
