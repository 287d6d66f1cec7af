package lint

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// rules checks those of deploy/prometheus by the code of Prometheus 3, and that
// each alert has its words, its page and its tests. It gives the names recorded.
func rules(dir string, known map[string]bool, say sayer) map[string]bool {
	files, _ := filepath.Glob(filepath.Join(dir, "prometheus/rules/*.yml")) // the pattern is well formed
	if len(files) == 0 {
		say("prometheus/rules", "there are none")
	}
	var all []rulefmt.Rule
	for _, file := range files {
		groups, errs := rulefmt.ParseFile(file, false, model.UTF8Validation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
		for _, err := range errs {
			say(file, "%v", err)
		}
		if groups == nil {
			continue
		}
		for _, g := range groups.Groups {
			all = append(all, g.Rules...)
		}
	}
	recorded := map[string]bool{}
	for _, r := range all {
		recorded[r.Record] = true
	}
	delete(recorded, "")
	tests := read(filepath.Join(dir, "prometheus/tests/alerts_test.yml"), say)
	runbook := read(filepath.Join(dir, "../docs/runbook.md"), say)
	for _, r := range all {
		name := r.Record + r.Alert
		for _, problem := range query(r.Expr, nil, union(known, recorded)) {
			say(name, "%s", problem)
		}
		if r.Alert == "" {
			continue
		}
		for _, note := range []string{"summary", "description", "action", "runbook_url"} {
			if r.Annotations[note] == "" {
				say(name, "has no annotation %s", note)
			}
		}
		if severity := r.Labels["severity"]; severity != "critical" && severity != "warning" {
			say(name, "has the severity %q", severity)
		}
		if !strings.Contains(tests, "name: "+name+" fires ") || !strings.Contains(tests, "name: "+name+" does not fire ") {
			say(name, "has no test of its name that fires, or none that does not fire")
		}
		_, anchor, _ := strings.Cut(r.Annotations["runbook_url"], "docs/runbook.md#")
		if anchor == "" || !strings.Contains(strings.ToLower(runbook), "\n## "+anchor+"\n") {
			say(name, "docs/runbook.md has no heading for #%s", anchor)
		}
	}
	return recorded
}

func read(file string, say sayer) string {
	text, err := os.ReadFile(file)
	if err != nil {
		say(file, "%v", err)
	}
	return string(text)
}

func union(a, b map[string]bool) map[string]bool {
	both := map[string]bool{}
	for _, m := range []map[string]bool{a, b} {
		for name := range m {
			both[name] = true
		}
	}
	return both
}
