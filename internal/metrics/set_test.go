package metrics

import (
	"context"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/check/checktest"
	"github.com/hc-health/hc/internal/pool"
)

// gathered is what reg says of one series.
func gathered(t *testing.T, reg prometheus.Gatherer, name string, labels ...string) *dto.Metric {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			var got []string
			for _, l := range m.GetLabel() {
				got = append(got, l.GetName(), l.GetValue())
			}
			if slices.Equal(got, labels) {
				return m
			}
		}
	}
	t.Fatalf("no series %s%q", name, labels)
	return nil
}

// value is that of a counter or gauge; labels are in the order of their names.
func value(t *testing.T, reg prometheus.Gatherer, name string, labels ...string) float64 {
	t.Helper()
	m := gathered(t, reg, name, labels...)
	if m.GetCounter() != nil {
		return m.GetCounter().GetValue()
	}
	return m.GetGauge().GetValue()
}

// observed is the count and the sum of a histogram.
func observed(t *testing.T, reg prometheus.Gatherer, name string, labels ...string) (uint64, float64) {
	t.Helper()
	h := gathered(t, reg, name, labels...).GetHistogram()
	return h.GetSampleCount(), h.GetSampleSum()
}

func isNear(a, b float64) bool { return a-b < 1e-9 && b-a < 1e-9 }

// checked is a result of the network, 47 ms of them the target's.
func checked(reason check.Reason) check.Result {
	res := check.Failed(check.Target{URL: "http://secret.example/?token=s3cr3t"}, reason, "")
	res.Attempts, res.StatusCode = 2, 503
	res.Timing = check.Timing{
		Queue: 100 * time.Millisecond, Resolve: 2 * time.Millisecond, Connect: 5 * time.Millisecond,
		Processing: 30 * time.Millisecond, Transfer: 10 * time.Millisecond,
	}
	return res
}

func TestEachResultIsCountedOnceByOutcomeAndReason(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	for range 3 {
		s.Observe(t.Context(), checked(""))
	}
	s.Observe(t.Context(), checked(check.DNS))
	s.Observe(t.Context(), checked(check.RateLimited))
	warned := checked(check.HTTPStatus)
	warned.Outcome = check.Warn
	s.Observe(t.Context(), warned)
	cached := checked("")
	cached.Cached = true
	s.Observe(t.Context(), cached)
	s.Observe(t.Context(), check.Failed(check.Target{}, check.InvalidURL, "no URL"))
	s.Observe(t.Context(), check.Result{Outcome: "great", Reason: "of_next_year"})

	for _, row := range []struct {
		outcome check.Outcome
		reason  check.Reason
		want    float64
	}{
		{check.Pass, "", 4},
		{check.Fail, check.DNS, 1},
		{check.Warn, check.RateLimited, 1},
		{check.Warn, check.HTTPStatus, 1},
		{check.Fail, check.HTTPStatus, 0},
		{check.Fail, check.InvalidURL, 1},
		{check.Fail, check.Internal, 1}, // what this version does not know
		{check.Skip, check.Canceled, 0},
	} {
		if got := value(t, reg, "hc_checks_total", "outcome", string(row.outcome), "reason", string(row.reason)); got != row.want {
			t.Errorf("hc_checks_total{%s,%s} = %v, want %v", row.outcome, row.reason, got, row.want)
		}
	}
	if got := value(t, reg, "hc_check_attempts_total"); got != 12 {
		t.Errorf("attempts = %v, want 12: 6 results of the network, 2 each", got)
	}
}

func TestTimesOfResultsOfTheNetworkAreObserved(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	s.Observe(t.Context(), checked(""))
	reused := checked("")
	reused.Timing.Reused = true
	s.Observe(t.Context(), reused)
	cached := checked("")
	cached.Cached = true
	s.Observe(t.Context(), cached)
	s.Observe(t.Context(), check.Failed(check.Target{}, check.NotAttempted, ""))

	for _, row := range []struct {
		name   string
		labels []string
		count  uint64
		sum    float64
	}{
		{"hc_check_duration_seconds", nil, 2, .094},
		{"hc_queue_wait_seconds", nil, 2, .2},
		{"hc_check_phase_duration_seconds", []string{"phase", "resolve"}, 1, .002},
		{"hc_check_phase_duration_seconds", []string{"phase", "connect"}, 1, .005},
		{"hc_check_phase_duration_seconds", []string{"phase", "tls"}, 0, 0},
		{"hc_check_phase_duration_seconds", []string{"phase", "processing"}, 2, .06},
		{"hc_check_phase_duration_seconds", []string{"phase", "transfer"}, 2, .02},
	} {
		if count, sum := observed(t, reg, row.name, row.labels...); count != row.count || !isNear(sum, row.sum) {
			t.Errorf("%s%v: %d of %v s, want %d of %v s", row.name, row.labels, count, sum, row.count, row.sum)
		}
	}
}

func TestLateChecksAreCountedUnlessTheyCameOutOfACache(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	late := checked(check.Timeout)
	late.Late = true
	s.Observe(t.Context(), late)
	s.Observe(t.Context(), checked(check.Timeout))
	late.Cached = true
	s.Observe(t.Context(), late)
	if got := value(t, reg, "hc_checks_late_total"); got != 1 {
		t.Errorf("%v are late, want 1", got)
	}
}

func TestTimeDoesNotCountWhatIsCountedWhereItIsGiven(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	for res := range Time(passes{}, s).Run(t.Context(), slices.Values(make([]check.Target, 2))) {
		s.Count(res)
	}
	if got := value(t, reg, "hc_checks_total", "outcome", "pass", "reason", ""); got != 2 {
		t.Errorf("counted %v, want 2", got)
	}
	if got := value(t, reg, "hc_check_attempts_total"); got != 2 {
		t.Errorf("%v attempts, want 2", got)
	}
}

func TestHistogramsAreNativeAndClassic(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	s.Observe(t.Context(), checked(""))
	h := gathered(t, reg, "hc_check_duration_seconds").GetHistogram()
	if len(h.GetPositiveSpan()) != 1 || len(h.GetBucket()) != 14 {
		t.Errorf("%d spans of native buckets and %d classic ones, want 1 and 14", len(h.GetPositiveSpan()), len(h.GetBucket()))
	}
	for _, b := range h.GetBucket() { // 47 ms
		if want := b.GetUpperBound() >= .047; (b.GetCumulativeCount() == 1) != want {
			t.Errorf("bucket %v holds %d", b.GetUpperBound(), b.GetCumulativeCount())
		}
	}
}

func TestSeriesDoNotGrowWithWhatIsChecked(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	before, err := testutil.GatherAndCount(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, outcome := range check.Outcomes() {
		for _, reason := range append(check.Reasons(), "", "unheard_of") {
			res := checked(reason)
			res.Outcome = outcome
			s.Observe(t.Context(), res)
		}
	}
	if after, _ := testutil.GatherAndCount(reg); after != before {
		t.Errorf("%d series before the first result, %d after many", before, after)
	}
}

func TestWatchCountsWhatPassesAndIsARunner(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	targets := func(yield func(check.Target) bool) {
		for i := range int64(10) {
			if !yield(check.Target{Seq: i}) {
				return
			}
		}
	}
	n := 0
	for range Watch(passes{}, s).Run(t.Context(), targets) {
		if n++; n == 4 {
			break
		}
	}
	if got := value(t, reg, "hc_checks_total", "outcome", "pass", "reason", ""); got != 4 {
		t.Errorf("counted %v, want the 4 that were read", got)
	}
}

// passes answers each target at once.
type passes struct{}

func (passes) Run(_ context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return func(yield func(check.Result) bool) {
		for t := range ts {
			if !yield(check.Result{Target: t, Outcome: check.Pass, Attempts: 1}) {
				return
			}
		}
	}
}

func TestWatchedRunnerObeysTheLaws(t *testing.T) {
	checktest.Conform(t, func(c check.Checker) check.Runner {
		return Watch(pool.New(c, pool.Config{}), NewSet(prometheus.NewRegistry()))
	})
}

func TestSetIsSafeForConcurrentUse(t *testing.T) {
	reg := prometheus.NewRegistry()
	s := NewSet(reg)
	s.Pool(func() (int, int, int) { return 3, 2, 1 })
	const goroutines, each = 8, 200
	var wg sync.WaitGroup
	for range goroutines {
		wg.Go(func() {
			for range each {
				s.Observe(t.Context(), checked(""))
				s.CacheRequests("redis", "hit", 2)
				s.HTTP(t.Context(), "/check", 200, time.Millisecond)
			}
			if _, err := reg.Gather(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, row := range []struct {
		name   string
		labels []string
		want   float64
	}{
		{"hc_checks_total", []string{"outcome", "pass", "reason", ""}, goroutines * each},
		{"hc_cache_requests_total", []string{"result", "hit", "tier", "redis"}, 2 * goroutines * each},
		{"hc_http_requests_total", []string{"code", "200", "route", "/check"}, goroutines * each},
	} {
		if got := value(t, reg, row.name, row.labels...); got != row.want {
			t.Errorf("%s = %v, want %v", row.name, got, row.want)
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	s := NewSet(prometheus.NewRegistry())
	fresh := checked("")
	cached := fresh
	cached.Cached = true
	for name, res := range map[string]check.Result{"checked": fresh, "cached": cached} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Observe(b.Context(), res)
			}
		})
	}
}
