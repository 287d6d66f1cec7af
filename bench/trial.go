package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// trials are runs small enough for this machine. ./sim repeats them with the
// costs that were measured beside them, and is held to what they gave.
func trials(ctx context.Context, l *lab) ([]cost, error) {
	var all []cost
	for _, t := range []struct {
		name    string
		urls    int
		hosts   int
		c       int
		latency bool
	}{
		{"hc check, 8 places", 800, 800, 8, true},
		{"hc check, 64 places", 6_400, 6_400, 64, true},
		{"hc check, 256 places", 20_000, 20_000, 256, true},
		{"hc check, 1000 places", 40_000, 40_000, 1000, true},
		{"hc check, 1000 URLs on one host, 10 at once", 1_000, 1, 256, false},
	} {
		costs, err := l.medians(func() ([]cost, error) { return l.trial(ctx, t.urls, t.hosts, t.c) })
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		costs[0].what = t.name
		if !t.latency {
			costs = costs[:1]
		}
		all = append(all, costs...)
	}
	for _, more := range []func(context.Context, *lab) ([]cost, error){trialThrottled, trialWorkers, trialLost} {
		costs, err := more(ctx, l)
		if err != nil {
			return nil, err
		}
		all = append(all, costs...)
	}
	return all, nil
}

// trial checks a list of slow targets.
func (l *lab) trial(ctx context.Context, urls, hosts, c int) ([]cost, error) {
	list, err := l.list("trial", urls, over("http", l.target.slow, hosts))
	if err != nil {
		return nil, err
	}
	said := &tail{max: 64 << 10}
	s, err := child(ctx, l.dir, l.hc().argv(job{list: list, c: c}), nil, said)
	if err != nil {
		return nil, err
	}
	var sum struct {
		Pass    int
		Latency struct{ P50, P99 float64 } `json:"latency_ms"`
	}
	last := said.buf[bytes.LastIndexByte(bytes.TrimSpace(said.buf), '\n')+1:]
	if err := json.Unmarshal(last, &sum); err != nil || sum.Pass != urls {
		return nil, fmt.Errorf("%d of %d passed: %s", sum.Pass, urls, s.stderr)
	}
	return []cost{
		{"", float64(urls) / s.wall.Seconds(), "URLs/s"},
		{"a check of it, median", sum.Latency.P50, "ms"},
		{"a check of it, 99th percentile", sum.Latency.P99, "ms"},
	}, nil
}

// trialThrottled is the list of the promise throttled-10k.
func trialThrottled(ctx context.Context, l *lab) ([]cost, error) {
	const hosts, laps, refused = 99, 200, 10_000
	var urls []string
	for i := range refused {
		urls = append(urls, fmt.Sprintf("http://%s:%d/%d", throttledHost, l.target.slow, i))
	}
	line := over("http", l.target.slow, hosts)
	for i := range hosts * laps {
		urls = append(urls, line(i))
	}
	return l.medians(func() ([]cost, error) {
		last, warned, err := l.othersDone(ctx, urls)
		if err == nil && warned != refused {
			err = fmt.Errorf("%d of the throttled host's %d URLs ended as warnings", warned, refused)
		}
		return []cost{{"99 hosts of 200 URLs besides a throttled one of 10 000, 256 places, the last answer of the 99", last.Seconds(), "s"}}, err
	})
}

// trialWorkers is what one worker and two give through a gateway.
func trialWorkers(ctx context.Context, l *lab) ([]cost, error) {
	r := &rack{lab: l}
	defer r.stop()
	const c = 64
	var workers []*daemon
	var all []cost
	for _, name := range []string{"a worker of 64 places", "two workers of 64 places"} {
		w, err := l.slowWorker(ctx, r, c)
		if err != nil {
			return nil, err
		}
		workers = append(workers, w)
		gateway, err := l.inFront(ctx, r, workers...)
		if err != nil {
			return nil, err
		}
		costs, err := l.medians(func() ([]cost, error) {
			perSecond, err := l.coldRate(ctx, gateway)
			return []cost{{name + ", 3 batches of 1000 always under way", perSecond, "URLs/s"}}, err
		})
		if err != nil {
			return nil, err
		}
		all = append(all, costs...)
	}
	return all, nil
}

// trialLost kills one of two workers half a second after three batches began.
func trialLost(ctx context.Context, l *lab) ([]cost, error) {
	return l.medians(func() ([]cost, error) {
		r := &rack{lab: l}
		defer r.stop()
		const c = 64
		first, err := l.slowWorker(ctx, r, c)
		if err != nil {
			return nil, err
		}
		second, err := l.slowWorker(ctx, r, c)
		if err != nil {
			return nil, err
		}
		gateway, err := l.inFront(ctx, r, first, second)
		if err != nil {
			return nil, err
		}
		wait(ctx, time.Second) // until both are connected
		var g errgroup.Group
		start := time.Now()
		for range batchesOpen {
			g.Go(func() error { return l.stream(ctx, gateway, l.target.slow, func() {}) })
		}
		wait(ctx, 500*time.Millisecond)
		if err := second.cmd.Process.Kill(); err != nil {
			return nil, err
		}
		err = g.Wait()
		return []cost{{"3 batches of 1000 over two workers of 64 places, one killed after 0.5 s, the last answer", time.Since(start).Seconds(), "s"}}, err
	})
}
