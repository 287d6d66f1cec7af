package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"github.com/hc-health/hc/internal/report"
)

// A console is what commands talk to.
type console struct {
	stdin          io.Reader
	stdout, stderr stream
	quiet          bool         // no warnings
	logger         *slog.Logger // of a service, which takes warnings too; nil prints lines
	logbook        *logbook     // where the logger writes; nil where it is nil
}

// A stream is one of the three, and the terminal behind it.
type stream struct {
	io.Writer
	terminal *os.File // nil where it is none
}

func newStream(w io.Writer) stream { return stream{w, terminalOf(w)} }

func terminalOf(rw any) *os.File {
	if f, ok := rw.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return f
	}
	return nil
}

// width is the columns of the terminal, 0 where it is none.
func (s stream) width() int {
	if s.terminal == nil {
		return 0
	}
	columns, _, err := term.GetSize(int(s.terminal.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// above gives a console whose lines scroll by above the progress bar.
func (c *console) above(p *report.Progress) *console {
	over := *c
	over.stderr.Writer = p.Above(c.stderr.Writer)
	if c.stdout.terminal != nil {
		over.stdout.Writer = p.Above(c.stdout.Writer)
	}
	return &over
}

// warn prints a line that is no reason to stop.
func (c *console) warn(format string, args ...any) {
	switch {
	case c.logger != nil:
		c.logger.Warn("settings", "warning", fmt.Sprintf(format, args...))
	case !c.quiet:
		fmt.Fprintf(c.stderr, "hc: "+format+"\n", args...)
	}
}

// log is where rooms write of trouble that changes no result.
func (c *console) log() *slog.Logger {
	if c.logger != nil {
		return c.logger
	}
	return slog.New(warnings{c})
}

// warnings is a slog.Handler that prints what is at least a warning as one.
type warnings struct{ c *console }

// Enabled implements [slog.Handler].
func (warnings) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements [slog.Handler].
func (w warnings) Handle(_ context.Context, r slog.Record) error {
	line := r.Message
	r.Attrs(func(a slog.Attr) bool {
		line += fmt.Sprintf("; %s: %v", a.Key, a.Value)
		return true
	})
	w.c.warn("%s", line)
	return nil
}

// WithAttrs implements [slog.Handler]. No room uses it.
func (w warnings) WithAttrs([]slog.Attr) slog.Handler { return w }

// WithGroup implements [slog.Handler]. No room uses it.
func (w warnings) WithGroup(string) slog.Handler { return w }
