package measure

import (
	"maps"
	"sync"
	"time"
)

// A Sample is one request.
type Sample struct {
	At     time.Duration // when it was sent, since the run began
	Took   time.Duration // until its answer was read to the end
	Err    string        // why the answer was not a right one; "" where it was
	URLs   int           // how many it asked for
	Cached int           // how many of its results said that they were cached
}

// A Moment is what was sent in one slice of a run's time.
type Moment struct {
	At time.Duration // where the slice begins
	Histogram
}

// bounds of what a Run keeps, whatever is sent to it.
const (
	maxMoments = 1 << 12
	maxReasons = 8
)

// A Run collects the samples of one run, from any number of goroutines.
type Run struct {
	slice time.Duration

	mu      sync.Mutex
	all     Histogram
	moments []Histogram
	reasons map[string]int
	errors  int
	urls    int
	cached  int
	end     time.Duration
}

// NewRun is a Run that keeps apart what was sent in each slice of time.
func NewRun(slice time.Duration) *Run {
	return &Run{slice: slice, reasons: make(map[string]int)}
}

// Add takes a sample.
func (r *Run) Add(s Sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all.Add(s.Took)
	i := min(int(s.At/r.slice), maxMoments-1)
	for len(r.moments) <= i {
		r.moments = append(r.moments, Histogram{})
	}
	r.moments[i].Add(s.Took)
	r.urls += s.URLs
	r.cached += s.Cached
	r.end = max(r.end, s.At+s.Took)
	if s.Err == "" {
		return
	}
	r.errors++
	if _, known := r.reasons[s.Err]; !known && len(r.reasons) >= maxReasons {
		s.Err = "other errors"
	}
	r.reasons[s.Err]++
}

// Figures are what a run comes to.
type Figures struct {
	Requests int            `json:"requests"`
	Errors   int            `json:"errors"`
	Rate     float64        `json:"rate"` // requests per second, to the end of the last answer
	Median   time.Duration  `json:"median_ns"`
	P99      time.Duration  `json:"p99_ns"`
	Max      time.Duration  `json:"max_ns"`
	URLs     int            `json:"urls"`
	Cached   int            `json:"cached"`
	Reasons  map[string]int `json:"reasons,omitempty"` // of the errors
}

// HitRatio is the share of URLs whose result said that it was cached.
func (f Figures) HitRatio() float64 {
	if f.URLs == 0 {
		return 0
	}
	return float64(f.Cached) / float64(f.URLs)
}

// Figures are those of all samples so far.
func (r *Run) Figures() Figures {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := Figures{
		Requests: r.all.N(), Errors: r.errors,
		Median: r.all.Quantile(0.5), P99: r.all.Quantile(0.99), Max: r.all.Max(),
		URLs: r.urls, Cached: r.cached, Reasons: make(map[string]int),
	}
	maps.Copy(f.Reasons, r.reasons)
	if r.end > 0 {
		f.Rate = float64(f.Requests) / r.end.Seconds()
	}
	return f
}

// Moments are the slices of the run, in order; those in which nothing was sent
// are left out.
func (r *Run) Moments() []Moment {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ms []Moment
	for i, h := range r.moments {
		if h.N() > 0 {
			ms = append(ms, Moment{At: time.Duration(i) * r.slice, Histogram: h})
		}
	}
	return ms
}

// Distribution is how long requests took, all slices together.
func (r *Run) Distribution() *Histogram {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.all
	return &h
}

// Slice is the length of a moment.
func (r *Run) Slice() time.Duration { return r.slice }
