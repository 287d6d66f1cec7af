package main

import (
	"context"
	"log/slog"
	"net"
	"time"

	"github.com/hc-health/hc/internal/cache"
	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/gateway"
	"github.com/hc-health/hc/internal/metrics"
	"github.com/hc-health/hc/internal/rpc"
)

// meters are the metrics and traces of a service (docs/observability.md), and
// the port that shows the metrics.
type meters struct {
	*metrics.Set
	trace *metrics.Tracer // nil for no traces
	calls *metrics.Calls
	serve func(context.Context, net.Listener, *slog.Logger)
}

// newMeters makes those of a worker, which is called by gRPC, or of a gateway,
// which is called by HTTP and calls by gRPC. The error is about OpenTelemetry's
// variables.
func newMeters(ctx context.Context, worker bool, log *slog.Logger) (*meters, error) {
	service := "hc-gateway"
	if worker {
		service = "hc-worker"
	}
	tracer, err := metrics.NewTracer(ctx, metrics.TracerConfig{Service: service, Version: buildVersion(), Log: log})
	if err != nil {
		return nil, err
	}
	reg := metrics.NewRegistry()
	m := &meters{Set: metrics.NewSet(reg), trace: tracer}
	if worker {
		m.calls = metrics.NewServerCalls(reg, calls()...)
	} else {
		m.calls = metrics.NewClientCalls(reg, calls()...)
		m.Routes(gateway.Routes())
	}
	b := readBuild()
	m.Build(b.Version, b.Commit, b.Go)
	m.serve = func(ctx context.Context, ln net.Listener, log *slog.Logger) {
		srv := gateway.NewServer(gateway.NewAdmin(metrics.Page(reg)), log)
		srv.WriteTimeout = 0 // a profile takes as long as it is asked to
		if err := gateway.Serve(ctx, srv, ln, gateway.Drain{Timeout: adminPatience}); err != nil {
			log.Warn("the admin port did not end well", "error", err.Error())
		}
	}
	return m, nil
}

// adminPatience is what a scrape under way has left when the service has stopped.
const adminPatience = time.Second

// calls are the gRPC methods between gateway and worker.
func calls() []metrics.Method {
	return []metrics.Method{
		{Kind: "bidi_stream", Service: "hc.v1.Checker", Name: "Check"},
		{Kind: "unary", Service: "grpc.health.v1.Health", Name: "Check"},
		{Kind: "server_stream", Service: "grpc.health.v1.Health", Name: "Watch"},
	}
}

// probed is what a probe tells.
func (m *meters) probed(ctx context.Context, r check.Result) {
	m.Observe(ctx, r)
	m.trace.Probed(ctx, r)
}

// traceparent goes with what a request of a gateway has workers do.
func (m *meters) traceparent(ctx context.Context) string {
	return m.trace.Traceparent(ctx, gateway.Traceparent(ctx))
}

// ofCache is what the caches tell.
func (m *meters) ofCache() cache.Observer {
	return cache.Observer{Requests: m.CacheRequests, Up: m.CacheUp, Dropped: m.CacheDropped}
}

// ofCalls is what gRPC tells.
func (m *meters) ofCalls() rpc.Observer {
	return rpc.Observer{Started: m.calls.Started, Received: m.calls.Received, Sent: m.calls.Sent, Handled: m.calls.Handled}
}
