package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/hc-health/hc/bench/peers/straight/straightpb"
)

type workerConfig struct {
	listen, redis string
	pool          int
	ttl, timeout  time.Duration
}

// serveWorker answers until ctx ends, and then finishes what runs.
func serveWorker(ctx context.Context, cfg workerConfig) error {
	w := &worker{cfg: cfg, client: &http.Client{Transport: transport(cfg.pool), Timeout: cfg.timeout}}
	if cfg.redis != "" {
		client := redis.NewClient(&redis.Options{Addr: cfg.redis, PoolSize: max(cfg.pool, 1)})
		defer client.Close()
		w.cache = &cache{client: client, ttl: cfg.ttl}
	}
	l, err := net.Listen("tcp", cfg.listen)
	if err != nil {
		return err
	}
	server := grpc.NewServer()
	straightpb.RegisterCheckerServer(server, w)
	healthpb.RegisterHealthServer(server, health.NewServer())
	defer context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, server.Stop)
		defer timer.Stop()
		server.GracefulStop()
	})()
	return server.Serve(l)
}

// transport keeps connections. Its idle pool is not bounded over all hosts:
// with one smaller than what is in flight net/http fails healthy targets.
func transport(perHost int) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns = 0
	t.MaxIdleConnsPerHost = perHost
	return t
}

type worker struct {
	straightpb.UnimplementedCheckerServer
	cfg    workerConfig
	client *http.Client
	cache  *cache // nil: nothing is cached
}

// Check runs a pool of goroutines for the batch.
func (w *worker) Check(ctx context.Context, req *straightpb.CheckRequest) (*straightpb.CheckResponse, error) {
	urls := req.GetUrls()
	results := make([]*straightpb.Result, len(urls))
	jobs := make(chan int)
	var pool sync.WaitGroup
	for range min(w.cfg.pool, len(urls)) {
		pool.Go(func() {
			for i := range jobs {
				results[i] = w.one(ctx, urls[i])
			}
		})
	}
	for i := range urls {
		jobs <- i
	}
	close(jobs)
	pool.Wait()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return &straightpb.CheckResponse{Results: results}, nil
}

// one answers from the cache, or else asks and remembers.
func (w *worker) one(ctx context.Context, url string) *straightpb.Result {
	if w.cache != nil {
		if res, ok := w.cache.get(ctx, url); ok {
			return proto(res, true)
		}
	}
	res := w.ask(ctx, url)
	if w.cache != nil && ctx.Err() == nil {
		w.cache.set(ctx, res)
	}
	return proto(res, false)
}

func (w *worker) ask(ctx context.Context, url string) result {
	start := time.Now()
	res := result{URL: url, CheckedAt: start}
	code, err := w.status(ctx, url)
	if err != nil {
		res.Error = err.Error()
	}
	res.StatusCode, res.Up = code, code >= 200 && code < 300
	res.LatencyMS = float64(time.Since(start)) / float64(time.Millisecond)
	return res
}

func (w *worker) status(ctx context.Context, url string) (code int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is kept
	return resp.StatusCode, err
}

func proto(r result, cached bool) *straightpb.Result {
	return &straightpb.Result{
		Url: r.URL, Up: r.Up, StatusCode: int32(r.StatusCode), Error: r.Error,
		LatencyMs: r.LatencyMS, CheckedAtUnixMs: r.CheckedAt.UnixMilli(), Cached: cached,
	}
}
