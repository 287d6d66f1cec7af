package boards

import "github.com/grafana/grafana-foundation-sdk/go/units"

// overview answers: do callers get what they ask for, and if not, whose fault is it?
func overview() Board {
	return Board{
		Name:  "overview",
		Title: "hc / Overview",
		Text:  "What callers get, what the cache saves and whether workers keep up.",
		Vars: []Var{
			{Name: "gateway", Label: "Gateway", Metric: "hc_http_requests_total", Of: "job"},
			{Name: "worker", Label: "Worker", Metric: "grpc_server_started_total", Of: "job"},
			{Name: "instance", Label: "Gateway instance", Metric: `hc_http_requests_total{job="$gateway"}`, Of: "instance", Many: true},
			interval(),
		},
		Rows: []Row{
			{Panels: overviewTiles()},
			{Title: "Callers", Panels: []Panel{
				{
					Title: "Requests by status", W: 12, Unit: units.RequestsPerSecond, Stacked: true,
					Text:    "Batches answered on /check and /v1/check, by our own status. 5xx is our fault, 4xx the caller's; what a target answered is not in it.",
					Queries: []Query{{Expr: `sum by (code) (rate(hc_http_requests_total{` + callers + `}[$interval])) > 0`, Legend: "{{code}}"}},
				},
				{
					Title: "Latency", W: 12, Unit: units.Seconds, Steps: rising(1, 5),
					Text: "Time from a batch's header to the end of its answer. A batch takes as long as its slowest target that is not cached.",
					Queries: []Query{
						{Expr: quantile("0.50", "hc_http_request_duration_seconds", callers, ""), Legend: "p50"},
						{Expr: quantile("0.95", "hc_http_request_duration_seconds", callers, ""), Legend: "p95"},
						{Expr: quantile("0.99", "hc_http_request_duration_seconds", callers, ""), Legend: "p99"},
					},
				},
				{
					Kind: Heat, Title: "Latency distribution", W: 12, Unit: units.Seconds,
					Text:    "How many batches took how long. Two bands are usual: answered from the cache, and asked of the network.",
					Queries: []Query{{Expr: `sum by (le) (increase(hc_http_request_duration_seconds_bucket{` + callers + `}[$interval]))`, Legend: "{{le}}"}},
				},
				{
					Title: "Error ratio", W: 12, Unit: units.PercentUnit, Steps: rising(0.001, 0.01), Full: 0.02,
					Text:    "Share of batches answered 5xx. The alert HcErrorRatioHigh fires above 1 %.",
					Queries: []Query{{Expr: errorRatio, Legend: "5xx"}},
				},
			}},
			{Title: "Checks", Panels: []Panel{
				{
					Title: "Results by outcome", Unit: units.OpsPerSecond, Stacked: true, Colors: outcomes(),
					Text:    "Results given to callers, cached ones too. warn and skip are no failures.",
					Queries: []Query{{Expr: `sum by (outcome) (rate(hc_checks_total{job="$gateway",instance=~"$instance"}[$interval]))`, Legend: "{{outcome}}"}},
				},
				{
					Title: "Why targets fail", Unit: units.OpsPerSecond, Stacked: true,
					Text:    "Results that are no pass, by reason. dns or connect_timeout for everything at once points at our own network.",
					Queries: []Query{{Expr: `sum by (reason) (rate(hc_checks_total{job="$gateway",instance=~"$instance",reason!=""}[$interval])) > 0`, Legend: "{{reason}}"}},
					Empty:   "nothing fails",
				},
				{
					Title: "Cache hit ratio", Unit: units.PercentUnit, Full: 1,
					Text: "Share of look-ups that were answered: by any tier, by the gateway's memory, and by Redis of what came through. Coalesced ones were answered by an equal target's check.",
					Queries: []Query{
						{Expr: hitRatio, Legend: "any tier"},
						{Expr: tierRatio(`job="$gateway",tier="memory"`), Legend: "memory"},
						{Expr: tierRatio(`job="$worker",tier="redis"`), Legend: "Redis"},
					},
				},
			}},
			{Title: "Workers", Panels: []Panel{
				{
					Title: "Up", Unit: units.Short,
					Text: "Processes that answer Prometheus.",
					Queries: []Query{
						{Expr: `sum(up{job="$worker"}) or vector(0)`, Legend: "workers"},
						{Expr: `sum(up{job="$gateway"}) or vector(0)`, Legend: "gateways"},
					},
				},
				{
					Title: "Places", Unit: units.Short,
					Text: "Checks in flight and targets that wait, of all workers, against the checks that may be in flight at once. Waiting with free places means that hosts are asked one after the other.",
					Queries: []Query{
						{Expr: `sum(hc_pool_in_flight{job=~"$gateway|$worker"})`, Legend: "in flight"},
						{Expr: `sum(hc_pool_queued{job=~"$gateway|$worker"})`, Legend: "waiting"},
						{Expr: `sum(hc_pool_capacity{job=~"$gateway|$worker"})`, Legend: "places"},
					},
				},
				{
					Title: "Queue wait", Unit: units.Seconds, Steps: rising(0.5, 2),
					Text: "How long checks waited for a place, their host's turn and between attempts. It is no part of the time that targets took.",
					Queries: []Query{
						{Expr: quantile("0.50", "hc_queue_wait_seconds", `job="$worker"`, ""), Legend: "p50"},
						{Expr: quantile("0.95", "hc_queue_wait_seconds", `job="$worker"`, ""), Legend: "p95"},
						{Expr: quantile("0.99", "hc_queue_wait_seconds", `job="$worker"`, ""), Legend: "p99"},
					},
				},
			}},
			{Title: "Processes", Panels: process(`job=~"$gateway|$worker"`)},
		},
	}
}

// callers are the routes that batches come in by.
const callers = `job="$gateway",instance=~"$instance",route=~"(/v1)?/check"`

const errorRatio = `(sum(rate(hc_http_requests_total{` + callers + `,code=~"5.."}[$interval]))` +
	` / (sum(rate(hc_http_requests_total{` + callers + `}[$interval])) > 0))`

// hitRatio is what deploy/prometheus/rules/recording.yml calls hc:cache_hits:ratio_rate5m.
const hitRatio = `sum(rate(hc_cache_requests_total{result=~"hit|coalesced"}[$interval]))` +
	` / (sum(rate(hc_cache_requests_total{result=~"hit|coalesced"}[$interval]))` +
	` + (sum(rate(hc_cache_requests_total{job="$worker",result=~"miss|error"}[$interval]))` +
	` or sum(rate(hc_cache_requests_total{job="$gateway",result=~"miss|error"}[$interval]))) > 0)`

func tierRatio(selector string) string {
	return `sum(rate(hc_cache_requests_total{` + selector + `,result=~"hit|coalesced"}[$interval]))` +
		` / (sum(rate(hc_cache_requests_total{` + selector + `}[$interval])) > 0)`
}

// quantile asks the classic buckets, which each Prometheus has. by is a list of
// labels to tell apart, with a comma before it.
func quantile(q, histogram, selector, by string) string {
	return `histogram_quantile(` + q + `, sum by (le` + by + `) (rate(` + histogram + `_bucket{` + selector + `}[$interval])))`
}

// overviewTiles are one line: whoever sees only that knows whether to go on.
func overviewTiles() []Panel {
	tile := func(p Panel) Panel {
		p.Kind, p.W, p.H = Stat, 3, 4
		return p
	}
	return []Panel{
		tile(Panel{
			Title: "Requests", Unit: units.RequestsPerSecond, Steps: plain(),
			Text:    "Batches answered per second.",
			Queries: []Query{{Expr: `sum(rate(hc_http_requests_total{` + callers + `}[$interval]))`}},
		}),
		tile(Panel{
			Title: "URLs", Unit: units.OpsPerSecond, Steps: plain(),
			Text:    "Results given per second, cached ones too.",
			Queries: []Query{{Expr: `sum(rate(hc_checks_total{job="$gateway",instance=~"$instance"}[$interval]))`}},
		}),
		tile(Panel{
			Title: "Errors", Unit: units.PercentUnit, Steps: rising(0.001, 0.01), Empty: "no requests",
			Text:    "Share of batches answered 5xx.",
			Queries: []Query{{Expr: errorRatio}},
		}),
		tile(Panel{
			Title: "Latency p99", Unit: units.Seconds, Steps: rising(1, 5), Empty: "no requests",
			Text:    "Of a hundred batches one takes longer.",
			Queries: []Query{{Expr: quantile("0.99", "hc_http_request_duration_seconds", callers, "")}},
		}),
		tile(Panel{
			Title: "Cache hits", Unit: units.PercentUnit, Steps: falling(0.2, 0.5), Empty: "no look-ups",
			Text:    "Share of look-ups answered by the gateway's memory, by Redis or by an equal target's check. New URLs are misses by nature.",
			Queries: []Query{{Expr: hitRatio}},
		}),
		tile(Panel{
			Title: "Workers", Unit: units.Short, Steps: []Step{{0, "red"}, {1, "green"}},
			Text:    "Workers that answer Prometheus. With none, what is not in memory is answered 503.",
			Queries: []Query{{Expr: `sum(up{job="$worker"}) or vector(0)`}},
		}),
		tile(Panel{
			Title: "Waiting", Unit: units.Short, Steps: rising(500, 5000),
			Text:    "Targets that wait for a place or their host's turn.",
			Queries: []Query{{Expr: `sum(hc_pool_queued{job=~"$gateway|$worker"})`}},
		}),
		tile(Panel{
			Title: "Alerts", Unit: units.Short, Steps: []Step{{0, "green"}, {1, "red"}},
			Text:    "Alerts that fire now. docs/runbook.md has an entry for each; they are marked in the charts, too.",
			Queries: []Query{{Expr: `count(ALERTS{alertstate="firing"}) or vector(0)`}},
		}),
	}
}

// process is what the processes that selector names take of their machine.
func process(selector string) []Panel {
	return []Panel{
		{
			Title: "Processor", Unit: units.Short,
			Text:    "Cores in use.",
			Queries: []Query{{Expr: `rate(process_cpu_seconds_total{` + selector + `}[$interval])`, Legend: "{{job}} {{instance}}"}},
		},
		{
			Title: "Memory", Unit: units.BytesIEC,
			Text:    "Resident memory.",
			Queries: []Query{{Expr: `process_resident_memory_bytes{` + selector + `}`, Legend: "{{job}} {{instance}}"}},
		},
		{
			Title: "Goroutines", Unit: units.Short,
			Text:    "They follow the checks in flight. A number that only grows is a leak: take a profile of /debug/pprof/goroutine.",
			Queries: []Query{{Expr: `go_goroutines{` + selector + `}`, Legend: "{{job}} {{instance}}"}},
		},
	}
}
