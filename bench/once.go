package main

import (
	"context"
	"fmt"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// once asks 10 000 times for one page that takes 50 ms, so that all that are in
// flight at first wait for the same answer.
func once(ctx context.Context, l *lab) (findings, error) {
	const n = 10_000
	redis, err := l.startRedis(ctx)
	if err != nil {
		return findings{}, err
	}
	defer redis.stop()
	one, err := l.askedOnce(ctx, n, "memory", 1, "one process: one request at the target")
	if err != nil {
		return findings{}, err
	}
	two, err := l.askedOnce(ctx, n, redis.url(), 2, "two processes on one Redis: one request at the target")
	return findings{verdicts: []verdict{one, two}}, err
}

func (l *lab) askedOnce(ctx context.Context, n int, cache string, processes int, bar string) (verdict, error) {
	list, err := l.list("once", n, func(int) string {
		return fmt.Sprintf("http://%s:%d/%d", host(0), l.target.slow, processes)
	})
	if err != nil {
		return verdict{}, err
	}
	before, err := l.target.requests(ctx)
	if err != nil {
		return verdict{}, err
	}
	var g errgroup.Group
	outs := make([]tail, processes)
	for i := range outs {
		outs[i].max = 64 << 10
		g.Go(func() error {
			_, err := child(ctx, l.dir, []string{
				filepath.Join(l.dir, "hc"), "check", "-f", "jsonl", "--no-dedup", "-c", "128", "--per-host", "128", "--cache", cache, list,
			}, nil, &outs[i])
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return verdict{}, err
	}
	after, err := l.target.requests(ctx)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{bar: bar, measured: fmt.Sprintf("%d", after-before-1), ok: after-before-1 == 1}
	for i := range outs {
		sum, err := summaryOf(&outs[i])
		if err != nil {
			return verdict{}, err
		}
		all := sum.all(n)
		v.ok = v.ok && all.ok
		v.measured += ", " + all.measured
	}
	return v, nil
}
