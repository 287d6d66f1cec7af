package lab

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/goccy/go-yaml"
)

// prometheusConfig is deploy/prometheus/prometheus.yml with what differs here:
// addresses in place of container names, and no cAdvisor. The rules and the rest
// stay as they are.
func (l *Lab) prometheusConfig(scraped map[string][]string, gateway string, probed []string) (string, error) {
	deployed := filepath.Join(l.repo, "deploy/prometheus")
	text, err := os.ReadFile(filepath.Join(deployed, "prometheus.yml"))
	if err != nil {
		return "", err
	}
	var config map[string]any
	if err := yaml.Unmarshal(text, &config); err != nil {
		return "", err
	}
	rules, err := filepath.Abs(filepath.Join(deployed, "rules/*.yml"))
	if err != nil {
		return "", err
	}
	config["rule_files"] = []string{rules}
	jobs, _ := config["scrape_configs"].([]any)
	var here []any
	for _, job := range jobs {
		job, _ := job.(map[string]any)
		name, _ := job["job_name"].(string)
		switch addresses, ours := scraped[name]; {
		case ours:
			delete(job, "dns_sd_configs")
			job["static_configs"] = []any{map[string]any{"targets": addresses}}
		case name == "probe":
			delete(job, "file_sd_configs")
			job["static_configs"] = []any{map[string]any{"targets": probed}}
			steps, _ := job["relabel_configs"].([]any)
			if len(steps) == 0 {
				return "", fmt.Errorf("the job probe of %s has no relabel_configs", deployed)
			}
			steps[len(steps)-1] = map[string]any{"target_label": "__address__", "replacement": gateway}
			job["scrape_interval"] = "5s"
			job["scrape_timeout"] = "4s"
		default:
			continue
		}
		here = append(here, job)
	}
	if len(here) != len(scraped)+1 {
		return "", fmt.Errorf("prometheus.yml has not the jobs that were expected: %d of %d", len(here), len(scraped)+1)
	}
	config["scrape_configs"] = here
	if text, err = yaml.Marshal(config); err != nil {
		return "", err
	}
	file := filepath.Join(l.dir, "prometheus.yml")
	return file, os.WriteFile(file, text, 0o600)
}
