package boards

import "github.com/grafana/grafana-foundation-sdk/go/units"

// containers is what cAdvisor says of the Compose project.
func containers() Board {
	const of = `service=~"$service"`
	return Board{
		Name:  "containers",
		Title: "hc / Containers",
		Text:  "What each container takes of the machine, by cAdvisor.",
		Vars: []Var{
			{Name: "service", Label: "Service", Metric: "container_last_seen", Of: "service", Many: true},
			interval(),
		},
		Rows: []Row{
			{Panels: containerTiles(of)},
			{Title: "Processor", Panels: []Panel{
				{
					Title: "Cores in use", W: 12, Unit: units.Short, Stacked: true,
					Text:    "Of each container.",
					Queries: []Query{{Expr: `sum by (name) (rate(container_cpu_usage_seconds_total{` + of + `}[$interval]))`, Legend: "{{name}}"}},
				},
				{
					Title: "Held back", W: 12, Unit: units.PercentUnit, Steps: rising(0.1, 0.5), Empty: "no container has a limit",
					Text:    "Share of scheduling periods in which a container had used up its limit. It makes checks late: give it more cores.",
					Queries: []Query{{Expr: `sum by (name) (rate(container_cpu_cfs_throttled_periods_total{` + of + `}[$interval])) / (sum by (name) (rate(container_cpu_cfs_periods_total{` + of + `}[$interval])) > 0)`, Legend: "{{name}}"}},
				},
			}},
			{Title: "Memory", Panels: []Panel{
				{
					Title: "Working set", W: 12, Unit: units.BytesIEC, Stacked: true,
					Text:    "Memory in use without the page cache that can be given back.",
					Queries: []Query{{Expr: `sum by (name) (container_memory_working_set_bytes{` + of + `})`, Legend: "{{name}}"}},
				},
				{
					Title: "Of its limit", W: 12, Unit: units.PercentUnit, Steps: rising(0.8, 0.95), Full: 1, Empty: "no container has a limit",
					Text:    "At 100 % the kernel ends the process.",
					Queries: []Query{{Expr: `sum by (name) (container_memory_working_set_bytes{` + of + `}) / (sum by (name) (container_spec_memory_limit_bytes{` + of + `}) > 0)`, Legend: "{{name}}"}},
				},
			}},
			{Title: "Network", Panels: []Panel{
				{
					Title: "Received", W: 12, Unit: units.BytesPerSecondIEC, Stacked: true,
					Text:    "By each container, all of its networks together.",
					Queries: []Query{{Expr: `sum by (name) (rate(container_network_receive_bytes_total{` + of + `}[$interval]))`, Legend: "{{name}}"}},
				},
				{
					Title: "Sent", W: 12, Unit: units.BytesPerSecondIEC, Stacked: true,
					Text:    "By each container, all of its networks together.",
					Queries: []Query{{Expr: `sum by (name) (rate(container_network_transmit_bytes_total{` + of + `}[$interval]))`, Legend: "{{name}}"}},
				},
			}},
			{Title: "Life", Panels: []Panel{
				{
					Kind: Bars, Title: "Restarts", W: 12, Unit: units.Short, Steps: []Step{{0, "green"}, {1, "orange"}, {3, "red"}},
					Text:    "How often its count of processor time began anew, as it does with each start, within the time shown.",
					Queries: []Query{{Expr: `max by (name) (resets(container_cpu_usage_seconds_total{` + of + `}[$__range]))`, Legend: "{{name}}"}},
				},
				{
					Kind: Bars, Title: "Age", W: 12, Unit: units.Seconds, Steps: plain(),
					Text:    "Since it was created. A restart does not change it.",
					Queries: []Query{{Expr: `time() - max by (name) (container_start_time_seconds{` + of + `})`, Legend: "{{name}}"}},
				},
			}},
		},
	}
}

func containerTiles(of string) []Panel {
	tile := func(p Panel) Panel {
		p.Kind, p.W, p.H = Stat, 4, 4
		return p
	}
	return []Panel{
		tile(Panel{
			Title: "Containers", Unit: units.Short, Steps: plain(),
			Text:    "Containers that cAdvisor has seen within half a minute.",
			Queries: []Query{{Expr: `count(time() - container_last_seen{` + of + `} < 30)`}},
		}),
		tile(Panel{
			Title: "Cores", Unit: units.Short, Steps: plain(),
			Text:    "In use by all of them together.",
			Queries: []Query{{Expr: `sum(rate(container_cpu_usage_seconds_total{` + of + `}[$interval]))`}},
		}),
		tile(Panel{
			Title: "Memory", Unit: units.BytesIEC, Steps: plain(),
			Text:    "Working sets of all of them together.",
			Queries: []Query{{Expr: `sum(container_memory_working_set_bytes{` + of + `})`}},
		}),
		tile(Panel{
			Title: "Received", Unit: units.BytesPerSecondIEC, Steps: plain(),
			Text:    "By all of them together.",
			Queries: []Query{{Expr: `sum(rate(container_network_receive_bytes_total{` + of + `}[$interval]))`}},
		}),
		tile(Panel{
			Title: "Sent", Unit: units.BytesPerSecondIEC, Steps: plain(),
			Text:    "By all of them together.",
			Queries: []Query{{Expr: `sum(rate(container_network_transmit_bytes_total{` + of + `}[$interval]))`}},
		}),
		tile(Panel{
			Title: "Restarts", Unit: units.Short, Steps: []Step{{0, "green"}, {1, "orange"}, {3, "red"}},
			Text:    "Within the time shown. docker inspect tells an out-of-memory kill from a crash.",
			Queries: []Query{{Expr: `sum(max by (name) (resets(container_cpu_usage_seconds_total{` + of + `}[$__range])))`}},
		}),
	}
}
