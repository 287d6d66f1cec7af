package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/report"
)

// openInput opens every argument. It gives up when ctx ends, be it within the
// opening of a pipe that nobody writes to.
func (s *Settings) openInput(ctx context.Context, c *console, args []string) (*report.Input, error) {
	type opened struct {
		in  *report.Input
		err error
	}
	done := make(chan opened, 1)
	go func() {
		in, err := s.open(args, standardInput(ctx, c, args))
		done <- opened{in, err}
	}()
	select {
	case o := <-done:
		if o.err == nil {
			context.AfterFunc(ctx, func() { _ = o.in.Close() }) // a pipe's reader returns
		}
		return o.in, o.err
	case <-ctx.Done():
		return nil, stopped(context.Cause(ctx), "before anything was checked")
	}
}

func (s *Settings) open(args []string, stdin io.Reader) (*report.Input, error) {
	opt := report.InputOptions{NoDedup: s.NoDedup, Defaults: report.Defaults{
		Method:  s.Method,
		Expect:  check.Expect{Codes: s.Accept},
		Timeout: s.Timeout,
	}}
	if len(s.Header) > 0 {
		opt.Defaults.Request = &check.Request{Header: s.Header}
	}
	if s.Resume != "" {
		var err error
		if opt.Resume, err = report.ReadResume(s.Resume); err != nil {
			return nil, err
		}
	}
	return report.Open(args, stdin, opt)
}

// standardInput can be broken off. Nothing of it is read unless it is asked for:
// it may belong to the shell loop that we run in.
func standardInput(ctx context.Context, c *console, args []string) io.Reader {
	if !slices.Contains(args, "-") {
		return c.stdin
	}
	return report.Interruptible(ctx, c.stdin)
}

// countFor bounds how long the targets that were never started are counted.
const countFor = 250 * time.Millisecond

// targets gives in's targets to the engine. When that takes no more, the rest is
// still read and counted for a moment, so that the summary can say how many were
// left. A pipe is not waited for.
func (s *Settings) targets(in *report.Input) iter.Seq[check.Target] {
	return func(yield func(check.Target) bool) {
		var late time.Time // set when the engine has stopped
		realm := s.realm()
		for t := range in.All() {
			switch {
			case late.IsZero():
				t.Fresh, t.Realm = s.Refresh, realm
				if !yield(t) {
					late = time.Now().Add(countFor)
				}
			case time.Now().After(late):
				return
			}
		}
	}
}

// overwrites finds a file that is read and written: it would be emptied before
// it is read, or lose what is not checked again.
func (s *Settings) overwrites(args []string) error {
	written := s.written()
	for i, out := range written {
		for _, in := range slices.Concat(args, []string{s.Resume, s.Baseline}) {
			if out != "-" && sameFile(in, out) {
				return fmt.Errorf("%s is read and written: choose another file for the output", out)
			}
		}
		for _, other := range written[:i] {
			if filepath.Clean(other) == filepath.Clean(out) {
				return fmt.Errorf("%s is written twice: choose another file for one of the outputs (- is stdout)", out)
			}
		}
	}
	return nil
}

// written lists the files of -o and --report; - is stdout, as is no -o at all.
func (s *Settings) written() []string {
	files := []string{cmp.Or(s.Output, "-")}
	for _, r := range s.Report {
		files = append(files, r.file)
	}
	return files
}

func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	other, err2 := os.Stat(b)
	return errors.Join(err, err2) == nil && one.Mode().IsRegular() && os.SameFile(one, other)
}
