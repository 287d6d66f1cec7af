package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/hc-health/hc/bench/splice"
)

// A cost is a figure that docs/scaling.md and ./sim start from. It promises
// nothing.
type cost struct {
	what  string
	value float64
	unit  string
}

// figure has as many digits as mean something.
func (c cost) figure() string {
	if c.value >= 1000 {
		return fmt.Sprintf("%.0f", c.value)
	}
	return fmt.Sprintf("%.3g", c.value)
}

// costly are the groups of costs, in the order they are measured.
func costly() []struct {
	name  string
	claim string
	run   func(ctx context.Context, l *lab) ([]cost, error)
} {
	return []struct {
		name  string
		claim string
		run   func(ctx context.Context, l *lab) ([]cost, error)
	}{
		{"check", "a check by the command, concurrency 256", checkCosts},
		{"hot", "a request that the gateway answers from its memory, 64 connections", hotCosts},
		{"hop", "a request through gateway, gRPC, worker and Redis, all hits, 64 connections", hopCosts},
		{"cold", "a URL through gateway, worker and Redis that nobody has asked for, and no target waits", coldCosts},
		{"wire", "the bytes between the processes", wireCosts},
		{"redis", "a bare loop of MGETs or pipelines, 4 at once", redisCosts},
		{"memory", "resident memory", memoryCosts},
		{"trial", "runs that the simulation repeats, targets of 50 ms", trials},
	}
}

// runCosts measures the groups that are asked for and prints their tables.
func runCosts(ctx context.Context, l *lab, s settings, stdout io.Writer) error {
	machine := describe(ctx, l)
	fmt.Fprintln(stdout, machine)
	var doc strings.Builder
	doc.WriteString(machine + "\n")
	for _, group := range costly() {
		if !s.only.MatchString(group.name) {
			continue
		}
		costs, err := group.run(ctx, l)
		if err != nil {
			return fmt.Errorf("%s: %w", group.name, err)
		}
		fmt.Fprintf(stdout, "\n%s: %s\n", group.name, group.claim)
		fmt.Fprintf(&doc, "\n| %s: %s | | |\n|---|---:|---|\n", group.name, group.claim)
		t := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
		for _, c := range costs {
			fmt.Fprintf(t, "  %s\t%s\t%s\n", c.what, c.figure(), c.unit)
			fmt.Fprintf(&doc, "| %s | %s | %s |\n", c.what, c.figure(), c.unit)
		}
		t.Flush()
	}
	if s.doc == "" {
		return nil
	}
	return splice.Into(s.doc, splice.Begin("make costs"), doc.String())
}

// medians gives, for each cost that f finds, the median of the lab's rounds.
func (l *lab) medians(f func() ([]cost, error)) ([]cost, error) {
	var all [][]cost
	for range l.rounds {
		costs, err := f()
		if err != nil {
			return nil, err
		}
		all = append(all, costs)
	}
	found := all[0]
	for i := range found {
		values := make([]float64, len(all))
		for round := range all {
			values[round] = all[round][i].value
		}
		found[i].value = median(values)
	}
	return found, nil
}

// checkCosts are those of docs/performance.md, and the target's share of each.
func checkCosts(ctx context.Context, l *lab) ([]cost, error) {
	var all []cost
	for _, kind := range []struct {
		name   string
		scheme string
		port   int
		urls   int
		hosts  int
		slow   bool
	}{
		{"plain, host seen once", "http", l.target.fast, 10_000, 10_000, false},
		{"plain, host returns", "http", l.target.fast, 40_000, 2_000, false},
		{"TLS, host seen once", "https", l.target.tls, 2_000, 2_000, false},
		{"TLS, host returns", "https", l.target.tls, 40_000, 100, false},
		{"plain, host seen once, 50 ms", "http", l.target.slow, 10_000, 10_000, true},
	} {
		list, err := l.list("costs", kind.urls, over(kind.scheme, kind.port, kind.hosts))
		if err != nil {
			return nil, err
		}
		costs, err := l.medians(func() ([]cost, error) {
			before, err := l.target.cpu()
			if err != nil {
				return nil, err
			}
			s, err := l.lap(ctx, l.hc("-k"), job{list: list, urls: kind.urls, c: 256})
			if err == nil && s.passed != kind.urls {
				err = fmt.Errorf("%s: %d of %d passed", kind.name, s.passed, kind.urls)
			}
			if err != nil {
				return nil, err
			}
			after, err := l.target.cpu()
			each := micros(after-before) / float64(kind.urls)
			return []cost{
				{kind.name, micros(s.cpu) / float64(kind.urls), "µs CPU/URL"},
				{kind.name + ", of it at the target", each, "µs CPU/URL, the target's own"},
			}, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, costs...)
	}
	return all, nil
}

// cpu is what the target's workers have used.
func (n *nginx) cpu() (time.Duration, error) {
	pid := strconv.Itoa(n.cmd.Process.Pid)
	children, err := os.ReadFile(filepath.Join("/proc", pid, "task", pid, "children"))
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for child := range strings.FieldsSeq(string(children)) {
		pid, err := strconv.Atoi(child)
		if err != nil {
			return 0, err
		}
		used, err := cpuOf(pid)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// batches are the sizes of a request: what it costs by itself and for each URL
// is read off their costs. 64 callers with the largest are within --max-pending.
func batches() []int { return []int{1, 10, 100, 250} }

// perBatchAndURL is the line through the costs of the smallest and the largest
// batch.
func perBatchAndURL(who string, cpu []float64) []cost {
	sizes := batches()
	last := len(sizes) - 1
	each := (cpu[last] - cpu[0]) / float64(sizes[last]-sizes[0])
	return []cost{
		{who + ", per batch", cpu[0] - each, "µs CPU"},
		{who + ", per URL of it", each, "µs CPU"},
	}
}

func hotCosts(ctx context.Context, l *lab) ([]cost, error) {
	r := &rack{lab: l}
	defer r.stop()
	gateway, err := r.start(ctx, "hc", loopback("serve", "gateway", "--listen", "ADDR", "--cache-ttl", "pass=1h")...)
	if err != nil {
		return nil, err
	}
	return l.requestCosts(ctx, gateway, []part{{"gateway", gateway.cpu}})
}

func hopCosts(ctx context.Context, l *lab) ([]cost, error) {
	r := &rack{lab: l}
	defer r.stop()
	redis, err := r.redis(ctx)
	if err != nil {
		return nil, err
	}
	hc, err := l.three(ctx, r, redis)
	if err != nil {
		return nil, err
	}
	return l.requestCosts(ctx, hc[0], []part{{"gateway", hc[0].cpu}, {"worker", hc[1].cpu}, {"Redis", redis.cpu}})
}

// A part of the service, and the CPU it has used.
type part struct {
	name string
	cpu  func() (time.Duration, error)
}

// requestCosts has wrk ask gateway with each size of a batch.
func (l *lab) requestCosts(ctx context.Context, gateway *daemon, parts []part) ([]cost, error) {
	var rates []cost
	used := make([][]float64, len(parts))
	for _, n := range batches() {
		body, err := l.urlsOf(n)
		if err != nil {
			return nil, err
		}
		s := checking("hc", gateway, body, n)
		if _, err := settled(ctx, s.url, body, s.proof); err != nil {
			return nil, err
		}
		script, err := l.posting(body)
		if err != nil {
			return nil, err
		}
		costs, err := l.medians(func() ([]cost, error) { return l.shootAt(ctx, s, script, parts) })
		if err != nil {
			return nil, err
		}
		rates = append(rates, cost{fmt.Sprintf("requests of %d", n), costs[0].value, "a second"})
		for i := range parts {
			used[i] = append(used[i], costs[1+i].value)
			rates = append(rates, cost{fmt.Sprintf("%s, a request of %d", parts[i].name, n), costs[1+i].value, "µs CPU"})
		}
	}
	for i := range parts {
		rates = append(rates, perBatchAndURL(parts[i].name, used[i])...)
	}
	return rates, nil
}

// shootAt gives the requests a second and the CPU of each part per request.
func (l *lab) shootAt(ctx context.Context, s service, script string, parts []part) ([]cost, error) {
	var rate float64
	each, err := cpuPerUnit(parts, func() (int, error) {
		shot, err := l.shoot(ctx, s, script, connections, 2*time.Second)
		if err == nil && shot.failed > 0 {
			err = fmt.Errorf("%d requests failed", shot.failed)
		}
		rate = shot.value(requests)
		return shot.requests, err
	})
	costs := []cost{{value: rate}}
	for _, cpu := range each {
		costs = append(costs, cost{value: cpu})
	}
	return costs, err
}

// cpuPerUnit is what each part spends on a unit of work, in µs; work gives how
// many units it did.
func cpuPerUnit(parts []part, work func() (units int, err error)) ([]float64, error) {
	before, err := cpuOfAll(parts)
	if err != nil {
		return nil, err
	}
	units, err := work()
	if err != nil {
		return nil, err
	}
	after, err := cpuOfAll(parts)
	each := make([]float64, len(parts))
	for i := range parts {
		each[i] = micros(after[i]-before[i]) / float64(units)
	}
	return each, err
}

func cpuOfAll(parts []part) ([]time.Duration, error) {
	used := make([]time.Duration, len(parts))
	var errs error
	for i, p := range parts {
		var err error
		used[i], err = p.cpu()
		errs = errors.Join(errs, err)
	}
	return used, errs
}

// coldCosts asks for new URLs of hosts that answer at once.
func coldCosts(ctx context.Context, l *lab) ([]cost, error) {
	r := &rack{lab: l}
	defer r.stop()
	redis, err := r.redis(ctx)
	if err != nil {
		return nil, err
	}
	hc, err := l.three(ctx, r, redis)
	if err != nil {
		return nil, err
	}
	parts := []part{{"gateway", hc[0].cpu}, {"worker", hc[1].cpu}, {"Redis", redis.cpu}, {"target", l.target.cpu}}
	return l.medians(func() ([]cost, error) {
		var took time.Duration
		n := 0
		each, err := cpuPerUnit(parts, func() (int, error) {
			start := time.Now()
			for time.Since(start) < 2*time.Second {
				if err := l.stream(ctx, hc[0], l.target.fast, func() { n++ }); err != nil {
					return 0, err
				}
			}
			took = time.Since(start)
			return n, nil
		})
		if err != nil {
			return nil, err
		}
		costs := []cost{{"batches of 1000, one after the other", float64(n) / took.Seconds(), "URLs/s"}}
		for i, p := range parts {
			costs = append(costs, cost{p.name, each[i], "µs CPU/URL"})
		}
		return costs, nil
	})
}

// wireCosts counts what goes through taps between the processes.
func wireCosts(ctx context.Context, l *lab) ([]cost, error) {
	r := &rack{lab: l}
	defer r.stop()
	redis, err := r.redis(ctx)
	if err != nil {
		return nil, err
	}
	shared, err := openTap(ctx, redis.addr)
	if err != nil {
		return nil, err
	}
	defer shared.close()
	worker, err := r.start(ctx, "hc", loopback("serve", "worker", "--listen", "ADDR", "--cache", "redis://"+shared.addr())...)
	if err != nil {
		return nil, err
	}
	wire, err := openTap(ctx, worker.addr)
	if err != nil {
		return nil, err
	}
	defer wire.close()
	gateway, err := r.start(ctx, "hc", loopback("serve", "gateway", "--listen", "ADDR", "--cache", "off", "--workers", wire.addr())...)
	if err != nil {
		return nil, err
	}
	const n = 1000
	body, err := json.Marshal(map[string]any{"urls": l.fresh.take(l.target.fast, n)})
	if err != nil {
		return nil, err
	}
	var all []cost
	url := "http://" + gateway.addr + "/check"
	for _, known := range []string{"a new URL", "a hit"} {
		to, from, sent, got := wire.to.Load(), wire.from.Load(), shared.to.Load(), shared.from.Load()
		if _, err := settled(ctx, url, body, func(ctx context.Context) error {
			if known == "a new URL" {
				return nil
			}
			return allHeld(ctx, url, body, `"outcome":"pass"`, n)
		}); err != nil {
			return nil, err
		}
		wait(ctx, 200*time.Millisecond) // what is saved behind the answer
		times := float64(n)
		if known == "a hit" {
			times *= 2 // the proof is asked as well
		}
		each := func(before, after int64) float64 { return float64(after-before) / times }
		all = append(all,
			cost{known + ", gateway to worker", each(to, wire.to.Load()), "bytes/URL"},
			cost{known + ", worker to gateway", each(from, wire.from.Load()), "bytes/URL"},
			cost{known + ", worker to Redis", each(sent, shared.to.Load()), "bytes/URL"},
			cost{known + ", Redis to worker", each(got, shared.from.Load()), "bytes/URL"})
	}
	return all, nil
}
