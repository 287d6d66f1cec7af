// Package metrics watches results go by and says what was seen in Prometheus's
// words (docs/observability.md). It is a tap: neither check nor pool knows of it, and
// the other rooms tell it what they see through plain funcs that cmd plugs together.
//
// No label is a URL, a host or what a target answered: the number of series is
// fixed when the process starts.
package metrics

import (
	"context"
	"iter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.opentelemetry.io/otel/trace"

	"github.com/hc-health/hc/internal/check"
)

// A Set is the metrics of one process. All methods are safe for concurrent use.
type Set struct {
	checks   map[verdict]prometheus.Counter // never written after NewSet
	attempts prometheus.Counter
	late     prometheus.Counter
	latency  prometheus.Histogram
	queue    prometheus.Histogram

	resolve, connect, tls, processing, transfer prometheus.Observer

	cache        map[lookup]prometheus.Counter // never written after NewSet
	cacheUp      prometheus.Gauge
	cacheDropped prometheus.Counter
	pool         *poolGauges
	blocked      *prometheus.CounterVec
	requests     *prometheus.CounterVec
	requestTime  *prometheus.HistogramVec
	routes       map[string]routeMeters // never written after Routes
	build        *prometheus.GaugeVec
}

// verdict is the label set of hc_checks_total.
type verdict struct {
	outcome check.Outcome
	reason  check.Reason
}

// NewSet makes a Set whose series are known to reg from now on, at zero, so that
// a rate exists from the first scrape on. It may be called once for each reg.
func NewSet(reg prometheus.Registerer) *Set {
	auto := promauto.With(reg)
	checks := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "hc_checks_total",
		Help: "Results given, cached ones too, by outcome and by reason, which is empty for a pass.",
	}, []string{"outcome", "reason"})
	phases := auto.NewHistogramVec(histogram("hc_check_phase_duration_seconds",
		"Time that checks spent in each phase they went through, cached results left out."), []string{"phase"})
	s := &Set{
		checks: verdicts(checks),
		attempts: auto.NewCounter(prometheus.CounterOpts{
			Name: "hc_check_attempts_total",
			Help: "Attempts that checks took, retries included, redirects and cached results left out.",
		}),
		late: auto.NewCounter(prometheus.CounterOpts{
			Name: "hc_checks_late_total",
			Help: "Checks that were late because of the process that made them, not of their target: they waited long for a slot, or it did not run.",
		}),
		latency: auto.NewHistogram(histogram("hc_check_duration_seconds",
			"Time that targets took to answer, retries included, waiting for their turn and cached results left out.")),
		queue: auto.NewHistogram(histogram("hc_queue_wait_seconds",
			"Time that checks waited here: for a place, their host's turn and between attempts.")),
		resolve:    phases.WithLabelValues("resolve"),
		connect:    phases.WithLabelValues("connect"),
		tls:        phases.WithLabelValues("tls"),
		processing: phases.WithLabelValues("processing"),
		transfer:   phases.WithLabelValues("transfer"),
	}
	s.addService(auto)
	s.pool = newPoolGauges()
	reg.MustRegister(s.pool)
	return s
}

// verdicts gives the counter of every outcome a reason can have: only what has
// no reason passes, and --fail-on and --warn-on may turn any other into any.
func verdicts(checks *prometheus.CounterVec) map[verdict]prometheus.Counter {
	all := map[verdict]prometheus.Counter{
		{check.Pass, ""}: checks.WithLabelValues(string(check.Pass), ""),
	}
	for _, outcome := range []check.Outcome{check.Warn, check.Fail, check.Skip} {
		for _, reason := range check.Reasons() {
			all[verdict{outcome, reason}] = checks.WithLabelValues(string(outcome), string(reason))
		}
	}
	return all
}

// histogram has native buckets, at most 10 % wide and 160 of them, for scrapers
// that take them, and classic ones for those that do not: from below what
// loopback takes to above the longest timeout that is usual.
func histogram(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name:                            name,
		Help:                            help,
		Buckets:                         []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

// Watch gives a Runner that answers as next does and tells s each result, once
// it is on its way to the reader.
func Watch(next check.Runner, s *Set) check.Runner { return watched{next, s, true} }

// Time is [Watch] for a Runner whose results are counted where they are given,
// some of them several times: s is told how long each took, and no more.
func Time(next check.Runner, s *Set) check.Runner { return watched{next, s, false} }

type watched struct {
	next   check.Runner
	set    *Set
	counts bool
}

// Run implements [check.Runner].
func (w watched) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		of := exemplar(trace.SpanContextFromContext(ctx))
		for res := range w.next.Run(ctx, ts) {
			if w.counts {
				w.set.Count(res)
			}
			w.set.time(&res, of)
			if !yield(res) {
				return
			}
		}
	}
}

// Observe counts r, which came of a check in ctx, and how long it took. It costs
// about 0.1 µs for a cached result and 0.6 µs for a checked one, and allocates
// nothing where no trace is recorded (BenchmarkObserve).
func (s *Set) Observe(ctx context.Context, r check.Result) {
	s.Count(r)
	s.time(&r, exemplar(trace.SpanContextFromContext(ctx)))
}

// Count counts r as given.
func (s *Set) Count(r check.Result) { s.Cached(r.Outcome, r.Reason, 1) }

// time observes where the time of r went, if r was checked for this.
func (s *Set) time(r *check.Result, of prometheus.Labels) {
	if r.Cached || r.Attempts == 0 {
		return
	}
	t := r.Timing
	s.attempts.Add(float64(r.Attempts))
	if r.Late {
		s.late.Inc()
	}
	observeIn(of, s.latency, t.Latency())
	observeIn(of, s.queue, t.Queue)
	if !t.Reused { // taking an idle connection is no phase worth a place in a quantile
		observe(s.resolve, t.Resolve)
		observe(s.connect, t.Connect)
		observe(s.tls, t.TLS)
	}
	observe(s.processing, t.Processing)
	observe(s.transfer, t.Transfer)
}

// observeIn remembers one observation of each bucket with the trace it is of.
func observeIn(of prometheus.Labels, h prometheus.Observer, d time.Duration) {
	if of == nil {
		h.Observe(d.Seconds())
		return
	}
	h.(prometheus.ExemplarObserver).ObserveWithExemplar(d.Seconds(), of)
}

// Cached counts n results that asked nothing of a target, with one outcome and
// reason.
func (s *Set) Cached(outcome check.Outcome, reason check.Reason, n int) {
	count, known := s.checks[verdict{outcome, reason}]
	if !known { // of a worker newer than this process: still one of a fixed set
		count = s.checks[verdict{check.Fail, check.Internal}]
	}
	count.Add(float64(n))
}

// observe leaves out a phase that was not gone through, such as tls of an http
// URL.
func observe(h prometheus.Observer, d time.Duration) {
	if d > 0 {
		h.Observe(d.Seconds())
	}
}
