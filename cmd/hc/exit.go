package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"

	"github.com/hc-health/hc/internal/check"
)

// The exit codes, as in the README. 2 is also what a Go program that panics exits
// with, so it never means "a check failed".
const (
	exitOK         = 0
	exitFailed     = 1
	exitUsage      = 2
	exitRuntime    = 3
	exitIncomplete = 4
	exitInterrupt  = 130
	exitTerminate  = 143
)

type exitCode struct {
	code    int
	meaning string
}

// exitCodes is the one table, weakest first: where several apply, the one
// further down wins. `hc help exit-codes` prints it.
func exitCodes() []exitCode {
	return []exitCode{
		{exitOK, "all passed; warnings are allowed"},
		{exitIncomplete, "incomplete: --deadline was hit, nothing failed so far"},
		{exitFailed, "a check failed (see --fail-on)"},
		{exitRuntime, "runtime trouble: an output cannot be written, workers are lost, --cache-required and the cache is gone"},
		{exitUsage, "usage, settings or unreadable targets: nothing was checked"},
		{exitInterrupt, "SIGINT, after partial results were written; a second one stops at once"},
		{exitTerminate, "SIGTERM, in the same way"},
	}
}

// exitError carries a code and the reason that is printed as the last line.
type exitError struct {
	code int
	why  string
}

func (e *exitError) Error() string { return e.why }

// exit gives an error that ends the command with code.
func exit(code int, format string, args ...any) error {
	return &exitError{code, fmt.Sprintf(format, args...)}
}

// worse gives whichever of two errors has the code further down the table;
// of equals the first.
func worse(a, b error) error {
	if rank(b) > rank(a) {
		return b
	}
	return a
}

func rank(err error) int {
	code := codeOf(err)
	for i, row := range exitCodes() {
		if row.code == code {
			return i
		}
	}
	return 0
}

// codeOf is the exit code of what a command returned. All of ours are
// exitErrors; what is not comes from cobra and is about the words.
func codeOf(err error) int {
	if err == nil {
		return exitOK
	}
	if e, ok := errors.AsType[*exitError](err); ok {
		return e.code
	}
	return exitUsage
}

// explain prints why a command ends with another code than 0, in one line and
// the last one, and gives the code. A mistyped URL may stand in it as the name
// of a file, so it is masked as all output is.
func explain(stderr io.Writer, err error) int {
	code := codeOf(err)
	if code != exitOK {
		fmt.Fprintf(stderr, "exit %d: %s\n", code, check.MaskText(oneLine(err.Error())))
	}
	return code
}

func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}

// isClosedPipe tells that nobody reads an output any more: `hc check … | head`.
func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
