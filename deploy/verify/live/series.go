package live

import (
	"context"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/hc-health/hc/deploy/verify/boards"
	"github.com/hc-health/hc/deploy/verify/draw"
)

// Source gives the series of b's panels to whoever draws them.
func (p Prometheus) Source(ctx context.Context, b boards.Board) (draw.Source, error) {
	values, err := p.Values(ctx, b)
	if err != nil {
		return nil, err
	}
	return func(panel boards.Panel) ([][]draw.Series, error) {
		all := make([][]draw.Series, len(panel.Queries))
		for i, q := range panel.Queries {
			matrix, err := p.Ask(ctx, q.Expr, values)
			if err != nil {
				return nil, err
			}
			for _, stream := range matrix {
				all[i] = append(all[i], named(stream, legend(panel, q)))
			}
			slices.SortFunc(all[i], func(a, b draw.Series) int { return strings.Compare(a.Name, b.Name) })
		}
		return all, nil
	}, nil
}

// legend names the lines of a table, whose queries' legends are the columns.
func legend(p boards.Panel, q boards.Query) string {
	if p.Kind == boards.Table {
		return "{{instance}}"
	}
	return q.Legend
}

func named(stream *model.SampleStream, legend string) draw.Series {
	s := draw.Series{Name: legend}
	for label, value := range stream.Metric {
		s.Name = strings.ReplaceAll(s.Name, "{{"+string(label)+"}}", string(value))
	}
	for _, v := range stream.Values {
		s.Points = append(s.Points, draw.Point{Time: float64(v.Timestamp) / 1000, Value: float64(v.Value)})
	}
	return s
}
