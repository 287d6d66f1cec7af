package report

import (
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
)

// prometheus is the run as a whole in the text format that node_exporter's
// textfile collector reads. No label is a URL or a host: the number
// of series is fixed. It is written at Close.
type prometheus struct {
	out    io.Writer
	failed map[check.Reason]int64
	asked  int64         // results with a latency
	waited time.Duration // the sum of those
}

func newPrometheus(w io.Writer, _ OutputOptions) (Writer, error) {
	return &prometheus{out: w, failed: make(map[check.Reason]int64)}, nil
}

// Write counts what the summary does not: why targets failed, and the sum of
// latencies, of the same results as [check.Tally] takes them.
func (p *prometheus) Write(r check.Result) error {
	if r.Outcome == check.Fail {
		p.failed[r.Reason]++
	}
	if !r.Cached && r.Attempts > 0 {
		p.asked++
		p.waited += r.Timing.Latency()
	}
	return nil
}

// Flush does nothing: there are no aggregates of half a run.
func (p *prometheus) Flush() error { return nil }

func (p *prometheus) Close(s check.Summary) error {
	var m exposition
	m.family("hc_run_targets", "gauge", "Targets of the last run by outcome.")
	for _, o := range []struct {
		outcome check.Outcome
		n       int64
	}{{check.Pass, s.Pass}, {check.Warn, s.Warn}, {check.Fail, s.Fail}, {check.Skip, s.Skip}} {
		m.sample("", fmt.Sprintf("outcome=%q", o.outcome), float64(o.n))
	}
	m.family("hc_run_failures", "gauge", "Failed targets of the last run by reason.")
	for _, reason := range check.Reasons() {
		m.sample("", fmt.Sprintf("reason=%q", reason), float64(p.failed[reason]))
	}
	m.family("hc_run_latency_seconds", "summary", "Time the targets of the last run took, without waiting for their turn.")
	for _, q := range []struct {
		quantile string
		latency  time.Duration
	}{{"0.5", s.Latency.P50}, {"0.9", s.Latency.P90}, {"0.95", s.Latency.P95}, {"0.99", s.Latency.P99}, {"1", s.Latency.Max}} {
		value := q.latency.Seconds()
		if p.asked == 0 {
			value = math.NaN() // as Prometheus's own clients say "of nothing"
		}
		m.sample("", fmt.Sprintf("quantile=%q", q.quantile), value)
	}
	m.sample("_sum", "", p.waited.Seconds())
	m.sample("_count", "", float64(p.asked))
	for _, g := range []struct {
		name, help string
		value      float64
	}{
		{"hc_run_cached_targets", "Targets of the last run that a cache answered for.", float64(s.Cached)},
		{"hc_run_duplicate_targets", "Targets left out of the last run since they were listed before.", float64(s.Duplicates)},
		{"hc_run_incomplete_targets", "Targets the last run ended before.", float64(s.Incomplete)},
		{"hc_run_duration_seconds", "Duration of the last run.", s.Duration.Seconds()},
		{"hc_run_exit_code", "Exit code of the last run, see hc help exit-codes.", float64(s.ExitCode)},
		{"hc_run_timestamp_seconds", "Unix time at which the last run ended.", float64(time.Now().UnixMilli()) / 1e3},
	} {
		m.family(g.name, "gauge", g.help)
		m.sample("", "", g.value)
	}
	m.family("hc_run_info", "gauge", "The version of hc that made the last run.")
	m.sample("", fmt.Sprintf("version=%q", strings.ToValidUTF8(s.Version, "")), 1)
	_, err := p.out.Write(m.text)
	return err
}

// exposition is text in Prometheus's exposition format 0.0.4.
type exposition struct {
	text []byte
	name string // of the family begun last
}

// family begins a metric: its samples follow.
func (e *exposition) family(name, kind, help string) {
	e.name = name
	e.text = fmt.Appendf(e.text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// sample adds a value to the family; label is `name="value"` or "".
func (e *exposition) sample(suffix, label string, value float64) {
	if label != "" {
		label = "{" + label + "}"
	}
	e.text = fmt.Appendf(e.text, "%s%s%s %s\n", e.name, suffix, label, decimal(value, -1))
}
