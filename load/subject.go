package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/hc-health/hc/load/internal/drive"
	"github.com/hc-health/hc/load/internal/lab"
	"github.com/hc-health/hc/load/internal/measure"
)

// A subject is a service under load.
type subject struct {
	name    string
	url     string // of POST /check
	metrics []string
	load    drive.Load
}

// slice is how much time is a point of the plots.
const slice = 250 * time.Millisecond

// ours starts hc and the straightforward service, and runs everything on them.
// One rests while the other works.
func (r *report) ours(ctx context.Context, s settings, stdout io.Writer) (err error) {
	l, err := lab.Open(ctx, s.root)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	hc, err := l.Start(ctx, lab.Arrangement{Redis: true, Front: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, hc.Close()) }()
	straight, err := l.Start(ctx, lab.Arrangement{Straight: true, Redis: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, straight.Close()) }()

	load := drive.Load{URLs: l.Targets.URLs(100, 20*time.Millisecond, 200*time.Millisecond), Batch: batch, Strict: true}
	a := subject{hcName, hc.URL, hc.Metrics, load}
	b := subject{straightName, straight.URL, nil, load}
	for _, sub := range []subject{a, b} {
		if err := load.Warm(ctx, sub.url); err != nil {
			return err
		}
	}
	for _, sc := range scenarios(s.short) {
		if err := r.atRates(ctx, a, sc, stdout); err != nil {
			return err
		}
		if sc.Name == steady {
			if err := r.atRates(ctx, b, sc, stdout); err != nil {
				return err
			}
		}
	}
	for range crashRounds {
		for _, sub := range []subject{a, b} {
			if err := r.byUsers(ctx, sub, s.short, stdout); err != nil {
				return err
			}
		}
	}
	return r.overRPC(ctx, hc.Worker, s, load, hc.Metrics, stdout)
}

// theirs runs on a service that is there already.
func (r *report) theirs(ctx context.Context, s settings, stdout io.Writer) error {
	urls := []string(s.targets)
	if len(urls) == 0 {
		for i := range 30 {
			urls = append(urls, fmt.Sprintf("https://example.%s/?page=%d", []string{"com", "net", "org"}[i%3], i))
		}
	}
	load := drive.Load{URLs: urls, Batch: batch}
	sub := subject{hcName, strings.TrimSuffix(s.url, "/") + "/check", s.metrics, load}
	if err := load.Warm(ctx, sub.url); err != nil {
		return err
	}
	for _, sc := range scenarios(s.short) {
		if err := r.atRates(ctx, sub, sc, stdout); err != nil {
			return err
		}
	}
	if err := r.byUsers(ctx, sub, s.short, stdout); err != nil {
		return err
	}
	if s.grpc == "" {
		return nil
	}
	return r.overRPC(ctx, s.grpc, s, load, s.metrics, stdout)
}

func (r *report) atRates(ctx context.Context, sub subject, sc scenario, stdout io.Writer) error {
	return r.measure(ctx, sub, sc.Name, sc.Says, stdout, func(run *measure.Run) error {
		return sub.load.Open(ctx, sub.url, sc.stages, run)
	})
}

func (r *report) byUsers(ctx context.Context, sub subject, short bool, stdout io.Writer) error {
	return r.measure(ctx, sub, crash, "users without a pause, up to 64 of them", stdout, func(run *measure.Run) error {
		return sub.load.Users(ctx, sub.url, crashRamps(short), run)
	})
}

func (r *report) overRPC(ctx context.Context, worker string, s settings, load drive.Load, metrics []string, stdout io.Writer) error {
	sub := subject{name: hcName, metrics: metrics, load: load}
	return r.measure(ctx, sub, overRPC, "streams to the worker itself, a batch each", stdout, func(run *measure.Run) error {
		return load.GRPC(ctx, worker, filepath.Join(s.root, "internal", "rpc", "proto"), rpcRate, rpcTime(s.short), run)
	})
}

// measure runs one scenario with the hits before and after it.
func (r *report) measure(ctx context.Context, sub subject, name, says string, stdout io.Writer, drive func(*measure.Run) error) error {
	before, err := lab.Hits(ctx, sub.metrics)
	if err != nil {
		return err
	}
	run := measure.NewRun(slice)
	if err := drive(run); err != nil {
		return fmt.Errorf("%s on %s: %w", name, sub.name, err)
	}
	after, err := lab.Hits(ctx, sub.metrics)
	if err != nil {
		return err
	}
	f := run.Figures()
	o := outcome{Scenario: name, Says: says, Subject: sub.name, Figures: f, HitRatio: f.HitRatio(), run: run}
	if len(sub.metrics) > 0 && f.URLs > 0 {
		o.HitRatio = float64(after-before) / float64(f.URLs)
	}
	r.Outcomes = append(r.Outcomes, o)
	o.tell(stdout)
	return nil
}
