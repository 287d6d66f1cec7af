package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/hc-health/hc/internal/metrics"
	"github.com/hc-health/hc/internal/rpc"
)

func newServeWorker(c *console) *cobra.Command {
	s := &Settings{}
	cmd := &cobra.Command{
		Use:   "worker",
		Short: "Check what gateways and hc check --workers send, over gRPC",
		Long: `Serve hc.v1.Checker and grpc.health.v1 over gRPC. Whoever reaches the port may
have URLs checked: keep it on a private network, or give --tls-cert, --tls-key
and --tls-ca for mutual TLS. Private, loopback and metadata addresses are not
asked, whoever sends them; --allow-cidr opens single networks.`,
		Example: `  hc serve worker
  hc serve worker --cache redis://redis:6379/0 --admin-listen 127.0.0.1:9091
  hc serve worker --tls-cert worker.pem --tls-key worker.key --tls-ca gateways.pem`,
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := s.loadService(cmd, c); err != nil {
				return err
			}
			return runWorker(cmd.Context(), c, s)
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	s.Service.bothFlags(fs)
	s.Service.workerFlags(fs)
	s.tlsFlags(fs)
	s.engineFlags(fs)
	s.logFlags(fs)
	completeWords(cmd)
	return cmd
}

// runWorker is the third door of the house: the engine for other processes.
func runWorker(parent context.Context, c *console, s *Settings) error {
	ctx, release := untilSignal(parent, c.tellDraining)
	defer release()
	defer tuneGC(ctx, serviceGarbage())()

	m, err := newMeters(ctx, true, c.logger)
	if err != nil {
		return err
	}
	defer m.trace.Close()
	busy, idle := s.serviceSockets(c, 0)
	http, err := s.http(idle, m.Blocked)
	if err != nil {
		return err
	}
	store, err := s.openStore(ctx, c, m.ofCache())
	if err != nil {
		return err
	}
	defer store.close()
	engine, shut := s.serviceEngine(http, store, busy, m)
	defer shut()

	ln, err := listenAt("listen", s.Service.listen(workerListen))
	if err != nil {
		return err
	}
	defer ln.Close()
	server, err := rpc.NewServer(m.trace.Groups(metrics.Watch(engine, m.Set)), rpc.ServerConfig{
		Name:            workerName(ln),
		TLS:             s.TLS,
		Reflection:      s.Service.Reflection,
		MaxTimeout:      s.Service.MaxTimeout,
		WithTraceparent: m.trace.WithTraceparent,
		Observe:         m.ofCalls(),
		Log:             c.logger,
	})
	if err != nil {
		return fmt.Errorf("--tls-cert, --tls-key, --tls-ca: %w", err)
	}
	if s.TLS == (rpc.TLSFiles{}) && reachable(ln.Addr()) {
		c.logger.Warn("plaintext: whoever reaches this port may have URLs checked; keep it private, or use --tls-cert, --tls-key and --tls-ca")
	}
	return s.attended(ctx, c.logger, m, func() error {
		return s.serveGRPC(ctx, server, ln, c.logger)
	}, store.watch)
}

// serveGRPC serves on ln until ctx ends, and then drains: NOT_SERVING, the delay
// with full service, no new connections, and what runs to its end or the timeout
// (docs/service.md).
func (s *Settings) serveGRPC(ctx context.Context, server *rpc.Server, ln net.Listener, log *slog.Logger) error {
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ln) }()
	ready(log, "gRPC", ln)
	failed := func(err error) error { return fmt.Errorf("serving on %s: %w", ln.Addr(), err) }
	select {
	case err := <-ended:
		return failed(err)
	case <-ctx.Done():
	}
	server.SetServing(false)
	notify("STOPPING=1")
	delay := time.NewTimer(s.Service.DrainDelay)
	defer delay.Stop()
	select {
	case err := <-ended:
		return failed(err)
	case <-delay.C:
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Service.DrainTimeout)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		log.Warn("cut off what still ran; its callers send it elsewhere", "drain_timeout", s.Service.DrainTimeout.String())
	}
	return <-ended
}
