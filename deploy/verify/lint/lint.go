// Package lint holds deploy/grafana and deploy/prometheus against what they are
// read by: Grafana's own schema, Prometheus's own parsers, the metrics that hc
// has, and each other. Nothing of it needs a Prometheus.
package lint

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// Problems says what is wrong below dir, the directory deploy, a line each. known
// are the metrics that there are.
func Problems(dir string, known map[string]bool) ([]string, error) {
	var found []string
	say := func(where, format string, args ...any) {
		found = append(found, where+": "+fmt.Sprintf(format, args...))
	}
	recorded := rules(dir, known, say)
	known = union(known, recorded)
	written := map[string]bool{}
	for _, b := range boards.All() {
		name := b.Name + ".json"
		written[name] = true
		text, err := os.ReadFile(filepath.Join(dir, "grafana/dashboards", name))
		if err != nil {
			say(name, "%v", err)
			continue
		}
		if want, err := b.JSON(); err != nil || string(want) != string(text) {
			say(name, "is not what deploy/verify/boards says (%v): run make dashboards", err)
		}
		for _, problem := range Dashboard(text, known) {
			say(name, "%s", problem)
		}
	}
	files, err := filepath.Glob(filepath.Join(dir, "grafana/dashboards/*"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if !written[filepath.Base(file)] {
			say(file, "is no dashboard of deploy/verify/boards: take it away, or say it there")
		}
	}
	provisioning(dir, say)
	return found, nil
}

type sayer func(where, format string, args ...any)
