package drive

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/hc-health/hc/load/internal/measure"
)

// maxInFlight bounds the requests that have no answer yet. Where a service falls
// so far behind, the rate falls too, and the report shows that.
const maxInFlight = 512

// A Stage is a time in which the rate goes from one value to another, in
// requests per second.
type Stage struct {
	From, To int
	For      time.Duration
}

// pacer is nil-free: a stage that keeps its rate, or one that changes it.
func (s Stage) pacer() vegeta.Pacer {
	if s.From == s.To {
		return vegeta.ConstantPacer{Freq: s.From, Per: time.Second}
	}
	return vegeta.LinearPacer{
		StartAt: vegeta.Rate{Freq: max(s.From, 1), Per: time.Second},
		Slope:   float64(s.To-s.From) / s.For.Seconds(),
	}
}

// Open posts to url at the rates of the stages, one after the other, whether
// answers come or not, and adds each request to run. The error is ctx's.
func (l Load) Open(ctx context.Context, url string, stages []Stage, run *measure.Run) error {
	bodies, err := l.bodies()
	if err != nil {
		return err
	}
	client := newClient()
	defer client.CloseIdleConnections()
	var next atomic.Uint64
	target := func(t *vegeta.Target) error {
		t.Method, t.URL = http.MethodPost, url
		t.Header = http.Header{"Content-Type": {"application/json"}}
		t.Body = bodies[next.Add(1)%uint64(len(bodies))]
		return nil
	}
	began := time.Now()
	for _, stage := range stages {
		attacker := vegeta.NewAttacker(vegeta.Client(client), vegeta.MaxWorkers(maxInFlight))
		stop := context.AfterFunc(ctx, func() { attacker.Stop() })
		for r := range attacker.Attack(target, stage.pacer(), stage.For, "") {
			run.Add(l.sample(r, began))
		}
		stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

func (l Load) sample(r *vegeta.Result, began time.Time) measure.Sample {
	s := measure.Sample{At: r.Timestamp.Sub(began), Took: r.Latency, URLs: min(l.Batch, len(l.URLs))}
	if r.Code == 0 {
		s.Err = r.Error
		return s
	}
	j := l.judge(int(r.Code), r.Body)
	s.Err, s.Cached = j.err, j.cached
	return s
}
