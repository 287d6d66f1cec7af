package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hc-health/hc/load/internal/chart"
	"github.com/hc-health/hc/load/internal/splice"
)

// A summary is a stage with the medians of its rounds.
type summary struct {
	stage
	rounds      int
	rate        float64
	median, p99 time.Duration
	errors      int // of all rounds
	cached      float64
	spared      float64
}

func (ms measurements) summaries() []summary {
	var all []summary
	for _, st := range stages() {
		of := slices.DeleteFunc(slices.Clone(ms), func(m measurement) bool { return m.Stage != st.name })
		if len(of) == 0 {
			continue
		}
		all = append(all, summary{
			stage: st, rounds: len(of), errors: of.errors(),
			rate:   median(of, func(m measurement) float64 { return m.Rate }),
			median: median(of, func(m measurement) time.Duration { return m.Median }),
			p99:    median(of, func(m measurement) time.Duration { return m.P99 }),
			cached: median(of, func(m measurement) float64 { return m.HitRatio() }),
			spared: median(of, measurement.Spared),
		})
	}
	return all
}

// median of a figure over the rounds; of two in the middle, the greater one.
func median[T cmp.Ordered](ms measurements, figure func(measurement) T) T {
	var of []T
	for _, m := range ms {
		of = append(of, figure(m))
	}
	slices.Sort(of)
	return of[len(of)/2]
}

// write puts the table into the page, and the picture beside it.
func (ms measurements) write(doc string) error {
	all := ms.summaries()
	if len(all) == 0 {
		return errors.New("nothing was measured yet: take a round")
	}
	picture, err := draw(all)
	if err != nil {
		return err
	}
	file := strings.TrimSuffix(doc, filepath.Ext(doc)) + ".svg"
	if err := os.WriteFile(file, []byte(picture), 0o644); err != nil {
		return err
	}
	return splice.Into(doc, "make journey", table(all, ms[len(ms)-1].Machine))
}

func draw(all []summary) (string, error) {
	var rows []chart.Row
	for _, s := range all {
		rows = append(rows, chart.Row{Name: s.name, Note: s.note, Rate: s.rate, Median: s.median, P99: s.p99})
	}
	svg, err := chart.Ranks("The same users on each stage", rows)
	return chart.File(svg), err
}

func table(all []summary, machine string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s; medians of %d rounds in turns.\n\n", machine, all[0].rounds)
	b.WriteString("| stage | | requests/s | median | p99 | results from a cache | URLs no target was asked for | errors |\n|---|---|---:|---:|---:|---:|---:|---:|\n")
	for _, s := range all {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %d |\n", s.name, s.note, chart.Count(s.rate), chart.Ms(s.median), chart.Ms(s.p99),
			percent(s.cached), percent(s.spared), s.errors)
	}
	return b.String()
}

// percent is cut and not rounded: what is 100 % was.
func percent(share float64) string { return fmt.Sprintf("%.2f %%", float64(int(share*1e4))/1e2) }
