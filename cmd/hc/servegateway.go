package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/hc-health/hc/internal/gateway"
	"github.com/hc-health/hc/internal/metrics"
)

func newServeGateway(c *console) *cobra.Command {
	s := &Settings{}
	cmd := &cobra.Command{
		Use:   "gateway",
		Short: "Check what is posted to /check, over HTTP",
		Long: `Serve POST /check, GET /probe, a page at / and the contract at /openapi.json.
Without --workers the engine runs in this process, which is a whole service; with
them it is in front, and keeps hot answers in memory. Private, loopback and
metadata addresses are not asked; --allow-cidr opens single networks.

To listen beyond this machine it wants to know who may ask: --keys-file or HC_KEYS,
or a plain --allow-anonymous. A key is a line NAME SHA256-HEX, where the sum is
that of the key: printf %s KEY | sha256sum.`,
		Example: `  hc serve gateway
  curl -H 'Content-Type: application/json' -d '{"urls":["https://example.com"]}' http://127.0.0.1:8080/check
  hc serve gateway --workers dns:///worker:9090 --keys-file keys.txt --listen :8080`,
		Args: noWords,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := s.loadService(cmd, c)
			if err != nil {
				return err
			}
			s.tellTheirs(c, cmd.Flags(), engineWords())
			return runGateway(cmd.Context(), c, s, l.origins["timeout"] != "default")
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	s.Service.bothFlags(fs)
	s.Service.gatewayFlags(fs)
	s.workerFlags(fs)
	s.engineFlags(fs)
	s.logFlags(fs)
	completeWords(cmd)
	return cmd
}

// runGateway is the second door of the house: REST in front of an engine, which
// is here or on workers. timed says that --timeout was set, so that it goes for
// workers too, in place of their own.
func runGateway(parent context.Context, c *console, s *Settings, timed bool) error {
	ctx, release := untilSignal(parent, c.tellDraining)
	defer release()
	defer tuneGC(ctx, serviceGarbage())()

	at, err := endpoint("listen", s.Service.listen(gatewayListen))
	if err != nil {
		return err
	}
	keys, err := s.keys(at)
	if err != nil {
		return err
	}
	m, err := newMeters(ctx, false, c.logger)
	if err != nil {
		return err
	}
	defer m.trace.Close()
	behind, err := s.backend(ctx, c, m)
	if err != nil {
		return err
	}
	defer behind.close()
	probe, err := s.probe(behind.http, m)
	if err != nil {
		return err
	}
	cfg := gateway.Config{
		Runner:     metrics.Time(behind, m.Set),
		Guard:      behind.guard,
		Ready:      behind.ready,
		Probe:      probe,
		Keys:       keys,
		KeyRate:    s.Service.KeyRate,
		KeyBurst:   s.Service.KeyBurst,
		MaxURLs:    s.Service.MaxURLs,
		MaxRequest: s.Service.MaxRequest,
		MaxPending: s.Service.MaxPending,
		MaxOpen:    requestsAtOnce(openFiles()),
		MaxTimeout: s.Service.MaxTimeout,
		Version:    buildVersion(),
		Log:        c.logger,
		Access:     c.logbook.later(),
		Result:     m.Count,
		Cached:     m.Cached,
		Batch:      m.trace.Batch,
		Observe:    m.HTTP,
	}
	if behind.hot != nil {
		cfg.Hot, cfg.Recalled = behind.hot.Recall, behind.hot.Recalled
	}
	if timed {
		cfg.Timeout = s.Timeout
	}
	g := gateway.New(cfg)
	ln, err := listen("listen", at)
	if err != nil {
		return err
	}
	defer ln.Close()
	return s.attended(ctx, c.logger, m, func() error {
		ready(c.logger, "HTTP", ln)
		err := gateway.Serve(ctx, gateway.NewServer(m.trace.Handler(g, gateway.KeyedRoutes()...), c.logger), ln, gateway.Drain{
			NotReady: func() { g.Drain(); notify("STOPPING=1") },
			Delay:    s.Service.DrainDelay,
			Timeout:  s.Service.DrainTimeout,
		})
		if errors.Is(err, gateway.ErrCutOff) {
			c.logger.Warn("cut off what still ran", "drain_timeout", s.Service.DrainTimeout.String())
			return nil
		}
		return err
	}, behind.watch, c.logbook.run, func(ctx context.Context) { rotate(ctx, c, keys) })
}

// keys are those who may ask, nil for everybody. That is refused where machines
// other than this one may connect, unless it is asked for.
func (s *Settings) keys(at *net.TCPAddr) (*gateway.Keys, error) {
	content := os.Getenv("HC_KEYS")
	switch {
	case s.Service.KeysFile != "" && content != "":
		return nil, errors.New("--keys-file and HC_KEYS are both set: leave one of them out")
	case s.Service.KeysFile != "":
		keys, err := gateway.ReadKeys(s.Service.KeysFile)
		if err != nil {
			return nil, fmt.Errorf("--keys-file: %w", err)
		}
		return keys, nil
	case content != "":
		keys, err := gateway.ParseKeys(content)
		if err != nil {
			return nil, fmt.Errorf("HC_KEYS: %w", err)
		}
		return keys, nil
	case reachable(at) && !s.Service.AllowAnonymous:
		return nil, fmt.Errorf("--listen %s is open to other machines and there are no keys: name --keys-file or HC_KEYS, or say --allow-anonymous", at)
	}
	return nil, nil
}

// rotate reads the keys again when their file changes, and at once on SIGHUP,
// until ctx ends.
func rotate(ctx context.Context, c *console, keys *gateway.Keys) {
	if keys == nil {
		return
	}
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	defer signal.Stop(hangups)
	var polling sync.WaitGroup
	polling.Go(func() { keys.Run(ctx, c.logger) })
	defer polling.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangups:
		}
		if err := keys.Reload(); err != nil {
			c.logger.Error("SIGHUP: keys stay as they were", "error", err.Error())
			continue
		}
		c.logger.Info("SIGHUP: keys are read")
	}
}
