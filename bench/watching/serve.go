package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
	front "github.com/hc-health/hc/internal/gateway"
	"github.com/hc-health/hc/internal/metrics"
	"github.com/hc-health/hc/internal/pool"
)

// serve is a gateway as hc serve gateway makes it, watched as mode says. It tells
// its address on stdout.
func serve(ctx context.Context, mode string) error {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	log := slog.New(slog.NewJSONHandler(null, nil))
	web := check.NewHTTP(check.HTTPConfig{})
	defer web.Close()
	memory := cache.NewMemory(cache.MemoryConfig{TTL: cache.TTL{Pass: time.Hour, Fail: time.Hour}})
	cfg := front.Config{
		Runner: cache.Through(pool.New(check.Flight(check.Retry(web, check.RetryConfig{})), pool.Config{}), memory, cache.Config{}),
		Hot:    memory.Recall,
		Log:    log,
	}
	var tracer *metrics.Tracer
	if !strings.HasPrefix(mode, "bare") {
		set := metrics.NewSet(metrics.NewRegistry())
		set.Routes(front.Routes())
		if mode == "traces" {
			if tracer, err = metrics.NewTracer(ctx, metrics.TracerConfig{Service: "hc-gateway", Log: log}); err != nil {
				return err
			}
			defer tracer.Close()
		}
		cfg.Runner = metrics.Time(cfg.Runner, set)
		cfg.Result, cfg.Batch, cfg.Observe = set.Count, tracer.Batch, set.HTTP
	}
	g := front.New(cfg)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return front.Serve(ctx, front.NewServer(tracer.Handler(g, front.KeyedRoutes()...), log), ln, front.Drain{Timeout: time.Second})
}

// A collector of traces counts what it is sent.
type collector struct {
	server *httptest.Server
	bytes  atomic.Int64
}

func newCollector() *collector {
	c := &collector{}
	c.server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		c.bytes.Add(n)
	}))
	return c
}
