package drive

import (
	"context"
	"errors"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/bojand/ghz/runner"
	"github.com/jhump/protoreflect/dynamic"

	"github.com/hc-health/hc/load/internal/measure"
)

const (
	checkMethod = "hc.v1.Checker.Check"
	protoFile   = "hc/v1/checker.proto"
	// callers is how many streams are open at once.
	callers = 16
)

// GRPC calls hc.v1.Checker/Check of the worker at addr, rate times a second for a
// time: each call is a stream of its own that carries one batch, is half-closed,
// and is read to its end. protos is the directory that the definition is below.
// ghz knows of no context: what it does ends after that time, and ctx's error is
// given then.
func (l Load) GRPC(ctx context.Context, addr, protos string, rate int, d time.Duration, run *measure.Run) error {
	var got answers
	cfg, err := runner.NewConfig(checkMethod, addr,
		runner.WithInsecure(true),
		runner.WithProtoFile(protoFile, []string{filepath.FromSlash(protos)}),
		runner.WithData([]any{message(l.batches()[0])}),
		runner.WithConcurrency(callers),
		runner.WithRPS(uint(rate)),
		runner.WithTotalRequests(uint(float64(rate)*d.Seconds())),
		runner.WithTimeout(patience),
		runner.WithStreamRecvMsgIntercept(got.receive),
	)
	if err != nil {
		return err
	}
	calls, err := runner.NewRequester(cfg)
	if err != nil {
		return err
	}
	began := time.Now()
	report, err := calls.Run()
	if err = errors.Join(err, ctx.Err()); err != nil {
		return err
	}
	l.addCalls(report, began, &got, run)
	return nil
}

// addCalls makes samples of ghz's details. It knows results only as sums over all
// calls: they are spread over the calls, and what is missing is an error of its
// own.
func (l Load) addCalls(report *runner.Report, began time.Time, got *answers, run *measure.Run) {
	batch := min(l.Batch, len(l.URLs))
	cached, good := int(got.cached.Load()), int(got.good.Load())
	if !l.Strict {
		good = int(got.all.Load())
	}
	for _, d := range report.Details {
		s := measure.Sample{At: max(d.Timestamp.Sub(began)-d.Latency, 0), Took: d.Latency, Err: d.Error, URLs: batch, Cached: min(cached, batch)}
		if d.Error == "" && good < batch {
			s.Err = "fewer good results than URLs"
		}
		good -= batch
		cached -= s.Cached
		run.Add(s)
	}
}

// message is a CheckRequest with one batch.
func message(urls []string) any {
	type target struct {
		URL string `json:"url"`
	}
	type batch struct {
		ID      int      `json:"id"`
		Targets []target `json:"targets"`
	}
	b := batch{ID: 1}
	for _, u := range urls {
		b.Targets = append(b.Targets, target{u})
	}
	return map[string][]batch{"batches": {b}}
}

// answers counts the results of all calls.
type answers struct{ all, good, cached atomic.Int64 }

// receive sees each CheckResponse.
func (a *answers) receive(m *dynamic.Message, err error) error {
	if err != nil || m == nil {
		return err
	}
	results, _ := m.GetFieldByName("results").([]any)
	for _, r := range results {
		result, ok := r.(*dynamic.Message)
		if !ok {
			continue
		}
		a.all.Add(1)
		if result.GetFieldByName("outcome") == "pass" {
			a.good.Add(1)
		}
		if result.GetFieldByName("cached") == true {
			a.cached.Add(1)
		}
	}
	return nil
}
