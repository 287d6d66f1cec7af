package main

import (
	"errors"
	"os"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/report"
)

// outputs is everything a run writes: the records, further reports, progress.
type outputs struct {
	report.Writer // all at once
	files         []*sink
	progress      *report.Progress
	terminal      stream // gets the summary where the records have none
	color         bool   // of terminal
	failed        error  // the first trouble
}

// openOutputs creates every file before the first check, so that no run is lost
// to a missing directory. Its error is runtime trouble.
func (s *Settings) openOutputs(c *console, progress *report.Progress) (*outputs, error) {
	o := &outputs{progress: progress}
	format := s.format(c)
	if !s.Quiet && format != "text" && c.stderr.terminal != nil {
		o.terminal, o.color = c.stderr, s.colored(c.stderr)
	}
	err := s.openWriters(c, o, format)
	if err != nil {
		return nil, exit(exitRuntime, "%v", errors.Join(err, o.discard()))
	}
	return o, nil
}

func (s *Settings) openWriters(c *console, o *outputs, format string) error {
	var writers []report.Writer
	stepSummary := os.Getenv("GITHUB_STEP_SUMMARY") // written once, however many github reports there are
	open := func(format string, w stream, only []check.Outcome) error {
		opt := report.OutputOptions{
			Color: s.colored(w), Width: w.width(), Only: only, Verbose: s.Verbose, Quiet: s.Quiet,
		}
		if format == "github" {
			opt.StepSummary, stepSummary = stepSummary, ""
		}
		writer, err := report.NewWriter(format, w, opt)
		writers = append(writers, writer)
		return err
	}
	create := func(format, path string, only []check.Outcome) error {
		if path == "-" {
			return open(format, c.stdout, only)
		}
		f, err := report.CreateFile(path, format)
		if err != nil {
			return err
		}
		file := &sink{File: f}
		o.files = append(o.files, file)
		return open(format, stream{Writer: file}, only)
	}
	var err error
	if s.Output == "" {
		err = open(format, c.stdout, s.Only)
	} else {
		err = create(format, s.Output, s.Only)
	}
	for _, r := range s.Report {
		if err == nil {
			err = create(r.format, r.file, nil)
		}
	}
	o.Writer = report.Tee(writers...)
	return err
}

// format of the main output: text for people, plain for programs.
func (s *Settings) format(c *console) string {
	switch {
	case s.Format != "":
		return s.Format
	case s.Output == "" && c.stdout.terminal != nil:
		return "text"
	default:
		return "plain"
	}
}

func (s *Settings) colored(w stream) bool {
	return report.ColorMode(s.Color, w.terminal != nil, os.Getenv)
}

// progress is a bar on a terminal that can draw one, and a line now and then
// elsewhere.
func (s *Settings) progress(stderr stream) report.ProgressConfig {
	mode := s.Progress
	switch draws := stderr.terminal != nil && os.Getenv("TERM") != "dumb"; {
	case s.Quiet || s.DryRun:
		mode = report.ProgressNone
	case mode == "auto" && draws:
		mode = report.ProgressBar
	case mode == "auto", mode == report.ProgressBar && !draws:
		mode = report.ProgressLines
	}
	return report.ProgressConfig{
		Mode:  mode,
		Color: s.colored(stderr),
		Width: stderr.width,
	}
}

// write takes one result. Its trouble is told by flush.
func (o *outputs) write(r check.Result) {
	o.progress.Add(r)
	if err := o.Write(r); err != nil && o.failed == nil {
		o.failed = err
	}
}

// flush hands on what is buffered, and tells the first trouble there was.
func (o *outputs) flush(in *report.Input) error {
	if n, final := in.Total(); final {
		o.progress.SetTotal(n)
	}
	if err := o.Flush(); err != nil && o.failed == nil {
		o.failed = err
	}
	return o.failed
}

// finish completes every report with the summary, puts the files in place, and
// gives the end of the run.
func (o *outputs) finish(v *verdict, in *report.Input, cause error) error {
	o.progress.Close()
	if errors.Is(in.Err(), report.ErrNoTargets) && cause == nil {
		return errors.Join(exit(exitUsage, "%v", in.Err()), o.discard())
	}
	s := v.summary(in)
	worst := end(s, cause, in.Err(), o.failed)
	s.ExitCode = codeOf(worst)
	errs := []error{o.Close(s)}
	for _, f := range o.files {
		errs = append(errs, f.end())
	}
	if o.terminal.Writer != nil {
		_, _ = o.terminal.Write(report.AppendSummary(nil, s, o.color))
	}
	if err := errors.Join(errs...); err != nil && o.failed == nil && !isClosedPipe(err) {
		return worse(worst, exit(exitRuntime, "%v", err))
	}
	return worst
}

// discard drops reports that are of no use without an end.
func (o *outputs) discard() error {
	var errs []error
	for _, f := range o.files {
		errs = append(errs, f.Discard())
	}
	return errors.Join(errs...)
}

// A sink is a report's file that remembers whether it has all of the report.
type sink struct {
	*report.File
	short bool
}

func (f *sink) Write(p []byte) (int, error) {
	n, err := f.File.Write(p)
	f.short = f.short || err != nil
	return n, err
}

// end puts a whole report in place; half of one does not replace an older.
func (f *sink) end() error {
	if f.short {
		return f.Discard()
	}
	return f.Close()
}
