package main

import (
	_ "embed" // for the page
	"html/template"
	"os"
	"path/filepath"

	"github.com/hc-health/hc/load/internal/chart"
)

//go:embed page.html
var pageText string

// A section is an outcome of hc with its plots.
type section struct {
	outcome
	OverTime, Distribution template.HTML
}

// writePage writes the report as one page that needs no other file.
func (r report) writePage(file string) error {
	page := struct {
		report
		Style       template.CSS
		Sections    []section
		Duel        template.HTML
		Crash, Calm *comparison
		Misses      []string
		SeedRate    int
		SeedMedian  string
	}{report: r, Style: chart.Style(), Misses: r.misses(), SeedRate: seedRate, SeedMedian: chart.Ms(seedMedian)}
	var err error
	if page.Sections, err = r.sections(); err != nil {
		return err
	}
	if c, ok := r.compared(crash); ok {
		page.Crash = &c
	}
	if c, ok := r.compared(steady); ok {
		page.Calm = &c
	}
	if page.Crash != nil && page.Calm != nil {
		if page.Duel, err = duel(*page.Crash, *page.Calm); err != nil {
			return err
		}
	}
	t, err := template.New("page").Funcs(template.FuncMap{"count": count, "ms": chart.Ms}).Parse(pageText)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := t.Execute(f, page); err != nil {
		return err
	}
	return f.Close()
}

// sections has each scenario once: of several rounds, the middle one.
func (r report) sections() ([]section, error) {
	var all []section
	seen := make(map[string]bool)
	for _, o := range r.Outcomes {
		if o.Subject == straightName || seen[o.Scenario] {
			continue
		}
		seen[o.Scenario] = true
		s := section{}
		s.outcome, _ = r.middle(o.Scenario, o.Subject)
		var err error
		if s.OverTime, err = chart.OverTime(s.run); err != nil {
			return nil, err
		}
		if s.Distribution, err = chart.Distribution(s.run.Distribution()); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func duel(crash, steady comparison) (template.HTML, error) {
	row := func(note string, o outcome) chart.Row {
		return chart.Row{Name: o.Subject, Note: note, Rate: o.Rate, Median: o.Median, P99: o.P99, Other: o.Subject != hcName}
	}
	return chart.Ranks("Requests per second and latency", []chart.Row{
		row("all it gives: crash", crash.HC),
		row("all it gives: crash", crash.Straight),
		row("at a given rate: steady", steady.HC),
		row("at a given rate: steady", steady.Straight),
	})
}

// count takes whole numbers and others.
func count(n any) string {
	if i, ok := n.(int); ok {
		return chart.Count(float64(i))
	}
	f, _ := n.(float64)
	return chart.Count(f)
}
