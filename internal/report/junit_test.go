package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/hc-health/hc/internal/check"
)

type junitDoc struct {
	XMLName  xml.Name `xml:"testsuites"`
	Tests    int      `xml:"tests,attr"`
	Failures int      `xml:"failures,attr"`
	Errors   int      `xml:"errors,attr"`
	Skipped  int      `xml:"skipped,attr"`
	Suites   []struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Cases    []junitCase `xml:"testcase"`
	} `xml:"testsuite"`
}

type junitCase struct {
	Class   string      `xml:"classname,attr"`
	Name    string      `xml:"name,attr"`
	File    string      `xml:"file,attr"`
	Line    int         `xml:"line,attr"`
	Failure *junitFault `xml:"failure"`
	Error   *junitFault `xml:"error"`
	Skipped *junitFault `xml:"skipped"`
	Out     string      `xml:"system-out"`
}

type junitFault struct {
	Type    string `xml:"type,attr"`
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func parseJUnit(t testing.TB, text string) junitDoc {
	t.Helper()
	var doc junitDoc
	if err := xml.Unmarshal([]byte(text), &doc); err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return doc
}

// Several lists are read at once, so their results alternate. Each case is in
// the suite of its file, in the order in which it came, and the heads count
// what follows them.
func TestJUnitCasesFindTheirSuite(t *testing.T) {
	var rs []check.Result
	want := make(map[string][]string)
	for i := range 5000 {
		file := fmt.Sprintf("list%d.txt", (i*i/7)%3)
		url := fmt.Sprintf("https://h%d.test/%s", i, strings.Repeat("x", i%97))
		o := check.Outcomes()[i%4]
		r := check.Result{Target: check.Target{URL: url, Source: check.Source{File: file, Line: i + 1}}, Outcome: o}
		if o == check.Fail {
			r.Reason, r.StatusCode = check.HTTPStatus, (i/4%2)*500
		}
		rs = append(rs, r)
		want[file] = append(want[file], "GET "+url)
	}
	doc := parseJUnit(t, render(t, "junit", OutputOptions{}, rs))
	got := make(map[string][]string)
	for _, s := range doc.Suites {
		var failures, errors, skipped int
		for _, c := range s.Cases {
			got[s.Name] = append(got[s.Name], c.Name)
			failures += count1(c.Failure)
			errors += count1(c.Error)
			skipped += count1(c.Skipped)
		}
		if s.Tests != len(s.Cases) || s.Failures != failures || s.Errors != errors || s.Skipped != skipped {
			t.Errorf("%s counts %d/%d/%d/%d, has %d/%d/%d/%d", s.Name,
				s.Tests, s.Failures, s.Errors, s.Skipped, len(s.Cases), failures, errors, skipped)
		}
		doc.Tests -= s.Tests
		doc.Failures -= s.Failures
		doc.Errors -= s.Errors
		doc.Skipped -= s.Skipped
	}
	if doc.Tests != 0 || doc.Failures != 0 || doc.Errors != 0 || doc.Skipped != 0 {
		t.Errorf("the counts of all suites are off by %d/%d/%d/%d", doc.Tests, doc.Failures, doc.Errors, doc.Skipped)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func count1(f *junitFault) int {
	if f == nil {
		return 0
	}
	return 1
}

func TestJUnitTellsFailuresFromErrors(t *testing.T) {
	doc := parseJUnit(t, render(t, "junit", OutputOptions{}, sampleRun(t)))
	byName := make(map[string]junitCase)
	for _, s := range doc.Suites {
		for _, c := range s.Cases {
			byName[c.Name] = c
		}
	}
	down := byName["GET https://api.example.com/health"]
	want := junitFault{"http_status", "503 Service Unavailable, want 200-299,403 (3 attempts)", "503 Service Unavailable, want 200-299,403\nprocessing 212ms · HTTP/1.1"}
	if down.Failure == nil || *down.Failure != want || down.File != "urls.txt" || down.Line != 11 || down.Class != "api.example.com" {
		t.Errorf("a status that was not wanted: %+v", down)
	}
	if lost := byName["GET https://old.example.com/"]; lost.Error == nil || lost.Error.Type != "dns" || lost.Failure != nil {
		t.Errorf("no answer: %+v", lost)
	}
	if warned := byName["GET https://gitlab.example.org/x"]; !strings.HasPrefix(warned.Out, "WARN rate_limited: throttled") || warned.Failure != nil {
		t.Errorf("a warning: %+v", warned)
	}
	if cut := byName["GET https://example.com/cut"]; cut.Skipped == nil || cut.Skipped.Message != "interrupted" {
		t.Errorf("a skipped target: %+v", cut)
	}
}

// TestJUnitFitsTheSchema holds the output against junit-10.xsd of Jenkins's
// xunit plugin, the schema most readers were written to, with the attributes
// that GitLab and others added: skipped of testsuites.
func TestJUnitFitsTheSchema(t *testing.T) {
	attributes := map[string][]string{
		"testsuites": {"name", "time", "tests", "failures", "disabled", "errors", "skipped"},
		"testsuite": {
			"name", "tests", "failures", "errors", "group", "time", "skipped", "timestamp",
			"hostname", "id", "package", "file", "log", "url", "version",
		},
		"properties": nil, "property": {"name", "value"},
		"testcase": {"name", "assertions", "time", "timestamp", "classname", "status", "class", "file", "line", "log", "group", "url"},
		"failure":  {"type", "message"}, "error": {"type", "message"}, "skipped": {"type", "message"},
		"system-out": nil,
	}
	children := map[string][]string{
		"": {"testsuites"}, "testsuites": {"testsuite"}, "testsuite": {"properties", "testcase"}, "properties": {"property"},
		"testcase": {"skipped", "error", "failure", "system-out"},
	}
	d := xml.NewDecoder(strings.NewReader(render(t, "junit", OutputOptions{}, sampleRun(t))))
	path := []string{""}
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if parent := path[len(path)-1]; !slices.Contains(children[parent], e.Name.Local) {
				t.Errorf("<%s> within <%s>", e.Name.Local, parent)
			}
			for _, a := range e.Attr {
				if !slices.Contains(attributes[e.Name.Local], a.Name.Local) {
					t.Errorf("attribute %s of <%s>", a.Name.Local, e.Name.Local)
				}
			}
			path = append(path, e.Name.Local)
		case xml.EndElement:
			path = path[:len(path)-1]
		}
	}
}

func TestTheSpoolLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	render(t, "junit", OutputOptions{}, sampleRun(t))
	open, err := filepath.Glob("/proc/self/fd/*") // none where there is no /proc
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range open {
		if file, err := os.Readlink(fd); err == nil && strings.HasPrefix(file, dir) {
			t.Errorf("still open: %s", file)
		}
	}
	if _, err := NewWriter("junit", io.Discard, OutputOptions{}); err != nil { // and is never closed
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestASpoolThatCannotBeMadeNamesTMPDIR(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	_, err := NewWriter("junit", io.Discard, OutputOptions{})
	if err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("got %v", err)
	}
}

// FuzzJUnit: whatever a list or a server wrote, the XML is well-formed, has one
// case, and the text is that of the result.
func FuzzJUnit(f *testing.F) {
	f.Add("https://example.com/", "]]><error/>\x00\x1b", "a.txt")
	f.Add("\xff\ufffe", "&amp;\r\n", "\"'<>")
	f.Fuzz(func(t *testing.T, input, text, file string) {
		r := check.Failed(check.Target{Input: input, Source: check.Source{File: file}}, check.InvalidURL, text)
		doc := parseJUnit(t, render(t, "junit", OutputOptions{}, []check.Result{r}))
		if len(doc.Suites) != 1 || len(doc.Suites[0].Cases) != 1 || doc.Suites[0].Cases[0].Error == nil {
			t.Fatalf("not one error: %+v", doc)
		}
		got := doc.Suites[0].Cases[0]
		if want := fault(&r); got.Error.Message != want && utf8.ValidString(text) {
			t.Errorf("message %q, want %q", got.Error.Message, want)
		}
	})
}
