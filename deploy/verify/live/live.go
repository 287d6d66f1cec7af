// Package live asks a running Prometheus what the dashboards ask it.
package live

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/hc-health/hc/deploy/verify/boards"
)

// A Prometheus that is asked, and for which time.
type Prometheus struct {
	api      v1.API
	from, to time.Time
	step     time.Duration
}

// Connect takes the URL of a Prometheus. What is asked is the time from over ago
// until now, in at most points steps of a second or more.
func Connect(url string, over time.Duration, points int) (Prometheus, error) {
	client, err := api.NewClient(api.Config{Address: url})
	if err != nil {
		return Prometheus{}, err
	}
	now := time.Now()
	step := max(time.Second, (over / time.Duration(points)).Round(time.Second))
	return Prometheus{api: v1.NewAPI(client), from: now.Add(-over), to: now, step: step}, nil
}

// Values are what Grafana would put in place of b's variables when somebody opens
// it: the first choice, or all where several may be chosen.
func (p Prometheus) Values(ctx context.Context, b boards.Board) (map[string]string, error) {
	values := map[string]string{"__range": model.Duration(p.to.Sub(p.from).Round(time.Second)).String()}
	for _, v := range b.Vars {
		if v.Metric == "" {
			values[v.Name] = boards.Intervals()[0]
			continue
		}
		metric := expand(v.Metric, values)
		found, _, _, err := p.api.LabelValues(ctx, v.Of, []string{metric}, p.from, p.to)
		if err != nil {
			return nil, fmt.Errorf("$%s: %w", v.Name, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("$%s: no series %s has a label %s", v.Name, metric, v.Of)
		}
		slices.Sort(found)
		values[v.Name] = string(found[0])
		if v.Many {
			values[v.Name] = ".+"
		}
	}
	return values, nil
}

// Ask gives the series of a query, with values in place of its variables. A
// series of not-a-number only is left out, since Grafana shows nothing of it.
func (p Prometheus) Ask(ctx context.Context, expr string, values map[string]string) (model.Matrix, error) {
	found, _, _, err := p.api.QueryRange(ctx, expand(expr, values), v1.Range{Start: p.from, End: p.to, Step: p.step})
	if err != nil {
		return nil, err
	}
	matrix, ok := found.(model.Matrix)
	if !ok {
		return nil, fmt.Errorf("a range of %s came back", found.Type())
	}
	return slices.DeleteFunc(matrix, func(s *model.SampleStream) bool {
		return !slices.ContainsFunc(s.Values, func(v model.SamplePair) bool { return !math.IsNaN(float64(v.Value)) })
	}), nil
}

// Span is the time that is asked for.
func (p Prometheus) Span() (from, to time.Time) { return p.from, p.to }

func expand(expr string, values map[string]string) string {
	return boards.Expand(expr, func(name string) string { return values[name] })
}

// Empty are the panels of b that would show nothing, by "board/panel", each with
// the reason.
func (p Prometheus) Empty(ctx context.Context, b boards.Board) map[string]string {
	empty := map[string]string{}
	values, err := p.Values(ctx, b)
	if err != nil {
		empty[b.Name] = err.Error()
		return empty
	}
	for _, at := range b.Grid() {
		if at.Panel == nil {
			continue
		}
		for _, q := range at.Queries {
			matrix, err := p.Ask(ctx, q.Expr, values)
			switch {
			case err != nil:
				empty[b.Name+"/"+at.Title] = err.Error()
			case len(matrix) == 0:
				empty[b.Name+"/"+at.Title] = "no series for " + expand(q.Expr, values)
			}
		}
	}
	return empty
}
