package main

import (
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
	quiet          bool // no warnings
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
	if !c.quiet {
		fmt.Fprintf(c.stderr, "hc: "+format+"\n", args...)
	}
}

// log is where rooms write of trouble that changes no result.
func (c *console) log() *slog.Logger {
	if c.quiet {
		return nil
	}
	plain := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
			return slog.Attr{}
		}
		return a
	}
	return slog.New(slog.NewTextHandler(c.stderr, &slog.HandlerOptions{ReplaceAttr: plain}))
}
