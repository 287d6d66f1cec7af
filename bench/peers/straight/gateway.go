package main

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/hc-health/hc/bench/peers/straight/straightpb"
)

type gatewayConfig struct{ listen, worker string }

// What a batch may be at most.
const (
	maxBody = 1 << 20 // bytes
	maxURLs = 1000
	// callTimeout bounds a batch, whatever its checks do.
	callTimeout = 2 * time.Minute
)

// serveGateway answers until ctx ends, and then finishes what runs.
func serveGateway(ctx context.Context, cfg gatewayConfig) error {
	conn, err := grpc.NewClient(cfg.worker,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`))
	if err != nil {
		return err
	}
	defer conn.Close()

	g := gateway{checker: straightpb.NewCheckerClient(conn)}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /check", g.check)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	server := &http.Server{
		Addr:              cfg.listen,
		Handler:           recovered(mux),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
	}
	drained := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(drained)
		ctx, cancel := context.WithTimeout(context.Background(), grace)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			slog.Warn("requests cut off", "cause", err)
		}
	})
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	<-drained
	return nil
}

type gateway struct{ checker straightpb.CheckerClient }

type request struct {
	URLs []string `json:"urls"`
}

type answer struct {
	Results []result `json:"results"`
}

// A result is also the value in Redis.
type result struct {
	URL        string    `json:"url"`
	Up         bool      `json:"up"`
	StatusCode int       `json:"status_code,omitempty"`
	Error      string    `json:"error,omitempty"`
	LatencyMS  float64   `json:"latency_ms"`
	CheckedAt  time.Time `json:"checked_at"`
	Cached     bool      `json:"cached"`
}

func (g gateway) check(w http.ResponseWriter, r *http.Request) {
	var req request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&req); err != nil {
		http.Error(w, "the body is not {\"urls\": [...]}: "+err.Error(), http.StatusBadRequest)
		return
	}
	if len(req.URLs) == 0 || len(req.URLs) > maxURLs {
		http.Error(w, "urls needs 1 to 1000 items", http.StatusBadRequest)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	resp, err := g.checker.Check(ctx, &straightpb.CheckRequest{Urls: req.URLs})
	if err != nil {
		slog.Error("the worker did not answer", "cause", err)
		http.Error(w, "the worker did not answer", http.StatusBadGateway)
		return
	}
	a := answer{Results: make([]result, len(resp.GetResults()))}
	for i, res := range resp.GetResults() {
		a.Results[i] = result{
			URL: res.GetUrl(), Up: res.GetUp(), StatusCode: int(res.GetStatusCode()), Error: res.GetError(),
			LatencyMS: res.GetLatencyMs(), CheckedAt: time.UnixMilli(res.GetCheckedAtUnixMs()).UTC(), Cached: res.GetCached(),
		}
	}
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(a); err != nil {
		slog.Warn("the answer could not be written", "cause", err)
	}
}

// recovered answers 500 where next panics.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			if p := recover(); p != nil {
				slog.Error("a handler panicked", "panic", p)
				http.Error(w, "internal error", http.StatusInternalServerError)
			}
		}()
		next.ServeHTTP(w, r)
	})
}
