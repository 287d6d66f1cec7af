package boards

import "github.com/grafana/grafana-foundation-sdk/go/units"

// targets is about the pages that deploy/prometheus/targets lists.
func targets() Board {
	const of = `job="$job",instance=~"$instance"`
	upDown := []string{"down", "up"}
	upColors := []Step{{0, "red"}, {1, "green"}}
	days := []Step{{0, "red"}, {3, "orange"}, {14, "green"}}
	daysLeft := `(min by (instance) (probe_ssl_earliest_cert_expiry{` + of + `}) - time()) / 86400`
	return Board{
		Name:  "targets",
		Title: "hc / Targets",
		Text:  "The pages that Prometheus has the gateway probe: up or down, how fast, and how long their certificates last.",
		Vars: []Var{
			{Name: "job", Label: "Job", Metric: "probe_success", Of: "job"},
			{Name: "instance", Label: "Target", Metric: `probe_success{job="$job"}`, Of: "instance", Many: true},
			interval(),
		},
		Rows: []Row{
			{Panels: targetTiles(of, days)},
			{Title: "Now", Panels: []Panel{
				{
					Kind: Table, Title: "Targets", W: 24, Unit: units.Short,
					Text: "A line per target. Status is that of the last answer, after redirects; 0 is none. Ask /probe?target=…&debug=true for why one is down.",
					Queries: []Query{
						{Expr: `min by (instance) (probe_success{` + of + `})`, Legend: "State", Words: upDown, Steps: upColors},
						{Expr: `max by (instance) (probe_http_status_code{` + of + `})`, Legend: "Status", Unit: units.NoUnit},
						{Expr: `max by (instance) (probe_duration_seconds{` + of + `})`, Legend: "Time", Unit: units.Seconds, Steps: rising(1, 5)},
						{Expr: `avg by (instance) (avg_over_time(probe_success{` + of + `}[$__range]))`, Legend: "Availability", Unit: units.PercentUnit, Steps: falling(0.95, 0.99)},
						{Expr: daysLeft, Legend: "Certificate", Unit: units.Days, Steps: days},
					},
				},
				{
					Kind: Strip, Title: "Up and down", W: 24, Unit: units.Short, Words: upDown, Steps: upColors,
					Text:    "Each probe of each target.",
					Queries: []Query{{Expr: `min by (instance) (probe_success{` + of + `})`, Legend: "{{instance}}"}},
				},
			}},
			{Title: "Speed", Panels: []Panel{
				{
					Title: "Probe time", W: 12, Unit: units.Seconds,
					Text:    "Each probe as a whole, redirects included. Probes are never answered from the cache.",
					Queries: []Query{{Expr: `max by (instance) (probe_duration_seconds{` + of + `})`, Legend: "{{instance}}"}},
				},
				{
					Title: "Where the time goes", W: 12, Unit: units.Seconds, Stacked: true,
					Text:    "Mean time per phase of the chosen targets, summed over redirects. Choose one target above to see its own.",
					Queries: []Query{{Expr: `avg by (phase) (probe_http_duration_seconds{` + of + `})`, Legend: "{{phase}}"}},
				},
			}},
			{Title: "Answers and certificates", Panels: []Panel{
				{
					Title: "Status codes", W: 12, Unit: units.NoUnit,
					Text:    "Of the last answer, after redirects; 0 is none.",
					Queries: []Query{{Expr: `max by (instance) (probe_http_status_code{` + of + `})`, Legend: "{{instance}}"}},
				},
				{
					Kind: Bars, Title: "Days left on certificates", W: 12, Unit: units.Days, Steps: days, Empty: "no target speaks TLS",
					Text:    "Until the first certificate of the chain expires. Alerts fire below 14 and 3 days.",
					Queries: []Query{{Expr: daysLeft, Legend: "{{instance}}"}},
				},
			}},
		},
	}
}

func targetTiles(of string, days []Step) []Panel {
	tile := func(p Panel) Panel {
		p.Kind, p.W, p.H = Stat, 4, 4
		return p
	}
	return []Panel{
		tile(Panel{
			Title: "Targets", Unit: units.Short, Steps: plain(),
			Text:    "Targets that are probed.",
			Queries: []Query{{Expr: `count(probe_success{` + of + `})`}},
		}),
		tile(Panel{
			Title: "Down", Unit: units.Short, Steps: []Step{{0, "green"}, {1, "red"}},
			Text:    "Targets whose last probe failed.",
			Queries: []Query{{Expr: `sum(1 - probe_success{` + of + `})`}},
		}),
		tile(Panel{
			Title: "Availability", Unit: units.PercentUnit, Steps: falling(0.95, 0.99),
			Text:    "Share of probes that passed, over the time shown.",
			Queries: []Query{{Expr: `avg(avg_over_time(probe_success{` + of + `}[$__range]))`}},
		}),
		tile(Panel{
			Title: "Slowest", Unit: units.Seconds, Steps: rising(1, 5),
			Text:    "The longest of the last probes.",
			Queries: []Query{{Expr: `max(probe_duration_seconds{` + of + `})`}},
		}),
		tile(Panel{
			Title: "Mean time", Unit: units.Seconds, Steps: plain(),
			Text:    "Of all probes within the interval chosen above.",
			Queries: []Query{{Expr: `avg(avg_over_time(probe_duration_seconds{` + of + `}[$interval]))`}},
		}),
		tile(Panel{
			Title: "Next certificate", Unit: units.Days, Steps: days, Empty: "no TLS",
			Text:    "Days until the first certificate of any target expires.",
			Queries: []Query{{Expr: `(min(probe_ssl_earliest_cert_expiry{` + of + `}) - time()) / 86400`}},
		}),
	}
}
