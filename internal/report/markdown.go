package report

import (
	"bytes"
	"io"
	"strings"

	"github.com/hc-health/hc/internal/check"
)

// Bounds of the tables. GitHub drops a step summary above 1 MiB whole, so that
// four full tables and the summary have to stay below it; ours end at 900 KiB.
const (
	maxTableRows  = 500
	maxTableBytes = 200 << 10
	maxCell       = 300 // characters of an address or an error
)

// markdown is for a step summary, a merge request, a wiki: what it came to on
// top, then a table for each outcome shown. It is written at Close; until then
// the tables are kept, each within its bounds.
type markdown struct {
	out    io.Writer
	tables map[check.Outcome]*table
}

// table holds the first rows, and counts the rest.
type table struct {
	rows  bytes.Buffer
	shown int64
	more  int64
}

func newMarkdown(w io.Writer, _ OutputOptions) (Writer, error) {
	return &markdown{out: w, tables: make(map[check.Outcome]*table)}, nil
}

func (m *markdown) Write(r check.Result) error {
	t := m.tables[r.Outcome]
	if t == nil {
		t = new(table)
		m.tables[r.Outcome] = t
	}
	t.add(&r)
	return nil
}

// add makes a row of r, or counts it. Once a row did not fit none is tried, so
// that the rows shown are the first ones, and a long run pays nothing for the
// others.
func (t *table) add(r *check.Result) {
	if t.more > 0 || t.shown == maxTableRows {
		t.more++
		return
	}
	row := tableRow(r)
	if t.rows.Len()+len(row) > maxTableBytes {
		t.more++
		return
	}
	t.rows.WriteString(row)
	t.shown++
}

// Flush does nothing: the summary comes first.
func (m *markdown) Flush() error { return nil }

func (m *markdown) Close(s check.Summary) error {
	var b bytes.Buffer
	word, _ := headline(s)
	b.WriteString("## hc: " + word + "\n\n")
	b.WriteString("| urls | ok | warn | failed | skipped | not checked | from cache | duration | rate |\n")
	b.WriteString("|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, n := range [...]int64{s.Total, s.Pass, s.Warn, s.Fail, s.Skip, s.Incomplete, s.Cached} {
		b.WriteString("| " + count(n) + " ")
	}
	b.WriteString("| " + span(s.Duration) + " | " + perSecond(s.Rate()) + " |\n")
	if reasons := reasonsText(s); reasons != "" {
		b.WriteString("\nBy reason: " + reasons + "\n")
	}
	if latency := latencyText(s.Latency); latency != "" {
		b.WriteString("\nLatency: " + latency + "\n")
	}
	for _, section := range [...]struct {
		of    check.Outcome
		title string
	}{{check.Fail, "Failed"}, {check.Warn, "Warnings"}, {check.Skip, "Skipped"}, {check.Pass, "Passed"}} {
		if t := m.tables[section.of]; t != nil {
			t.appendTo(&b, section.title)
		}
	}
	_, err := m.out.Write(b.Bytes())
	return err
}

func (t *table) appendTo(b *bytes.Buffer, title string) {
	b.WriteString("\n### " + title + " (" + count(t.shown+t.more) + ")\n\n")
	b.WriteString("| result | target | why | time | source |\n|---|---|---|--:|---|\n")
	b.Write(t.rows.Bytes())
	if t.more > 0 {
		b.WriteString("\nand " + count(t.more) + " more\n")
	}
}

func tableRow(r *check.Result) string {
	cells := [...]string{
		code(verdict(r)), link(address(r)), code(detail(r)), took(r), code(origin(r)),
	}
	return "| " + strings.Join(cells[:], " | ") + " |\n"
}

// code shows s, which is clean, as it is: in a code span nothing is markup and
// no @name is notified. The span's fence is longer than any run of backticks in
// s, and a "|" is escaped, since cells are told apart before spans are. A
// backslash before it would undo that; a blank keeps them apart.
func code(s string) string {
	if s == "" {
		return ""
	}
	s = shorten(s, maxCell)
	fence, run := "`", ""
	for _, r := range s {
		if r != '`' {
			run = ""
			continue
		}
		if run += "`"; len(run) >= len(fence) {
			fence = run + "`"
		}
	}
	if len(fence) > 1 {
		s = " " + s + " " // stripped again by the reader
	}
	return fence + cellPipes.Replace(s) + fence
}

var cellPipes = strings.NewReplacer(`\|`, `\ \|`, `|`, `\|`)

// link makes a URL one to click, where its text cannot be taken for anything
// else; else it is shown as code.
func link(s string) string {
	web := strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://")
	if !web || len(s) > maxCell || strings.ContainsAny(s, " <>|\\`") {
		return code(s)
	}
	return "<" + s + ">"
}
