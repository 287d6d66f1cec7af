package lint

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestWhatIsDeployedIsSound(t *testing.T) {
	known, err := Known(t.Context(), t.TempDir(), "../../..")
	if err != nil {
		t.Fatal(err)
	}
	found, err := Problems("../..", known)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range found {
		t.Error(problem)
	}
}

// TestDashboardProblemsAreSeen breaks a good dashboard in one place at a time.
func TestDashboardProblemsAreSeen(t *testing.T) {
	good, err := os.ReadFile("../../grafana/dashboards/worker.json")
	if err != nil {
		t.Fatal(err)
	}
	known, err := Known(t.Context(), t.TempDir(), "../../..")
	if err != nil {
		t.Fatal(err)
	}
	if found := Dashboard(good, known); len(found) > 0 {
		t.Fatal(found)
	}
	for name, row := range map[string]struct{ from, to, want string }{
		"unknown field":      {`"title": "Reasons"`, `"titel": "Reasons"`, "titel"},
		"wrong type":         {`"unit": "short"`, `"unit": 5`, "unit"},
		"no title":           {`"title": "Reasons"`, `"title": ""`, "has no title"},
		"no description":     {`"description": "Resident memory."`, `"description": ""`, "no description"},
		"no unit":            {`"unit": "bytes"`, `"unit": ""`, "no unit"},
		"unknown panel":      {`"type": "heatmap"`, `"type": "heatmaps"`, "heatmaps"},
		"unknown word":       {`"drawStyle": "line"`, `"drawStyle": "banana"`, "banana"},
		"unknown datasource": {`"uid": "hc-prometheus"`, `"uid": "prometheus"`, `"prometheus"`},
		"unknown variable":   {`[$interval]`, `[$window]`, "$window is no variable"},
		"broken PromQL":      {`sum by (reason)`, `sum bye (reason)`, "parse error"},
		"unknown metric":     {`process_open_fds{`, `process_opened_fds{`, "there is no metric process_opened_fds"},
		"overlap":            {`"x": 8`, `"x": 2`, "lies on"},
		"beyond the edge":    {`"x": 16`, `"x": 17`, "24 columns"},
		"same id":            {`"id": 3,`, `"id": 2,`, "the id of another"},
	} {
		t.Run(name, func(t *testing.T) {
			broken := strings.Replace(string(good), row.from, row.to, 1)
			if broken == string(good) {
				t.Fatalf("there is no %s to break", row.from)
			}
			if found := strings.Join(Dashboard([]byte(broken), known), "\n"); !strings.Contains(found, row.want) {
				t.Errorf("%q is not seen, but %q", row.want, found)
			}
		})
	}
}

// TestRuleProblemsAreSeen breaks the rules of a copy of deploy.
func TestRuleProblemsAreSeen(t *testing.T) {
	known, err := Known(t.Context(), t.TempDir(), "../../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct{ file, from, to, want string }{
		"unknown metric":    {"prometheus/rules/alerts.yml", "hc_cache_up ==", "hc_cache_ok ==", "there is no metric hc_cache_ok"},
		"unknown field":     {"prometheus/rules/alerts.yml", "severity: critical}", "severity: critical}\n        fro: 1m", "fro"},
		"no action":         {"prometheus/rules/alerts.yml", "action:", "inaction:", "has no annotation action"},
		"no page":           {"prometheus/rules/alerts.yml", "#hccachedown", "#hccacheup", "no heading for #hccacheup"},
		"no such test":      {"prometheus/tests/alerts_test.yml", "HcCacheDown does not fire", "HcCacheDown fires not", "has no test"},
		"broken datasource": {"grafana/provisioning/datasources/prometheus.yml", "uid: hc-prometheus", "uid: other", "with the uid hc-prometheus"},
		"misspelt provider": {"grafana/provisioning/dashboards/hc.yml", "disableDeletion", "disableDeletions", "disableDeletions"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir+"/deploy/prometheus", os.DirFS("../../prometheus")); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(dir+"/deploy/grafana", os.DirFS("../../grafana")); err != nil {
				t.Fatal(err)
			}
			if err := os.CopyFS(dir+"/docs", os.DirFS("../../../docs")); err != nil {
				t.Fatal(err)
			}
			file := dir + "/deploy/" + row.file
			good, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			broken := strings.Replace(string(good), row.from, row.to, 1)
			if err := os.WriteFile(file, []byte(broken), 0o644); err != nil || broken == string(good) {
				t.Fatalf("there is no %s to break, or %v", row.from, err)
			}
			var found []string
			say := func(where, format string, args ...any) {
				found = append(found, where+": "+fmt.Sprintf(format, args...))
			}
			rules(dir+"/deploy", known, say)
			provisioning(dir+"/deploy", say)
			if all := strings.Join(found, "\n"); !strings.Contains(all, row.want) {
				t.Errorf("%q is not seen, but %q", row.want, all)
			}
		})
	}
}
