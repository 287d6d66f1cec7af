package measure

import (
	"math"
	"testing"
	"time"
)

func TestQuantilesAreRightToOnePercent(t *testing.T) {
	var h Histogram
	for i := 1; i <= 10_000; i++ {
		h.Add(time.Duration(i) * 100 * time.Microsecond)
	}
	for name, row := range map[string]struct {
		q    float64
		want time.Duration
	}{
		"median": {0.5, 500 * time.Millisecond},
		"p90":    {0.9, 900 * time.Millisecond},
		"p99":    {0.99, 990 * time.Millisecond},
		"all":    {1, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			got := h.Quantile(row.q)
			if math.Abs(got.Seconds()/row.want.Seconds()-1) > 0.011 {
				t.Errorf("%v, want %v", got, row.want)
			}
		})
	}
	if h.Max() != time.Second {
		t.Errorf("max %v", h.Max())
	}
}

func TestAnEmptyHistogramHasNoQuantileAndNoBars(t *testing.T) {
	var h Histogram
	if q, bars := h.Quantile(0.5), h.Bars(); q != 0 || len(bars) != 0 {
		t.Errorf("%v, %v", q, bars)
	}
}

func TestBarsHoldAllThatWasCounted(t *testing.T) {
	var h Histogram
	for _, d := range []time.Duration{0, time.Millisecond, time.Second, time.Hour} {
		h.Add(d)
	}
	n := 0
	for _, b := range h.Bars() {
		n += b.N
	}
	if n != 4 {
		t.Errorf("%d in bars, want 4", n)
	}
}

func TestARunAddsUp(t *testing.T) {
	r := NewRun(time.Second)
	r.Add(Sample{At: 100 * time.Millisecond, Took: 100 * time.Millisecond, URLs: 5, Cached: 4})
	r.Add(Sample{At: 2500 * time.Millisecond, Took: 1500 * time.Millisecond, URLs: 5, Cached: 5})
	r.Add(Sample{At: 2600 * time.Millisecond, Took: time.Millisecond, Err: "HTTP 503"})
	f := r.Figures()
	if f.Requests != 3 || f.Errors != 1 || f.Reasons["HTTP 503"] != 1 || f.HitRatio() != 0.9 || f.Rate != 0.75 {
		t.Errorf("%+v", f)
	}
	ms := r.Moments()
	if len(ms) != 2 || ms[1].At != 2*time.Second || ms[1].N() != 2 {
		t.Errorf("moments %d", len(ms))
	}
}

func TestReasonsAreBounded(t *testing.T) {
	r := NewRun(time.Second)
	for i := range 100 {
		r.Add(Sample{Err: time.Duration(i).String()})
	}
	if n := len(r.Figures().Reasons); n != maxReasons+1 {
		t.Errorf("%d reasons", n)
	}
}
