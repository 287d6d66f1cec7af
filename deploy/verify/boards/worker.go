package boards

import "github.com/grafana/grafana-foundation-sdk/go/units"

// worker answers: is it the targets or is it us?
func worker() Board {
	const of = `job="$worker",instance=~"$instance"`
	byReason := `sum by (reason) (rate(hc_checks_total{` + of + `,reason!=""}[$interval])) > 0`
	return Board{
		Name:  "worker",
		Title: "hc / Worker",
		Text:  "Places, phases, reasons, Redis and gRPC of the processes that check.",
		Vars: []Var{
			{Name: "worker", Label: "Worker", Metric: "grpc_server_started_total", Of: "job"},
			{Name: "instance", Label: "Instance", Metric: `grpc_server_started_total{job="$worker"}`, Of: "instance", Many: true},
			interval(),
		},
		Rows: []Row{
			{Panels: workerTiles(of)},
			{Title: "Pool", Panels: []Panel{
				{
					Title: "Checks in flight", W: 6, Unit: units.Short,
					Text: "Checks under way on each worker, and how many places each has.",
					Queries: []Query{
						{Expr: `hc_pool_in_flight{` + of + `}`, Legend: "{{instance}}"},
						{Expr: `max(hc_pool_capacity{` + of + `})`, Legend: "places of one"},
					},
				},
				{
					Title: "Targets waiting", W: 6, Unit: units.Short,
					Text:    "Read ahead, and waiting for a place or their host's turn. What waits is bounded; beyond it gateways wait.",
					Queries: []Query{{Expr: `hc_pool_queued{` + of + `}`, Legend: "{{instance}}"}},
				},
				{
					Title: "Queue wait", W: 6, Unit: units.Seconds, Steps: rising(0.5, 2),
					Text: "How long checks waited here before and between attempts.",
					Queries: []Query{
						{Expr: quantile("0.50", "hc_queue_wait_seconds", of, ""), Legend: "p50"},
						{Expr: quantile("0.95", "hc_queue_wait_seconds", of, ""), Legend: "p95"},
						{Expr: quantile("0.99", "hc_queue_wait_seconds", of, ""), Legend: "p99"},
					},
				},
				{
					Title: "Late because of us", W: 6, Unit: units.OpsPerSecond,
					Text:    "Checks that waited long for a place, or whose process did not run: their times tell of the prober, not of the target. The alert HcChecksLate fires at one in twenty.",
					Queries: []Query{{Expr: `rate(hc_checks_late_total{` + of + `}[$interval])`, Legend: "{{instance}}"}},
				},
				{
					Kind: Strip, Title: "Saturated", W: 24, H: 4, Unit: units.Short,
					Text:    "Every place is taken and targets wait. While that lasts, slow results may be the prober's fault.",
					Words:   []string{"room", "full"},
					Steps:   []Step{{0, "green"}, {1, "red"}},
					Queries: []Query{{Expr: `hc_prober_saturated{` + of + `}`, Legend: "{{instance}}"}},
				},
			}},
			{Title: "Checks", Panels: []Panel{
				{
					Title: "Check time", Unit: units.Seconds,
					Text: "Time that targets took, retries included, waiting and cached results left out.",
					Queries: []Query{
						{Expr: quantile("0.50", "hc_check_duration_seconds", of, ""), Legend: "p50"},
						{Expr: quantile("0.95", "hc_check_duration_seconds", of, ""), Legend: "p95"},
						{Expr: quantile("0.99", "hc_check_duration_seconds", of, ""), Legend: "p99"},
					},
				},
				{
					Kind: Heat, Title: "Check time distribution", Unit: units.Seconds,
					Text:    "How many checks took how long. A band at the top edge is targets that run into the time-out.",
					Queries: []Query{{Expr: `sum by (le) (increase(hc_check_duration_seconds_bucket{` + of + `}[$interval]))`, Legend: "{{le}}"}},
				},
				{
					Title: "Where a check's time goes", Unit: units.Seconds, Stacked: true,
					Text:    "Mean time in each phase, over all checks that asked the network. Reused connections spend none on resolve, connect and tls.",
					Queries: []Query{{Expr: `sum by (phase) (rate(hc_check_phase_duration_seconds_sum{` + of + `}[$interval])) / ignoring (phase) group_left () sum(rate(hc_check_duration_seconds_count{` + of + `}[$interval]) > 0)`, Legend: "{{phase}}"}},
				},
				{
					Title: "Phases p95", Unit: units.Seconds,
					Text:    "Of the checks that went through a phase, one in twenty took longer. resolve and connect are our network, processing is the target's.",
					Queries: []Query{{Expr: quantile("0.95", "hc_check_phase_duration_seconds", of, ", phase"), Legend: "{{phase}}"}},
				},
				{
					Title: "Reasons", Unit: units.OpsPerSecond, Stacked: true, Empty: "nothing fails",
					Text:    "Results that are no pass, by reason; cached ones too.",
					Queries: []Query{{Expr: byReason, Legend: "{{reason}}"}},
				},
				{
					Title: "Attempts per check", Unit: units.Short, Steps: rising(1.2, 1.6),
					Text:    "1 is no retry. It rises when targets or the way to them are shaky.",
					Queries: []Query{{Expr: `sum(rate(hc_check_attempts_total{` + of + `}[$interval])) / (sum(rate(hc_check_duration_seconds_count{` + of + `}[$interval])) > 0)`, Legend: "attempts"}},
				},
			}},
			{Title: "Redis", Panels: []Panel{
				{
					Title: "Look-ups", Unit: units.OpsPerSecond, Stacked: true, Colors: lookups(),
					Text:    "Look-ups in Redis by what came of them. Coalesced ones waited for an equal target's check, here or on another worker.",
					Queries: []Query{{Expr: `sum by (result) (rate(hc_cache_requests_total{` + of + `,tier="redis"}[$interval]))`, Legend: "{{result}}"}},
				},
				{
					Title: "Hit ratio", Unit: units.PercentUnit, Full: 1,
					Text:    "Of what the gateways' memory did not have, the share that Redis did.",
					Queries: []Query{{Expr: `sum by (instance) (rate(hc_cache_requests_total{` + of + `,result=~"hit|coalesced"}[$interval])) / (sum by (instance) (rate(hc_cache_requests_total{` + of + `}[$interval])) > 0)`, Legend: "{{instance}}"}},
				},
				{
					Title: "Results not kept", Unit: units.OpsPerSecond,
					Text:    "Results that were to be written to Redis and could not be. Nothing is lost but a hit.",
					Queries: []Query{{Expr: `rate(hc_cache_dropped_total{` + of + `}[$interval])`, Legend: "{{instance}}"}},
				},
				{
					Kind: Strip, Title: "Redis answers", W: 24, H: 4, Unit: units.Short,
					Text:    "As each worker sees it. Without Redis each worker asks for itself; no verdict changes.",
					Words:   []string{"down", "up"},
					Steps:   []Step{{0, "red"}, {1, "green"}},
					Queries: []Query{{Expr: `hc_cache_up{` + of + `}`, Legend: "{{instance}}"}},
				},
			}},
			{Title: "gRPC", Panels: []Panel{
				{
					Title: "Gateways connected", Unit: units.Short,
					Text:    "Gateways that watch this worker's health right now, which each connected one does. Workers with none get no work.",
					Queries: []Query{{Expr: `sum by (instance) (grpc_server_started_total{` + of + `,grpc_method="Watch"}) - sum by (instance) (grpc_server_handled_total{` + of + `,grpc_method="Watch"})`, Legend: "{{instance}}"}},
				},
				{
					Title: "Messages", Unit: units.OpsPerSecond,
					Text: "Groups of targets received and of results sent: far fewer than checks while there is load.",
					Queries: []Query{
						{Expr: `sum(rate(grpc_server_msg_received_total{` + of + `,grpc_method="Check",grpc_service="hc.v1.Checker"}[$interval]))`, Legend: "received"},
						{Expr: `sum(rate(grpc_server_msg_sent_total{` + of + `,grpc_method="Check",grpc_service="hc.v1.Checker"}[$interval]))`, Legend: "sent"},
					},
				},
				{
					Title: "Calls ended", Unit: units.OpsPerSecond, Stacked: true,
					Text:    "By status. Canceled is a caller who hung up; Unavailable is a worker that stops.",
					Queries: []Query{{Expr: `sum by (grpc_code) (rate(grpc_server_handled_total{` + of + `,grpc_service="hc.v1.Checker"}[$interval])) > 0`, Legend: "{{grpc_code}}"}},
				},
			}},
			{Title: "Process", Panels: append(process(of),
				Panel{
					Title: "Open files", W: 12, Unit: units.Short,
					Text: "Sockets, mostly: checks in flight and idle connections. At the limit checks fail with resource_exhausted.",
					Queries: []Query{
						{Expr: `process_open_fds{` + of + `}`, Legend: "{{instance}}"},
					},
				},
				Panel{
					Title: "Addresses refused", W: 12, Unit: units.OpsPerSecond,
					Text:    "By the guard's rule. A target that is blocked was refused before anything was sent.",
					Queries: []Query{{Expr: `sum by (rule) (rate(hc_blocked_total{` + of + `}[$interval]))`, Legend: "{{rule}}"}},
				},
			)},
		},
	}
}

func workerTiles(of string) []Panel {
	tile := func(p Panel) Panel {
		p.Kind, p.W, p.H = Stat, 3, 4
		return p
	}
	return []Panel{
		tile(Panel{
			Title: "Workers", Unit: units.Short, Steps: []Step{{0, "red"}, {1, "green"}},
			Text:    "Of the chosen ones, how many answer Prometheus.",
			Queries: []Query{{Expr: `sum(up{` + of + `}) or vector(0)`}},
		}),
		tile(Panel{
			Title: "Checks", Unit: units.OpsPerSecond, Steps: plain(),
			Text:    "Targets asked per second, cached results left out.",
			Queries: []Query{{Expr: `sum(rate(hc_check_duration_seconds_count{` + of + `}[$interval]))`}},
		}),
		tile(Panel{
			Title: "Places taken", Unit: units.PercentUnit, Steps: rising(0.7, 0.95),
			Text:    "Checks in flight, of those that may be. Full with nothing waiting is well used.",
			Queries: []Query{{Expr: `sum(hc_pool_in_flight{` + of + `}) / sum(hc_pool_capacity{` + of + `})`}},
		}),
		tile(Panel{
			Title: "Waiting", Unit: units.Short, Steps: rising(500, 5000),
			Text:    "Targets that wait for a place or their host's turn.",
			Queries: []Query{{Expr: `sum(hc_pool_queued{` + of + `})`}},
		}),
		tile(Panel{
			Title: "Queue wait p95", Unit: units.Seconds, Steps: rising(0.5, 2), Empty: "no checks",
			Text:    "One check in twenty waited longer. The alert HcQueueWaitLong fires above 2 s.",
			Queries: []Query{{Expr: quantile("0.95", "hc_queue_wait_seconds", of, "")}},
		}),
		tile(Panel{
			Title: "Check time p95", Unit: units.Seconds, Steps: rising(2, 5), Empty: "no checks",
			Text:    "One target in twenty took longer to answer.",
			Queries: []Query{{Expr: quantile("0.95", "hc_check_duration_seconds", of, "")}},
		}),
		tile(Panel{
			Title: "Redis", Unit: units.Short, Words: []string{"down", "up"}, Steps: []Step{{0, "red"}, {1, "green"}},
			Text:    "down while any of the workers gets no answer; up where none is configured.",
			Queries: []Query{{Expr: `min(hc_cache_up{` + of + `})`}},
		}),
		tile(Panel{
			Title: "Failing", Unit: units.PercentUnit, Steps: rising(0.5, 0.8), Empty: "no checks",
			Text:    "Share of results that fail. Targets do; HcMostChecksFail asks whether it is us.",
			Queries: []Query{{Expr: `sum(rate(hc_checks_total{` + of + `,outcome="fail"}[$interval])) / (sum(rate(hc_checks_total{` + of + `}[$interval])) > 0)`}},
		}),
	}
}
