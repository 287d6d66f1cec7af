// Package examples holds lists and recipes to copy; its test keeps them valid.
package examples

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/hc-health/hc/internal/report"
)

func TestEveryLineOfTheListsIsATarget(t *testing.T) {
	for _, file := range []string{"urls.txt", "targets.yaml", "targets.csv", "targets.jsonl"} {
		t.Run(file, func(t *testing.T) {
			in, err := report.Open([]string{file}, nil, report.InputOptions{})
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			n := 0
			for target := range in.All() {
				n++
				if target.Invalid != "" {
					t.Errorf("line %d: %s", target.Source.Line, target.Invalid)
				}
			}
			if err := in.Err(); err != nil || n == 0 {
				t.Errorf("%d targets, %v", n, err)
			}
		})
	}
}

// The GitHub recipe is actionlint's to judge (make lint).
func TestRecipesAreYAML(t *testing.T) {
	for _, file := range []string{"gitlab/.gitlab-ci.yml", "github/links.yml"} {
		text, err := os.ReadFile(filepath.FromSlash(file))
		if err != nil {
			t.Fatal(err)
		}
		var recipe map[string]any
		if err := yaml.Unmarshal(text, &recipe); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
