package main

import (
	"fmt"
	"time"
)

// A prediction is a course of a system that nobody here has the machines for.
type prediction struct {
	name      string
	system    system
	load      load
	incidents []incident
	breaks    time.Duration // when the incident is; 0 is never
}

// public are targets as the internet has them: half answer within 100 ms, one
// in two hundred not at all.
func public() latency {
	return latency{Median: 100 * time.Millisecond, Sigma: 1, Stalled: 0.005, Timeout: 2 * time.Second}
}

// predictions are about 1 000 workers, and about a service whose Redis has nine
// of ten answers.
func predictions(c costs) []prediction {
	thousand := system{
		Gateways: 20, Workers: 1000, Shards: 40, Places: 256, Cores: 2,
		Hop: 250 * time.Microsecond, Notice: time.Millisecond, Costs: c,
	}
	roomy := thousand
	roomy.Places = 512
	small := thousand
	small.CallSize = groupSize
	silent := thousand
	silent.Notice = 13 * time.Second
	hits := thousand
	hits.Gateways, hits.Workers, hits.Shards = 10, 120, 6
	million := load{Rate: 1e6, Batch: 100, Latency: public(), Begin: 2 * time.Second, End: 5 * time.Second}
	more := million
	more.Rate = 1.5e6
	known := million
	known.Hit = 0.9
	const at = 3 * time.Second
	return []prediction{
		{"nothing happens", thousand, million, nil, 0},
		{"the same, 512 places each", roomy, million, nil, 0},
		{"the same, 256 places, calls of 64", small, million, nil, 0},
		{"half as much again is asked", thousand, more, nil, 0},
		{"one worker dies", thousand, million, []incident{{at, kill(1)}}, at},
		{"100 workers die", thousand, million, []incident{{at, kill(100)}}, at},
		{"100 workers fall silent", silent, million, []incident{{at, kill(100)}}, at},
		{"120 workers, 90 % hits", hits, known, nil, 0},
		{"the same, Redis is lost", hits, known, []incident{{at, loseRedis}}, at},
	}
}

// predictTable runs them and gives the table, and the courses.
func predictTable(ps []prediction, seed uint64) (string, []report) {
	t := table{head: []string{"what happens", "asked/s", "answered/s", "p50", "p99", "refused", "lost", "places", "worker CPU", "gateway CPU", "Redis", "first"}}
	var reports []report
	for _, p := range ps {
		r := newWorld(p.system, p.load, seed).run(p.incidents...)
		reports = append(reports, r)
		t.add(p.name, count(r.Offered), count(r.Rate), millis(r.P50), millis(r.P99),
			percent(float64(r.Refused)/(r.Offered*(p.load.End-p.load.Begin).Seconds())), fmt.Sprint(r.Counts[lost]),
			percent(r.Places), percent(r.WorkerCPU), percent(r.GatewayCPU), percent(r.Redis), r.first())
	}
	return t.String(), reports
}

func millis(d time.Duration) string { return fmt.Sprintf("%.0f ms", d.Seconds()*1000) }

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }
