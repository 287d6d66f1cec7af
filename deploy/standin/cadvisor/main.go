// Command cadvisor is what of cAdvisor the stack uses, made of its libraries: the
// same collectors, flags and metrics for machines that cannot pull its image. Its
// own command is in a module that the Go module proxy does not have.
package main

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/cadvisor/cache/memory"
	"github.com/google/cadvisor/container"
	_ "github.com/google/cadvisor/container/docker/install" // registers Docker's containers
	v2 "github.com/google/cadvisor/info/v2"
	"github.com/google/cadvisor/manager"
	"github.com/google/cadvisor/metrics"
	"github.com/google/cadvisor/utils/sysfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/utils/clock"
)

func main() {
	all := flag.Bool("store_container_labels", true, "every label of a container is a label of its metrics")
	some := flag.String("whitelisted_container_labels", "", "those that are, with commas, where not all are")
	enabled := container.MetricSet{}
	flag.Var(&enabled, "enable_metrics", "what is collected, with commas")
	flag.Parse()
	fmt.Fprintln(os.Stderr, serve(enabled, labels(*all, *some)))
	os.Exit(1)
}

// labels says which of a container's labels its metrics have.
func labels(all bool, some string) metrics.ContainerLabelsFunc {
	if all {
		return metrics.DefaultContainerLabels
	}
	return metrics.BaseContainerLabels(strings.Split(some, ","))
}

// serve collects and answers until it fails.
func serve(enabled container.MetricSet, labels metrics.ContainerLabelsFunc) error {
	m, err := manager.New(memory.New(2*time.Minute, nil), sysfs.NewRealSysFs(),
		manager.HousekeepingConfigFlags, enabled, http.DefaultClient, []string{""}, nil, "", 0)
	if err != nil {
		return err
	}
	if err := m.Start(); err != nil {
		return err
	}
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		metrics.NewPrometheusCollector(m, labels, enabled, clock.RealClock{}, v2.RequestOptions{IdType: v2.TypeName, Count: 1, Recursive: true}),
		metrics.NewPrometheusMachineCollector(m, enabled))
	http.Handle("/metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{}))
	http.HandleFunc("/healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) })
	return http.ListenAndServe(":8080", nil)
}
