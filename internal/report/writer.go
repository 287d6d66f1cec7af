package report

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/hc-health/hc/internal/check"
)

// A Writer writes one run in one format, in memory that does not grow with the
// run. What is buffered is bounded, and reaches the io.Writer when it is full,
// at Flush and at Close. Errors of the io.Writer are returned untouched or
// wrapped, so that errors.Is finds EPIPE and ENOSPC. A Writer is used by one
// goroutine. A passed result costs from 0.02 µs, where it is only counted, over
// 0.3 µs (plain) and 0.9 µs (jsonl) to 3 µs (csv): BenchmarkFormats.
type Writer interface {
	// Write takes one result. Formats that show only some outcomes drop the rest.
	Write(check.Result) error
	// Flush hands on what can be shown before the run ends. It is cheap where
	// there is nothing to hand on, so it may follow every group of results.
	Flush() error
	// Close writes the end, which completes the document however early the run
	// ended, and flushes. It does not close the io.Writer.
	Close(check.Summary) error
}

// OutputOptions says how results are shown. The zero value is a format's own
// default, without colour.
type OutputOptions struct {
	Color bool // ANSI colours, where the format has any; see [ColorMode]
	Width int  // columns of the terminal; 0 is unknown and taken for 100

	// Only lists the outcomes shown; nil is the format's own choice: text,
	// markdown and github show fail and warn, the others everything. Totals
	// always count every result.
	Only    []check.Outcome
	Verbose bool // text: every outcome, and where the time went
	Quiet   bool // text: failures only, no summary

	// StepSummary is the file the github format appends its Markdown to, from
	// $GITHUB_STEP_SUMMARY; "" for none.
	StepSummary string
}

// format is one row of the table of formats.
type format struct {
	name   string
	whole  bool            // half of it is no use: its file is replaced when it is complete
	only   []check.Outcome // shown unless told otherwise; nil is everything
	totals bool            // is about the run, so no outcome is ever left out
	open   func(io.Writer, OutputOptions) (Writer, error)
}

func formats() []format {
	trouble := []check.Outcome{check.Fail, check.Warn}
	return []format{
		{name: "text", only: trouble, open: newText},
		{name: "plain", open: newPlain},
		{name: "json", whole: true, open: newJSON},
		{name: "jsonl", open: newJSONL},
		{name: "csv", open: newCSV},
		{name: "junit", whole: true, open: newJUnit},
		{name: "markdown", whole: true, only: trouble, open: newMarkdown},
		{name: "github", only: trouble, open: newGitHub},
		{name: "prometheus", whole: true, totals: true, open: newPrometheus},
	}
}

// Formats lists the names [NewWriter] knows.
func Formats() []string {
	var names []string
	for _, f := range formats() {
		names = append(names, f.name)
	}
	return names
}

func findFormat(name string) (format, error) {
	for _, f := range formats() {
		if f.name == name {
			return f, nil
		}
	}
	return format{}, fmt.Errorf("unknown output format %q: choose one of %s", name, strings.Join(Formats(), ", "))
}

// NewWriter gives a Writer of the named format on w. It fails for a name not
// among [Formats], and where a file the format needs beside w cannot be opened
// (junit's spool, the step summary): before anything is checked.
func NewWriter(name string, w io.Writer, opt OutputOptions) (Writer, error) {
	f, err := findFormat(name)
	if err != nil {
		return nil, err
	}
	only := f.only
	if f.name == "text" && opt.Verbose {
		only = nil
	}
	if f.name == "text" && opt.Quiet {
		only = []check.Outcome{check.Fail}
	}
	if opt.Only != nil {
		only = opt.Only
	}
	inner, err := f.open(w, opt)
	switch {
	case err != nil:
		return nil, err
	case only == nil, f.totals:
		return inner, nil
	default:
		return some{inner, only}, nil
	}
}

// some passes on the outcomes listed.
type some struct {
	Writer
	only []check.Outcome
}

func (s some) Write(r check.Result) error {
	if !slices.Contains(s.only, r.Outcome) {
		return nil
	}
	return s.Writer.Write(r)
}

// Tee gives a Writer that writes to all of ws. Trouble with one does not keep
// the others from their results: the errors are joined.
func Tee(ws ...Writer) Writer { return tee(ws) }

type tee []Writer

func (t tee) Write(r check.Result) error {
	return t.each(func(w Writer) error { return w.Write(r) })
}

func (t tee) Flush() error {
	return t.each(Writer.Flush)
}

func (t tee) Close(s check.Summary) error {
	return t.each(func(w Writer) error { return w.Close(s) })
}

func (t tee) each(do func(Writer) error) error {
	var errs []error
	for _, w := range t {
		if err := do(w); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// stream is the bounded buffer under the formats that are written as results
// come.
type stream struct {
	out *bufio.Writer
	row []byte // reused for each row
}

// newStream buffers 64 KiB: about 150 rows of JSON, one write per group.
func newStream(w io.Writer) stream { return stream{out: bufio.NewWriterSize(w, 64<<10)} }

// Flush writes what is buffered.
func (s *stream) Flush() error { return s.out.Flush() }

// put writes row and keeps its memory for the next one, unless an outsized
// result made it large.
func (s *stream) put(row []byte) error {
	_, err := s.out.Write(row)
	s.row = row[:0]
	if cap(row) > 64<<10 {
		s.row = nil
	}
	return err
}
