package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/metrics"
	"github.com/hc-health/hc/internal/pool"
	"github.com/hc-health/hc/internal/rpc"
)

// faultyPlaces is how many checks a faulty worker runs at once.
const faultyPlaces = 4

// panicky panics where the path begins with /panic.
type panicky struct{ next check.Checker }

func (p panicky) Check(ctx context.Context, t check.Target) check.Result {
	if strings.Contains(t.URL, "/panic") {
		panic("staged")
	}
	return p.next.Check(ctx, t)
}

// faulty is `hc serve worker` with a bug in its checks, as a program of its own.
func faulty() {
	c := &console{stderr: newStream(os.Stderr), logger: slog.New(slog.NewJSONHandler(os.Stderr, nil))}
	s := &Settings{Service: serviceSettings{AdminListen: "127.0.0.1:0", DrainTimeout: time.Second}}
	if err := s.runFaulty(c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (s *Settings) runFaulty(c *console) error {
	ctx, release := untilSignal(context.Background(), c.tellDraining)
	defer release()
	m, err := newMeters(ctx, true, c.logger)
	if err != nil {
		return err
	}
	web := check.NewHTTP(check.HTTPConfig{})
	defer web.Close()
	asked := pool.New(check.Flight(panicky{web}), pool.Config{Concurrency: faultyPlaces, PerHost: faultyPlaces})
	m.Pool(func() (capacity, inFlight, queued int) {
		now := asked.Stats()
		return now.Capacity, now.InFlight, now.Queued
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server, err := rpc.NewServer(metrics.Watch(asked, m.Set), rpc.ServerConfig{Log: c.logger})
	if err != nil {
		return err
	}
	return s.attended(ctx, c.logger, m, func() error { return s.serveGRPC(ctx, server, ln, c.logger) })
}
