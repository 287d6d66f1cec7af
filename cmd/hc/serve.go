package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"net"
	"sync"

	"github.com/spf13/cobra"

	"github.com/hc-health/hc/internal/check"
	"github.com/hc-health/hc/internal/pool"
)

// serviceEngine is [Settings.engine] for many callers: results, checks and
// the pool's load are watched, and a cache that others share tells apart what our settings
// change.
func (s *Settings) serviceEngine(http check.HTTPConfig, store *store, busy int, m *meters) (_ check.Runner, shut func()) {
	web := check.NewHTTP(http)
	limits := s.pool(busy)
	limits.Late = s.Timeout // longer than a target has to answer: the fault is ours
	asked := pool.New(
		m.trace.Checks(check.Flight(check.Retry(web, s.retry()))),
		limits)
	m.Pool(func() (capacity, inFlight, queued int) {
		now := asked.Stats()
		return now.Capacity, now.InFlight, now.Queued
	})
	realm := "" // a memory of our own has nothing of others
	if store.shared != nil {
		realm = s.realm()
	}
	return inRealm(store.through(asked), realm), web.Close
}

// inRealm gives every target the realm of this process.
func inRealm(next check.Runner, realm string) check.Runner {
	if realm == "" {
		return next
	}
	return realmed{next, realm}
}

type realmed struct {
	next  check.Runner
	realm string
}

// Run implements [check.Runner].
func (r realmed) Run(ctx context.Context, ts iter.Seq[check.Target]) iter.Seq[check.Result] {
	return r.next.Run(ctx, func(yield func(check.Target) bool) {
		for t := range ts {
			t.Realm = r.realm
			if !yield(t) {
				return
			}
		}
	})
}

func newServe(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run as a service: REST in front, gRPC workers behind",
		Example: `  hc serve gateway
  hc serve worker --cache redis://127.0.0.1:6379/0
  hc serve gateway --workers dns:///worker:9090 --keys-file keys.txt --listen :8080`,
		Args: subcommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newServeGateway(c), newServeWorker(c))
	return cmd
}

// loadService is [load] for a service, which logs in JSON, warnings too, and
// guards whatever files and variables say.
func (s *Settings) loadService(cmd *cobra.Command, c *console) (*loader, error) {
	level := new(slog.LevelVar)
	c.logbook = newLogbook(c.stderr)
	c.logger = slog.New(slog.NewJSONHandler(c.logbook, &slog.HandlerOptions{Level: level}))
	l, err := load(cmd, c)
	if err != nil {
		return nil, err
	}
	switch {
	case s.Quiet:
		level.Set(slog.LevelWarn)
	case s.Verbose:
		level.Set(slog.LevelDebug)
	}
	s.DenyPrivate = true
	return l, s.serviceConflicts()
}

// tellDraining is what a service says of the first signal.
func (c *console) tellDraining(sig signaled) {
	c.logger.Info("draining; once more stops at once", "cause", sig.Error())
}

// attended runs serve, and beside it, until after its end, the admin port and
// tasks. Each of them ends with its ctx.
func (s *Settings) attended(ctx context.Context, log *slog.Logger, m *meters, serve func() error, tasks ...func(context.Context)) error {
	if s.Service.AdminListen != "" {
		ln, err := listenAt("admin-listen", s.Service.AdminListen)
		if err != nil {
			return err
		}
		log.Info("listening", "for", "metrics and profiles", "address", ln.Addr().String())
		tasks = append(tasks, func(ctx context.Context) { m.serve(ctx, ln, log) })
	}
	ctx, end := context.WithCancel(context.WithoutCancel(ctx)) // a signal ends serve, then we end these
	var running sync.WaitGroup
	for _, task := range tasks {
		running.Go(func() { task(ctx) })
	}
	err := serve()
	end()
	running.Wait()
	if err != nil {
		return exit(exitRuntime, "%v", err)
	}
	log.Info("stopped")
	return nil
}

// ready says, to who reads the log and to the service manager, that ln is served.
func ready(log *slog.Logger, what string, ln net.Listener) {
	log.Info("listening", "for", what, "address", ln.Addr().String(), "version", buildVersion())
	notify("READY=1\nSTATUS=" + fmt.Sprintf("serving %s on %s", what, ln.Addr()))
}
