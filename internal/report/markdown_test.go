package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

// cells splits a table's row as GFM does: at each "|" that no backslash stands
// before, where a backslash escapes the character after it.
func cells(row string) []string {
	var cells []string
	var cell strings.Builder
	for i := 0; i < len(row); i++ {
		switch {
		case row[i] == '\\' && i+1 < len(row):
			cell.WriteString(row[i : i+2])
			i++
		case row[i] == '|':
			cells = append(cells, cell.String())
			cell.Reset()
		default:
			cell.WriteByte(row[i])
		}
	}
	return append(cells, cell.String())
}

func TestAddressesAreLinksOnlyWhereNothingElseCouldBe(t *testing.T) {
	for s, want := range map[string]string{
		"https://example.com/a?b=c#d":     "<https://example.com/a?b=c#d>",
		"https://example.com/a|b":         "`https://example.com/a\\|b`",
		"https://example.com/a b":         "`https://example.com/a b`",
		"https://example.com/>x":          "`https://example.com/>x`",
		"javascript://example.com/":       "`javascript://example.com/`",
		"a `code` b":                      "`` a `code` b ``",
		"``":                              "``` `` ```",
		`back\|slash`:                     "`back\\ \\|slash`",
		"https://h/" + long("x", maxCell): "`https://h/" + long("x", maxCell-10) + "…`",
		"":                                "",
	} {
		if got := link(s); got != want {
			t.Errorf("%s: got %s, want %s", s, got, want)
		}
	}
}

func long(s string, n int) string { return strings.Repeat(s, n) }

func TestLongTablesEndWithACount(t *testing.T) {
	var rs []check.Result
	for i := range 2 * maxTableRows {
		rs = append(rs, check.Failed(check.Target{URL: fmt.Sprintf("https://h%d.test/", i)}, check.DNS, "no such host"))
	}
	out := render(t, "markdown", OutputOptions{}, append(rs, sampleRun(t)...))
	for _, want := range []string{"### Failed (1,006)", "\nand 506 more\n", "### Warnings (2)", "<https://h499.test/>"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if strings.Contains(out, "<https://h500.test/>") {
		t.Error("row 501 is shown")
	}
}

// Four full tables of the longest rows stay below what GitHub takes.
func TestMarkdownFitsIntoAStepSummary(t *testing.T) {
	var rs []check.Result
	for i := range 4000 {
		rs = append(rs, check.Result{
			Outcome: check.Outcomes()[i%4], Reason: check.DNS, Error: long("é|", 1000), Attempts: 2,
			Target: check.Target{URL: "https://example.com/" + long("ü", 1000), Source: check.Source{File: long("ß", 2000), Line: i}},
		})
	}
	out := render(t, "markdown", OutputOptions{Only: check.Outcomes()}, rs)
	if len(out) < 500<<10 || len(out) > 900<<10 {
		t.Errorf("%d KiB", len(out)>>10)
	}
}

// FuzzMarkdown: whatever a list or a server wrote is one row of five cells, and
// each of them is a code span, a link, or hc's own word.
func FuzzMarkdown(f *testing.F) {
	f.Add("https://example.com/", `a\|b`, "`x`")
	f.Add("<script>", "\r\n| x |", "a.txt")
	f.Fuzz(func(t *testing.T, input, text, file string) {
		r := check.Failed(check.Target{Input: input, URL: input, Source: check.Source{File: file, Line: 1}}, check.DNS, text)
		row := tableRow(&r)
		if strings.Count(row, "\n") != 1 {
			t.Fatalf("more than one line: %q", row)
		}
		got := cells(strings.TrimSuffix(row, "\n"))
		if len(got) != 7 { // the outer bars make two more
			t.Fatalf("%d cells: %q", len(got), row)
		}
		for _, cell := range got[1:6] {
			cell = strings.TrimSpace(cell)
			fence := cell[:len(cell)-len(strings.TrimLeft(cell, "`"))]
			switch {
			case cell == "", cell == "-", strings.HasPrefix(cell, "<http") && strings.IndexByte(cell, '>') == len(cell)-1:
			case fence == "" || len(cell) < 2*len(fence) || !strings.HasSuffix(cell, fence):
				t.Errorf("not fenced: %q", cell)
			case hasRun(cell[len(fence):len(cell)-len(fence)], len(fence)):
				t.Errorf("the fence is closed early: %q", cell)
			}
		}
	})
}

// hasRun reports whether s has a run of exactly n backticks.
func hasRun(s string, n int) bool {
	for s != "" {
		rest := strings.TrimLeft(s, "`")
		if len(s)-len(rest) == n {
			return true
		}
		_, s, _ = strings.Cut(rest, "`")
		if s == "" && !strings.HasSuffix(rest, "`") {
			return false
		}
		s = "`" + s
	}
	return false
}
