package report

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hc-health/hc/internal/check"
)

// TestCSVHasTheScalarsOfTheSchema compares each row with the result's JSON, so
// that a field that is added there cannot be forgotten here.
func TestCSVHasTheScalarsOfTheSchema(t *testing.T) {
	rs := sampleRun(t)
	rs[0].Worker, rs[0].Timing.Reused, rs[0].Late = "w1", true, true
	rows := parseCSV(t, render(t, "csv", OutputOptions{}, rs))
	if len(rows) != len(rs)+1 {
		t.Fatalf("%d rows for %d results", len(rows), len(rs))
	}
	seen := make(map[string]bool)
	for i, r := range rs {
		want := make(map[string]string)
		flatten(t, want, "", r.AppendJSON(nil))
		got := make(map[string]string)
		for c, cell := range rows[i+1] {
			if cell != "" {
				got[rows[0][c]] = strings.TrimPrefix(cell, "'")
				seen[rows[0][c]] = true
			}
		}
		delete(want, "url") // present and empty where there is none
		if r.Target.URL != "" {
			want["url"] = check.MaskURL(r.Target.URL)
		}
		for name := range want {
			want[name] = strings.ReplaceAll(want[name], "\r\n", "\n") // as encoding/csv reads
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("row %d: -JSON +CSV:\n%s", i, diff)
		}
	}
	for _, name := range rows[0] {
		if !seen[name] {
			t.Errorf("no test result has a %s", name)
		}
	}
}

func parseCSV(t testing.TB, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return rows
}

// flatten adds the scalars of a JSON object to into, nested names with dots.
func flatten(t *testing.T, into map[string]string, prefix string, object []byte) {
	t.Helper()
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		switch value[0] {
		case '{':
			flatten(t, into, prefix+name+".", value)
		case '[':
		case '"':
			var s string
			if err := json.Unmarshal(value, &s); err != nil {
				t.Fatal(err)
			}
			into[prefix+name] = s
		default:
			into[prefix+name] = string(value)
		}
	}
}

func TestASpreadsheetRunsNoCell(t *testing.T) {
	for input, want := range map[string]string{
		"=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1",
		"-": "-", "": "", "https://example.com/=1": "https://example.com/=1",
	} {
		r := check.Failed(check.Target{Input: input}, check.InvalidURL, "")
		rows := parseCSV(t, render(t, "csv", OutputOptions{}, []check.Result{r}))
		if got := rows[1][5]; got != want {
			t.Errorf("%q: cell %q, want %q", input, got, want)
		}
	}
}

// FuzzCSV: one record for each result, of as many cells as the header, and the
// cells read back.
func FuzzCSV(f *testing.F) {
	f.Add("https://example.com/", "a,b\"c", "\x00\xff\n")
	f.Add("=1", "'", "\r\n,")
	f.Fuzz(func(t *testing.T, input, text, file string) {
		r := check.Failed(check.Target{Input: input, Source: check.Source{File: file}}, check.InvalidURL, text)
		rows := parseCSV(t, render(t, "csv", OutputOptions{}, []check.Result{r, r}))
		if len(rows) != 3 {
			t.Fatalf("%d records, want 3", len(rows))
		}
		read := strings.NewReplacer("\r\n", "\n") // as encoding/csv reads
		if got, want := rows[1][3], read.Replace(cellText(file)); got != want {
			t.Errorf("file %q, want %q", got, want)
		}
		if fmt.Sprint(rows[1]) != fmt.Sprint(rows[2]) {
			t.Errorf("two records of one result differ: %q", rows)
		}
	})
}
