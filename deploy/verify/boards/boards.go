// Package boards says what the dashboards show. Grafana's JSON is made of it
// (json.go), the live check asks its queries, and the pictures are drawn from it,
// so that the three cannot differ.
package boards

import "os"

// Datasource is the uid that deploy/grafana/provisioning gives Prometheus.
const Datasource = "hc-prometheus"

// A Board is a dashboard.
type Board struct {
	Name  string // of its file, and of its uid after "hc-"
	Title string
	Text  string
	Vars  []Var
	Rows  []Row
}

// All are the dashboards, in the order of their links.
func All() []Board { return []Board{overview(), worker(), targets(), containers()} }

// A Var is a choice above the dashboard. Without a Metric it is the interval that
// rates are taken over.
type Var struct {
	Name, Label string
	Metric      string // a selector; the choice is among the values of Of there
	Of          string // a label
	Many        bool   // several may be chosen, and all are at first
}

// interval is on each dashboard. Four scrapes are the least that a rate bears.
func interval() Var { return Var{Name: "interval", Label: "Rates over"} }

// Intervals are what rates may be taken over, the first by default.
func Intervals() []string { return []string{"1m", "30s", "5m", "15m", "1h"} }

// A Row is a heading and the panels below it. A Row without Title stands on top.
type Row struct {
	Title  string
	Panels []Panel
}

// A Kind is how a panel shows its series.
type Kind int

// The kinds, by what Grafana calls them.
const (
	Chart Kind = iota // timeseries
	Stat              // stat: the last value, large
	Heat              // heatmap of a classic histogram's buckets
	Bars              // bargauge: the last value of each series
	Strip             // state-timeline: how each series' value changed
	Table             // table: a line per instance, a column per query
)

// A Panel is one picture.
type Panel struct {
	Kind    Kind
	Title   string
	Text    string // what it means, for whoever sees it the first time
	Unit    string // of Grafana's, see the SDK's units
	W, H    int    // in 24ths of the width, and in lines; 0 is 8 each
	Queries []Query
	Steps   []Step // thresholds, the first from minus infinity on
	Stacked bool
	Full    float64  // the axis ends there at least; 0 leaves it to the values
	Colors  []Color  // of series that mean something; the others take what comes
	Words   []string // shown in place of 0, 1, …
	Empty   string   // shown where there is no series
}

// A Query is PromQL, with $variables, and what its series are called.
type Query struct {
	Expr   string
	Legend string // with {{label}}s; of a Table the column's title
	Unit   string // of a Table's column
	Words  []string
	Steps  []Step
}

// A Step is where a colour of Grafana's palette begins.
type Step struct {
	From  float64
	Color string
}

// A Color is that of the series of a name.
type Color struct{ Series, Color string }

// outcomes are the colours of what a check comes to.
func outcomes() []Color {
	return []Color{{"pass", "green"}, {"warn", "orange"}, {"fail", "red"}, {"skip", "gray"}}
}

// lookups are the colours of what a look-up in the cache comes to.
func lookups() []Color {
	return []Color{{"hit", "green"}, {"coalesced", "blue"}, {"miss", "orange"}, {"error", "red"}}
}

// good, then warn from a value on, then bad from another.
func rising(warn, bad float64) []Step {
	return []Step{{0, "green"}, {warn, "orange"}, {bad, "red"}}
}

// bad, then warn from a value on, then good from another.
func falling(warn, good float64) []Step {
	return []Step{{0, "red"}, {warn, "orange"}, {good, "green"}}
}

// plain is for what is neither good nor bad.
func plain() []Step { return []Step{{0, "blue"}} }

// Expand puts values in place of the $variables of expr.
func Expand(expr string, value func(name string) string) string { return os.Expand(expr, value) }

// A Placed is a panel or, where its Panel is nil, the heading of a row, and where
// it stands on Grafana's grid of 24 columns.
type Placed struct {
	*Panel
	Heading    string
	X, Y, W, H int
}

// Grid lays b out: rows one below the other, panels from left to right.
func (b Board) Grid() []Placed {
	var grid []Placed
	y := 0
	for _, row := range b.Rows {
		if row.Title != "" {
			grid = append(grid, Placed{Heading: row.Title, Y: y, W: 24, H: 1})
			y++
		}
		x, tallest := 0, 0
		for _, p := range row.Panels {
			w, h := orEight(p.W), orEight(p.H)
			if x+w > 24 {
				x, y, tallest = 0, y+tallest, 0
			}
			grid = append(grid, Placed{Panel: &p, X: x, Y: y, W: w, H: h})
			x, tallest = x+w, max(tallest, h)
		}
		y += tallest
	}
	return grid
}

func orEight(n int) int {
	if n == 0 {
		return 8
	}
	return n
}
