package lint

import (
	"context"
	"strings"

	"github.com/hc-health/hc/deploy/verify/lab"
)

// Known are the names of all metrics that a query may ask for: what gateway,
// worker and /probe expose when they are run, from repo by way of files in dir,
// and what Prometheus and cAdvisor bring.
func Known(ctx context.Context, dir, repo string) (map[string]bool, error) {
	exposed, err := lab.Exposed(ctx, dir, repo)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{"up": true, "ALERTS": true}
	for _, name := range cadvisor() {
		known[name] = true
	}
	for line := range strings.Lines(exposed) {
		words := strings.Fields(line)
		if len(words) != 4 || words[1] != "TYPE" {
			continue
		}
		known[words[2]] = true
		if words[3] == "histogram" {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				known[words[2]+suffix] = true
			}
		}
	}
	return known, nil
}

// cadvisor has these of each container (github.com/google/cadvisor v0.53.0,
// docs/storage/prometheus.md). prometheus.yml keeps no others.
func cadvisor() []string {
	return []string{
		"container_cpu_usage_seconds_total", "container_cpu_cfs_periods_total", "container_cpu_cfs_throttled_periods_total",
		"container_memory_working_set_bytes", "container_spec_memory_limit_bytes",
		"container_network_receive_bytes_total", "container_network_transmit_bytes_total",
		"container_start_time_seconds", "container_last_seen",
	}
}
