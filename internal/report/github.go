package report

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/hc-health/hc/internal/check"
)

// maxAnnotations of each level are shown by GitHub for a step, the rest is
// dropped without a word (actions/toolkit #734). hc says how many there were.
const maxAnnotations = 10

// maxStepSummary is below the 1 MiB above which GitHub drops a step's summary
// whole. What other commands of the step have written counts, too.
const maxStepSummary = 1<<20 - 4<<10

// github is for a step of a GitHub workflow: an annotation at the line where the
// target was written, for the first ten failures and the first ten warnings; a
// row in the log for the others; the Markdown report in the step's summary.
type github struct {
	stream
	opt     OutputOptions
	left    map[check.Outcome]int // annotations that GitHub will still show
	more    int64                 // failures and warnings without one
	summary Writer                // nil for none
}

func newGitHub(w io.Writer, opt OutputOptions) (Writer, error) {
	opt.Width, opt.Color = unknownWidth, false
	left := map[check.Outcome]int{check.Fail: maxAnnotations, check.Warn: maxAnnotations}
	g := &github{stream: newStream(w), opt: opt, left: left}
	if opt.StepSummary == "" {
		return g, nil
	}
	var err error
	g.summary, err = newStepSummary(opt.StepSummary)
	return g, err
}

func (g *github) Write(r check.Result) error {
	if g.summary != nil {
		if err := g.summary.Write(r); err != nil {
			return err
		}
	}
	switch left, annotated := g.left[r.Outcome]; {
	case left > 0:
		g.left[r.Outcome]--
		return g.put(appendAnnotation(g.row, &r))
	case annotated:
		g.more++
	}
	return g.put(appendLogRow(g.row, &r, g.opt))
}

func (g *github) Close(s check.Summary) error {
	b := g.row
	if g.more > 0 {
		b = fmt.Appendf(b, "::notice title=hc::%s without an annotation, since GitHub shows %d errors and %d warnings of a step: see its log or summary\n",
			plural(g.more, "more result"), maxAnnotations, maxAnnotations)
	}
	_ = g.put(AppendSummary(b, s, false)) // bufio keeps the error for Flush
	err := g.Flush()
	if g.summary != nil {
		err = errors.Join(err, g.summary.Close(s))
	}
	return err
}

// appendAnnotation appends a workflow command:
//
//	::error file=urls.txt,line=14,title=http_status::https://example.org 503, want 200-299
func appendAnnotation(b []byte, r *check.Result) []byte {
	level := "::warning "
	if r.Outcome == check.Fail {
		level = "::error "
	}
	b = append(b, level...)
	if s := r.Target.Source; isFile(s) {
		b = append(append(append(b, "file="...), escapeProperty(clean(s.File))...), ',')
		if s.Line > 0 {
			b = append(strconv.AppendInt(append(b, "line="...), int64(s.Line), 10), ',')
		}
	}
	b = append(append(b, "title="...), escapeProperty(clean(string(r.Reason)))...)
	message := joinNonEmpty(" ", address(r)+":", cmp.Or(fault(r), verdict(r)), tries(r))
	return append(append(append(b, "::"...), escapeData(message)...), '\n')
}

// appendLogRow appends the text format's row. The runner takes "##[" anywhere in
// a line for a command of the old kind, and a line of somebody's list must not
// be one.
func appendLogRow(b []byte, r *check.Result, opt OutputOptions) []byte {
	row := string(appendRow(nil, r, opt))
	return append(b, strings.ReplaceAll(row, "##[", "## [")...)
}

// escapeData and escapeProperty are those of actions/toolkit,
// packages/core/src/command.ts.
func escapeData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func escapeProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}

// stepSummary is the Markdown report at the end of $GITHUB_STEP_SUMMARY. It
// takes no more than GitHub does.
type stepSummary struct {
	Writer
	file *os.File
}

func newStepSummary(path string) (Writer, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, fmt.Errorf("step summary: %w: GITHUB_STEP_SUMMARY must name a file that can be written", err)
	}
	md, err := newMarkdown(roomLeft{file}, OutputOptions{})
	return stepSummary{md, file}, err
}

func (s stepSummary) Close(sum check.Summary) error {
	return errors.Join(s.Writer.Close(sum), s.file.Close())
}

// roomLeft appends to a file as long as it stays within [maxStepSummary], which
// it shares with whatever else the step wrote: whole lines, then a notice.
type roomLeft struct{ *os.File }

const cutNotice = "\n\nCut here: GitHub takes no more in the summary of a step.\n"

func (f roomLeft) Write(p []byte) (int, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	room := max(maxStepSummary-info.Size(), 0)
	if int64(len(p)) <= room {
		return f.File.Write(p)
	}
	cut := bytes.LastIndexByte(p[:room], '\n')
	if cut < 0 {
		return len(p), nil
	}
	if _, err := f.File.Write(append(p[:cut:cut], cutNotice...)); err != nil {
		return 0, err
	}
	return len(p), nil
}
