package metrics

import (
	"context"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.opentelemetry.io/otel/trace"

	"github.com/hc-health/hc/internal/check"
)

// lookup is the label set of hc_cache_requests_total.
type lookup struct{ tier, result string }

// routeMeters are those of one route, looked up by name once: that costs more
// than counting.
type routeMeters struct {
	codes map[int]prometheus.Counter
	took  prometheus.Observer
}

// addService makes what the other rooms report.
func (s *Set) addService(auto promauto.Factory) {
	cache := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "hc_cache_requests_total",
		Help: "Look-ups in each tier of the cache; coalesced ones were answered by an equal target's check.",
	}, []string{"tier", "result"})
	s.cache = map[lookup]prometheus.Counter{}
	for _, tier := range []string{"memory", "redis"} {
		for _, result := range []string{"hit", "miss", "coalesced", "error"} {
			s.cache[lookup{tier, result}] = cache.WithLabelValues(tier, result)
		}
	}
	s.cacheUp = auto.NewGauge(prometheus.GaugeOpts{
		Name: "hc_cache_up",
		Help: "1 while the shared cache answers, or where none is configured.",
	})
	s.cacheUp.Set(1)
	s.cacheDropped = auto.NewCounter(prometheus.CounterOpts{
		Name: "hc_cache_dropped_total",
		Help: "Results that were to be kept in a cache and could not be.",
	})
	s.blocked = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "hc_blocked_total",
		Help: "Addresses that the guard refused, by the rule that refused them.",
	}, []string{"rule"})
	for _, rule := range check.GuardRules() {
		s.blocked.WithLabelValues(rule)
	}
	s.requests = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "hc_http_requests_total",
		Help: "HTTP requests answered, by route and by our own status.",
	}, []string{"route", "code"})
	s.requestTime = auto.NewHistogramVec(histogram("hc_http_request_duration_seconds",
		"Time from an HTTP request's header to the end of its answer."), []string{"route"})
	s.build = auto.NewGaugeVec(prometheus.GaugeOpts{
		Name: "hc_build_info",
		Help: "What this process was built from; always 1.",
	}, []string{"version", "revision", "goversion"})
}

// CacheRequests counts n look-ups of a tier, "memory" or "redis", with a result:
// "hit", "miss", "coalesced" or "error".
func (s *Set) CacheRequests(tier, result string, n int) {
	s.cache[lookup{tier, result}].Add(float64(n))
}

// CacheUp says whether the shared cache answers from now on.
func (s *Set) CacheUp(up bool) {
	value := 0.0
	if up {
		value = 1
	}
	s.cacheUp.Set(value)
}

// CacheDropped counts n results that a cache was to keep and could not.
func (s *Set) CacheDropped(n int) { s.cacheDropped.Add(float64(n)) }

// Blocked counts an address that the guard refused by rule, one of
// [check.GuardRules].
func (s *Set) Blocked(rule string) { s.blocked.WithLabelValues(rule).Inc() }

// Build says what this process is.
func (s *Set) Build(version, revision, goVersion string) {
	s.build.WithLabelValues(version, revision, goVersion).Set(1)
}

// Routes starts the series of each route at zero, with each status that the
// gateway gives somewhere.
func (s *Set) Routes(routes []string) {
	s.routes = make(map[string]routeMeters, len(routes))
	for _, route := range routes {
		m := routeMeters{map[int]prometheus.Counter{}, s.requestTime.WithLabelValues(route)}
		for _, code := range []int{200, 400, 401, 403, 404, 405, 408, 413, 415, 429, 431, 500, 503} {
			m.codes[code] = s.requests.WithLabelValues(route, strconv.Itoa(code))
		}
		s.routes[route] = m
	}
}

// HTTP counts a request. route is a pattern, one of those given to
// [Set.Routes], never what the caller wrote. ctx is the request's: the answer is
// noted in its span, if it has one.
func (s *Set) HTTP(ctx context.Context, route string, code int, took time.Duration) {
	m, known := s.routes[route]
	if !known {
		m.took = s.requestTime.WithLabelValues(route)
	}
	count, known := m.codes[code]
	if !known {
		count = s.requests.WithLabelValues(route, strconv.Itoa(code))
	}
	count.Inc()
	span := trace.SpanFromContext(ctx)
	if span.IsRecording() {
		answered(span, code)
	}
	observeIn(exemplar(span.SpanContext()), m.took, took)
}

// PoolStats is asked at each scrape: checks that may run at once, that run, and
// that wait. All zero where no pool is in this process.
type PoolStats func() (capacity, inFlight, queued int)

// Pool lets the pool's gauges ask stats from now on.
func (s *Set) Pool(stats PoolStats) { s.pool.stats.Store(&stats) }

// poolGauges asks once per scrape, so that its gauges belong together.
type poolGauges struct {
	stats                                 atomic.Pointer[PoolStats]
	capacity, inFlight, queued, saturated *prometheus.Desc
}

func newPoolGauges() *poolGauges {
	desc := func(name, help string) *prometheus.Desc { return prometheus.NewDesc(name, help, nil, nil) }
	return &poolGauges{
		capacity:  desc("hc_pool_capacity", "Checks that may be in flight at once."),
		inFlight:  desc("hc_pool_in_flight", "Checks in flight."),
		queued:    desc("hc_pool_queued", "Targets read that wait for a place or their host's turn."),
		saturated: desc("hc_prober_saturated", "1 while every place is taken and targets wait: slow results may be the prober's fault."),
	}
}

// Describe implements [prometheus.Collector].
func (p *poolGauges) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{p.capacity, p.inFlight, p.queued, p.saturated} {
		ch <- desc
	}
}

// Collect implements [prometheus.Collector].
func (p *poolGauges) Collect(ch chan<- prometheus.Metric) {
	var capacity, inFlight, queued int
	if stats := p.stats.Load(); stats != nil {
		capacity, inFlight, queued = (*stats)()
	}
	saturated := 0
	if queued > 0 && inFlight >= capacity {
		saturated = 1
	}
	gauge := func(desc *prometheus.Desc, value int) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value))
	}
	gauge(p.capacity, capacity)
	gauge(p.inFlight, inFlight)
	gauge(p.queued, queued)
	gauge(p.saturated, saturated)
}
