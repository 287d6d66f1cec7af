package report

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

func TestAnnotationsKeepWithinGitHubsLimits(t *testing.T) {
	var rs []check.Result
	for i := range 40 {
		r := check.Failed(check.Target{URL: fmt.Sprintf("https://h%d.test/", i)}, check.DNS, "no such host")
		if i%4 == 0 {
			r.Outcome = check.Warn
		}
		rs = append(rs, r)
	}
	out := render(t, "github", OutputOptions{}, rs)
	for level, want := range map[string]int{"::error ": 10, "::warning ": 10, "::notice ": 1} {
		if got := strings.Count("\n"+out, "\n"+level); got != want {
			t.Errorf("%d %s, want %d", got, level, want)
		}
	}
	if !strings.Contains(out, "::20 more results without an annotation") {
		t.Errorf("the rest is not counted:\n%s", out)
	}
	for _, r := range rs {
		if !strings.Contains(out, r.Target.URL) {
			t.Errorf("%s is lost", r.Target.URL)
		}
	}
}

func TestNoNoticeWhereEveryResultHasAnAnnotation(t *testing.T) {
	if out := render(t, "github", OutputOptions{}, sampleRun(t)); strings.Contains(out, "::notice") {
		t.Errorf("a notice in\n%s", out)
	}
}

func TestTheStepSummaryIsAppended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary.md")
	if err := os.WriteFile(path, []byte("of a command before\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	render(t, "github", OutputOptions{StepSummary: path}, sampleRun(t))
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := "of a command before\n" + render(t, "markdown", OutputOptions{}, sampleRun(t))
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTheStepSummaryIsCutBeforeGitHubDropsIt(t *testing.T) {
	for name, before := range map[string]int{"nearly full": maxStepSummary - 1000, "full": maxStepSummary, "overfull": 1<<20 + 5} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "summary.md")
			if err := os.WriteFile(path, []byte(long("x", before)), 0o666); err != nil {
				t.Fatal(err)
			}
			render(t, "github", OutputOptions{StepSummary: path}, sampleRun(t))
			got, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			switch added := string(got[before:]); {
			case before >= maxStepSummary && added != "":
				t.Errorf("added %q", added)
			case before < maxStepSummary && (len(got) >= 1<<20 || !strings.HasPrefix(added, "## hc: FAIL") || !strings.HasSuffix(added, cutNotice)):
				t.Errorf("%d bytes, added %q", len(got), added)
			}
		})
	}
}

func TestAStepSummaryThatCannotBeOpenedNamesItsVariable(t *testing.T) {
	_, err := NewWriter("github", io.Discard, OutputOptions{StepSummary: filepath.Join(t.TempDir(), "missing", "s.md")})
	if err == nil || !strings.Contains(err.Error(), "GITHUB_STEP_SUMMARY") {
		t.Errorf("got %v", err)
	}
}

// FuzzGitHub: a result is one workflow command, whose parts read back as the
// runner reads them, or one row of the log that is no command at all.
func FuzzGitHub(f *testing.F) {
	f.Add("https://example.com/", "100%25\r\n::error::x", "a:b,c=d.txt", 1)
	f.Add("##[error]x", "::stop-commands::t", "", 0)
	f.Fuzz(func(t *testing.T, input, text, file string, line int) {
		r := check.Failed(check.Target{Input: input, Source: check.Source{File: file, Line: line}}, check.InvalidURL, text)
		command := strings.TrimSuffix(string(appendAnnotation(nil, &r)), "\n")
		properties, message, ok := strings.Cut(strings.TrimPrefix(command, "::error "), "::")
		if !ok || strings.ContainsAny(command, "\r\n") {
			t.Fatalf("no command: %q", command)
		}
		for property := range strings.SplitSeq(properties, ",") {
			name, value, _ := strings.Cut(property, "=")
			value = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%3A", ":", "%2C", ",", "%25", "%").Replace(value)
			if name == "file" && value != clean(file) {
				t.Errorf("file %q, want %q", value, clean(file))
			}
		}
		message = strings.NewReplacer("%0D", "\r", "%0A", "\n", "%25", "%").Replace(message)
		if !strings.HasPrefix(message, address(&r)+":") || !strings.Contains(message, fault(&r)) {
			t.Errorf("message %q", message)
		}
		for row := range strings.SplitSeq(string(appendLogRow(nil, &r, OutputOptions{Width: 100})), "\n") {
			if strings.HasPrefix(strings.TrimSpace(row), "::") || strings.Contains(row, "##[") {
				t.Errorf("a row that is a command: %q", row)
			}
		}
	})
}
