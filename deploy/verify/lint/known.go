package lint

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	dto "github.com/prometheus/client_model/go"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/gateway"
	"github.com/hc-health/hc/internal/metrics"
)

// Known are the names of all metrics that a query may ask for: what gateway and
// worker have, asked of them here, what /probe answers, and what Prometheus and
// cAdvisor bring.
func Known() (map[string]bool, error) {
	known := map[string]bool{}
	for _, name := range []string{"up", "ALERTS"} {
		known[name] = true
	}
	for _, name := range cadvisor() {
		known[name] = true
	}
	if err := ours(known); err != nil {
		return nil, err
	}
	return known, probes(known)
}

// ours makes the metrics of both services, as cmd/hc does.
func ours(known map[string]bool) error {
	reg := metrics.NewRegistry()
	set := metrics.NewSet(reg)
	set.Build("v", "r", "go")
	set.Routes(gateway.Routes())
	method := metrics.Method{Kind: "bidi_stream", Service: "hc.v1.Checker", Name: "Check"}
	metrics.NewServerCalls(reg, method)
	metrics.NewClientCalls(reg, method)
	families, err := reg.Gather()
	if err != nil {
		return err
	}
	for _, family := range families {
		known[family.GetName()] = true
		if family.GetType() == dto.MetricType_HISTOGRAM {
			for _, suffix := range []string{"_bucket", "_sum", "_count"} {
				known[family.GetName()+suffix] = true
			}
		}
	}
	return nil
}

// probes asks /probe for a page behind TLS, which has all that a probe may have.
func probes(known map[string]bool) error {
	target := httptest.NewTLSServer(http.NotFoundHandler())
	defer target.Close()
	probe, err := gateway.NewProbe(gateway.ProbeConfig{Modules: []check.Module{{
		Name: "http_2xx",
		TLS:  &tls.Config{InsecureSkipVerify: true},
	}}})
	if err != nil {
		return err
	}
	answer := httptest.NewRecorder()
	probe.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/probe?target="+url.QueryEscape(target.URL), nil))
	if answer.Code != http.StatusOK {
		return fmt.Errorf("/probe answers %d: %s", answer.Code, answer.Body)
	}
	for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "# TYPE "); ok {
			known[strings.Fields(name)[0]] = true
		}
	}
	return nil
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
