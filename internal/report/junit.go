package report

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// junit is the XML that Jenkins, GitLab and most other CI servers read: a suite
// for each file of targets, a case for each target. A failure is an expectation
// that was not met, an error that there was no HTTP answer, a warning a note in
// system-out.
//
// The counts stand in front of the cases, so the cases wait in a temporary file
// until the run ends; memory holds the counts of each suite.
type junit struct {
	out    io.Writer
	spool  *spool
	suites []*suite
	byFile map[string]*suite
	row    []byte // reused
}

// suite is what the head of a suite says, and where its cases are.
type suite struct {
	file                           string
	cases                          chain
	tests, failures, errors, skips int64
	cached                         int64
	time                           time.Duration
	begun                          time.Time // when the first target was asked
}

func newJUnit(w io.Writer, _ OutputOptions) (Writer, error) {
	spool, err := newSpool()
	return &junit{out: w, spool: spool, byFile: make(map[string]*suite)}, err
}

func (j *junit) Write(r check.Result) error {
	s := j.suite(r.Target.Source.File)
	s.add(&r)
	j.row = appendCase(j.row[:0], &r)
	return j.spool.append(&s.cases, j.row)
}

func (j *junit) suite(file string) *suite {
	s := j.byFile[file]
	if s == nil {
		s = &suite{file: file}
		j.byFile[file] = s
		j.suites = append(j.suites, s)
	}
	return s
}

// add counts r by the rule of [junit].
func (s *suite) add(r *check.Result) {
	s.tests++
	s.time += r.Timing.Latency()
	switch {
	case r.Cached:
		s.cached++
	case s.begun.IsZero(), !r.CheckedAt.IsZero() && r.CheckedAt.Before(s.begun):
		s.begun = r.CheckedAt
	}
	switch {
	case r.Outcome == check.Pass, r.Outcome == check.Warn:
	case r.Outcome == check.Skip:
		s.skips++
	case r.StatusCode > 0:
		s.failures++
	default:
		s.errors++
	}
}

// Flush does nothing: the counts come first.
func (j *junit) Flush() error { return nil }

func (j *junit) Close(sum check.Summary) error {
	out := bufio.NewWriterSize(j.out, 64<<10)
	err := j.copyTo(out, sum)
	return errors.Join(err, j.spool.close())
}

// copyTo writes the document: each head and, from the spool, what it counts. The
// time of all suites is that of the run, in which targets were asked at once;
// that of one is the sum of its cases, as readers expect.
func (j *junit) copyTo(out *bufio.Writer, sum check.Summary) error {
	var all suite
	for _, s := range j.suites {
		all.tests += s.tests
		all.failures += s.failures
		all.errors += s.errors
		all.skips += s.skips
	}
	all.time = sum.Duration
	_, _ = out.WriteString(xml.Header) // bufio keeps the error for Flush
	_, _ = out.WriteString(`<testsuites name="hc"` + all.counts() + ">\n")
	for _, s := range j.suites {
		begun := ""
		if !s.begun.IsZero() {
			begun = attr("timestamp", s.begun.UTC().Format(time.RFC3339))
		}
		_, _ = out.WriteString(` <testsuite` + attr("name", suiteName(s.file)) + s.counts() + begun + ">\n" +
			"  <properties>" +
			"<property name=\"hc.version\"" + attr("value", sum.Version) + "/>" +
			"<property name=\"cache.hits\"" + attr("value", strconv.FormatInt(s.cached, 10)) + "/>" +
			"</properties>\n")
		if err := j.spool.copyTo(out, s.cases); err != nil {
			return err
		}
		_, _ = out.WriteString(" </testsuite>\n")
	}
	_, _ = out.WriteString("</testsuites>\n")
	return out.Flush()
}

// suiteName names the targets that are in no file by how they came.
func suiteName(file string) string {
	switch file {
	case "":
		return "arguments"
	case "-":
		return "stdin"
	default:
		return clean(file)
	}
}

func (s *suite) counts() string {
	return fmt.Sprintf(` tests="%d" failures="%d" errors="%d" skipped="%d" time="%s"`,
		s.tests, s.failures, s.errors, s.skips, seconds(s.time))
}

// appendCase appends one test case. The host is its class, so that readers which
// group by class group by host.
func appendCase(b []byte, r *check.Result) []byte {
	b = append(b, "  <testcase"...)
	b = append(b, attr("classname", cmp.Or(r.Target.Host(), "hc"))...)
	b = append(b, attr("name", request(r))...)
	if s := r.Target.Source; isFile(s) {
		b = append(b, attr("file", s.File)...)
		if s.Line > 0 {
			b = append(b, attr("line", strconv.Itoa(s.Line))...)
		}
	}
	b = append(b, attr("time", seconds(r.Timing.Latency()))...)
	element := "error"
	switch {
	case r.Outcome == check.Pass:
		return append(b, "/>\n"...)
	case r.Outcome == check.Warn:
		b = append(b, "><system-out>"...)
		b = appendXML(b, joinNonEmpty(" ", "WARN", string(r.Reason)+":", fault(r), tries(r)))
		return append(b, "</system-out></testcase>\n"...)
	case r.Outcome == check.Skip:
		element = "skipped"
	case r.StatusCode > 0:
		element = "failure"
	}
	b = append(append(b, ">\n   <"...), element...)
	if element != "skipped" { // the schemas give it no type
		b = append(b, attr("type", string(r.Reason))...)
	}
	b = append(b, attr("message", joinNonEmpty(" ", fault(r), tries(r)))...)
	b = append(b, '>')
	b = appendXML(b, story(r))
	return append(append(append(b, "</"...), element...), "></testcase>\n"...)
}

// story is the whole of what is known about a result that did not pass.
func story(r *check.Result) string {
	lines := []string{fault(r)}
	for _, hop := range r.Redirects {
		lines = append(lines, strconv.Itoa(hop.StatusCode)+" "+clean(check.MaskURL(hop.URL)))
	}
	if r.FinalURL != "" {
		lines = append(lines, "at "+clean(check.MaskURL(r.FinalURL)))
	}
	if phases := phasesText(r); phases != "" {
		lines = append(lines, phases)
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// attr is an attribute, with the blank before it.
func attr(name, value string) string {
	return " " + name + `="` + string(appendXML(nil, value)) + `"`
}

// appendXML escapes s. What XML 1.0 cannot hold at all becomes U+FFFD.
func appendXML(b []byte, s string) []byte {
	w := bytes.NewBuffer(b)
	_ = xml.EscapeText(w, []byte(s)) // a Buffer takes everything
	return w.Bytes()
}

// seconds is the unit of every time in JUnit's XML.
func seconds(d time.Duration) string { return decimal(d.Seconds(), 3) }
