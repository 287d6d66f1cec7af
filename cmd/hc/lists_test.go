package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hc-health/hc/internal/check"
)

// writeList gives a list of prefix0 to prefix(n-1), one a line.
func writeList(t *testing.T, n int, prefix string) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%d\n", prefix, i)
	}
	file := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(file, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return file
}

// lastSummary is the summary at the end of JSON lines, and how many results
// stand before it. Every line must be whole.
func lastSummary(t *testing.T, text string) (check.Summary, int64) {
	t.Helper()
	rows := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for _, row := range rows[:len(rows)-1] {
		var r check.Result
		if err := r.UnmarshalJSON([]byte(row)); err != nil {
			t.Fatalf("no result: %q: %v", row, err)
		}
	}
	var s check.Summary
	if err := s.UnmarshalJSON([]byte(rows[len(rows)-1])); err != nil {
		t.Fatalf("no summary at the end: %q: %v", rows[len(rows)-1], err)
	}
	return s, int64(len(rows) - 1)
}

// answers counts the results in JSON lines, skips aside, and their targets.
func answers(text string) (total, distinct int) {
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		var r check.Result
		if r.UnmarshalJSON([]byte(line)) == nil && r.Outcome != "" && r.Outcome != check.Skip {
			total++
			seen[r.Target.URL] = true
		}
	}
	return total, len(seen)
}
